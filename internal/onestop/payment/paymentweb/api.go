package paymentweb

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/web"
	"khue/internal/onestop/payment"
)

// OrderInput names an order. Exported, since the API's binder reads embedded fields only so.
type OrderInput struct {
	ID  string `path:"order" maxLength:"20" doc:"Id of the payment order."`
	Key string `query:"accessKey" maxLength:"64" doc:"Key of the order's link, for a bearer without an account."`
}

func (h handlers) asked(ctx context.Context, in OrderInput) (payment.Order, error) {
	v, err := id.Parse[payment.Order](in.ID)
	if err != nil {
		return payment.Order{}, errs.E(errs.NotFound, "payment.none", errs.Cause(err))
	}
	return h.s.Read(ctx, v, in.Key)
}

type orderOutput struct{ Body payment.Shown }

func (h handlers) getOrder(ctx context.Context, in *OrderInput) (*orderOutput, error) {
	o, err := h.asked(ctx, *in)
	if err != nil {
		return nil, err
	}
	return &orderOutput{h.s.Show(ctx, o, h.s.MayName(ctx, o))}, nil
}

type startInput struct {
	web.Keyed
	OrderInput
	Body struct {
		Way payment.Way `json:"way" enum:"bank,gateway" doc:"bank: a transfer, by VietQR or typed. gateway: the payer is sent to the payment gateway."`
	}
}

type startOutput struct {
	Body struct {
		Way       payment.Way `json:"way"`
		Amount    int64       `json:"amount" doc:"Whole đồng: what is still to be paid."`
		Reference string      `json:"reference"`
		Until     *time.Time  `json:"until" doc:"Until when the order asks for money."`
		QR        string      `json:"qr,omitempty" doc:"Text of the VietQR code."`
		Bank      string      `json:"bank,omitempty" doc:"BIN of the bank."`
		Account   string      `json:"account,omitempty"`
		Holder    string      `json:"holder,omitempty"`
		Purpose   string      `json:"purpose,omitempty" doc:"To be kept as it is: the transfer is known by it."`
		Gateway   string      `json:"gateway,omitempty" doc:"Where the payer is to be sent, with signed fields."`
	}
}

// start tells how an order is paid by a way. It changes nothing, so that the same key answers the
// same as long as the order does: the money counts when the bank or the gateway tells of it.
func (h handlers) start(ctx context.Context, in *startInput) (*startOutput, error) {
	o, err := h.asked(ctx, in.OrderInput)
	if err != nil {
		return nil, err
	}
	p, err := h.s.Start(o, in.Body.Way)
	if err != nil {
		return nil, err
	}
	out := &startOutput{}
	b := &out.Body
	b.Way, b.Amount, b.Reference, b.QR, b.Gateway = in.Body.Way, o.Due(), o.Reference, p.QR, p.Gateway
	if !o.ExpiresAt.IsZero() {
		b.Until = &o.ExpiresAt
	}
	if p.QR != "" {
		b.Bank, b.Account, b.Holder, b.Purpose = p.Payee.Bank, p.Payee.Account, p.Payee.Holder, o.Reference
	}
	return out, nil
}

type renewInput struct {
	web.Keyed
	OrderInput
}

func (h handlers) renewOrder(ctx context.Context, in *renewInput) (*orderOutput, error) {
	v, err := id.Parse[payment.Order](in.ID)
	if err != nil {
		return nil, errs.E(errs.NotFound, "payment.none", errs.Cause(err))
	}
	next, err := h.sources.AskAgain(ctx, v, in.OrderInput.Key, in.Keyed.Key)
	if err != nil {
		return nil, err
	}
	return &orderOutput{h.s.Show(ctx, next, h.s.MayName(ctx, next))}, nil
}

// api adds the operations. The orders of a dossier are listed by dossierweb, which knows who may
// follow it.
func (h handlers) api(a *web.API) {
	op := func(method, path, name string) huma.Operation {
		scope := "dossiers.read"
		if method != http.MethodGet {
			scope = "dossiers.write"
		}
		return web.Scoped(huma.Operation{Method: method, Path: "/api/v1" + path, OperationID: name, Summary: "paymentweb.api." + name}, scope)
	}
	web.Op(a, op(http.MethodGet, "/payments/{order}", "getPayment"), auth.Public, h.getOrder)
	web.Op(a, op(http.MethodPost, "/payments/{order}/renew", "renewPayment"), auth.Public, h.renewOrder)
	web.Op(a, op(http.MethodPost, "/payments/{order}/ways", "startPayment"), auth.Public, h.start)
}
