package personweb

import "context"

func codeButton(ctx context.Context, v identityView) string {
	if v.Code != "" {
		return say(ctx, "identity.another")
	}
	return say(ctx, "identity.show")
}

func confirmButton(ctx context.Context, v checkView) string {
	if v.First && v.Replaces {
		return say(ctx, "check.send")
	}
	return say(ctx, "check.confirm")
}
