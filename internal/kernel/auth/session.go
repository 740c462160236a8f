package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// The kinds of session.
const (
	SessionBrowser = "session" // ends when idle
	SessionToken   = "token"   // of a program
)

// Session is one sign-in that lives, or one token of a program.
type Session struct {
	ID      int64
	Account int64
	Kind    string // SessionBrowser or SessionToken
	Label   string // device or purpose, as the owner recognises it
	Network string
	Created time.Time
	Seen    time.Time // to the minute
	Expires time.Time
	Methods []string      // how the owner was recognised: ByPassword …
	Proved  time.Time     // when, last; zero for a program's token
	Idle    time.Duration // ends after so long without a request; 0 is the house's own
	Delegation
}

// tokenPrefix lets scanners for leaked secrets find ours.
const tokenPrefix = "khue_"

// newToken makes 256 random bits as text, and what is stored of them.
func newToken(kind string) (token string, secret []byte) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	token = tokenPrefix + kind[:1] + "_" + base64.RawURLEncoding.EncodeToString(b[:])
	sum := secretOf(token)
	return token, sum[:]
}

func secretOf(token string) [sha256.Size]byte { return sha256.Sum256([]byte(token)) }

// cached is a session with its subject, good until its time without asking the database.
type cached struct {
	session Session
	subject Subject
	until   time.Time    // ask the database again after this
	seen    atomic.Int64 // epoch ms of the last request
	stored  atomic.Int64 // what of seen is in the database
}

const (
	cacheLife  = time.Minute // also bounds how late the midnight of a grant is seen
	cacheLimit = 50_000      // sessions; about 30 MB
)

// cache holds sessions by the hash of their token.
type cache struct {
	mu        sync.RWMutex
	bySecret  map[[sha256.Size]byte]*cached
	forgotten int64 // counts what forget did, against a read that was under way meanwhile
}

func newCache() *cache { return &cache{bySecret: map[[sha256.Size]byte]*cached{}} }

func (c *cache) get(key [sha256.Size]byte) (*cached, int64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.bySecret[key], c.forgotten
}

// put keeps e unless something was forgotten since the read of e began.
func (c *cache) put(key [sha256.Size]byte, e *cached, began int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.forgotten != began {
		return
	}
	if len(c.bySecret) >= cacheLimit {
		clear(c.bySecret)
	}
	c.bySecret[key] = e
}

func (c *cache) forget(accounts ...int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgotten++
	for k, e := range c.bySecret {
		for _, a := range accounts {
			if e.session.Account == a {
				delete(c.bySecret, k)
			}
		}
	}
}

// unstored returns the sessions whose last sign of life is not in the database, and
// drops what went stale.
func (c *cache) unstored(now time.Time) []*cached {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []*cached
	for k, e := range c.bySecret {
		if e.session.Kind == SessionBrowser && e.seen.Load() > e.stored.Load() {
			out = append(out, e)
		} else if now.After(e.until) {
			delete(c.bySecret, k)
		}
	}
	return out
}

// Resolve returns who stands behind the token of a session or a program. It is
// Unauthenticated for a token that is unknown, expired, idle too long or revoked, also on
// another node up to a second ago. From memory it takes a few microseconds.
func (s *Service) Resolve(ctx context.Context, token string) (Subject, error) {
	e, err := s.lookup(ctx, token, true)
	if err != nil {
		return Subject{}, err
	}
	return e.subject, nil
}

// Peek is Resolve for what a page asks by itself: it is no sign of life, so that a page
// left open does not keep a session from ending.
func (s *Service) Peek(ctx context.Context, token string) (Subject, error) {
	e, err := s.lookup(ctx, token, false)
	if err != nil {
		return Subject{}, err
	}
	return e.subject, nil
}

func (s *Service) lookup(ctx context.Context, token string, alive bool) (*cached, error) {
	if !strings.HasPrefix(token, tokenPrefix) || len(token) > 100 {
		return nil, errSession()
	}
	key, now := secretOf(token), s.clk.Now()
	e, began := s.cache.get(key)
	if e == nil || now.After(e.until) {
		var err error
		if e, err = s.load(ctx, key, now, e); err != nil {
			return nil, err
		}
		s.cache.put(key, e, began)
	}
	if !now.Before(e.session.Expires) || e.session.Kind == SessionBrowser && now.UnixMilli()-e.seen.Load() >= s.idle(e.session).Milliseconds() {
		return nil, errSession()
	}
	if ms := now.UnixMilli(); alive && ms-e.seen.Load() > 1000 { // one write to shared memory a second is enough
		e.seen.Store(ms)
	}
	return e, nil
}

// load reads a session and its account; was is what memory knew of it, or nil.
func (s *Service) load(ctx context.Context, key [sha256.Size]byte, now time.Time, was *cached) (*cached, error) {
	e := &cached{until: now.Add(cacheLife)}
	err := s.db.View(ctx, func(_ context.Context, v *db.View) error {
		var err error
		if e.session, err = sessionBySecret(v, key[:]); err != nil {
			return err
		}
		a, err := accountByID(v, e.session.Account)
		if err != nil {
			return err
		}
		if a.Disabled {
			return errs.E(errs.NotFound, "auth.error.session")
		}
		held, err := grantsOf(v, a.ID, clock.DateOf(now))
		if err != nil {
			return err
		}
		e.subject = Subject{Account: a.ID, Name: a.Name, Login: a.Login, Kind: a.Kind, Grants: make([]Grant, len(held)),
			Level: a.Level, Session: e.session.ID, Methods: e.session.Methods, Proved: e.session.Proved, Second: a.Second,
			Client: e.session.Client, Allowed: e.session.Scopes, Bound: e.session.Bound}
		for i, g := range held {
			e.subject.Grants[i] = g.Grant
		}
		return nil
	})
	if errs.Is(err, errs.NotFound) {
		return nil, errSession()
	}
	if err != nil {
		return nil, err
	}
	seen := e.session.Seen.UnixMilli()
	e.stored.Store(seen)
	if was != nil {
		seen = max(seen, was.seen.Load()) // not written yet
	}
	e.seen.Store(seen)
	return e, nil
}

// idle is how long a session may rest.
func (s *Service) idle(x Session) time.Duration {
	if x.Idle > 0 {
		return x.Idle
	}
	return s.cfg.SessionIdle
}

func errSession() error { return errs.E(errs.Unauthenticated, "auth.error.session") }
