package dossierweb

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/filecheck"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/upload/uploadweb"
)

func fileHref(d dossier.Dossier, f form.File) string {
	if f.SHA256 == "" {
		return ""
	}
	return "/dossiers/" + url.PathEscape(d.Code) + "/files/" + f.SHA256
}

func (h *handlers) file(w http.ResponseWriter, r *http.Request) error {
	f, body, err := h.svc.OpenFile(r.Context(), r.PathValue("code"), r.PathValue("digest"))
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	return web.Send(w, r, web.Download{Name: f.Name, Type: filecheck.MediaType(f.Type), Size: f.Size, Inline: true, Framed: r.URL.Query().Get("framed") != "", Body: body})
}

// prints links the papers that were made for a dossier, as PDF.
// signedLink leads to what the owner signed with a key of their own; owners are led there to sign.
func (h *handlers) signedLink(ctx context.Context, d dossier.Dossier, owner bool, out []ui.Anchor) ([]ui.Anchor, error) {
	if h.signed == nil {
		return out, nil
	}
	has, err := h.signed(ctx, d.ID)
	if err != nil {
		return out, err
	}
	word := "signed"
	if owner && !has {
		word = "sign"
	}
	if owner || has {
		out = append(out, ui.Anchor{Label: i18n.T(ctx, "dossierweb.print."+word), Href: "/dossiers/" + url.PathEscape(d.Code) + "/sign"})
	}
	return out, nil
}

func (h *handlers) prints(ctx context.Context, d dossier.Dossier, lines []dossier.Line, key string) []ui.Anchor {
	var out []ui.Anchor
	seen := map[string]bool{}
	add := func(paper string, day clock.Date) {
		if seen[paper] {
			return
		}
		seen[paper] = true
		words := paper
		if paper == dossier.PaperResult {
			if signed, err := h.svc.ResultSigned(ctx, d); err == nil && signed {
				words = "signedResult"
			}
		}
		label := i18n.T(ctx, "dossierweb.print."+words)
		if f, _ := dossier.FormOf(paper, day); f.Number != "" {
			label = i18n.T(ctx, "dossierweb.print.numbered", "name", i18n.T(ctx, "dossierweb.print."+f.Words), "number", f.Number)
		}
		href := "/dossiers/" + url.PathEscape(d.Code) + "/papers/" + paper + ".pdf"
		if key != "" {
			href += "?k=" + url.QueryEscape(key)
		}
		out = append(out, ui.Anchor{Label: label, Href: href})
	}
	for _, l := range lines {
		for _, p := range l.Papers {
			add(p, clock.DateOf(lastOf(lines, p)))
		}
	}
	pkg, _ := h.services.ByDigest(d.Package)
	for _, l := range lines {
		for _, r := range pkg.Made(l.Reached) {
			if paper := dossier.PaperResult + "-" + r.Kind; key == "" && !seen[paper] {
				seen[paper] = true
				out = append(out, ui.Anchor{Label: say(ctx, pkg.Text("result."+r.Kind)), Href: "/dossiers/" + url.PathEscape(d.Code) + "/papers/" + paper + ".pdf"})
			}
		}
	}
	if d.State == process.Done || d.State == process.Returned {
		add(dossier.PaperResult, clock.Date{})
	}
	if !d.AcceptedAt.IsZero() && auth.From(ctx).Kind == auth.KindOfficer {
		add(dossier.PaperControl, clock.DateOf(d.AcceptedAt))
	}
	return out
}

// lastOf is when a paper was made for the last time: that one is printed.
func lastOf(lines []dossier.Line, paper string) (at time.Time) {
	for _, l := range lines {
		if slices.Contains(l.Papers, paper) {
			at = l.At
		}
	}
	return at
}

// print draws one paper. The result goes to its owner and to officers only.
func (h *handlers) print(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	paper, ok := strings.CutSuffix(r.PathValue("paper"), ".pdf")
	if !ok {
		return errs.E(errs.NotFound, "web.error.not_found")
	}
	b, err := h.svc.Print(r.Context(), r.PathValue("code"), paper, i18n.LangOf(r.Context()), dossier.Viewer{Key: q.Get("k")}, h.address)
	if err != nil {
		return err
	}
	return web.Send(w, r, web.Download{
		Name: dossier.NormalCode(r.PathValue("code")) + "-" + paper + ".pdf", Type: "application/pdf", Size: int64(len(b)), Inline: true, Body: bytes.NewReader(b),
	})
}

// routes are the pages.
func (h *handlers) routes() []web.Route {
	const files = 64 << 20
	return append([]web.Route{
		{Method: http.MethodGet, Path: "/track", Policy: auth.Public, Do: h.trackForm},
		{Method: http.MethodPost, Path: "/track", Policy: auth.Public, Do: h.track},
		{Method: http.MethodGet, Path: "/dossiers", Policy: auth.SignedIn, Do: h.mine},
		{Method: http.MethodPost, Path: "/dossiers", Policy: auth.SignedIn, Do: h.add},
		{Method: http.MethodGet, Path: "/dossiers/{code}", Policy: auth.Public, Do: h.publicPage},
		{Method: http.MethodPost, Path: "/dossiers/{code}", Policy: auth.Public, Do: h.applicantAct, MaxBody: files},
		{Method: http.MethodGet, Path: "/dossiers/{code}/files/{digest}", Policy: auth.SignedIn, Do: h.file},
		{Method: http.MethodGet, Path: "/dossiers/{code}/papers/{paper}", Policy: auth.Public, Do: h.print},
		{Method: http.MethodGet, Path: "/dossiers/{code}/receipt", Policy: auth.Public, Do: h.receipt},
		{Method: http.MethodGet, Path: "/desk/tasks/{id}", Policy: auth.Officer, Do: h.task},
		{Method: http.MethodPost, Path: "/desk/tasks/{id}", Policy: auth.Officer, Do: h.act, MaxBody: files},
		{Method: http.MethodPost, Path: "/desk/tasks/{id}/claim", Policy: auth.Officer, Do: h.claimPage},
		{Method: http.MethodGet, Path: "/desk/dossiers/{code}", Policy: auth.Officer, Do: h.deskDossier},
		{Method: http.MethodGet, Path: "/desk/dossiers/{code}/numbers", Policy: auth.Officer, Do: h.numbers},
		{Method: http.MethodPost, Path: "/desk/dossiers/{code}/numbers", Policy: auth.Officer, Do: h.openNumbers},
		{Method: http.MethodGet, Path: "/desk/dossiers/{code}/correct", Policy: auth.Officer, Do: h.correctPage},
		{Method: http.MethodPost, Path: "/desk/dossiers/{code}/correct", Policy: auth.Officer, Do: h.correct},
	}, uploadweb.Routes("/dossiers/{code}", h.uploads, h.place)...)
}

func buttonKind(i int) ui.ButtonKind {
	if i == 0 {
		return ui.ButtonPrimary
	}
	return ui.ButtonSecondary
}
