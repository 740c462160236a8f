package auth

import (
	"context"
	"slices"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Holders lists the accounts, not disabled, that hold one of the roles within the scope
// itself on a day, by login. It reads in the caller's view or unit.
func (s *Service) Holders(q db.Querier, scope string, day clock.Date, roles ...string) ([]Account, error) {
	held, err := holders(q, scope, day)
	if err != nil {
		return nil, err
	}
	var out []Account
	for _, h := range held {
		if slices.Contains(roles, h.role) && !slices.ContainsFunc(out, func(a Account) bool { return a.ID == h.account.ID }) {
			out = append(out, h.account)
		}
	}
	return out, nil
}

// Known returns an account by its id; NotFound where there is none.
func (s *Service) Known(q db.Querier, id int64) (Account, error) { return accountByID(q, id) }

// OfficersAfter lists enabled officers by id, after one; with no more than limit.
func (s *Service) OfficersAfter(q db.Querier, after int64, limit int) ([]Account, error) {
	return officersAfter(q, after, limit)
}

// HeldOn lists the grants of an account in force on a day.
func (s *Service) HeldOn(q db.Querier, account int64, day clock.Date) ([]Grant, error) {
	list, err := grantsOf(q, account, day)
	out := make([]Grant, len(list))
	for i, g := range list {
		out[i] = g.Grant
	}
	return out, err
}

// PostHolder is somebody who holds a role in a scope.
type PostHolder struct {
	Account int64
	Name    string
	Login   string
	Grant
}

// Everybody lists who holds what on a day, by scope, role and login. Barred accounts are left
// out.
func (s *Service) Everybody(ctx context.Context, day clock.Date) (out []PostHolder, err error) {
	defer errs.Op(&err, "auth.Everybody(%s)", day)
	err = s.db.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = holdersOn(v, day)
		return err
	})
	return out, err
}
