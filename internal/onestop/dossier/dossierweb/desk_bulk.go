package dossierweb

import (
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
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
)

// What can be done with many tasks beside the actions of their steps; those begin with
// doAct.
const (
	doClaim   = "claim"
	doRelease = "release"
	doAssign  = "assign"
	doAct     = "act:"
)

// bulkView is the look before, and what was done after.
type bulkView struct {
	Title    string
	Banner   *ui.BannerArgs
	Table    ui.TableArgs
	Hidden   []ui.KeyText
	Key      string
	Confirm  string // label of the button; "" where nothing can be done
	Reason   *ui.Field
	To       *ui.Field
	Back     string
	Problems ui.Problems
	Warning  bool
}

// bulkBar offers what may be done with the tasks of a list; nil where there are none.
func (h *handlers) bulkBar(ctx context.Context, u *url.URL, q url.Values, tasks []dossier.Task) *bulkBar {
	if len(tasks) == 0 {
		return nil
	}
	b := &bulkBar{Back: u.RequestURI(), Tick: withQuery(u, q, "tick", "page")}
	if c := q.Get("cursor"); c != "" {
		b.Tick += "&cursor=" + url.QueryEscape(c)
	}
	b.Do = ui.Field{Name: "do", Label: i18n.T(ctx, "dossierweb.bulk.do")}
	seen := map[string]bool{}
	for _, t := range tasks {
		for _, o := range h.plainActions(ctx, t) {
			if !seen[o.Value] {
				seen[o.Value] = true
				b.Do.Options = append(b.Do.Options, o)
			}
		}
	}
	for _, x := range [...]string{doClaim, doAssign, doRelease} {
		b.Do.Options = append(b.Do.Options, ui.Option{Value: x, Label: i18n.T(ctx, "dossierweb.bulk."+x)})
	}
	return b
}

// plainActions are the actions of a task's step that ask nothing but a reason.
func (h *handlers) plainActions(ctx context.Context, t dossier.Task) []ui.Option {
	pkg, err := h.services.ByDigest(t.Package)
	if err != nil {
		return nil
	}
	step, ok := pkg.Process.Step(t.Step)
	if !ok {
		return nil
	}
	var out []ui.Option
	for _, a := range step.Actions {
		if f, asks := pkg.Form.Officer(t.Step, a.Do); asks && !h.reasonOnly(f) || a.Do == process.DoConsult {
			continue
		}
		label := i18n.T(ctx, "dossierweb.action."+a.Do)
		if b := i18n.BundleOf(ctx); b == nil || !b.Has("dossierweb.action."+a.Do) {
			label = actionLabel(ctx, pkg, t.Step, a.Do)
		}
		out = append(out, ui.Option{Value: doAct + a.Do, Label: label})
	}
	return out
}

// reasonOnly reports whether an action's form is content with a reason.
func (h *handlers) reasonOnly(f *form.Form) bool {
	given := form.Answers{}
	if _, ok := f.Leaf("reason"); ok {
		given["reason"] = form.Answer{Value: anyReason}
	}
	return f.Validate(given, form.Env{Now: h.clock.Now(), Units: h.svc.FormUnits()}).Err() == nil
}

// anyReason stands for the reason that will be asked for, while one looks.
const anyReason = "…"

// bulkSent is a form about many tasks.
type bulkSent struct {
	do      string
	action  string // of doAct
	to      int64  // of doAssign
	comment string
	back    string
	tasks   []dossier.Command
	values  []string // of the boxes
}

func (h *handlers) readBulk(r *http.Request) (s bulkSent, err error) {
	sent, err := web.Form(r)
	if err != nil {
		return s, err
	}
	s.do, s.comment, s.back = sent.Get("do"), strings.TrimSpace(sent.Get("comment")), web.LocalPath(sent.Get("back"))
	if !strings.HasPrefix(s.back, "/desk") {
		s.back = "/desk"
	}
	if action, ok := strings.CutPrefix(s.do, doAct); ok {
		s.action = action
	}
	if to := sent.Get("to"); to != "" {
		account, err := id.Parse[auth.Account](to)
		if err != nil {
			return s, errs.E(errs.Invalid, "dossierweb.account", errs.Cause(err))
		}
		s.to = int64(account)
	}
	s.values = sent["task"]
	if sent.Get("all") != "" {
		if s.values, err = h.matching(r.Context(), s.back); err != nil {
			return s, err
		}
	}
	seen := map[dossier.TaskID]bool{}
	for _, v := range s.values {
		name, version, _ := strings.Cut(v, ":")
		t, err := id.Parse[dossier.Task](name)
		if err != nil {
			return s, errs.E(errs.NotFound, "dossier.task.notFound", errs.Cause(err))
		}
		if seen[t] {
			continue
		}
		seen[t] = true
		n, _ := strconv.ParseInt(version, 10, 64)
		s.tasks = append(s.tasks, dossier.Command{Task: t, Version: n, Action: s.action, Comment: s.comment})
	}
	return s, nil
}

// matching are the tasks that the filter of a list leaves, the first due, MaxMany at most.
func (h *handlers) matching(ctx context.Context, list string) (out []string, err error) {
	u, err := url.Parse(list)
	if err != nil {
		return nil, err
	}
	q := u.Query()
	q.Del("cursor")
	f, err := h.queueFilter(ctx, q)
	if err != nil {
		return nil, err
	}
	for len(out) < dossier.MaxMany {
		f.Limit = min(200, dossier.MaxMany-len(out))
		page, err := h.svc.Queue(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, t := range page.Tasks {
			out = append(out, rowValue(t))
		}
		if page.Next == nil {
			break
		}
		f.After = *page.Next
	}
	return out, nil
}

// bulkPreview shows what would happen to each ticked task, and asks for what is missing.
func (h *handlers) bulkPreview(w http.ResponseWriter, r *http.Request) error {
	s, err := h.readBulk(r)
	if err != nil {
		return err
	}
	return h.showPreview(w, r, s, http.StatusOK, nil)
}

func (h *handlers) showPreview(w http.ResponseWriter, r *http.Request, s bulkSent, status int, refused error) error {
	ctx := r.Context()
	v := bulkView{Title: i18n.T(ctx, "dossierweb.bulk.preview"), Back: s.back, Key: web.NewKey(), Problems: ui.ProblemsOf(ctx, refused)}
	switch {
	case len(s.tasks) == 0:
		return h.bulkRefused(w, r, v, "dossierweb.bulk.none")
	case s.do == "" || s.action == "" && !slices.Contains([]string{doClaim, doRelease, doAssign}, s.do):
		return h.bulkRefused(w, r, v, "dossier.many.action")
	}
	seen, err := h.look(ctx, s)
	if err != nil {
		return err
	}
	can := 0
	v.Table = ui.TableArgs{
		Caption: i18n.T(ctx, "dossierweb.bulk.previewCaption"), CaptionQuiet: true, First: true,
		Head: []ui.Column{{Label: i18n.T(ctx, "dossierweb.col.code"), Tight: true}, {Label: i18n.T(ctx, "dossierweb.col.step")}, {Label: i18n.T(ctx, "dossierweb.bulk.happens")}},
	}
	for i, p := range seen {
		cell, ok := h.wouldBe(ctx, s, p)
		if ok {
			can++
			v.Hidden = append(v.Hidden, ui.KeyText{Name: "task", Value: s.values[i]})
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Marked: !ok, Cells: []ui.Cell{h.foundCell(p), h.stepCell(ctx, p.Found), cell}})
	}
	if can > 0 {
		v.Confirm = i18n.T(ctx, "dossierweb.bulk.confirm", "n", can, "do", h.doLabel(ctx, s, seen))
		v.Hidden = append(v.Hidden, ui.KeyText{Name: "do", Value: s.do}, ui.KeyText{Name: "back", Value: s.back})
		v.Warning = s.action == process.DoRefuse || s.action == process.DoStop
	}
	if failed := len(seen) - can; failed > 0 {
		v.Banner = &ui.BannerArgs{Tone: ui.ToneWaiting, Text: i18n.T(ctx, "dossierweb.bulk.some", "n", failed, "of", len(seen))}
	}
	if can > 0 && dossier.NeedsReason(s.action) {
		v.Reason = &ui.Field{Name: "comment", Label: i18n.T(ctx, "dossierweb.task.reason"), Hint: i18n.T(ctx, "dossierweb.bulk.reasonHint"), Value: s.comment, Error: v.Problems.For("comment"), Rows: 3, MaxLength: 4000}
	}
	if can > 0 && s.do == doAssign {
		if v.To, err = h.toField(ctx, s, seen); err != nil {
			return err
		}
		v.To.Error = v.Problems.For("to")
	}
	return web.Render(w, r, status, bulkPage(v))
}

func (h *handlers) bulkRefused(w http.ResponseWriter, r *http.Request, v bulkView, key string) error {
	v.Banner = &ui.BannerArgs{Tone: ui.ToneStopped, Alert: true, Text: i18n.T(r.Context(), key)}
	return web.Render(w, r, http.StatusUnprocessableEntity, bulkPage(v))
}

func (h *handlers) look(ctx context.Context, s bulkSent) ([]dossier.ManyPreview, error) {
	switch s.do {
	case doClaim:
		return h.svc.PreviewClaim(ctx, s.tasks)
	case doRelease, doAssign:
		return h.svc.PreviewAssign(ctx, s.tasks, s.to)
	}
	cmds := slices.Clone(s.tasks)
	for i := range cmds {
		if cmds[i].Comment == "" && dossier.NeedsReason(s.action) {
			cmds[i].Comment = anyReason
		}
	}
	return h.svc.PreviewMany(ctx, cmds)
}

// wouldBe says what would happen to one task, and whether it would.
func (h *handlers) wouldBe(ctx context.Context, s bulkSent, p dossier.ManyPreview) (ui.Cell, bool) {
	switch {
	case p.Err != nil:
		return ui.Cell{Text: i18n.T(ctx, "dossierweb.bulk.cannot"), Tagged: true, Tag: ui.ToneStopped, Note: reasonOf(ctx, p.Err)}, false
	case s.action == "":
		return ui.Cell{Text: i18n.T(ctx, "dossierweb.bulk.will."+s.do), Note: dutyNote(ctx, p.Earlier)}, true
	}
	return h.goes(ctx, p.Found, p.Outcome, p.To), true
}

// reasonOf is why a row failed, in a sentence.
func reasonOf(ctx context.Context, err error) string {
	p := web.ProblemOf(ctx, err)
	var all []string
	for _, e := range p.Errors {
		all = append(all, e.Message)
	}
	if len(all) > 0 && errs.Is(err, errs.Invalid) {
		return strings.Join(all, " ")
	}
	return p.Detail
}

// goes says where an act takes a dossier.
func (h *handlers) goes(ctx context.Context, t dossier.Task, o dossier.Outcome, to []dossier.Moved) ui.Cell {
	pkg, _ := h.services.ByDigest(t.Package)
	c := ui.Cell{Text: i18n.T(ctx, "dossierweb.bulk.ends", "state", stateWord(ctx, o.State))}
	if o.Step != "" {
		c.Text = i18n.T(ctx, "dossierweb.bulk.goes", "step", stepLabel(ctx, pkg, o.Step, false))
	}
	var notes []string
	for _, m := range to {
		if m.Step == o.Step {
			notes = append(notes, roleName(ctx, m.Role))
			break
		}
	}
	if !o.DueAt.IsZero() {
		notes = append(notes, i18n.T(ctx, "dossierweb.bulk.promised", "at", shortTime(ctx, o.DueAt)))
	}
	c.Note = strings.Join(notes, " · ")
	return c
}

func (h *handlers) foundCell(p dossier.ManyPreview) ui.Cell {
	if p.Code == "" {
		return ui.T(p.Task.String())
	}
	return ui.Cell{Text: p.Code, Href: "/desk/tasks/" + p.Task.String(), Note: p.Found.Applicant}
}

func (h *handlers) stepCell(ctx context.Context, t dossier.Task) ui.Cell {
	if t.ID == 0 {
		return ui.T("–")
	}
	pkg, _ := h.services.ByDigest(t.Package)
	return ui.Cell{Text: stepLabel(ctx, pkg, t.Step, false), Note: procedureName(ctx, pkg, t)}
}

// doLabel is what will be done, in the words of the list.
func (h *handlers) doLabel(ctx context.Context, s bulkSent, seen []dossier.ManyPreview) string {
	if s.action == "" {
		return i18n.T(ctx, "dossierweb.bulk."+s.do)
	}
	for _, p := range seen {
		for _, o := range h.plainActions(ctx, p.Found) {
			if o.Value == s.do {
				return o.Label
			}
		}
	}
	return s.action
}

// toField are the colleagues to whom all the tasks may be given.
func (h *handlers) toField(ctx context.Context, s bulkSent, seen []dossier.ManyPreview) (*ui.Field, error) {
	f := &ui.Field{Name: "to", Label: i18n.T(ctx, "dossierweb.bulk.to"), Hint: i18n.T(ctx, "dossierweb.bulk.toHint")}
	if s.to != 0 {
		f.Value = dossier.ID(s.to).String()
	}
	for _, p := range seen {
		if p.Err != nil {
			continue
		}
		people, _, err := h.colleagues(ctx, p.Found.Unit)
		if err != nil {
			return nil, err
		}
		for _, c := range people {
			f.Options = append(f.Options, ui.Option{Value: dossier.ID(c.Account).String(), Label: c.Name + ", " + roleName(ctx, c.Role)})
		}
		break // those of one unit: a list is one unit's
	}
	return f, nil
}

// bulkAct does it, and tells of each task what was done or why not.
func (h *handlers) bulkAct(w http.ResponseWriter, r *http.Request) error {
	s, err := h.readBulk(r)
	if err != nil {
		return err
	}
	key, err := web.ClientKey(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	for i := range s.tasks {
		s.tasks[i].Key = key
	}
	missing := func(field, key string) error {
		return h.showPreview(w, r, s, http.StatusUnprocessableEntity, errs.E(errs.Invalid, key, errs.WithFields(errs.Field{Path: field, Key: key})))
	}
	var done []dossier.ManyResult
	switch {
	case len(s.tasks) == 0 || s.do == "" || len(s.tasks) > dossier.MaxMany:
		return h.showPreview(w, r, s, http.StatusOK, nil)
	case s.do == doClaim:
		done = h.svc.ClaimMany(ctx, s.tasks)
	case s.do == doRelease:
		done = h.svc.AssignMany(ctx, s.tasks, 0)
	case s.do == doAssign && s.to == 0:
		return missing("to", "dossierweb.bulk.toMissing")
	case s.do == doAssign:
		done = h.svc.AssignMany(ctx, s.tasks, s.to)
	case dossier.NeedsReason(s.action) && s.comment == "":
		return missing("comment", "dossier.comment.required")
	default:
		done = h.svc.ActMany(ctx, s.tasks)
		if err := unproved(done); err != nil {
			return err
		}
	}
	return h.bulkDone(w, r, s, done)
}

func (h *handlers) bulkDone(w http.ResponseWriter, r *http.Request, s bulkSent, done []dossier.ManyResult) error {
	ctx := r.Context()
	ids := make([]dossier.TaskID, len(done))
	failed := 0
	for i, d := range done {
		ids[i] = d.Task
		if d.Err != nil {
			failed++
		}
	}
	tasks, err := h.svc.Tasks(ctx, ids)
	if err != nil {
		return err
	}
	byID := make(map[dossier.TaskID]dossier.Task, len(tasks))
	for _, t := range tasks {
		byID[t.ID] = t
	}
	v := bulkView{Title: i18n.T(ctx, "dossierweb.bulk.result"), Back: s.back}
	v.Banner = &ui.BannerArgs{Tone: ui.ToneDone, Alert: true, Text: i18n.T(ctx, "dossierweb.bulk.done", "n", len(done))}
	if failed > 0 {
		v.Banner = &ui.BannerArgs{Tone: ui.ToneStopped, Alert: true, Text: i18n.T(ctx, "dossierweb.bulk.doneSome", "n", len(done)-failed, "failed", failed)}
	}
	v.Table = ui.TableArgs{
		Caption: i18n.T(ctx, "dossierweb.bulk.result"), CaptionQuiet: true, First: true,
		Head: []ui.Column{{Label: i18n.T(ctx, "dossierweb.col.code"), Tight: true}, {Label: i18n.T(ctx, "dossierweb.bulk.happened")}},
	}
	slices.SortStableFunc(done, func(a, b dossier.ManyResult) int { // what failed first
		switch {
		case (a.Err != nil) == (b.Err != nil):
			return 0
		case a.Err != nil:
			return -1
		}
		return 1
	})
	for _, d := range done {
		t := byID[d.Task]
		row := ui.Row{Marked: d.Err != nil, Cells: []ui.Cell{{Text: d.Code, Href: "/desk/tasks/" + d.Task.String(), Note: t.Applicant}}}
		switch {
		case d.Code == "":
			row.Cells[0] = ui.T(d.Task.String())
		case t.ID == 0:
			row.Cells[0].Href = "/desk/dossiers/" + url.PathEscape(d.Code)
		}
		switch {
		case d.Err != nil:
			row.Cells = append(row.Cells, ui.Cell{Text: i18n.T(ctx, "dossierweb.bulk.notDone"), Tagged: true, Tag: ui.ToneStopped, Note: reasonOf(ctx, d.Err)})
		case s.action == "":
			row.Cells = append(row.Cells, ui.T(i18n.T(ctx, "dossierweb.bulk.did."+s.do)))
		default:
			row.Cells = append(row.Cells, h.goes(ctx, t, d.Outcome, nil))
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	return web.Render(w, r, http.StatusOK, bulkPage(v))
}
