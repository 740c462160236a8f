package paymentweb

import (
	"context"
	"embed"
	"errors"
	"io"
	"net/http"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/payment"
)

// Messages are this package's sentences (keys under "paymentweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Sources know what orders are for: whether a fee is still owed, and how it is asked for again.
// Plugged in by what opens orders, which stands above.
type Sources interface {
	// Owes reports whether what an order asked for may be asked for again now.
	Owes(ctx context.Context, o payment.Order) (bool, error)
	// AskAgain opens a new order in the place of one, for whoever may; linkKey is of its link. The
	// order that can be paid is the answer, also where it was there before.
	AskAgain(ctx context.Context, v payment.OrderID, linkKey, key string) (payment.Order, error)
}

type handlers struct {
	s       *payment.Service
	sources Sources
}

// SignatureHeader carries a bank's signature.
const SignatureHeader = "Khue-Signature"

// forgeries bounds only notices that are refused: a bank tells thousands a second from one address,
// and none of them is wrong.
func forgeries() web.Rate { return web.Rate{Most: 30, Each: 2 * time.Second, Refused: true} }

// Routes is the web half of payments.
func Routes(s *payment.Service, sources Sources) web.Module {
	h := handlers{s, sources}
	return web.Module{Name: "payment", API: h.api, Routes: []web.Route{
		{Method: http.MethodGet, Path: "/pay/{order}", Policy: auth.Public, Do: h.pay},
		{Method: http.MethodGet, Path: "/pay/{order}/return", Policy: auth.Public, Do: h.back},
		{Method: http.MethodPost, Path: "/pay/{order}/renew", Policy: auth.Public, Do: h.renew},
		{Method: http.MethodGet, Path: "/pay/{order}/receipt.pdf", Policy: auth.Public, Do: h.receipt},
		// Who tells of money is known by a signature over what they say.
		{Method: http.MethodPost, Path: "/payment/notices/bank", Policy: auth.Public, Foreign: true, Enrols: true, Do: h.bank, MaxBody: maxNotice, Rate: forgeries()},
		{Method: http.MethodPost, Path: "/payment/notices/gateway", Policy: auth.Public, Foreign: true, Enrols: true, Do: h.gateway, MaxBody: maxNotice, Rate: forgeries()},
		{Method: http.MethodGet, Path: "/desk/payments", Policy: auth.Officer, Do: h.list},
		{Method: http.MethodGet, Path: "/desk/payments/{order}", Policy: auth.Officer, Do: h.order},
		{Method: http.MethodPost, Path: "/desk/payments/{order}", Policy: auth.Officer, Do: h.act},
		{Method: http.MethodGet, Path: "/desk/suspense", Policy: auth.Officer, Do: h.suspense},
		{Method: http.MethodGet, Path: "/desk/suspense/{money}", Policy: auth.Officer, Do: h.money},
		{Method: http.MethodPost, Path: "/desk/suspense/{money}", Policy: auth.Officer, Do: h.actMoney},
		{Method: http.MethodGet, Path: "/desk/cash", Policy: auth.Officer, Do: h.cash},
		{Method: http.MethodPost, Path: "/desk/cash", Policy: auth.Officer, Do: h.shift},
		{Method: http.MethodGet, Path: "/desk/reconcile", Policy: auth.Officer, Do: h.reconcile},
		{Method: http.MethodPost, Path: "/desk/reconcile", Policy: auth.Officer, Do: h.statement, MaxBody: payment.MaxStatement + 1<<20},
	}}
}

const maxNotice = 16 << 10

func say(ctx context.Context, key string, kv ...any) string {
	return i18n.T(ctx, "paymentweb."+key, kv...)
}

// bank takes a bank's notice. Anything but an answer in the two hundreds makes the bank send it
// again; what was counted before is answered like the first time.
func (h handlers) bank(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return errs.E(errs.TooLarge, "payment.notice.invalid", errs.Cause(err))
		}
		return errs.E(errs.Invalid, "payment.notice.invalid", errs.Cause(err))
	}
	n, err := payment.ReadBank(h.s.BankSecret, r.Header.Get(SignatureHeader), body, h.s.Clock.Now())
	if err != nil {
		return err
	}
	return h.count(w, r, n)
}

// gateway takes the gateway's notice.
func (h handlers) gateway(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	n, done, err := payment.ReadGateway(h.s.GatewaySecret, f)
	if err != nil {
		return err
	}
	if !done {
		return web.JSON(w, http.StatusOK, map[string]string{"status": "noted"})
	}
	return h.count(w, r, n)
}

func (h handlers) count(w http.ResponseWriter, r *http.Request, n payment.Notice) error {
	got, err := h.s.Take(r.Context(), n, payment.Origin{Via: "notice"})
	if err != nil {
		return err
	}
	status := "counted"
	if got.Repeated {
		status = "repeated"
	}
	return web.JSON(w, http.StatusOK, map[string]string{"status": status})
}

// renew gets a new payment code in the place of an order's, and leads to it.
func (h handlers) renew(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := web.PathID[payment.Order](r, "order")
	if err != nil {
		return err
	}
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	key, err := web.ClientKey(r)
	if err != nil {
		return err
	}
	next, err := h.sources.AskAgain(ctx, v, f.Get("key"), key)
	if errs.Is(err, errs.Conflict) {
		return h.refused(w, r, v, f.Get("key"), err)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, h.s.Link(next.ID))
}

func tone(s payment.State) ui.Tone {
	switch s {
	case payment.Open, payment.Partial:
		return ui.ToneWaiting
	case payment.Paid:
		return ui.ToneDone
	case payment.Over, payment.Refunding:
		return ui.ToneActive
	case payment.Late, payment.Disputed:
		return ui.ToneStopped
	}
	return ui.ToneNeutral
}

func stateWord(ctx context.Context, s payment.State) string {
	return i18n.T(ctx, "payment.stateName."+string(s))
}

func money(ctx context.Context, v int64) string { return i18n.Money(i18n.LangOf(ctx), v) }
