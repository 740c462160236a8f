package identityweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/identity"
)

// leaveView is one leave in words.
type leaveView struct {
	ID     string
	Title  string
	Status string
	Tone   ui.Tone
	Rows   ui.SummaryArgs
	Cancel bool
	Key    string
}

func (h handlers) leaveView(ctx context.Context, l identity.Leave, may bool) leaveView {
	v := leaveView{
		ID: l.ID.String(), Title: span(ctx, l.From, l.Until), Status: say(ctx, "leave.status."+string(l.Status)), Cancel: l.Open() && may, Key: web.NewKey(),
		Tone: map[identity.LeaveStatus]ui.Tone{identity.LeavePlanned: ui.ToneWaiting, identity.LeaveRunning: ui.ToneActive, identity.LeaveEnded: ui.ToneDone}[l.Status],
	}
	if l.Status == identity.LeaveRunning && l.Until.Before(l.From) {
		v.Title = day(ctx, l.From)
	}
	add := func(key, text string) {
		if text != "" {
			v.Rows.Rows = append(v.Rows.Rows, ui.SummaryRow{Key: say(ctx, "leave."+key), Value: ui.T(text)})
		}
	}
	add("absent", l.Name)
	add("deputy", l.DeputyName)
	add("reason", l.Reason)
	if l.Moved > 0 {
		add("moved", i18n.Number(i18n.LangOf(ctx), int64(l.Moved)))
	}
	add("entered", say(ctx, "by", "name", l.Entered, "at", l.EnteredAt))
	return v
}

// fillLeaves adds the leaves of an officer and the form of a new one.
func (h handlers) fillLeaves(ctx context.Context, account int64, posts []identity.Post, v *officerView) error {
	mine, stands, err := h.svc.LeavesOf(ctx, account)
	if err != nil {
		return err
	}
	v.MayLeave = h.svc.MayEnterLeave(ctx, account, posts)
	for _, l := range mine {
		v.Leaves = append(v.Leaves, h.leaveView(ctx, l, v.MayLeave))
	}
	for _, l := range stands {
		v.StandsIn = append(v.StandsIn, h.leaveView(ctx, l, false))
	}
	if !v.MayLeave {
		return nil
	}
	list, err := h.svc.Candidates(ctx, account, h.svc.Units.Today())
	for _, c := range list {
		v.Deputies = append(v.Deputies, ui.Option{Value: accountText(c.Account), Label: c.Name, Hint: roleName(ctx, c.Role) + ", " + h.fullName(ctx, c.Unit)})
	}
	if v.Leave.Values == nil {
		v.Leave.Values = url.Values{}
	}
	v.Leave.Key, v.Leave.scope = web.NewKey(), "leave-"
	return err
}

// leave is the reader's own page.
func (h handlers) leave(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	var v officerView
	switch q.Get("done") {
	case "leave", "cancelled":
		v.Banner = &ui.BannerArgs{Text: say(r.Context(), "done."+q.Get("done")), Tone: ui.ToneDone, Alert: true}
	}
	return h.showLeave(w, r, http.StatusOK, v)
}

func (h handlers) showLeave(w http.ResponseWriter, r *http.Request, status int, v officerView) error {
	ctx := r.Context()
	o, posts, err := h.svc.Officer(ctx, reader(ctx))
	if err != nil {
		return err
	}
	v.Account, v.Name, v.Number, v.Self = accountText(o.Account), o.Name, o.Number, true
	if err := h.fillLeaves(ctx, o.Account, posts, &v); err != nil {
		return err
	}
	return web.Render(w, r, status, leavePage(v))
}

// takeLeave reads the form of a leave and enters it; f keeps what was typed.
func (h handlers) takeLeave(ctx context.Context, sent url.Values, account int64, key string, f *form) error {
	n := identity.NewLeave{Account: account, Reason: sent.Get("reason"), Key: key}
	n.Deputy, _ = strconv.ParseInt(sent.Get("deputy"), 10, 64)
	var from, until string
	n.From, from = dayOf(sent, "from")
	n.Until, until = dayOf(sent, "until")
	sent.Set("from", from)
	sent.Set("until", until)
	_, err := h.svc.EnterLeave(ctx, n)
	if wrong(err) {
		f.Values, f.Problems = sent, ui.ProblemsOf(ctx, err)
	}
	return err
}

func (h handlers) enterLeave(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	sent, key, err := posted(r)
	if err != nil {
		return err
	}
	var v officerView
	if err = h.takeLeave(ctx, sent, reader(ctx), key, &v.Leave); wrong(err) {
		return h.showLeave(w, r, web.ProblemOf(ctx, err).Status, v)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/desk/leave?done=leave")
}

func (h handlers) cancelLeave(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	_, key, err := posted(r)
	if err != nil {
		return err
	}
	leave, err := web.PathID[identity.Leave](r, "id")
	if err != nil {
		return err
	}
	if _, err = h.svc.CancelLeave(ctx, leave, key); wrong(err) {
		return h.showLeave(w, r, web.ProblemOf(ctx, err).Status, officerView{Problems: ui.ProblemsOf(ctx, err)})
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/desk/leave?done=cancelled")
}

type welcomeView struct {
	Name, Login string
	A, U, S     string
	Key         string
	Done        bool
	Problems    ui.Problems
}

// welcome is where an invitation leads.
func (h handlers) welcome(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	if q.Get("done") == "1" {
		return web.Render(w, r, http.StatusOK, welcomePage(welcomeView{Done: true}))
	}
	return h.showWelcome(w, r, http.StatusOK, q, nil)
}

func (h handlers) showWelcome(w http.ResponseWriter, r *http.Request, status int, q url.Values, problems ui.Problems) error {
	a, err := h.svc.Invited(r.Context(), q.Get("a"), q.Get("u"), q.Get("s"))
	if err != nil {
		return err
	}
	return web.Render(w, r, status, welcomePage(welcomeView{
		Name: a.Name, Login: a.Login, A: q.Get("a"), U: q.Get("u"), S: q.Get("s"), Key: web.NewKey(), Problems: problems,
	}))
}

func (h handlers) choosePassword(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	sent, _, err := posted(r)
	if err != nil {
		return err
	}
	if sent.Get("password") != sent.Get("again") {
		err = errs.E(errs.Invalid, "identityweb.welcome.differ", errs.WithFields(errs.Field{Path: "again", Key: "identityweb.welcome.differ"}))
	} else {
		err = h.svc.Welcome(ctx, sent.Get("a"), sent.Get("u"), sent.Get("s"), sent.Get("password"))
	}
	if wrong(err) {
		return h.showWelcome(w, r, web.ProblemOf(ctx, err).Status, sent, ui.ProblemsOf(ctx, err))
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/welcome?done=1")
}
