package dossier

import (
	"time"

	"github.com/go-json-experiment/json/v1"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/form"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// change is one step of the pure engine, ready to be written.
type change struct {
	before   Dossier
	dossier  Dossier // after
	instance []byte
	opened   []process.TaskOpened
	closed   []process.TaskClosed
	timers   []process.TimerSet
	calls    []process.ConnectorCalled
	asked    []process.ChildOpened
	dropped  []int // tokens whose children are not waited for any more
	children []child
	family   bool // the process may open children
	happened Happening
	tasks    []Task // rows of the dossier as read, to be moved
	writes   []taskWrite
	units    map[string]orgunit.UnitID
	fee      *payment.Order // falls due by the change; nil: none
	pkg      *service.Package
	beside   []Task         // open rows that the change does not move, told that a fee is due or has come
	result   bool           // the result is to be made
	by       auth.Subject   // who acts; the program where empty
	at       orgunit.UnitID // where it acts; 0 for the program
	home     string         // the competent agency, as units are named: whose heads repair what is stuck
}

// step runs the pure engine and gathers its effects. A fee that falls due by the step is charged.
func (s *Service) step(d Dossier, pkg *service.Package, ev process.Event, now nowAt, c Content) (*change, error) {
	return s.stepWith(d, pkg, ev, now, c, s.charge)
}

// stepFree is step for lives that are invented or were led elsewhere: no fee is charged.
func (s *Service) stepFree(d Dossier, pkg *service.Package, ev process.Event, now nowAt, c Content) (*change, error) {
	return s.stepWith(d, pkg, ev, now, c, func(*change, process.Env, Content, nowAt) error { return nil })
}

func (s *Service) stepWith(d Dossier, pkg *service.Package, ev process.Event, now nowAt, c Content, charge func(*change, process.Env, Content, nowAt) error) (*change, error) {
	if err := s.stands(d, clock.DateOf(now.at)); err != nil {
		return nil, err
	}
	env, home, err := s.env(d, pkg, now, c)
	if err != nil {
		return nil, err
	}
	inst, effects, err := process.Step(pkg.Process, d.Instance, ev, env)
	if err != nil {
		return nil, stepErr(err)
	}
	ch := &change{before: d, dossier: d, pkg: pkg, home: home, family: len(pkg.Process.Children()) > 0}
	ch.dossier.Instance = inst
	for _, e := range effects {
		ch.take(e, now.at)
	}
	if err := s.pass(ch, pkg, env, now); err != nil {
		return nil, err
	}
	if err := s.offspring(ch, pkg, env, now, c); err != nil {
		return nil, err
	}
	if err := charge(ch, env, c, now); err != nil {
		return nil, err
	}
	return ch, s.gather(ch, env.Term, now)
}

// env is what the engine reads of a dossier under a version of its service; home is the
// competent agency.
func (s *Service) env(d Dossier, pkg *service.Package, now nowAt, c Content) (env process.Env, home string, err error) {
	answers := c.Answers.With(c.Officer)
	day, known := clock.DateOf(now.at), form.Units(s.units)
	if d.Heritage != nil { // the package reads the city in which the dossier was filed
		day = d.day()
		known = asFiled{s.units, day}
	}
	receiving, competent := d.filedUnits()
	fenv := form.Env{
		Now: now.at, Case: d.Case, Channel: string(d.Channel), Units: known, Files: c.Papers,
		Receiving: s.units.ref(receiving, day), Competent: s.units.ref(competent, day), District: s.units.district(receiving, day),
	}
	term, err := pkg.TermOf(answers, fenv)
	return process.Env{
		Now: now.at, Calendar: s.Calendars.Of(d.Receiving), UnitDate: clock.DateOf(now.at), Case: d.Case, Channel: string(d.Channel),
		Facts: pkg.Form.Vars(answers, fenv), Term: term,
	}, fenv.Competent, err
}

// gather brings the row and the payload of a change up to its instance.
func (s *Service) gather(ch *change, term *calendar.Deadline, now nowAt) (err error) {
	inst := ch.dossier.Instance
	ch.dossier.State = inst.State
	ch.dossier.PausedAt, ch.dossier.UnpaidAt = inst.Paused.Time(), inst.Owed.Time()
	if ch.instance, err = json.Marshal(inst); err != nil {
		return err
	}
	ch.happened.State, ch.happened.Mail, ch.happened.Term = inst.State, ch.dossier.Mail, term
	ch.happened.When, ch.happened.Paused = db.Millis(now.at), int64(inst.Paused)
	ch.happened.Owed = int64(inst.Owed)
	if !ch.dossier.DueAt.IsZero() {
		ch.happened.Due = db.Millis(ch.dossier.DueAt)
	}
	return s.route(ch, now.at)
}

func (ch *change) take(e process.Effect, now time.Time) {
	d := &ch.dossier
	switch e := e.(type) {
	case process.TaskOpened:
		ch.opened = append(ch.opened, e)
	case process.TaskClosed:
		ch.closed = append(ch.closed, e)
	case process.TimerSet:
		ch.timers = append(ch.timers, e)
	case process.ConnectorCalled:
		ch.calls = append(ch.calls, e)
	case process.ChildOpened:
		ch.asked = append(ch.asked, e)
	case process.ChildStopped:
		ch.dropped = append(ch.dropped, e.Token)
	case process.GotStuck:
		ch.stuck(e)
	case process.StateChanged:
		ended := e.To.Ended() || e.To == process.Done
		switch {
		case e.To == process.Accepted && d.AcceptedAt.IsZero():
			d.AcceptedAt = now
		case ended && d.ClosedAt.IsZero():
			d.ClosedAt = now
		case !ended:
			d.ClosedAt = time.Time{}
		}
	case process.ReceiveBySet:
		d.ReceiveBy = e.At
	case process.DueSet:
		d.DueAt = e.Due.At
		k := e.Due.Count()
		ch.happened.DueWhy, ch.happened.Count = e.Why, &k
	case process.DueCleared:
		d.DueAt = time.Time{}
	case process.Happened:
		ch.happened.Reached = append(ch.happened.Reached, e.Name)
	case process.PaperRequested:
		ch.happened.Papers = append(ch.happened.Papers, e.Paper)
	case process.ResultRequested:
		ch.result = true
	case process.TimerCleared, process.MessageSent, process.SignalSent:
		// A message is told by its milestone. A timer that fires after its token moved is
		// refused by Step.
	}
}

// route finds the agencies and offices that the opened tasks fall to.
func (s *Service) route(ch *change, now time.Time) error {
	ch.units = make(map[string]orgunit.UnitID, 1)
	for _, o := range ch.opened {
		if o.Unit == "" || ch.units[o.Unit] != 0 {
			continue
		}
		a, err := s.fallsTo(ch.dossier, o.Unit, clock.DateOf(now))
		if err != nil {
			return errs.E(errs.Internal, "dossier.unit.noRoute", errs.P("unit", o.Unit, "step", o.Step), errs.Cause(err))
		}
		ch.units[o.Unit] = a.ID
	}
	for i, o := range ch.opened {
		o.Role = s.roleAt(ch.dossier, ch.units[o.Unit], o.Role, clock.DateOf(now))
		ch.opened[i] = o
		ch.happened.To = append(ch.happened.To, Moved{Step: o.Step, Role: o.Role, Unit: int64(ch.units[o.Unit])})
	}
	return nil
}

// taskWrite is one row of a branch to be written.
type taskWrite struct {
	Task
	fresh bool // a new row; otherwise the row is moved if it still stands at Version
}

// plan decides which rows the change writes. A branch that goes on keeps its row; one
// that ends closes it; one that is new, or comes back from a wait, takes a closed row
// of the dossier before it adds one.
func (s *Service) plan(ch *change, by string, now time.Time) {
	var free []Task // rows to be used again, those that close now first
	for _, c := range ch.closed {
		for _, t := range ch.tasks {
			if t.Open && t.Token == c.Token {
				free = append(free, t)
			}
		}
	}
	closing := len(free)
	for _, t := range ch.tasks {
		if !t.Open {
			free = append(free, t)
		}
	}
	for _, o := range ch.opened {
		t := s.task(ch, o, by, now)
		if len(free) == 0 {
			t.ID, t.Version = id.New[Task](s.Gen), 1
			ch.writes = append(ch.writes, taskWrite{t, true})
			continue
		}
		if o.Again {
			t.Assignee = free[0].Assignee
		}
		t.ID, t.Version = free[0].ID, free[0].Version
		ch.writes = append(ch.writes, taskWrite{t, false})
		free, closing = free[1:], closing-1
	}
	s.tellBeside(ch, now)
	for _, t := range free[:max(closing, 0)] {
		t.Open, t.LastBy, t.LastAt = false, by, now
		t.State, t.Promised = ch.dossier.State, ch.dossier.DueAt
		ch.writes = append(ch.writes, taskWrite{t, false})
	}
}

// writeTasks writes what plan decided, and the timers.
func (s *Service) writeTasks(tx *db.Tx, ch *change) error {
	for _, w := range ch.writes {
		write := updateTask
		if w.fresh {
			write = insertTask
		}
		if err := write(tx, w.Task); err != nil {
			return err
		}
	}
	for _, t := range ch.beside {
		if err := touchTask(tx, t); err != nil {
			return err
		}
	}
	for _, c := range ch.calls {
		args := connectorArgs{Dossier: ch.dossier.ID, Token: c.Token, Name: c.Name, In: c.In}
		if err := s.Jobs.Enqueue(tx, jobs.Job{Kind: JobConnector, Args: args}); err != nil {
			return err
		}
	}
	for _, timer := range ch.timers {
		if err := s.Jobs.Enqueue(tx, jobs.Job{Kind: JobTimer, RunAt: timer.At, Args: timerArgs{Dossier: ch.dossier.ID, Token: timer.Token}}); err != nil {
			return err
		}
	}
	return nil
}

// task is the row of an opened task.
func (s *Service) task(ch *change, o process.TaskOpened, by string, now time.Time) Task {
	d := ch.dossier
	due := o.By
	for _, limit := range [...]time.Time{d.ReceiveBy, d.DueAt} {
		// Before acceptance the one-stop's own term counts, after it the promise.
		if accepted := !d.DueAt.IsZero(); accepted != limit.Equal(d.DueAt) {
			continue
		}
		if due.IsZero() || limit.Before(due) {
			due = limit
		}
	}
	t := Task{
		Dossier: d.ID, Token: o.Token, Step: o.Step, Role: o.Role, Unit: ch.units[o.Unit], Owner: d.Competent, Open: true, DueAt: due, OpenedAt: now,
		Code: d.Code, Package: d.Package, Procedure: d.Procedure, Applicant: d.Applicant, State: d.State, Promised: d.DueAt,
		LastBy: by, LastAt: now, Did: d.Did,
	}
	waitForFee(&t, d)
	t.WarnAt = warnAfter(s.pointsOf(t, d), now)
	return t
}

// entry is the journal entry of a change.
func (ch *change) entry(kind string, sub auth.Subject, unit string, now nowAt, more func(*Happening)) (journal.Entry, error) {
	h := ch.happened
	more(&h)
	for _, c := range ch.closed {
		if c.Step != h.Step {
			h.Left = append(h.Left, c.Step)
		}
	}
	payload, err := json.Marshal(h)
	if err != nil {
		return journal.Entry{}, err
	}
	return journal.Entry{
		Kind: kind, Subject: journal.Subject{Type: SubjectType, ID: int64(ch.dossier.ID)}, Actor: sub.Account, Unit: unit,
		Occurred: now.occurred, Payload: payload,
	}, nil
}
