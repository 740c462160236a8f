package openid

import (
	"context"
	_ "embed"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/once"
)

//go:embed policies.cedar
var policies string

// Policies says who may do what with the register of programs.
func Policies() auth.Source { return auth.Source{Module: "openid", Text: policies} }

const (
	actPropose auth.Action = "openid.propose"
	actDecide  auth.Action = "openid.decide"
	actCollect auth.Action = "openid.collect"
)

// WishID names a wish.
type WishID = id.Of[Wish]

// WishKind is what is asked for about a program.
type WishKind string

// The kinds.
const (
	WishAdd    WishKind = "add"
	WishRotate WishKind = "rotate" // another secret; the old one holds for a week
	WishRemove WishKind = "remove"
)

// WishState is where a wish stands.
type WishState string

// The states. Collected is approved, with the secret shown.
const (
	WishProposed  WishState = "proposed"
	WishApproved  WishState = "approved"
	WishRejected  WishState = "rejected"
	WishCollected WishState = "collected"
)

// Wish is what one person asks for about a program and another decides. A secret is made when
// its proposer collects it, is shown there once, and known to nobody else.
type Wish struct {
	ID         WishID
	Kind       WishKind
	Code       string // client_id
	Client     Client // what is registered by WishAdd
	Basis      string // legal basis, or the reason
	State      WishState
	Proposer   int64
	ProposedBy string
	ProposedAt time.Time
	Decider    int64
	DecidedBy  string
	DecidedAt  time.Time
}

// Secret reports whether a secret waits to be collected.
func (w Wish) Secret() bool {
	return w.State == WishApproved && (w.Kind == WishRotate || w.Kind == WishAdd && w.Client.Auth == AuthBasic)
}

// rotateKeep is how long an old secret holds beside the new one.
const rotateKeep = 7 * 24 * time.Hour

func (s *Service) unit() auth.Resource {
	return auth.Resource{Type: "Unit", Units: []string{s.Government()}, Facts: []string{"government"}}
}

func (s *Service) wish(w Wish) auth.Resource {
	r := s.unit()
	r.Type, r.ID, r.State, r.Owners = "ClientWish", w.ID.String(), string(w.State), []int64{w.Proposer}
	return r
}

// Proposes reports whether the reader may ask for programs.
func (s *Service) Proposes(ctx context.Context) bool {
	return s.Policies.May(ctx, actPropose, s.unit())
}

// DecidesOn reports whether the reader may decide on a wish.
func (s *Service) DecidesOn(ctx context.Context, w Wish) bool {
	return w.State == WishProposed && s.Policies.May(ctx, actDecide, s.wish(w))
}

// Collects reports whether the secret of a wish waits for the reader.
func (s *Service) Collects(ctx context.Context, w Wish) bool {
	return w.Secret() && s.Policies.May(ctx, actCollect, s.wish(w))
}

// Ask proposes a change of the register of programs. Errors: Forbidden; Invalid with fields;
// NotFound; Conflict where the same is asked for already.
func (s *Service) Ask(ctx context.Context, w Wish, key string) (out Wish, err error) {
	defer errs.Op(&err, "openid.Ask")
	if err := s.Policies.Can(ctx, actPropose, s.unit()); err != nil {
		return w, err
	}
	w.Basis = i18n.NFC(strings.Join(strings.Fields(w.Basis), " "))
	var bad []errs.Field
	if n := utf8.RuneCountInString(w.Basis); n < 5 || n > 500 {
		bad = append(bad, errs.Field{Path: "basis", Key: "openid.wish.basis"})
	}
	switch w.Kind {
	case WishAdd:
		w.Code, w.Client.First = "", false // the city's own are added by its operators
		w.Client.Token, w.Client.Alg = TokenOpaque, "ES256"
		w.Client.Grants = []string{GrantCode}
		if slices.Contains(w.Client.Scopes, ScopeOffline) {
			w.Client.Grants = append(w.Client.Grants, GrantRefresh)
		}
		if len(w.Client.Redirects) > 0 {
			if u, err := url.Parse(w.Client.Redirects[0]); err == nil {
				w.Client.Sector = u.Hostname()
			}
		}
		if w.Client.Sector == "" {
			w.Client.Sector = i18n.Fold(w.Client.Owner)
		}
		if e, ok := errs.As(w.Client.Check()); ok {
			bad = append(bad, e.Fields...)
		}
	case WishRotate, WishRemove:
		c, ok := s.Client(w.Code)
		if !ok {
			return w, errs.E(errs.NotFound, "openid.error.no_client")
		}
		if w.Kind == WishRotate && c.Auth != AuthBasic {
			return w, errs.E(errs.Conflict, "openid.error.no_secret")
		}
		w.Client = *c
	default:
		return w, errs.E(errs.NotFound, "openid.wish.none")
	}
	if len(bad) > 0 {
		return w, errs.E(errs.Invalid, "openid.error.client", errs.WithFields(bad...))
	}
	sub := auth.From(ctx)
	w.ID, w.State, w.Proposer, w.ProposedBy = WishID(s.Gen.Next()), WishProposed, sub.Account, sub.Name
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash([]any{w.Kind, w.Code, w.Client, w.Basis}), func(ctx context.Context, tx *db.Tx) (int64, error) {
		w.ProposedAt = tx.Now()
		if err := insertWish(tx, w); err != nil {
			return 0, err
		}
		return int64(w.ID), s.append(ctx, tx, EventAsked, int64(w.ID), w.told())
	})
	if db.IsUnique(err) {
		return w, errs.E(errs.Conflict, "openid.wish.pending", errs.Cause(err))
	}
	return w, err
}

func (w Wish) told() Told {
	return Told{Client: w.Code, Name: w.Client.Name, Owner: w.Client.Owner, Scopes: w.Client.Scopes, Kind: string(w.Kind), Basis: w.Basis}
}

// DecideOn approves a wish, or rejects it; its proposer may take it back. What is approved is
// done at once, but for secrets. Errors: NotFound; Forbidden; Conflict where it was decided.
func (s *Service) DecideOn(ctx context.Context, v WishID, approve bool) (w Wish, err error) {
	defer errs.Op(&err, "openid.DecideOn(%s)", v)
	if w, err = s.find(ctx, v); err != nil {
		return w, err
	}
	sub := auth.From(ctx)
	if approve || w.Proposer != sub.Account {
		if err := s.Policies.Can(ctx, actDecide, s.wish(w)); err != nil {
			return w, err
		}
	}
	gone := errs.E(errs.Conflict, "openid.wish.decided")
	if w.State != WishProposed {
		return w, gone
	}
	w.Decider, w.DecidedBy, w.State = sub.Account, sub.Name, WishRejected
	kind := EventRejected
	if approve {
		w.State, kind = WishApproved, EventApproved
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		w.DecidedAt = tx.Now()
		if approve && w.Kind == WishAdd {
			if w.Client, err = s.addIn(ctx, tx, w.Client); err != nil {
				return err
			}
			w.Code = w.Client.Code
		}
		if approve && w.Kind == WishRemove {
			if err := s.removeIn(ctx, tx, w.Code); err != nil {
				return err
			}
		}
		if err := moveWish(tx, w, WishProposed, gone); err != nil {
			return err
		}
		return s.append(ctx, tx, kind, int64(w.ID), w.told())
	})
	if err != nil {
		return w, err
	}
	return w, s.Refresh(ctx)
}

// Collect makes the secret of an approved wish and shows it, once, to its proposer. Errors:
// NotFound; Forbidden; Conflict where it was collected.
func (s *Service) Collect(ctx context.Context, v WishID) (w Wish, text string, err error) {
	defer errs.Op(&err, "openid.Collect(%s)", v)
	if w, err = s.find(ctx, v); err != nil {
		return w, "", err
	}
	if err := s.Policies.Can(ctx, actCollect, s.wish(w)); err != nil {
		return w, "", err
	}
	gone := errs.E(errs.Conflict, "openid.wish.collected")
	if !w.Secret() {
		return w, "", gone
	}
	w.State = WishCollected
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := moveWish(tx, w, WishApproved, gone); err != nil {
			return err
		}
		text, err = s.rotateIn(ctx, tx, w.Code, rotateKeep)
		return err
	})
	if err != nil {
		return w, "", err
	}
	return w, text, s.Refresh(ctx)
}

func (s *Service) find(ctx context.Context, v WishID) (w Wish, err error) {
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		w, err = wishByID(q, v)
		return err
	})
	return w, err
}

const mostWishes = 50

// Wishes lists what was asked for lately, the latest first.
func (s *Service) Wishes(ctx context.Context) (out []Wish, err error) {
	defer errs.Op(&err, "openid.Wishes")
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		out, err = wishes(q, mostWishes)
		return err
	})
	return out, err
}
