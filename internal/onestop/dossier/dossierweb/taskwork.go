package dossierweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/desk"
	"khue/internal/onestop/dossier"
)

// workView is what the page of a task offers beside the acts of its step: giving it to a
// colleague, taking a wrong hand-over back, notes.
type workView struct {
	Live    string // topics on which the page listens
	Keep    string // under which the browser keeps what is being typed: account and task
	Viewer  viewerView
	Assign  *ui.Field // colleagues with their load; nil where the reader may not give the task
	Recall  bool
	Reason  ui.Field // of a recall
	Notes   []noteView
	Note    ui.Field
	Mention ui.Field
	Phrases map[string][]phraseView // by action
}

type noteView struct{ By, When, Text string }

// phraseView is one entry of the list of phrases.
type phraseView struct{ ID, Short, Text string }

// How long a note stays on top of the page, and how many.
const (
	noteFresh  = 7 * 24 * time.Hour
	notesOnTop = 3
)

// work fills the page with what may be done about the task itself. form names the part
// whose fields sent came from, refused why they were not taken.
func (h *handlers) work(ctx context.Context, view *taskView, c dossier.Content, lines []dossier.Line, sent url.Values, refused error) error {
	w, t := &view.Work, view.Task
	me := auth.From(ctx).Account
	w.Live = strings.Join(dossier.TopicsOf(view.Dossier.ID, nil, 0), " ")
	w.Keep = strconv.FormatInt(me, 10) + ":" + t.ID.String()
	w.Notes = notesOf(ctx, lines, h.clock.Now())
	problems := ui.ProblemsOf(ctx, refused)
	typed := func(part, name string) string {
		if sent.Get("part") == part {
			return sent.Get(name)
		}
		return ""
	}
	w.Note = ui.Field{Name: "note", Label: i18n.T(ctx, "dossierweb.note.text"), Hint: i18n.T(ctx, "dossierweb.note.hint"), Rows: 3, MaxLength: dossier.MaxNote, Value: typed("note", "note"), Error: problems.For("note")}
	people, err := h.svc.Mentionable(ctx, t, view.Dossier)
	if err != nil {
		return err
	}
	w.Mention = ui.Field{Name: "mention", Label: i18n.T(ctx, "dossierweb.note.mention"), Hint: i18n.T(ctx, "dossierweb.note.mentionHint"), Optional: true, Multiple: true, Error: problems.For("mention")}
	if sent.Get("part") == "note" {
		w.Mention.Values = sent["mention"]
	}
	for _, p := range people {
		w.Mention.Options = append(w.Mention.Options, ui.Option{Value: strconv.FormatInt(p.Account, 10), Label: p.Name})
	}
	if !t.Open {
		return nil
	}
	if t.Assignee != 0 && t.Assignee != me {
		if i := slices.IndexFunc(people, func(p dossier.Colleague) bool { return p.Account == t.Assignee }); i >= 0 {
			view.Holder = people[i].Name // who gave it to them acted last
		}
	}
	if h.svc.DealsOut(ctx, t.Unit) || t.Assignee == me && me != 0 {
		list, err := h.svc.Colleagues(ctx, t)
		if err != nil {
			return err
		}
		ids := make([]int64, len(list))
		for i, p := range list {
			ids[i] = p.Account
		}
		barred, err := h.svc.BarredColleagues(ctx, t, ids)
		if err != nil {
			return err
		}
		f := ui.Field{Name: "to", Label: i18n.T(ctx, "dossierweb.assign.to"), Value: typed("assign", "to"), Error: problems.For("to")}
		for _, p := range list {
			if p.Account == t.Assignee {
				continue
			}
			label := i18n.T(ctx, "dossierweb.assign.load", "name", p.Name, "n", p.Open)
			if did, ok := barred[p.Account]; ok {
				label = i18n.T(ctx, "dossierweb.assign.barred_"+did.Duty.String(), "name", p.Name)
			}
			f.Options = append(f.Options, ui.Option{Value: strconv.FormatInt(p.Account, 10), Label: label})
		}
		if len(f.Options) > 0 {
			w.Assign = &f
		}
	}
	if w.Recall = h.svc.MayRecall(ctx, t, lines); w.Recall {
		w.Reason = ui.Field{Name: "reason", Scope: "recall-", Label: i18n.T(ctx, "dossierweb.task.reason"), Hint: i18n.T(ctx, "dossierweb.recall.hint"), Rows: 2, MaxLength: 2000, Value: typed("recall", "reason"), Error: problems.For("reason")}
	}
	return h.phrases(ctx, view, c)
}

// phrases offers, at each act that asks for a reason, what is kept for it.
func (h *handlers) phrases(ctx context.Context, view *taskView, c dossier.Content) error {
	if !slices.ContainsFunc(view.Actions, func(a actionView) bool { return a.Box() != "" }) {
		return nil
	}
	all, err := h.desk.Phrases(ctx, view.Dossier.Procedure, "")
	if err != nil {
		return err
	}
	view.Work.Phrases = map[string][]phraseView{}
	for _, a := range view.Actions {
		for _, p := range all {
			if a.Box() != "" && (p.Action == "" || p.Action == a.Do) {
				text := p.Text(c.Filing.Lang == string(i18n.EN))
				view.Work.Phrases[a.Do] = append(view.Work.Phrases[a.Do], phraseView{p.ID.String(), short(text), text})
			}
		}
	}
	return nil
}

// Box is the id of the box that takes the reason of the act; "" where none is asked.
func (a actionView) Box() string {
	switch {
	case a.Reason:
		return ui.ID(a.Do + "-comment")
	case a.OwnReason:
		return ui.ID(a.Do + "-reason")
	}
	return ""
}

const shortPhrase = 90 // runes that a list shows

func short(text string) string {
	if utf8.RuneCountInString(text) <= shortPhrase {
		return text
	}
	r := []rune(text)[:shortPhrase]
	return strings.TrimSpace(string(r)) + "…"
}

// inserted adds the phrase that was chosen to what was typed: the way without a script.
func (h *handlers) inserted(ctx context.Context, sent url.Values, c dossier.Content, d dossier.Dossier) error {
	all, err := h.desk.Phrases(ctx, d.Procedure, sent.Get("action"))
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(p desk.Phrase) bool { return p.ID.String() == sent.Get("phrase") })
	if i < 0 {
		return nil
	}
	box := "comment"
	if !sent.Has(box) {
		box = "reason"
	}
	sent.Set(box, strings.TrimSpace(sent.Get(box)+" "+all[i].Text(c.Filing.Lang == string(i18n.EN))))
	return nil
}

// notesOf are the notes that stand on top: the last few of the last days, the youngest first.
func notesOf(ctx context.Context, lines []dossier.Line, now time.Time) []noteView {
	var out []noteView
	for i := len(lines) - 1; i >= 0 && len(out) < notesOnTop; i-- {
		if l := lines[i]; l.Kind == dossier.KindNote && !l.Erased && now.Sub(l.At) < noteFresh {
			out = append(out, noteView{By: l.By, When: shortTime(ctx, l.At), Text: l.Comment})
		}
	}
	return out
}

// note takes a note about the dossier.
func (h *handlers) note(w http.ResponseWriter, r *http.Request) error {
	return h.beside(w, r, "note", func(ctx context.Context, v dossier.TaskID, sent url.Values, key string) error {
		n := dossier.Note{Task: v, Text: sent.Get("note"), Key: key}
		for _, m := range sent["mention"] {
			if a, err := strconv.ParseInt(m, 10, 64); err == nil && a != 0 {
				n.Mentions = append(n.Mentions, a)
			}
		}
		return h.svc.AddNote(ctx, n)
	})
}

// assignPage gives the task to a colleague.
func (h *handlers) assignPage(w http.ResponseWriter, r *http.Request) error {
	return h.beside(w, r, "assign", func(ctx context.Context, v dossier.TaskID, sent url.Values, key string) error {
		to, err := strconv.ParseInt(sent.Get("to"), 10, 64)
		if err != nil || to <= 0 {
			return errs.E(errs.Invalid, "dossierweb.account", errs.WithFields(errs.Field{Path: "to", Key: "dossierweb.assign.choose"}))
		}
		_, err = h.svc.Assign(ctx, v, version(sent), to, key)
		return err
	})
}

// recall takes back what was handed over by mistake.
func (h *handlers) recall(w http.ResponseWriter, r *http.Request) error {
	return h.beside(w, r, "recall", func(ctx context.Context, v dossier.TaskID, sent url.Values, key string) error {
		t, d, _, err := h.svc.ReadTask(ctx, v)
		if err != nil {
			return err
		}
		if t.Version != version(sent) {
			return errs.E(errs.Conflict, "dossier.task.taken", errs.P("by", t.LastBy, "at", t.LastAt))
		}
		_, err = h.svc.Correct(ctx, dossier.Correction{Kind: dossier.CorrectUndo, Dossier: d.Code, Token: t.Token, Reason: sent.Get("reason"), Key: key})
		return err
	})
}

// beside takes a form of the task's page that is no act of its step, and comes back to the
// page: with what was typed where it was refused.
func (h *handlers) beside(w http.ResponseWriter, r *http.Request, part string, do func(context.Context, dossier.TaskID, url.Values, string) error) error {
	v, err := web.PathID[dossier.Task](r, "id")
	if err != nil {
		return err
	}
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	sent.Set("part", part)
	sent.Del("action")
	if err := do(r.Context(), v, sent, key); err != nil {
		switch errs.KindOf(err) {
		case errs.Invalid, errs.Conflict, errs.Mismatch:
			return h.showTask(w, r, web.ProblemOf(r.Context(), err).Status, v, sent, err)
		}
		return err
	}
	return web.Redirect(w, r, "/desk/tasks/"+v.String()+"?done="+part)
}

// hidden names the version that the reader saw.
func (v taskView) hidden() []ui.KeyText {
	return []ui.KeyText{{Name: "version", Value: strconv.FormatInt(v.Task.Version, 10)}}
}

func (v taskView) here() string {
	if v.Task.ID == 0 {
		return "/desk/dossiers/" + url.PathEscape(v.Dossier.Code)
	}
	return "/desk/tasks/" + v.Task.ID.String()
}

// workRoutes are the pages and forms around a task.
func (h *handlers) workRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodPost, Path: "/desk/tasks/{id}/note", Policy: auth.Officer, Do: h.note},
		{Method: http.MethodPost, Path: "/desk/tasks/{id}/assign", Policy: auth.Officer, Do: h.assignPage},
		{Method: http.MethodPost, Path: "/desk/tasks/{id}/recall", Policy: auth.Officer, Do: h.recall},
		{Method: http.MethodGet, Path: "/desk/keys", Policy: auth.Officer, Do: h.keysPage},
		{Method: http.MethodGet, Path: "/desk/balance", Policy: auth.Officer, Do: h.balancePage},
		{Method: http.MethodPost, Path: "/desk/balance", Policy: auth.Officer, Do: h.balance},
	}
}

// facts are state, due date and applicant, in the words of the summary.
func (v taskView) facts() []ui.SummaryRow {
	rows := v.Summary.Rows
	if len(rows) < 4 {
		return nil
	}
	return []ui.SummaryRow{rows[0], {Key: rows[1].Key, Value: v.Due}, rows[3]}
}
