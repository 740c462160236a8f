package notify

import (
	"context"
	"encoding/json"
	"net/mail"
	"strconv"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/kernel/push"
	"khue/internal/kernel/sms"
)

// EventChosen is the journal's kind of a changed choice: that it changed, never the address.
const EventChosen = "notify.chosen"

// Person is what an account chose.
type Person struct {
	Account int64
	Email   string
	Phone   string
	Lang    i18n.Lang // "" as the notice comes
	Choices map[Kind]Choice
}

// Choice is what the person chose for a kind, or its default.
func (p Person) Choice(k Kind) Choice {
	c, ok := p.Choices[k]
	if !ok {
		return k.Default()
	}
	c.Inbox = c.Inbox || k.Required()
	return c
}

// Mine is the reader's choice, and the browsers that take their notices. A citizen who
// chose nothing is reached by the number that they sign in with.
func (s *Service) Mine(ctx context.Context) (p Person, bs []Browser, err error) {
	defer errs.Op(&err, "notify.Mine")
	sub := auth.From(ctx)
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if p, err = findPerson(v, sub.Account); errs.Is(err, errs.NotFound) {
			p, err = Person{Account: sub.Account}, nil
			if auth.IsPhone(sub.Login) {
				p.Phone = sub.Login
			}
		}
		if err == nil {
			bs, err = browsersOf(v, sub.Account)
		}
		return err
	})
	return p, bs, err
}

// Choose keeps the reader's choice. Invalid, with fields email, phone or a kind, where it
// is none.
func (s *Service) Choose(ctx context.Context, p Person, key string) (err error) {
	defer errs.Op(&err, "notify.Choose")
	sub := auth.From(ctx)
	p.Account, p.Email, p.Phone = sub.Account, strings.TrimSpace(p.Email), strings.TrimSpace(p.Phone)
	var bad []errs.Field
	if a, err := mail.ParseAddress(p.Email); p.Email != "" && (err != nil || a.Address != p.Email || len(p.Email) > 254) {
		bad = append(bad, errs.Field{Path: "email", Key: "notify.choice.email"})
	}
	if p.Phone != "" && sms.Number(p.Phone) == "" {
		bad = append(bad, errs.Field{Path: "phone", Key: "notify.choice.phone"})
	}
	for _, k := range KindsFor(sub.Kind) {
		c, ok := p.Choices[k]
		if !ok {
			continue
		}
		// A way without an address is a slip, not a wish, where it is the only one.
		if len(c.Ways) == 1 && (c.Ways[0] == SMS && p.Phone == "" || c.Ways[0] == Email && p.Email == "" && sub.Kind == auth.KindOfficer && k != Digest) {
			bad = append(bad, errs.Field{Path: string(k) + "-by", Key: "notify.choice.noAddress"})
		}
	}
	if len(bad) > 0 {
		return errs.E(errs.Invalid, "notify.choice.invalid", errs.WithFields(bad...))
	}
	choices, err := json.Marshal(p.Choices)
	if err != nil {
		return err
	}
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash([]any{p.Email, p.Phone, p.Lang, string(choices)}), func(_ context.Context, tx *db.Tx) (int64, error) {
		if err := upsertPerson(tx, p, string(choices)); err != nil {
			return 0, err
		}
		_, err := s.Journal.Append(tx, journal.Entry{
			Kind: EventChosen, Subject: journal.Subject{Type: "account", ID: sub.Account}, Actor: sub.Account, Payload: choices,
		})
		return sub.Account, err
	})
	return err
}

// LetCourse lets an account be told how its dossiers go on, or not, as part of a unit: what
// must be told comes all the same.
func (s *Service) LetCourse(tx *db.Tx, account int64, on bool) error {
	p, err := findPerson(tx, account)
	if errs.Is(err, errs.NotFound) {
		p, err = Person{Account: account, Choices: map[Kind]Choice{}}, nil
	}
	if err != nil {
		return err
	}
	if p.Choices == nil {
		p.Choices = map[Kind]Choice{}
	}
	delete(p.Choices, Course)
	if !on {
		p.Choices[Course] = Choice{}
	}
	choices, err := json.Marshal(p.Choices)
	if err != nil {
		return err
	}
	return upsertPerson(tx, p, string(choices))
}

// maxBrowsers bounds the devices of one account.
const maxBrowsers = 20

// Subscribe keeps a browser of the reader. The same browser again is kept once, for who
// used it last. Errors: Invalid; Conflict where the account has too many.
func (s *Service) Subscribe(ctx context.Context, sub push.Subscription, label string) (err error) {
	defer errs.Op(&err, "notify.Subscribe")
	who := auth.From(ctx)
	if err := sub.Check(); err != nil {
		return err
	}
	if s.Push == nil || !s.Push.Takes(sub.Endpoint) {
		return errs.E(errs.Invalid, "push.badSubscription")
	}
	if r := []rune(i18n.NFC(label)); len(r) > 60 {
		label = string(r[:60])
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		have, err := browsersOf(tx, who.Account)
		if err != nil {
			return err
		}
		if len(have) >= maxBrowsers {
			return errs.E(errs.Conflict, "notify.choice.browsers", errs.P("max", strconv.Itoa(maxBrowsers)))
		}
		return upsertBrowser(tx, id.New[Browser](s.Gen), who.Account, sub, label)
	})
}

// Unsubscribe forgets a browser of the reader.
func (s *Service) Unsubscribe(ctx context.Context, b id.Of[Browser]) (err error) {
	defer errs.Op(&err, "notify.Unsubscribe")
	sub := auth.From(ctx)
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return deleteBrowser(tx, b, sub.Account) })
}

// PushKey is the key that a browser subscribes with; "" where the city pushes nothing.
func (s *Service) PushKey() string {
	if s.Push == nil {
		return ""
	}
	return s.Push.Public()
}

// Offers reports whether the city has a channel.
func (s *Service) Offers(c Channel) bool {
	return c == Email || c == SMS && s.SMS != nil || c == Push && s.Push != nil
}
