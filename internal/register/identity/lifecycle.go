package identity

import (
	"context"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/jobs"
	"khue/internal/register/orgunit"
)

const (
	jobRelease = "identity.release"
	jobDepart  = "identity.depart"
)

// Moving is the post that somebody gives up and the one that they get. From of To is the
// first day of the new post; the old one ends the day before.
type Moving struct {
	Account int64
	Unit    orgunit.UnitID // of the old post
	Role    orgunit.Role
	From    clock.Date // of the old post, by which it is known
	To      Entry
}

func (s *Service) wishMove(ctx context.Context, c *Change, m Moving) error {
	a, err := s.Auth.AccountByID(ctx, m.Account)
	if err != nil {
		return err
	}
	m.To.Login, m.To.Name, m.To.Account = a.Login, a.Name, a.ID
	var f faults
	if m.To.Unit == m.Unit && m.To.Role == m.Role {
		f.add("role", "same")
		return f.err()
	}
	if err := s.checkEntry(ctx, &m.To, &f); err != nil {
		return err
	}
	if err := f.err(); err != nil {
		return err
	}
	end := Change{Unit: m.Unit}
	if err := s.wishEnd(ctx, &end, Ending{Account: a.ID, Unit: m.Unit, Role: m.Role, From: m.From, Last: m.To.From.AddDays(-1), Decision: m.To.Decision}); err != nil {
		return err
	}
	c.Kind, c.Account, c.Body.Entries, c.Body.End = Move, a.ID, []Entry{m.To}, end.Body.End
	c.subject = end.subject
	return nil
}

// departs names the units of whoever leaves; the proposer may propose in each. The change
// stands under the first.
func (s *Service) departs(ctx context.Context, d *Departure) (u orgunit.UnitID, err error) {
	if d.Units, _, err = s.heldIn(ctx, d.Account); err != nil {
		return 0, err
	}
	for _, u := range d.Units {
		if !s.MayPropose(ctx, u) {
			return 0, errs.E(errs.Forbidden, "identity.notYours")
		}
	}
	return d.Units[0], nil
}

func (s *Service) wishDepart(ctx context.Context, c *Change, d Departure) error {
	a, err := s.Auth.AccountByID(ctx, d.Account)
	if err != nil {
		return err
	}
	d.Name, d.Decision = a.Name, tidy(d.Decision)
	var f faults
	today := s.today()
	switch {
	case d.Last.IsZero():
		d.Last = today.AddDays(-1) // at once
	case d.Last.Before(today.AddDays(-1)):
		f.add("last", "past")
	}
	if n := utf8.RuneCountInString(d.Decision); n < 3 || n > maxWords {
		f.add("decision", "decision")
	}
	c.Kind, c.Account, c.Body.Depart = Depart, a.ID, &d
	c.subject = "depart " + a.Login
	return f.err()
}

// depart ends all posts of whoever leaves, and plans the rest for the day after the last.
func (s *Service) depart(tx *db.Tx, d Departure) error {
	held, err := s.Auth.GrantsIn(tx, d.Account)
	if err != nil {
		return err
	}
	for _, g := range held {
		if !g.Until.IsZero() && !g.Until.After(d.Last) {
			continue
		}
		if err := s.Auth.EndIn(tx, d.Account, g, d.Last); err != nil {
			return err
		}
	}
	if err := updateLeft(tx, d.Account, d.Last); err != nil {
		return err
	}
	return s.Jobs.Enqueue(tx, jobs.Job{Kind: jobDepart, Args: lifeArgs{Account: d.Account}, RunAt: d.Last.AddDays(1).Time()})
}

type lifeArgs struct {
	Account int64 `json:"account"`
}

// turnDepart bars whoever has left: sessions and tokens end, the work goes back. Somebody who
// came back meanwhile is let be.
func (s *Service) turnDepart(ctx context.Context, tasks Tasks, t jobs.Task) error {
	var args lifeArgs
	if err := t.Read(&args); err != nil {
		return jobs.Permanent(err)
	}
	last, err := s.leftOn(ctx, args.Account)
	if err != nil || last.IsZero() || !s.today().After(last) {
		return err
	}
	if err := s.Auth.SetDisabled(ctx, args.Account, true); err != nil {
		return err
	}
	return s.release(ctx, tasks, args.Account, EventLeft)
}

// turnRelease gives back what somebody holds and may act on no more, after they moved.
func (s *Service) turnRelease(ctx context.Context, tasks Tasks, t jobs.Task) error {
	var args lifeArgs
	if err := t.Read(&args); err != nil {
		return jobs.Permanent(err)
	}
	return s.release(ctx, tasks, args.Account, EventMoved)
}

func (s *Service) release(ctx context.Context, tasks Tasks, account int64, kind string) error {
	a, err := s.Auth.AccountByID(ctx, account)
	if err != nil {
		return err
	}
	held, err := s.Auth.GrantsOf(ctx, account)
	if err != nil {
		return err
	}
	var grants []auth.Grant
	for _, g := range held {
		if !a.Disabled && g.On(s.today()) {
			grants = append(grants, g.Grant)
		}
	}
	n, err := tasks.Release(ctx, account, a.Name, grants)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		return s.append(tx, kind, SubjectOfficer, account, 0, 0, Told{Name: a.Name, Tasks: n})
	})
}

// Bar shuts somebody out at once, before two people have decided that they leave: nobody gains
// a right by it. The posts stay until then.
func (s *Service) Bar(ctx context.Context, account int64) (err error) {
	defer errs.Op(&err, "identity.Bar(%d)", account)
	d := Departure{Account: account}
	if _, err := s.departs(ctx, &d); err != nil && !errs.Is(err, errs.Conflict) {
		return err
	}
	sub := auth.From(ctx)
	if err := s.Auth.SetDisabled(ctx, account, true); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := s.Jobs.Enqueue(tx, jobs.Job{Kind: jobRelease, Args: lifeArgs{Account: account}}); err != nil {
			return err
		}
		return s.append(tx, EventBarred, SubjectOfficer, account, sub.Account, 0, Told{By: sub.Name})
	})
}

func (s *Service) leftOn(ctx context.Context, account int64) (last clock.Date, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		last, err = leftOn(v, account)
		return err
	})
	return last, err
}

// left reports whether somebody left the service: they may come back.
func (s *Service) left(ctx context.Context, account int64) (bool, error) {
	last, err := s.leftOn(ctx, account)
	return !last.IsZero(), err
}
