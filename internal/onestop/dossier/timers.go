package dossier

import (
	"context"
	"errors"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/jobs"
	"khue/internal/onestop/process"
)

// JobTimer fires the timer of a token: silence that agrees, a supplement that lapses.
const JobTimer = "dossier.timer"

type timerArgs struct {
	Dossier ID  `json:"dossier"`
	Token   int `json:"token"`
}

// fire steps a dossier whose timer ran out. A token that moved on in the meantime
// makes it nothing.
func (s *Service) fire(ctx context.Context, t jobs.Task) error {
	var a timerArgs
	if err := t.Read(&a); err != nil {
		return err
	}
	var err error
	for range maxRestep {
		if err = s.fireOnce(ctx, t, a); !errors.Is(err, errMoved) && !errors.Is(err, errTaken) {
			break
		}
	}
	return err
}

func (s *Service) fireOnce(ctx context.Context, t jobs.Task, a timerArgs) (err error) {
	var (
		d    Dossier
		c    Content
		rows []Task
	)
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if d, err = findByID(v, a.Dossier); err != nil {
			return err
		}
		if rows, err = tasksOf(v, d.ID); err != nil {
			return err
		}
		c, err = findContent(v, d.ID)
		return err
	})
	if err != nil {
		return err
	}
	pkg, err := s.pkg(d)
	if err != nil {
		return err
	}
	now := nowAt{at: s.Clock.Now()}
	ch, err := s.step(d, pkg, process.Event{Kind: process.Fire, Token: a.Token}, now, c)
	if errs.Is(err, errs.Conflict) {
		return nil
	}
	if err != nil {
		return err
	}
	ch.tasks = rows
	system := auth.Subject{Kind: auth.KindSystem}
	entry, err := ch.entry(KindTimer, system, d.Receiving.String(), now, func(h *Happening) {
		if tok, ok := d.Instance.Token(a.Token); ok {
			h.Step = tok.Step
		}
	})
	if err != nil {
		return err
	}
	_, err = s.write(ctx, ch, system, now.at, func(tx *db.Tx) error { return t.Done(tx) }, entry)
	return err
}
