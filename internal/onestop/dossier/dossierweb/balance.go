package dossierweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

// balanceView is the page on which a head spreads a unit's work.
type balanceView struct {
	Unit     string // name
	UnitID   string
	Units    []ui.Filter
	Posts    []ui.Filter
	Role     string
	People   ui.TableArgs
	Free     int // tasks that nobody holds
	Number   ui.Field
	Among    ui.Field
	Plan     *ui.TableArgs
	Rows     []string // task:version:account of the plan
	Results  *ui.TableArgs
	Key      string
	Problems ui.Problems
	Banner   *ui.BannerArgs
}

const dealtByDefault = 10

// balancePage shows the load of each colleague at a post, and with ?n= how the next tasks
// would be dealt.
func (h *handlers) balancePage(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return h.showBalance(w, r, http.StatusOK, q, nil)
}

func (h *handlers) showBalance(w http.ResponseWriter, r *http.Request, status int, q url.Values, results *ui.TableArgs) error {
	ctx := r.Context()
	var mine []orgunit.UnitID
	for _, u := range h.svc.Posts(ctx) {
		if h.svc.DealsOut(ctx, u) {
			mine = append(mine, u)
		}
	}
	u, err := id.Parse[orgunit.Unit](q.Get("unit"))
	if err != nil && len(mine) > 0 {
		u = mine[0]
	}
	if u == 0 || !h.svc.DealsOut(ctx, u) {
		return errs.E(errs.Forbidden, "dossierweb.balance.heads")
	}
	counts, err := h.svc.Counts(ctx, u)
	if err != nil {
		return err
	}
	v := balanceView{UnitID: u.String(), Unit: h.unitName(ctx, u, h.clock.Now()), Role: q.Get("role"), Key: web.NewKey(), Results: results}
	for _, x := range mine {
		v.Units = append(v.Units, ui.Filter{Label: h.unitName(ctx, x, h.clock.Now()), Href: "/desk/balance?unit=" + x.String(), Count: -1, Current: x == u})
	}
	for _, role := range orgunit.Roles() {
		c := counts[string(role.Role)]
		if c.Open == 0 {
			continue
		}
		if v.Role == "" {
			v.Role = string(role.Role)
		}
		v.Posts = append(v.Posts, ui.Filter{Label: roleName(ctx, string(role.Role)), Href: "/desk/balance?unit=" + u.String() + "&role=" + string(role.Role), Count: c.Open, Current: v.Role == string(role.Role)})
	}
	people, err := h.svc.HoldersOf(ctx, u, v.Role)
	if err != nil {
		return err
	}
	v.People = h.loadTable(ctx, people)
	v.Free = counts[v.Role].Open
	v.Number = ui.Field{Name: "n", Label: i18n.T(ctx, "dossierweb.balance.number"), Value: q.Get("n"), Width: ui.Width4, Mode: "numeric"}
	if v.Number.Value == "" {
		v.Number.Value = strconv.Itoa(min(dealtByDefault, max(v.Free, 1)))
	}
	v.Among = ui.Field{Name: "to", Label: i18n.T(ctx, "dossierweb.balance.among"), Values: q["to"], Small: true}
	for _, p := range people {
		account := strconv.FormatInt(p.Account, 10)
		v.Among.Options = append(v.Among.Options, ui.Option{Value: account, Label: p.Name})
		if !q.Has("n") {
			v.Among.Values = append(v.Among.Values, account)
		}
	}
	if q.Has("n") && results == nil {
		if err := h.plan(ctx, &v, u, q); err != nil {
			switch errs.KindOf(err) {
			case errs.Invalid:
				v.Problems = ui.ProblemsOf(ctx, err)
				v.Number.Error, v.Among.Error = v.Problems.For("n"), v.Problems.For("to")
				status = web.ProblemOf(ctx, err).Status
			default:
				return err
			}
		}
	}
	return web.Render(w, r, status, balancePage(v))
}

func (h *handlers) loadTable(ctx context.Context, people []dossier.Colleague) ui.TableArgs {
	t := ui.TableArgs{
		Caption: i18n.T(ctx, "dossierweb.balance.load"), First: true, Empty: i18n.T(ctx, "dossierweb.balance.nobody"),
		Head: []ui.Column{{Label: i18n.T(ctx, "dossierweb.balance.person")}, {Label: i18n.T(ctx, "dossierweb.balance.open"), Numeric: true}, {Label: i18n.T(ctx, "dossierweb.balance.late"), Numeric: true}},
	}
	for _, p := range people {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.T(p.Name), ui.T(strconv.Itoa(p.Open)), ui.T(strconv.Itoa(p.Late))}})
	}
	return t
}

func (h *handlers) plan(ctx context.Context, v *balanceView, u orgunit.UnitID, q url.Values) error {
	n, _ := strconv.Atoi(q.Get("n"))
	var among []int64
	for _, a := range q["to"] {
		if x, err := strconv.ParseInt(a, 10, 64); err == nil {
			among = append(among, x)
		}
	}
	deals, err := h.svc.PlanBalance(ctx, u, v.Role, n, among)
	if err != nil {
		return err
	}
	t := ui.TableArgs{
		Caption: i18n.T(ctx, "dossierweb.balance.plan", "n", len(deals)), First: true, Empty: i18n.T(ctx, "dossierweb.balance.noFree"),
		Head: []ui.Column{{Label: i18n.T(ctx, "dossierweb.col.code")}, {Label: i18n.T(ctx, "dossierweb.col.step")}, {Label: i18n.T(ctx, "dossierweb.col.taskDue")}, {Label: i18n.T(ctx, "dossierweb.balance.to")}},
	}
	now := h.clock.Now()
	for _, d := range deals {
		pkg, _ := h.services.ByDigest(d.Task.Package)
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			ui.L(d.Task.Code, "/desk/tasks/"+d.Task.ID.String()), {Text: stepLabel(ctx, pkg, d.Task.Step, false), Note: d.Task.Applicant},
			dueCell(ctx, d.Task.DueAt, now, false), ui.T(d.To.Name),
		}})
		v.Rows = append(v.Rows, d.Task.ID.String()+":"+strconv.FormatInt(d.Task.Version, 10)+":"+strconv.FormatInt(d.To.Account, 10))
	}
	v.Plan = &t
	return nil
}

// balance deals the tasks out as the preview showed; what somebody took meanwhile is told
// in its row and the rest is done.
func (h *handlers) balance(w http.ResponseWriter, r *http.Request) error {
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	by := map[int64][]dossier.Command{}
	for _, row := range sent["row"] {
		part := strings.Split(row, ":")
		if len(part) != 3 || len(sent["row"]) > dossier.MaxBalance {
			return errs.E(errs.Invalid, "dossierweb.balance.row")
		}
		task, err := id.Parse[dossier.Task](part[0])
		if err != nil {
			return errs.E(errs.Invalid, "dossierweb.balance.row", errs.Cause(err))
		}
		seen, _ := strconv.ParseInt(part[1], 10, 64)
		to, err := strconv.ParseInt(part[2], 10, 64)
		if err != nil || to <= 0 {
			return errs.E(errs.Invalid, "dossierweb.balance.row")
		}
		by[to] = append(by[to], dossier.Command{Task: task, Version: seen, Key: key})
	}
	t := ui.TableArgs{
		Caption: i18n.T(ctx, "dossierweb.balance.results"), First: true,
		Head: []ui.Column{{Label: i18n.T(ctx, "dossierweb.col.code")}, {Label: i18n.T(ctx, "dossierweb.balance.result")}},
	}
	var accounts []int64
	for to := range by {
		accounts = append(accounts, to)
	}
	slices.Sort(accounts)
	for _, to := range accounts {
		for _, x := range h.svc.AssignMany(ctx, by[to], to) {
			said := i18n.T(ctx, "dossierweb.balance.given")
			if x.Err != nil {
				said = web.ProblemOf(ctx, x.Err).Detail
			}
			t.Rows = append(t.Rows, ui.Row{Marked: x.Err != nil, Cells: []ui.Cell{ui.L(x.Code, "/desk/tasks/"+x.Task.String()), ui.T(said)}})
		}
	}
	return h.showBalance(w, r, http.StatusOK, url.Values{"unit": sent["unit"], "role": sent["role"]}, &t)
}

func dealt(v balanceView) []ui.KeyText {
	out := []ui.KeyText{{Name: "unit", Value: v.UnitID}, {Name: "role", Value: v.Role}}
	for _, row := range v.Rows {
		out = append(out, ui.KeyText{Name: "row", Value: row})
	}
	return out
}
