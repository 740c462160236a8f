package auth

import (
	"context"
	"slices"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Level is how sure the city is of who owns an account. The levels are ordered.
type Level uint8

// The levels. An account begins as registered.
const (
	Registered Level = iota // says who it is
	Verified                // seen with the card at a counter, or by the national identity
)

var levelNames = [...]string{"registered", "verified"}

// String is the level's name in the database, in packages and in acr values.
func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return levelNames[Registered]
}

// ParseLevel reads what String writes.
func ParseLevel(s string) (Level, bool) {
	i := slices.Index(levelNames[:], s)
	return Level(max(i, 0)), i >= 0 //nolint:gosec // the index is under two
}

// The ways in which the owner of an account is recognised, by their names in RFC 8176.
const (
	ByPassword = "pwd"
	ByCode     = "otp" // of a TOTP application, or sent once
	ByKey      = "hwk" // a passkey
	ByMany     = "mfa" // two of a kind that differs; added where it holds
	ByNational = "fed" // the national identity; ours, RFC 8176 has no name for it
)

// How says how somebody was recognised, and from where.
type How struct {
	Methods []string
	Network string
	Device  string
	Old     string        // token that the browser had before; it ends
	Idle    time.Duration // the session ends after so long unused; 0 is the house's own
}

// Open signs in an account whose owner another module has recognised. Forbidden where it is
// barred; NotFound where there is none.
func (s *Service) Open(ctx context.Context, account int64, h How) (token string, sub Subject, err error) {
	defer errs.Op(&err, "auth.Open(%d)", account)
	a, err := s.AccountByID(ctx, account)
	if err != nil {
		return "", sub, err
	}
	if a.Disabled {
		return "", sub, errs.E(errs.Forbidden, "auth.error.disabled")
	}
	return s.OpenAs(ctx, a, h)
}

// OpenAs is Open for an account at hand.
func (s *Service) OpenAs(ctx context.Context, a Account, h How) (token string, sub Subject, err error) {
	x := Session{Kind: SessionBrowser, Label: h.Device, Network: h.Network, Methods: h.Methods, Idle: h.Idle}
	if token, err = s.open(ctx, a, x, s.cfg.SessionMax, h.Old); err != nil {
		return "", sub, err
	}
	if len(h.Methods) > 0 {
		s.opened.Add(1, h.Methods[0])
	}
	sub, err = s.Resolve(ctx, token)
	return token, sub, err
}

// SetLevelIn says how sure the city is of an account's owner, as part of the unit in which it
// was found out. NotFound.
func (s *Service) SetLevelIn(tx *db.Tx, account int64, l Level) error {
	if err := updateLevel(tx, errs.E(errs.NotFound, "auth.error.no_account"), account, l); err != nil {
		return err
	}
	return s.changed(tx, account)
}

// ProvedIn notes that the owner of a session proved again, or further, who they are.
func (s *Service) ProvedIn(tx *db.Tx, account, session int64, methods []string) error {
	if err := updateProved(tx, account, session, methods, tx.Now()); err != nil {
		return err
	}
	return s.changed(tx, account)
}

// Fresh reports whether the subject's owner proved who they are within a time.
func (s Subject) Fresh(now time.Time, within time.Duration) bool {
	return !s.Proved.IsZero() && now.Sub(s.Proved) <= within
}

// FreshFor is how long a proof counts for what asks for a fresh one.
const FreshFor = 10 * time.Minute

// Proof is what a route asks of its subject beside the policy, in words that an auditor can
// read. The zero value asks nothing.
type Proof string

// The proofs.
const (
	NoProof Proof = ""
	// ProveAgain wants the owner to have proved who they are within ten minutes: by both
	// factors where the account has two.
	ProveAgain Proof = "proved again"
	// ProveTwo wants two factors, within the session.
	ProveTwo Proof = "two factors"
	// ProveTwoAgain wants two factors within ten minutes.
	ProveTwoAgain Proof = "two factors, proved again"
	// ProveToSign is ProveAgain within half an hour: who signs many papers is not asked for each.
	ProveToSign Proof = "proved again to sign"
)

// SignFor is how long a proof counts for acts that sign.
const SignFor = 30 * time.Minute

// Met reports whether the subject's session has the proof.
func (p Proof) Met(s Subject, now time.Time) bool {
	two := slices.Contains(s.Methods, ByMany)
	switch p {
	case NoProof:
		return true
	case ProveAgain:
		return s.Fresh(now, FreshFor) && (two || !s.Second)
	case ProveTwo:
		return two
	case ProveTwoAgain:
		return two && s.Fresh(now, FreshFor)
	case ProveToSign:
		return s.Fresh(now, SignFor) && (two || !s.Second)
	}
	return false
}
