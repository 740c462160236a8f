package payment

import (
	"context"
	"errors"
	"maps"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
)

// Renewable reports whether a new order may take the place of one: its time is over or it was taken
// back, what it asked for did not come, and nobody decides about its money.
func (o Order) Renewable() bool {
	return (o.Void == Expired || o.Void == Cancelled) && o.Held() < o.Amount && o.Refund.Amount == 0 && o.Dispute == ""
}

// Renewed is what it means that a new order takes the place of another.
type Renewed struct {
	Was, Is    Order
	Gave, Took Txn // of the books of each
}

// Renew opens o, a new order for what old asked for, in old's place. What came for old goes over to
// it, so that only the rest is asked for. Only the id, the reference and the end of o are read.
// Conflict where old is not Renewable.
func Renew(old, o Order, now time.Time) (r Renewed, err error) {
	if r.Was, r.Gave, err = Step(old, Replace{}, now); err != nil {
		return r, err
	}
	o.Source, o.Payer, o.Account, o.Unit, o.Lines, o.Renews = old.Source, old.Payer, old.Account, old.Unit, old.Lines, old.ID
	if r.Is, _, err = open(o, now); err != nil {
		return r, err
	}
	r.Is.Got = maps.Clone(old.Got)
	r.Is.settle(now)
	r.Took, err = between(position{}, r.Is.position())
	return r, err
}

// Current is the order of a fee that counts: the youngest that no other replaced. The zero Order
// where there is none.
func Current(orders []Order) (o Order) {
	for _, x := range orders {
		if x.Void != Replaced && x.ID > o.ID {
			o = x
		}
	}
	return o
}

// RenewIn opens a new order in the place of old in the transaction of its source, which has asked
// who may; until is the end of the new one, sub whoever asked for it. Moved(err) where old changed since it was read.
func (s *Service) RenewIn(tx *db.Tx, old Order, until time.Time, sub auth.Subject) (_ Order, err error) {
	defer errs.Op(&err, "payment.RenewIn(%s)", old.ID)
	v := id.New[Order](s.Gen)
	r, err := Renew(old, Order{ID: v, Reference: referenceOf(v), ExpiresAt: until}, tx.Now())
	if err != nil {
		return old, err
	}
	if err := updateOrder(tx, r.Was); err != nil {
		return old, err
	}
	if err := s.book(tx, r.Gave, r.Was.ID); err != nil {
		return old, err
	}
	if err := insertOrder(tx, r.Is); err != nil {
		return old, err
	}
	if err := s.book(tx, r.Took, r.Is.ID); err != nil {
		return old, err
	}
	if err := s.tell(tx, r.Was, KindReplaced, sub, "", 0, r.Is.Reference); err != nil {
		return old, err
	}
	return r.Is, s.tell(tx, r.Is, KindOpened, sub, "", 0, "")
}

// Moved reports whether a unit of work failed because an order moved since it was read: it is to be
// read again.
func Moved(err error) bool { return errors.Is(err, errMoved) }

// CanRenew says why the reader may not get a new code for an order; key is of its link, "" without.
func (s *Service) CanRenew(ctx context.Context, o Order, key string) error {
	return s.Policies.Can(ctx, actRenew, s.heldBy(o, key))
}

// Look asks the gateway what it knows of an order, by all codes of its fee, so that nobody is asked for
// money that has come. A gateway that does not answer is passed over: what it tells later counts then.
func (s *Service) Look(ctx context.Context, o Order) error {
	_, err := s.askByAll(ctx, o)
	return err
}

// standing follows an order to the one that took its place, so that money by an old code pays what
// is asked for now.
func standing(q db.Querier, o Order) (_ Order, err error) {
	for o.Void == Replaced && err == nil {
		o, err = successor(q, o.ID)
	}
	return o, err
}

// Successor is the order that took the place of one; the zero Order where none did.
func (s *Service) Successor(ctx context.Context, o Order) (next Order, err error) {
	defer errs.Op(&err, "payment.Successor(%s)", o.ID)
	if o.Void != Replaced {
		return next, nil
	}
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		next, err = standing(q, o)
		return err
	})
	return next, err
}
