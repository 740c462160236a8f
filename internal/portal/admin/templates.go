package admin

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/pdf"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/service"
)

type templateView struct {
	Service string
	Version string
	Papers  ui.TableArgs
	Texts   []ui.SummaryArgs
}

// templates shows the papers and notices that services declare, with invented people.
func (h handlers) templates(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	var out []templateView
	for _, pkg := range h.on() {
		v := templateView{Service: in(ctx, pkg.Name()), Version: say(ctx, "templates.version", "version", pkg.Version, "procedure", pkg.Procedure), Papers: h.papers(ctx, pkg)}
		for _, event := range slices.Sorted(maps.Keys(pkg.Notices)) {
			n := pkg.Notices[event]
			s := ui.SummaryArgs{Title: say(ctx, "templates.at", "event", known(ctx, "templates.event.", event))}
			row := func(key string, l decl.Label) {
				if !l.IsZero() {
					s.Rows = append(s.Rows, ui.SummaryRow{Key: say(ctx, "templates."+key), Value: ui.T(sample(ctx, in(ctx, l)))})
				}
			}
			row("subject", n.Subject)
			row("body", n.Body)
			row("sms", n.SMS)
			row("lock", n.Lock)
			if len(s.Rows) > 0 {
				v.Texts = append(v.Texts, s)
			}
		}
		out = append(out, v)
	}
	return web.Render(w, r, http.StatusOK, templatesPage(out))
}

// known is the words for a key that a package may declare; one that nobody has words for is itself.
func known(ctx context.Context, prefix, key string) string {
	if i18n.BundleOf(ctx).Has("admin." + prefix + key) {
		return say(ctx, prefix+key)
	}
	return key
}

// papers lists what a service gives out: the result, and what is made on the way.
func (h handlers) papers(ctx context.Context, pkg *service.Package) ui.TableArgs {
	t := ui.TableArgs{Caption: say(ctx, "templates.papers"), First: true, Empty: say(ctx, "templates.noPapers"), Head: []ui.Column{
		{Label: say(ctx, "templates.paper")}, {Label: say(ctx, "templates.made")}, {Label: say(ctx, "templates.signed")}, {Label: say(ctx, "templates.preview")},
	}}
	for _, r := range append([]service.Result{pkg.Result}, pkg.More...) {
		if _, ok := pkg.Layouts[r.Kind]; !ok {
			continue
		}
		name := r.Kind
		if l, ok := pkg.Label("result." + r.Kind); ok {
			name = in(ctx, l)
		}
		made := say(ctx, "templates.result")
		if r.On != "" {
			made = say(ctx, "templates.at", "event", known(ctx, "templates.event.", r.On))
		}
		var signs []string
		for _, s := range r.Sign {
			signs = append(signs, known(ctx, "templates.sign.", s))
		}
		if len(signs) == 0 {
			signs = []string{"–"}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: name, Note: r.Code}, ui.T(made), ui.T(strings.Join(signs, ", ")),
			ui.L(say(ctx, "templates.open"), "/admin/templates/"+url.PathEscape(pkg.ID)+"/"+url.PathEscape(pkg.Version)+"/"+url.PathEscape(r.Kind)+".pdf"),
		}})
	}
	return t
}

// specimen is a paper of a package in force as PDF, filled with the package's own scenario.
func (h handlers) specimen(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	kind, ok := strings.CutSuffix(r.PathValue("paper"), ".pdf")
	for _, pkg := range h.on() {
		if !ok || pkg.ID != r.PathValue("service") || pkg.Version != r.PathValue("version") {
			continue
		}
		t, _ := pkg.Sample(h.World)
		l, found := pkg.Specimen(kind, t)
		if !found {
			break
		}
		l.Page.Watermark = i18n.BundleOf(ctx).T(i18n.VI, "admin.templates.watermark")
		b, err := pdf.Render(l, pdf.Options{Fonts: h.Fonts, Title: pkg.ID, Lang: "vi", Created: h.Clock.Now()})
		if err != nil {
			return err
		}
		return web.Send(w, r, web.Download{Name: kind + ".pdf", Type: "application/pdf", Size: int64(len(b)), Inline: true, Body: bytes.NewReader(b)})
	}
	return errs.E(errs.NotFound, "web.error.not_found")
}

// sample puts invented values where a template names one.
func sample(ctx context.Context, text string) string {
	l := i18n.LangOf(ctx)
	return strings.NewReplacer(
		"{code}", "H26.00133-20250623-0000001", "{name}", "Trần Văn Mẫu", "{applicant}", "Trần Văn Mẫu", "{due}", i18n.Date(l, clock.Date{Year: 2025, Month: 7, Day: 1}),
		"{unit}", "UBND phường Mẫu", "{reason}", say(ctx, "templates.reason"), "{link}", "https://example.vn/track",
	).Replace(text)
}
