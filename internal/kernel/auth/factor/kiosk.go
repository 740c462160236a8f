package factor

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"sync"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Kiosk is a browser that stands in a public place.
type Kiosk struct {
	ID      int64
	Label   string
	State   string // waiting, on, off
	By      int64
	Created time.Time
	Expires time.Time // of the code, while it waits
}

const (
	kioskCodeLife = time.Hour
	kioskFresh    = 30 * time.Second // how late a node sees that a kiosk was taken away
)

// NewKiosk makes a kiosk and the code by which its browser becomes one, within an hour.
func (s *Service) NewKiosk(ctx context.Context, label string) (code string, err error) {
	defer errs.Op(&err, "factor.NewKiosk")
	sub, err := s.own(ctx)
	if err != nil {
		return "", err
	}
	if label = cleanLabel(label); label == "" {
		return "", errs.E(errs.Invalid, "auth.error.account", errs.WithFields(errs.Field{Path: "label", Key: "factor.label"}))
	}
	code = randomCode(codeLength)
	k := Kiosk{ID: s.Gen.Next(), Label: label, By: sub.Account}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		k.Expires = tx.Now().Add(kioskCodeLife)
		if err := insertKiosk(tx, k, s.k.mark("kiosk", code)); err != nil {
			return err
		}
		return s.note(tx, KindKiosk, sub.Account, sub.Account, Told{ID: k.ID, Label: label, Way: "new"})
	})
	return code[:5] + "-" + code[5:], err
}

// Kiosks lists those that stand or wait.
func (s *Service) Kiosks(ctx context.Context) (out []Kiosk, err error) {
	defer errs.Op(&err, "factor.Kiosks")
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = kiosks(v)
		return err
	})
	return out, err
}

// EndKiosk takes a kiosk away; its browser is like any other within half a minute.
func (s *Service) EndKiosk(ctx context.Context, v int64) (err error) {
	defer errs.Op(&err, "factor.EndKiosk")
	sub, err := s.own(ctx)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := endKiosk(tx, v); err != nil {
			return err
		}
		return s.note(tx, KindKiosk, sub.Account, sub.Account, Told{ID: v, Way: "off"})
	})
}

// StartKiosk makes a browser a kiosk; the token goes into its cookie. Errors: Invalid with
// the field code; RateLimited.
func (s *Service) StartKiosk(ctx context.Context, code, network string) (token string, err error) {
	defer errs.Op(&err, "factor.StartKiosk")
	var k Kiosk
	ok, err := s.Auth.Guess("kiosk", network, network, func() (bool, error) {
		err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
			k, err = kioskByMark(v, s.k.mark("kiosk", plainCode(code)))
			return err
		})
		if errs.Is(err, errs.NotFound) {
			return false, nil
		}
		return err == nil && s.Clock.Now().Before(k.Expires), err
	})
	if err != nil {
		return "", err
	}
	if !ok {
		return "", wrongCode()
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := startKiosk(tx, k.ID, placeOf("on", k.ID)); err != nil {
			return err
		}
		return s.note(tx, KindKiosk, k.By, k.By, Told{ID: k.ID, Way: "on"})
	})
	id := binary.BigEndian.AppendUint64(nil, uint64(k.ID)) //nolint:gosec // bits only
	return base64.RawURLEncoding.EncodeToString(s.k.close("kiosk", id)), err
}

// kioskCache remembers which kiosks stand.
type kioskCache struct {
	mu sync.Mutex
	of map[int64]kioskAt
}

type kioskAt struct {
	on bool
	at time.Time
}

// IsKiosk reports whether a cookie is of a kiosk that stands.
func (s *Service) IsKiosk(ctx context.Context, token string) bool {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) > 100 {
		return false
	}
	plain, err := s.k.open("kiosk", b)
	if err != nil || len(plain) != 8 {
		return false
	}
	v, now := int64(binary.BigEndian.Uint64(plain)), s.Clock.Now() //nolint:gosec // bits only
	s.kiosks.mu.Lock()
	known, ok := s.kiosks.of[v]
	s.kiosks.mu.Unlock()
	if ok && now.Sub(known.at) < kioskFresh {
		return known.on
	}
	var k Kiosk
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) (err error) {
		k, err = kioskByID(q, v)
		return err
	})
	if err != nil && !errs.Is(err, errs.NotFound) {
		return true // when in doubt, forget
	}
	s.kiosks.mu.Lock()
	defer s.kiosks.mu.Unlock()
	s.kiosks.of[v] = kioskAt{k.State == "on", now}
	return k.State == "on"
}
