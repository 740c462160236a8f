package auth

import (
	"context"
	"slices"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Delegation says to which program a token was given, and how far it reaches. The zero value
// is a token that acts as its account without a limit.
type Delegation struct {
	Client int64    // the program
	Scopes []string // what it may ask for
	Parent int64    // the browser session out of which it was given; the token ends with it. 0: it stays
	Permit int64    // what all tokens of one consent share
	Bound  string   // thumbprint of the key that comes with each request (RFC 9449); ""
}

// May reports whether a subject may ask for what needs a scope. Whoever speaks for themselves
// is not limited by scopes.
func (s Subject) May(scope string) bool {
	return s.Client == 0 || scope != "" && slices.Contains(s.Allowed, scope)
}

// IssueIn makes an access token for a client as part of the unit that gave it the right.
// Gone where the session out of which it is given has ended meanwhile.
func (s *Service) IssueIn(tx *db.Tx, account int64, label string, d Delegation, how []string, proved time.Time, life time.Duration) (token string, err error) {
	token, secret := newToken(SessionToken)
	x := Session{
		ID: s.gen.Next(), Account: account, Kind: SessionToken, Label: label, Methods: how, Proved: proved,
		Created: tx.Now(), Seen: tx.Now(), Expires: tx.Now().Add(life), Delegation: d,
	}
	if d.Parent == 0 {
		return token, insertSession(tx, x, secret)
	}
	return token, insertChild(tx, errs.E(errs.Gone, "auth.error.session"), x, secret)
}

// Delegated is Resolve for a token of a client, with the token's own terms.
func (s *Service) Delegated(ctx context.Context, token string) (Session, Subject, error) {
	e, err := s.lookup(ctx, token, false)
	if err != nil {
		return Session{}, Subject{}, err
	}
	if e.session.Client == 0 {
		return Session{}, Subject{}, errSession()
	}
	return e.session, e.subject, nil
}

// Alive reports whether a session of an account still lives.
func (s *Service) Alive(q db.Querier, account, session int64) (bool, error) {
	x, err := sessionByID(q, account, session)
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return err == nil && s.alive(x, q.Now()), err
}

// EndPermitIn ends all tokens of one consent.
func (s *Service) EndPermitIn(tx *db.Tx, account, permit int64) error {
	if err := deletePermit(tx, account, permit); err != nil {
		return err
	}
	return s.changed(tx, account)
}

// EndClientIn ends all tokens that a client holds; of one account, or of all where account is 0.
func (s *Service) EndClientIn(tx *db.Tx, client, account int64) error {
	accounts, err := accountsOfClient(tx, client, account)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if err := deleteClient(tx, client, a); err != nil {
			return err
		}
		if err := s.changed(tx, a); err != nil {
			return err
		}
	}
	return nil
}

// endAll ends every session and token of an account.
func (s *Service) endAll(tx *db.Tx, account int64) error {
	if s.cfg.Ended != nil {
		if err := s.cfg.Ended(tx, account, 0); err != nil {
			return err
		}
	}
	return deleteSessionsOf(tx, account)
}
