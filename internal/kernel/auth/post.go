package auth

import (
	"context"
	"crypto/sha256"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// What follows is for a register of officers, whose decisions change accounts and grants in
// their own transaction.

// Occupant is somebody with one grant that they hold, held or will hold.
type Occupant struct {
	Account  int64
	Login    string
	Name     string
	Kind     Kind
	Disabled bool
	GrantPeriod
}

// CreateIn makes an account without a password as part of a unit of work. Its grants are
// given by GrantIn. Errors: Invalid with fields login and name; a login that is taken fails
// the unit with an error on which db.IsUnique is true.
func (s *Service) CreateIn(tx *db.Tx, n NewAccount) (int64, error) {
	a := Account{ID: s.gen.Next(), Login: NormLogin(n.Login), Name: n.Name, Kind: n.Kind, Level: n.Level, Created: tx.Now()}
	if err := checkAccount(a, "", n.Business); err != nil {
		return 0, err
	}
	return a.ID, insertAccount(tx, a)
}

// GrantIn is AddGrant as part of a unit of work.
func (s *Service) GrantIn(tx *db.Tx, account int64, g GrantPeriod) error {
	if err := upsertGrant(tx, account, g); err != nil {
		return err
	}
	return s.changed(tx, account)
}

// EndIn ends the grant of a role in a scope that begins on g.From: last is its last day. A
// grant that had not begun goes. Other grants of the role stay.
func (s *Service) EndIn(tx *db.Tx, account int64, g GrantPeriod, last clock.Date) error {
	if err := endGrant(tx, account, g, last); err != nil {
		return err
	}
	return s.changed(tx, account)
}

// GrantsIn lists all grants of an account, past and future too, as a unit of work sees them.
func (s *Service) GrantsIn(q db.Querier, account int64) ([]GrantPeriod, error) {
	return grantsOf(q, account, clock.Date{})
}

// AdmitIn admits a barred account again as part of a unit of work.
func (s *Service) AdmitIn(tx *db.Tx, account int64) error {
	if err := updateDisabled(tx, errs.E(errs.NotFound, "auth.error.no_account"), account, false); err != nil {
		return err
	}
	return s.changed(tx, account)
}

// changed tells every node to forget what it cached of an account.
func (s *Service) changed(tx *db.Tx, account int64) error {
	tx.AfterCommit(func() { s.cache.forget(account) })
	return insertChange(tx, s.gen.Next(), account)
}

// PostsIn lists who holds, held or will hold a role in one of the scopes, by scope and role.
func (s *Service) PostsIn(ctx context.Context, scopes ...string) (out []Occupant, err error) {
	defer errs.Op(&err, "auth.PostsIn")
	err = s.db.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = occupantsIn(v, scopes)
		return err
	})
	return out, err
}

// AccountByID returns an account; NotFound where there is none.
func (s *Service) AccountByID(ctx context.Context, id int64) (a Account, err error) {
	defer errs.Op(&err, "auth.AccountByID(%d)", id)
	err = s.db.View(ctx, func(_ context.Context, v *db.View) error {
		a, err = accountByID(v, id)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return a, errs.E(errs.NotFound, "auth.error.no_account", errs.Cause(err))
	}
	return a, err
}

// AccountIn is AccountByID as a unit of work or a view sees it.
func (s *Service) AccountIn(q db.Querier, id int64) (Account, error) { return accountByID(q, id) }

// AccountsOf lists the accounts of a kind by id, limit at a time.
func (s *Service) AccountsOf(ctx context.Context, kind Kind, after int64, limit int) (out []Account, err error) {
	defer errs.Op(&err, "auth.AccountsOf(%s)", kind)
	err = s.db.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = accountsOf(v, kind, after, limit)
		return err
	})
	return out, err
}

// PasswordMark changes with the account's password and tells nothing of it: what is sealed
// over the mark is worth nothing once another password was set.
func (a Account) PasswordMark() []byte {
	sum := sha256.Sum256([]byte("mark\x00" + a.password))
	return sum[:]
}
