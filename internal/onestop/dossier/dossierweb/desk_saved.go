package dossierweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/desk"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

// savedView is the form beneath the filters: it keeps those of the page under a name, or
// changes the kept ones that the page shows.
type savedView struct {
	Title    string
	Lead     string // "" for a new one
	Open     bool
	Key      string
	Hidden   []ui.KeyText
	Name     *ui.Field
	Owner    *ui.Field // nil where the reader shares with nobody
	First    *ui.Field
	Submit   string // label of the button that keeps
	Others   []ui.Choice
	Problems ui.Problems
}

// What the form about kept filters does.
const (
	savedKeep     = "keep"
	savedFirst    = "first"
	savedNotFirst = "notFirst"
	savedDelete   = "delete"
	savedShared   = "unit" // value of owner
)

const (
	queuePath   = "/desk/queue"
	filtersPath = "/desk/queue/filters"
)

// maxKept bounds the words of a filter that are names from outside.
const maxKept = 60

// keptQuery is what is kept of a filter: its known parameters, as queueFilter reads them.
// The unit is kept beside; the place in the list is not kept.
func keptQuery(ctx context.Context, f dossier.TaskFilter) url.Values {
	out := url.Values{}
	known := func(r orgunit.RoleInfo) bool { return string(r.Role) == f.Roles[0] }
	if len(f.Roles) == 1 && slices.ContainsFunc(orgunit.Roles(), known) {
		out.Set("role", f.Roles[0])
	}
	if f.State != 0 {
		out.Set("state", f.State.String())
	}
	if f.Procedure != "" && len(f.Procedure) <= maxKept {
		out.Set("procedure", f.Procedure)
	}
	if f.Due != dossier.AnyTime {
		out.Set("due", f.Due.String())
	}
	switch f.Holder {
	case dossier.AnyHolder:
	case dossier.HeldByNobody:
		out.Set("holder", byNobody)
	case dossier.Holder(auth.From(ctx).Account):
		out.Set("holder", byMe) // of a shared one: each reader's own
	default:
		out.Set("holder", dossier.ID(f.Holder).String())
	}
	return out
}

// keptValues are the parameters of a kept filter.
func keptValues(x desk.Filter) url.Values {
	q, err := url.ParseQuery(x.Query)
	if err != nil {
		q = url.Values{}
	}
	q.Set("unit", x.Unit.String())
	return q
}

// kept is a saved filter as it stands now.
type kept struct {
	desk.Filter
	f    dossier.TaskFilter
	lost bool // the reader has no part in its unit any more
}

func (h *handlers) keptFilters(ctx context.Context, at orgunit.UnitID) ([]kept, error) {
	all, err := h.desk.Filters(ctx, at)
	out := make([]kept, len(all))
	for i, x := range all {
		f, err := h.queueFilter(ctx, keptValues(x))
		out[i] = kept{x, f, err != nil || len(h.svc.RolesAt(ctx, f.Unit)) == 0}
	}
	return out, err
}

// href leads to the list of a filter, or to the page that says why there is none.
func (x kept) href() string {
	if x.lost {
		return queuePath + "?saved=" + x.ID.String()
	}
	return queuePath + "?" + keptValues(x.Filter).Encode()
}

// opening is the filter that an address without filters names: the one asked for by its id,
// or the default of who names none.
func opening(all []kept, saved string) (kept, bool, error) {
	i := slices.IndexFunc(all, func(x kept) bool {
		if saved != "" {
			return x.ID.String() == saved
		}
		return x.Default
	})
	switch {
	case i >= 0:
		return all[i], true, nil
	case saved != "":
		return kept{}, false, errs.E(errs.NotFound, "desk.filter.notFound")
	}
	return kept{}, false, nil
}

// lostPage says that a kept filter has nothing to show, and lets it be deleted.
func (h *handlers) lostPage(w http.ResponseWriter, r *http.Request, status int, all []kept, x kept, refused error) error {
	ctx := r.Context()
	units := h.svc.Posts(ctx)
	for _, k := range all {
		units = append(units, k.f.Unit)
	}
	piles, err := h.svc.Piles(ctx, units...)
	if err != nil {
		return err
	}
	v := listView{
		Title: i18n.T(ctx, "dossierweb.queue.title"),
		Tabs:  h.tabs(ctx, all, h.home(ctx), x.ID, piles),
		Lost:  i18n.T(ctx, "dossierweb.saved.lost", "name", x.Name, "unit", h.unitName(ctx, x.Unit, h.clock.Now())),
	}
	if u, ok := h.units.Register().Unit(x.Unit); ok {
		if last, ended := u.LastDay(); ended && last.Before(clock.DateOf(h.clock.Now())) {
			v.Lost = i18n.T(ctx, "dossierweb.saved.ended", "name", x.Name, "unit", h.unitName(ctx, x.Unit, last.At(12, 0)), "last", last)
		}
	}
	if h.desk.MayKeepFilter(ctx, x.Filter) {
		v.Saved = h.savedForm(ctx, &x, dossier.TaskFilter{Unit: x.Unit}, nil, refused)
	}
	v.refused(ctx, refused)
	return web.Render(w, r, status, listPage(v))
}

// home is the unit whose queue opens where none is named.
func (h *handlers) home(ctx context.Context) orgunit.UnitID {
	u, err := h.unitOf(ctx, "")
	if err != nil {
		return 0
	}
	return u
}

// refused says in a banner what no field tells.
func (v *listView) refused(ctx context.Context, err error) {
	if err != nil && (v.Saved == nil || len(v.Saved.Problems) == 0) {
		v.Banner = &ui.BannerArgs{Text: web.ProblemOf(ctx, err).Detail, Tone: ui.ToneStopped, Alert: true}
	}
}

// tabs are the whole queue of a unit and the kept filters, each with how many tasks it leaves.
func (h *handlers) tabs(ctx context.Context, all []kept, at orgunit.UnitID, current desk.FilterID, piles map[orgunit.UnitID][]dossier.Pile) []ui.Filter {
	if len(all) == 0 {
		return nil
	}
	whole := dossier.TaskFilter{Unit: at}
	out := []ui.Filter{{Label: i18n.T(ctx, "dossierweb.saved.whole"), Href: queuePath + "?unit=" + at.String(), Count: count(piles[at], whole)}}
	for _, x := range all {
		t := ui.Filter{Label: x.Name, Href: x.href(), Count: -1, Current: x.ID == current}
		if x.Account == 0 {
			t.Label = i18n.T(ctx, "dossierweb.saved.shared", "name", x.Name)
		}
		if !x.lost {
			t.Count = count(piles[x.f.Unit], x.f)
		}
		out = append(out, t)
	}
	return out
}

// shown is the kept filter that a list shows.
func shown(ctx context.Context, all []kept, f dossier.TaskFilter) *kept {
	query := keptQuery(ctx, f).Encode()
	i := slices.IndexFunc(all, func(x kept) bool { return x.Unit == f.Unit && x.Query == query })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// savedForm is the form about the filters of a page; x is the kept one that it shows.
func (h *handlers) savedForm(ctx context.Context, x *kept, f dossier.TaskFilter, sent url.Values, refused error) *savedView {
	t := func(key string, args ...any) string { return i18n.T(ctx, "dossierweb.saved."+key, args...) }
	v := &savedView{Key: web.NewKey(), Open: refused != nil}
	if e, ok := errs.As(refused); ok && len(e.Fields) > 0 {
		v.Problems = ui.ProblemsOf(ctx, refused)
	}
	if x != nil && h.desk.MayKeepFilter(ctx, x.Filter) {
		v.Title, v.Submit = t("change", "name", x.Name), t("rename")
		v.Name = nameField(ctx, x.Name, sent, v.Problems)
		if x.Account == 0 {
			v.Lead = t("isShared", "unit", h.unitName(ctx, x.Unit, h.clock.Now()))
		}
		query := keptValues(x.Filter).Encode()
		switch {
		case x.lost:
			query, v.Name, v.Submit, v.Open = "saved="+x.ID.String(), nil, "", true
		case x.Account == 0:
		case x.Default:
			v.Lead = t("isFirst")
			v.Others = append(v.Others, ui.Choice{Label: t("notFirst"), Name: "do", Value: savedNotFirst})
		default:
			v.Others = append(v.Others, ui.Choice{Label: t("makeFirst"), Name: "do", Value: savedFirst})
		}
		v.Others = append(v.Others, ui.Choice{Label: t("delete"), Name: "do", Value: savedDelete})
		v.Hidden = []ui.KeyText{{Name: "query", Value: query}, {Name: "id", Value: x.ID.String()}, {Name: "version", Value: strconv.FormatInt(x.Version, 10)}}
		return v
	}
	q := keptQuery(ctx, f)
	q.Set("unit", f.Unit.String())
	v.Title, v.Submit, v.Name = t("title"), t("keep"), nameField(ctx, "", sent, v.Problems)
	v.Hidden = []ui.KeyText{{Name: "query", Value: q.Encode()}}
	v.First = &ui.Field{Name: "first", Label: t("firstLabel"), Values: sent["first"], Small: true, Options: []ui.Option{{Value: "1", Label: t("first")}}}
	if h.desk.MayKeepFilter(ctx, desk.Filter{Unit: f.Unit}) {
		v.First.Options[0].Hint = t("firstHint")
		v.Owner = &ui.Field{Name: "owner", Label: t("owner"), Value: sent.Get("owner"), Small: true, Options: []ui.Option{
			{Value: "me", Label: t("me")}, {Value: savedShared, Label: h.unitName(ctx, f.Unit, h.clock.Now())},
		}}
		if v.Owner.Value == "" {
			v.Owner.Value = "me"
		}
	}
	return v
}

func nameField(ctx context.Context, name string, sent url.Values, problems ui.Problems) *ui.Field {
	if sent.Has("name") {
		name = sent.Get("name")
	}
	return &ui.Field{Name: "name", Label: i18n.T(ctx, "dossierweb.saved.name"), Value: name, Error: problems.For("name"), MaxLength: desk.MaxFilterName, Width: ui.WidthTwo}
}

// keepFilter takes the form about kept filters.
func (h *handlers) keepFilter(w http.ResponseWriter, r *http.Request) error {
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	q, err := url.ParseQuery(sent.Get("query"))
	if err != nil {
		return errs.E(errs.Invalid, "desk.filter.notFound", errs.Cause(err))
	}
	f, err := h.queueFilter(ctx, q)
	if err != nil {
		return err
	}
	done := "saved"
	if sent.Get("id") == "" {
		err = h.newFilter(ctx, f, sent, key)
	} else {
		done, err = h.changeFilter(ctx, f.Unit, sent, key)
	}
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.Mismatch, errs.Forbidden:
		if err != nil {
			return h.showQueue(w, r, web.ProblemOf(ctx, err).Status, q, sent, err)
		}
	}
	if err != nil {
		return err
	}
	back := keptQuery(ctx, f)
	back.Set("unit", f.Unit.String())
	back.Set("done", done)
	return web.Redirect(w, r, queuePath+"?"+back.Encode())
}

func (h *handlers) newFilter(ctx context.Context, f dossier.TaskFilter, sent url.Values, key string) error {
	if len(h.svc.RolesAt(ctx, f.Unit)) == 0 {
		return errs.E(errs.Forbidden, "dossier.queue.notYours")
	}
	x := desk.Filter{Account: auth.From(ctx).Account, Unit: f.Unit, Name: sent.Get("name"), Query: keptQuery(ctx, f).Encode(), Default: sent.Get("first") != ""}
	if sent.Get("owner") == savedShared {
		x.Account, x.Default = 0, false
	}
	_, err := h.desk.KeepFilter(ctx, x, key)
	return err
}

func (h *handlers) changeFilter(ctx context.Context, at orgunit.UnitID, sent url.Values, key string) (done string, err error) {
	missing := errs.E(errs.NotFound, "desk.filter.notFound")
	v, err := id.Parse[desk.Filter](sent.Get("id"))
	if err != nil {
		return "", missing
	}
	version, _ := strconv.ParseInt(sent.Get("version"), 10, 64)
	if sent.Get("do") == savedDelete {
		return "deleted", h.desk.RemoveFilter(ctx, v, version, key)
	}
	all, err := h.desk.Filters(ctx, at)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(all, func(x desk.Filter) bool { return x.ID == v })
	if i < 0 {
		return "", missing
	}
	x := all[i]
	x.Version, done = version, "saved"
	switch sent.Get("do") {
	case savedFirst:
		x.Default, done = true, "first"
	case savedNotFirst:
		x.Default, done = false, "notFirst"
	default:
		x.Name = sent.Get("name")
	}
	_, err = h.desk.KeepFilter(ctx, desk.Filter{ID: x.ID, Version: x.Version, Account: x.Account, Unit: x.Unit, Name: x.Name, Default: x.Default}, key)
	return done, err
}
