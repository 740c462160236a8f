package openid

import (
	"context"
	"encoding/json"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/journal"
)

// Subjects of journal entries.
const (
	SubjectClient = "openid.client"
	SubjectKey    = "openid.key"
	SubjectWish   = "openid.wish"
)

// Kinds of journal entries; the payload is Told as JSON. A sign-in through a client is none:
// the permit tells it as long as it matters.
const (
	EventAdded     = "openid.client.added"
	EventRotated   = "openid.client.rotated"
	EventRemoved   = "openid.client.removed"
	EventAllowed   = "openid.consent.given"
	EventWithdrawn = "openid.consent.withdrawn"
	EventReused    = "openid.token.reused"
	EventKey       = "openid.key.made"
	EventLinked    = "openid.link.made"
	EventAsked     = "openid.wish.asked"
	EventApproved  = "openid.wish.approved"
	EventRejected  = "openid.wish.rejected"
)

// Told is what happened.
type Told struct {
	Client string   `json:"client,omitempty"`
	Name   string   `json:"name,omitempty"`
	Owner  string   `json:"owner,omitempty"`
	Scopes []string `json:"scopes,omitempty"`
	Key    string   `json:"key,omitempty"`
	Issuer string   `json:"issuer,omitempty"`
	Kind   string   `json:"kind,omitempty"`
	Basis  string   `json:"basis,omitempty"`
}

func (s *Service) append(ctx context.Context, tx *db.Tx, kind string, of int64, t Told) error {
	payload, err := json.Marshal(t)
	if err != nil {
		return err
	}
	subject := SubjectClient
	switch kind {
	case EventKey:
		subject = SubjectKey
	case EventAsked, EventApproved, EventRejected:
		subject = SubjectWish
	}
	_, err = s.Journal.Append(tx, journal.Entry{
		Kind: kind, Subject: journal.Subject{Type: subject, ID: of}, Actor: auth.From(ctx).Account, Payload: payload,
	})
	return err
}
