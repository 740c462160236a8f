package dossier

import (
	"context"
	"crypto/sha256"
	"encoding/json"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/once"
	"khue/internal/onestop/process"
)

// KindMessage is the journal kind of a message that a dossier waited for.
const KindMessage = "dossier.message"

// Message is word from elsewhere that a process waits for: the file of another province, a
// council's decision. Corr tells apart waits for the same name.
type Message struct {
	Name string        `json:"name"`
	Corr string        `json:"corr,omitempty"`
	Data []process.Var `json:"data,omitempty"`
}

// Receive gives a message to a dossier that waits for it. The program itself may, and
// whoever may correct the dossier. Errors: Forbidden, NotFound, Conflict where nothing
// waits for it. The same key again changes nothing.
func (s *Service) Receive(ctx context.Context, code string, m Message, key string) (out Outcome, err error) {
	defer errs.Op(&err, "dossier.Receive(%s)", m.Name)
	sub := auth.From(ctx)
	body, err := json.Marshal([]any{NormalCode(code), m})
	if err != nil {
		return out, err
	}
	hash := sha256.Sum256(body)
	var d Dossier
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		d, err = findByCode(v, NormalCode(code))
		return err
	})
	switch {
	case err != nil:
		return out, err
	case sub.Kind != auth.KindSystem && !s.maySee(ctx, sub, d):
		return out, errs.E(errs.NotFound, "dossier.notFound")
	}
	if err := s.Policies.Can(ctx, actMessage, at(d, d.Competent)); err != nil {
		return out, err
	}
	ch, err := s.advance(ctx, moved{
		id: d.ID, by: sub, kind: KindMessage, event: process.Event{Kind: process.Message, Name: m.Name, Key: m.Corr, Data: m.Data},
		tell: func(_ Dossier, h *Happening) { h.By, h.Action = sub.Name, m.Name },
		also: func(tx *db.Tx, _ *change) error { return once.Record(tx, sub.Account, key, hash[:], int64(d.ID)) },
	})
	if err != nil {
		if first, again, onceErr := s.replay(ctx, sub.Account, key, hash[:]); onceErr != nil || again {
			return Outcome{Dossier: first.ID, Code: first.Code, State: first.State, DueAt: first.DueAt}, onceErr
		}
		return out, err
	}
	return Outcome{Dossier: d.ID, Code: d.Code, State: ch.dossier.State, DueAt: ch.dossier.DueAt}, nil
}
