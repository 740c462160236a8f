package dossier

import (
	"context"
	"encoding/json"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/register/holiday"
)

// JobRedate goes through the open dossiers after a change of the calendar, a batch at a
// time, and proposes new dates. Each batch commits its proposals with its place, so that
// it goes on there after a crash.
const JobRedate = "dossier.redate"

type redateArgs struct {
	Change int64      `json:"change"`
	First  clock.Date `json:"first"` // first day that the change touches
	After  int64      `json:"after"` // id of the dossier after which the batch begins
}

// redateBatch is how many dossiers one transaction looks at.
const redateBatch = 400

// calendarFollower starts the work when a change is approved.
func (s *Service) calendarFollower() journal.Follower {
	return journal.Follower{Name: "dossier.calendar", Kinds: []string{holiday.EventApproved}, Fn: func(_ context.Context, tx *db.Tx, r journal.Record) error {
		if r.Kind != holiday.EventApproved || r.Erased {
			return nil
		}
		var c holiday.Decided
		if err := json.Unmarshal(r.Payload, &c); err != nil {
			return err
		}
		if c.Kind == holiday.Cancel || c.Kind == holiday.UnitWork {
			return nil // more days worked move no date on
		}
		args := redateArgs{Change: r.Subject.ID, First: firstDay(c.Body)}
		return s.Jobs.Enqueue(tx, jobs.Job{Kind: JobRedate, Args: args})
	}}
}

func firstDay(b holiday.Body) clock.Date {
	var first clock.Date
	if b.Week != nil {
		first = b.Week.From
	}
	for _, d := range b.Days {
		if first.IsZero() || d.Date.Before(first) {
			first = d.Date
		}
	}
	return first
}

// proposeDates does one batch.
func (s *Service) proposeDates(ctx context.Context, t jobs.Task) error {
	var a redateArgs
	if err := t.Read(&a); err != nil {
		return err
	}
	if err := s.Calendars.Refresh(ctx); err != nil { // it may have been approved on another node
		return err
	}
	var page []Dossier
	var open map[ID]time.Time // dates proposed before, which the change may move on again
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if page, err = dossiersAfter(v, ID(a.After), redateBatch); err == nil && len(page) > 0 {
			open, err = proposedDates(v, ID(a.After), page[len(page)-1].ID)
		}
		return err
	})
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	var found []Redate
	for _, d := range page {
		if d.DueAt.IsZero() || !d.ClosedAt.IsZero() || d.State.Ended() || !d.DueAt.After(now) {
			continue
		}
		if clock.DateOf(d.DueAt).Before(a.First) && clock.DateOf(open[d.ID]).Before(a.First) {
			continue
		}
		r, ok, err := s.newDate(ctx, d)
		if err != nil {
			return err
		}
		if ok {
			r.ID, r.Change = id.New[Redate](s.Gen), a.Change
			found = append(found, r)
		}
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		for _, r := range found {
			if err := proposeRedate(tx, r, now); err != nil {
				return err
			}
		}
		if err := t.Done(tx); err != nil {
			return err
		}
		if len(page) < redateBatch {
			return nil
		}
		next := a
		next.After = int64(page[len(page)-1].ID)
		return s.Jobs.Enqueue(tx, jobs.Job{Kind: JobRedate, Args: next})
	})
}

// newDate counts the date of an open dossier again on the calendar of today. It is false
// where that gives no later date, or where how the date was counted is not known.
func (s *Service) newDate(ctx context.Context, d Dossier) (r Redate, ok bool, err error) {
	pkg, err := s.pkg(d)
	if err != nil {
		return r, false, nil //nolint:nilerr // a package that is not loaded here stops no other dossier
	}
	lines, err := s.Timeline(ctx, d, SeeAll)
	if err != nil {
		return r, false, err
	}
	l, ok := dated(d, lines)
	if !ok {
		return r, false, nil
	}
	was, ok := s.ReasonAt(l, d, pkg)
	if !ok {
		return r, false, nil
	}
	cal := s.Calendars.Of(d.Receiving)
	due, err := was.Due.Count().On(cal)
	if err != nil || !due.At.After(d.DueAt) {
		return r, false, err
	}
	return Redate{
		Dossier: d.ID, Unit: d.Receiving, Old: d.DueAt, New: due.At.Truncate(time.Millisecond),
		Days:  cal.WorkingDays(clock.DateOf(d.DueAt), clock.DateOf(due.At)),
		Count: due.Count(), Was: was.Why,
	}, true, nil
}
