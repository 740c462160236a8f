package auth

import (
	"context"
	"log/slog"
	"runtime"
	"time"

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
	return c
}

// Service keeps accounts, grants and sessions, and tells who stands behind a token.
type Service struct {
	db      *db.DB
	gen     *id.Gen
	clk     clock.Clock
	log     *slog.Logger
	cfg     Config
	hashing chan struct{} // as many places as passwords may be checked at once
	cache   *cache
	limits  *limits
	changes *changes
}

// New returns the service. Run must run beside it, or revocations on other nodes are
// seen only after a minute.
func New(d *db.DB, gen *id.Gen, clk clock.Clock, log *slog.Logger, cfg Config) *Service {
	cfg = cfg.withDefaults()
	return &Service{
		db: d, gen: gen, clk: clk, log: log, cfg: cfg,
		hashing: make(chan struct{}, cfg.Hashes), cache: newCache(), limits: newLimits(), changes: newChanges(),
	}
}

// Credentials are what somebody types to sign in, and where from.
type Credentials struct {
	Login, Password string
	Network         string // of the device, see web.Network; counts failures and is shown to the owner
	Device          string // how the owner recognises it: "Firefox, Android"
	Old             string // token that the browser had before; it ends
}

// SignIn checks a password and opens a session. It returns the token, which is shown only
// here, and who it is. Errors: Unauthenticated where login and password do not fit, without
// saying which; RateLimited after too many failures, with the parameter after (a
// time.Duration); Unavailable while too many sign in.
func (s *Service) SignIn(ctx context.Context, c Credentials) (token string, sub Subject, err error) {
	defer errs.Op(&err, "auth.SignIn")
	login := NormLogin(c.Login)
	var a Account
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
		return "", Subject{}, err
	}
	if a.Login == "" {
		a.Login = login // counted too, or the answer would tell that there is no such account
	}
	fits, err := s.tryPassword(ctx, a, c.Password, c.Network, known)
	if err != nil {
		return "", Subject{}, err
	}
	if !fits {
		return "", Subject{}, errs.E(errs.Unauthenticated, "auth.error.credentials")
	}
	token, err = s.open(ctx, a, Session{Kind: SessionBrowser, Label: c.Device, Network: c.Network, Methods: []string{ByPassword}}, s.cfg.SessionMax, c.Old)
	if err != nil {
		return "", Subject{}, err
	}
	sub, err = s.Resolve(ctx, token)
	return token, sub, err
}

// tryPassword checks a password under the limits. known says that the account has a
// session from this network. It is RateLimited after too many failures.
func (s *Service) tryPassword(ctx context.Context, a Account, password, network string, known bool) (bool, error) {
	now := s.clk.Now()
	if wait := s.limits.wait(now, a.Login, network, known); wait > 0 {
		return false, errs.E(errs.RateLimited, "auth.error.too_many", errs.P("after", wait, "n", minutes(wait)))
	}
	fits, err := s.verify(ctx, password, a.password)
	if err != nil {
		return false, err
	}
	if !fits || a.Disabled {
		s.limits.failed(now, a.Login, network)
		return false, nil
	}
	s.limits.succeeded(a.Login, network)
	return true, nil
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

func (s *Service) alive(x Session, now time.Time) bool {
	return now.Before(x.Expires) && (x.Kind == SessionToken || now.Sub(x.Seen) < s.cfg.SessionIdle)
}

func minutes(d time.Duration) int { return int((d + time.Minute - 1) / time.Minute) }
