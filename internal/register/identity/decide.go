package identity

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/once"
	"khue/internal/register/orgunit"
)

// Decision is what a second person says to a change.
type Decision string

// The decisions. Withdraw is its proposer's own.
const (
	Approve  Decision = "approve"
	Reject   Decision = "reject"
	Withdraw Decision = "withdraw"
)

// Decide approves or rejects a change; a rejection says why. What is approved works at once,
// or on its day, within a second on every node. Errors: NotFound; Forbidden, also for its
// own proposer and for whom it is about; Conflict where somebody decided, or where the facts
// have changed so that it cannot be done any more.
func (s *Service) Decide(ctx context.Context, v ChangeID, what Decision, reason, key string) (c Change, err error) {
	defer errs.Op(&err, "identity.Decide(%s)", v)
	sub := auth.From(ctx)
	if c, err = s.Find(ctx, v); err != nil {
		return c, err
	}
	reason = i18n.NFC(strings.TrimSpace(reason))
	hash := once.Hash([]any{v, what, reason})
	if c.Status != Proposed {
		if _, again, err := s.replay(ctx, sub.Account, key, hash); again || err != nil {
			return c, err
		}
		return c, errs.E(errs.Conflict, "identity.decided", errs.P("by", c.DecidedBy, "at", c.DecidedAt))
	}
	if what == Withdraw {
		err = s.Policies.Can(ctx, actWithdraw, s.resourceOf(c))
	} else if err = s.canDecide(ctx, c); err == nil && what != Approve && what != Reject {
		err = errs.E(errs.Forbidden, "identity.notDecider")
	}
	if err != nil {
		return c, err
	}
	if n := utf8.RuneCountInString(reason); what == Reject && n < 5 || n > maxWords {
		return c, errs.E(errs.Invalid, "identity.reason", errs.WithFields(errs.Field{Path: "reason", Key: "identity.reason", Params: errs.Params{"max": maxWords}}))
	}
	next := c
	next.Reason, next.Decider, next.DecidedBy, next.DecidedAt = reason, sub.Account, sub.Name, s.now()
	kind := map[Decision]string{Approve: EventApproved, Reject: EventRejected, Withdraw: EventWithdrawn}[what]
	next.Status = map[Decision]Status{Approve: Approved, Reject: Rejected, Withdraw: Withdrawn}[what]
	var plan orgunit.Addend
	if what == Approve {
		if plan, err = s.recheck(ctx, &next); err != nil {
			return c, err
		}
	}
	decided := errs.E(errs.Conflict, "identity.decided", errs.P("by", "", "at", next.DecidedAt))
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, hash, func(_ context.Context, tx *db.Tx) (int64, error) {
		if err := decideChange(tx, next, decided); err != nil {
			return 0, err
		}
		if what == Approve {
			if err := s.apply(tx, next, plan); err != nil {
				return 0, err
			}
		}
		return int64(v), s.append(tx, kind, SubjectChange, int64(v), sub.Account, c.Unit, Told{Kind: c.Kind, By: sub.Name, Reason: reason, Body: &next.Body})
	})
	if db.IsUnique(err) {
		return c, errs.E(errs.Conflict, "identity.loginTaken", errs.Cause(err))
	}
	if err != nil {
		return c, err
	}
	if next.Body.Add != nil && what == Approve {
		if err := s.Units.Refresh(ctx); err != nil {
			return next, err
		}
	}
	return s.find(ctx, v)
}

// recheck holds a change against the facts of the moment in which it is approved. A first
// day that went by while it waited becomes today: nothing is granted backwards.
func (s *Service) recheck(ctx context.Context, c *Change) (plan orgunit.Addend, err error) {
	today := s.today()
	entries := make([]Entry, len(c.Body.Entries))
	for i, e := range c.Body.Entries {
		e.From = later(e.From, today)
		var f faults
		if err := s.checkEntry(ctx, &e, &f); err != nil {
			return plan, err
		}
		if len(f) > 0 {
			return plan, errs.E(errs.Conflict, f[0].Key, errs.P(flat(f[0].Params)...))
		}
		entries[i] = e
	}
	c.Body.Entries = entries
	if d := c.Body.Depart; d != nil {
		again, leave := *c, *d
		leave.Last = later(leave.Last, today.AddDays(-1))
		if err := s.wishDepart(ctx, &again, leave); err != nil {
			return plan, err
		}
		c.Body.Depart = again.Body.Depart
	}
	if r := c.Body.Reset; r != nil {
		again, reset := *c, *r
		if _, err := s.resets(ctx, &reset); err != nil && !errs.Is(err, errs.Forbidden) {
			return plan, err // whose posts changed is decided on anew
		}
		if !slices.Equal(reset.Units, r.Units) || !slices.Equal(reset.Leads, r.Leads) {
			return plan, errs.E(errs.Conflict, "identity.noPost")
		}
		if err := s.wishReset(ctx, &again, reset); err != nil {
			return plan, err
		}
	}
	if e := c.Body.End; e != nil {
		end := *e
		end.Last = later(end.Last, today.AddDays(-1))
		c.Body.End = &end
		again := *c
		if err := s.wishEnd(ctx, &again, end); err != nil {
			return plan, err
		}
	}
	if a := c.Body.Add; a != nil {
		add := *a
		add.From = later(add.From, today)
		c.Body.Add = &add
		return s.Units.PlanFresh(ctx, add.addition(c.Unit))
	}
	return plan, nil
}

func flat(p errs.Params) (kv []any) {
	for k, v := range p {
		kv = append(kv, k, v)
	}
	return kv
}

// apply does what was approved.
func (s *Service) apply(tx *db.Tx, c Change, plan orgunit.Addend) error {
	made := map[string]int64{} // a spreadsheet may give one new person two posts
	for _, e := range c.Body.Entries {
		if id, ok := made[e.Login]; ok {
			e.Account = id
		}
		if e.Account == 0 {
			id, err := s.newOfficer(tx, e)
			if err != nil {
				return err
			}
			e.Account, made[e.Login] = id, id
		} else if err := s.welcomeBack(tx, e); err != nil {
			return err
		}
		if e.Email != "" || e.Phone != "" {
			if err := updateContact(tx, e.Account, e.Email, e.Phone); err != nil {
				return err
			}
		}
		g := auth.GrantPeriod{Grant: auth.Grant{Role: string(e.Role), Scope: scope(e.Unit)}, From: e.From, Until: e.Until}
		if err := s.Auth.GrantIn(tx, e.Account, g); err != nil {
			return err
		}
		if err := upsertPost(tx, e, c.ID); err != nil {
			return err
		}
	}
	if e := c.Body.End; e != nil {
		g := auth.GrantPeriod{Grant: auth.Grant{Role: string(e.Role), Scope: scope(e.Unit)}, From: e.From}
		if err := s.Auth.EndIn(tx, e.Account, g, e.Last); err != nil || c.Kind != Move {
			return err
		}
		return s.Jobs.Enqueue(tx, jobs.Job{Kind: jobRelease, Args: lifeArgs{Account: e.Account}, RunAt: e.Last.AddDays(1).Time()})
	}
	if c.Body.Depart != nil {
		return s.depart(tx, *c.Body.Depart)
	}
	if r := c.Body.Reset; r != nil {
		if err := s.TakeWays(tx, r.Account, c.Decider); err != nil {
			return err
		}
		return s.Jobs.Enqueue(tx, jobs.Job{Kind: jobInvite, Args: inviteArgs{Account: r.Account, Again: true}})
	}
	if c.Body.Add != nil {
		return s.Units.KeepIn(tx, plan)
	}
	return nil
}

// welcomeBack admits somebody who left the service before: under the number of then, with a
// new invitation.
func (s *Service) welcomeBack(tx *db.Tx, e Entry) error {
	last, err := leftOn(tx, e.Account)
	if err != nil || last.IsZero() {
		return err
	}
	if err := updateLeft(tx, e.Account, clock.Date{}); err != nil {
		return err
	}
	if err := s.Auth.AdmitIn(tx, e.Account); err != nil {
		return err
	}
	return s.Jobs.Enqueue(tx, jobs.Job{Kind: jobInvite, Args: inviteArgs{Account: e.Account}})
}

// newOfficer makes the account of somebody who has none, and invites them to choose a password.
func (s *Service) newOfficer(tx *db.Tx, e Entry) (int64, error) {
	account, err := s.Auth.CreateIn(tx, auth.NewAccount{Login: e.Login, Name: e.Name, Kind: auth.KindOfficer, Level: auth.Verified})
	if err != nil {
		return 0, err
	}
	if _, err := s.enrol(tx, Officer{Account: account, Login: e.Login, Name: e.Name, Email: e.Email, Phone: e.Phone}); err != nil {
		return 0, err
	}
	return account, s.Jobs.Enqueue(tx, jobs.Job{Kind: jobInvite, Args: inviteArgs{Account: account}})
}

func (s *Service) replay(ctx context.Context, actor int64, key string, hash []byte) (result int64, again bool, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		result, again, err = once.Find(v, actor, key, hash)
		return err
	})
	return result, again, err
}

// Find returns a change that the reader may look at. NotFound otherwise.
func (s *Service) Find(ctx context.Context, v ChangeID) (Change, error) {
	c, err := s.find(ctx, v)
	if err == nil && !s.Policies.May(ctx, actSee, s.resourceOf(c)) {
		return Change{}, errs.E(errs.NotFound, "identity.change.none")
	}
	return c, err
}

func (s *Service) find(ctx context.Context, v ChangeID) (c Change, err error) {
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		c, err = findChange(q, v)
		return err
	})
	return c, err
}

// maxOpen bounds the changes that wait.
const maxOpen = 500

// Waiting lists the changes that wait for a decision in units that the reader may see, the
// oldest first.
func (s *Service) Waiting(ctx context.Context) (out []Change, err error) {
	defer errs.Op(&err, "identity.Waiting")
	all, err := s.changes(ctx, Proposed, maxOpen)
	for _, c := range all {
		if s.MaySee(ctx, c.Unit) {
			out = append(out, c)
		}
	}
	return out, err
}

// Decided lists what was decided lately in units that the reader may see, the youngest first.
func (s *Service) Decided(ctx context.Context, limit int) (out []Change, err error) {
	defer errs.Op(&err, "identity.Decided")
	for _, st := range []Status{Approved, Rejected} {
		all, err := s.changes(ctx, st, limit)
		if err != nil {
			return nil, err
		}
		for _, c := range all {
			if s.MaySee(ctx, c.Unit) {
				out = append(out, c)
			}
		}
	}
	return out, nil
}

func (s *Service) changes(ctx context.Context, st Status, limit int) (out []Change, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = selectChanges(v, st, limit)
		return err
	})
	return out, err
}

// ChangesOf lists the changes about one officer, the youngest first.
func (s *Service) ChangesOf(ctx context.Context, account int64) (out []Change, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = selectChangesOf(v, account, 50)
		return err
	})
	return out, err
}
