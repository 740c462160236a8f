package dossierweb

import (
	"net/http"
	"net/url"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/form/formweb"
	"khue/internal/onestop/service"
)

// redraw answers an officer's form in which a button changed the questions: the whole task
// with what was typed, or the region alone where a script asked for it.
func (h *handlers) redraw(w http.ResponseWriter, r *http.Request, v dossier.TaskID, sent url.Values) error {
	if !sent.Has(form.RefreshName) {
		return h.showTask(w, r, http.StatusOK, v, sent, nil)
	}
	t, d, c, err := h.svc.ReadTask(r.Context(), v)
	if err != nil {
		return err
	}
	pkg, err := h.services.ByDigest(d.Package)
	if err != nil {
		return err
	}
	action := sent.Get("action")
	f, ok := pkg.Form.Officer(t.Step, action)
	if !ok {
		return errs.E(errs.NotFound, "web.error.not_found")
	}
	env := h.officerEnv(c)
	p, ok := f.Render(officerPage, f.ParsePage(officerPage, sent, form.Answers{}, env), nil, env)
	if !ok {
		return errs.E(errs.NotFound, "web.error.not_found")
	}
	return web.Render(w, r, http.StatusOK, formweb.Questions(action+"-", p))
}

// news shows the task once more where an answer brought up questions of the same form, or
// warnings, that the officer has not seen.
func (h *handlers) news(w http.ResponseWriter, r *http.Request, t dossier.Task, pkg *service.Package, c dossier.Content, sent url.Values) (asked bool, err error) {
	f, ok := pkg.Form.Officer(t.Step, sent.Get("action"))
	if !ok {
		return false, nil
	}
	env := h.officerEnv(c)
	res := f.ValidatePage(officerPage, f.ParsePage(officerPage, sent, form.Answers{}, env), env)
	n := f.News(officerPage, sent, res, env)
	if !n.Any() || len(n.Known(res.Errors)) > 0 {
		return false, nil
	}
	return true, h.showTaskWith(w, r, http.StatusOK, t.ID, sent, nil, &ui.BannerArgs{Text: formweb.NewsText(r.Context(), n), Tone: ui.ToneWaiting, Alert: true})
}
