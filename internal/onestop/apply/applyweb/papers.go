package applyweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/filecheck"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/apply"
	"khue/internal/onestop/form"
	"khue/internal/onestop/form/formweb"
	"khue/internal/onestop/service"
	"khue/internal/onestop/upload"
	"khue/internal/onestop/upload/uploadweb"
)

// savePapers keeps what was sent for papers, or for questions that files answer. Files
// that are refused do not cost the others.
func (h *handlers) savePapers(r *http.Request, d *apply.Draft, needs []form.PaperNeed, sent url.Values) (stay bool, err error) {
	if gone := sent.Get("remove"); gone != "" {
		if num, ok := strings.CutPrefix(gone, "upload/"); ok {
			return true, h.cancel(r.Context(), *d, num)
		}
		d.Papers = slices.DeleteFunc(slices.Clone(d.Papers), func(f form.File) bool { return f.Paper+"/"+f.SHA256 == gone })
		return true, nil
	}
	var bad []errs.Field
	for _, need := range needs {
		refused, err := uploadweb.Whole(r, h.uploads, need, func(f form.File) error {
			d.Papers = apply.WithPaper(d.Papers, f)
			return nil
		})
		if err != nil {
			return true, err
		}
		bad = append(bad, refused...)
	}
	if len(bad) > 0 {
		return true, errs.E(errs.Invalid, "form.invalid", errs.P("n", len(bad)), errs.WithFields(bad...))
	}
	return sent.Get("add") != "", nil
}

func (h *handlers) cancel(ctx context.Context, d apply.Draft, num string) error {
	v, err := id.Parse[upload.Upload](num)
	if err != nil {
		return nil //nolint:nilerr // nothing to take away
	}
	u, err := h.uploads.Find(ctx, scopeOf(d), v)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return h.uploads.Drop(ctx, u)
}

func scopeOf(d apply.Draft) upload.Scope { return upload.ScopeOf("draft", int64(d.ID)) }

// place is where a draft's files are sent to.
func (h *handlers) place(r *http.Request) (uploadweb.Place, error) {
	o, err := h.open(r)
	if err != nil {
		return uploadweb.Place{}, err
	}
	if o.Draft.Submitted() || o.Move != nil {
		return uploadweb.Place{}, errs.E(errs.NotFound, "apply.notFound")
	}
	return h.placeOf(r, o.Draft, o.Pkg), nil
}

func (h *handlers) placeOf(r *http.Request, d apply.Draft, pkg *service.Package) uploadweb.Place {
	p := uploadweb.Place{
		Scope: scopeOf(d), Owner: uploadweb.Owner(r), Held: d.Bytes(), Papers: h.needs(d, pkg), Base: path(d.Key, "uploads"),
		Keep: func(ctx context.Context, f form.File) error { return h.apply.Attach(ctx, d.ID, f) },
	}
	p.Files = func(ctx context.Context, paper string) ([]ui.File, error) {
		us, err := h.uploads.Of(ctx, p.Scope)
		return append(fileList(ctx, d)[paper], uploadweb.Arriving(ctx, us, paper)...), err
	}
	return p
}

// needs are all papers and file questions that a draft may hold now.
func (h *handlers) needs(d apply.Draft, pkg *service.Package) []form.PaperNeed {
	env := h.apply.Env(d)
	out := pkg.Form.Papers(d.Answers, env)
	for _, p := range pkg.Form.Pages(d.Answers, env) {
		out = append(out, pkg.Form.Files(p.ID, d.Answers, env)...)
	}
	return out
}

// boxes are the files of each paper, arrived and arriving, and where more are sent to.
func (h *handlers) boxes(r *http.Request, d apply.Draft, pkg *service.Package) (uploadweb.Place, map[string][]ui.File, error) {
	ctx := r.Context()
	files := fileList(ctx, d)
	place := h.placeOf(r, d, pkg)
	us, err := h.uploads.Of(ctx, place.Scope)
	for _, n := range place.Papers {
		files[n.ID] = append(files[n.ID], uploadweb.Arriving(ctx, us, n.ID)...)
	}
	return place, files, err
}

// fileList are the papers of a draft by paper, each to be looked at and taken away.
func fileList(ctx context.Context, d apply.Draft) map[string][]ui.File {
	out := map[string][]ui.File{}
	for _, f := range d.Papers {
		out[f.Paper] = append(out[f.Paper], ui.File{
			Name: f.Name, Href: fileHref(d, f), Size: formweb.FileSize(ctx, f.Size), Remove: f.Paper + "/" + f.SHA256,
		})
	}
	return out
}

func fileHref(d apply.Draft, f form.File) string { return path(d.Key, "files") + "/" + f.SHA256 }

// file shows a paper of a draft to whoever may open the draft.
func (h *handlers) file(w http.ResponseWriter, r *http.Request) error {
	o, err := h.open(r)
	if err != nil {
		return err
	}
	digest := r.PathValue("digest")
	i := slices.IndexFunc(o.Draft.Papers, func(f form.File) bool { return f.SHA256 == digest && digest != "" })
	if i < 0 {
		return errs.E(errs.NotFound, "web.error.not_found")
	}
	f := o.Draft.Papers[i]
	body, err := h.uploads.Open(r.Context(), f)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	return web.Send(w, r, web.Download{Name: f.Name, Type: filecheck.MediaType(f.Type), Size: f.Size, Inline: true, Body: body})
}
