package identity

import (
	"context"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Known is an officer with what a personnel system asks for.
type Known struct {
	Officer
	Active bool // signs in
	Posts  []Post
}

// Page reads officers by position from 0, and how many there are. For personnel systems.
func (s *Service) Page(ctx context.Context, offset, limit int) (out []Known, total int, err error) {
	defer errs.Op(&err, "identity.Page")
	if !s.Provisions(ctx, 0) {
		return nil, 0, errs.E(errs.Forbidden, "identity.notYours")
	}
	var list []Officer
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if total, err = countOfficers(v); err != nil || limit == 0 {
			return err
		}
		list, err = pageOfficers(v, offset, limit)
		return err
	})
	for _, o := range list {
		k, knownErr := s.known(ctx, o)
		if knownErr != nil {
			return nil, 0, knownErr
		}
		out = append(out, k)
	}
	return out, total, err
}

// ByLogin finds an officer by login. NotFound. For personnel systems.
func (s *Service) ByLogin(ctx context.Context, login string) (k Known, err error) {
	return s.knownBy(ctx, func(v *db.View) (Officer, error) { return officerByLogin(v, auth.NormLogin(login)) })
}

// ByAccount finds an officer by account. NotFound. For personnel systems.
func (s *Service) ByAccount(ctx context.Context, account int64) (k Known, err error) {
	return s.knownBy(ctx, func(v *db.View) (Officer, error) { return findOfficer(v, account) })
}

func (s *Service) knownBy(ctx context.Context, read func(*db.View) (Officer, error)) (k Known, err error) {
	if !s.Provisions(ctx, 0) {
		return k, errs.E(errs.Forbidden, "identity.notYours")
	}
	var o Officer
	if err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		o, err = read(v)
		return err
	}); err != nil {
		return k, err
	}
	return s.known(ctx, o)
}

func (s *Service) known(ctx context.Context, o Officer) (k Known, err error) {
	a, err := s.Auth.AccountByID(ctx, o.Account)
	if err != nil {
		return k, err
	}
	k = Known{Officer: o, Active: !a.Disabled}
	all, err := s.postsOf(ctx, o.Account)
	for _, p := range all {
		if p.For == "" && p.On(s.today()) {
			k.Posts = append(k.Posts, p)
		}
	}
	return k, err
}

// Contact writes how an officer is reached; what is empty stays. For personnel systems.
func (s *Service) Contact(ctx context.Context, account int64, email, phone string) (err error) {
	defer errs.Op(&err, "identity.Contact(%d)", account)
	if !s.Provisions(ctx, 0) {
		return errs.E(errs.Forbidden, "identity.notYours")
	}
	var f faults
	if email = tidy(email); email != "" && !emailShape.MatchString(email) {
		f.add("email", "email")
	}
	if phone = auth.NormLogin(phone); phone != "" && !auth.IsPhone(phone) {
		f.add("phone", "phone")
	}
	if err := f.err(); err != nil {
		return err
	}
	sub := auth.From(ctx)
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := updateContact(tx, account, email, phone); err != nil {
			return err
		}
		return s.append(tx, EventContact, SubjectOfficer, account, sub.Account, 0, Told{By: sub.Name})
	})
}
