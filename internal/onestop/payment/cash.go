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

// ShiftID names a shift.
type ShiftID = id.Of[Shift]

// Shift is a cashier's time at the box. Nobody has two at once.
type Shift struct {
	ID       ShiftID
	Unit     orgunit.UnitID
	Cashier  int64
	Name     string
	OpenedAt time.Time
	Float    int64 // change that lay in the box, not counted as taken
	ClosedAt time.Time
	Expected int64 // float and what was taken, less what was given back
	Counted  int64
	Why      string // of the difference
}

// Difference is what the count is over, or short where it is less than zero.
func (s Shift) Difference() int64 { return s.Counted - s.Expected }

// OpenShift begins the reader's shift in a unit. Conflict where theirs is open already.
func (s *Service) OpenShift(ctx context.Context, u orgunit.UnitID, float int64, key string) (out Shift, err error) {
	defer errs.Op(&err, "payment.OpenShift")
	sub := auth.From(ctx)
	if err := s.Policies.Can(ctx, actTake, s.ofUnit(u)); err != nil {
		return out, err
	}
	if float < 0 || float > maxDong {
		return out, errs.E(errs.Invalid, "payment.shift.float", errs.WithFields(errs.Field{Path: "float", Key: "payment.shift.float"}))
	}
	out = Shift{ID: id.New[Shift](s.Gen), Unit: u, Cashier: sub.Account, Name: sub.Name, OpenedAt: s.Clock.Now(), Float: float}
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash([]any{"shift", u, float}), func(_ context.Context, tx *db.Tx) (int64, error) {
		if err := insertShift(tx, out); err != nil {
			return 0, err
		}
		return int64(out.ID), s.tellShift(tx, out, sub)
	})
	if db.IsUnique(err) {
		return out, errs.E(errs.Conflict, "payment.shift.open")
	}
	if err != nil {
		return out, err
	}
	return s.MyShift(ctx)
}

// MyShift is the reader's open shift. NotFound where they have none.
func (s *Service) MyShift(ctx context.Context) (out Shift, err error) {
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		out, err = openShift(q, auth.From(ctx).Account)
		if err == nil {
			out.Expected, err = expected(q, out)
		}
		return err
	})
	return out, err
}

// CloseShift counts the box. A difference is explained in writing, and booked as one. What was
// taken leaves the box for Treasury.
func (s *Service) CloseShift(ctx context.Context, v ShiftID, counted int64, why, key string) (out Shift, err error) {
	defer errs.Op(&err, "payment.CloseShift(%s)", v)
	sub := auth.From(ctx)
	if counted < 0 || counted > maxDong {
		return out, errs.E(errs.Invalid, "payment.shift.counted", errs.WithFields(errs.Field{Path: "counted", Key: "payment.shift.counted"}))
	}
	hash := once.Hash([]any{"close", v, counted, why})
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, hash, func(_ context.Context, tx *db.Tx) (int64, error) {
		sh, err := findShift(tx, v)
		if err != nil {
			return 0, err
		}
		if sh.Cashier != sub.Account {
			return 0, errs.E(errs.NotFound, "payment.shift.none")
		}
		// Closing first holds back whoever would take money for this shift meanwhile.
		sh.ClosedAt, sh.Counted, sh.Why = tx.Now(), counted, ""
		if sh.Expected, err = expected(tx, sh); err != nil {
			return 0, err
		}
		if sh.Difference() != 0 {
			if sh.Why, err = reason(why, "why"); err != nil {
				e, _ := errs.As(err)
				e.Key, e.Params = "payment.shift.over", errs.Params{"difference": sh.Difference()}
				if sh.Difference() < 0 {
					e.Key, e.Params = "payment.shift.short", errs.Params{"difference": -sh.Difference()}
				}
				return 0, err
			}
		}
		if err := closeShift(tx, sh); err != nil {
			return 0, err
		}
		t, err := closing(sh)
		if err != nil {
			return 0, err
		}
		if err := s.book(tx, t, 0); err != nil {
			return 0, err
		}
		return int64(v), s.tellShift(tx, sh, sub)
	})
	if err != nil {
		return out, err
	}
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		out, err = findShift(q, v)
		return err
	})
	return out, err
}

// closing books the end of a shift: the difference, and what goes to Treasury.
func closing(sh Shift) (t Txn, err error) {
	box := Account{sh.Unit, CashBox}
	after := position{box: -(sh.Expected - sh.Float), Account{sh.Unit, Deposit}: sh.Counted - sh.Float, Account{sh.Unit, Difference}: -sh.Difference()}
	return between(position{}, after)
}

// Shifts lists a unit's shifts, the youngest first.
func (s *Service) Shifts(ctx context.Context, u orgunit.UnitID) (out []Shift, err error) {
	if err := s.Policies.Can(ctx, actReconcile, s.ofUnit(u)); err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		out, err = shiftsOf(q, u, 30)
		return err
	})
	return out, err
}

// TakeHere takes what is due at the counter: in cash, or as a card terminal's slip says. The
// whole of what is due, nothing else: change is given from the box.
func (s *Service) TakeHere(ctx context.Context, v OrderID, w Way, slip, key string) (o Order, err error) {
	defer errs.Op(&err, "payment.TakeHere(%s)", v)
	sub := auth.From(ctx)
	if w != ByCash && w != ByCard {
		return o, errs.E(errs.Invalid, "payment.wayUnknown")
	}
	if slip = clip(slip, 40); w == ByCard && len(slip) < 4 {
		return o, errs.E(errs.Invalid, "payment.slip", errs.WithFields(errs.Field{Path: "slip", Key: "payment.slip"}))
	}
	return s.atBox(ctx, v, true, key, []any{"take", w, slip}, func(tx *db.Tx, o Order, sh Shift) error {
		if !o.Payable() {
			return errs.E(errs.Conflict, "payment.state."+string(o.State), errs.P("code", o.Reference))
		}
		c := counted{ID: s.Gen.Next(), Way: w, External: slip, Order: o.ID, Unit: o.Unit, Amount: o.Due(), ToldAt: db.Millis(tx.Now()), Via: "desk", Shift: int64(sh.ID), By: sub.Account}
		if w == ByCash {
			c.External = "K" + ShiftID(c.ID).String()
		} else {
			c.External = o.Unit.String() + "/" + slip
		}
		if err := insertNotice(tx, c); err != nil {
			return err
		}
		_, err := s.stepIn(tx, o, Received{w, c.Amount}, sub)
		return err
	})
}

// PayOut says that an approved refund has gone: in cash from the reader's box, or by a transfer
// with the bank's number, for which nobody opens a box.
func (s *Service) PayOut(ctx context.Context, v OrderID, w Way, ref, key string) (o Order, err error) {
	defer errs.Op(&err, "payment.PayOut(%s)", v)
	sub := auth.From(ctx)
	if w != ByCash && w != ByBank {
		return o, errs.E(errs.Invalid, "payment.wayUnknown")
	}
	if ref = clip(ref, 40); w == ByBank && len(ref) < 4 {
		return o, errs.E(errs.Invalid, "payment.ref", errs.WithFields(errs.Field{Path: "ref", Key: "payment.ref"}))
	}
	return s.atBox(ctx, v, w == ByCash, key, []any{"out", w, ref}, func(tx *db.Tx, o Order, sh Shift) error {
		c := counted{ID: s.Gen.Next(), Way: w, External: ref, Order: o.ID, Unit: o.Unit, Amount: -o.Refund.Amount, ToldAt: db.Millis(tx.Now()), Via: "desk", By: sub.Account}
		if w == ByCash {
			c.External, c.Shift = "K"+ShiftID(c.ID).String(), int64(sh.ID)
		}
		if o.Refund.Approved == 0 {
			return errs.E(errs.Conflict, "payment.state."+string(o.State), errs.P("code", o.Reference))
		}
		if err := insertNotice(tx, c); err != nil {
			return err
		}
		_, err := s.stepIn(tx, o, PayRefund{w}, sub)
		return err
	})
}

// atBox acts on an order once for a key, with box in the reader's open shift of the order's unit.
func (s *Service) atBox(ctx context.Context, v OrderID, box bool, key string, asked []any, do func(*db.Tx, Order, Shift) error) (o Order, err error) {
	sub := auth.From(ctx)
	for range tries {
		if o, err = s.Find(ctx, v); err != nil {
			return o, err
		}
		if err := s.Policies.Can(ctx, actTake, s.resourceOf(o)); err != nil {
			return o, err
		}
		_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash(append(asked, v)), func(_ context.Context, tx *db.Tx) (int64, error) {
			if !box {
				return int64(v), do(tx, o, Shift{})
			}
			sh, err := openShift(tx, sub.Account)
			if err != nil {
				return 0, err
			}
			if sh.Unit != o.Unit {
				return 0, errs.E(errs.Conflict, "payment.shift.elsewhere")
			}
			// The shift stays open until this is committed: whoever closes it waits or comes first.
			if err := touchShift(tx, sh); err != nil {
				return 0, err
			}
			return int64(v), do(tx, o, sh)
		})
		if !errors.Is(err, errMoved) {
			break
		}
	}
	if db.IsUnique(err) {
		return o, errs.E(errs.Conflict, "payment.slipUsed")
	}
	if err != nil {
		return o, busy(errs.Conflict, err)
	}
	return s.Find(ctx, v)
}

func (s *Service) tellShift(tx *db.Tx, sh Shift, sub auth.Subject) error {
	payload, err := json.Marshal(sh)
	if err != nil {
		return err
	}
	_, err = s.Journal.Append(tx, journal.Entry{Kind: KindShift, Subject: journal.Subject{Type: "payment.shift", ID: int64(sh.ID)}, Actor: sub.Account, Unit: sh.Unit.String(), Payload: payload})
	return err
}
