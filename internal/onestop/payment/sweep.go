package payment

import (
	"context"
	"errors"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

const sweepPage = 200

// Sweep asks the gateway about every order that still waits, so that a lost notice is found,
// and ends those whose time is over. A gateway that does not answer is asked again the next
// time: no order ends while nobody could say whether it was paid.
func (s *Service) Sweep(ctx context.Context) (err error) {
	defer errs.Op(&err, "payment.Sweep")
	for after := OrderID(0); ; {
		var list []Order
		err := s.DB.View(ctx, func(_ context.Context, q *db.View) error {
			list, err = waiting(q, after, sweepPage)
			return err
		})
		if err != nil {
			return err
		}
		for _, o := range list {
			after = o.ID
			if err := s.ask(ctx, o); err != nil {
				return err
			}
		}
		if len(list) < sweepPage {
			return nil
		}
	}
}

// askGateway counts what the gateway knows of an order; known is false where it did not answer.
func (s *Service) askGateway(ctx context.Context, o Order) (known bool, err error) {
	if s.Gateway == nil {
		return true, nil
	}
	got, err := s.Gateway.Ask(ctx, o.Reference)
	if err != nil {
		s.Log.WarnContext(ctx, "the gateway does not answer", "order", o.ID.String(), "error", err)
		return false, nil
	}
	for _, n := range got {
		switch _, err := s.Take(ctx, n, Origin{Via: "sweep"}); errs.KindOf(err) {
		case errs.Mismatch, errs.Invalid, errs.NotFound: // one bad word must not keep the others waiting
			s.Log.WarnContext(ctx, "what the gateway says of an order does not count", "order", o.ID.String(), "error", err)
		default:
			if err != nil {
				return false, err
			}
		}
	}
	return true, nil
}

// askByAll is askGateway also by the codes in whose place an order stands.
func (s *Service) askByAll(ctx context.Context, o Order) (known bool, err error) {
	for {
		if known, err = s.askGateway(ctx, o); err != nil || !known || o.Renews == 0 {
			return known, err
		}
		if o, err = s.Find(ctx, o.Renews); err != nil {
			return false, err
		}
	}
}

func (s *Service) ask(ctx context.Context, o Order) error {
	if known, err := s.askByAll(ctx, o); err != nil || !known {
		return err
	}
	if o.ExpiresAt.IsZero() || s.Clock.Now().Before(o.ExpiresAt) {
		return nil
	}
	err := s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		now, err := findOrder(tx, o.ID)
		if err != nil {
			return err
		}
		_, err = s.stepIn(tx, now, Expire{}, auth.Subject{})
		return err
	})
	if errs.Is(err, errs.Conflict) || errors.Is(err, errMoved) {
		return nil // paid meanwhile
	}
	return err
}
