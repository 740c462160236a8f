package dossierweb

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/desk"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// filterView is the form above a unit's list.
type filterView struct {
	Fields []ui.Field
	Open   bool         // something is chosen
	Keep   []ui.KeyText // what the form carries beside its fields
	Clear  string
}

// Words of the filters in addresses.
const (
	byNobody = "free"
	byMe     = "mine"
)

// queueFilter reads the filters of a unit's list from its address.
func (h *handlers) queueFilter(ctx context.Context, q url.Values) (f dossier.TaskFilter, err error) {
	if f.Unit, err = h.unitOf(ctx, q.Get("unit")); err != nil {
		return f, err
	}
	if role := q.Get("role"); role != "" {
		f.Roles = []string{role}
	}
	if s, ok := process.ParseState(q.Get("state")); ok {
		f.State = s
	}
	f.Procedure = q.Get("procedure")
	f.Due, _ = dossier.ParseUrgency(q.Get("due"))
	switch who := q.Get("holder"); who {
	case "":
	case byNobody:
		f.Holder = dossier.HeldByNobody
	case byMe:
		f.Holder = dossier.Holder(auth.From(ctx).Account)
	default:
		account, err := id.Parse[auth.Account](who)
		if err != nil {
			return f, errs.E(errs.Invalid, "dossierweb.account", errs.Cause(err))
		}
		f.Holder = dossier.Holder(account)
	}
	_, err = web.ReadCursor(q.Get("cursor"), &f.After.Due, &f.After.ID)
	return f, err
}

// queue is a unit's open tasks, the first due first. Without filters it opens with the kept
// ones that the reader made their default.
func (h *handlers) queue(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return h.showQueue(w, r, http.StatusOK, q, nil, nil)
}

// showQueue draws the list; sent is the form about kept filters, refused why it was not taken.
func (h *handlers) showQueue(w http.ResponseWriter, r *http.Request, status int, q, sent url.Values, refused error) error {
	ctx := r.Context()
	var all []kept
	if saved := q.Get("saved"); saved != "" || len(q) == 0 {
		var err error
		if all, err = h.keptFilters(ctx, 0); err != nil {
			return err
		}
		x, ok, err := opening(all, saved)
		switch {
		case err != nil:
			return err
		case ok && x.lost:
			return h.lostPage(w, r, status, all, x, refused)
		case ok:
			return web.Redirect(w, r, x.href())
		}
	}
	f, err := h.queueFilter(ctx, q)
	if err != nil {
		return err
	}
	f.Limit = pageRows
	page, err := h.svc.Queue(ctx, f)
	if err != nil {
		return err
	}
	if all == nil {
		if all, err = h.keptFilters(ctx, f.Unit); err != nil {
			return err
		}
	}
	units := []orgunit.UnitID{f.Unit}
	for _, x := range all {
		units = append(units, x.f.Unit)
	}
	counts, err := h.svc.Piles(ctx, units...)
	if err != nil {
		return err
	}
	piles := counts[f.Unit]
	_, names, err := h.colleagues(ctx, f.Unit)
	if err != nil {
		return err
	}
	done := q.Get("done")
	q.Del("done")
	q.Set("unit", f.Unit.String()) // an address that names nothing opens the default
	u := &url.URL{Path: queuePath, RawQuery: q.Encode()}
	v := listView{
		Unit: h.unitName(ctx, f.Unit, h.clock.Now()), Title: i18n.T(ctx, "dossierweb.queue.title"),
		Pages: pageLinks(u, q, page),
	}
	if v.Table, err = h.taskTable(ctx, page.Tasks, names, q.Get("tick") != ""); err != nil {
		return err
	}
	switch done {
	case "saved", "deleted", savedFirst, savedNotFirst:
		v.Banner = &ui.BannerArgs{Text: i18n.T(ctx, "dossierweb.saved.done."+done), Tone: ui.ToneDone, Alert: true}
	}
	h.filters(ctx, &v, u, q, f, piles, names)
	now := shown(ctx, all, f)
	var current desk.FilterID
	if now != nil {
		current = now.ID
	}
	v.Tabs = h.tabs(ctx, all, f.Unit, current, counts)
	if len(v.Tabs) > 0 && now == nil {
		v.Tabs[0].Current = len(keptQuery(ctx, f)) == 0
	}
	if now != nil || refused != nil || len(keptQuery(ctx, f)) > 0 || len(h.svc.Posts(ctx)) > 1 {
		v.Saved = h.savedForm(ctx, now, f, sent, refused)
	}
	v.refused(ctx, refused)
	v.Bulk = h.bulkBar(ctx, u, q, page.Tasks)
	if n := count(piles, f); n > len(page.Tasks) && v.Bulk != nil {
		v.Bulk.All = i18n.T(ctx, "dossierweb.bulk.all", "n", min(n, dossier.MaxMany))
		if n > dossier.MaxMany {
			v.Bulk.AllNote = i18n.T(ctx, "dossierweb.bulk.allNote", "n", n, "max", dossier.MaxMany)
		}
	}
	v.Live = h.listens(ctx, f.Unit)
	return web.Render(w, r, status, listPage(v))
}

// count is how many tasks a filter leaves.
func count(piles []dossier.Pile, f dossier.TaskFilter) (n int) {
	for _, p := range piles {
		if p.Matches(f) {
			n += p.N
		}
	}
	return n
}

// filters draws what a list can be narrowed by; the number beside each choice is what
// would be left with the other filters as they are.
func (h *handlers) filters(ctx context.Context, v *listView, u *url.URL, q url.Values, f dossier.TaskFilter, piles []dossier.Pile, names map[int64]string) {
	of := func(change func(*dossier.TaskFilter)) int {
		g := f
		change(&g)
		return count(piles, g)
	}
	v.Due = append(v.Due, ui.Filter{
		Label: i18n.T(ctx, "dossierweb.queue.anyTime"), Href: withQuery(u, q, "due", ""), Current: f.Due == dossier.AnyTime,
		Count: of(func(g *dossier.TaskFilter) { g.Due = dossier.AnyTime }),
	})
	for _, x := range dossier.Urgencies() {
		v.Due = append(v.Due, ui.Filter{
			Label: i18n.T(ctx, "dossierweb.queue.due."+x.String()), Href: withQuery(u, q, "due", x.String()), Current: f.Due == x,
			Count: of(func(g *dossier.TaskFilter) { g.Due = x }),
		})
	}
	field := func(name, value string, options []ui.Option, any string, all int) {
		options = append([]ui.Option{{Value: "", Label: withCount(i18n.T(ctx, any), all)}}, options...)
		v.Filter.Fields = append(v.Filter.Fields, ui.Field{Name: name, Label: i18n.T(ctx, "dossierweb.queue.by."+name), Value: value, Options: options})
		v.Filter.Open = v.Filter.Open || value != ""
	}
	v.Filter = &filterView{Clear: queuePath + "?unit=" + f.Unit.String()}
	if f.Due != dossier.AnyTime {
		v.Filter.Keep = append(v.Filter.Keep, ui.KeyText{Name: "due", Value: f.Due.String()})
	}
	h.postField(ctx, v, f.Unit)
	field("role", q.Get("role"), choices(piles, func(p dossier.Pile) string { return p.Role }, func(x string) (string, int) {
		return roleName(ctx, x), of(func(g *dossier.TaskFilter) { g.Roles = []string{x} })
	}), "dossierweb.queue.all", of(func(g *dossier.TaskFilter) { g.Roles = nil }))
	field("state", q.Get("state"), choices(piles, func(p dossier.Pile) string { return p.State.String() }, func(x string) (string, int) {
		s, _ := process.ParseState(x)
		return stateWord(ctx, s), of(func(g *dossier.TaskFilter) { g.State = s })
	}), "dossierweb.queue.anyState", of(func(g *dossier.TaskFilter) { g.State = 0 }))
	field("procedure", q.Get("procedure"), choices(piles, func(p dossier.Pile) string { return p.Procedure }, func(x string) (string, int) {
		return h.procedure(ctx, x), of(func(g *dossier.TaskFilter) { g.Procedure = x })
	}), "dossierweb.queue.anyProcedure", of(func(g *dossier.TaskFilter) { g.Procedure = "" }))
	me := dossier.Holder(auth.From(ctx).Account)
	word := func(who dossier.Holder) string {
		switch who {
		case dossier.HeldByNobody:
			return byNobody
		case me:
			return byMe
		}
		return dossier.ID(who).String()
	}
	holders := choices(piles, func(p dossier.Pile) string { return word(p.Holder) }, func(x string) (string, int) {
		g := dossier.TaskFilter{}
		label := x
		switch x {
		case byNobody:
			g.Holder, label = dossier.HeldByNobody, i18n.T(ctx, "dossierweb.queue.free")
		case byMe:
			g.Holder, label = me, i18n.T(ctx, "dossierweb.queue.you")
		default:
			account, _ := id.Parse[auth.Account](x)
			g.Holder = dossier.Holder(account)
			if label = names[int64(account)]; label == "" {
				label = i18n.T(ctx, "dossierweb.queue.formerColleague")
			}
		}
		return label, of(func(o *dossier.TaskFilter) { o.Holder = g.Holder })
	})
	field("holder", q.Get("holder"), holders, "dossierweb.queue.anyHolder", of(func(g *dossier.TaskFilter) { g.Holder = dossier.AnyHolder }))
}

// choices are the values of one filter that lie in the piles, by their words.
func choices(piles []dossier.Pile, of func(dossier.Pile) string, say func(string) (string, int)) []ui.Option {
	var out []ui.Option
	seen := map[string]bool{}
	for _, p := range piles {
		x := of(p)
		if seen[x] {
			continue
		}
		seen[x] = true
		label, n := say(x)
		out = append(out, ui.Option{Value: x, Label: withCount(label, n)})
	}
	slices.SortFunc(out, func(a, b ui.Option) int {
		return cmp.Or(strings.Compare(a.Label, b.Label), strings.Compare(a.Value, b.Value))
	})
	return out
}

func withCount(label string, n int) string { return label + " (" + strconv.Itoa(n) + ")" }

// postField is the choice between the units in which the reader holds a post.
func (h *handlers) postField(ctx context.Context, v *listView, at orgunit.UnitID) {
	posts := h.svc.Posts(ctx)
	if !slices.Contains(posts, at) {
		posts = append(posts, at) // a unit below a post, by its address
	}
	if len(posts) < 2 {
		return
	}
	f := ui.Field{Name: "unit", Label: i18n.T(ctx, "dossierweb.queue.by.unit"), Value: at.String()}
	for _, u := range posts {
		f.Options = append(f.Options, ui.Option{Value: u.String(), Label: h.unitName(ctx, u, h.clock.Now())})
	}
	v.Filter.Fields = append(v.Filter.Fields, f)
}

// procedure names a procedure by the service in force, or by its code.
func (h *handlers) procedure(ctx context.Context, code string) string {
	if pkg, ok := h.services.ForProcedure(code, h.today()); ok {
		return say(ctx, pkg.Name())
	}
	return code
}
