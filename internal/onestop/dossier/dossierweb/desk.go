package dossierweb

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/form/formweb"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// queueView is the page of a queue.
type queueView struct {
	Title   string
	Unit    string
	Mine    bool
	Figures []ui.Figure
	Roles   []ui.Filter
	States  []ui.Filter
	Table   ui.TableArgs
	Pages   ui.PageLinks
	Live    string // topics on which the page listens
}

// queue is the page of a unit's open tasks, the first due first.
func (h *handlers) queue(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	mine := strings.HasSuffix(r.URL.Path, "/mine")
	f := dossier.TaskFilter{}
	if mine {
		f.Mine = auth.From(ctx).Account
	} else if f.Unit, err = h.unitOf(ctx, q.Get("unit")); err != nil {
		return err
	}
	if role := q.Get("role"); role != "" {
		f.Roles = []string{role}
	}
	if s, ok := process.ParseState(q.Get("state")); ok {
		f.State = s
	}
	if _, err := web.ReadCursor(q.Get("cursor"), &f.After.Due, &f.After.ID); err != nil {
		return err
	}
	page, err := h.svc.Queue(ctx, f)
	if err != nil {
		return err
	}
	now := h.clock.Now()
	v := queueView{Mine: mine, Title: i18n.T(ctx, "dossierweb.queue.title")}
	if mine {
		v.Title = i18n.T(ctx, "dossierweb.queue.mine")
	} else {
		counts, err := h.svc.Counts(ctx, f.Unit)
		if err != nil {
			return err
		}
		v.Unit = h.unitName(ctx, f.Unit, now)
		h.queueFilters(ctx, &v, r.URL, q, counts, h.svc.RolesAt(ctx, f.Unit))
	}
	v.Live = strings.Join(dossier.TopicsOf(0, append(h.svc.Posts(ctx), f.Unit), auth.From(ctx).Account), " ")
	v.Table = h.taskTable(ctx, page.Tasks, now)
	if page.Next != nil {
		v.Pages.Next = withQuery(r.URL, q, "cursor", web.NewCursor(page.Next.Due, page.Next.ID))
	}
	if q.Get("cursor") != "" {
		v.Pages.Prev = withQuery(r.URL, q, "cursor", "")
	}
	return web.Render(w, r, http.StatusOK, queuePage(v))
}

func (h *handlers) queueFilters(ctx context.Context, v *queueView, u *url.URL, q url.Values, counts map[string]dossier.Count, mine []string) {
	var open, late int
	for _, c := range counts {
		open += c.Open
		late += c.Late
	}
	lateTone := ui.ToneDone
	if late > 0 {
		lateTone = ui.ToneLate
	}
	v.Figures = []ui.Figure{
		{Label: i18n.T(ctx, "dossierweb.queue.open"), Value: i18n.Number(i18n.LangOf(ctx), int64(open))},
		{Label: i18n.T(ctx, "dossierweb.queue.late"), Value: i18n.Number(i18n.LangOf(ctx), int64(late)), Tone: lateTone},
	}
	// The figures are the unit's; the filters hold what the reader may act on.
	all := 0
	v.Roles = []ui.Filter{{Label: i18n.T(ctx, "dossierweb.queue.all"), Href: withQuery(u, q, "role", ""), Current: q.Get("role") == ""}}
	for _, role := range mine {
		if c := counts[role]; c.Open > 0 {
			all += c.Open
			v.Roles = append(v.Roles, ui.Filter{Label: roleName(ctx, role), Href: withQuery(u, q, "role", role), Count: c.Open, Current: q.Get("role") == role})
		}
	}
	v.Roles[0].Count = all
	v.States = []ui.Filter{{Label: i18n.T(ctx, "dossierweb.queue.anyState"), Href: withQuery(u, q, "state", ""), Count: -1, Current: q.Get("state") == ""}}
	for _, s := range [...]process.State{process.Submitted, process.Accepted, process.Processing, process.Done} {
		v.States = append(v.States, ui.Filter{Label: stateWord(ctx, s), Href: withQuery(u, q, "state", s.String()), Count: -1, Current: q.Get("state") == s.String()})
	}
}

// withQuery is this page with one parameter changed, from its first page on.
func withQuery(u *url.URL, q url.Values, name, value string) string {
	out := url.Values{}
	for k, v := range q {
		if k != "cursor" {
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

func (h *handlers) taskTable(ctx context.Context, tasks []dossier.Task, now time.Time) ui.TableArgs {
	t := ui.TableArgs{
		Caption: i18n.T(ctx, "dossierweb.queue.caption"), CaptionQuiet: true, First: true, Empty: i18n.T(ctx, "dossierweb.queue.empty"),
		Head: []ui.Column{
			{Label: i18n.T(ctx, "dossierweb.col.code")}, {Label: i18n.T(ctx, "dossierweb.col.procedure")}, {Label: i18n.T(ctx, "dossierweb.col.step")},
			{Label: i18n.T(ctx, "dossierweb.col.taskDue")}, {Label: i18n.T(ctx, "dossierweb.col.promised")}, {Label: i18n.T(ctx, "dossierweb.col.holder")},
		},
	}
	me := auth.From(ctx).Account
	for _, x := range tasks {
		pkg, _ := h.services.ByDigest(x.Package)
		name := x.Procedure
		if pkg != nil {
			name = say(ctx, pkg.Name())
		}
		holder := ui.T(i18n.T(ctx, "dossierweb.queue.free"))
		switch {
		case x.Assignee == me && me != 0:
			holder = ui.Tagged(i18n.T(ctx, "dossierweb.queue.you"), ui.ToneActive)
		case x.Assignee != 0:
			holder = ui.T(x.LastBy)
		}
		promised := ui.T(i18n.T(ctx, "dossierweb.due.notYet"))
		if !x.Promised.IsZero() {
			promised = ui.T(shortTime(ctx, x.Promised))
		}
		t.Rows = append(t.Rows, ui.Row{Marked: x.Late(now), Cells: []ui.Cell{
			ui.L(x.Code, "/desk/tasks/"+x.ID.String()),
			{Text: name, Note: x.Applicant},
			{Text: stepLabel(ctx, pkg, x.Step, false), Note: roleName(ctx, x.Role)},
			dueCell(ctx, x.DueAt, now, false), promised, holder,
		}})
	}
	return t
}

// taskView is the page on which an officer works.
type taskView struct {
	Repair   string // why the dossier is stuck, where the task is to mend that
	Task     dossier.Task
	Dossier  dossier.Dossier
	Name     string // of the procedure
	Case     string
	Step     string
	MayAct   bool
	Holder   string // who took it, where it is not the reader
	Mine     bool
	Summary  ui.SummaryArgs
	Groups   []ui.SummaryArgs
	Papers   []ui.File
	Steps    []ui.ProcessStep
	Family   familyView
	Timing   timingView
	Events   []ui.Event
	Actions  []actionView
	Key      string
	Problems ui.Problems
	Banner   *ui.BannerArgs
	Prints   []ui.Anchor
	Warnings []string
	Work     workView
	Due      ui.Cell // until when, without its explanation
}

// actionView is one thing that can be done at the step, with what it asks.
type actionView struct {
	Do       string
	Label    string
	Hint     string
	Reason   bool // asks for a reason
	Comment  string
	Fields   *form.Page
	Open     bool
	Warning  bool
	Problems ui.Problems
	Error    string    // at the reason
	Units    *ui.Field // whom to consult
	Apology  string    // of extend: whether it comes in time
	Sorry    bool      // it does not
	// OwnReason: the act's own form has the box of the reason.
	OwnReason bool
}

func (h *handlers) task(w http.ResponseWriter, r *http.Request) error {
	v, err := web.PathID[dossier.Task](r, "id")
	if err != nil {
		return err
	}
	return h.showTask(w, r, http.StatusOK, v, nil, nil)
}

// showTask draws the task; sent and refused are what came back from an act that failed.
func (h *handlers) showTask(w http.ResponseWriter, r *http.Request, status int, v dossier.TaskID, sent url.Values, refused error) error {
	return h.showTaskWith(w, r, status, v, sent, refused, nil)
}

func (h *handlers) showTaskWith(w http.ResponseWriter, r *http.Request, status int, v dossier.TaskID, sent url.Values, refused error, banner *ui.BannerArgs) error {
	ctx := r.Context()
	t, d, c, err := h.svc.ReadTask(ctx, v)
	if err != nil {
		return err
	}
	lines, err := h.svc.Timeline(ctx, d, dossier.SeeAll)
	if err != nil {
		return err
	}
	pkg, err := h.services.ByDigest(d.Package)
	if err != nil {
		return err
	}
	view := h.dossierView(ctx, d, c, pkg, lines)
	view.Task, view.Step, view.Key = t, stepLabel(ctx, pkg, t.Step, false), web.NewKey()
	if _, ok := dossier.RepairOf(t.Step); ok {
		if tok, ok := d.Instance.Token(t.Token); ok && tok.Cause != "" {
			view.Repair = i18n.T(ctx, tok.Cause)
		}
	}
	me := auth.From(ctx).Account
	view.Mine = t.Assignee == me && me != 0
	if t.Assignee != 0 && !view.Mine {
		view.Holder = t.LastBy
	}
	view.MayAct = h.svc.MayAct(ctx, t) && view.Holder == ""
	if view.MayAct {
		h.actions(ctx, &view, pkg, c, sent, refused)
	}
	view.Work.Viewer = viewer(ctx, pkg, d, c.Papers, r.URL)
	if err := h.work(ctx, &view, c, lines, sent, refused); err != nil {
		return err
	}
	view.Banner = banner
	switch done := r.URL.Query().Get("done"); {
	case refused != nil:
		view.Problems = ui.ProblemsOf(ctx, refused)
		if len(view.Problems) == 0 {
			p := web.ProblemOf(ctx, refused)
			view.Banner = &ui.BannerArgs{Text: p.Detail, Tone: ui.ToneStopped, Alert: true}
		}
	case done == "note" || done == "assign" || done == "recall":
		view.Banner = &ui.BannerArgs{Text: i18n.T(ctx, "dossierweb."+done+".done"), Tone: ui.ToneDone, Alert: true}
	case done != "":
		view.Banner = &ui.BannerArgs{Text: i18n.T(ctx, "dossierweb.task.done"), Tone: ui.ToneDone, Alert: true, Link: &ui.Anchor{Label: i18n.T(ctx, "dossierweb.task.next"), Href: "/desk"}}
	}
	return web.Render(w, r, status, taskPage(view))
}

// actions lists what the step offers; the one that was tried stays open with what was typed.
func (h *handlers) actions(ctx context.Context, view *taskView, pkg *service.Package, c dossier.Content, sent url.Values, refused error) {
	step, _ := pkg.Process.Step(view.Task.Step)
	if _, ok := process.OpinionOf(view.Task.Step); ok {
		step.Actions = []process.ActionInfo{{Do: process.DoAgree}, {Do: process.DoObject}}
	}
	tried := sent.Get("action")
	for i, a := range step.Actions {
		x := actionView{
			Do: a.Do, Label: actionLabel(ctx, pkg, view.Task.Step, a.Do), Reason: dossier.NeedsReason(a.Do), Open: i == 0 && tried == "" || a.Do == tried,
			Warning: a.Do == "refuse" || a.Do == "stop",
		}
		if a.Do == process.DoConsult {
			x.Units = h.consultable(ctx, view.Task, sent["unit"], ui.ProblemsOf(ctx, refused).For("unit"))
		}
		if a.Do == tried {
			x.Comment = sent.Get("comment")
			x.Problems = ui.ProblemsOf(ctx, refused)
			x.Error = x.Problems.For("comment")
			for i := range x.Problems {
				x.Problems[i].Field = a.Do + "-" + x.Problems[i].Field
			}
		}
		if a.Do == process.DoExtend {
			x.Apology, x.Sorry = h.apology(ctx, view.Dossier)
		}
		if f, ok := pkg.Form.Officer(view.Task.Step, a.Do); ok {
			env := h.officerEnv(view.Dossier, c)
			answers := form.Answers{}
			var found []errs.Field
			if a.Do == tried {
				answers = f.ParsePage(officerPage, sent, answers, env)
				if e, ok := errs.As(refused); ok {
					found = e.Fields
				}
			}
			if p, ok := f.Render(officerPage, answers, found, env); ok {
				x.Fields = &p
			}
			if _, own := f.Leaf("reason"); own {
				x.Reason, x.OwnReason = false, true // the service asks for it in its own words
			}
		}
		view.Actions = append(view.Actions, x)
	}
}

// officerPage is the one page of an action's form.
const officerPage = "action"

func (h *handlers) officerEnv(d dossier.Dossier, c dossier.Content) form.Env {
	return form.Env{Now: h.clock.Now(), Case: d.Case, Channel: string(d.Channel), Units: h.svc.FormUnits(), Files: c.Papers, Dossier: c.Answers}
}

// act takes an officer's form.
func (h *handlers) act(w http.ResponseWriter, r *http.Request) error {
	v, err := web.PathID[dossier.Task](r, "id")
	if err != nil {
		return err
	}
	sent, err := web.Form(r)
	if err != nil {
		return err
	}
	key, err := web.ClientKey(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	if form.Stays(sent) {
		return h.redraw(w, r, v, sent)
	}
	cmd := dossier.Command{Task: v, Version: version(sent), Action: sent.Get("action"), Comment: sent.Get("comment"), Key: key}
	for _, text := range sent["unit"] {
		u, err := id.Parse[orgunit.Unit](text)
		if err != nil {
			return errs.E(errs.Invalid, "dossier.consult.unit")
		}
		cmd.Units = append(cmd.Units, u)
	}
	t, d, c, err := h.svc.ReadTask(ctx, v)
	if err != nil {
		return err
	}
	// The list's button is the first of its form, which the key Enter presses: without a
	// chosen phrase it is the act that was meant.
	if sent.Has("_phrase") && sent.Get("phrase") != "" {
		if err := h.inserted(ctx, sent, c, d); err != nil {
			return err
		}
		return h.showTask(w, r, http.StatusOK, v, sent, nil)
	}
	pkg, err := h.services.ByDigest(d.Package)
	if err != nil {
		return err
	}
	if f, ok := pkg.Form.Officer(t.Step, cmd.Action); ok {
		env := h.officerEnv(d, c)
		given := f.ParsePage(officerPage, sent, form.Answers{}, env)
		if cmd.Answers, err = json.Marshal(given); err != nil {
			return err
		}
		if cmd.Files, err = h.officerFiles(r, f, given, env); err != nil {
			if errs.Is(err, errs.Invalid) {
				return h.showTask(w, r, web.ProblemOf(ctx, err).Status, v, sent, err)
			}
			return err
		}
	}
	if asked, err := h.news(w, r, t, pkg, d, c, sent); asked || err != nil {
		return err
	}
	if _, err := h.svc.Act(ctx, cmd); err != nil {
		switch errs.KindOf(err) {
		case errs.Invalid, errs.Conflict, errs.Mismatch:
			return h.showTask(w, r, web.ProblemOf(ctx, err).Status, v, sent, err)
		}
		return err
	}
	return web.Redirect(w, r, "/desk/tasks/"+v.String()+"?done=1")
}

func version(sent url.Values) int64 {
	var n int64
	for _, c := range sent.Get("version") {
		if c < '0' || c > '9' || n > 1<<50 {
			return 0
		}
		n = n*10 + int64(c-'0')
	}
	return n
}

// claim takes the task, or gives it back.
func (h *handlers) claimPage(w http.ResponseWriter, r *http.Request) error {
	v, err := web.PathID[dossier.Task](r, "id")
	if err != nil {
		return err
	}
	sent, err := web.Form(r)
	if err != nil {
		return err
	}
	key, err := web.ClientKey(r)
	if err != nil {
		return err
	}
	if sent.Get("release") != "" {
		_, err = h.svc.Assign(r.Context(), v, version(sent), 0, key)
	} else {
		_, err = h.svc.Claim(r.Context(), v, version(sent), key)
	}
	if errs.Is(err, errs.Conflict) {
		return h.showTask(w, r, http.StatusConflict, v, nil, err)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/desk/tasks/"+v.String())
}

// deskDossier is a dossier as officers read it, whatever its tasks.
func (h *handlers) deskDossier(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	d, c, tasks, err := h.svc.Read(ctx, r.PathValue("code"))
	if err != nil {
		return err
	}
	for _, t := range tasks {
		if t.Open {
			return web.Redirect(w, r, "/desk/tasks/"+t.ID.String())
		}
	}
	lines, err := h.svc.Timeline(ctx, d, dossier.SeeAll)
	if err != nil {
		return err
	}
	pkg, err := h.services.ByDigest(d.Package)
	if err != nil {
		return err
	}
	view := h.dossierView(ctx, d, c, pkg, lines)
	view.Work = workView{Viewer: viewer(ctx, pkg, d, c.Papers, r.URL), Notes: notesOf(ctx, lines, h.clock.Now()), Live: strings.Join(dossier.TopicsOf(d.ID, nil, 0), " ")}
	return web.Render(w, r, http.StatusOK, taskPage(view))
}

// dossierView fills what every officer's page of a dossier shows.
func (h *handlers) dossierView(ctx context.Context, d dossier.Dossier, c dossier.Content, pkg *service.Package, lines []dossier.Line) taskView {
	now := h.clock.Now()
	v := taskView{Dossier: d, Name: say(ctx, pkg.Name())}
	if d.Case != "" {
		v.Case = say(ctx, pkg.CaseName(d.Case))
	}
	v.Family, _ = h.family(ctx, d, c, pkg, lines, false, "") // the page stands without it
	key := func(k string) string { return i18n.T(ctx, "dossierweb.field."+k) }
	due := dueCell(ctx, d.DueAt, now, d.State.Ended() || d.State == process.Done)
	switch {
	case !d.DueAt.IsZero():
	case !d.AcceptedAt.IsZero():
		due = ui.T(i18n.T(ctx, "dossierweb.due.afterSupplement"))
	default:
		due = dueCell(ctx, d.ReceiveBy, now, d.State != process.Submitted)
		due.Note = strings.TrimSuffix(i18n.T(ctx, "dossierweb.receiveBy")+" · "+due.Note, " · ")
	}
	v.Due = due
	v.Summary = ui.SummaryArgs{Tight: true, Rows: []ui.SummaryRow{
		{Key: key("state"), Value: ui.Tagged(stateWord(ctx, d.State), stateTone(d.State))},
		{Key: key("due"), Value: h.dueValue(ctx, due, d, pkg, lines)},
		{Key: key("submitted"), Value: ui.Cell{Text: shortTime(ctx, d.SubmittedAt), Note: i18n.T(ctx, "dossierweb.channel."+string(d.Channel))}},
		{Key: key("applicant"), Value: ui.Cell{Text: d.Applicant, Note: groupedPhone(d.Phone)}},
		{Key: key("reception"), Value: ui.T(h.unitName(ctx, d.Reception, d.SubmittedAt))},
		{Key: key("competent"), Value: ui.T(h.unitName(ctx, d.Competent, d.SubmittedAt))},
		{Key: key("delivery"), Value: ui.Cell{Text: i18n.T(ctx, "dossierweb.delivery."+c.Filing.Delivery.Method), Note: c.Filing.Delivery.Address}},
	}}
	env := form.Env{Now: now, Case: d.Case, Channel: string(d.Channel), Units: h.svc.FormUnits(), Files: c.Papers}
	if fee, err := pkg.FeeOf(c.Answers, env); err == nil { // a table out of its budget shows no fee
		v.Summary.Rows = append(v.Summary.Rows, ui.SummaryRow{Key: key("fee"), Value: ui.T(fee.Words(i18n.BundleOf(ctx), i18n.LangOf(ctx)))})
	}
	if row, ok := h.parentRow(ctx, d, false); ok {
		v.Summary.Rows = append(v.Summary.Rows, row)
	}
	v.Groups = answerGroups(ctx, pkg, c, env)
	for _, f := range c.Papers {
		note := say(ctx, pkg.PaperName(f.Paper))
		if f.ShownOnly {
			note += " · " + i18n.T(ctx, "dossierweb.paper.shownOnly")
		}
		v.Papers = append(v.Papers, ui.File{Name: f.Name, Href: fileHref(d, f), Size: formweb.FileSize(ctx, f.Size), Note: note})
	}
	v.Steps = processSteps(ctx, pkg, d, lines)
	v.Timing = h.timing(ctx, d, pkg, lines)
	v.Events = h.events(ctx, d, pkg, lines, false)
	v.Prints = h.prints(ctx, d, lines, "")
	return v
}

// answerGroups are the answers in words, a card a page.
func answerGroups(ctx context.Context, pkg *service.Package, c dossier.Content, env form.Env) []ui.SummaryArgs {
	var out []ui.SummaryArgs
	titles := map[string]string{}
	for _, p := range pkg.Form.Pages(c.Answers, env) {
		titles[p.ID] = say(ctx, p.Title)
	}
	last := "\x00"
	for _, l := range pkg.Form.Lines(c.Answers, env) {
		title := titles[l.Page]
		if !l.Group.IsZero() {
			title = say(ctx, l.Group)
		}
		if title != last {
			out = append(out, ui.SummaryArgs{Title: title})
			last = title
		}
		g := &out[len(out)-1]
		g.Rows = append(g.Rows, ui.SummaryRow{Key: say(ctx, l.Label), Value: ui.Cell{Text: say(ctx, l.Text), Note: formweb.Origin(ctx, l)}})
	}
	return append(out, officerGroup(ctx, pkg, c, env)...)
}

// officerGroup is what officers filled in at their acts.
func officerGroup(ctx context.Context, pkg *service.Package, c dossier.Content, env form.Env) []ui.SummaryArgs {
	env.Dossier = c.Answers
	lines := pkg.Form.OfficerLines(c.Officer, env)
	if len(lines) == 0 {
		return nil
	}
	g := ui.SummaryArgs{Title: i18n.T(ctx, "dossierweb.task.officerAnswers")}
	for _, l := range lines {
		key := say(ctx, l.Label)
		if !l.Group.IsZero() {
			key = say(ctx, l.Group) + ": " + key
		}
		g.Rows = append(g.Rows, ui.SummaryRow{Key: key, Value: ui.Cell{Text: say(ctx, l.Text), Note: formweb.Origin(ctx, l)}})
	}
	return []ui.SummaryArgs{g}
}

// processSteps is the whole way of the dossier with where it stands.
func processSteps(ctx context.Context, pkg *service.Package, d dossier.Dossier, lines []dossier.Line) []ui.ProcessStep {
	done := map[string]string{}
	for _, l := range lines {
		if l.Step != "" && l.Action != "" && l.Kind != dossier.KindClaimed {
			done[l.Step] = l.By + ", " + shortTime(ctx, l.At)
		}
	}
	var out []ui.ProcessStep
	for _, s := range pkg.Process.Steps() {
		p := ui.ProcessStep{Name: say(ctx, s.Label), Who: roleName(ctx, s.Role), State: ui.StepTodo, Done: done[s.ID]}
		if s.Minutes > 0 {
			p.Time = budget(ctx, s.Minutes)
		}
		if _, here := d.Instance.At(s.ID); here {
			p.State, p.Done = ui.StepCurrent, ""
		} else if p.Done != "" {
			p.State = ui.StepDone
		}
		out = append(out, p)
	}
	return out
}
