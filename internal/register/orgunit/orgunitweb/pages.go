package orgunitweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/orgunit"
)

// maxFound is how many units a search on the page shows.
const maxFound = 30

// browseView is what the page of all units shows.
type browseView struct {
	day     clock.Date
	q       string
	eras    []ui.Filter
	figures []ui.Figure
	found   *ui.TableArgs // with words
	groups  []group       // without
}

// group is a district with its communes, or a list of its own.
type group struct {
	title string
	table ui.TableArgs
}

// browse shows the city of a day: every unit, or those whose names match.
func (h handler) browse(w http.ResponseWriter, r *http.Request) error {
	query, err := web.Query(r)
	if err != nil {
		return err
	}
	d, err := h.day(query.Get("at"))
	if err != nil {
		return err
	}
	ctx, tree := r.Context(), h.units.At(d)
	v := browseView{day: d, q: strings.TrimSpace(query.Get("q")), eras: h.eras(ctx, d)}
	if len(v.q) > 200 {
		return errs.E(errs.Invalid, "orgunit.page.longQuery")
	}
	for _, t := range []orgunit.Tier{orgunit.District, orgunit.Commune} {
		if n := len(tree.Tier(t)); n > 0 {
			v.figures = append(v.figures, ui.Figure{Label: i18n.T(ctx, "orgunit.tier."+string(t)), Value: i18n.Number(i18n.LangOf(ctx), int64(n))})
		}
	}
	v.figures = append(v.figures, ui.Figure{Label: i18n.T(ctx, "orgunit.page.departments"), Value: i18n.Number(i18n.LangOf(ctx), int64(len(departments(tree))))})
	if v.q != "" {
		t := hitTable(ctx, tree, d, tree.Search(v.q, orgunit.Filter{Limit: maxFound}))
		v.found = &t
		return web.Render(w, r, http.StatusOK, browsePage(v))
	}
	v.groups = groupsOf(ctx, tree, d)
	return web.Render(w, r, http.StatusOK, browsePage(v))
}

// eras are links to the states of the communes.
func (h handler) eras(ctx context.Context, d clock.Date) []ui.Filter {
	var out []ui.Filter
	days := h.units.Register().CommuneDays()
	for i, day := range days {
		n := len(h.units.At(day).Tier(orgunit.Commune))
		label := i18n.T(ctx, "orgunit.page.since", "date", day)
		if day == orgunit.RecordStart() {
			label = i18n.T(ctx, "orgunit.page.before", "date", days[min(1, len(days)-1)])
		}
		next := i+1 == len(days) || d.Before(days[i+1])
		out = append(out, ui.Filter{
			Label: label, Count: n, Href: "/units?at=" + day.String(),
			Current: (!d.Before(day) || i == 0) && next && !slices.ContainsFunc(out, func(f ui.Filter) bool { return f.Current }),
		})
	}
	return out
}

func groupsOf(ctx context.Context, tree *orgunit.Tree, d clock.Date) []group {
	var out []group
	root := tree.Root()
	districts := tree.Tier(orgunit.District)
	for _, dist := range districts {
		out = append(out, group{name(ctx, dist), unitTable(ctx, d, name(ctx, dist), tree.Children(dist.ID))})
	}
	if len(districts) == 0 {
		title := i18n.T(ctx, "orgunit.tier.commune")
		out = append(out, group{title, unitTable(ctx, d, title, tree.Children(root.ID))})
	}
	title := i18n.T(ctx, "orgunit.page.departments")
	return append(out, group{title, unitTable(ctx, d, title, departments(tree))})
}

// departments are the bodies directly under the city's government.
func departments(tree *orgunit.Tree) []orgunit.Unit {
	return slices.DeleteFunc(tree.Departments(), func(u orgunit.Unit) bool { return u.Parent != tree.Government().ID })
}

func unitTable(ctx context.Context, d clock.Date, caption string, units []orgunit.Unit) ui.TableArgs {
	t := ui.TableArgs{
		Caption: caption, CaptionQuiet: true, First: true, Plain: true,
		Head: []ui.Column{{Label: i18n.T(ctx, "orgunit.page.name")}, {Label: i18n.T(ctx, "orgunit.page.code")}},
	}
	for _, u := range units {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.L(name(ctx, u), href(u, d)), ui.T(code(ctx, u))}})
	}
	return t
}

func hitTable(ctx context.Context, tree *orgunit.Tree, d clock.Date, hits []orgunit.Hit) ui.TableArgs {
	t := ui.TableArgs{
		Caption: i18n.T(ctx, "orgunit.page.found"), First: true, Empty: i18n.T(ctx, "orgunit.page.none"),
		Head: []ui.Column{
			{Label: i18n.T(ctx, "orgunit.page.name")}, {Label: i18n.T(ctx, "orgunit.page.code")}, {Label: i18n.T(ctx, "orgunit.page.above")},
		},
	}
	for _, h := range hits {
		cell := ui.L(name(ctx, h.Unit), href(h.Unit, d))
		if h.Former.ID != 0 {
			cell.Note = i18n.T(ctx, "orgunit.page.formerly", "name", name(ctx, h.Former))
		}
		above := ""
		if p, ok := tree.Get(h.Unit.Parent); ok {
			above = name(ctx, p)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{cell, ui.T(code(ctx, h.Unit)), ui.T(above)}})
	}
	return t
}

// unitView is what the page of one unit shows.
type unitView struct {
	title   string
	other   string // the name in the other language
	gone    string // sentence for a unit that is no more
	crumbs  []ui.Crumb
	facts   ui.SummaryArgs
	story   *ui.TableArgs
	offices *ui.TableArgs
	below   *ui.TableArgs
}

func (h handler) unitPage(w http.ResponseWriter, r *http.Request) error {
	query, err := web.Query(r)
	if err != nil {
		return err
	}
	u, tree, err := h.one(r.PathValue("id"), query.Get("at"))
	if err != nil {
		return err
	}
	d := h.units.Today()
	if at := query.Get("at"); at != "" {
		d, _ = h.day(at) // one has read it
	} else if l, ended := u.LastDay(); ended && l.Before(d) {
		d = l
	}
	return web.Render(w, r, http.StatusOK, unitPage(h.view(r.Context(), u, tree, d)))
}

func (h handler) view(ctx context.Context, u orgunit.Unit, tree *orgunit.Tree, d clock.Date) unitView {
	v := unitView{title: name(ctx, u), other: u.NameEN, crumbs: []ui.Crumb{{Label: i18n.T(ctx, "orgunit.page.title"), Href: "/units?at=" + d.String()}}}
	if i18n.LangOf(ctx) == i18n.EN {
		v.other = u.Name
	}
	if l, ended := u.LastDay(); ended && l.Before(h.units.Today()) {
		v.gone = i18n.T(ctx, "orgunit.page.gone", "date", l)
	}
	up := tree.Ancestors(u.ID)
	slices.Reverse(up)
	for _, a := range up {
		v.crumbs = append(v.crumbs, ui.Crumb{Label: name(ctx, a), Href: href(a, d)})
	}
	v.facts = h.factsOf(ctx, u, tree, d)
	v.story = h.storyOf(ctx, u)
	governing := u
	if u.Class == orgunit.Territory {
		governing, _ = tree.AgencyOf(u.ID)
		if list := tree.Children(u.ID); len(list) > 0 {
			t := unitTable(ctx, d, i18n.T(ctx, "orgunit.page.below"), list)
			v.below = &t
		}
	}
	v.offices = officesOf(ctx, governing, tree)
	return v
}

func (h handler) factsOf(ctx context.Context, u orgunit.Unit, tree *orgunit.Tree, d clock.Date) ui.SummaryArgs {
	var out ui.SummaryArgs
	add := func(key string, c ui.Cell) {
		out.Rows = append(out.Rows, ui.SummaryRow{Key: i18n.T(ctx, "orgunit.page."+key), Value: c})
	}
	if u.Class != orgunit.Office {
		codes := h.units.Register().Codes(u.ID)
		for _, c := range codes {
			cell := ui.T(c.Code)
			if len(codes) > 1 {
				cell.Note = times(ctx, c.From, c.Until)
			}
			add("code", cell)
		}
		if len(codes) == 0 {
			add("code", ui.T(i18n.T(ctx, "orgunit.page.unknown")))
		}
	}
	if u.Class == orgunit.Territory {
		if a, ok := tree.AgencyOf(u.ID); ok {
			add("agency", ui.L(name(ctx, a), href(a, d)))
		}
	} else if t, ok := tree.Get(u.Serves); ok {
		add("serves", ui.L(name(ctx, t), href(t, d)))
	}
	add("time", ui.T(times(ctx, u.From, u.Until)))
	return out
}

// storyOf lists the units before and after; nil for one without.
func (h handler) storyOf(ctx context.Context, u orgunit.Unit) *ui.TableArgs {
	line := h.units.Lineage(u.ID)
	if len(line) < 2 {
		return nil
	}
	t := ui.TableArgs{
		Caption: i18n.T(ctx, "orgunit.page.story"), First: true,
		Head: []ui.Column{
			{Label: i18n.T(ctx, "orgunit.page.name")}, {Label: i18n.T(ctx, "orgunit.page.code")},
			{Label: i18n.T(ctx, "orgunit.page.share")}, {Label: i18n.T(ctx, "orgunit.page.time")},
		},
	}
	for _, e := range line {
		row := ui.Row{Marked: e.Self, Cells: []ui.Cell{
			ui.L(name(ctx, e.Unit), "/units/"+e.Unit.ID.String()), ui.T(code(ctx, e.Unit)),
			ui.T(i18n.T(ctx, "orgunit.share."+string(e.Share))), ui.T(times(ctx, e.Unit.From, e.Unit.Until)),
		}}
		if e.Self {
			row.Cells[0] = ui.T(name(ctx, e.Unit))
			row.Cells[2] = ui.T(i18n.T(ctx, "orgunit.page.self"))
		}
		t.Rows = append(t.Rows, row)
	}
	return &t
}

// officesOf lists the offices of an agency with their posts.
func officesOf(ctx context.Context, a orgunit.Unit, tree *orgunit.Tree) *ui.TableArgs {
	posts := tree.Posts(a.ID)
	if len(posts) == 0 {
		return nil
	}
	t := ui.TableArgs{
		Caption: i18n.T(ctx, "orgunit.page.offices"), First: true,
		Head: []ui.Column{{Label: i18n.T(ctx, "orgunit.page.office")}, {Label: i18n.T(ctx, "orgunit.page.posts")}},
	}
	at := map[orgunit.UnitID][]string{}
	var order []orgunit.UnitID
	for _, p := range posts {
		if at[p.Unit] == nil {
			order = append(order, p.Unit)
		}
		at[p.Unit] = append(at[p.Unit], p.Role.In(i18n.LangOf(ctx)))
	}
	for _, id := range order {
		o, _ := tree.Get(id)
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.T(name(ctx, o)), ui.T(strings.Join(at[id], ", "))}})
	}
	return &t
}

func name(ctx context.Context, u orgunit.Unit) string {
	if i18n.LangOf(ctx) == i18n.EN {
		return u.NameEN
	}
	return u.Name
}

func code(ctx context.Context, u orgunit.Unit) string {
	if u.Code == "" {
		return i18n.T(ctx, "orgunit.page.unknown")
	}
	return u.Code
}

// href leads to a unit as it stood on a day.
func href(u orgunit.Unit, d clock.Date) string {
	return "/units/" + u.ID.String() + "?" + url.Values{"at": {d.String()}}.Encode()
}

// times says when: "từ 01/07/2025", "đến 30/06/2025", "01/03/2020 – 31/12/2024".
func times(ctx context.Context, from, until clock.Date) string {
	switch {
	case from.IsZero() && until.IsZero():
		return i18n.T(ctx, "orgunit.page.always", "date", orgunit.RecordStart())
	case until.IsZero():
		return i18n.T(ctx, "orgunit.page.from", "date", from)
	case from.IsZero():
		return i18n.T(ctx, "orgunit.page.to", "date", until.AddDays(-1))
	default:
		return i18n.T(ctx, "orgunit.page.between", "from", from, "to", until.AddDays(-1))
	}
}
