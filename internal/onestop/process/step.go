package process

import (
	"slices"
	"time"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/feel"
)

// limits of one expression: packages come from many hands.
const (
	exprSteps  = 20_000
	exprMemory = 1 << 20
)

// Step moves an instance by one event. It changes none of its arguments. Errors:
//
//	Conflict process.stale       the token has moved on, or waits for the applicant
//	Conflict process.ended       the dossier has ended, or cannot be taken back any more
//	Conflict process.notWaiting  a supplement came that nobody asked for
//	Invalid  process.noAction    the step has no such action, or not now
//	Invalid  process.supplementSpent, process.extensionSpent
//	Invalid  process.noUnit      the step's unit is not known
func Step(d *Def, in Instance, ev Event, env Env) (Instance, []Effect, error) {
	m := machine{d: d, i: in, env: &env, out: make([]Effect, 0, 8)}
	m.i.Tokens = slices.Clone(in.Tokens)
	var err error
	switch ev.Kind {
	case Submit:
		err = m.submit()
	case Act:
		err = m.act(ev.Token, ev.Action, false)
	case Supply:
		err = m.supply()
	case Withdraw:
		err = m.withdraw()
	case Fire:
		err = m.fire(ev.Token)
	default:
		err = errs.E(errs.Invalid, "process.noEvent", errs.P("event", string(ev.Kind)))
	}
	if err != nil {
		return in, nil, err
	}
	return m.i, m.out, nil
}

type machine struct {
	d   *Def
	i   Instance
	env *Env
	out []Effect
}

func (m *machine) emit(e Effect) { m.out = append(m.out, e) }

func (m *machine) happened(name string) {
	if name != "" {
		m.emit(Happened{Name: name})
	}
}

func (m *machine) state(to State) error {
	from := m.i.State
	if from == to {
		return nil
	}
	if !from.May(to) {
		return errs.E(errs.Conflict, "process.ended", errs.P("state", from.String()))
	}
	m.i.State = to
	m.emit(StateChanged{From: from, To: to})
	return nil
}

func (m *machine) submit() error {
	if err := m.state(Submitted); err != nil {
		return err
	}
	if err := m.receive(); err != nil {
		return err
	}
	m.happened("submitted")
	return m.enter(0, false)
}

// receive starts the one-stop's own clock.
func (m *machine) receive() error {
	if m.d.terms.Receive == 0 {
		return nil
	}
	due, err := m.env.Calendar.Due(m.env.Now, calendar.Deadline{Kind: calendar.WorkingHours, N: m.d.terms.Receive})
	if err != nil {
		return err
	}
	m.i.ReceiveBy = millis(due.At)
	m.emit(ReceiveBySet{At: due.At})
	return nil
}

// enter opens the step at i, or the first after it that applies.
func (m *machine) enter(i int, again bool) error {
	for i != end && !m.holds(m.d.nodes[i].when) {
		i++ // the last step has no condition
	}
	n := &m.d.nodes[i]
	m.i.Last++
	t := Token{N: m.i.Last, Step: n.info.ID, Since: millis(m.env.Now)}
	open := TaskOpened{
		Token: t.N, Step: t.Step, Role: n.info.Role, Actions: n.names, Minutes: n.info.Minutes,
		Label: n.info.Label, Public: n.info.Public, Again: again,
	}
	if !n.counts {
		m.pause()
	}
	if n.info.Role == RoleApplicant {
		at, err := n.within.End(m.env.Now, m.env.Calendar)
		if err != nil {
			return err
		}
		t.Wait, t.Timer, open.By = ForApplicant, millis(at), at
		m.emit(open)
		m.emit(TimerSet{Token: t.N, At: at})
	} else {
		unit, ok := m.eval(n.unit).Text()
		if !ok || unit == "" {
			return errs.E(errs.Invalid, "process.noUnit", errs.P("step", n.info.Label))
		}
		open.Unit = unit
		if n.info.Minutes > 0 {
			due, err := m.env.Calendar.Due(m.env.Now, calendar.Deadline{Kind: calendar.WorkingHours, N: (n.info.Minutes + 59) / 60})
			if err != nil {
				return err
			}
			open.By = due.At
		}
		m.emit(open)
	}
	m.i.Tokens = append(m.i.Tokens, t)
	if slices.Contains(n.names, DoIssue) && m.i.State != Done {
		if err := m.state(Done); err != nil {
			return err
		}
		m.happened("issued")
	}
	return nil
}

// leave takes a token out of the instance.
func (m *machine) leave(t Token, action string) error {
	m.i.Tokens = slices.DeleteFunc(m.i.Tokens, func(x Token) bool { return x.N == t.N })
	if t.Wait != ForSupplement {
		m.emit(TaskClosed{Token: t.N, Step: t.Step, Action: action})
	}
	if t.Timer != 0 {
		m.emit(TimerCleared{Token: t.N})
	}
	if n := m.node(t.Step); n != nil && !n.counts {
		return m.resume()
	}
	return nil
}

func (m *machine) node(step string) *node {
	i, ok := m.d.index[step]
	if !ok {
		return nil
	}
	return &m.d.nodes[i]
}

// act takes an action on a token; silent where a term ran out and silence agrees.
func (m *machine) act(n int, do string, silent bool) error {
	t, ok := m.i.Token(n)
	if !ok || t.Wait == ForSupplement {
		return errs.E(errs.Conflict, "process.stale")
	}
	node := m.node(t.Step)
	if node == nil {
		return errs.E(errs.Internal, "process.stale", errs.P("step", t.Step)) // another definition's instance
	}
	k := slices.Index(node.names, do)
	if k < 0 || !m.holds(node.actions[k].when) {
		return errs.E(errs.Invalid, "process.noAction", errs.P("action", do, "step", node.info.Label))
	}
	a := &node.actions[k]
	if err := m.leave(t, do); err != nil {
		return err
	}
	if silent {
		m.happened("silenceAgreed")
	}
	first := m.i.Accepted == 0
	switch do {
	case DoAccept:
		return m.accept(a, first)
	case DoSupplement:
		return m.askSupplement(a, t)
	case DoRefuse:
		to := Stopped
		if first {
			to = NotAccepted
		}
		return m.finish(to, a.event, "refusal")
	case DoStop:
		return m.finish(Stopped, a.event, "stop")
	case DoIssue:
		return m.finish(Returned, a.event, "")
	case DoExtend:
		if err := m.extend(a); err != nil {
			return err
		}
	default:
		if first {
			return errs.E(errs.Invalid, "process.noAction", errs.P("action", do, "step", node.info.Label))
		}
		m.happened(a.event)
	}
	if !first {
		if err := m.state(Processing); err != nil {
			return err
		}
	}
	if a.result {
		m.emit(ResultRequested{Kind: m.d.terms.Result})
	}
	return m.enter(a.to, false)
}

// accept sets the promised date, once: a dossier that came back to the one-stop is
// only forwarded again.
func (m *machine) accept(a *action, first bool) error {
	if !first {
		return m.enter(a.to, false)
	}
	if err := m.state(Accepted); err != nil {
		return err
	}
	m.i.Accepted = millis(m.env.Now)
	dl, ok := m.d.Deadline(m.env.Case, m.env.Channel)
	if m.env.Term != nil {
		dl.Term, ok = *m.env.Term, true
	}
	if ok {
		m.i.Term = dl.Case
		if err := m.due(dl.Term, "accepted"); err != nil {
			return err
		}
	}
	m.happened(a.event)
	m.emit(PaperRequested{Paper: "receipt"})
	return m.enter(a.to, false)
}

func (m *machine) askSupplement(a *action, t Token) error {
	terms := m.d.terms.Supplement
	if m.i.Supplements >= terms.Max {
		return errs.E(errs.Invalid, "process.supplementSpent", errs.P("n", terms.Max))
	}
	m.i.Supplements++
	if err := m.state(Supplement); err != nil {
		return err
	}
	if !terms.Resume && m.i.Due.Time().After(m.env.Now) {
		m.i.Due = 0
		m.emit(DueCleared{})
	}
	m.pause()
	m.i.Last++
	w := Token{N: m.i.Last, Step: t.Step, Wait: ForSupplement, Since: millis(m.env.Now)}
	if a.to != end {
		w.Step = m.d.nodes[a.to].info.ID
	}
	if !terms.Within.IsZero() {
		at, err := terms.Within.End(m.env.Now, m.env.Calendar)
		if err != nil {
			return err
		}
		w.Timer = millis(at)
		m.emit(TimerSet{Token: w.N, At: at})
	}
	m.i.Tokens = append(m.i.Tokens, w)
	m.happened(a.event)
	m.emit(PaperRequested{Paper: "supplement"})
	return nil
}

func (m *machine) extend(a *action) error {
	if m.i.Extensions > 0 || m.i.Accepted == 0 {
		return errs.E(errs.Invalid, "process.extensionSpent")
	}
	dl, ok := m.d.Deadline(a.term, m.env.Channel)
	if !ok {
		return errs.E(errs.Internal, "process.extensionSpent", errs.P("term", a.term))
	}
	m.i.Extensions++
	m.i.Term = a.term
	if err := m.due(dl.Term, "extended"); err != nil {
		return err
	}
	m.happened(a.event)
	m.emit(PaperRequested{Paper: "extension"})
	return nil
}

func (m *machine) supply() error {
	t, ok := m.i.Waiting(ForSupplement)
	if !ok {
		return errs.E(errs.Conflict, "process.notWaiting")
	}
	if err := m.leave(t, ""); err != nil {
		return err
	}
	if m.i.Accepted == 0 {
		if err := m.state(Submitted); err != nil {
			return err
		}
		if err := m.receive(); err != nil {
			return err
		}
	} else {
		if err := m.state(Processing); err != nil {
			return err
		}
		if err := m.recount(); err != nil {
			return err
		}
	}
	m.happened("supplied")
	return m.enter(m.d.index[t.Step], true)
}

// recount sets the due date after a supplement as the service declares.
func (m *machine) recount() error {
	if m.d.terms.Supplement.Resume {
		return m.resume()
	}
	m.i.Paused = 0
	dl, ok := m.d.Deadline(m.i.Term, m.env.Channel)
	if m.i.Term == "" {
		dl, ok = m.d.Deadline(m.env.Case, m.env.Channel)
		if m.env.Term != nil {
			dl.Term, ok = *m.env.Term, true
		}
	}
	if !ok {
		return nil
	}
	return m.due(dl.Term, "restarted")
}

func (m *machine) withdraw() error {
	if m.i.State == 0 || m.i.State == Done || m.i.State.Ended() {
		return errs.E(errs.Conflict, "process.ended", errs.P("state", m.i.State.String()))
	}
	return m.finish(Withdrawn, "withdrawn", "")
}

func (m *machine) fire(n int) error {
	t, ok := m.i.Token(n)
	if !ok || t.Timer == 0 {
		return errs.E(errs.Conflict, "process.stale")
	}
	if m.env.Now.Before(t.Timer.Time()) {
		return errs.E(errs.Conflict, "process.early", errs.P("at", t.Timer.Time()))
	}
	if t.Wait == ForSupplement {
		return m.finish(Stopped, "lapsed", "stop")
	}
	return m.act(n, m.node(t.Step).silence, true)
}

// finish ends the dossier: no token is left.
func (m *machine) finish(to State, milestone, paper string) error {
	for _, t := range slices.Clone(m.i.Tokens) {
		m.i.Tokens = slices.DeleteFunc(m.i.Tokens, func(x Token) bool { return x.N == t.N })
		if t.Wait != ForSupplement {
			m.emit(TaskClosed{Token: t.N, Step: t.Step})
		}
		if t.Timer != 0 {
			m.emit(TimerCleared{Token: t.N})
		}
	}
	m.i.Tokens, m.i.Paused = nil, 0
	if err := m.state(to); err != nil {
		return err
	}
	m.happened(milestone)
	if paper != "" {
		m.emit(PaperRequested{Paper: paper})
	}
	return nil
}

// due sets the promised date by a term that starts now; it is never moved earlier.
func (m *machine) due(dl calendar.Deadline, why string) error {
	due, err := m.env.Calendar.Due(m.env.Now, dl)
	if err != nil {
		return err
	}
	if m.i.Due != 0 && due.At.Before(m.i.Due.Time()) {
		return nil
	}
	m.i.Due = millis(due.At)
	m.emit(DueSet{Due: due, Why: why})
	return nil
}

// pause stops the count; a dossier that is not accepted has none.
func (m *machine) pause() {
	if m.i.Due != 0 && m.i.Paused == 0 {
		m.i.Paused = millis(m.env.Now)
	}
}

// resume lets the count go on with what was left of it when it was stopped. A
// dossier that was late by then stays late.
func (m *machine) resume() error {
	paused, due := m.i.Paused.Time(), m.i.Due.Time()
	m.i.Paused = 0
	if paused.IsZero() || !due.After(paused) || !m.env.Now.After(paused) {
		return nil
	}
	kase := m.i.Term
	if kase == "" {
		kase = m.env.Case
	}
	dl, ok := m.d.Deadline(kase, m.env.Channel)
	if m.env.Term != nil {
		dl.Term, ok = *m.env.Term, true
	}
	if !ok {
		return nil
	}
	return m.due(rest(m.env.Calendar, dl.Term, paused, due), "resumed")
}

// rest is what is left of a term from paused to due.
func rest(cal *calendar.Calendar, dl calendar.Deadline, paused, due time.Time) calendar.Deadline {
	from, to := clock.DateOf(paused), clock.DateOf(due)
	switch dl.Kind {
	case calendar.WorkingDays:
		dl.N = max(cal.WorkingDays(from, to), 1)
	case calendar.CalendarDays, calendar.Months:
		dl.Kind, dl.N = calendar.CalendarDays, max(to.Sub(from), 1)
	case calendar.WorkingHours:
		dl.N = max(int((cal.Worked(paused, due)+time.Hour-1)/time.Hour), 1)
	case calendar.SameDay:
	}
	return dl
}

func (m *machine) eval(e *feel.Expr) feel.Value {
	if e == nil {
		return feel.Null()
	}
	v, err := e.Eval(m.env.Facts, feel.Env{Now: m.env.Now.In(clock.Zone), Steps: exprSteps, Memory: exprMemory})
	if err != nil {
		return feel.Null()
	}
	return v
}

// holds evaluates a condition; none always holds, and only true does otherwise.
func (m *machine) holds(e *feel.Expr) bool { return e == nil || m.eval(e).IsTrue() }
