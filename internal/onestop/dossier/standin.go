package dossier

import (
	"context"
	"errors"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// Kinds of journal entries of a leave: a task went to the deputy or the queue, or came back.
const (
	KindStandsIn  = "dossier.standsIn"
	KindStoodBack = "dossier.stoodBack"
)

// StandIn is a leave as dossiers see it.
type StandIn struct {
	Leave      int64
	Absent     int64
	AbsentName string
	Deputy     int64
	DeputyName string
	Until      clock.Date // last day
}

// standInBatch is how many tasks move in one transaction.
const standInBatch = 50

// HandOver moves the open tasks that the absent holds to the deputy, whose grants of the day
// are given, or to the queue where these do not reach. Each is an entry of its dossier. It
// may be called again; the count is of this call.
func (s *Service) HandOver(ctx context.Context, l StandIn, grants []auth.Grant) (n int, err error) {
	defer errs.Op(&err, "dossier.HandOver(%d)", l.Leave)
	deputy := auth.Subject{Account: l.Deputy, Name: l.DeputyName, Kind: auth.KindOfficer, Grants: grants}
	var after TaskID
	for {
		var tasks []Task
		var shared []orgunit.UnitID
		if err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
			if tasks, err = heldAfter(v, l.Absent, after, standInBatch); err != nil {
				return err
			}
			shared, err = s.Duties.Shared(v)
			return err
		}); err != nil || len(tasks) == 0 {
			return n, err
		}
		after = tasks[len(tasks)-1].ID
		moved, err := s.standIn(ctx, tasks, KindStandsIn, func(t *Task, h *Happening) {
			t.Assignee = 0
			_, barred := s.barred(l.Deputy, t.Did, *t, "")
			if !(barred && s.apart(shared, t.Unit)) && t.Role != process.RoleApplicant && s.mayAct(ctx, deputy, t.Role, t.Unit) {
				t.Assignee, h.By = l.Deputy, l.DeputyName
			}
			h.For = l.AbsentName
		}, func(tx *db.Tx, t Task) error { return insertStandIn(tx, l.Leave, t) })
		if n += moved; err != nil {
			return n, err
		}
	}
}

// HandBack gives the absent back what the deputy or the queue still holds of a leave.
func (s *Service) HandBack(ctx context.Context, l StandIn) (n int, err error) {
	defer errs.Op(&err, "dossier.HandBack(%d)", l.Leave)
	var after TaskID
	for {
		var rows []stoodIn
		if err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
			rows, err = standInsOf(v, l.Leave, after, standInBatch)
			return err
		}); err != nil || len(rows) == 0 {
			return n, err
		}
		var tasks []Task
		for _, r := range rows {
			after = r.task.ID
			if r.task.Open && r.task.OpenedAt.Equal(r.opened) && (r.task.Assignee == 0 || r.task.Assignee == l.Deputy) {
				tasks = append(tasks, r.task)
			}
		}
		moved, err := s.standIn(ctx, tasks, KindStoodBack, func(t *Task, h *Happening) { t.Assignee, h.By = l.Absent, l.AbsentName }, nil)
		if err == nil {
			err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return deleteStandIns(tx, l.Leave, rows[0].task.ID, after) })
		}
		if n += moved; err != nil {
			return n, err
		}
	}
}

// standIn gives tasks to somebody else, all in one transaction; where one of them moves
// meanwhile, each alone, and that one is left.
func (s *Service) standIn(ctx context.Context, tasks []Task, kind string, turn func(*Task, *Happening), also func(*db.Tx, Task) error) (n int, err error) {
	now := s.Clock.Now()
	write := func(list []Task) error {
		entries := make([]journal.Entry, len(list))
		turned := make([]Task, len(list))
		for i, t := range list {
			h := Happening{Step: t.Step, Role: t.Role, State: t.State, When: db.Millis(now)}
			turn(&t, &h)
			t.LastBy, t.LastAt = h.By, now
			var err error
			ch := &change{dossier: Dossier{ID: t.Dossier}, happened: h}
			if entries[i], err = ch.entry(kind, system(), t.Unit.String(), nowAt{at: now}, func(*Happening) {}); err != nil {
				return err
			}
			turned[i] = t
		}
		return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			for i, t := range turned {
				if err := updateTask(tx, t); err != nil {
					return err
				}
				if also != nil {
					if err := also(tx, t); err != nil {
						return err
					}
				}
				if _, err := s.Journal.Append(tx, entries[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if len(tasks) == 0 {
		return 0, nil
	}
	if err = write(tasks); err == nil {
		return len(tasks), nil
	}
	if !errors.Is(err, errTaken) {
		return 0, err
	}
	for i := range tasks {
		switch err := write(tasks[i : i+1]); {
		case err == nil:
			n++
		case !errors.Is(err, errTaken):
			return n, err
		}
	}
	return n, nil
}

// onBehalf is the name of the absent person in whose place a subject acts; empty where they
// act in a post of their own.
func (s *Service) onBehalf(ctx context.Context, sub auth.Subject, t Task) (name string) {
	for _, g := range sub.Grants {
		if !s.mayAct(ctx, auth.Subject{Account: sub.Account, Kind: sub.Kind, Grants: []auth.Grant{g}}, t.Role, t.Unit) {
			continue
		}
		if g.For == "" {
			return ""
		}
		name = g.For
	}
	return name
}

type stoodIn struct {
	task   Task
	opened time.Time
}
