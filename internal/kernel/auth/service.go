package auth

import (
	"context"
	"log/slog"
	"runtime"
	"time"

	"khue/internal/kernel/auth/hasher"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
)

// Config is what an operator may set. The zero value works.
type Config struct {
	SessionIdle time.Duration // a session ends after so long without a request; 0 is 2 h
	SessionMax  time.Duration // and at the latest after so long; 0 is 12 h
	TokenMax    time.Duration // life of a program's token; 0 is 365 days
	Hashes      int           // passwords checked at once; 0 is half the processors, at least 1
	// Derive computes the key of a password; nil: here.
	Derive func(context.Context, hasher.Ask) ([]byte, error)
	// Ended is told of a session that ends before its time, within the unit that ends it; of all of
	// an account where session is 0.
	Ended func(tx *db.Tx, account, session int64) error
}

func (c Config) withDefaults() Config {
	set := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	set(&c.SessionIdle, 2*time.Hour)
	set(&c.SessionMax, 12*time.Hour)
	set(&c.TokenMax, 365*24*time.Hour)
	if c.Hashes <= 0 {
		c.Hashes = max(1, runtime.GOMAXPROCS(0)/2)
	}
	if c.Derive == nil {
		c.Derive = hasher.Here
	}
	return c
}

// Service keeps accounts, grants and sessions, and tells who stands behind a token.
type Service struct {
	db  *db.DB
	gen *id.Gen
	clk clock.Clock
	log *slog.Logger
	cfg Config
	// Passwords are checked a few at once; strangers and owners stand in lines of their own.
	strangers, owners *queue
	cache             *cache
	limits            *limits
	tallies           *tallies
	changes           *changes
}

// New returns the service. Run must run beside it, or revocations on other nodes are
// seen only after a minute.
func New(d *db.DB, gen *id.Gen, clk clock.Clock, log *slog.Logger, cfg Config) *Service {
	cfg = cfg.withDefaults()
	return &Service{
		db: d, gen: gen, clk: clk, log: log, cfg: cfg,
		strangers: newQueue(cfg.Hashes), owners: newQueue(1), cache: newCache(), limits: newLimits(), tallies: newTallies(), changes: newChanges(),
	}
}

// Credentials are what somebody types to sign in, and where from.
type Credentials struct {
	Login, Password string
	Network         string // of the device, see web.Network; counts failures and is shown to the owner
	Device          string // how the owner recognises it: "Firefox, Android"
	Old             string // token that the browser had before; it ends
	Idle            time.Duration
	// Known names a browser from which the owner came in before. It is counted by itself, so that
	// no stranger's tries bar it, whatever network they share.
	Known string
}

// SignIn checks a password and opens a session. It returns the token, which is shown only
// here, and who it is. Errors: Unauthenticated where login and password do not fit, without
// saying which; Forbidden auth.error.second where the account wants a second factor too;
// RateLimited after too many failures, with the parameter after (a time.Duration);
// Unavailable while too many sign in.
func (s *Service) SignIn(ctx context.Context, c Credentials) (token string, sub Subject, err error) {
	defer errs.Op(&err, "auth.SignIn")
	a, err := s.Recognise(ctx, c)
	if err != nil {
		return "", Subject{}, err
	}
	if a.Second {
		return "", Subject{}, errs.E(errs.Forbidden, "auth.error.second")
	}
	return s.OpenAs(ctx, a, c.how(ByPassword))
}

func (c Credentials) how(methods ...string) How {
	return How{Methods: methods, Network: c.Network, Device: c.Device, Old: c.Old, Idle: c.Idle}
}

// Recognise checks a password under the limits and opens nothing. Errors: as SignIn, and
// Forbidden auth.error.renew where the owner must choose another password first.
func (s *Service) Recognise(ctx context.Context, c Credentials) (a Account, err error) {
	defer errs.Op(&err, "auth.Recognise")
	if c.Known == "" && s.strangers.full() {
		return a, errBusy(nil) // before the database is asked
	}
	login := NormLogin(c.Login)
	var known bool
	err = s.db.View(ctx, func(_ context.Context, v *db.View) error {
		if a, err = accountByLogin(v, login); errs.Is(err, errs.NotFound) {
			return nil
		} else if err != nil {
			return err
		}
		known, err = knownNetwork(v, a.ID, c.Network)
		return err
	})
	if err != nil {
		return a, err
	}
	if a.Login == "" {
		a.Login = login // counted too, or the answer would tell that there is no such account
	}
	network := c.Network
	if c.Known != "" {
		network, known = "browser "+c.Known, true
	}
	fits, err := s.tryPassword(ctx, a, c.Password, network, known)
	switch {
	case err != nil:
		return a, err
	case !fits:
		return a, errs.E(errs.Unauthenticated, "auth.error.credentials")
	case a.Renew:
		return a, errs.E(errs.Forbidden, "auth.error.renew")
	}
	return a, nil
}

// tryPassword checks a password under the limits. known says that the account has a
// session from this network. It is RateLimited after too many failures.
func (s *Service) tryPassword(ctx context.Context, a Account, password, network string, known bool) (bool, error) {
	return s.guess(a.Login, network, known, loginFailures, func() (bool, error) {
		fits, err := s.verify(ctx, password, a.password, known)
		return fits && !a.Disabled, err
	})
}

// Guess runs a check of something short that could be guessed, a code, under the limits of
// sign-in, with fewer tries from everywhere. what keeps the counts of one thing apart from
// another's. RateLimited after too many failures.
func (s *Service) Guess(what, whose, network string, check func() (bool, error)) (bool, error) {
	return s.guess(what+"\x00"+whose, network, false, codeFailures, check)
}

func (s *Service) guess(key, network string, known bool, everywhere float64, check func() (bool, error)) (bool, error) {
	now := s.clk.Now()
	if wait := s.limits.wait(now, key, network, known, everywhere); wait > 0 {
		return false, errs.E(errs.RateLimited, "auth.error.too_many", errs.P("after", wait, "n", minutes(wait)))
	}
	fits, err := check()
	if err != nil {
		return false, err
	}
	if !fits {
		s.limits.failed(now, key, network, everywhere)
		return false, nil
	}
	s.limits.succeeded(key, network)
	return true, nil
}

// Often counts an act that a stranger could repeat at others' cost, such as a code by SMS,
// for whom it is and from which network. RateLimited when it is too often.
func (s *Service) Often(what, whose, network string) error {
	if wait := s.limits.often(s.clk.Now(), what, whose, network); wait > 0 {
		return errs.E(errs.RateLimited, "auth.error.too_often", errs.P("after", wait, "n", minutes(wait)))
	}
	return nil
}

// SignUp makes a citizen's account, whose login is the telephone number, and signs in. Who
// sends the form twice is signed in twice. Errors as CreateAccount and SignIn; RateLimited
// when a network makes too many accounts.
func (s *Service) SignUp(ctx context.Context, name string, c Credentials) (token string, sub Subject, err error) {
	defer errs.Op(&err, "auth.SignUp")
	if wait := s.limits.signUp(s.clk.Now(), c.Network); wait > 0 {
		return "", Subject{}, errs.E(errs.RateLimited, "auth.error.too_many_accounts", errs.P("after", wait, "n", minutes(wait)))
	}
	if c.Password == "" {
		c.Password = " " // too short, and said so beside the other faults
	}
	_, err = s.CreateAccount(ctx, NewAccount{Login: c.Login, Name: name, Kind: KindCitizen, Password: c.Password})
	if errs.Is(err, errs.Conflict) {
		if token, sub, signErr := s.SignIn(ctx, c); signErr == nil {
			return token, sub, nil
		}
	}
	if err != nil {
		return "", Subject{}, err
	}
	return s.SignIn(ctx, c)
}

// IssueToken makes a bearer token for a program that acts as an account. The token is
// shown only here. NotFound where there is no such account, Forbidden where it is disabled.
func (s *Service) IssueToken(ctx context.Context, account int64, label string) (token string, err error) {
	defer errs.Op(&err, "auth.IssueToken(%d)", account)
	var a Account
	if err := s.db.View(ctx, func(_ context.Context, v *db.View) error {
		a, err = accountByID(v, account)
		return err
	}); err != nil {
		return "", err
	}
	if a.Disabled {
		return "", errs.E(errs.Forbidden, "auth.error.disabled")
	}
	return s.open(ctx, a, Session{Kind: SessionToken, Label: label}, s.cfg.TokenMax, "")
}

// open writes a session and ends the one that the browser had, so that a token planted
// before signing in is worth nothing after.
func (s *Service) open(ctx context.Context, a Account, x Session, life time.Duration, old string) (string, error) {
	token, secret := newToken(x.Kind)
	x.ID, x.Account = s.gen.Next(), a.ID
	return token, s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.endByToken(tx, old); err != nil {
			return err
		}
		x.Created, x.Seen, x.Expires = tx.Now(), tx.Now(), tx.Now().Add(life)
		if x.Kind == SessionBrowser {
			x.Proved = x.Created
		}
		return insertSession(tx, x, secret)
	})
}

// SignOut ends the session or token. An unknown one is no error.
func (s *Service) SignOut(ctx context.Context, token string) (err error) {
	defer errs.Op(&err, "auth.SignOut")
	return s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return s.endByToken(tx, token) })
}

func (s *Service) endByToken(tx *db.Tx, token string) error {
	if token == "" {
		return nil
	}
	key := secretOf(token)
	x, err := sessionBySecret(tx, key[:])
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.end(tx, x.Account, x.ID)
}

func (s *Service) end(tx *db.Tx, account, session int64) error {
	if s.cfg.Ended != nil {
		if err := s.cfg.Ended(tx, account, session); err != nil {
			return err
		}
	}
	if err := deleteSession(tx, account, session); err != nil {
		return err
	}
	tx.AfterCommit(func() { s.cache.forget(account) })
	return insertChange(tx, s.gen.Next(), account)
}

// Sessions lists the live sessions and own tokens of an account, newest first. What other
// programs hold is listed by client elsewhere.
func (s *Service) Sessions(ctx context.Context, account int64) (out []Session, err error) {
	defer errs.Op(&err, "auth.Sessions(%d)", account)
	now := s.clk.Now()
	err = s.db.View(ctx, func(_ context.Context, v *db.View) error {
		all, err := sessionsOf(v, account)
		for _, x := range all {
			if x.Client == 0 && s.alive(x, now) {
				out = append(out, x)
			}
		}
		return err
	})
	return out, err
}

// SessionOf returns the id of the session behind a token, to mark "this device".
func (s *Service) SessionOf(ctx context.Context, token string) (int64, error) {
	e, err := s.lookup(ctx, token, true)
	if err != nil {
		return 0, err
	}
	return e.session.ID, nil
}

// EndSession ends one session of an account. One that is not the account's stays.
func (s *Service) EndSession(ctx context.Context, account, session int64) (err error) {
	defer errs.Op(&err, "auth.EndSession(%d, %d)", account, session)
	return s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return s.end(tx, account, session) })
}

// EndOthersIn ends the browser sessions of an account but one (0: all), as part of a unit.
// Tokens of programs stay.
func (s *Service) EndOthersIn(tx *db.Tx, account, keep int64) error {
	all, err := sessionsOf(tx, account)
	if err != nil {
		return err
	}
	for _, x := range all {
		if x.Kind == SessionBrowser && x.ID != keep {
			if err := s.end(tx, account, x.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// EndAllIn ends every session of an account and every token that was given for it.
func (s *Service) EndAllIn(tx *db.Tx, account int64) error {
	if err := s.endAll(tx, account); err != nil {
		return err
	}
	return s.changed(tx, account)
}

// EndSessionIn is EndSession as part of a unit.
func (s *Service) EndSessionIn(tx *db.Tx, account, session int64) error {
	return s.end(tx, account, session)
}

// SetSecondIn says whether the password alone signs in no more.
func (s *Service) SetSecondIn(tx *db.Tx, account int64, second bool) error {
	if err := updateSecond(tx, errs.E(errs.NotFound, "auth.error.no_account"), account, second); err != nil {
		return err
	}
	return s.changed(tx, account)
}

// RenewIn ends all sessions of an account and lets its password open nothing until another was chosen.
func (s *Service) RenewIn(tx *db.Tx, account int64) error {
	if err := updateRenew(tx, errs.E(errs.NotFound, "auth.error.no_account"), account); err != nil {
		return err
	}
	return s.EndOthersIn(tx, account, 0)
}

func (s *Service) alive(x Session, now time.Time) bool {
	return now.Before(x.Expires) && (x.Kind == SessionToken || now.Sub(x.Seen) < s.idle(x))
}

func minutes(d time.Duration) int { return int((d + time.Minute - 1) / time.Minute) }
