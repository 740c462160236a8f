package notify

import (
	"slices"

	"khue/internal/kernel/auth"
)

// Kind is what a notice is about: people choose their channels by kind.
type Kind string

// The kinds, a citizen's first.
const (
	Course   Kind = "course"   // how a dossier goes on
	Asked    Kind = "asked"    // something is asked of the reader, with a term
	Decision Kind = "decision" // result, refusal, a new date
	Work     Kind = "work"     // assigned, mentioned, consulted
	Order    Kind = "order"    // a superior's order with a term
	Warning  Kind = "warning"  // work of the reader's is near or past its date
	Digest   Kind = "digest"   // the morning's summary
	Security Kind = "security" // what happened to the account itself
)

// KindsFor lists what a person of a kind of account is told of.
func KindsFor(k auth.Kind) []Kind {
	if k == auth.KindOfficer {
		return []Kind{Work, Order, Warning, Digest, Security}
	}
	return []Kind{Course, Asked, Decision, Security}
}

// Required reports whether the law, or the duty of office, wants the notice told: its place
// in the inbox cannot be switched off.
func (k Kind) Required() bool {
	return slices.Contains([]Kind{Asked, Decision, Order, Warning, Security}, k)
}

// Everywhere reports whether a notice goes by every way there is: who took one of them over
// must not be the only one who reads it.
func (k Kind) Everywhere() bool { return k == Security }

// Channel is a way to a person.
type Channel string

// The channels.
const (
	Email Channel = "email"
	SMS   Channel = "sms"
	Push  Channel = "push"
)

// Choice is what a person wants of one kind.
type Choice struct {
	Ways  []Channel `json:"ways"` // of e-mail and SMS, in order: the first that can be used is
	Push  bool      `json:"push"`
	Inbox bool      `json:"inbox"`
}

// Default is the choice of who chose nothing.
func (k Kind) Default() Choice {
	switch k {
	case Work:
		return Choice{Push: true, Inbox: true}
	case Order, Warning:
		return Choice{Ways: []Channel{Email}, Push: true, Inbox: true}
	case Digest:
		return Choice{Ways: []Channel{Email}}
	default:
		return Choice{Ways: []Channel{Email, SMS}, Push: true, Inbox: true}
	}
}

// Orders are the orders of ways that may be chosen, by name.
func Orders() []string { return []string{"email-sms", "sms-email", "email", "sms", "none"} }

// WaysOf reads the name of an order; false for no such name.
func WaysOf(order string) ([]Channel, bool) {
	switch order {
	case "email-sms":
		return []Channel{Email, SMS}, true
	case "sms-email":
		return []Channel{SMS, Email}, true
	case "email":
		return []Channel{Email}, true
	case "sms":
		return []Channel{SMS}, true
	case "none":
		return nil, true
	}
	return nil, false
}

// OrderOf is the name of an order of ways.
func OrderOf(ways []Channel) string {
	for _, o := range Orders() {
		if w, _ := WaysOf(o); slices.Equal(w, ways) {
			return o
		}
	}
	return "none"
}
