package identityweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/identity"
	"khue/internal/register/orgunit"
)

type unitsView struct {
	Query string
	Mine  ui.TableArgs
	Lists []ui.TableArgs
	Found *ui.TableArgs
}

const maxUnits = 60

// units is the tree of the day: the reader's own units first, then the city's.
func (h handlers) units(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	t := h.svc.Units.Now()
	v := unitsView{Query: strings.TrimSpace(q.Get("q"))}
	table := func(caption string, list []orgunit.Unit) ui.TableArgs {
		out := ui.TableArgs{Caption: caption, First: true, Empty: say(ctx, "units.none"), Head: []ui.Column{
			{Label: say(ctx, "units.name")}, {Label: say(ctx, "units.code"), Tight: true}, {Label: say(ctx, "units.below"), Numeric: true},
		}}
		for _, u := range list {
			out.Rows = append(out.Rows, ui.Row{Cells: []ui.Cell{
				{Text: unitName(ctx, u), Href: "/admin/units/" + u.ID.String(), Note: place(ctx, t, u)}, ui.T(codeOf(t, u)), ui.T(i18n.Number(i18n.LangOf(ctx), int64(len(t.Children(u.ID))))),
			}})
		}
		return out
	}
	if v.Query != "" {
		var found []orgunit.Unit
		for _, hit := range t.Search(v.Query, orgunit.Filter{Limit: maxUnits}) {
			if a, ok := t.AgencyOf(hit.Unit.ID); ok && hit.Unit.Class != orgunit.Office {
				found = append(found, a)
			} else {
				found = append(found, hit.Unit)
			}
		}
		list := table(say(ctx, "units.found", "n", len(found)), found)
		v.Found = &list
		return web.Render(w, r, http.StatusOK, unitsPage(v))
	}
	var mine []orgunit.Unit
	for _, p := range h.svc.Posts(ctx) {
		if u, ok := t.Get(p); ok {
			mine = append(mine, u)
		}
	}
	v.Mine = table(say(ctx, "units.mine"), mine)
	v.Lists = append(v.Lists, table(say(ctx, "units.city"), append([]orgunit.Unit{t.Government()}, t.Departments()...)))
	if districts := agencies(t, t.Tier(orgunit.District)); len(districts) > 0 {
		v.Lists = append(v.Lists, table(say(ctx, "units.districts"), districts))
	} else {
		v.Lists = append(v.Lists, table(say(ctx, "units.communes"), agencies(t, t.Tier(orgunit.Commune))))
	}
	return web.Render(w, r, http.StatusOK, unitsPage(v))
}

func agencies(t *orgunit.Tree, places []orgunit.Unit) (out []orgunit.Unit) {
	for _, p := range places {
		if a, ok := t.AgencyOf(p.ID); ok {
			out = append(out, a)
		}
	}
	return out
}

// place says where a unit lies, where its own name does not.
func place(ctx context.Context, t *orgunit.Tree, u orgunit.Unit) string {
	up, ok := t.Get(u.Parent)
	if !ok || up.Tier == orgunit.City && u.Class == orgunit.Agency {
		return ""
	}
	return unitName(ctx, up)
}

func codeOf(t *orgunit.Tree, u orgunit.Unit) string {
	if u.Code != "" {
		return u.Code
	}
	if p, ok := t.Get(u.Serves); ok && u.Class == orgunit.Agency {
		return p.Code
	}
	return "–"
}

// unitView is an agency or an office with who holds its posts.
type unitView struct {
	ID      string
	Title   string
	Above   string
	Facts   ui.SummaryArgs
	Offices []officeView
	Below   ui.TableArgs
	Banner  *ui.BannerArgs
	MayAsk  bool
	Agency  bool
	Office  form
	Post    form
	Roles   []ui.Option
	Places  []ui.Option
	Crumbs  []ui.Anchor
	Duties  *dutiesView // nil for an office, which follows its agency
}

type officeView struct {
	Name  string
	Table ui.TableArgs
}

func (h handlers) unit(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	v := unitView{}
	switch q.Get("done") {
	case "":
	case "duties":
		v.Banner = &ui.BannerArgs{Text: say(r.Context(), "done.duties"), Tone: ui.ToneDone, Alert: true}
	default:
		v.Banner = &ui.BannerArgs{Text: say(r.Context(), "done.proposed"), Tone: ui.ToneDone, Alert: true, Link: &ui.Anchor{Label: say(r.Context(), "proposals.title"), Href: "/admin/proposals"}}
	}
	return h.showUnit(w, r, http.StatusOK, v)
}

func (h handlers) showUnit(w http.ResponseWriter, r *http.Request, status int, v unitView) error {
	ctx := r.Context()
	t := h.svc.Units.Now()
	uid, err := id.Parse[orgunit.Unit](r.PathValue("id"))
	if err != nil {
		return errs.E(errs.NotFound, "web.error.not_found", errs.Cause(err))
	}
	u, ok := t.Get(uid)
	if ok && u.Class == orgunit.Territory {
		u, ok = t.AgencyOf(uid)
	}
	if !ok {
		return errs.E(errs.NotFound, "orgunit.unit.unknown", errs.P("id", uid.String()))
	}
	v.ID, v.Title, v.Above, v.Agency = u.ID.String(), unitName(ctx, u), place(ctx, t, u), u.Class == orgunit.Agency
	v.Crumbs = crumbs(ctx, ui.Anchor{Label: say(ctx, "units.title"), Href: "/admin/units"})
	if up, ok := t.Get(u.Parent); ok && (u.Class == orgunit.Office || up.Tier != orgunit.City) {
		v.Crumbs = append(v.Crumbs, ui.Anchor{Label: unitName(ctx, up), Href: "/admin/units/" + up.ID.String()})
	}
	places := []orgunit.Unit{u}
	var below []orgunit.Unit
	for _, c := range t.Children(u.ID) {
		if c.Class == orgunit.Office {
			places = append(places, c)
		} else {
			below = append(below, c)
		}
	}
	if err := h.fillOffices(ctx, &v, t, places); err != nil {
		return err
	}
	if u.Serves != 0 && u.Class == orgunit.Agency {
		for _, c := range t.Children(u.Serves) {
			if a, ok := t.AgencyOf(c.ID); ok && !slices.ContainsFunc(below, func(b orgunit.Unit) bool { return b.ID == a.ID }) {
				below = append(below, a)
			}
		}
	}
	v.Below = ui.TableArgs{Caption: say(ctx, "unit.below"), First: true, Head: []ui.Column{{Label: say(ctx, "units.name")}, {Label: say(ctx, "units.code"), Tight: true}}}
	for _, b := range below {
		v.Below.Rows = append(v.Below.Rows, ui.Row{Cells: []ui.Cell{ui.L(unitName(ctx, b), "/admin/units/"+b.ID.String()), ui.T(codeOf(t, b))}})
	}
	if u.Class == orgunit.Agency || u.External() {
		if v.Duties, err = h.duties(ctx, u.ID, v.Duties); err != nil {
			return err
		}
	}
	v.MayAsk = h.svc.MayPropose(ctx, u.ID) && !u.External()
	for _, r := range orgunit.Roles() {
		v.Roles = append(v.Roles, ui.Option{Value: string(r.Role), Label: roleName(ctx, r.Role)})
	}
	for _, p := range places {
		if !p.External() || p.ID == u.ID {
			v.Places = append(v.Places, ui.Option{Value: p.ID.String(), Label: unitName(ctx, p)})
		}
	}
	for _, f := range []*form{&v.Office, &v.Post} {
		if f.Values == nil {
			f.Values = url.Values{}
		}
		f.Key = web.NewKey()
	}
	v.Office.scope, v.Post.scope = "office-", "post-"
	return web.Render(w, r, status, unitPage(v))
}

// fillOffices lists the posts of an agency and its offices with their holders.
func (h handlers) fillOffices(ctx context.Context, v *unitView, t *orgunit.Tree, places []orgunit.Unit) error {
	ids := make([]orgunit.UnitID, len(places))
	for i, p := range places {
		ids[i] = p.ID
	}
	held, err := h.svc.Holders(ctx, ids...)
	if err != nil {
		return err
	}
	today := h.svc.Units.Today()
	sees := h.svc.MaySee(ctx, places[0].ID)
	posts, vacant := 0, 0
	for _, p := range places {
		o := officeView{Name: unitName(ctx, p), Table: ui.TableArgs{
			Caption: say(ctx, "unit.posts", "unit", unitName(ctx, p)), CaptionQuiet: true, First: true, Empty: say(ctx, "unit.noPosts"),
			Head: []ui.Column{{Label: say(ctx, "unit.role")}, {Label: say(ctx, "unit.holder")}, {Label: say(ctx, "unit.days")}},
		}}
		var roles []orgunit.Role
		for _, post := range t.Posts(p.ID) {
			if post.Unit == p.ID && !slices.Contains(roles, post.Role) {
				roles = append(roles, post.Role)
			}
		}
		for _, x := range held { // of the agency as a whole, as clerks of a ward
			if x.Unit == p.ID && x.On(today) && !slices.Contains(roles, x.Role) {
				roles = append(roles, x.Role)
			}
		}
		for _, role := range roles {
			any := false
			for _, x := range held {
				if x.Role != role || x.Unit != p.ID || x.Disabled || !x.Until.IsZero() && x.Until.Before(today) {
					continue
				}
				holder := ui.Cell{Text: x.Name}
				if sees {
					holder.Href = "/admin/officers/" + accountText(x.Account)
				}
				if x.For != "" {
					holder.Note = say(ctx, "unit.standsIn", "name", x.For)
				} else if x.Sign != "" {
					holder.Note = signWord(ctx, x.Sign)
				}
				o.Table.Rows = append(o.Table.Rows, ui.Row{Cells: []ui.Cell{ui.T(roleName(ctx, role)), holder, ui.T(span(ctx, x.From, x.Until))}})
				any = any || x.On(today) && x.For == ""
			}
			posts++
			if !any && !h.heldElsewhere(held, places[0].ID, p.ID, role, today) {
				vacant++
				c := ui.Tagged(say(ctx, "unit.vacant"), ui.ToneSoon)
				o.Table.Rows = append(o.Table.Rows, ui.Row{Cells: []ui.Cell{ui.T(roleName(ctx, role)), c, ui.T("")}})
			} else if !any {
				o.Table.Rows = append(o.Table.Rows, ui.Row{Cells: []ui.Cell{ui.T(roleName(ctx, role)), ui.T(say(ctx, "unit.byAgency")), ui.T("")}})
			}
		}
		v.Offices = append(v.Offices, o)
	}
	l := i18n.LangOf(ctx)
	v.Facts.Rows = []ui.SummaryRow{
		{Key: say(ctx, "unit.offices"), Value: ui.T(i18n.Number(l, int64(len(places)-1)))},
		{Key: say(ctx, "unit.count"), Value: ui.T(i18n.Number(l, int64(posts)))},
		{Key: say(ctx, "unit.vacancies"), Value: ui.T(i18n.Number(l, int64(vacant)))},
	}
	return nil
}

// heldElsewhere reports whether a post of an office is held for the agency as a whole: a
// ward's clerk stands at the ward, not at its one-stop.
func (h handlers) heldElsewhere(held []identity.Post, agency, at orgunit.UnitID, role orgunit.Role, on clock.Date) bool {
	return at != agency && slices.ContainsFunc(held, func(p identity.Post) bool { return p.Unit == agency && p.Role == role && p.On(on) })
}

// add takes the form of a new office or a new post.
func (h handlers) add(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	sent, key, err := posted(r)
	if err != nil {
		return err
	}
	at := sent.Get("unit")
	if at == "" {
		at = r.PathValue("id")
	}
	unit, err := id.Parse[orgunit.Unit](at)
	if err != nil {
		return errs.E(errs.NotFound, "web.error.not_found", errs.Cause(err))
	}
	a := orgunit.Addition{Unit: unit, Name: sent.Get("name"), NameEN: sent.Get("nameEN"), Source: sent.Get("decision")}
	var typed string
	a.From, typed = dayOf(sent, "from")
	sent.Set("from", typed)
	for _, role := range sent["roles"] {
		a.Roles = append(a.Roles, orgunit.Role(role))
	}
	if sent.Get("what") == "office" && a.Name == "" {
		a.Name = " " // said beside its field
	}
	if _, err = h.svc.Propose(ctx, identity.Wish{Add: &a}, key); wrong(err) {
		var v unitView
		f := form{Values: sent, Problems: ui.ProblemsOf(ctx, err)}
		if sent.Get("what") == "office" {
			v.Office = f
		} else {
			v.Post = f
		}
		return h.showUnit(w, r, web.ProblemOf(ctx, err).Status, v)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/admin/units/"+r.PathValue("id")+"?done=proposed")
}

func posted(r *http.Request) (url.Values, string, error) {
	sent, err := web.Form(r)
	if err != nil {
		return nil, "", err
	}
	key, err := web.ClientKey(r)
	out := url.Values{}
	for k, v := range sent {
		out[k] = v
	}
	return out, key, err
}

// reader is who reads the page.
func reader(ctx context.Context) int64 { return auth.From(ctx).Account }
