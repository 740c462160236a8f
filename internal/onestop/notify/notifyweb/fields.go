package notifyweb

import (
	"context"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
)

func phoneHint(ctx context.Context, withSMS bool) string {
	if withSMS {
		return ""
	}
	return i18n.T(ctx, "notifyweb.choice.noSMS")
}

// byOptions are the orders that may be chosen, and the one that is: a city may have lost
// its carrier since.
func byOptions(ctx context.Context, withSMS bool, now string) []ui.Option {
	out := orders(ctx, withSMS)
	for _, o := range out {
		if o.Value == now {
			return out
		}
	}
	return append([]ui.Option{{Value: now, Label: i18n.T(ctx, "notifyweb.by."+now)}}, out...)
}

func alsoField(ctx context.Context, k kindView, withPush bool) ui.Field {
	f := ui.Field{Name: string(k.Kind) + "-also", Label: i18n.T(ctx, "notifyweb.choice.also"), Small: true}
	if withPush {
		f.Options = append(f.Options, ui.Option{Value: "push", Label: i18n.T(ctx, "notifyweb.choice.push")})
		if k.Push {
			f.Values = append(f.Values, "push")
		}
	}
	if !k.Required {
		f.Options = append(f.Options, ui.Option{Value: "inbox", Label: i18n.T(ctx, "notifyweb.choice.inbox")})
	}
	if k.Inbox {
		f.Values = append(f.Values, "inbox")
	}
	return f
}
