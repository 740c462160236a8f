package counterweb

import (
	"context"

	"khue/internal/kernel/ui"
)

func described(f ui.Field) string {
	out := ui.ID(f.Name) + "-hint"
	if f.Error != "" {
		out += " " + ui.ID(f.Name) + "-error"
	}
	return out
}

func aboveOf(ctx context.Context, v intakeView) string {
	if v.Case != "" {
		return t(ctx, "choose.title") + " · " + v.Case
	}
	return t(ctx, "choose.title")
}

func reasonFor(v checkView, act string) string {
	if v.Act == act {
		return v.Reason
	}
	return ""
}

func errorFor(v checkView, act string) string {
	if v.Act == act {
		return v.Problems.For("reason")
	}
	return ""
}
