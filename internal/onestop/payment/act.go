package payment

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/once"
)

const minWhy, maxWhy = 5, 300

// reason checks what somebody must write down.
func reason(text, path string) (string, error) {
	text = i18n.NFC(strings.TrimSpace(text))
	if n := utf8.RuneCountInString(text); n < minWhy || n > maxWhy {
		return text, errs.E(errs.Invalid, "payment.why", errs.P("max", maxWhy), errs.WithFields(errs.Field{Path: path, Key: "payment.why", Params: errs.Params{"max": maxWhy}}))
	}
	return text, nil
}

// AskRefund asks to give money back: the excess alone, or all that is held, which ends the
// order. A second person decides.
func (s *Service) AskRefund(ctx context.Context, v OrderID, all bool, why, key string) (Order, error) {
	why, err := reason(why, "why")
	if err != nil {
		return Order{}, err
	}
	sub := auth.From(ctx)
	return s.act(ctx, v, actAsk, key, []any{"ask", all, why}, func(o Order) Event {
		amount := o.Excess()
		if all {
			amount = o.Held()
		}
		return AskRefund{Amount: amount, Reason: why, By: sub.Account, Name: sub.Name}
	})
}

// ApproveRefund is the second person's word. Forbidden for who asked.
func (s *Service) ApproveRefund(ctx context.Context, v OrderID, key string) (Order, error) {
	sub := auth.From(ctx)
	return s.act(ctx, v, actDecide, key, []any{"approve"}, func(Order) Event { return ApproveRefund{By: sub.Account, Name: sub.Name} })
}

// DropRefund takes the wish back, or refuses it.
func (s *Service) DropRefund(ctx context.Context, v OrderID, key string) (Order, error) {
	return s.act(ctx, v, actAsk, key, []any{"drop"}, func(Order) Event { return DropRefund{} })
}

// Contest notes that the payer disputes the payment.
func (s *Service) Contest(ctx context.Context, v OrderID, why, key string) (Order, error) {
	why, err := reason(why, "why")
	if err != nil {
		return Order{}, err
	}
	return s.act(ctx, v, actAsk, key, []any{"contest", why}, func(Order) Event { return Contest{why} })
}

// Resolve ends a dispute.
func (s *Service) Resolve(ctx context.Context, v OrderID, key string) (Order, error) {
	return s.act(ctx, v, actDecide, key, []any{"resolve"}, func(Order) Event { return Resolve{} })
}

// Reinstate lets an order stand again whose money came late.
func (s *Service) Reinstate(ctx context.Context, v OrderID, key string) (Order, error) {
	return s.act(ctx, v, actDecide, key, []any{"reinstate"}, func(Order) Event { return Reinstate{} })
}

// act takes an officer's step once for a key.
func (s *Service) act(ctx context.Context, v OrderID, a auth.Action, key string, asked []any, event func(Order) Event) (o Order, err error) {
	defer errs.Op(&err, "payment.%s(%s)", a, v)
	sub := auth.From(ctx)
	hash := once.Hash(append(asked, v))
	for range tries {
		if o, err = s.Find(ctx, v); err != nil {
			return o, err
		}
		if err = s.Policies.Can(ctx, a, s.resourceOf(o)); err != nil {
			return o, s.again(ctx, key, hash, err)
		}
		e := event(o)
		_, _, err = once.Do(ctx, s.DB, sub.Account, key, hash, func(_ context.Context, tx *db.Tx) (int64, error) {
			_, err := s.stepIn(tx, o, e, sub)
			return int64(v), err
		})
		if !errors.Is(err, errMoved) {
			break
		}
	}
	if err != nil {
		return o, busy(errs.Conflict, err)
	}
	return s.Find(ctx, v)
}

// again is err, unless the same command was done before: what it changed may be why it is
// refused now.
func (s *Service) again(ctx context.Context, key string, hash []byte, err error) error {
	_ = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		if _, found, findErr := once.Find(q, auth.From(ctx).Account, key, hash); found && findErr == nil {
			err = nil
		}
		return nil
	})
	return err
}

// May says what the reader may do with an order now.
type May struct {
	Take, Ask, Approve, Drop, PayOut, Contest, Resolve, Reinstate, Renew bool
}

// MayOf is asked by pages.
func (s *Service) MayOf(ctx context.Context, o Order) May {
	r := s.resourceOf(o)
	take, ask, decide := s.Policies.May(ctx, actTake, r), s.Policies.May(ctx, actAsk, r), s.Policies.May(ctx, actDecide, r)
	pending := o.Refund.Amount > 0
	return May{
		Take: take && o.Payable(), Ask: ask && !pending && o.Held() > 0, Approve: decide && pending && o.Refund.Approved == 0,
		Drop: ask && pending && o.Refund.Approved == 0, PayOut: take && pending && o.Refund.Approved != 0,
		Contest: ask && o.Held() > 0 && o.Dispute == "", Resolve: decide && o.Dispute != "" && !pending,
		Reinstate: decide && o.State == Late && o.Void != Refunded && o.Void != Replaced && o.Held() >= o.Amount,
		Renew:     o.Renewable() && s.Policies.May(ctx, actRenew, r),
	}
}

// ToPay are the ways in which an order can be paid from afar.
type ToPay struct {
	QR      string // text of the VietQR code; "" where the unit has no account
	Payee   Payee
	Gateway string // address with signed fields; "" where there is no gateway
}

// ToPay computes them. All is empty where the order asks for no money.
func (s *Service) ToPay(o Order) (p ToPay) {
	if !o.Payable() {
		return p
	}
	payee, ok := s.Payees.Payee(o.Unit)
	if !ok {
		return p
	}
	p.Payee = payee
	p.QR, _ = Transfer{Bank: payee.Bank, Account: payee.Account, Amount: o.Due(), Purpose: o.Reference}.QR()
	if s.GatewayURL == "" || len(s.GatewaySecret) == 0 {
		return p
	}
	f := url.Values{
		FieldDossier: {o.Source.Code}, FieldReference: {o.Reference}, FieldService: {o.Source.Type},
		FieldAccount: {payee.Account}, FieldBank: {payee.Bank}, FieldHolder: {payee.Holder},
		FieldAmount: {strconv.FormatInt(o.Due(), 10)}, FieldReturn: {s.Address + "/pay/" + o.ID.String() + "/return?key=" + s.Key(o.ID)},
	}
	f.Set(FieldSignature, SignGateway(s.GatewaySecret, f))
	p.Gateway = s.GatewayURL + "?" + f.Encode()
	return p
}
