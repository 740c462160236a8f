package dossierweb

import (
	"context"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/process"
)

// stateCell is the state of a dossier; one whose fee is due says so also where its state is not
// that of waiting for it.
func stateCell(ctx context.Context, d dossier.Dossier) ui.Cell {
	c := ui.Tagged(stateWord(ctx, d.State), stateTone(d.State))
	if !d.UnpaidAt.IsZero() && d.State != process.Financial && !d.State.Ended() {
		c.Note = i18n.T(ctx, "dossierweb.fee.waits")
	}
	return c
}

// feeRows are the orders of a dossier, each with the page on which it is paid.
func feeRows(ctx context.Context, fees []payment.Order, href func(payment.Order) string) (out []ui.SummaryRow) {
	for _, o := range fees {
		out = append(out, ui.SummaryRow{Key: i18n.T(ctx, "dossierweb.fee.order"), Value: ui.Cell{
			Text: i18n.Money(i18n.LangOf(ctx), o.Amount), Href: href(o), Note: i18n.T(ctx, "payment.stateName."+string(o.State)),
		}})
	}
	return out
}

// feeAgain is the form that gets a new payment code in the place of one that expired or was taken back.
type feeAgain struct {
	Action string
	Key    string // request id
	Hidden []ui.KeyText
	Do     string // value of the button; "" for none
}

// again is the applicant's form for a new code; nil where none is to be had.
func (h *handlers) again(d dossier.Dossier, fees []payment.Order, client string) *feeAgain {
	o, ok := dossier.FeeAgain(d, fees)
	if !ok {
		return nil
	}
	return &feeAgain{Action: "/pay/" + o.ID.String() + "/renew", Key: client + "-f", Hidden: []ui.KeyText{{Name: "key", Value: h.svc.FeeKey(o)}}}
}

// againAtDesk is the officer's.
func (h *handlers) againAtDesk(ctx context.Context, d dossier.Dossier, fees []payment.Order) *feeAgain {
	o, ok := dossier.FeeAgain(d, fees)
	if !ok || !h.svc.MayAskAgain(ctx, o) {
		return nil
	}
	return &feeAgain{Action: "/desk/payments/" + o.ID.String(), Key: web.NewKey(), Do: "renew"}
}

// toPay asks the applicant for what is due, with the way to pay it.
func (h *handlers) toPay(ctx context.Context, d dossier.Dossier, fees []payment.Order) *ui.BannerArgs {
	o, waits := dossier.Unpaid(fees)
	if o, ok := dossier.FeeAgain(d, fees); ok {
		return &ui.BannerArgs{Text: i18n.T(ctx, "dossierweb.fee.over", "amount", i18n.Money(i18n.LangOf(ctx), dossier.Owing(o))), Tone: ui.ToneWaiting}
	}
	if !waits {
		return nil
	}
	key := "dossierweb.fee.due"
	if !o.Payable() {
		key = "dossierweb.fee.came"
	}
	return &ui.BannerArgs{
		Text: i18n.T(ctx, key, "amount", i18n.Money(i18n.LangOf(ctx), dossier.Owing(o))), Tone: ui.ToneWaiting,
		Link: &ui.Anchor{Label: i18n.T(ctx, "dossierweb.fee.pay"), Href: h.svc.FeeLink(o)},
	}
}

type paymentsOutput struct {
	Body struct {
		Items []payment.Shown `json:"items" nullable:"false"`
	}
}

// payments are the orders of a dossier, for whoever may follow it.
func (h *handlers) payments(ctx context.Context, in *CodeInput) (*paymentsOutput, error) {
	d, access, err := h.svc.Find(ctx, in.Code, in.viewer())
	if err != nil {
		return nil, err
	}
	fees, err := h.svc.Fees(ctx, d)
	if err != nil {
		return nil, err
	}
	out := &paymentsOutput{}
	out.Body.Items = make([]payment.Shown, len(fees))
	for i, o := range fees {
		out.Body.Items[i] = h.svc.ShowFee(ctx, o, access == dossier.SeeAll)
	}
	return out, nil
}
