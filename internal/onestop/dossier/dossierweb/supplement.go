package dossierweb

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/form/formweb"
	"khue/internal/onestop/process"
	"khue/internal/onestop/upload"
	"khue/internal/onestop/upload/uploadweb"
)

// What is sent for a supplement waits with the dossier's uploads until the applicant
// sends the whole: a file that is refused, or a page left half way, costs nothing.

// supply takes the form of a supplement. It reports whether the page is to be shown
// again, since a file was taken away.
func (h *handlers) supply(r *http.Request, code, client string, viewer dossier.Viewer, sent url.Values) (stay bool, err error) {
	ctx := r.Context()
	place, d, err := h.supplies(r, code, viewer)
	if errs.Is(err, errs.Conflict) {
		if again, e := h.svc.Repeated(ctx, client); e != nil || again {
			return false, e // the first press did it
		}
	}
	if err != nil {
		return false, err
	}
	if gone := sent.Get("remove"); gone != "" {
		return true, h.takeAway(ctx, place.Scope, gone)
	}
	var bad []errs.Field
	for _, p := range place.Papers {
		refused, err := uploadweb.Whole(r, h.uploads, p, func(f form.File) error { return h.uploads.Add(ctx, place.Scope, place.Owner, f) })
		if err != nil {
			return false, err
		}
		bad = append(bad, refused...)
	}
	if len(bad) > 0 {
		return false, errs.E(errs.Invalid, "form.invalid", errs.P("n", len(bad)), errs.WithFields(bad...))
	}
	us, err := h.uploads.Of(ctx, place.Scope)
	if err != nil {
		return false, err
	}
	_, err = h.svc.Supplement(ctx, dossier.Supply{
		Code: d.Code, Papers: upload.Files(us, place.Papers), Note: sent.Get("note"), Key: client, Viewer: viewer,
	})
	if errs.Is(err, errs.Mismatch) {
		return false, nil // the first press has taken the files already
	}
	if err != nil {
		return false, err
	}
	return false, h.uploads.Taken(ctx, place.Scope)
}

func (h *handlers) takeAway(ctx context.Context, scope upload.Scope, gone string) error {
	num, _ := strings.CutPrefix(gone, "upload/")
	v, err := id.Parse[upload.Upload](num)
	if err != nil {
		return nil //nolint:nilerr // nothing to take away
	}
	u, err := h.uploads.Find(ctx, scope, v)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return h.uploads.Drop(ctx, u)
}

// place is where the files of a supplement are sent to, while one is asked for.
func (h *handlers) place(r *http.Request) (uploadweb.Place, error) {
	q, err := web.Query(r)
	if err != nil {
		return uploadweb.Place{}, err
	}
	p, _, err := h.supplies(r, r.PathValue("code"), dossier.Viewer{Key: q.Get("k")})
	return p, err
}

// supplies is the place of a dossier for who may complete it. NotFound for others,
// Conflict where nothing is asked for.
func (h *handlers) supplies(r *http.Request, code string, viewer dossier.Viewer) (uploadweb.Place, dossier.Dossier, error) {
	ctx := r.Context()
	d, _, err := h.svc.Find(ctx, code, viewer)
	if err != nil {
		return uploadweb.Place{}, d, err
	}
	may, err := h.svc.MaySupply(ctx, d, viewer)
	if err != nil {
		return uploadweb.Place{}, d, err
	}
	if !may {
		return uploadweb.Place{}, d, errs.E(errs.NotFound, "dossier.notFound")
	}
	if _, ok := d.Instance.Waiting(process.ForSupplement); !ok {
		return uploadweb.Place{}, d, errs.E(errs.Conflict, "dossier.supplement.notAsked")
	}
	c, err := h.svc.ContentOf(ctx, d)
	if err != nil {
		return uploadweb.Place{}, d, err
	}
	pkg, err := h.services.ByDigest(d.Package)
	if err != nil {
		return uploadweb.Place{}, d, err
	}
	env := form.Env{Now: h.clock.Now(), Case: d.Case, Channel: string(d.Channel), Units: h.svc.FormUnits(), Files: c.Papers}
	return h.placeOf(r, d, viewer.Key, pkg.Form.Papers(c.Answers, env)), d, nil
}

func (h *handlers) placeOf(r *http.Request, d dossier.Dossier, key string, needs []form.PaperNeed) uploadweb.Place {
	p := uploadweb.Place{
		Scope: upload.ScopeOf("dossier", int64(d.ID)), Owner: uploadweb.Owner(r), Papers: needs, Base: "/dossiers/" + url.PathEscape(d.Code) + "/uploads",
	}
	if key != "" {
		p.Query = "k=" + url.QueryEscape(key)
	}
	p.Files = func(ctx context.Context, paper string) ([]ui.File, error) {
		us, err := h.uploads.Of(ctx, p.Scope)
		return waiting(ctx, us, paper), err
	}
	return p
}

// boxes are the files that wait to be sent, by paper, and where more are sent to.
func (h *handlers) boxes(r *http.Request, d dossier.Dossier, key string, needs []form.PaperNeed) (uploadweb.Place, map[string][]ui.File, error) {
	p := h.placeOf(r, d, key, needs)
	us, err := h.uploads.Of(r.Context(), p.Scope)
	files := map[string][]ui.File{}
	for _, n := range needs {
		files[n.ID] = waiting(r.Context(), us, n.ID)
	}
	return p, files, err
}

func waiting(ctx context.Context, us []upload.Upload, paper string) (out []ui.File) {
	for _, u := range us {
		if u.Paper == paper && u.Finished() {
			out = append(out, ui.File{
				Name: u.Name, Size: formweb.FileSize(ctx, u.Size), Note: i18n.T(ctx, "dossierweb.public.waiting"), Remove: "upload/" + u.ID.String(),
			})
		}
	}
	return append(out, uploadweb.Arriving(ctx, us, paper)...)
}

// noteOf is what was typed beside the files, where the form comes back.
func noteOf(r *http.Request) string {
	if r.Method != http.MethodPost {
		return ""
	}
	f, err := web.Form(r)
	if err != nil {
		return ""
	}
	return f.Get("note")
}
