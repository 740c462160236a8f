package dossierweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// People names colleagues.
type People interface {
	// HoldersIn lists who holds which role in some scopes on a day.
	HoldersIn(ctx context.Context, scopes []string, day clock.Date) ([]auth.Holder, error)
}

func (h *handlers) deskRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/desk", Policy: auth.Officer, Do: h.todayPage},
		{Method: http.MethodGet, Path: menuPath, Policy: auth.Officer, Do: h.menu},
		{Method: http.MethodGet, Path: "/desk/mine", Policy: auth.Officer, Do: h.held},
		{Method: http.MethodGet, Path: queuePath, Policy: auth.Officer, Do: h.queue},
		{Method: http.MethodPost, Path: filtersPath, Policy: auth.Officer, Do: h.keepFilter},
		{Method: http.MethodGet, Path: "/desk/search", Policy: auth.Officer, Do: h.search},
		{Method: http.MethodPost, Path: "/desk/bulk/preview", Policy: auth.Officer, Do: h.bulkPreview},
		{Method: http.MethodPost, Path: "/desk/bulk", Policy: auth.Officer, Do: h.bulkAct},
	}
}

// listView is a list of tasks that can be ticked.
type listView struct {
	Unit   string
	Title  string
	Lead   string
	Banner *ui.BannerArgs
	Tabs   []ui.Filter // the filters kept under a name
	Saved  *savedView
	Lost   string      // why there is no list
	Due    []ui.Filter // by urgency
	Filter *filterView
	Table  ui.TableArgs
	Bulk   *bulkBar
	Pages  ui.PageLinks
	More   *ui.Anchor // where the rest is
	Live   string     // topics on which the list listens
}

func (v listView) problems() ui.Problems {
	if v.Saved == nil {
		return nil
	}
	return v.Saved.Problems
}

// bulkBar is what can be done with the ticked rows.
type bulkBar struct {
	Back    string // this list, to come back to
	Do      ui.Field
	All     string // label of the choice of all that match; "" where the page holds all
	AllNote string
	Tick    string // address on which all rows are ticked
}

const listForm = "list"

const (
	todayRows = 60 // of the page that an officer begins the day with
	pageRows  = 50
)

// todayPage is what the reader should do next, what breaks first standing first.
func (h *handlers) todayPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	if q.Has("role") || q.Has("state") || q.Has("unit") || q.Has("cursor") { // the unit's list stood here once
		return web.Redirect(w, r, "/desk/queue?"+q.Encode())
	}
	now := h.clock.Now()
	today, err := h.svc.Today(ctx, todayRows)
	if err != nil {
		return err
	}
	v := listView{
		Title: i18n.T(ctx, "dossierweb.today.title"),
		Lead:  i18n.T(ctx, "dossierweb.today.lead", "n", len(today.Tasks), "held", today.Held),
	}
	if today.More {
		v.Lead = i18n.T(ctx, "dossierweb.today.leadMore", "n", len(today.Tasks))
		v.More = &ui.Anchor{Label: i18n.T(ctx, "dossierweb.today.more"), Href: "/desk/queue"}
	}
	v.Table = ui.TableArgs{
		Caption: i18n.T(ctx, "dossierweb.today.caption"), CaptionQuiet: true, First: true, Empty: i18n.T(ctx, "dossierweb.today.empty"),
		SelectName: "task", SelectForm: listForm,
		Head: []ui.Column{
			{Label: i18n.T(ctx, "dossierweb.col.code"), Tight: true}, {Label: i18n.T(ctx, "dossierweb.today.why")},
			{Label: i18n.T(ctx, "dossierweb.today.step")}, {Label: i18n.T(ctx, "dossierweb.col.holder")},
		},
	}
	me := auth.From(ctx).Account
	barred, err := h.svc.Barred(ctx, me, today.Tasks...)
	if err != nil {
		return err
	}
	for _, t := range today.Tasks {
		pkg, _ := h.services.ByDigest(t.Package)
		why := h.why(ctx, t, now)
		holder := ui.T(i18n.T(ctx, "dossierweb.queue.free"))
		if t.Assignee == me {
			holder = ui.Tagged(i18n.T(ctx, "dossierweb.queue.you"), ui.ToneActive)
		}
		holder.Note = dutyNote(ctx, barred[t.ID])
		v.Table.Rows = append(v.Table.Rows, ui.Row{
			Select: rowValue(t), Label: t.Code, Ticked: q.Get("tick") != "", Marked: t.Late(now),
			Cells: []ui.Cell{
				{Text: t.Code, Href: "/desk/tasks/" + t.ID.String(), Note: t.Applicant}, why,
				{Text: stepLabel(ctx, pkg, t.Step, false), Note: procedureName(ctx, pkg, t)}, holder,
			},
		})
	}
	v.Bulk = h.bulkBar(ctx, r.URL, q, today.Tasks)
	v.Live = h.listens(ctx)
	return web.Render(w, r, http.StatusOK, listPage(v))
}

// held is everything that the reader took.
func (h *handlers) held(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	f := dossier.TaskFilter{Mine: auth.From(ctx).Account, Limit: pageRows}
	if _, err := web.ReadCursor(q.Get("cursor"), &f.After.Due, &f.After.ID); err != nil {
		return err
	}
	page, err := h.svc.Queue(ctx, f)
	if err != nil {
		return err
	}
	v := listView{Title: i18n.T(ctx, "dossierweb.queue.mine")}
	if v.Table, err = h.taskTable(ctx, page.Tasks, nil, q.Get("tick") != ""); err != nil {
		return err
	}
	v.Pages = pageLinks(r.URL, q, page)
	v.Bulk = h.bulkBar(ctx, r.URL, q, page.Tasks)
	v.Live = h.listens(ctx)
	return web.Render(w, r, http.StatusOK, listPage(v))
}

func pageLinks(u *url.URL, q url.Values, page dossier.TaskPage) (out ui.PageLinks) {
	if page.Next != nil {
		out.Next = withQuery(u, q, "cursor", web.NewCursor(page.Next.Due, page.Next.ID))
	}
	if q.Get("cursor") != "" {
		out.Prev = withQuery(u, q, "cursor", "")
	}
	return out
}

// rowValue names a task and the version that the reader saw.
func rowValue(t dossier.Task) string { return t.ID.String() + ":" + strconv.FormatInt(t.Version, 10) }

func procedureName(ctx context.Context, pkg *service.Package, t dossier.Task) string {
	if pkg == nil {
		return t.Procedure
	}
	return say(ctx, pkg.Name())
}

// withQuery is this page with one parameter changed, from its first page on.
func withQuery(u *url.URL, q url.Values, name, value string) string {
	out := url.Values{}
	for k, v := range q {
		if k != "cursor" && k != "tick" {
			out[k] = v
		}
	}
	out.Del(name)
	if value != "" {
		out.Set(name, value)
	}
	if len(out) == 0 {
		return u.Path
	}
	return u.Path + "?" + out.Encode()
}

// taskTable lists tasks; names are of those who may hold them.
func (h *handlers) taskTable(ctx context.Context, tasks []dossier.Task, names map[int64]string, ticked bool) (ui.TableArgs, error) {
	now := h.clock.Now()
	barred, err := h.svc.Barred(ctx, auth.From(ctx).Account, tasks...)
	t := ui.TableArgs{
		Caption: i18n.T(ctx, "dossierweb.queue.caption"), CaptionQuiet: true, First: true, Empty: i18n.T(ctx, "dossierweb.queue.empty"),
		SelectName: "task", SelectForm: listForm,
		Head: []ui.Column{
			{Label: i18n.T(ctx, "dossierweb.col.code"), Tight: true}, {Label: i18n.T(ctx, "dossierweb.col.procedure")}, {Label: i18n.T(ctx, "dossierweb.col.step")},
			{Label: i18n.T(ctx, "dossierweb.col.taskDue")}, {Label: i18n.T(ctx, "dossierweb.col.promised")}, {Label: i18n.T(ctx, "dossierweb.col.holder")},
		},
	}
	for _, x := range tasks {
		pkg, _ := h.services.ByDigest(x.Package)
		promised := ui.T(i18n.T(ctx, "dossierweb.due.notYet"))
		if !x.Promised.IsZero() {
			promised = ui.T(shortTime(ctx, x.Promised))
		}
		due := dueCell(ctx, x.DueAt, now, false)
		if x.State == process.Financial { // nobody can do it before
			due = ui.Tagged(i18n.T(ctx, "dossierweb.fee.waits"), ui.ToneWaiting)
		}
		holder := holderCell(ctx, x, names)
		holder.Note = dutyNote(ctx, barred[x.ID])
		t.Rows = append(t.Rows, ui.Row{
			Select: rowValue(x), Label: x.Code, Ticked: ticked, Marked: x.Late(now),
			Cells: []ui.Cell{
				ui.L(x.Code, "/desk/tasks/"+x.ID.String()),
				{Text: procedureName(ctx, pkg, x), Note: x.Applicant},
				{Text: stepLabel(ctx, pkg, x.Step, false), Note: roleName(ctx, x.Role)},
				due, promised, holder,
			},
		})
	}
	return t, err
}

// dutyNote marks a task that the reader may not decide.
func dutyNote(ctx context.Context, earlier dossier.Did) string {
	if earlier.Duty == dossier.NoDuty {
		return ""
	}
	return i18n.T(ctx, "dossierweb.duty."+earlier.Duty.String())
}

func holderCell(ctx context.Context, x dossier.Task, names map[int64]string) ui.Cell {
	switch me := auth.From(ctx).Account; {
	case x.Assignee == 0:
		return ui.T(i18n.T(ctx, "dossierweb.queue.free"))
	case x.Assignee == me:
		return ui.Tagged(i18n.T(ctx, "dossierweb.queue.you"), ui.ToneActive)
	case names[x.Assignee] != "":
		return ui.T(names[x.Assignee])
	}
	return ui.T(x.LastBy)
}

// colleagues names who works at a unit: its own people and those of the agency that it is
// part of.
func (h *handlers) colleagues(ctx context.Context, u orgunit.UnitID) ([]auth.Holder, map[int64]string, error) {
	scopes := []string{"unit:" + u.String()}
	if a, ok := h.units.At(h.today()).AgencyOf(u); ok && a.ID != u {
		scopes = append(scopes, "unit:"+a.ID.String())
	}
	all, err := h.people.HoldersIn(ctx, scopes, h.today())
	names := make(map[int64]string, len(all))
	var out []auth.Holder
	for _, p := range all {
		if names[p.Account] == "" {
			names[p.Account] = p.Name
			out = append(out, p)
		}
	}
	return out, names, err
}

// listens are the topics of an officer's lists: the queues of their posts, and their own work.
func (h *handlers) listens(ctx context.Context, more ...orgunit.UnitID) string {
	return strings.Join(dossier.TopicsOf(0, append(h.svc.Posts(ctx), more...), auth.From(ctx).Account), " ")
}
