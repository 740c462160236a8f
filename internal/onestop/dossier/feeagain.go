package dossier

import (
	"context"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/once"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
)

// KindFeeAsked is told of a dossier whose fee is asked for again, by a new code.
const KindFeeAsked = "dossier.feeAsked"

// FeeAgain is the order of a dossier's fee for which a new code may be got: its time is over, or it
// was taken back when the dossier ended and that goes on; false where there is none.
func FeeAgain(d Dossier, fees []payment.Order) (payment.Order, bool) {
	o := payment.Current(fees)
	return o, o.Renewable() && !d.State.Ended()
}

// Owes implements paymentweb.Sources: whether the fee that an order asked for may be asked for again.
func (s *Service) Owes(ctx context.Context, o payment.Order) (owes bool, err error) {
	if s.Payments == nil || o.Source.Type != SubjectType || !o.Renewable() || !s.Payments.Working(o.Unit) {
		return false, nil
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		d, err := findByID(v, ID(o.Source.ID))
		owes = err == nil && !d.State.Ended()
		return err
	})
	return owes, err
}

// AskAgain opens a new order for the fee that an order asked for, in its place, and lets the dossier
// wait for it. linkKey is of the order's link; "" without one. Where a code that can be paid is
// there already, that one is the answer, whoever got it. Errors: NotFound for who may not see the
// order, Forbidden, Conflict where the fee is paid, money for it lies here, the dossier has ended, or
// others act on it at every try.
func (s *Service) AskAgain(ctx context.Context, v payment.OrderID, linkKey, key string) (next payment.Order, err error) {
	defer errs.Op(&err, "dossier.AskAgain(%s)", v)
	o, err := s.Payments.Read(ctx, v, linkKey)
	if err != nil {
		return next, err
	}
	if err := s.Payments.CanRenew(ctx, o, linkKey); err != nil {
		return next, err
	}
	if o.Source.Type != SubjectType {
		return next, errs.E(errs.Conflict, "payment.state."+string(o.State), errs.P("code", o.Reference))
	}
	sub := auth.From(ctx)
	hash := once.Hash([]any{"askAgain", v})
	looked := false
	for range maxRestep {
		var found bool
		if next, found, err = s.askedAgain(ctx, sub, key, hash); found || err != nil {
			return next, err
		}
		var orders []payment.Order
		if orders, err = s.Payments.ForSource(ctx, o.Source); err != nil {
			return next, err
		}
		cur := payment.Current(orders)
		if !looked && cur.Renewable() {
			// Money that the gateway took in the last moment would be asked for twice.
			if looked = true; s.Payments.Look(ctx, cur) != nil {
				continue
			}
			if cur, err = s.Payments.Find(ctx, cur.ID); err != nil {
				return next, err
			}
		}
		if cur.Payable() {
			return cur, nil
		}
		if err := s.mayAskAgain(cur); err != nil {
			return next, err
		}
		next, err = s.askAgain(ctx, cur, sub, key, hash)
		if !raced(err) && !db.IsUnique(err) {
			return next, err
		}
	}
	return next, errs.E(errs.Conflict, "dossier.busy", errs.Cause(err))
}

// askedAgain is the order that a key got before.
func (s *Service) askedAgain(ctx context.Context, sub auth.Subject, key string, hash []byte) (o payment.Order, found bool, err error) {
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		var id int64
		if id, found, err = once.Find(q, sub.Account, key, hash); err != nil || !found {
			return err
		}
		o, err = s.Payments.FindIn(q, payment.OrderID(id))
		return err
	})
	return o, found, err
}

// mayAskAgain says why no new code is given in the place of an order.
func (s *Service) mayAskAgain(o payment.Order) error {
	at := errs.P("reference", o.Reference)
	switch {
	case o.Settled():
		return errs.E(errs.Conflict, "dossier.fee.isPaid", at)
	case o.Held() >= o.Amount:
		return errs.E(errs.Conflict, "dossier.fee.came", at)
	case !o.Renewable():
		return errs.E(errs.Conflict, "payment.state."+string(o.State), errs.P("code", o.Reference))
	case !s.Payments.Working(o.Unit):
		return errs.E(errs.Conflict, "dossier.fee.closed", at)
	}
	return nil
}

func (s *Service) askAgain(ctx context.Context, o payment.Order, sub auth.Subject, key string, hash []byte) (next payment.Order, err error) {
	_, err = s.advance(ctx, moved{
		id: ID(o.Source.ID), by: sub, kind: KindFeeAsked, event: process.Event{Kind: process.Again},
		check: func(d Dossier, _ *service.Package) error {
			if d.State.Ended() {
				return errs.E(errs.Conflict, "dossier.fee.ended", errs.P("reference", o.Reference))
			}
			return nil
		},
		tell: func(_ Dossier, h *Happening) { h.By = sub.Name },
		also: func(tx *db.Tx, ch *change) error {
			if next, err = s.Payments.RenewIn(tx, o, feeUntil(ch.dossier), sub); err != nil {
				return err
			}
			return once.Record(tx, sub.Account, key, hash, int64(next.ID))
		},
	})
	return next, err
}
