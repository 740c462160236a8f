package openid

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Step is what an authorization request needs next.
type Step uint8

// The steps.
const (
	StepCode    Step = iota // give the code
	StepSignIn              // nobody is signed in
	StepAgain               // whoever is signed in proves once more, or further, who they are
	StepConsent             // the person is asked
	StepSecond              // the person lacks a second factor that the city demands
)

// Marks at acr values that two kinds of proof were given.
const andMany = "+mfa"

// ACR is how sure the city is of a person in a session, as a value of acr: registered, verified,
// and either with +mfa.
func ACR(level auth.Level, methods []string) string {
	if slices.Contains(methods, auth.ByMany) {
		return level.String() + andMany
	}
	return level.String()
}

// ACRs lists the values of acr, the weakest first.
func ACRs() []string {
	return []string{
		auth.Registered.String(), auth.Registered.String() + andMany, auth.Verified.String(), auth.Verified.String() + andMany,
	}
}

// reaches reports whether a session is at least what a value of acr asks.
func reaches(want string, level auth.Level, methods []string) bool {
	name, many := strings.CutSuffix(want, andMany)
	l, ok := auth.ParseLevel(name)
	return ok && level >= l && (!many || slices.Contains(methods, auth.ByMany))
}

// Decide says what a request needs of whoever stands before it. since is when the person was
// sent to sign in for this very request; zero where they were not.
func (s *Service) Decide(ctx context.Context, r Request, sub auth.Subject, since time.Time) (Step, error) {
	c, ok := s.Client(r.Client)
	if !ok {
		return 0, fault(InvalidClient, "No such client.")
	}
	quiet := slices.Contains(r.Prompts, "none")
	if !sub.SignedIn() || sub.Client != 0 || sub.Session == 0 || sub.Proved.IsZero() {
		if quiet {
			return 0, fault(LoginRequired, "Nobody is signed in.")
		}
		return StepSignIn, nil
	}
	if now := s.Clock.Now(); !s.Demand.Of(sub, now).Met(sub, now) {
		if quiet {
			return 0, fault(InteractionRequired, "The city demands a second factor of this person, who must set it up or show it.")
		}
		return StepSecond, nil
	}
	step, err := s.prove(c, r, sub, since)
	if err != nil {
		return 0, err
	}
	if step != StepCode {
		if quiet {
			return 0, fault(LoginRequired, "The person would have to sign in again.")
		}
		return step, nil
	}
	if c.First && !slices.Contains(r.Prompts, "consent") {
		return StepCode, nil
	}
	asked := !since.IsZero() // a consent given after that counts for prompt=consent
	has, given, err := s.Consent(ctx, sub.Account, c.ID)
	if err != nil {
		return 0, err
	}
	covered := given.After(time.Time{}) && !slices.ContainsFunc(r.Scopes, func(x string) bool { return !slices.Contains(has, x) })
	if covered && (!slices.Contains(r.Prompts, "consent") || asked && !given.Before(since)) {
		return StepCode, nil
	}
	if quiet {
		return 0, fault(ConsentRequired, "The person has not allowed this yet.")
	}
	return StepConsent, nil
}

// prove compares the session with what the request asks of it.
func (s *Service) prove(c *Client, r Request, sub auth.Subject, since time.Time) (Step, error) {
	again := !since.IsZero() && !sub.Proved.Before(since.Truncate(time.Millisecond))
	who := s.SubjectOf(c, sub.Account)
	if want := r.Claims.Subject; want != "" && want != who {
		if again {
			return 0, fault(LoginRequired, "Somebody else signed in than the client asked for.")
		}
		return StepAgain, nil
	}
	if r.Hint != "" {
		claims, ok := s.hint(r.Hint)
		if !ok {
			return 0, fault(InvalidRequest, "id_token_hint is not an ID token of this provider.")
		}
		if claims.Subject != who {
			if again {
				return 0, fault(LoginRequired, "Somebody else signed in than the client asked for.")
			}
			return StepAgain, nil
		}
	}
	if slices.Contains(r.Prompts, "login") && !again {
		return StepAgain, nil
	}
	if r.MaxAge != nil && !again && s.Clock.Now().Sub(sub.Proved) > time.Duration(*r.MaxAge)*time.Second {
		return StepAgain, nil
	}
	fits := func(list []string) bool {
		return len(list) == 0 || slices.ContainsFunc(list, func(w string) bool { return reaches(w, sub.Level, sub.Methods) })
	}
	if r.Claims.Must && !fits(r.Claims.ACR) {
		if again {
			return 0, fault(UnmetAuthentication, "The person could not be recognised as surely as the client asks.")
		}
		return StepAgain, nil
	}
	// What is only wished for is tried once; then the client sees in acr what it got.
	if !again && since.IsZero() && (!fits(r.Levels) || !fits(r.Claims.ACR)) {
		return StepAgain, nil
	}
	return StepCode, nil
}

// hinted is what is read of an ID token that comes back.
type hinted struct {
	Subject  string `json:"sub"`
	Audience any    `json:"aud"`
	Session  string `json:"sid"`
}

// hint opens an ID token of ours, however old, while its key is published.
func (s *Service) hint(text string) (h hinted, ok bool) {
	b, ok := s.verify(text, typID)
	if !ok {
		return h, false
	}
	return h, json.Unmarshal(b, &h) == nil
}

// Consent is what somebody allowed a client, and when; zero where nothing.
func (s *Service) Consent(ctx context.Context, account, client int64) (scopes []string, given time.Time, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		scopes, given, err = consent(v, account, client)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return nil, time.Time{}, nil
	}
	return scopes, given, err
}

// Allow keeps that the subject of ctx allows a client what it asked; added to what it had.
func (s *Service) Allow(ctx context.Context, code string, scopes []string) (err error) {
	defer errs.Op(&err, "openid.Allow")
	c, ok := s.Client(code)
	if !ok {
		return errs.E(errs.NotFound, "openid.error.no_client")
	}
	account := auth.From(ctx).Account
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		had, _, err := consent(tx, account, c.ID)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		all := slices.Compact(slices.Sorted(slices.Values(append(had, scopes...))))
		if err := upsertConsent(tx, account, c.ID, all, tx.Now()); err != nil {
			return err
		}
		return s.append(ctx, tx, EventAllowed, c.ID, Told{Client: c.Code, Name: c.Name, Scopes: scopes})
	})
}

// Allowed is one client that somebody let in.
type Allowed struct {
	Client *Client
	Scopes []string
	Given  time.Time
}

// AllowedBy lists the clients that an account let in, the latest first.
func (s *Service) AllowedBy(ctx context.Context, account int64) (out []Allowed, err error) {
	defer errs.Op(&err, "openid.AllowedBy")
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		rows, err := consentsOf(v, account)
		for _, r := range rows {
			if c, ok := s.ClientByID(r.client); ok {
				out = append(out, Allowed{c, r.scopes, r.given})
			}
		}
		return err
	})
	return out, err
}

// Withdraw takes back what the subject of ctx allowed a client. Its tokens end within a second.
func (s *Service) Withdraw(ctx context.Context, code string) (err error) {
	defer errs.Op(&err, "openid.Withdraw")
	c, ok := s.Client(code)
	if !ok {
		return errs.E(errs.NotFound, "openid.error.no_client")
	}
	account := auth.From(ctx).Account
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := deleteConsent(tx, account, c.ID); err != nil {
			return err
		}
		if err := endPermitsOf(tx, c.ID, account); err != nil {
			return err
		}
		if err := s.Auth.EndClientIn(tx, c.ID, account); err != nil {
			return err
		}
		return s.append(ctx, tx, EventWithdrawn, c.ID, Told{Client: c.Code, Name: c.Name})
	})
}
