package personweb

import (
	"context"
	"net/http"
	"strings"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/person"
)

// twinsView are the rows that may be one person, and those that were made one.
type twinsView struct {
	Banner *ui.BannerArgs
	List   ui.TableArgs
	Merges []mergeView
}

type mergeView struct {
	ID, Title, Text string
	Reason          ui.Field
}

func (h handlers) duplicates(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return h.showTwins(w, r, http.StatusOK, done(r.Context(), q, "merged", "unmerged", "apart"), "", nil)
}

func (h handlers) showTwins(w http.ResponseWriter, r *http.Request, status int, banner *ui.BannerArgs, at string, bad error) error {
	ctx := r.Context()
	pairs, err := h.s.Duplicates(ctx)
	if err != nil {
		return err
	}
	v := twinsView{Banner: banner, List: ui.TableArgs{Caption: say(ctx, "twins.title"), CaptionQuiet: true, First: true, Empty: say(ctx, "twins.none"), Head: []ui.Column{
		{Label: say(ctx, "twins.people")}, {Label: say(ctx, "number")}, {Label: say(ctx, "twins.why")},
	}}}
	for _, p := range pairs {
		v.List.Rows = append(v.List.Rows, ui.Row{Cells: []ui.Cell{
			ui.L(p.A.Facts.Name+" – "+p.B.Facts.Name, "/admin/people/duplicates/"+p.A.ID.String()+"/"+p.B.ID.String()),
			ui.T(p.A.Number.Masked() + " – " + p.B.Number.Masked()), ui.T(whys(ctx, p.Why)),
		}})
	}
	merges, err := h.s.Merges(ctx)
	if err != nil {
		return err
	}
	for _, m := range merges {
		p, err := h.s.Get(ctx, m.Kept)
		if err != nil {
			return err
		}
		x := mergeView{ID: m.ID.String(), Title: p.Facts.Name + ", " + p.Number.Masked(), Text: say(ctx, "twins.mergedBy", "by", m.By, "at", i18n.DateTime(i18n.LangOf(ctx), m.At), "reason", m.Reason)}
		var ps ui.Problems
		if at == x.ID {
			ps = ui.ProblemsOf(ctx, bad)
		}
		x.Reason = reasonField(ctx, x.ID+"-", ps)
		v.Merges = append(v.Merges, x)
	}
	return web.Render(w, r, status, twinsPage(v))
}

func whys(ctx context.Context, in []string) string {
	out := make([]string, len(in))
	for i, w := range in {
		out[i] = say(ctx, "twins.by."+w)
	}
	return strings.Join(out, "; ")
}

// pairView are two rows side by side.
type pairView struct {
	Path     string
	Banner   *ui.BannerArgs
	Problems ui.Problems
	Table    ui.TableArgs
	Keep     ui.Field
	Reason   ui.Field
	Apart    ui.Field
	Let      []ui.Field // accounts of both: which one is let go
	LetWhy   ui.Field
}

func (h handlers) pair(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return h.showPair(w, r, http.StatusOK, "", nil, done(r.Context(), q, "let"))
}

func (h handlers) read(r *http.Request) (p person.Pair, err error) {
	a, err := web.PathID[person.Person](r, "a")
	if err != nil {
		return p, err
	}
	b, err := web.PathID[person.Person](r, "b")
	if err != nil {
		return p, err
	}
	return h.s.PairOf(r.Context(), a, b)
}

func (h handlers) showPair(w http.ResponseWriter, r *http.Request, status int, do string, bad error, banner *ui.BannerArgs) error {
	ctx := r.Context()
	p, err := h.read(r)
	if err != nil {
		return err
	}
	v := pairView{Path: "/admin/people/duplicates/" + p.A.ID.String() + "/" + p.B.ID.String(), Banner: banner, Problems: ui.ProblemsOf(ctx, bad)}
	v.Table = ui.TableArgs{Caption: say(ctx, "twins.compare"), CaptionQuiet: true, First: true, Head: []ui.Column{{Label: say(ctx, "twins.fact")}, {Label: "A"}, {Label: "B"}}}
	row := func(name, a, b string) {
		x := ui.T(b)
		if a != "" && b != "" && !strings.EqualFold(a, b) {
			x.Note = say(ctx, "twins.differs")
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{ui.T(name), ui.T(a), x}})
	}
	row(say(ctx, "number"), p.A.Number.Masked(), p.B.Number.Masked())
	fa, fb := p.A.Facts.Named(), p.B.Facts.Named()
	for i := range fa {
		row(fieldName(ctx, fa[i][0]), fact(ctx, fa[i][0], fa[i][1]), fact(ctx, fb[i][0], fb[i][1]))
	}
	accounts := 0
	words := [2]string{}
	for i, x := range [...]person.Person{p.A, p.B} {
		linked, err := h.s.Linked(ctx, x.ID)
		if err != nil {
			return err
		}
		words[i] = say(ctx, "twins.noAccount")
		if linked {
			words[i] = say(ctx, "twins.account")
			accounts++
		}
	}
	row(say(ctx, "twins.accounts"), words[0], words[1])
	both := []ui.Option{{Value: "a", Label: "A: " + p.A.Facts.Name + ", " + p.A.Number.Masked()}, {Value: "b", Label: "B: " + p.B.Facts.Name + ", " + p.B.Number.Masked()}}
	of := func(form string) ui.Problems {
		if form == do {
			return v.Problems
		}
		return nil
	}
	v.Keep = ui.Field{Name: "keep", Label: say(ctx, "twins.keep"), Hint: say(ctx, "twins.keepHint"), Value: "a", Options: both, Small: true}
	v.Reason, v.Apart = reasonField(ctx, "merge-", of("merge")), reasonField(ctx, "apart-", of("apart"))
	if accounts > 0 {
		var whyOptions []ui.Option
		for _, why := range []string{person.WhyDuplicate, person.WhyMistake, person.WhyDeath} {
			whyOptions = append(whyOptions, ui.Option{Value: why, Label: say(ctx, "twins.let."+why)})
		}
		v.Let = []ui.Field{
			{Name: "which", Label: say(ctx, "twins.which"), Value: "b", Options: both, Small: true},
			{Name: "why", Label: say(ctx, "twins.letWhy"), Value: person.WhyDuplicate, Options: whyOptions, Small: true},
		}
		v.LetWhy = reasonField(ctx, "let-", of("let"))
	}
	return web.Render(w, r, status, pairPage(v))
}

func (h handlers) decidePair(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	p, err := h.read(r)
	if err != nil {
		return err
	}
	do, to := f.Get("do"), ""
	switch do {
	case "merge":
		kept, gone := p.A.ID, p.B.ID
		if f.Get("keep") == "b" {
			kept, gone = gone, kept
		}
		to, err = "/admin/people/duplicates?done=merged", h.s.Merge(ctx, kept, gone, f.Get("reason"))
	case "apart":
		to, err = "/admin/people/duplicates?done=apart", h.s.Apart(ctx, p.A.ID, p.B.ID, f.Get("reason"))
	case "let":
		which := p.A.ID
		if f.Get("which") == "b" {
			which = p.B.ID
		}
		to, err = r.URL.Path+"?done=let", h.s.UnlinkOf(ctx, which, f.Get("why"), f.Get("reason"))
	default:
		return errs.E(errs.NotFound, "web.error.not_found")
	}
	if wrong(err) {
		var banner *ui.BannerArgs
		if !errs.Is(err, errs.Invalid) {
			banner = refused(ctx, err)
		}
		return h.showPair(w, r, web.Status(err), do, err, banner)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, to)
}

func (h handlers) unmerge(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	id, err := web.PathID[person.Merged](r, "id")
	if err != nil {
		return err
	}
	if err = h.s.Unmerge(ctx, id, f.Get("reason")); wrong(err) {
		return h.showTwins(w, r, web.Status(err), refused(ctx, err), id.String(), err)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/admin/people/duplicates?done=unmerged")
}
