package auth

import (
	"context"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// maxPeople is how many people one question about names or holders answers.
const maxPeople = 500

// Names are the names of accounts by id; who is not there is left out. Of more than 500 it
// reads the first.
func (s *Service) Names(ctx context.Context, ids []int64) (out map[int64]string, err error) {
	defer errs.Op(&err, "auth.Names(%d)", len(ids))
	out = make(map[int64]string, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	err = s.db.View(ctx, func(_ context.Context, v *db.View) error {
		list, err := namesOf(v, ids[:min(len(ids), maxPeople)])
		for _, h := range list {
			out[h.Account] = h.Name
		}
		return err
	})
	return out, err
}

// Holder is somebody who holds a role in a scope on a day.
type Holder struct {
	Account int64
	Name    string
	Role    string
	Scope   string
}

// HoldersIn lists the officers who hold a role in one of the scopes on a day and may sign in,
// by name; at most 500.
func (s *Service) HoldersIn(ctx context.Context, scopes []string, day clock.Date) (out []Holder, err error) {
	defer errs.Op(&err, "auth.HoldersIn(%d)", len(scopes))
	if len(scopes) == 0 {
		return nil, nil
	}
	err = s.db.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = holdersIn(v, scopes, day)
		return err
	})
	return out, err
}
