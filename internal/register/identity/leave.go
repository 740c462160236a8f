package identity

import (
	"context"
	"slices"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/once"
	"khue/internal/register/orgunit"
)

const (
	jobLeave     = "identity.leave"
	maxLeaveDays = 366
)

// LeaveID names a leave.
type LeaveID = id.Of[Leave]

// LeaveStatus is where a leave stands.
type LeaveStatus string

// The statuses.
const (
	LeavePlanned   LeaveStatus = "planned"
	LeaveRunning   LeaveStatus = "running"
	LeaveEnded     LeaveStatus = "ended"
	LeaveCancelled LeaveStatus = "cancelled"
)

// Leave is a time in which a deputy stands in for an officer: with the officer's posts for
// those days only, and with their open tasks. The deputy's acts say on whose behalf.
type Leave struct {
	ID         LeaveID
	Account    int64
	Name       string
	Deputy     int64
	DeputyName string
	From       clock.Date
	Until      clock.Date // last day
	Reason     string
	Grants     []auth.Grant // given to the deputy for it
	Status     LeaveStatus
	Moved      int // tasks that went to the deputy or the queue
	EnteredBy  int64
	Entered    string // by whom, in words
	EnteredAt  time.Time
}

// Open reports whether the leave lies ahead or runs.
func (l Leave) Open() bool { return l.Status == LeavePlanned || l.Status == LeaveRunning }

func (l Leave) overlaps(from, until clock.Date) bool {
	return l.Open() && !l.Until.Before(from) && !l.From.After(until)
}

// Candidate is a colleague who may stand in.
type Candidate struct {
	Account int64
	Name    string
	Role    orgunit.Role
	Unit    orgunit.UnitID
}

// mayStandIn reports whether the holder of one post may stand in for another of the same
// agency: a leader for a leader, somebody of the same office or a leader for its head, any
// colleague but the auditor for the others.
func mayStandIn(absent, deputy Post) bool {
	switch {
	case absent.Role.Acts(orgunit.RoleLeader):
		return deputy.Role.Acts(orgunit.RoleLeader)
	case absent.Role == orgunit.RoleHead || absent.Role == "deputyHead":
		return deputy.Role.Acts(orgunit.RoleLeader) || deputy.Unit == absent.Unit && deputy.Role != "auditor"
	case absent.Role == "auditor":
		return deputy.Role == "auditor"
	}
	return deputy.Role != "auditor"
}

// posts are the posts of an officer that a leave touches, and those of the colleagues of
// the same agencies.
func (s *Service) leavePosts(ctx context.Context, account int64, from, until clock.Date) (mine, others []Post, err error) {
	all, err := s.postsOf(ctx, account)
	if err != nil {
		return nil, nil, err
	}
	t := s.Units.At(from)
	var units []orgunit.UnitID
	for _, p := range all {
		if p.For != "" || !p.Until.IsZero() && p.Until.Before(from) || !p.From.IsZero() && p.From.After(until) {
			continue
		}
		mine = append(mine, p)
		if a, ok := t.AgencyOf(p.Unit); ok && !slices.Contains(units, a.ID) {
			units = append(units, a.ID)
			for _, o := range t.Children(a.ID) {
				if o.Class == orgunit.Office {
					units = append(units, o.ID)
				}
			}
		}
	}
	held, err := s.Holders(ctx, units...)
	for _, p := range held {
		if p.Account != account && p.For == "" && p.On(from) {
			others = append(others, p)
		}
	}
	return mine, others, err
}

// Candidates lists the colleagues who may stand in for an officer from a day on, each once.
func (s *Service) Candidates(ctx context.Context, account int64, from clock.Date) (out []Candidate, err error) {
	defer errs.Op(&err, "identity.Candidates")
	mine, others, err := s.leavePosts(ctx, account, from, from)
	t := s.Units.At(from)
	for _, o := range others {
		if slices.ContainsFunc(out, func(c Candidate) bool { return c.Account == o.Account }) {
			continue
		}
		if slices.ContainsFunc(mine, func(p Post) bool { return sameAgency(t, p.Unit, o.Unit) && mayStandIn(p, o) }) {
			out = append(out, Candidate{o.Account, o.Name, o.Role, o.Unit})
		}
	}
	return out, err
}

func sameAgency(t *orgunit.Tree, a, b orgunit.UnitID) bool {
	x, ok1 := t.AgencyOf(a)
	y, ok2 := t.AgencyOf(b)
	return ok1 && ok2 && x.ID == y.ID
}

// mayEnter reports whether the reader may enter a leave of an officer: they themselves, or
// a head or leader of one of their units.
func (s *Service) mayEnter(ctx context.Context, account int64, posts []Post) bool {
	return s.Policies.May(ctx, actLeave, s.account(account, posts))
}

// NewLeave is a leave as asked for.
type NewLeave struct {
	Account int64
	Deputy  int64
	From    clock.Date
	Until   clock.Date
	Reason  string
	Key     string
}

// EnterLeave enters a leave. The deputy gets the posts for its days with it; the tasks move
// when it begins. Errors: Forbidden, Invalid with the fields from, until, deputy, Conflict
// where the officer or the deputy is away then or the deputy stands in already.
func (s *Service) EnterLeave(ctx context.Context, n NewLeave) (l Leave, err error) {
	defer errs.Op(&err, "identity.EnterLeave")
	sub := auth.From(ctx)
	today := s.today()
	var f faults
	switch {
	case n.From.IsZero() || n.From.Before(today):
		f.add("from", "past")
	case n.Until.IsZero() || n.Until.Before(n.From):
		f.add("until", "until")
	case n.Until.Sub(n.From) > maxLeaveDays:
		f.add("until", "leaveLong", "days", maxLeaveDays)
	}
	if n.Reason = tidy(n.Reason); tooLong(n.Reason, maxWords) {
		f.add("reason", "long", "max", maxWords)
	}
	if n.Deputy == 0 || n.Deputy == n.Account {
		f.add("deputy", "deputy")
	}
	if err := f.err(); err != nil {
		return l, err
	}
	mine, others, err := s.leavePosts(ctx, n.Account, n.From, n.Until)
	if err != nil {
		return l, err
	}
	if err := s.Policies.Can(ctx, actLeave, s.account(n.Account, mine)); err != nil {
		return l, err
	}
	away, err := s.Auth.AccountByID(ctx, n.Account)
	if err != nil {
		return l, err
	}
	l = Leave{
		ID: LeaveID(s.Gen.Next()), Account: n.Account, Name: away.Name, Deputy: n.Deputy, From: n.From, Until: n.Until, Reason: n.Reason,
		Status: LeavePlanned, EnteredBy: sub.Account, Entered: sub.Name, EnteredAt: s.now(),
	}
	s.choose(&l, mine, others)
	if l.DeputyName == "" {
		f.add("deputy", "deputy")
		return l, f.err()
	}
	result, again, err := once.Do(ctx, s.DB, sub.Account, n.Key, once.Hash([]any{n.Account, n.Deputy, n.From, n.Until, n.Reason}), func(_ context.Context, tx *db.Tx) (int64, error) {
		return int64(l.ID), s.enterLeave(tx, l, sub)
	})
	if again {
		return s.FindLeave(ctx, LeaveID(result))
	}
	return l, err
}

// choose finds what the deputy has to be given: the posts of the absent that they may hold
// and do not hold themselves.
func (s *Service) choose(l *Leave, mine, others []Post) {
	t := s.Units.At(l.From)
	for _, p := range mine {
		fits, holds := false, false
		for _, o := range others {
			if o.Account != l.Deputy || !sameAgency(t, p.Unit, o.Unit) || !mayStandIn(p, o) {
				continue
			}
			fits, l.DeputyName = true, o.Name
			holds = holds || o.Unit == p.Unit && o.Role == p.Role && (o.Until.IsZero() || !o.Until.Before(l.Until))
		}
		g := auth.Grant{Role: string(p.Role), Scope: scope(p.Unit), For: l.Name}
		if fits && !holds && !slices.Contains(l.Grants, g) {
			l.Grants = append(l.Grants, g)
		}
	}
}

func (s *Service) enterLeave(tx *db.Tx, l Leave, sub auth.Subject) error {
	all, err := leavesAbout(tx, l.Account, l.Deputy)
	if err != nil {
		return err
	}
	for _, o := range all {
		switch {
		case !o.overlaps(l.From, l.Until):
		case o.Account == l.Account:
			return errs.E(errs.Conflict, "identity.leave.twice", errs.P("from", o.From, "until", o.Until))
		case o.Account == l.Deputy:
			return errs.E(errs.Conflict, "identity.leave.deputyAway", errs.P("name", o.Name, "from", o.From, "until", o.Until))
		}
	}
	held, err := s.Auth.GrantsIn(tx, l.Deputy)
	if err != nil {
		return err
	}
	for _, g := range l.Grants {
		if slices.ContainsFunc(held, func(h auth.GrantPeriod) bool { return h.Role == g.Role && h.Scope == g.Scope && h.From == l.From }) {
			return errs.E(errs.Conflict, "identity.leave.standsIn")
		}
		if err := s.Auth.GrantIn(tx, l.Deputy, auth.GrantPeriod{Grant: g, From: l.From, Until: l.Until}); err != nil {
			return err
		}
	}
	if err := insertLeave(tx, l); err != nil {
		return err
	}
	for _, at := range []clock.Date{l.From, l.Until.AddDays(1)} {
		if err := s.Jobs.Enqueue(tx, jobs.Job{Kind: jobLeave, Args: leaveArgs{l.ID}, RunAt: at.Time()}); err != nil {
			return err
		}
	}
	return s.append(tx, EventLeaveEntered, SubjectLeave, int64(l.ID), sub.Account, 0, l.told(sub.Name))
}

func (l Leave) told(by string) Told {
	return Told{By: by, Name: l.Name, Deputy: l.DeputyName, From: l.From.String(), Until: l.Until.String(), Reason: l.Reason, Tasks: l.Moved}
}

// CancelLeave takes a leave back: one that has not begun is as if it never was, one that
// runs ends now. Errors: NotFound, Forbidden, Conflict where it is over.
func (s *Service) CancelLeave(ctx context.Context, v LeaveID, key string) (l Leave, err error) {
	defer errs.Op(&err, "identity.CancelLeave(%s)", v)
	sub := auth.From(ctx)
	if l, err = s.FindLeave(ctx, v); err != nil {
		return l, err
	}
	today := s.today()
	was := l.Status
	if l.Status = LeaveCancelled; was == LeaveRunning || !l.From.After(today) {
		l.Status, l.Until = LeaveRunning, today.AddDays(-1) // the job that follows gives the tasks back
	}
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash([]any{"cancel", v}), func(_ context.Context, tx *db.Tx) (int64, error) {
		if err := moveLeave(tx, l, was, errs.E(errs.Conflict, "identity.leave.over")); err != nil {
			return 0, err
		}
		for _, g := range l.Grants {
			if err := s.Auth.EndIn(tx, l.Deputy, auth.GrantPeriod{Grant: g, From: l.From}, today.AddDays(-1)); err != nil {
				return 0, err
			}
		}
		if err := s.Jobs.Enqueue(tx, jobs.Job{Kind: jobLeave, Args: leaveArgs{l.ID}}); err != nil {
			return 0, err
		}
		return int64(v), s.append(tx, EventLeaveCancelled, SubjectLeave, int64(v), sub.Account, 0, l.told(sub.Name))
	})
	return l, err
}

type leaveArgs struct {
	ID LeaveID `json:"id"`
}

// turnLeave begins or ends a leave whose day has come.
func (s *Service) turnLeave(ctx context.Context, tasks Tasks, t jobs.Task) error {
	var args leaveArgs
	if err := t.Read(&args); err != nil {
		return jobs.Permanent(err)
	}
	l, err := s.findLeave(ctx, args.ID)
	if err != nil {
		return err
	}
	today, was := s.today(), l.Status
	switch {
	case !l.Open():
		return nil
	case today.After(l.Until):
		if _, err := tasks.Return(ctx, l); err != nil {
			return err
		}
		l.Status = LeaveEnded
	case !today.Before(l.From) && was == LeavePlanned:
		grants, err := s.Auth.GrantsOf(ctx, l.Deputy)
		if err != nil {
			return err
		}
		var held []auth.Grant
		for _, g := range grants {
			if g.On(today) {
				held = append(held, g.Grant)
			}
		}
		moved, err := tasks.StandIn(ctx, l, held)
		if err != nil {
			return err
		}
		l.Status, l.Moved = LeaveRunning, l.Moved+moved
	default:
		return nil
	}
	kind := EventLeaveBegan
	if l.Status == LeaveEnded {
		kind = EventLeaveEnded
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := moveLeave(tx, l, was, errs.E(errs.Conflict, "identity.leave.over")); err != nil {
			return err
		}
		return s.append(tx, kind, SubjectLeave, int64(l.ID), 0, 0, l.told(""))
	})
	if errs.Is(err, errs.Conflict) {
		return nil // somebody cancelled it meanwhile: its own job follows
	}
	return err
}

// FindLeave returns a leave that the reader may look at: their own, one in which they stand
// in, or one of an officer whose leave they may enter.
func (s *Service) FindLeave(ctx context.Context, v LeaveID) (l Leave, err error) {
	if l, err = s.findLeave(ctx, v); err != nil {
		return l, err
	}
	posts, err := s.postsOf(ctx, l.Account)
	if err == nil && !s.mayEnter(ctx, l.Account, posts) {
		return Leave{}, errs.E(errs.NotFound, "identity.leave.none")
	}
	return l, err
}

func (s *Service) findLeave(ctx context.Context, v LeaveID) (l Leave, err error) {
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		l, err = findLeave(q, v)
		return err
	})
	return l, err
}

// LeavesOf lists the leaves of an officer and those in which they stand in, the youngest first.
func (s *Service) LeavesOf(ctx context.Context, account int64) (mine, standsIn []Leave, err error) {
	defer errs.Op(&err, "identity.LeavesOf")
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		all, err := leavesAbout(v, account, account)
		for _, l := range all {
			if l.Account == account {
				mine = append(mine, l)
			} else {
				standsIn = append(standsIn, l)
			}
		}
		return err
	})
	return mine, standsIn, err
}

// MayEnterLeave reports whether the reader may enter a leave of an officer.
func (s *Service) MayEnterLeave(ctx context.Context, account int64, posts []Post) bool {
	return s.mayEnter(ctx, account, posts)
}
