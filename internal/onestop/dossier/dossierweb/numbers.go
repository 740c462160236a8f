package dossierweb

import (
	"context"
	"net/http"
	"net/url"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/form/formweb"
	"khue/internal/onestop/service"
)

// numbersView asks why an officer opens the personal numbers of a dossier, and shows them.
type numbersView struct {
	Code     string
	Back     string
	Problems ui.Problems
	Reason   ui.Field
	Rows     *ui.SummaryArgs // nil before the reason was given
}

func numbersPath(code string) string { return "/desk/dossiers/" + url.PathEscape(code) + "/numbers" }

func (h *handlers) numbers(w http.ResponseWriter, r *http.Request) error {
	d, access, err := h.svc.Find(r.Context(), r.PathValue("code"), dossier.Viewer{})
	if err != nil {
		return err
	}
	if access != dossier.SeeAll {
		return errs.E(errs.NotFound, "dossier.notFound")
	}
	return h.showNumbers(w, r, http.StatusOK, d, nil, nil)
}

func (h *handlers) showNumbers(w http.ResponseWriter, r *http.Request, status int, d dossier.Dossier, rows *ui.SummaryArgs, refused error) error {
	ctx := r.Context()
	v := numbersView{Code: d.Code, Back: "/desk/dossiers/" + url.PathEscape(d.Code), Problems: ui.ProblemsOf(ctx, refused), Rows: rows}
	v.Reason = ui.Field{Name: "reason", Label: i18n.T(ctx, "dossierweb.numbers.reason"), Hint: i18n.T(ctx, "dossierweb.numbers.hint"), MaxLength: 300, Error: v.Problems.For("reason")}
	w.Header().Set("Cache-Control", "no-store")
	return web.Render(w, r, status, numbersPage(v))
}

func (h *handlers) openNumbers(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	d, c, err := h.svc.OpenNumbers(ctx, r.PathValue("code"), f.Get("reason"))
	if errs.Is(err, errs.Invalid) {
		return h.showNumbers(w, r, web.Status(err), d, nil, err)
	}
	if err != nil {
		return err
	}
	pkg, err := h.services.ByDigest(d.Package)
	if err != nil {
		return err
	}
	rows := ui.SummaryArgs{Rows: h.wholeNumbers(ctx, d, c, pkg)}
	return h.showNumbers(w, r, http.StatusOK, d, &rows, nil)
}

func (h *handlers) wholeNumbers(ctx context.Context, d dossier.Dossier, c dossier.Content, pkg *service.Package) (rows []ui.SummaryRow) {
	env := form.Env{Now: h.clock.Now(), Case: d.Case, Channel: string(d.Channel), Units: h.svc.UnitsOf(d), Files: c.Papers}
	for _, l := range pkg.Form.Lines(c.Answers, env) {
		text := say(ctx, l.Text)
		if _, hidden := formweb.Masked(pkg.Form, l, text); hidden {
			key := say(ctx, l.Label)
			if !l.Group.IsZero() {
				key = say(ctx, l.Group) + ": " + key
			}
			rows = append(rows, ui.SummaryRow{Key: key, Value: ui.T(text)})
		}
	}
	return rows
}
