package paymentweb

import (
	"context"

	"khue/internal/kernel/ui"
)

// asks are the buttons of the form that needs a reason.
func (v orderView) asks(ctx context.Context) (out []ui.Choice) {
	if v.May.Ask && v.Excess != "" {
		out = append(out, ui.Choice{Label: say(ctx, "askExcess", "amount", v.Excess), Name: "do", Value: "excess"})
	}
	if v.May.Ask {
		out = append(out, ui.Choice{Label: say(ctx, "askAll", "amount", v.Held), Name: "do", Value: "all"})
	}
	if v.May.Contest {
		out = append(out, ui.Choice{Label: say(ctx, "contest"), Name: "do", Value: "contest"})
	}
	return out
}
