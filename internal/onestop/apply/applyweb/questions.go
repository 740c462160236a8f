package applyweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/apply"
	"khue/internal/onestop/form"
	"khue/internal/onestop/form/formweb"
	"khue/internal/onestop/service"
)

// redraw answers a page that asks for its questions again while they are being answered.
// Nothing is saved and nothing refused.
func (h *handlers) redraw(w http.ResponseWriter, r *http.Request, d apply.Draft, pkg *service.Package, page string) error {
	p, ok := pkg.Form.Render(page, d.Answers, nil, h.apply.Env(d))
	if !ok {
		return errs.E(errs.NotFound, "web.error.not_found")
	}
	return web.Render(w, r, http.StatusOK, formweb.Questions("", p))
}

// checkPage says what is wrong with the answers of a page, and what its reader has not
// seen yet: questions that came up with an answer of the same page, and warnings.
func (h *handlers) checkPage(ctx context.Context, d apply.Draft, pkg *service.Package, page string, sent url.Values) (refused error, news *ui.BannerArgs) {
	env := h.apply.Env(d)
	res := pkg.Form.ValidatePage(page, d.Answers, env)
	n := pkg.Form.News(page, sent, res, env)
	res.Errors = n.Known(res.Errors)
	if text := formweb.NewsText(ctx, n); text != "" {
		news = &ui.BannerArgs{Text: text, Tone: ui.ToneWaiting, Alert: true}
	}
	return res.Err(), news
}

// uploads reports whether a page has questions that files answer.
func uploads(p form.Page) bool {
	return slices.ContainsFunc(p.Fields, func(f form.Field) bool { return f.Widget == form.WidgetFile })
}

// names lists labels in the reader's language.
func names(ctx context.Context, labels []decl.Label) string {
	out := make([]string, len(labels))
	for i, l := range labels {
		out[i] = say(ctx, l)
	}
	return strings.Join(out, ", ")
}

// dropped says which answers will not be sent, since their questions do not apply.
func dropped(ctx context.Context, pkg *service.Package, res form.Result) string {
	labels, _ := pkg.Form.DroppedLabels(res.Dropped)
	if len(labels) == 0 {
		return ""
	}
	return i18n.T(ctx, "form.ui.dropped", "fields", names(ctx, labels))
}
