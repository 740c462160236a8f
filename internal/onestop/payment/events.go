package payment

import (
	"encoding/json"

	"khue/internal/kernel/journal"
)

// SubjectType of entries about orders.
const SubjectType = "payment"

// Kinds of entries.
const (
	KindOpened    = "payment.opened"
	KindPaid      = "payment.paid" // what is owed has come; also where more came
	KindPartial   = "payment.partial"
	KindOver      = "payment.over"
	KindLate      = "payment.late"
	KindCancelled = "payment.cancelled" // also where its time was over
	KindReplaced  = "payment.replaced"  // why: the reference of the order in its place
	KindDisputed  = "payment.disputed"
	KindResolved  = "payment.resolved"
	KindAsked     = "payment.refund.asked"
	KindApproved  = "payment.refund.approved"
	KindDropped   = "payment.refund.dropped"
	KindRefunded  = "payment.refunded"
	KindUnknown   = "payment.unknown" // subject: the notice
	KindShift     = "payment.shift"   // opened and closed
	KindImported  = "payment.imported"
)

// Happened is the payload of an entry about an order.
type Happened struct {
	Source int64  `json:"source"`
	Type   string `json:"type"`
	Code   string `json:"code"`
	State  State  `json:"state"`
	Amount int64  `json:"amount"`
	Held   int64  `json:"held"`
	Moved  int64  `json:"moved,omitempty"` // what came or went back by this event
	Way    Way    `json:"way,omitempty"`
	By     string `json:"by,omitempty"`
	Why    string `json:"why,omitempty"`
}

// ReadHappened reads a payload.
func ReadHappened(r journal.Record) (h Happened, err error) {
	err = json.Unmarshal(r.Payload, &h)
	return h, err
}

// kinds says what is told of a step.
func kinds(before, after Order, e Event) (out []string) {
	switch e.(type) {
	case Cancel, Expire:
		out = append(out, KindCancelled)
	case Replace:
		out = append(out, KindReplaced)
	case AskRefund:
		out = append(out, KindAsked)
	case ApproveRefund:
		out = append(out, KindApproved)
	case DropRefund:
		out = append(out, KindDropped)
	case PayRefund:
		out = append(out, KindRefunded)
	case Contest:
		out = append(out, KindDisputed)
	case Resolve:
		out = append(out, KindResolved)
	case Received:
		switch {
		case after.Void != "":
			out = append(out, KindLate)
		case !after.Settled():
			out = append(out, KindPartial)
		case after.Excess() > 0:
			out = append(out, KindOver)
		}
	}
	if after.Settled() && !before.Settled() {
		out = append(out, KindPaid)
	}
	return out
}
