package accessweb

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/access"
	"khue/internal/register/orgunit"
)

// mineView is what a person reads of who looked at their data.
type mineView struct {
	Lead    string
	Periods []ui.Filter
	What    ui.Field
	Period  string
	Table   ui.TableArgs
	Pages   ui.PageLinks
}

// periods are how far back the page looks, in days; 0 is all that is kept.
var periods = []struct {
	key  string
	days int
}{{"month", 31}, {"year", 366}, {"all", 0}}

// lookFilter reads the filters of an address.
func (h handlers) lookFilter(q url.Values) (f access.Filter, period string, err error) {
	for _, w := range access.Whats() {
		if string(w) == q.Get("what") {
			f.What = w
		}
	}
	period = periods[1].key
	for _, p := range periods {
		if p.key == q.Get("period") {
			period = p.key
		}
	}
	for _, p := range periods {
		if p.key == period && p.days > 0 {
			f.From = h.Looks.Clock.Now().AddDate(0, 0, -p.days)
		}
	}
	_, err = web.ReadCursor(q.Get("cursor"), &f.Before)
	return f, period, err
}

func (h handlers) mine(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	f, period, err := h.lookFilter(q)
	if err != nil {
		return err
	}
	lines, next, own, err := h.own(ctx, f)
	if err != nil {
		return err
	}
	names, err := h.Accounts.Names(ctx, actors(lines))
	if err != nil {
		return err
	}
	v := mineView{Lead: t(ctx, "mine.lead"), Period: period}
	for _, p := range periods {
		v.Periods = append(v.Periods, ui.Filter{Label: t(ctx, "period."+p.key), Href: mineHref(f.What, p.key, ""), Count: -1, Current: p.key == period})
	}
	v.What = ui.Field{Name: "what", Label: t(ctx, "mine.what"), Value: string(f.What), Width: ui.Width20, Options: []ui.Option{{Value: "", Label: t(ctx, "mine.any")}}}
	for _, x := range access.Whats() {
		v.What.Options = append(v.What.Options, ui.Option{Value: string(x), Label: t(ctx, "what."+string(x))})
	}
	v.Table = h.mineTable(ctx, lines, own, names)
	if next != 0 {
		v.Pages.Next = mineHref(f.What, period, web.NewCursor(next))
	}
	if f.Before != 0 {
		v.Pages.Prev = mineHref(f.What, period, "")
	}
	return web.Render(w, r, http.StatusOK, minePage(v))
}

// own reads the looks at what is the reader's.
func (h handlers) own(ctx context.Context, f access.Filter) (lines []access.Line, next access.LookID, own map[int64]Own, err error) {
	list, err := h.Mine(ctx)
	if err != nil {
		return nil, 0, nil, err
	}
	ids := make([]int64, len(list))
	own = make(map[int64]Own, len(list))
	for i, o := range list {
		ids[i] = o.ID
		own[o.ID] = o
	}
	lines, next, err = h.Looks.At(ctx, ids, f)
	return lines, next, own, err
}

func mineHref(what access.What, period, cursor string) string {
	q := url.Values{}
	if what != "" {
		q.Set("what", string(what))
	}
	if period != "" {
		q.Set("period", period)
	}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	return accountPath + "?" + q.Encode()
}

func (h handlers) mineTable(ctx context.Context, lines []access.Line, own map[int64]Own, names map[int64]string) ui.TableArgs {
	a := ui.TableArgs{
		Caption: t(ctx, "mine.title"), CaptionQuiet: true, First: true, Empty: t(ctx, "mine.empty"),
		Head: []ui.Column{{Label: t(ctx, "col.when"), Tight: true}, {Label: t(ctx, "col.who")}, {Label: t(ctx, "col.seen")}, {Label: t(ctx, "col.why")}},
	}
	if h.AskHref != nil {
		a.Head = append(a.Head, ui.Column{Label: t(ctx, "col.ask"), Quiet: true})
	}
	for _, l := range lines {
		o := own[l.About]
		seen := ui.Cell{Text: t(ctx, "seen."+string(l.What)), Note: o.Label}
		if o.Href != "" {
			seen = ui.Cell{Text: o.Label, Href: o.Href, Note: t(ctx, "seen."+string(l.What))}
		}
		if l.N > 1 {
			seen.Note += " · " + t(ctx, "times", "n", l.N)
		}
		who := ui.Cell{Text: h.post(ctx, l), Note: h.unit(ctx, l.Unit, l.At)}
		if name := names[l.Actor]; name != "" && (h.Names || l.Post == "") {
			who.Text = name
			if l.Post != "" {
				who.Note = h.post(ctx, l) + ", " + who.Note
			}
		}
		row := ui.Row{Cells: []ui.Cell{{Text: i18n.DateTime(i18n.LangOf(ctx), l.At)}, who, seen, ui.T(whyWords(ctx, l))}}
		if h.AskHref != nil {
			row.Cells = append(row.Cells, ui.Cell{Text: t(ctx, "ask"), Href: h.AskHref(l.ID, l.About)})
		}
		a.Rows = append(a.Rows, row)
	}
	return a
}

// whyWords says the basis of a look to the person. What the officer wrote may speak of others
// and is not shown.
func whyWords(ctx context.Context, l access.Line) string {
	switch l.Basis {
	case access.ByDuty:
		return t(ctx, "duty."+l.Why)
	case access.ByLaw:
		return t(ctx, "basis.law", "law", l.Why)
	case access.ByReason:
		return t(ctx, "basis.reason", "reason", t(ctx, "choice."+l.Why))
	}
	return t(ctx, "basis.dossier")
}

func (h handlers) post(ctx context.Context, l access.Line) string {
	if l.Post == "" {
		return t(ctx, "program")
	}
	return orgunit.Role(l.Post).In(i18n.LangOf(ctx))
}

// unit is the name that a unit bore at an instant, or bears now.
func (h handlers) unit(ctx context.Context, u orgunit.UnitID, at time.Time) string {
	if u == 0 {
		return t(ctx, "city")
	}
	v, ok := h.Units.At(dayOf(at)).Get(u)
	if !ok {
		v, _ = h.Units.Unit(u)
	}
	if i18n.LangOf(ctx) == i18n.EN && v.NameEN != "" {
		return v.NameEN
	}
	return v.Name
}

func actors(lines []access.Line) []int64 {
	out := make([]int64, 0, len(lines))
	for _, l := range lines {
		out = append(out, l.Actor)
	}
	return out
}
