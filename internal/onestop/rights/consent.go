package rights

import (
	"context"
	"slices"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
)

// The uses of data that rest on consent and on nothing else. What the law or a dossier asks for
// is no consent and cannot be withdrawn.
const (
	SuggestProfile  = "suggest.profile"  // name and phone of the account, in new forms
	SuggestPrevious = "suggest.previous" // answers of earlier dossiers, in new forms
	OptionalNotices = "notices.course"   // how a dossier goes on, beyond what must be told
)

// Purposes lists them in the order of the page.
func Purposes() []string { return []string{SuggestProfile, SuggestPrevious, OptionalNotices} }

// Consent is what an account said about one use.
type Consent struct {
	Purpose string    `json:"purpose"`
	Given   bool      `json:"given"`
	At      time.Time `json:"at,omitzero"` // zero: with the account
}

// Consents lists what the subject of ctx consents to.
func (s *Service) Consents(ctx context.Context) (out []Consent, err error) {
	defer errs.Op(&err, "rights.Consents")
	sub := auth.From(ctx)
	if !sub.SignedIn() {
		return nil, errs.E(errs.Unauthenticated, "auth.error.sign_in_first")
	}
	var said []Consent
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		said, err = consentsOf(v, sub.Account)
		return err
	})
	for _, p := range Purposes() {
		c := Consent{Purpose: p, Given: true}
		if i := slices.IndexFunc(said, func(c Consent) bool { return c.Purpose == p }); i >= 0 {
			c = said[i]
		}
		out = append(out, c)
	}
	return out, err
}

// Consented reports whether an account lets its data be used for a purpose now.
func (s *Service) Consented(ctx context.Context, account int64, purpose string) (ok bool, err error) {
	defer errs.Op(&err, "rights.Consented(%s)", purpose)
	ok = true
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		said, err := consentsOf(v, account)
		for _, c := range said {
			if c.Purpose == purpose {
				ok = c.Given
			}
		}
		return err
	})
	return ok && err == nil, err
}

// Say gives or withdraws a consent; it holds from the commit on. Errors: Invalid.
func (s *Service) Say(ctx context.Context, purpose string, given bool, key string) (err error) {
	defer errs.Op(&err, "rights.Say(%s)", purpose)
	sub := auth.From(ctx)
	if !sub.SignedIn() {
		return errs.E(errs.Unauthenticated, "auth.error.sign_in_first")
	}
	if !slices.Contains(Purposes(), purpose) {
		return errs.E(errs.Invalid, "rights.purpose")
	}
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash([]any{"rights.say", purpose, given}), func(_ context.Context, tx *db.Tx) (int64, error) {
		if err := putConsent(tx, sub.Account, Consent{Purpose: purpose, Given: given, At: tx.Now()}); err != nil {
			return 0, err
		}
		if purpose == OptionalNotices && s.ChooseNotices != nil {
			if err := s.ChooseNotices(tx, sub.Account, given); err != nil {
				return 0, err
			}
		}
		return sub.Account, s.note(tx, KindConsent, journal.Subject{Type: subjectAccount, ID: sub.Account}, sub.Account, 0, happened{Purpose: purpose, Given: given})
	})
	return err
}
