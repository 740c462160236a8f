package openid

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

const (
	deviceLife  = 10 * time.Minute
	deviceEvery = 5 * time.Second
	// letters of what somebody types: no vowels, so that no word comes of it, and none that
	// looks like another.
	deviceLetters = "BCDFGHJKLMNPQRSTVWXZ"
	deviceLength  = 8
)

// States of a device.
const (
	deviceWaiting = "waiting"
	deviceAllowed = "allowed"
	deviceRefused = "refused"
	deviceUsed    = "used"
)

// Device is one that waits for somebody.
type Device struct {
	ID      int64
	Code    string // BCDFGHJK
	Client  *Client
	Scopes  []string
	state   string
	terms   terms
	account int64
	session int64
	asked   time.Time
	expires time.Time
	client  int64
}

// Shown is the code as it stands on the device: BCDF-GHJK.
func (d Device) Shown() string { return d.Code[:deviceLength/2] + "-" + d.Code[deviceLength/2:] }

// NewDevice begins the sign-in of a device (RFC 8628). secret is the device code.
func (s *Service) NewDevice(ctx context.Context, c *Client, scopes []string) (d Device, secret string, err error) {
	if !c.Uses(GrantDevice) {
		return d, "", fault(Unauthorized, "This client is no device.")
	}
	if err := c.allows(scopes); err != nil {
		return d, "", err
	}
	var b [32]byte
	_, _ = rand.Read(b[:])
	secret = base64.RawURLEncoding.EncodeToString(b[:])
	code := make([]byte, 0, deviceLength)
	for len(code) < deviceLength {
		var r [1]byte
		if _, _ = rand.Read(r[:]); int(r[0]) < 240 { // a multiple of the letters
			code = append(code, deviceLetters[int(r[0])%len(deviceLetters)])
		}
	}
	sum := sha256.Sum256([]byte(secret))
	d = Device{ID: s.Gen.Next(), Code: string(code), Client: c, client: c.ID, Scopes: scopes, state: deviceWaiting}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		d.expires = tx.Now().Add(deviceLife)
		return insertDevice(tx, d, sum[:])
	})
	return d, secret, err
}

// DeviceLife and DeviceEvery are what a device is told.
func DeviceLife() time.Duration { return deviceLife }

// DeviceEvery is how often it may ask.
func DeviceEvery() time.Duration { return deviceEvery }

// tries counts wrong codes by account, so that nobody guesses a stranger's device.
type tries struct {
	mu sync.Mutex
	n  map[int64]int
	at time.Time
}

const maxTries = 20 // in an hour, of 25 billion codes

func newTries() *tries { return &tries{n: map[int64]int{}} }

func (t *tries) wrong(account int64, now time.Time, add int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.at) > time.Hour {
		t.at, t.n = now, map[int64]int{}
	}
	t.n[account] += add
	return t.n[account] > maxTries
}

// FindDevice is the device that waits under what the subject of ctx typed. NotFound;
// RateLimited after too many that were none.
func (s *Service) FindDevice(ctx context.Context, typed string) (d Device, err error) {
	defer errs.Op(&err, "openid.FindDevice")
	account, now := auth.From(ctx).Account, s.Clock.Now()
	if s.tries.wrong(account, now, 0) {
		return d, errs.E(errs.RateLimited, "openid.error.device_tries", errs.P("after", time.Hour))
	}
	code := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		if strings.ContainsRune(deviceLetters, r) {
			return r
		}
		return -1
	}, typed)
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		d, err = deviceByCode(v, code)
		return err
	})
	if err == nil {
		var ok bool
		if d.Client, ok = s.ClientByID(d.client); ok && d.state == deviceWaiting && now.Before(d.expires) {
			return d, nil
		}
	} else if !errs.Is(err, errs.NotFound) {
		return d, err
	}
	s.tries.wrong(account, now, 1)
	return Device{}, errs.E(errs.NotFound, "openid.error.device", errs.WithFields(errs.Field{Path: "user_code", Key: "openid.error.device"}))
}

// AnswerDevice lets a device in as the subject of ctx, or refuses it. NotFound where it waits no
// longer.
func (s *Service) AnswerDevice(ctx context.Context, d Device, allow bool) (err error) {
	defer errs.Op(&err, "openid.AnswerDevice")
	sub := auth.From(ctx)
	d.state = deviceRefused
	if allow {
		d.state = deviceAllowed
		d.account, d.session = sub.Account, sub.Session
		d.terms = terms{Scopes: d.Scopes, Level: sub.Level, Methods: sub.Methods, Proved: sub.Proved.UnixMilli(), Session: sub.Session}
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := answerDevice(tx, errs.E(errs.NotFound, "openid.error.device"), d); err != nil {
			return err
		}
		if !allow {
			return nil
		}
		return s.append(ctx, tx, EventAllowed, d.client, Told{Client: d.Client.Code, Name: d.Client.Name, Scopes: d.Scopes})
	})
}

// DeviceTokens is what a device asks for until somebody has answered.
func (s *Service) DeviceTokens(ctx context.Context, c *Client, secret, bound string) (Tokens, error) {
	if !c.Uses(GrantDevice) {
		return Tokens{}, fault(Unauthorized, "This client is no device.")
	}
	if c.Bound && bound == "" {
		return Tokens{}, fault(InvalidProof, "This client's tokens are bound to a key: send a DPoP proof.")
	}
	sum := sha256.Sum256([]byte(secret))
	var d Device
	var early bool
	err := s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		if d, err = deviceBySecret(tx, sum[:]); err != nil {
			return err
		}
		early = d.state == deviceWaiting && tx.Now().Sub(d.asked) < deviceEvery
		if d.state == deviceAllowed {
			return useDevice(tx, errs.E(errs.NotFound, ""), d.ID)
		}
		return askDevice(tx, d.ID, tx.Now())
	})
	switch {
	case errs.Is(err, errs.NotFound) || err == nil && (d.client != c.ID || d.state == deviceUsed):
		return Tokens{}, fault(InvalidGrant, "No device of this client waits under that device_code.")
	case err != nil:
		return Tokens{}, err
	case !s.Clock.Now().Before(d.expires):
		return Tokens{}, fault(ExpiredToken, "Nobody answered in time; begin again.")
	case d.state == deviceRefused:
		return Tokens{}, fault(AccessDenied, "The person refused.")
	case early:
		return Tokens{}, fault(SlowDown, "Ask less often.")
	case d.state == deviceWaiting:
		return Tokens{}, fault(AuthorizationPending, "Nobody has answered yet.")
	}
	d.terms.Bound = bound
	// The device is another machine than the browser that let it in: it stays when that one
	// signs out, where it may.
	p := permit{ID: d.ID, Client: c.ID, Account: d.account, Session: d.session, Terms: d.terms}
	if slices.Contains(d.terms.Scopes, ScopeOffline) && !c.Uses(GrantRefresh) {
		p.Terms.Scopes = slices.DeleteFunc(slices.Clone(d.terms.Scopes), func(x string) bool { return x == ScopeOffline })
	}
	t, err := s.grant(ctx, c, &p)
	if errs.Is(err, errs.Gone) {
		return Tokens{}, fault(InvalidGrant, "The person has signed out meanwhile.")
	}
	return t, err
}
