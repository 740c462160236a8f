package payment

import (
	"time"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/register/orgunit"
)

// OrderID names an order.
type OrderID = id.Of[Order]

// Source is what an order is for: {"dossier", 7031…, "H26.16-…"}.
type Source struct {
	Type string
	ID   int64
	Code string
}

// Line is one amount of an order, with the law it rests on.
type Line struct {
	Text     decl.Label `json:"text"`
	Amount   int64      `json:"amount"` // of all of the quantity
	Quantity int        `json:"quantity"`
	Source   string     `json:"source"`
}

// Way is how money came, or went back.
type Way string

// The ways to pay.
const (
	ByBank    Way = "bank"    // a transfer, by VietQR or typed
	ByGateway Way = "gateway" // the redirect gateway
	ByCash    Way = "cash"    // at the counter
	ByCard    Way = "card"    // the terminal at the counter, recorded by the cashier
)

// Ways lists the ways.
func Ways() []Way { return []Way{ByBank, ByGateway, ByCash, ByCard} }

// holds is the account on which a way's money lies.
func (w Way) holds() Kind {
	switch w {
	case ByGateway:
		return Gateway
	case ByCard:
		return Card
	case ByCash:
		return CashBox
	}
	return Treasury
}

// State of an order.
type State string

// The states.
const (
	Open      State = "open"      // nothing came
	Partial   State = "partial"   // less than is owed came
	Paid      State = "paid"      // what is owed came
	Over      State = "over"      // more came
	Late      State = "late"      // money came for an order that does not stand any more
	Cancelled State = "cancelled" // does not stand any more, no money is held
	Expired   State = "expired"   // nobody paid in time
	Refunding State = "refunding" // somebody asked for money back; it is not out yet
	Refunded  State = "refunded"  // all of it went back
	Disputed  State = "disputed"  // the payer contests it
	Replaced  State = "replaced"  // another order asks for the same, by a new code
)

// States lists the states.
func States() []State {
	return []State{Open, Partial, Paid, Over, Late, Cancelled, Expired, Refunding, Refunded, Disputed, Replaced}
}

// Order is a demand for money. It changes only by Step.
type Order struct {
	ID        OrderID
	Source    Source
	Payer     string // name as shown
	Account   int64  // of the payer; 0 where they have none
	Unit      orgunit.UnitID
	Lines     []Line
	Amount    int64
	State     State
	Reference string // at most 25 characters of ASCII: in the transfer's purpose and the gateway
	OpenedAt  time.Time
	ExpiresAt time.Time // zero: never
	PaidAt    time.Time // when what is owed had come
	Version   int64

	Got     map[Way]int64 // what each way brought, less what went back by it
	Void    State         // why it does not stand: Cancelled, Expired, Refunded, Replaced; "" while it stands
	Renews  OrderID       // the order in whose place this one asks; 0: the first of its fee
	Refund  Refund        // being asked for
	Dispute string        // why it is contested; "" while nobody does
	Why     string        // of the cancellation
}

// Refund is money that somebody asked to give back.
type Refund struct {
	Amount   int64  `json:"amount,omitempty"`
	Reason   string `json:"reason,omitempty"`
	By       int64  `json:"by,omitempty"`
	ByName   string `json:"byName,omitempty"`
	Approved int64  `json:"approved,omitempty"` // account of the second person; 0 before
	Approver string `json:"approver,omitempty"`
}

// Held is the money that came and has not gone back.
func (o Order) Held() (sum int64) {
	for _, v := range o.Got {
		sum += v
	}
	return sum
}

// Counted is what of the money held pays the order.
func (o Order) Counted() int64 {
	if o.Void != "" {
		return 0
	}
	return min(o.Held()-o.approved(), o.Amount)
}

// Due is what is still owed.
func (o Order) Due() int64 {
	if o.Void != "" {
		return 0
	}
	return o.Amount - o.Counted()
}

// Settled reports whether what is owed has come, also while more or a dispute is looked at.
func (o Order) Settled() bool { return o.Void == "" && o.Counted() >= o.Amount }

// Payable reports whether the order still asks for money.
func (o Order) Payable() bool { return o.State == Open || o.State == Partial }

// Excess is what may go back without giving up the order.
func (o Order) Excess() int64 { return o.Held() - o.approved() - o.Counted() }

func (o Order) approved() int64 {
	if o.Refund.Approved == 0 {
		return 0
	}
	return o.Refund.Amount
}

// position is the order as the books see it.
func (o Order) position() position {
	p := position{}
	if o.ID == 0 {
		return p
	}
	for w, v := range o.Got {
		p[Account{o.Unit, w.holds()}] += v
	}
	p[Account{o.Unit, Refunds}] -= o.approved()
	p[Account{o.Unit, Suspense}] -= o.Excess()
	if o.Void == "" {
		p[Account{o.Unit, Receivable}] += o.Due()
		p[Account{o.Unit, Revenue}] -= o.Amount
	}
	return p
}

// settle computes the state from what is held, asked for and contested.
func (o *Order) settle(now time.Time) {
	held := o.Held() - o.approved()
	switch {
	case o.Refund.Amount > 0:
		o.State = Refunding
	case o.Dispute != "":
		o.State = Disputed
	case o.Void != "" && held > 0:
		o.State = Late
	case o.Void != "":
		o.State = o.Void
	case held > o.Amount:
		o.State = Over
	case held == o.Amount:
		o.State = Paid
	case held > 0:
		o.State = Partial
	default:
		o.State = Open
	}
	if o.PaidAt.IsZero() && o.Settled() {
		o.PaidAt = now
	}
}

// Event is what happens to an order: one of the types below.
type Event interface{ event() }

// The events. Who may cause them is asked before, of the policies.
type (
	// Received is money that came, once for each reference of the way.
	Received struct {
		Way    Way
		Amount int64
	}
	// Cancel takes the demand back.
	Cancel struct{ Why string }
	// Expire ends the demand where its time is over.
	Expire struct{}
	// AskRefund asks to give money back.
	AskRefund struct {
		Amount int64
		Reason string
		By     int64
		Name   string
	}
	// ApproveRefund is the second person's word.
	ApproveRefund struct {
		By   int64
		Name string
	}
	// DropRefund takes the wish back, or refuses it.
	DropRefund struct{}
	// PayRefund says that the money has gone.
	PayRefund struct{ Way Way }
	// Contest says that the payer disputes the payment.
	Contest struct{ Why string }
	// Resolve ends the dispute; money goes back by a refund, if it does.
	Resolve struct{}
	// Reinstate lets an order stand again whose money came too late.
	Reinstate struct{}
	// Replace gives the place of an order that does not stand to a new one (Renew).
	Replace struct{}
)

func (Received) event()      {}
func (Cancel) event()        {}
func (Expire) event()        {}
func (AskRefund) event()     {}
func (ApproveRefund) event() {}
func (DropRefund) event()    {}
func (PayRefund) event()     {}
func (Contest) event()       {}
func (Resolve) event()       {}
func (Reinstate) event()     {}
func (Replace) event()       {}

// Step is the state machine: the order after an event, and what the ledger books for it.
// Money is never refused: what came came, and waits in suspense where nothing asks for it.
// Conflict where the order is not in a state for the event; Invalid for an amount that will
// not do; Forbidden where one person would decide twice.
func Step(o Order, e Event, now time.Time) (Order, Txn, error) {
	before := o.position()
	got := make(map[Way]int64, len(o.Got)+1)
	for w, v := range o.Got {
		got[w] = v
	}
	o.Got = got
	not := errs.E(errs.Conflict, "payment.state."+string(o.State), errs.P("code", o.Reference))
	switch e := e.(type) {
	case Received:
		if e.Amount <= 0 || e.Amount > maxDong {
			return o, Txn{}, errs.E(errs.Invalid, "payment.amount", errs.P("max", int64(maxDong)))
		}
		o.Got[e.Way] += e.Amount
	case Cancel:
		if o.Void != "" || o.Refund.Amount > 0 || o.Dispute != "" {
			return o, Txn{}, not
		}
		o.Void, o.Why = Cancelled, e.Why
	case Expire:
		if !o.Payable() || o.ExpiresAt.IsZero() || now.Before(o.ExpiresAt) {
			return o, Txn{}, not
		}
		o.Void = Expired
	case AskRefund:
		if o.Refund.Amount > 0 {
			return o, Txn{}, not
		}
		// The excess goes back alone; what was counted goes back whole, and ends the order.
		if e.Amount <= 0 || e.Amount != o.Excess() && e.Amount != o.Held() {
			return o, Txn{}, errs.E(errs.Invalid, "payment.refund.amount", errs.P("excess", o.Excess(), "held", o.Held()))
		}
		o.Refund = Refund{Amount: e.Amount, Reason: e.Reason, By: e.By, ByName: e.Name}
	case ApproveRefund:
		switch {
		case o.Refund.Amount == 0 || o.Refund.Approved != 0:
			return o, Txn{}, not
		case o.Refund.By == e.By:
			return o, Txn{}, errs.E(errs.Forbidden, "payment.refund.second")
		case o.Refund.Amount > o.Held():
			return o, Txn{}, not
		}
		if o.Void == "" && o.Refund.Amount > o.Excess() {
			o.Void = Refunded
		}
		o.Refund.Approved, o.Refund.Approver = e.By, e.Name
	case DropRefund:
		if o.Refund.Amount == 0 || o.Refund.Approved != 0 {
			return o, Txn{}, not
		}
		o.Refund = Refund{}
	case PayRefund:
		if o.Refund.Approved == 0 {
			return o, Txn{}, not
		}
		o.Got[e.Way] -= o.Refund.Amount
		o.Refund, o.Dispute = Refund{}, ""
	case Contest:
		if o.Held() == 0 || o.Dispute != "" || e.Why == "" {
			return o, Txn{}, not
		}
		o.Dispute = e.Why
	case Resolve:
		if o.Dispute == "" || o.Refund.Amount > 0 {
			return o, Txn{}, not
		}
		o.Dispute = ""
	case Reinstate:
		if o.State != Late || o.Void == Refunded || o.Void == Replaced || o.Held() < o.Amount {
			return o, Txn{}, not
		}
		o.Void, o.Why = "", ""
	case Replace:
		if !o.Renewable() {
			return o, Txn{}, not
		}
		o.Void, o.Got = Replaced, nil
	}
	o.settle(now)
	t, err := between(before, o.position())
	return o, t, err
}

// open is the first step of an order.
func open(o Order, now time.Time) (Order, Txn, error) {
	sum := int64(0)
	for _, l := range o.Lines {
		if l.Amount <= 0 || l.Amount > maxDong {
			return o, Txn{}, errs.E(errs.Invalid, "payment.amount", errs.P("max", int64(maxDong)))
		}
		sum += l.Amount
	}
	if sum <= 0 || sum > maxDong || o.Amount != 0 && o.Amount != sum || o.Unit == 0 || o.ID == 0 {
		return o, Txn{}, errs.E(errs.Invalid, "payment.amount", errs.P("max", int64(maxDong)))
	}
	o.Amount, o.OpenedAt, o.Version, o.Got = sum, now, 1, nil
	o.settle(now)
	t, err := between(position{}, o.position())
	return o, t, err
}
