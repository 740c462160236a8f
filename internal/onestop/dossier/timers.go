package dossier

import (
	"context"

	"khue/internal/kernel/db"
	"khue/internal/kernel/jobs"
	"khue/internal/onestop/process"
)

// JobTimer fires a timer of a dossier: silence that agrees, a supplement that lapses, a
// wait that is over.
const JobTimer = "dossier.timer"

type timerArgs struct {
	Dossier ID  `json:"dossier"`
	Token   int `json:"token"` // or watch
}

// fire steps a dossier whose timer ran out. A token that moved on in the meantime
// makes it nothing.
func (s *Service) fire(ctx context.Context, t jobs.Task) error {
	var a timerArgs
	if err := t.Read(&a); err != nil {
		return err
	}
	_, err := s.advance(ctx, moved{
		id: a.Dossier, by: system(), kind: KindTimer, event: process.Event{Kind: process.Fire, Token: a.Token},
		also: func(tx *db.Tx, _ *change) error { return t.Done(tx) },
	})
	if late(err) {
		return nil
	}
	return err
}
