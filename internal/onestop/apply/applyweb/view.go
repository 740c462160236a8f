package applyweb

import (
	"context"
	"strings"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/onestop/form"
)

// pageForm is the form around a page.
func pageForm(ctx context.Context, v pageView, upload bool) ui.FormArgs {
	page := v.Page.ID
	if page == "" {
		page = pageDelivery
	}
	return ui.FormArgs{
		Action: path(v.Draft.Key, page), Upload: upload, Problems: v.Problems, Submit: i18n.T(ctx, "applyweb.continue"),
		Others: []ui.Choice{{Label: i18n.T(ctx, "applyweb.later"), Name: "later", Value: "1"}}, Hidden: back(v),
	}
}

// back remembers that the reader came from the review.
func back(v pageView) []ui.KeyText {
	if v.Return == "" {
		return nil
	}
	return []ui.KeyText{{Name: "back", Value: v.Return}}
}

// paperHint says what is taken, and where one paper of several suffices.
func paperHint(ctx context.Context, p form.PaperNeed) string {
	parts := make([]string, 0, 3)
	if !p.Hint.IsZero() {
		hint := say(ctx, p.Hint)
		if !strings.HasSuffix(hint, ".") && !strings.HasSuffix(hint, "?") {
			hint += "."
		}
		parts = append(parts, hint)
	}
	if p.OneOf != "" {
		parts = append(parts, i18n.T(ctx, "applyweb.oneOf"))
	}
	parts = append(parts, i18n.T(ctx, "applyweb.accept", "types", strings.ToUpper(strings.Join(p.Accept, ", ")), "mb", int(p.MaxBytes>>20)))
	return strings.Join(parts, " ")
}

// localized puts labels among parameters into the reader's language.
func localized(ctx context.Context, params map[string]any) map[string]any {
	out := make(map[string]any, len(params))
	for k, v := range params {
		if l, ok := v.(decl.Label); ok {
			v = say(ctx, l)
		}
		out[k] = v
	}
	return out
}

// counterKind is the lesser button where the national identity is at hand.
func counterKind(v levelView) ui.ButtonKind {
	if v.National != "" {
		return ui.ButtonSecondary
	}
	return ui.ButtonPrimary
}
