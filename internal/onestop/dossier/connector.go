package dossier

import (
	"context"
	"errors"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/jobs"
	"khue/internal/onestop/process"
)

// JobConnector asks another system for a dossier that waits for it.
const JobConnector = "dossier.connector"

// Journal kinds of what other systems and children do to a dossier.
const (
	KindAnswered = "dossier.answered"
)

// connectorTries is how often a system that does not answer is asked, over about a day,
// before the unit is told.
const connectorTries = 10

// Connector asks one other system by the name that services use. It is called outside any
// transaction, and again with the same Call where the answer was lost: Call.Key tells.
// An errs.Invalid, NotFound, Forbidden or Gone is the system's refusal and final; its key
// is the code that the process may catch. Anything else is tried again.
type Connector interface {
	Name() string
	Ask(ctx context.Context, c Call) ([]process.Var, error)
}

// Call is one question of a dossier.
type Call struct {
	Dossier ID
	Code    string
	Key     string // the same for the same question
	In      []process.Var
}

type connectorArgs struct {
	Dossier ID            `json:"dossier"`
	Token   int           `json:"token"`
	Name    string        `json:"name"`
	In      []process.Var `json:"in,omitempty"`
}

func (s *Service) connector(name string) Connector {
	for _, c := range s.Connectors {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

// ask puts the question and gives the answer to the dossier.
func (s *Service) ask(ctx context.Context, t jobs.Task) error {
	var a connectorArgs
	if err := t.Read(&a); err != nil {
		return err
	}
	ev := process.Event{Kind: process.Answered, Token: a.Token}
	if c := s.connector(a.Name); c == nil {
		ev.Code = "unknownConnector"
	} else {
		out, err := c.Ask(ctx, Call{Dossier: a.Dossier, Key: t.ID.String(), In: a.In})
		switch {
		case err == nil:
			ev.Data = out
		case refusal(err):
			ev.Code = codeOf(err)
		case t.Attempt < connectorTries:
			return err
		default:
			ev.Code = "unreachable"
		}
	}
	_, err := s.advance(ctx, moved{
		id: a.Dossier, by: system(), kind: KindAnswered, event: ev,
		tell: func(_ Dossier, h *Happening) { h.By, h.Action = a.Name, ev.Code },
		also: func(tx *db.Tx, _ *change) error { return t.Done(tx) },
	})
	if late(err) {
		return nil
	}
	return err
}

func refusal(err error) bool {
	switch errs.KindOf(err) {
	case errs.Invalid, errs.NotFound, errs.Forbidden, errs.Gone:
		return true
	}
	return false
}

func codeOf(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Key
	}
	return "refused"
}
