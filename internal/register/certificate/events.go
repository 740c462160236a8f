package certificate

import (
	"context"
	"encoding/json"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/journal"
)

// SubjectType is the journal subject of a card.
const SubjectType = "certificate"

// The entries; the payload is Told.
const (
	EventAsked   = "certificate.asked"
	EventIssued  = "certificate.issued"
	EventRefused = "certificate.refused"
	EventRevoked = "certificate.revoked"
)

// Told is what happened to a card.
type Told struct {
	Kind   Kind   `json:"kind"`
	Name   string `json:"name"`
	Serial string `json:"serial,omitempty"`
	Place  Place  `json:"place"`
	Basis  string `json:"basis,omitempty"`
	Reason Reason `json:"reason,omitempty"`
	Renews int64  `json:"renews,omitempty,string"`
	Look   string `json:"look,omitempty"` // SHA-256 of the image that was asked for with the card
}

func (s *Service) append(ctx context.Context, tx *db.Tx, kind string, c Card) error {
	payload, err := json.Marshal(Told{c.Kind, c.Name, c.Serial, c.Place, c.Basis, c.Reason, int64(c.Renews), printOf(c.look)})
	if err != nil {
		return err
	}
	_, err = s.d.Journal.Append(tx, journal.Entry{
		Kind: kind, Subject: journal.Subject{Type: SubjectType, ID: int64(c.ID)}, Actor: auth.From(ctx).Account, Unit: c.Unit, Payload: payload,
	})
	return err
}
