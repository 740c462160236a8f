package dossierweb

import (
	"context"
	"net/url"
	"strconv"

	"khue/internal/kernel/i18n"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/form/formweb"
	"khue/internal/onestop/service"
)

// viewerView is the pane in which an officer reads the papers beside the form: one paper,
// and the way to the others. The address names the paper, so that it works as links.
type viewerView struct {
	Papers []paperView
	Shown  int // of Papers; -1 where none can be shown
	Prev   string
	Next   string
}

// paperView is one paper. What was uploaded is shown only as a picture or by the browser's
// own reader of PDF, in a frame; nothing of it runs on our pages (see web.Send).
type paperView struct {
	Name  string
	File  string
	Note  string
	Href  string // "" where no scan is kept
	Embed string // the same for a frame
	Here  string // this page with the paper shown
	Image bool
	Shown bool
}

// viewer lists the papers and picks the one to show: that of the address, or the first.
func viewer(ctx context.Context, pkg *service.Package, d dossier.Dossier, files []form.File, u *url.URL) viewerView {
	v := viewerView{Shown: -1}
	asked, err := strconv.Atoi(u.Query().Get("paper"))
	if err != nil {
		asked = -1
	}
	here := func(i int) string { return u.Path + "?paper=" + strconv.Itoa(i) + "#papers" }
	for i, f := range files {
		p := paperView{Name: say(ctx, pkg.PaperName(f.Paper)), File: f.Name, Href: fileHref(d, f), Here: here(i)}
		if p.Name == "" {
			p.Name = f.Name
		}
		p.Note = formweb.FileSize(ctx, f.Size)
		if f.Originals > 0 {
			p.Note += " · " + i18n.T(ctx, "dossierweb.viewer.originals", "n", f.Originals)
		}
		if f.Copies > 0 {
			p.Note += " · " + i18n.T(ctx, "dossierweb.viewer.copies", "n", f.Copies)
		}
		if f.ShownOnly {
			p.Note += " · " + i18n.T(ctx, "dossierweb.paper.shownOnly")
		}
		switch f.Type {
		case "png", "jpg", "jpeg", "webp":
			p.Image = true
			p.Embed = p.Href
		case "pdf":
			if p.Href != "" {
				p.Embed = p.Href + "?framed=1"
			}
		}
		if p.Embed != "" && (v.Shown < 0 || i == asked) {
			v.Shown = i
		}
		v.Papers = append(v.Papers, p)
	}
	if v.Shown < 0 {
		return v
	}
	v.Papers[v.Shown].Shown = true
	step := func(by int) string {
		for i := v.Shown + by; i >= 0 && i < len(v.Papers); i += by {
			if v.Papers[i].Embed != "" {
				return here(i)
			}
		}
		return ""
	}
	v.Prev, v.Next = step(-1), step(1)
	return v
}
