package auth

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Account is one who can sign in, or act through a token. Login is unique; a citizen's is a
// telephone number. Accounts are disabled, never deleted: entries of the journal name them.
type Account struct {
	ID       int64
	Login    string
	Name     string
	Kind     Kind
	Disabled bool
	Created  time.Time
	Level    Level
	Second   bool // the password alone signs nobody in
	Renew    bool // another password must be chosen first

	password string
}

// NewAccount is what CreateAccount needs.
type NewAccount struct {
	Login    string
	Name     string
	Kind     Kind
	Password string // checked against length and the list of common ones; "" means no sign-in by password
	Hash     string // instead of Password: from Service.HashPassword, for many accounts at once
	Grants   []GrantPeriod
	Level    Level
}

// GrantPeriod is a grant with its days, both included; a zero day is open.
type GrantPeriod struct {
	Grant
	From, Until clock.Date
}

// On reports whether the grant is in force on a day.
func (g GrantPeriod) On(day clock.Date) bool {
	return (g.From.IsZero() || !day.Before(g.From)) && (g.Until.IsZero() || !day.After(g.Until))
}

// NormLogin is the form in which logins are compared: lower case without spaces and, for
// a telephone number, digits only with a leading 0.
func NormLogin(login string) string {
	login = strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, login))
	digits := strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '(' || r == ')' {
			return -1
		}
		return r
	}, login)
	if rest, ok := strings.CutPrefix(digits, "+84"); ok {
		digits = "0" + rest
	}
	if IsPhone(digits) {
		return digits
	}
	return login
}

// IsPhone reports whether s is a Vietnamese telephone number: 0 and nine or ten digits.
func IsPhone(s string) bool {
	return (len(s) == 10 || len(s) == 11) && s[0] == '0' && s[1] != '0' &&
		strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// CreateAccount makes an account with its grants. It fails with Invalid (fields login, name,
// password) and with Conflict where the login is taken.
func (s *Service) CreateAccount(ctx context.Context, n NewAccount) (id int64, err error) {
	defer errs.Op(&err, "auth.CreateAccount")
	a := Account{ID: s.gen.Next(), Login: NormLogin(n.Login), Name: strings.TrimSpace(n.Name), Kind: n.Kind, Level: n.Level, password: n.Hash}
	if err := checkAccount(a, n.Password); err != nil {
		return 0, err
	}
	if n.Password != "" {
		if a.password, err = s.HashPassword(ctx, n.Password); err != nil {
			return 0, err
		}
	}
	err = s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		a.Created = tx.Now()
		if err := insertAccount(tx, a); err != nil {
			return err
		}
		for _, g := range n.Grants {
			if err := upsertGrant(tx, a.ID, g); err != nil {
				return err
			}
		}
		return nil
	})
	if db.IsUnique(err) {
		return 0, errs.E(errs.Conflict, "auth.error.login_taken", errs.Cause(err),
			errs.WithFields(errs.Field{Path: "login", Key: "auth.error.login_taken"}))
	}
	return a.ID, err
}

func checkAccount(a Account, password string) error {
	var bad []errs.Field
	if n := utf8.RuneCountInString(a.Name); n < 1 || n > 200 {
		bad = append(bad, errs.Field{Path: "name", Key: "auth.error.name"})
	}
	if n := utf8.RuneCountInString(a.Login); a.Kind == KindCitizen && !IsPhone(a.Login) {
		bad = append(bad, errs.Field{Path: "login", Key: "auth.error.phone"})
	} else if n < 3 || n > 100 {
		bad = append(bad, errs.Field{Path: "login", Key: "auth.error.login"})
	}
	if password != "" {
		if key := weakness(password, a.Login, a.Name, minFor(a.Kind)); key != "" {
			bad = append(bad, errs.Field{Path: "password", Key: key, Params: errs.Params{"min": minFor(a.Kind)}})
		}
	}
	if a.Kind == KindAnonymous {
		return errs.E(errs.Internal, "", errs.P("kind", a.Kind.String()))
	}
	if len(bad) > 0 {
		return errs.E(errs.Invalid, "auth.error.account", errs.WithFields(bad...))
	}
	return nil
}

// FindAccount returns the account with a login; NotFound where there is none.
func (s *Service) FindAccount(ctx context.Context, login string) (a Account, err error) {
	defer errs.Op(&err, "auth.FindAccount")
	err = s.db.View(ctx, func(_ context.Context, v *db.View) error {
		a, err = accountByLogin(v, NormLogin(login))
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return a, errs.E(errs.NotFound, "auth.error.no_account", errs.Cause(err))
	}
	return a, err
}

// AccountsIn lists the accounts that ever held a role in a scope, by login.
func (s *Service) AccountsIn(ctx context.Context, scope string) (out []Account, err error) {
	defer errs.Op(&err, "auth.AccountsIn(%s)", scope)
	err = s.db.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = accountsByScope(v, scope)
		return err
	})
	return out, err
}

// GrantsOf lists all grants of an account, past and future too.
func (s *Service) GrantsOf(ctx context.Context, account int64) (out []GrantPeriod, err error) {
	defer errs.Op(&err, "auth.GrantsOf(%d)", account)
	err = s.db.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = grantsOf(v, account, clock.Date{})
		return err
	})
	return out, err
}

// AddGrant gives an account a role within a scope, or changes the last day of the one
// that begins on the same day.
func (s *Service) AddGrant(ctx context.Context, account int64, g GrantPeriod) (err error) {
	defer errs.Op(&err, "auth.AddGrant(%d, %s)", account, g.Role)
	return s.change(ctx, account, func(tx *db.Tx) error { return upsertGrant(tx, account, g) })
}

// EndGrant takes a role in a scope away; last is the last day on which it holds.
func (s *Service) EndGrant(ctx context.Context, account int64, g Grant, last clock.Date) (err error) {
	defer errs.Op(&err, "auth.EndGrant(%d, %s)", account, g.Role)
	return s.change(ctx, account, func(tx *db.Tx) error { return endGrants(tx, account, g, last) })
}

// SetDisabled bars an account from everything, or admits it again. Its sessions and tokens
// end within a second on every node.
func (s *Service) SetDisabled(ctx context.Context, account int64, disabled bool) (err error) {
	defer errs.Op(&err, "auth.SetDisabled(%d)", account)
	return s.change(ctx, account, func(tx *db.Tx) error {
		if err := updateDisabled(tx, errs.E(errs.NotFound, "auth.error.no_account"), account, disabled); err != nil || !disabled {
			return err
		}
		return s.endAll(tx, account)
	})
}

// ChangePassword is SetPassword by the owner, who types the old one. Wrong tries count as
// failed sign-ins do. Errors: Invalid with field old or password; RateLimited.
func (s *Service) ChangePassword(ctx context.Context, account int64, old, password, network string) (err error) {
	defer errs.Op(&err, "auth.ChangePassword(%d)", account)
	var a Account
	if err := s.db.View(ctx, func(_ context.Context, v *db.View) error {
		a, err = accountByID(v, account)
		return err
	}); err != nil {
		return err
	}
	fits, err := s.tryPassword(ctx, a, old, network, true)
	if err != nil {
		return err
	}
	if !fits {
		return errs.E(errs.Invalid, "auth.error.account", errs.WithFields(errs.Field{Path: "old", Key: "auth.error.old_password"}))
	}
	return s.SetPassword(ctx, account, password)
}

// SetPassword gives an account a new password and ends all its sessions and tokens.
func (s *Service) SetPassword(ctx context.Context, account int64, password string) (err error) {
	defer errs.Op(&err, "auth.SetPassword(%d)", account)
	var a Account
	if err := s.db.View(ctx, func(_ context.Context, v *db.View) error {
		a, err = accountByID(v, account)
		return err
	}); err != nil {
		return err
	}
	if err := s.CheckPassword(a, password); err != nil {
		return err
	}
	hash, err := s.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	return s.change(ctx, account, func(tx *db.Tx) error {
		return s.setPassword(tx, account, hash)
	})
}

// SetPasswordIn is SetPassword as part of a unit of work; hash is of HashPassword, and the
// caller asked Weakness.
func (s *Service) SetPasswordIn(tx *db.Tx, account int64, hash string) error {
	if err := s.setPassword(tx, account, hash); err != nil {
		return err
	}
	return s.changed(tx, account)
}

func (s *Service) setPassword(tx *db.Tx, account int64, hash string) error {
	if err := updatePassword(tx, errs.E(errs.NotFound, "auth.error.no_account"), account, hash); err != nil {
		return err
	}
	return s.endAll(tx, account)
}

// CheckPassword refuses a password that is too short, known, or holds what others know of
// the account: Invalid with the field password.
func (s *Service) CheckPassword(a Account, password string) error {
	if key := weakness(password, a.Login, a.Name, minFor(a.Kind)); key != "" {
		return weak(key, a.Kind)
	}
	return nil
}

func weak(key string, k Kind) error {
	return errs.E(errs.Invalid, "auth.error.account", errs.WithFields(errs.Field{Path: "password", Key: key, Params: errs.Params{"min": minFor(k)}}))
}

// change runs a unit that alters an account's rights and tells every node to forget what
// it cached of the account.
func (s *Service) change(ctx context.Context, account int64, fn func(tx *db.Tx) error) error {
	return s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return s.changed(tx, account)
	})
}
