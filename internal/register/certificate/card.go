package certificate

import (
	"crypto/x509"
	"time"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
)

// ID names a card.
type ID = id.Of[Card]

// Kind is whose a card is.
type Kind string

// The kinds.
const (
	Officer Kind = "officer" // of a person, for the account
	Seal    Kind = "seal"    // of a unit
)

// Place is where the key of a card lies.
type Place string

// The places.
const (
	InCity Place = "city" // made and kept by the city, sealed by its key file
	Own    Place = "own"  // the holder's: a token or another service; the request was signed with it
)

// State is what was decided about a card.
type State string

// The states. A card runs out by itself: Valid.
const (
	Asked   State = "asked"
	Issued  State = "issued"
	Refused State = "refused"
	Revoked State = "revoked"
)

// Reason is why a card was revoked (RFC 5280, 5.3.1).
type Reason string

// The reasons that people choose from.
const (
	Unspecified Reason = "unspecified"
	Compromise  Reason = "key_compromise"
	Moved       Reason = "affiliation_changed"
	Superseded  Reason = "superseded"
	Left        Reason = "cessation"
)

// Reasons lists them in the order of forms.
func Reasons() []Reason { return []Reason{Compromise, Moved, Left, Superseded, Unspecified} }

func (r Reason) code() int {
	return map[Reason]int{Compromise: 1, Moved: 3, Superseded: 4, Left: 5}[r]
}

// Card is a digital identity card or the seal of a unit, from the request on. It changes only
// from asked to issued or refused, and from issued to revoked.
type Card struct {
	ID         ID
	Kind       Kind
	Account    int64  // of an officer; 0 of a seal
	Unit       string // scope of the unit: "unit:…"
	Name       string // as the certificate says
	Title      string // post, or name of the unit
	Place      Place
	Ref        string // of a key elsewhere: which one
	Renews     ID
	Basis      string
	State      State
	Proposer   int64
	ProposedBy string
	ProposedAt time.Time
	Decider    int64
	DecidedBy  string
	DecidedAt  time.Time
	Serial     string // hexadecimal; "" before it is issued
	Der        []byte
	From       time.Time
	Until      time.Time
	RevokedAt  time.Time
	RevokedBy  string
	Reason     Reason
	Looks      bool   // has an image to show on paper; only of a list
	request    []byte // CSR (PKCS #10) of a key elsewhere
	sealed     []byte // key in the city
	look       []byte // PNG, of a new request
}

// Valid reports whether a card may sign now.
func (c Card) Valid(now time.Time) bool {
	return c.State == Issued && !now.Before(c.From) && now.Before(c.Until)
}

// Certificate is what was issued. Conflict where nothing was.
func (c Card) Certificate() (*x509.Certificate, error) {
	if len(c.Der) == 0 {
		return nil, errs.E(errs.Conflict, "certificate.error.notIssued")
	}
	return x509.ParseCertificate(c.Der)
}
