package identity

import (
	"context"
	"slices"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/once"
	"khue/internal/register/orgunit"
)

// faults gathers what is wrong with a wish, by field.
type faults []errs.Field

func (f *faults) add(path, key string, kv ...any) {
	p := errs.Params{}
	for i := 0; i+1 < len(kv); i += 2 {
		p[kv[i].(string)] = kv[i+1] //nolint:forcetypeassert // names are constants below
	}
	*f = append(*f, errs.Field{Path: path, Key: "identity.fault." + key, Params: p})
}

func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return errs.E(errs.Invalid, "identity.invalid", errs.P("n", len(f)), errs.WithFields(f...))
}

// Wish is what somebody asks for: one of its parts is set.
type Wish struct {
	Appoint *Entry
	End     *Ending
	Add     *orgunit.Addition
	// Move is End and Appoint in one: the old post ends the day before the new one begins.
	Move   *Moving
	Depart *Departure
	Reset  *Resetting
}

// Propose asks for a change. It counts for nothing until a second person approves it. The
// same key again returns the first change. Errors: Forbidden, Invalid with fields, Conflict
// where the same is proposed already, Mismatch.
func (s *Service) Propose(ctx context.Context, w Wish, key string) (c Change, err error) {
	defer errs.Op(&err, "identity.Propose")
	var unit orgunit.UnitID
	switch {
	case w.Move != nil:
		unit = w.Move.To.Unit
		if !s.MayPropose(ctx, w.Move.Unit) {
			return c, errs.E(errs.Forbidden, "identity.notYours")
		}
	case w.Depart != nil:
		if unit, err = s.departs(ctx, w.Depart); err != nil {
			return c, err
		}
	case w.Reset != nil:
		if unit, err = s.resets(ctx, w.Reset); err != nil {
			return c, err
		}
	case w.Appoint != nil:
		unit = w.Appoint.Unit
	case w.End != nil:
		unit = w.End.Unit
	default:
		unit = w.Add.Unit
	}
	if err := s.Policies.Can(ctx, actPropose, s.unit(unit)); err != nil {
		return c, err
	}
	sub := auth.From(ctx)
	c = Change{
		ID: ChangeID(s.Gen.Next()), Unit: unit, Status: Proposed, Proposer: sub.Account, ProposedBy: sub.Name, ProposedAt: s.now(),
	}
	switch {
	case w.Move != nil:
		err = s.wishMove(ctx, &c, *w.Move)
	case w.Depart != nil:
		err = s.wishDepart(ctx, &c, *w.Depart)
	case w.Reset != nil:
		err = s.wishReset(ctx, &c, *w.Reset)
	case w.Appoint != nil:
		err = s.wishAppoint(ctx, &c, *w.Appoint)
	case w.End != nil:
		err = s.wishEnd(ctx, &c, *w.End)
	default:
		err = s.wishAdd(ctx, &c, *w.Add)
	}
	if err != nil {
		return Change{}, err
	}
	return s.propose(ctx, c, key, once.Hash(w))
}

// propose writes a new change.
func (s *Service) propose(ctx context.Context, c Change, key string, hash []byte) (Change, error) {
	kind := EventProposed
	if c.Status == Draft {
		kind = "" // nobody has asked for anything yet
	}
	result, again, err := once.Do(ctx, s.DB, c.Proposer, key, hash, func(_ context.Context, tx *db.Tx) (int64, error) {
		if err := insertChange(tx, c); err != nil || kind == "" {
			return int64(c.ID), err
		}
		return int64(c.ID), s.append(tx, kind, SubjectChange, int64(c.ID), c.Proposer, c.Unit, Told{Kind: c.Kind, By: c.ProposedBy, Body: &c.Body})
	})
	if db.IsUnique(err) {
		return c, errs.E(errs.Conflict, "identity.pending", errs.Cause(err))
	}
	if again {
		return s.find(ctx, ChangeID(result))
	}
	return c, err
}

func (s *Service) wishAppoint(ctx context.Context, c *Change, e Entry) error {
	c.Kind = Appoint
	var f faults
	if err := s.checkEntry(ctx, &e, &f); err != nil {
		return err
	}
	if err := f.err(); err != nil {
		return err
	}
	c.Account, c.Body.Entries = e.Account, []Entry{e}
	c.subject = subjectOf(e.Login, e.Unit, e.Role)
	return nil
}

func subjectOf(login string, u orgunit.UnitID, r orgunit.Role) string {
	return "post " + login + " " + u.String() + " " + string(r)
}

// checkEntry completes a post to be given and says what is wrong with it.
func (s *Service) checkEntry(ctx context.Context, e *Entry, f *faults) error {
	e.Login, e.Name, e.Email = auth.NormLogin(e.Login), tidy(e.Name), tidy(e.Email)
	e.Phone, e.Decision = auth.NormLogin(e.Phone), tidy(e.Decision)
	known, err := s.Auth.FindAccount(ctx, e.Login)
	switch {
	case errs.Is(err, errs.NotFound):
		e.Account = 0
		if len(e.Login) < 3 || len(e.Login) > 60 || !loginShape.MatchString(e.Login) {
			f.add("login", "login")
		}
		if n := utf8.RuneCountInString(e.Name); n < 2 || n > 120 {
			f.add("name", "name")
		}
		if !emailShape.MatchString(e.Email) {
			f.add("email", "email")
		}
	case err != nil:
		return err
	case known.Kind != auth.KindOfficer:
		f.add("login", "citizen")
	case known.Disabled:
		if back, err := s.left(ctx, known.ID); err != nil {
			return err
		} else if !back {
			f.add("login", "disabled")
		}
		e.Account, e.Name = known.ID, known.Name // who left comes back under the number of before
	default:
		if e.Name != "" && tidy(known.Name) != e.Name {
			f.add("login", "otherName", "name", known.Name)
		}
		e.Account, e.Name = known.ID, known.Name
		if e.Email != "" && !emailShape.MatchString(e.Email) {
			f.add("email", "email")
		}
	}
	if e.Phone != "" && !auth.IsPhone(e.Phone) {
		f.add("phone", "phone")
	}
	today := s.today()
	if e.From.IsZero() {
		e.From = today
	}
	if e.From.Before(today) {
		f.add("from", "past")
	}
	if !e.Until.IsZero() && e.Until.Before(e.From) {
		f.add("until", "until")
	}
	if _, ok := s.Units.At(e.From).Get(e.Unit); !ok {
		f.add("unit", "unit")
	} else if !slices.Contains(s.RolesIn(e.Unit, e.From), e.Role) {
		f.add("role", "role")
	}
	if n := utf8.RuneCountInString(e.Decision); n < 3 || n > maxWords {
		f.add("decision", "decision")
	}
	if !slices.Contains(Signs(), e.Sign) {
		f.add("sign", "sign")
	}
	if e.Account != 0 && len(*f) == 0 {
		return s.checkHeld(ctx, *e, f)
	}
	return nil
}

// checkHeld refuses a post that the officer holds on the first day already.
func (s *Service) checkHeld(ctx context.Context, e Entry, f *faults) error {
	held, err := s.Auth.GrantsOf(ctx, e.Account)
	for _, g := range held {
		if g.Role == string(e.Role) && g.Scope == scope(e.Unit) && g.For == "" && (g.On(e.From) || !g.From.Before(e.From)) {
			f.add("role", "held")
			break
		}
	}
	return err
}

func (s *Service) wishEnd(ctx context.Context, c *Change, e Ending) error {
	c.Kind, c.Account = End, e.Account
	e.Decision = tidy(e.Decision)
	a, err := s.Auth.AccountByID(ctx, e.Account)
	if err != nil {
		return err
	}
	held, err := s.Auth.GrantsOf(ctx, e.Account)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(held, func(g auth.GrantPeriod) bool {
		return g.Role == string(e.Role) && g.Scope == scope(e.Unit) && g.From == e.From && g.For == ""
	})
	var f faults
	today := s.today()
	switch {
	case i < 0 || !held[i].Until.IsZero() && held[i].Until.Before(today):
		return errs.E(errs.Conflict, "identity.noPost")
	case e.Last.IsZero():
		e.Last = today.AddDays(-1) // at once
	case e.Last.Before(today.AddDays(-1)):
		f.add("last", "past")
	}
	if n := utf8.RuneCountInString(e.Decision); n < 3 || n > maxWords {
		f.add("decision", "decision")
	}
	e.Name = a.Name
	c.Body.End, c.subject = &e, subjectOf(a.Login, e.Unit, e.Role)
	return f.err()
}

func (s *Service) wishAdd(ctx context.Context, c *Change, a orgunit.Addition) error {
	a.Name, a.NameEN, a.Source = tidy(a.Name), tidy(a.NameEN), tidy(a.Source)
	if c.Kind = AddPost; a.Name != "" || a.NameEN != "" {
		c.Kind = Office
	}
	_, err := s.Units.PlanFresh(ctx, a)
	var f faults
	if e, ok := errs.As(err); ok && e.Kind == errs.Invalid {
		f = append(f, e.Fields...)
	} else if err != nil {
		return err
	}
	if n := utf8.RuneCountInString(a.Source); n < 3 || n > maxWords {
		f.add("decision", "decision")
	}
	c.Body.Add = &AdditionBody{From: a.From, Name: a.Name, NameEN: a.NameEN, Roles: a.Roles, Source: a.Source}
	c.subject = "add " + a.Unit.String() + " " + a.Name
	for _, r := range a.Roles {
		c.subject += " " + string(r)
	}
	return f.err()
}

func (a AdditionBody) addition(u orgunit.UnitID) orgunit.Addition {
	return orgunit.Addition{Unit: u, From: a.From, Name: a.Name, NameEN: a.NameEN, Roles: a.Roles, Source: a.Source}
}

// later is the later of two days.
func later(a, b clock.Date) clock.Date {
	if a.Before(b) {
		return b
	}
	return a
}
