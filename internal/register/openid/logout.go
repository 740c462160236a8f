package openid

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/jobs"
)

// gone names a session that ended, to the job that tells a client.
type gone struct {
	Client  int64 `json:"client"`
	Account int64 `json:"account"`
	Session int64 `json:"session"`
}

// SessionEnded lets the clients know that signed somebody in within a session; in any session of
// the account where session is 0. It is part of the unit that ends it.
func (s *Service) SessionEnded(tx *db.Tx, account, session int64) error {
	if session == 0 { // all of them: what would give new tokens ends too
		if err := endPermitsFor(tx, account); err != nil {
			return err
		}
	}
	list, err := loginsOf(tx, account, session)
	if err != nil || len(list) == 0 {
		return err
	}
	for _, l := range list {
		if err := s.Jobs.Enqueue(tx, jobs.Job{Kind: jobLogout, Args: l}); err != nil {
			return err
		}
	}
	return deleteLogins(tx, account, session)
}

// sendLogout tells one client (OpenID Connect Back-Channel Logout 1.0).
func (s *Service) sendLogout(ctx context.Context, t jobs.Task) error {
	var g gone
	if err := t.Read(&g); err != nil {
		return jobs.Permanent(err)
	}
	c, ok := s.ClientByID(g.Client)
	if !ok || c.LogoutURI == "" || s.Post == nil {
		return nil
	}
	now := s.Wire.Now()
	b, err := json.Marshal(map[string]any{
		"iss": s.Issuer(), "sub": s.SubjectOf(c, g.Account), "aud": c.Code, "sid": s.SessionOf(c, g.Session),
		"iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(), "jti": rand.Text(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": struct{}{}},
	})
	if err != nil {
		return jobs.Permanent(err)
	}
	token, err := s.sign(c.Alg, typLogout, b)
	if err != nil {
		return err
	}
	return s.Post(ctx, c.LogoutURI, "logout_token", token)
}

// Leaving is what a request to sign out comes to.
type Leaving struct {
	Client *Client // nil where none is named
	Back   string  // where the person goes afterwards; "" where nowhere that was registered
	State  string
	Sure   bool // the client knows this very session: nobody needs to be asked
}

// Leave reads a request to sign out (OpenID Connect RP-Initiated Logout 1.0).
func (s *Service) Leave(sub auth.Subject, hint, client, back, state string) (l Leaving, err error) {
	if hint != "" {
		h, ok := s.hint(hint)
		if !ok {
			return l, errs.E(errs.Invalid, "openid.error.hint")
		}
		aud, _ := h.Audience.(string)
		if l.Client, ok = s.Client(aud); !ok || client != "" && client != aud {
			return l, errs.E(errs.Invalid, "openid.error.hint")
		}
		l.Sure = sub.SignedIn() && h.Session != "" && h.Session == s.SessionOf(l.Client, sub.Session)
	} else if client != "" {
		var ok bool
		if l.Client, ok = s.Client(client); !ok {
			return l, errs.E(errs.Invalid, "openid.error.no_client")
		}
	}
	if back != "" {
		if l.Client == nil || !slices.Contains(l.Client.AfterLogout, back) {
			return l, errs.E(errs.Invalid, "openid.error.back")
		}
		l.Back, l.State = back, state
	}
	return l, nil
}
