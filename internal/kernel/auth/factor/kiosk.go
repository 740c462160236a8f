package factor

import (
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"
	"sync"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Kiosk is a browser that stands in a public place.
type Kiosk struct {
	ID      int64
	Label   string
	State   string // waiting, on, off
	By      int64
	Unit    string // scope of the post that set it up; "": older than the column, the city's
	Created time.Time
	Expires time.Time // of the code, while it waits
}

const (
	kioskCodeLife = time.Hour
	kioskFresh    = 30 * time.Second // how late a node sees that a kiosk was taken away
)

//go:embed policies.cedar
var policies string

// Policies says who sets up and takes away kiosks.
func Policies() auth.Source { return auth.Source{Module: "kiosk", Text: policies} }

const (
	actKeep auth.Action = "kiosk.keep"
	actSee  auth.Action = "kiosk.see"
)

func (s *Service) kiosk(k Kiosk) auth.Resource {
	r := auth.Resource{Type: "Kiosk", ID: strconv.FormatInt(k.ID, 10), Units: []string{k.Unit}}
	if k.Unit == "" {
		r.Units[0] = s.Government()
	}
	return r
}

// keeps is the unit in whose name who acts sets up kiosks. Forbidden where there is none.
func (s *Service) keeps(ctx context.Context, sub auth.Subject) (string, error) {
	for _, g := range sub.Grants {
		if g.Scope != auth.Everywhere && s.Policies.May(ctx, actKeep, s.kiosk(Kiosk{Unit: g.Scope})) {
			return g.Scope, nil
		}
	}
	all := s.kiosk(Kiosk{})
	return all.Units[0], s.Policies.Can(ctx, actKeep, all)
}

// KeepsKiosks reports whether who acts may set one up.
func (s *Service) KeepsKiosks(ctx context.Context) bool {
	_, err := s.keeps(ctx, auth.From(ctx))
	return err == nil
}

// Keeps reports whether who acts may take a kiosk away.
func (s *Service) Keeps(ctx context.Context, k Kiosk) bool {
	return s.Policies.May(ctx, actKeep, s.kiosk(k))
}

// NewKiosk makes a kiosk of the unit of who acts, and the code by which its browser becomes one,
// within an hour. Forbidden to who keeps none; Invalid with the field label.
func (s *Service) NewKiosk(ctx context.Context, label string) (code string, err error) {
	defer errs.Op(&err, "factor.NewKiosk")
	sub, err := s.own(ctx)
	if err != nil {
		return "", err
	}
	if label = cleanLabel(label); label == "" {
		return "", errs.E(errs.Invalid, "auth.error.account", errs.WithFields(errs.Field{Path: "label", Key: "factor.label"}))
	}
	unit, err := s.keeps(ctx, sub)
	if err != nil {
		return "", err
	}
	code = randomCode(codeLength)
	k := Kiosk{ID: s.Gen.Next(), Label: label, By: sub.Account, Unit: unit}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		k.Expires = tx.Now().Add(kioskCodeLife)
		if err := insertKiosk(tx, k, s.k.mark("kiosk", code)); err != nil {
			return err
		}
		return s.note(tx, KindKiosk, sub.Account, sub.Account, Told{ID: k.ID, Label: label, Way: "new"})
	})
	return code[:5] + "-" + code[5:], err
}

// Kiosks lists those that stand or wait in the units of who acts.
func (s *Service) Kiosks(ctx context.Context) (out []Kiosk, err error) {
	defer errs.Op(&err, "factor.Kiosks")
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = kiosks(v)
		return err
	})
	return slices.DeleteFunc(out, func(k Kiosk) bool { return !s.Policies.May(ctx, actSee, s.kiosk(k)) }), err
}

// EndKiosk takes a kiosk away; its browser is like any other within half a minute. NotFound;
// Forbidden where another unit set it up.
func (s *Service) EndKiosk(ctx context.Context, v int64) (err error) {
	defer errs.Op(&err, "factor.EndKiosk")
	sub, err := s.own(ctx)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		k, err := kioskByID(tx, v)
		if errs.Is(err, errs.NotFound) {
			return gone("factor.no_kiosk")
		}
		if err != nil {
			return err
		}
		if err := s.Policies.Can(ctx, actKeep, s.kiosk(k)); err != nil {
			return err
		}
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
