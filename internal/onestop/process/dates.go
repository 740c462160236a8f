package process

import (
	"time"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
)

// accept sets the promised date, once: a dossier that came back to the one-stop is
// only forwarded again.
func (m *machine) accept(a *action, x *node, t Token) error {
	if m.i.Accepted != 0 {
		m.done(t, x, a.do)
		return nil
	}
	if err := m.state(Accepted); err != nil {
		return err
	}
	m.i.Accepted = millis(m.env.Now)
	if dl, ok := m.term(); ok {
		m.i.Term = dl.Case
		if err := m.due(dl.Term, "accepted"); err != nil {
			return err
		}
	}
	m.happened(a.event)
	m.emit(PaperRequested{Paper: "receipt"})
	m.done(t, x, a.do)
	return nil
}

// term is the legal term in force: what a table gave, the named one that the date was
// counted by, or that of case and channel.
func (m *machine) term() (Deadline, bool) {
	kase := m.i.Term
	if kase == "" {
		kase = m.env.Case
	}
	dl, ok := m.d.Deadline(kase, m.env.Channel)
	if m.env.Term != nil && m.i.Extensions == 0 {
		dl.Term, ok = *m.env.Term, true
	}
	return dl, ok
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

// recount sets the due date after a supplement as the service declares.
func (m *machine) recount() error {
	if m.d.terms.Supplement.Resume {
		return m.resume()
	}
	m.i.Paused = 0
	dl, ok := m.term()
	if !ok || m.i.Accepted == 0 {
		return nil
	}
	return m.due(dl.Term, "restarted")
}

// redate moves the promised date by an officer's decision, such as over a new holiday.
// A printed date never moves earlier.
func (m *machine) redate(ev Event) error {
	if m.i.State.Ended() || m.i.State == Done || m.i.Due == 0 {
		return errs.E(errs.Conflict, "process.ended", errs.P("state", m.i.State.String()))
	}
	if !ev.At.After(m.i.Due.Time()) {
		return errs.E(errs.Invalid, "process.redateEarlier", errs.P("at", m.i.Due.Time()))
	}
	m.i.Due = millis(ev.At)
	m.emit(DueSet{Due: calendar.Due{At: ev.At}, Why: ev.Why})
	m.emit(PaperRequested{Paper: "extension"})
	m.happened("redated")
	return nil
}

// adopt takes over the date that another system printed before the dossier came here.
func (m *machine) adopt(ev Event) error {
	if m.i.State.Ended() || m.i.Accepted == 0 || !ev.At.After(m.i.Accepted.Time()) {
		return errs.E(errs.Conflict, "process.ended", errs.P("state", m.i.State.String()))
	}
	m.i.Due = millis(ev.At)
	m.emit(DueSet{Due: calendar.Due{At: ev.At}, Why: "adopted"})
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

// count stops and starts the count: it stands still while the applicant completes the
// dossier or has not paid what is due, and while everything that is open is a wait that is
// nobody's delay.
func (m *machine) count() error {
	if m.i.State.Ended() {
		return nil
	}
	still, runs, asked := false, false, false
	for _, t := range m.i.Tokens {
		switch t.Wait {
		case ForSupplement:
			asked = true
		case ForJoin, ForInner, ForMany, ForCompensation:
		default:
			if m.counts(t) {
				runs = true
			} else {
				still = true
			}
		}
	}
	owed := m.i.Owed != 0 && m.i.State != Done
	switch stop := asked || owed || still && !runs; {
	case stop && m.i.Paused == 0 && (m.i.Due != 0 || owed || asked && m.i.Accepted != 0):
		m.i.Paused = millis(m.env.Now)
	case !stop && m.i.Paused != 0:
		return m.resume()
	}
	return nil
}

// counts reports whether the wait of a token goes towards the promised date.
func (m *machine) counts(t Token) bool {
	n := m.node(t.Step)
	switch {
	case n == nil:
	case n.user != nil:
		return n.user.counts
	case n.call != nil:
		return n.call.counts
	case n.event == bpmn.Timer && n.timer != nil:
		return !n.timer.waits
	}
	return true
}

// resume lets the count go on with what was left of it when it was stopped. A
// dossier that was late by then stays late.
func (m *machine) resume() error {
	paused, due := m.i.Paused.Time(), m.i.Due.Time()
	m.i.Paused = 0
	if paused.IsZero() || !due.After(paused) || !m.env.Now.After(paused) {
		return nil
	}
	dl, ok := m.term()
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
