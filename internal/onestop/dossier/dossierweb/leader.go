package dossierweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// Accounts names people; auth.Service answers it.
type Accounts interface {
	Names(ctx context.Context, ids []int64) (map[int64]string, error)
}

// leaders may open the leader's page: who holds a role that acts as leader.
func leaders() auth.Policy {
	var roles []string
	for _, r := range orgunit.Roles() {
		if r.Role.Acts(orgunit.RoleLeader) {
			roles = append(roles, string(r.Role))
		}
	}
	return auth.AnyRole(roles...)
}

// leaderView is the leader's page: the overview, or one list.
type leaderView struct {
	Unit     string
	List     dossier.LeaderList // "" for the overview
	Units    []ui.Filter        // where the reader leads several
	Tiles    []leaderTile
	Cards    []cardView
	More     string // the rest of the cards
	Lists    []leaderListView
	Late     []lateView
	LateMore bool
	Week     weekView
	Orders   []orderRow
	OrderN   int
	Pages    ui.PageLinks
	Key      string
	Query    string // ?unit=…, to be kept by forms
	Banner   *ui.BannerArgs
}

// leaderTile is a count that leads to its list.
type leaderTile struct {
	Label, Href string
	Count       int
	Text        string
	Alarm       bool
	Current     bool
}

// cardView is a task to be signed.
type cardView struct {
	Task      dossier.Task
	Code      string
	Applicant string
	Name      string // of the procedure
	Case      string
	Step      string
	Due       ui.Cell
	By        string // who proposes
	Does      string // what they did
	Said      string // their words
	Warnings  []string
	Draft     string // the result as PDF; "" where the service draws none
	Approve   string // action that one tap takes; "" where the page of the task must be opened
	Label     string
	Return    bool
	Holder    string
	Comment   string // typed before a refusal
	Error     string
	Open      bool
}

// leaderListView is the head, or a page, of one list.
type leaderListView struct {
	List  dossier.LeaderList
	Title string
	Hint  string
	Count int
	Rows  []leaderRow
	More  string
}

// leaderRow is a task in a list.
type leaderRow struct {
	Code, Href, Who, Step, Where string
	Due                          ui.Cell
	Silent                       string
	Order                        string // where an order is given on it
}

// lateView is what one person is late with.
type lateView struct {
	Who, Where, Href string
	Tasks            int
	Days             string
}

// leaderTitle is a list in words.
func leaderTitle(ctx context.Context, l dossier.LeaderList) string {
	return i18n.T(ctx, "dossierweb.leader.list."+string(l))
}

// ledUnit is the agency that a leader's page is of: asked for, or the first that they lead.
func (h *handlers) ledUnit(ctx context.Context, asked string) (orgunit.UnitID, error) {
	if asked != "" {
		u, err := id.Parse[orgunit.Unit](asked)
		if err != nil {
			return 0, errs.E(errs.Forbidden, "dossier.leader.notYours")
		}
		return u, nil
	}
	led := h.svc.Led(ctx)
	if len(led) == 0 {
		return 0, errs.E(errs.Forbidden, "dossier.leader.notYours")
	}
	return led[0], nil
}

func (h *handlers) leader(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return h.showLeader(w, r, http.StatusOK, q, nil, nil)
}

// showLeader draws the page; sent and refused are what came back from an act that failed.
func (h *handlers) showLeader(w http.ResponseWriter, r *http.Request, status int, q, sent url.Values, refused error) error {
	ctx := r.Context()
	unit, err := h.ledUnit(ctx, q.Get("unit"))
	if err != nil {
		return err
	}
	ask := dossier.LeaderAsk{}
	if l := dossier.LeaderList(q.Get("list")); slices.Contains(dossier.LeaderLists(), l) {
		ask.List = l
	}
	if ask.List == dossier.ListLate && q.Get("office") != "" {
		if ask.OnlyUnit, err = id.Parse[orgunit.Unit](q.Get("office")); err != nil {
			return errs.E(errs.Forbidden, "dossier.leader.notYours")
		}
		ask.OnlyRole = q.Get("role")
		ask.OnlyOf, _ = strconv.ParseInt(q.Get("of"), 10, 64)
	}
	if _, err := web.ReadCursor(q.Get("cursor"), &ask.After.Due, &ask.After.ID); err != nil {
		return err
	}
	lv, err := h.svc.Leader(ctx, unit, ask)
	if err != nil {
		return err
	}
	now := h.clock.Now()
	base := url.Values{}
	if q.Get("unit") != "" {
		base.Set("unit", unit.String())
	}
	v := leaderView{Unit: h.unitName(ctx, unit, now), List: ask.List, Key: web.NewKey(), OrderN: lv.OrderN, Query: leaderHref(base, "", "")}
	if led := h.svc.Led(ctx); len(led) > 1 {
		for _, u := range led {
			v.Units = append(v.Units, ui.Filter{Label: h.unitName(ctx, u, now), Href: "/desk/leader?unit=" + u.String(), Count: -1, Current: u == unit})
		}
	}
	for _, l := range dossier.LeaderLists() {
		n := lv.Counts[l]
		v.Tiles = append(v.Tiles, leaderTile{
			Label: leaderTitle(ctx, l), Href: leaderHref(base, "list", string(l)), Count: n, Text: i18n.Number(i18n.LangOf(ctx), int64(n)),
			Alarm: l == dossier.ListLate && n > 0, Current: l == ask.List,
		})
	}
	tasks := make([]dossier.Task, len(lv.Sign))
	for i, c := range lv.Sign {
		tasks[i] = c.Task
	}
	barred, err := h.svc.Barred(ctx, auth.From(ctx).Account, tasks...)
	if err != nil {
		return err
	}
	for _, c := range lv.Sign {
		card := h.card(ctx, c, now, sent, refused)
		if did := barred[c.Task.ID]; did.Bars(c.Task, card.Approve) {
			card.Approve, card.Warnings = "", append(card.Warnings, web.ProblemOf(ctx, did.Refusal()).Detail)
		}
		v.Cards = append(v.Cards, card)
	}
	names, err := h.accounts.Names(ctx, assignees(lv))
	if err != nil {
		return err
	}
	if ask.List == "" {
		if lv.Next != nil {
			v.More = leaderHref(base, "list", string(dossier.ListSign))
		}
		for _, l := range [...]dossier.LeaderList{dossier.ListToday, dossier.ListOwe, dossier.ListOwed} {
			v.Lists = append(v.Lists, h.leaderList(ctx, l, lv, names, base, now))
		}
		v.Late = h.lateRows(ctx, lv.Late, names, base, now)
		v.Week = weekOf(ctx, lv.Days)
		for _, o := range lv.Orders {
			v.Orders = append(v.Orders, h.orderRow(ctx, o, now, ""))
		}
	} else {
		if ask.List != dossier.ListSign {
			v.Lists = []leaderListView{h.leaderList(ctx, ask.List, lv, names, base, now)}
		}
		if lv.Next != nil {
			v.Pages.Next = withQuery(r.URL, q, "cursor", web.NewCursor(lv.Next.Due, lv.Next.ID))
		}
		if q.Get("cursor") != "" {
			v.Pages.Prev = withQuery(r.URL, q, "cursor", "")
		}
	}
	switch {
	case refused != nil:
		v.Banner = &ui.BannerArgs{Text: web.ProblemOf(ctx, refused).Detail, Tone: ui.ToneStopped, Alert: true}
	case q.Get("done") != "":
		code := dossier.NormalCode(q.Get("done"))
		v.Banner = &ui.BannerArgs{Text: i18n.T(ctx, "dossierweb.leader.done", "code", code), Tone: ui.ToneDone, Alert: true, Link: &ui.Anchor{Label: i18n.T(ctx, "dossierweb.leader.open", "code", code), Href: "/desk/dossiers/" + url.PathEscape(code)}}
	}
	return web.Render(w, r, status, leaderPage(v))
}

// leaderHref is the page with one parameter beside those of base.
func leaderHref(base url.Values, name, value string) string {
	out := url.Values{}
	for k, v := range base {
		out[k] = v
	}
	if name != "" {
		out.Set(name, value)
	}
	if len(out) == 0 {
		return "/desk/leader"
	}
	return "/desk/leader?" + out.Encode()
}

// assignees are the accounts that a page names.
func assignees(v dossier.LeaderView) []int64 {
	seen := map[int64]bool{0: true}
	var out []int64
	add := func(n int64) {
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	for _, g := range v.Late {
		add(g.Assignee)
	}
	for _, list := range v.Lists {
		for _, t := range list {
			add(t.Assignee)
		}
	}
	for _, c := range v.Sign {
		add(c.Assignee)
	}
	return out
}

// card says all that a leader must know to sign.
func (h *handlers) card(ctx context.Context, c dossier.SignCard, now time.Time, sent url.Values, refused error) cardView {
	v := cardView{Task: c.Task, Code: c.Task.Code, Applicant: c.Applicant, Name: c.Procedure, Step: c.Step, Due: dueCell(ctx, c.DueAt, now, false)}
	pkg, err := h.services.ByDigest(c.Package)
	if err != nil {
		return v // a version that is not kept here any more: the page of the task says so
	}
	v.Name, v.Step = say(ctx, pkg.Name()), stepLabel(ctx, pkg, c.Step, false)
	if c.Dossier.Case != "" {
		v.Case = say(ctx, pkg.CaseName(c.Dossier.Case))
	}
	if l := c.Proposal; l.ID != 0 {
		v.By, v.Said = l.By, l.Comment
		if l.Role != "" {
			v.By += ", " + roleName(ctx, l.Role)
		}
		if l.Action != "" {
			v.Does = actionLabel(ctx, pkg, l.Step, l.Action)
		}
	}
	if me := auth.From(ctx).Account; c.Assignee != 0 && c.Assignee != me {
		v.Holder = c.LastBy
	}
	if v.Holder == "" {
		v.Approve, v.Return = oneTap(pkg, c.Step)
		v.Label = actionLabel(ctx, pkg, c.Step, v.Approve)
	}
	if _, ok := pkg.Layouts[pkg.Result.Kind]; ok {
		v.Draft = "/dossiers/" + url.PathEscape(c.Task.Code) + "/papers/" + dossier.PaperDraft + ".pdf"
	}
	v.Warnings = h.cardWarnings(ctx, c, pkg, now)
	if sent.Get("task") == c.Task.ID.String() {
		v.Comment, v.Open = sent.Get("comment"), true
		v.Error = ui.ProblemsOf(ctx, refused).For("comment")
	}
	return v
}

// oneTap is the action of a step that needs nothing but the leader's will, and whether the
// step can be returned. Repairs and steps that ask for something are done on their own page.
func oneTap(pkg *service.Package, step string) (approve string, back bool) {
	if _, ok := dossier.RepairOf(step); ok {
		return "", false
	}
	if _, ok := process.OpinionOf(step); ok {
		return process.DoAgree, false
	}
	info, _ := pkg.Process.Step(step)
	for _, a := range info.Actions {
		_, asks := pkg.Form.Officer(step, a.Do)
		switch {
		case asks:
		case a.Do == process.DoReturn:
			back = true
		case approve == "" && !dossier.NeedsReason(a.Do):
			approve = a.Do
		}
	}
	return approve, back
}

// cardWarnings are what should make a leader open the dossier before signing.
func (h *handlers) cardWarnings(ctx context.Context, c dossier.SignCard, pkg *service.Package, now time.Time) []string {
	var out []string
	for _, l := range c.Objected {
		unit := ""
		if n, err := strconv.ParseInt(l.Unit, 10, 64); err == nil {
			unit = h.unitName(ctx, orgunit.UnitID(n), l.At)
		}
		out = append(out, i18n.T(ctx, "dossierweb.leader.warn.object", "unit", unit, "why", l.Comment))
	}
	d := c.Dossier
	if d.Late(now) {
		out = append(out, i18n.T(ctx, "dossierweb.leader.warn.late", "at", shortTime(ctx, d.DueAt)))
	} else if a, ok := h.svc.ApologyOf(d); ok && a.Late && clock.DateOf(d.AcceptedAt) != clock.DateOf(d.DueAt) {
		out = append(out, i18n.T(ctx, "dossierweb.leader.warn.soon", "at", shortTime(ctx, d.DueAt)))
	}
	if n := d.Instance.Supplements; n > 0 {
		out = append(out, i18n.T(ctx, "dossierweb.leader.warn.supplement", "n", n))
	}
	if n := d.Instance.Extensions; n > 0 {
		out = append(out, i18n.T(ctx, "dossierweb.leader.warn.extended", "n", n))
	}
	env := form.Env{Now: d.SubmittedAt, Case: d.Case, Channel: string(d.Channel), Units: h.svc.FormUnits(), Files: c.Content.Papers}
	for _, w := range pkg.Form.Validate(c.Content.Answers, env).Warnings {
		out = append(out, i18n.BundleOf(ctx).Map(i18n.LangOf(ctx), w.Key, w.Params))
	}
	return out
}

// leaderList draws the head or the page of a list.
func (h *handlers) leaderList(ctx context.Context, l dossier.LeaderList, lv dossier.LeaderView, names map[int64]string, base url.Values, now time.Time) leaderListView {
	v := leaderListView{List: l, Title: leaderTitle(ctx, l), Hint: i18n.T(ctx, "dossierweb.leader.hint."+string(l)), Count: lv.Counts[l]}
	for _, t := range lv.Lists[l] {
		pkg, _ := h.services.ByDigest(t.Package)
		row := leaderRow{Code: t.Code, Href: "/desk/tasks/" + t.ID.String(), Step: stepLabel(ctx, pkg, t.Step, false), Due: dueCell(ctx, t.DueAt, now, false)}
		if pkg != nil {
			row.Step = say(ctx, pkg.Name()) + " · " + row.Step
		}
		row.Who = t.Applicant
		switch l {
		case dossier.ListOwe:
			row.Where = i18n.T(ctx, "dossierweb.leader.owner", "unit", h.unitName(ctx, t.Owner, now))
		case dossier.ListOwed:
			row.Where = i18n.T(ctx, "dossierweb.leader.standsAt", "unit", h.unitName(ctx, t.Unit, now))
			if !t.Silent.IsZero() {
				row.Silent = i18n.T(ctx, "dossierweb.leader.silent", "at", shortTime(ctx, t.Silent))
			}
		default:
			row.Where = h.holderOf(ctx, t.Assignee, t.Role, t.Unit, names, now)
		}
		if l == dossier.ListLate {
			row.Order = "/desk/dossiers/" + url.PathEscape(t.Code) + "/order"
		}
		v.Rows = append(v.Rows, row)
	}
	if v.Count > len(v.Rows) {
		v.More = leaderHref(base, "list", string(l))
	}
	return v
}

// holderOf names who has a task, or the post that it waits for.
func (h *handlers) holderOf(ctx context.Context, account int64, role string, unit orgunit.UnitID, names map[int64]string, now time.Time) string {
	who := names[account]
	if account == 0 {
		who = i18n.T(ctx, "dossierweb.leader.free", "role", roleName(ctx, role))
	}
	return who + " · " + h.unitName(ctx, unit, now)
}

func (h *handlers) lateRows(ctx context.Context, groups []dossier.LateGroup, names map[int64]string, base url.Values, now time.Time) []lateView {
	var out []lateView
	for _, g := range groups {
		v := lateView{Who: names[g.Assignee], Where: h.unitName(ctx, g.Unit, now), Tasks: g.Tasks, Days: i18n.T(ctx, "dossierweb.leader.lateDays", "n", max(g.Days, 1))}
		if g.Assignee == 0 {
			v.Who = i18n.T(ctx, "dossierweb.leader.free", "role", roleName(ctx, g.Role))
		}
		q := url.Values{"list": {string(dossier.ListLate)}, "office": {g.Unit.String()}, "role": {g.Role}, "of": {strconv.FormatInt(g.Assignee, 10)}}
		if u := base.Get("unit"); u != "" {
			q.Set("unit", u)
		}
		v.Href = "/desk/leader?" + q.Encode()
		out = append(out, v)
	}
	return out
}

// leaderAct takes one tap: approve, sign, or return with a reason.
func (h *handlers) leaderAct(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	v, err := id.Parse[dossier.Task](sent.Get("task"))
	if err != nil {
		return errs.E(errs.NotFound, "dossier.task.notFound")
	}
	out, err := h.svc.Act(ctx, dossier.Command{Task: v, Version: version(sent), Action: sent.Get("action"), Comment: sent.Get("comment"), Key: key})
	if err != nil {
		if auth.Wanted(err) != auth.NoProof {
			return err
		}
		switch errs.KindOf(err) {
		case errs.Invalid, errs.Conflict, errs.Mismatch, errs.Forbidden:
			return h.showLeader(w, r, web.ProblemOf(ctx, err).Status, q, sent, err)
		}
		return err
	}
	return web.Redirect(w, r, withQuery(&url.URL{Path: "/desk/leader"}, q, "done", out.Code))
}

// weekView is the drawn week: bars by day, and the same in a table.
type weekView struct {
	Days  []weekDay
	Table ui.TableArgs
	Any   bool
	Title string
}

type weekDay struct {
	Label string
	Bars  [3]weekBar // received, settled, late
}

// weekBar is a rectangle of the drawing, in its own units.
type weekBar struct{ X, Y, H, N int }

// The drawing of the week.
const (
	weekHeight = 96
	weekWords  = 36 // beneath it: weekday and date
	dayWidth   = 48
	barWidth   = 12
)

func weekOf(ctx context.Context, days []dossier.DayTally) weekView {
	v := weekView{Title: i18n.T(ctx, "dossierweb.leader.week")}
	most := 1
	for _, d := range days {
		most = max(most, d.Received, d.Settled)
	}
	v.Table = ui.TableArgs{
		Caption: v.Title, CaptionQuiet: true, First: true, Plain: true,
		Head: []ui.Column{
			{Label: i18n.T(ctx, "dossierweb.leader.day")}, {Label: i18n.T(ctx, "dossierweb.leader.received"), Numeric: true},
			{Label: i18n.T(ctx, "dossierweb.leader.settled"), Numeric: true}, {Label: i18n.T(ctx, "dossierweb.leader.settledLate"), Numeric: true},
		},
	}
	for i, d := range days {
		day := weekDay{Label: dayLabel(ctx, d.Day)}
		for k, n := range [...]int{d.Received, d.Settled, d.Late} {
			h := n * weekHeight / most
			if n > 0 {
				h = max(h, 3)
				v.Any = true
			}
			day.Bars[k] = weekBar{X: i*dayWidth + 4 + k*(barWidth+1), Y: weekHeight - h, H: h, N: n}
		}
		v.Days = append(v.Days, day)
		num := func(n int) ui.Cell { return ui.T(i18n.Number(i18n.LangOf(ctx), int64(n))) }
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{ui.T(day.Label), num(d.Received), num(d.Settled), num(d.Late)}})
	}
	return v
}

// dayLabel is "T2 23/6".
func dayLabel(ctx context.Context, d clock.Date) string {
	return i18n.T(ctx, "dossierweb.leader.weekday."+strconv.Itoa(int(d.Weekday()))) + " " + strconv.Itoa(d.Day) + "/" + strconv.Itoa(int(d.Month))
}

// leaderHeading is the name of the page.
func leaderHeading(ctx context.Context, v leaderView) string {
	if v.List != "" {
		return leaderTitle(ctx, v.List)
	}
	return i18n.T(ctx, "dossierweb.leader.title")
}

// leaderBack leads from a list to the overview.
func leaderBack(ctx context.Context, v leaderView) *ui.Anchor {
	if v.List == "" {
		return nil
	}
	return &ui.Anchor{Label: i18n.T(ctx, "dossierweb.leader.title"), Href: v.Query}
}

// leaderAction is where the buttons of a card lead: back to the same list.
func leaderAction(v leaderView) string {
	at, _ := url.Parse(v.Query)
	q := at.Query()
	if v.List != "" {
		q.Set("list", string(v.List))
	}
	if len(q) == 0 {
		return "/desk/leader/act"
	}
	return "/desk/leader/act?" + q.Encode()
}

func leaderHidden(c cardView, action string) []ui.KeyText {
	return []ui.KeyText{{Name: "task", Value: c.Task.ID.String()}, {Name: "version", Value: strconv.FormatInt(c.Task.Version, 10)}, {Name: "action", Value: action}}
}

// unitNameByID is unitName of a bare number, as entries keep units.
func (h *handlers) unitNameByID(ctx context.Context, u int64, on time.Time) string {
	return h.unitName(ctx, orgunit.UnitID(u), on)
}
