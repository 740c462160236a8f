package person

import (
	"context"
	"encoding/json"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
)

// Link says whose account is whose.
type Link struct {
	Account int64
	Person  ID
	Basis   string // BasisCounter, BasisNational
	By      string // the clerk; empty for the national identity
	At      time.Time
}

// The grounds of a link.
const (
	BasisCounter  = "counter"
	BasisNational = "national"
)

// Why a link ends.
const (
	WhyOwn       = "own"       // its owner wishes it
	WhyReplaced  = "replaced"  // the person has another account now
	WhyDeath     = "death"     //
	WhyDuplicate = "duplicate" // a second account of the same person
	WhyMistake   = "mistake"   // somebody else's
)

// LinkNational links an account to the person whose number the national identity vouches
// for, as part of the unit in which it did: the account is verified from then on. Facts that
// disagree with what was known are taken, since that register knows better, and named in the
// journal. Again changes nothing. Conflict where the account is another person's, or the
// person has another account already: they sign in with that one.
func (s *Service) LinkNational(tx *db.Tx, account int64, n Number, f Facts) (p Person, err error) {
	defer errs.Op(&err, "person.LinkNational(%d)", account)
	found, err := find(tx, s.k, "number", string(n))
	if err != nil {
		return p, err
	}
	told := Told{Basis: BasisNational}
	if len(found) == 0 {
		if p, err = s.Remember(tx, n, f); err != nil {
			return p, err
		}
	} else {
		p = found[0]
		for _, d := range p.Facts.Differs(f) {
			told.Fields = append(told.Fields, d.Field)
		}
		p.Facts, p.Claim, p.Seen = f.over(p.Facts), Facts{}, tx.Now()
		if err := update(tx, s.k, p, errs.E(errs.Conflict, "person.moved")); err != nil {
			return p, err
		}
	}
	old, linked, err := linkOf(tx, account)
	if err != nil {
		return p, err
	}
	if linked {
		same, err := s.same(tx, old.Person, p.ID)
		if err != nil || same {
			return p, err
		}
		return p, errs.E(errs.Conflict, "person.link.accountTaken")
	}
	if _, has, err := linkTo(tx, p.ID); err != nil || has {
		if err == nil {
			err = errs.E(errs.Conflict, "person.link.personTaken")
		}
		return p, err
	}
	return p, s.link(tx, Link{Account: account, Person: p.ID, Basis: BasisNational}, account, "", told)
}

// over lays facts over those of before.
func (f Facts) over(old Facts) Facts {
	for _, x := range fields() {
		if now := x.At(&f); *now == "" {
			*now = *x.At(&old)
		}
	}
	return f
}

func (s *Service) same(q db.Querier, a, b ID) (bool, error) {
	x, err := get(q, s.k, a)
	if err != nil {
		return false, err
	}
	y, err := get(q, s.k, b)
	return x.ID == y.ID, err
}

// link writes a link and raises the account. Conflict where the account is a business's, which is
// no person.
func (s *Service) link(tx *db.Tx, l Link, actor int64, unit string, told Told) error {
	if _, ok, err := s.BusinessOf(tx, l.Account); err != nil || ok {
		if err == nil {
			err = errs.E(errs.Conflict, "person.link.accountTaken")
		}
		return err
	}
	l.At = tx.Now()
	if err := insertLink(tx, l); err != nil {
		return err
	}
	if err := s.d.Auth.SetLevelIn(tx, l.Account, auth.Verified); err != nil {
		return err
	}
	told.Account = l.Account
	return s.append(tx, KindLinked, SubjectType, int64(l.Person), actor, unit, told)
}

// unlink ends a link and lowers the account.
func (s *Service) unlink(tx *db.Tx, l Link, actor int64, unit string, told Told) error {
	if err := deleteLink(tx, l.Account); err != nil {
		return err
	}
	if err := s.d.Auth.SetLevelIn(tx, l.Account, auth.Registered); err != nil {
		return err
	}
	told.Account = l.Account
	return s.append(tx, KindUnlinked, SubjectType, int64(l.Person), actor, unit, told)
}

func (s *Service) append(tx *db.Tx, kind, subject string, of, actor int64, unit string, told any) error {
	payload, err := json.Marshal(told)
	if err != nil {
		return err
	}
	_, err = s.d.Journal.Append(tx, journal.Entry{Kind: kind, Subject: journal.Subject{Type: subject, ID: of}, Actor: actor, Unit: unit, Payload: payload})
	return err
}

// Unlink ends the link of the subject's own account. NotFound where it has none.
func (s *Service) Unlink(ctx context.Context) (err error) {
	defer errs.Op(&err, "person.Unlink")
	sub := auth.From(ctx)
	return s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		l, ok, err := linkOf(tx, sub.Account)
		if err != nil {
			return err
		}
		if !ok {
			return errs.E(errs.NotFound, "person.link.none")
		}
		return s.unlink(tx, l, sub.Account, "", Told{Why: WhyOwn, By: sub.Name})
	})
}

// UnlinkOf ends the link of a person for WhyDeath, WhyDuplicate or WhyMistake; a death is
// remembered. For data stewards.
func (s *Service) UnlinkOf(ctx context.Context, v ID, why, reason string) (err error) {
	defer errs.Op(&err, "person.UnlinkOf(%s)", v)
	if why != WhyDeath && why != WhyDuplicate && why != WhyMistake {
		return errs.E(errs.Invalid, "person.link.why", errs.WithFields(errs.Field{Path: "why", Key: "person.link.why"}))
	}
	if reason, err = reasonOf(reason); err != nil {
		return err
	}
	sub := auth.From(ctx)
	return s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		p, err := get(tx, s.k, v)
		if err != nil {
			return err
		}
		l, ok, err := linkTo(tx, p.ID)
		if err != nil {
			return err
		}
		told := Told{Why: why, Reason: reason, By: sub.Name}
		if why == WhyDeath && p.Died == "" {
			p.Died = s.Today().String()
			if err := update(tx, s.k, p, errs.E(errs.Conflict, "person.moved")); err != nil {
				return err
			}
			if err := s.append(tx, KindDied, SubjectType, int64(p.ID), sub.Account, "", told); err != nil {
				return err
			}
		} else if !ok {
			return errs.E(errs.NotFound, "person.link.none")
		}
		if !ok {
			return nil
		}
		return s.unlink(tx, l, sub.Account, "", told)
	})
}

// Of is the person of an account; false where it is linked to nobody.
func (s *Service) Of(q db.Querier, account int64) (p Person, ok bool, err error) {
	defer errs.Op(&err, "person.Of(%d)", account)
	p, err = linked(q, s.k, account)
	if errs.Is(err, errs.NotFound) {
		return p, false, nil
	}
	if err == nil {
		p, err = root(q, s.k, p)
	}
	return p, err == nil, err
}

// AccountOf is the account of whoever has a number, for signing in by the national identity.
func (s *Service) AccountOf(q db.Querier, n Number) (account int64, ok bool, err error) {
	defer errs.Op(&err, "person.AccountOf")
	found, err := find(q, s.k, "number", string(n))
	if err != nil || len(found) == 0 {
		return 0, false, err
	}
	l, ok, err := linkTo(q, found[0].ID)
	return l.Account, ok, err
}

// Mine is the link of the subject's account with its person.
func (s *Service) Mine(ctx context.Context) (p Person, l Link, ok bool, err error) {
	defer errs.Op(&err, "person.Mine")
	err = s.d.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if l, ok, err = linkOf(v, auth.From(ctx).Account); err != nil || !ok {
			return err
		}
		p, err = get(v, s.k, l.Person)
		return err
	})
	return p, l, ok, err
}

// Family are the ids under which what was kept of a person is found, merged rows too.
func (s *Service) Family(q db.Querier, v ID) ([]ID, error) { return family(q, v) }

// Accounts are the accounts that were linked to a person, under whichever of their ids, and those ids.
func (s *Service) Accounts(q db.Querier, v ID) (accounts []int64, ids []ID, err error) {
	defer errs.Op(&err, "person.Accounts(%s)", v)
	if ids, err = family(q, v); err != nil {
		return nil, nil, err
	}
	for _, one := range ids {
		more, err := accountsOf(q, one)
		if err != nil {
			return nil, nil, err
		}
		accounts = append(accounts, more...)
	}
	return accounts, ids, nil
}

// Living is Family; nothing where the register says that they have died.
func (s *Service) Living(q db.Querier, v ID) ([]ID, error) {
	ids, err := family(q, v)
	if err != nil {
		return nil, err
	}
	if dead, err := died(q, ids[0]); err != nil || dead {
		return nil, err
	}
	return ids, nil
}

// In is Get as part of a unit of work.
func (s *Service) In(q db.Querier, v ID) (Person, error) { return get(q, s.k, v) }

// ByNumber finds whoever has a number, as part of a unit of work.
func (s *Service) ByNumber(q db.Querier, n Number) (p Person, ok bool, err error) {
	found, err := find(q, s.k, "number", string(n))
	if err != nil || len(found) == 0 {
		return p, false, err
	}
	return found[0], true, nil
}

// AccountFor is the account of a person; false where they have none.
func (s *Service) AccountFor(q db.Querier, v ID) (account int64, ok bool, err error) {
	l, ok, err := linkTo(q, v)
	return l.Account, ok, err
}

// ByMark finds whoever has the number of a Mark, as part of a unit of work.
func (s *Service) ByMark(q db.Querier, mark string) (p Person, ok bool, err error) {
	found, err := findByMarks(q, s.k, "number", []string{mark})
	if err != nil || len(found) == 0 {
		return p, false, err
	}
	return found[0], true, nil
}

// Mark is the keyed digest of a number: what other modules keep instead of it.
func (s *Service) Mark(n Number) string { return s.k.of("number", string(n)) }

// Marks are the marks under which a number may stand while the key is changed, the newest first.
func (s *Service) Marks(n Number) []string { return s.k.all("number", string(n)) }
