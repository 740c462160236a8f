package holiday

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/register/orgunit"
)

// MayPropose reports whether the reader may ask for a change of a unit's calendar (0: the
// city's).
func (s *Service) MayPropose(ctx context.Context, u orgunit.UnitID) bool {
	return s.Policies.May(ctx, actPropose, s.unit(u))
}

// MayDecide reports whether the reader may decide on a change: a second person, never its
// proposer.
func (s *Service) MayDecide(ctx context.Context, c Change) bool {
	return c.Status == Proposed && s.Policies.May(ctx, actDecide, s.resourceOf(c))
}

// Posts lists the units in which the reader holds a post, in order of their grants.
func (s *Service) Posts(ctx context.Context) []orgunit.UnitID {
	var out []orgunit.UnitID
	for _, g := range auth.From(ctx).Grants {
		u, err := id.Parse[orgunit.Unit](strings.TrimPrefix(g.Scope, "unit:"))
		if err == nil && !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out
}

// Propose asks for a change. It counts for nothing until a second person approves it. The
// same key again returns the first change. Errors: Forbidden, Invalid with fields,
// Mismatch.
func (s *Service) Propose(ctx context.Context, d Draft) (c Change, err error) {
	defer errs.Op(&err, "holiday.Propose(%s)", d.Kind)
	sub := auth.From(ctx)
	if err := s.Policies.Can(ctx, actPropose, s.unit(d.Unit)); err != nil {
		return c, err
	}
	if d.Unit != 0 {
		if u, ok := s.Units.Now().Get(d.Unit); !ok || u.Class != orgunit.Agency && u.Class != orgunit.Office {
			return c, errs.E(errs.Invalid, "holiday.draft.invalid", errs.P("n", 1), errs.WithFields(errs.Field{Path: "unit", Key: "holiday.draft.unit"}))
		}
	}
	hash := once.Hash(d)
	if err := s.Refresh(ctx); err != nil {
		return c, err
	}
	now := s.Clock.Now()
	st := *s.state.Load()
	st.today = clock.DateOf(now)
	c = Change{
		ID: ChangeID(s.Gen.Next()), Unit: d.Unit, Kind: d.Kind, Status: Proposed,
		Proposer: sub.Account, ProposedBy: sub.Name, ProposedAt: now,
	}
	c.Body, err = d.body(&st, st.today)
	c.Source = d.Source
	if err != nil {
		return Change{}, err
	}
	entry, err := c.entry(EventProposed, sub.Account, sub.Name)
	if err != nil {
		return Change{}, err
	}
	result, again, err := once.Do(ctx, s.DB, sub.Account, d.Key, hash, func(_ context.Context, tx *db.Tx) (int64, error) {
		if err := insertChange(tx, c); err != nil {
			return 0, err
		}
		_, err := s.Journal.Append(tx, entry)
		return int64(c.ID), err
	})
	if again {
		return s.Find(ctx, ChangeID(result))
	}
	return c, err
}

// Decide approves or rejects a change; a rejection says why. An approved one is in force
// at once, everywhere within a second or two. Errors: NotFound; Forbidden, also for its
// own proposer; Conflict where somebody decided, where another change came between, or
// where its first day has passed.
func (s *Service) Decide(ctx context.Context, v ChangeID, approve bool, reason, key string) (c Change, err error) {
	defer errs.Op(&err, "holiday.Decide(%s)", v)
	sub := auth.From(ctx)
	if c, err = s.Find(ctx, v); err != nil {
		return c, err
	}
	if err := s.Policies.Can(ctx, actDecide, s.resourceOf(c)); err != nil {
		return c, err
	}
	reason = i18n.NFC(strings.TrimSpace(reason))
	if n := utf8.RuneCountInString(reason); !approve && n < 5 || n > maxWords {
		return c, errs.E(errs.Invalid, "holiday.reason", errs.WithFields(errs.Field{Path: "reason", Key: "holiday.reason", Params: errs.Params{"max": maxWords}}))
	}
	if c.Status == Proposed && approve {
		if err := s.Refresh(ctx); err != nil {
			return c, err
		}
	}
	st := s.state.Load()
	now := s.Clock.Now()
	hash := once.Hash([]any{v, approve, reason})
	kind := EventRejected
	next := c
	next.Status, next.Reason = Rejected, reason
	next.Decider, next.DecidedBy, next.DecidedAt = sub.Account, sub.Name, now
	if approve {
		kind = EventApproved
		next.Status, next.Number = Approved, st.epoch+1
		if err := next.fits(st, clock.DateOf(now)); err != nil && c.Status == Proposed {
			return c, err
		}
	}
	entry, err := next.entry(kind, sub.Account, sub.Name)
	if err != nil {
		return c, err
	}
	decided := errs.E(errs.Conflict, "holiday.decided")
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, hash, func(_ context.Context, tx *db.Tx) (int64, error) {
		if approve {
			if err := raiseEpoch(tx, st.epoch); err != nil {
				return 0, err
			}
		}
		if err := decideChange(tx, next, decided); err != nil {
			return 0, err
		}
		_, err := s.Journal.Append(tx, entry)
		return int64(v), err
	})
	if err != nil {
		return c, err
	}
	if err := s.Refresh(ctx); err != nil {
		return next, err
	}
	return s.Find(ctx, v)
}

// fits reports whether a change can still be laid over the facts of today.
func (c Change) fits(st *state, today clock.Date) error {
	first := clock.Date{}
	for _, d := range c.Body.Days {
		if first.IsZero() || d.Date.Before(first) {
			first = d.Date
		}
	}
	if len(c.Body.Plain) > 0 {
		first = c.Body.Plain[0]
	}
	if c.Body.Week != nil {
		first = c.Body.Week.From
	}
	if first.Before(today) {
		return errs.E(errs.Conflict, "holiday.passed", errs.P("day", first))
	}
	for _, d := range c.Body.Days {
		if is := st.of(c.Unit).Day(d.Date).Kind; is != calendar.Plain && is != calendar.Weekend && d.Kind != calendar.UnitWork {
			return errs.E(errs.Conflict, "holiday.clash", errs.P("day", d.Date))
		}
	}
	if _, err := build(Version, facts, append(append([]Change(nil), st.changes...), c), st.epoch+1); err != nil {
		return errs.E(errs.Conflict, "holiday.clash", errs.P("day", first), errs.Cause(err))
	}
	return nil
}

// Find returns a change. NotFound where there is none.
func (s *Service) Find(ctx context.Context, v ChangeID) (c Change, err error) {
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		c, err = findChange(q, v)
		return err
	})
	return c, err
}

// maxChanges is how many changes a page shows.
const maxChanges = 50

// Changes lists the changes of the city (0) or of one unit, the youngest first.
func (s *Service) Changes(ctx context.Context, u orgunit.UnitID) (out []Change, err error) {
	defer errs.Op(&err, "holiday.Changes")
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = selectChanges(v, u, maxChanges)
		return err
	})
	return out, err
}

// entry is the journal entry of what happened to a change.
func (c Change) entry(kind string, actor int64, by string) (journal.Entry, error) {
	payload, err := json.Marshal(Decided{Kind: c.Kind, Unit: c.Unit, Number: c.Number, Source: c.Source, By: by, Reason: c.Reason, Body: c.Body})
	if err != nil {
		return journal.Entry{}, err
	}
	e := journal.Entry{Kind: kind, Subject: journal.Subject{Type: SubjectType, ID: int64(c.ID)}, Actor: actor, Payload: payload}
	if c.Unit != 0 {
		e.Unit = c.Unit.String()
	}
	return e, nil
}
