package payment

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/register/orgunit"
)

// MoneyID names money that matched no order: the notice that told of it.
type MoneyID = id.Of[Money]

// SuspenseState is what became of money that matched no order.
type SuspenseState string

// The states: lying → asked → assigned, or → returning → returned. A wish that is refused or taken
// back lets it lie again.
const (
	Lying     SuspenseState = "lying"
	Asked     SuspenseState = "asked"
	Returning SuspenseState = "returning" // decided, not out yet
	Assigned  SuspenseState = "assigned"
	Returned  SuspenseState = "returned"
)

// Aim is what somebody wants done with it.
type Aim string

// The aims.
const (
	Assign   Aim = "assign"
	SendBack Aim = "return"
)

// Money lies in suspense of a unit because nobody knows what it is for. One person says what it
// is for, or that it goes back, and why; a second decides.
type Money struct {
	ID       MoneyID
	Unit     orgunit.UnitID
	Way      Way
	External string
	Amount   int64
	ToldAt   time.Time
	Text     string // the purpose, as the bank passed it on
	State    SuspenseState
	Aim      Aim
	Order    OrderID
	Why      string
	AskedID  int64
	AskedBy  string
	SecondID int64
	SecondBy string
	Ref      string
	EndedAt  time.Time
	Version  int64

	dropped *Money // as it was asked, of a step that takes the wish back
}

// Kinds of entries about money in suspense; subject: the notice.
const (
	KindMoneyAsked    = "payment.suspense.asked"
	KindMoneyDropped  = "payment.suspense.dropped"
	KindMoneyAssigned = "payment.suspense.assigned"
	KindMoneyDecided  = "payment.suspense.decided" // it is to go back
	KindMoneyReturned = "payment.suspense.returned"
)

// MoneyTold is the payload of these entries.
type MoneyTold struct {
	Aim    Aim    `json:"aim"`
	Order  string `json:"order,omitempty"` // its reference
	Amount int64  `json:"amount"`
	By     string `json:"by"`
	Why    string `json:"why,omitempty"`
	Ref    string `json:"ref,omitempty"`
}

func noMoney(err error) error { return errs.E(errs.NotFound, "payment.suspense.none", errs.Cause(err)) }

// lie keeps what is needed to find out whose it is.
func (s *Service) lie(tx *db.Tx, c counted, text string) error {
	return insertMoney(tx, Money{ID: MoneyID(c.ID), Unit: c.Unit, Way: c.Way, External: c.External, Amount: c.Amount, ToldAt: db.Time(c.ToldAt), Text: clip(text, maxKeptPurpose), State: Lying, Version: 1})
}

// maxKeptPurpose bounds what is kept of a purpose.
const maxKeptPurpose = 300

// Suspense lists the money of a unit that lies, the oldest first, 200 at most.
func (s *Service) Suspense(ctx context.Context, u orgunit.UnitID) (out []Money, err error) {
	defer errs.Op(&err, "payment.Suspense")
	if err := s.Policies.Can(ctx, actReconcile, s.ofUnit(u)); err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		out, err = moneyOf(q, u, 200)
		return err
	})
	return out, err
}

// SuspenseSum is how much money of a unit lies, also of what Suspense does not list.
func (s *Service) SuspenseSum(ctx context.Context, u orgunit.UnitID) (n int, sum int64, err error) {
	defer errs.Op(&err, "payment.SuspenseSum")
	if err := s.Policies.Can(ctx, actReconcile, s.ofUnit(u)); err != nil {
		return 0, 0, err
	}
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		n, sum, err = sumMoney(q, u)
		return err
	})
	return n, sum, err
}

// FindMoney reads money in suspense. NotFound where there is none, or it is not the reader's.
func (s *Service) FindMoney(ctx context.Context, v MoneyID) (m Money, err error) {
	defer errs.Op(&err, "payment.FindMoney(%s)", v)
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		m, err = findMoney(q, v)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return m, noMoney(err)
	}
	if err == nil && !s.Policies.May(ctx, actReconcile, s.ofMoney(m)) {
		return Money{}, noMoney(nil)
	}
	return m, err
}

func (s *Service) ofMoney(m Money) auth.Resource {
	r := s.ofUnit(m.Unit)
	r.ID, r.State = m.ID.String(), string(m.State)
	if m.AskedID != 0 {
		r.About = []int64{m.AskedID}
	}
	return r
}

// AskMoney says what money is for: reference is of an order of the same unit; or, for SendBack,
// that it goes back to its sender.
func (s *Service) AskMoney(ctx context.Context, v MoneyID, aim Aim, reference, why, key string) error {
	why, err := reason(why, "why")
	if err != nil {
		return err
	}
	return s.onMoney(ctx, v, actAsk, key, []any{"ask", aim, reference, why}, func(tx *db.Tx, m Money, sub auth.Subject) (Money, string, error) {
		if m.State != Lying {
			return m, "", standsAt(m)
		}
		m.State, m.Aim, m.Why, m.AskedID, m.AskedBy = Asked, aim, why, sub.Account, sub.Name
		switch aim {
		case SendBack:
			return m, KindMoneyAsked, nil
		case Assign:
			o, err := orderOf(tx, FindReference(reference))
			if err != nil {
				return m, "", err
			}
			if o, err = standing(tx, o); err != nil {
				return m, "", err
			}
			if o.ID == 0 || o.Unit != m.Unit {
				return m, "", errs.E(errs.Invalid, "payment.suspense.reference", errs.WithFields(errs.Field{Path: "reference", Key: "payment.suspense.reference"}))
			}
			m.Order = o.ID
			return m, KindMoneyAsked, nil
		}
		return m, "", errs.E(errs.Invalid, "web.error.form")
	})
}

// DropMoney takes a wish back, or refuses it.
func (s *Service) DropMoney(ctx context.Context, v MoneyID, key string) error {
	return s.onMoney(ctx, v, actAsk, key, []any{"drop"}, func(_ *db.Tx, m Money, _ auth.Subject) (Money, string, error) {
		if m.State != Asked {
			return m, "", standsAt(m)
		}
		told := m
		m.State, m.Aim, m.Order, m.Why, m.AskedID, m.AskedBy = Lying, "", 0, "", 0, ""
		m.dropped = &told
		return m, KindMoneyDropped, nil
	})
}

// DecideMoney is the second person's word: the order gets the money, or it is to go back.
func (s *Service) DecideMoney(ctx context.Context, v MoneyID, key string) error {
	return s.onMoney(ctx, v, actDecide, key, []any{"decide"}, func(tx *db.Tx, m Money, sub auth.Subject) (Money, string, error) {
		if m.State != Asked {
			return m, "", standsAt(m)
		}
		m.SecondID, m.SecondBy = sub.Account, sub.Name
		if m.Aim == SendBack {
			m.State = Returning
			t, err := Txn{}.Move(Account{m.Unit, Refunds}, Account{m.Unit, Suspense}, m.Amount)
			if err != nil {
				return m, "", err
			}
			return m, KindMoneyDecided, s.book(tx, t, 0)
		}
		o, err := findOrder(tx, m.Order)
		if err != nil {
			return m, "", err
		}
		if o, err = standing(tx, o); err != nil { // it was replaced since somebody asked
			return m, "", err
		}
		m.Order = o.ID
		// What was booked when nobody knew is taken back; the order books it as its own.
		t, err := Txn{}.Move(Account{m.Unit, m.Way.holds()}, Account{m.Unit, Suspense}, m.Amount)
		if err != nil {
			return m, "", err
		}
		if err := s.book(tx, t, 0); err != nil {
			return m, "", err
		}
		if err := assignNotice(tx, m); err != nil {
			return m, "", err
		}
		m.State, m.EndedAt = Assigned, tx.Now()
		_, err = s.stepIn(tx, o, Received{m.Way, m.Amount}, sub)
		return m, KindMoneyAssigned, err
	})
}

// PayMoneyBack says that money which was to go back has gone, with the bank's number.
func (s *Service) PayMoneyBack(ctx context.Context, v MoneyID, ref, key string) error {
	if ref = clip(ref, 40); len(ref) < 4 {
		return errs.E(errs.Invalid, "payment.ref", errs.WithFields(errs.Field{Path: "ref", Key: "payment.ref"}))
	}
	err := s.onMoney(ctx, v, actTake, key, []any{"back", ref}, func(tx *db.Tx, m Money, sub auth.Subject) (Money, string, error) {
		if m.State != Returning {
			return m, "", standsAt(m)
		}
		m.State, m.Ref, m.EndedAt = Returned, ref, tx.Now()
		t, err := Txn{}.Move(Account{m.Unit, Treasury}, Account{m.Unit, Refunds}, m.Amount)
		if err != nil {
			return m, "", err
		}
		c := counted{ID: s.Gen.Next(), Way: ByBank, External: ref, Unit: m.Unit, Amount: -m.Amount, ToldAt: db.Millis(tx.Now()), Via: "desk", By: sub.Account}
		if err := insertNotice(tx, c); err != nil {
			return m, "", err
		}
		return m, KindMoneyReturned, s.book(tx, t, 0)
	})
	if db.IsUnique(err) {
		return errs.E(errs.Conflict, "payment.slipUsed")
	}
	return err
}

// standsAt refuses an act that does not fit where the money stands.
func standsAt(m Money) error {
	return errs.E(errs.Conflict, "payment.suspense.state."+string(m.State))
}

// onMoney takes a step with money in suspense once for a key, and journals it.
func (s *Service) onMoney(ctx context.Context, v MoneyID, a auth.Action, key string, asked []any, do func(*db.Tx, Money, auth.Subject) (Money, string, error)) (err error) {
	defer errs.Op(&err, "payment.%s(%s)", a, v)
	sub := auth.From(ctx)
	hash := once.Hash(append(asked, v))
	for range tries {
		m, err := s.FindMoney(ctx, v)
		if err != nil {
			return err
		}
		if err := s.Policies.Can(ctx, a, s.ofMoney(m)); err != nil {
			return s.again(ctx, key, hash, err)
		}
		_, _, err = once.Do(ctx, s.DB, sub.Account, key, hash, func(_ context.Context, tx *db.Tx) (int64, error) {
			after, kind, err := do(tx, m, sub)
			if err != nil {
				return 0, err
			}
			if err := moveMoney(tx, after); err != nil {
				return 0, err
			}
			return int64(v), s.tellMoney(tx, after, kind, sub)
		})
		if !errors.Is(err, errMoved) {
			return err
		}
	}
	return busy(errs.Conflict, errMoved)
}

func (s *Service) tellMoney(tx *db.Tx, m Money, kind string, sub auth.Subject) error {
	if m.dropped != nil {
		m = *m.dropped
	}
	told := MoneyTold{Aim: m.Aim, Amount: m.Amount, By: sub.Name, Why: m.Why, Ref: m.Ref}
	if m.Order != 0 {
		told.Order = referenceOf(m.Order)
	}
	payload, err := json.Marshal(told)
	if err != nil {
		return err
	}
	_, err = s.Journal.Append(tx, journal.Entry{Kind: kind, Subject: journal.Subject{Type: "payment.notice", ID: int64(m.ID)}, Actor: sub.Account, Unit: m.Unit.String(), Payload: payload})
	return err
}

// MayMoney says what the reader may do with money in suspense now.
type MayMoney struct{ Ask, Drop, Decide, PayBack bool }

// MayOfMoney is asked by pages.
func (s *Service) MayOfMoney(ctx context.Context, m Money) MayMoney {
	r := s.ofMoney(m)
	ask := s.Policies.May(ctx, actAsk, r)
	return MayMoney{
		Ask: ask && m.State == Lying, Drop: ask && m.State == Asked,
		Decide: m.State == Asked && s.Policies.May(ctx, actDecide, r), PayBack: m.State == Returning && s.Policies.May(ctx, actTake, r),
	}
}
