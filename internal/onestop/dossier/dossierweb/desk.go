package dossierweb

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/form/formweb"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// taskView is the page on which an officer works.
type taskView struct {
	Stands   Standing // of a dossier that was stopped beside its result
	Repair   string   // why the dossier is stuck, where the task is to mend that
	Task     dossier.Task
	Dossier  dossier.Dossier
	Name     string // of the procedure
	Case     string
	Step     string
	MayAct   bool
	Earlier  dossier.Did // the duty for which the reader may not decide this step
	Barred   string      // why, in a sentence
	Holder   string      // who took it, where it is not the reader
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
	Limited  bool // its person had its use restricted
	Prints   []ui.Anchor
	Warnings []string
	Orders   []orderRow
	MayOrder bool
	Again    *feeAgain // nil: no new payment code is to be had
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
		barred, err := h.svc.Barred(ctx, me, t)
		if err != nil {
			return err
		}
		if view.Earlier = barred[t.ID]; view.Earlier.Duty != dossier.NoDuty {
			view.Barred = web.ProblemOf(ctx, view.Earlier.Refusal()).Detail
		}
		h.actions(ctx, &view, pkg, c, sent, refused)
	}
	if view.Limited, err = h.svc.Restricted(ctx, d); err != nil {
		return err
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
		if view.Earlier.Bars(view.Task, a.Do) {
			continue
		}
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
	sent, key, err := web.Command(r)
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
		if auth.Wanted(err) != auth.NoProof {
			return err // the edge asks for it and sends the form once more
		}
		switch errs.KindOf(err) {
		case errs.Invalid, errs.Conflict, errs.Mismatch, errs.Forbidden:
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
	sent, key, err := web.Command(r)
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
	case !d.UnpaidAt.IsZero() && d.State == process.Submitted: // nobody is late with what nobody paid
		due = ui.T(i18n.T(ctx, "dossierweb.due.afterFee"))
	default:
		due = dueCell(ctx, d.ReceiveBy, now, d.State != process.Submitted)
		due.Note = strings.TrimSuffix(i18n.T(ctx, "dossierweb.receiveBy")+" · "+due.Note, " · ")
	}
	v.Due = due
	v.Summary = ui.SummaryArgs{Tight: true, Rows: []ui.SummaryRow{
		{Key: key("state"), Value: stateCell(ctx, d)},
		{Key: key("due"), Value: h.dueValue(ctx, due, d, pkg, lines)},
		{Key: key("submitted"), Value: ui.Cell{Text: shortTime(ctx, d.SubmittedAt), Note: i18n.T(ctx, "dossierweb.channel."+string(d.Channel))}},
		{Key: key("applicant"), Value: ui.Cell{Text: d.Applicant, Note: groupedPhone(d.Phone)}},
		{Key: key("reception"), Value: ui.T(h.unitName(ctx, d.Reception, d.SubmittedAt))},
		{Key: key("competent"), Value: ui.T(h.unitName(ctx, d.Competent, d.SubmittedAt))},
		{Key: key("delivery"), Value: ui.Cell{Text: i18n.T(ctx, "dossierweb.delivery."+c.Filing.Delivery.Method), Note: c.Filing.Delivery.Address}},
	}}
	if row, ok := behalfRow(ctx, c); ok {
		v.Summary.Rows = slices.Insert(v.Summary.Rows, 4, row)
	}
	env := form.Env{Now: now, Case: d.Case, Channel: string(d.Channel), Units: h.svc.UnitsOf(d), Files: c.Papers}
	filed := env
	// A fee is that of the day of filing: an exemption may have ended since.
	filed.Now = d.SubmittedAt
	if fee, err := pkg.FeeOf(c.Answers, filed); err == nil { // a table out of its budget shows no fee
		v.Summary.Rows = append(v.Summary.Rows, ui.SummaryRow{Key: key("fee"), Value: ui.T(fee.Words(i18n.BundleOf(ctx), i18n.LangOf(ctx)))})
	}
	if fees, err := h.svc.Fees(ctx, d); err == nil { // the page stands without them
		v.Summary.Rows = append(v.Summary.Rows, feeRows(ctx, fees, func(o payment.Order) string { return "/desk/payments/" + o.ID.String() })...)
		v.Again = h.againAtDesk(ctx, d, fees)
	}
	if row, ok := h.parentRow(ctx, d, false); ok {
		v.Summary.Rows = append(v.Summary.Rows, row)
	}
	v.Groups = answerGroups(ctx, pkg, c, env, numbersPath(d.Code))
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
	v.Summary.Rows = append(v.Summary.Rows, h.whereabouts(ctx, d)...)
	if h.parcels != nil {
		if rows, err := h.parcels(ctx, d.ID); err == nil { // the page stands without them
			v.Summary.Rows = append(v.Summary.Rows, rows...)
		}
	}
	if d.State == process.Stopped {
		v.Stands, _ = h.standing(ctx, d) // the page stands without it
	}
	v.Prints = h.prints(ctx, d, lines, "")
	if with, err := h.signedLink(ctx, d, v.Prints); err == nil { // the page stands without it
		v.Prints = with
	}
	if orders, err := h.svc.OrdersOn(ctx, d); err == nil { // the page stands without them
		v.MayOrder = orders.May
		for _, o := range orders.Orders {
			v.Orders = append(v.Orders, h.orderRow(ctx, o, now, ""))
		}
	}
	return v
}

// answerGroups are the answers in words, a card a page.
func answerGroups(ctx context.Context, pkg *service.Package, c dossier.Content, env form.Env, numbers string) []ui.SummaryArgs {
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
		text, hidden := formweb.Masked(pkg.Form, l, say(ctx, l.Text))
		row := ui.SummaryRow{Key: say(ctx, l.Label), Value: ui.Cell{Text: text, Note: formweb.Origin(ctx, l)}}
		if hidden && numbers != "" {
			row.Action = &ui.Anchor{Label: i18n.T(ctx, "dossierweb.numbers.open"), Href: numbers}
		}
		g.Rows = append(g.Rows, row)
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
