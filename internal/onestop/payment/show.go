package payment

import (
	"context"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

// Shown is an order as other systems read it.
type Shown struct {
	ID        OrderID     `json:"id"`
	For       string      `json:"for" doc:"What it is for: dossier."`
	Code      string      `json:"code" doc:"Code of the dossier."`
	Payer     string      `json:"payer,omitempty" doc:"Absent for a bearer of the dossier's key, and after its term."`
	Unit      string      `json:"unit" doc:"Agency that is paid."`
	UnitName  string      `json:"unitName"`
	State     State       `json:"state" enum:"open,partial,paid,over,late,cancelled,expired,refunding,refunded,disputed,replaced"`
	Amount    int64       `json:"amount" doc:"Whole đồng."`
	Held      int64       `json:"held" doc:"What came and has not gone back."`
	Due       int64       `json:"due" doc:"What is still to be paid."`
	Reference string      `json:"reference" doc:"Stands in the purpose of a transfer."`
	Renews    OrderID     `json:"renews,omitzero" doc:"The order in whose place this one asks, by a new code."`
	OpenedAt  time.Time   `json:"openedAt"`
	ExpiresAt *time.Time  `json:"expiresAt" doc:"Until when it asks for money; null: without an end."`
	PaidAt    *time.Time  `json:"paidAt"`
	Lines     []ShownLine `json:"lines" nullable:"false"`
	Page      string      `json:"page" doc:"Where the payer sees it and pays, from the site's root."`
	Receipt   string      `json:"receipt,omitempty" doc:"PDF, once it is paid."`
}

// ShownLine is one amount of an order.
type ShownLine struct {
	Text     string `json:"text"`
	Amount   int64  `json:"amount"`
	Quantity int    `json:"quantity"`
	Source   string `json:"source,omitempty" doc:"The law that it rests on."`
}

// Show writes an order for other systems; named says that its reader may know who pays.
func (s *Service) Show(ctx context.Context, o Order, named bool) Shown {
	l := i18n.LangOf(ctx)
	unit, _ := s.Units.Now().Get(o.Unit)
	out := Shown{
		ID: o.ID, For: o.Source.Type, Code: o.Source.Code, Unit: o.Unit.String(), UnitName: unit.Name, State: o.State, Amount: o.Amount, Held: o.Held(), Due: o.Due(),
		Renews: o.Renews, Reference: o.Reference, OpenedAt: o.OpenedAt, ExpiresAt: orNil(o.ExpiresAt), PaidAt: orNil(o.PaidAt), Lines: make([]ShownLine, len(o.Lines)), Page: s.Link(o.ID),
	}
	if named {
		out.Payer = o.Payer
	}
	for i, x := range o.Lines {
		out.Lines[i] = ShownLine{x.Text.In(l), x.Amount, max(1, x.Quantity), x.Source}
	}
	if o.Settled() {
		out.Receipt = s.ReceiptLink(o.ID)
	}
	return out
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Start says how an order is paid by a way, from afar. Nothing is written: money counts when it is
// told. Conflict where the order asks for nothing, or the way is not open.
func (s *Service) Start(o Order, w Way) (p ToPay, err error) {
	if !o.Payable() {
		return p, errs.E(errs.Conflict, "payment.state."+string(o.State), errs.P("code", o.Reference))
	}
	p = s.ToPay(o)
	switch {
	case w == ByBank && p.QR != "":
		p.Gateway = ""
		return p, nil
	case w == ByGateway && p.Gateway != "":
		return ToPay{Gateway: p.Gateway}, nil
	}
	return ToPay{}, errs.E(errs.Conflict, "payment.wayClosed")
}

// MayName reports whether the reader may know who pays an order: they do, or work for its unit.
func (s *Service) MayName(ctx context.Context, o Order) bool {
	return auth.From(ctx).SignedIn() && s.Policies.May(ctx, actRead, s.resourceOf(o))
}
