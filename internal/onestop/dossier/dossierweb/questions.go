package dossierweb

import (
	"net/http"
	"net/url"
	"slices"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/form/formweb"
	"khue/internal/onestop/service"
	"khue/internal/onestop/upload/uploadweb"
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
	env := h.officerEnv(d, c)
	p, ok := f.Render(officerPage, f.ParsePage(officerPage, sent, form.Answers{}, env), nil, env)
	if !ok {
		return errs.E(errs.NotFound, "web.error.not_found")
	}
	return web.Render(w, r, http.StatusOK, formweb.Questions(action+"-", p))
}

// officerFiles keeps the files that an officer's form brought. They belong to the dossier
// once the act is done; after a refusal they are chosen again.
func (h *handlers) officerFiles(r *http.Request, f *form.Form, a form.Answers, env form.Env) (files []form.File, err error) {
	var bad []errs.Field
	for _, need := range f.Files(officerPage, a, env) {
		refused, err := uploadweb.Whole(r, h.uploads, need, func(x form.File) error {
			files = append(files, x)
			return nil
		})
		if err != nil {
			return nil, err
		}
		bad = append(bad, refused...)
	}
	if len(bad) > 0 {
		return nil, errs.E(errs.Invalid, "form.invalid", errs.P("n", len(bad)), errs.WithFields(bad...))
	}
	return files, nil
}

// uploads reports whether an act's form asks for files.
func uploads(p *form.Page) bool {
	return p != nil && slices.ContainsFunc(p.Fields, func(f form.Field) bool { return f.Widget == form.WidgetFile })
}

// news shows the task once more where an answer brought up questions of the same form, or
// warnings, that the officer has not seen.
func (h *handlers) news(w http.ResponseWriter, r *http.Request, t dossier.Task, pkg *service.Package, d dossier.Dossier, c dossier.Content, sent url.Values) (asked bool, err error) {
	f, ok := pkg.Form.Officer(t.Step, sent.Get("action"))
	if !ok {
		return false, nil
	}
	env := h.officerEnv(d, c)
	res := f.ValidatePage(officerPage, f.ParsePage(officerPage, sent, form.Answers{}, env), env)
	n := f.News(officerPage, sent, res, env)
	if !n.Any() || len(n.Known(res.Errors)) > 0 {
		return false, nil
	}
	return true, h.showTaskWith(w, r, http.StatusOK, t.ID, sent, nil, &ui.BannerArgs{Text: formweb.NewsText(r.Context(), n), Tone: ui.ToneWaiting, Alert: true})
}
