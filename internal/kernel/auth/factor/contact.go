package factor

import (
	"context"
	"crypto/subtle"
	"net/mail"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/jobs"
)

// Contact is where codes for an account may be sent.
type Contact struct {
	Channel   Channel
	Address   string
	Second    bool // a code sent here is the second factor
	Confirmed time.Time
}

// Masked shows as much of the address as its owner needs to know it again.
func (c Contact) Masked() string {
	if name, host, ok := strings.Cut(c.Address, "@"); ok {
		r := []rune(name)
		return string(r[:1]) + "…@" + host
	}
	return "…" + c.Address[max(0, len(c.Address)-3):]
}

const (
	stepContact = "contact"
	codeLife    = 10 * time.Minute
)

type contactData struct {
	Channel Channel `json:"channel"`
	Address string  `json:"address"`
}

// BeginContact sends a code to an address, which shows that who acts reads there. Errors:
// Invalid with the field address; RateLimited; Unavailable where the city has no such channel.
func (s *Service) BeginContact(ctx context.Context, c Channel, address, browser, network string) (step string, err error) {
	defer errs.Op(&err, "factor.BeginContact")
	sub, err := s.own(ctx)
	if err != nil {
		return "", err
	}
	if address, err = s.clean(c, address); err != nil {
		return "", err
	}
	if err := s.Auth.Often("contact", address, network); err != nil {
		return "", err
	}
	st := Step{Kind: stepContact, Account: sub.Account}
	if step, err = s.beginFor(st, browser, contactData{c, address}, codeLife); err != nil {
		return "", err
	}
	if st, err = s.step(stepContact, step, browser, nil); err != nil {
		return "", err
	}
	return step, s.mail(ctx, st.ID, sub.Account, contactData{c, address}, "contact")
}

func (s *Service) clean(c Channel, address string) (string, error) {
	bad := func(key string) error {
		return errs.E(errs.Invalid, "auth.error.account", errs.WithFields(errs.Field{Path: "address", Key: key}))
	}
	if s.Courier == nil || !s.Courier.Has(c) {
		return "", errs.E(errs.Unavailable, "factor.no_channel")
	}
	address = strings.TrimSpace(address)
	if c == Phone {
		if address = auth.NormLogin(address); !auth.IsPhone(address) {
			return "", bad("auth.error.phone")
		}
		return address, nil
	}
	a, err := mail.ParseAddress(address)
	if err != nil || a.Name != "" || len(address) > 200 || !strings.Contains(address[strings.LastIndexByte(address, '@'):], ".") {
		return "", bad("factor.email")
	}
	return a.Address, nil
}

// AddContact keeps an address whose code was typed. Errors: Gone; Invalid with the field code.
func (s *Service) AddContact(ctx context.Context, browser, step, code, network string) (err error) {
	defer errs.Op(&err, "factor.AddContact")
	sub, err := s.own(ctx)
	if err != nil {
		return err
	}
	var d contactData
	st, err := s.step(stepContact, step, browser, &d)
	if err != nil {
		return err
	}
	if st.Account != sub.Account {
		return stale()
	}
	if err := s.answer(ctx, st, "contact", sub.Login, code, network); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := spend(tx, st.spentKey(), db.Time(st.Until)); err != nil {
			return err
		}
		if err := upsertContact(tx, s.k, sub.Account, Contact{Channel: d.Channel, Address: d.Address}); err != nil {
			return err
		}
		return s.note(tx, KindAdded, sub.Account, sub.Account, Told{Way: string(d.Channel)})
	})
}

// answer checks a code that was sent for a step, and counts a wrong one.
func (s *Service) answer(ctx context.Context, st Step, what, whose, code, network string) error {
	var open bool
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		open, err = usable(v, st.spentKey())
		return err
	})
	if err != nil {
		return err
	}
	if !open {
		return stale()
	}
	ok, err := s.Auth.Guess(what, whose, network, func() (bool, error) {
		return subtle.ConstantTimeCompare([]byte(s.k.digits("code", st.ID)), []byte(digitsOf(code))) == 1, nil
	})
	if err != nil {
		return err
	}
	if ok {
		return nil
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return miss(tx, st.spentKey(), db.Time(st.Until)) })
	if err != nil {
		return err
	}
	return wrongCode()
}

// UseContact says whether a code sent to a contact is the second factor of who acts.
func (s *Service) UseContact(ctx context.Context, c Channel, second bool) (err error) {
	defer errs.Op(&err, "factor.UseContact")
	return s.changeContact(ctx, c, func(tx *db.Tx, account int64) error {
		return updateContact(tx, gone("factor.no_contact"), account, c, second)
	}, map[bool]string{true: KindAdded, false: KindRemoved}[second])
}

// RemoveContact forgets a contact of who acts.
func (s *Service) RemoveContact(ctx context.Context, c Channel) (err error) {
	defer errs.Op(&err, "factor.RemoveContact")
	return s.changeContact(ctx, c, func(tx *db.Tx, account int64) error {
		return deleteContact(tx, gone("factor.no_contact"), account, c)
	}, KindRemoved)
}

func (s *Service) changeContact(ctx context.Context, c Channel, do func(*db.Tx, int64) error, kind string) error {
	sub, err := s.own(ctx)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := do(tx, sub.Account); err != nil {
			return err
		}
		if err := s.refresh(tx, sub.Account); err != nil {
			return err
		}
		return s.note(tx, kind, sub.Account, sub.Account, Told{Way: string(c)})
	})
}

// Ways are the ways in of an account beside its password.
func (s *Service) Ways(ctx context.Context, account int64) (w Ways, err error) {
	defer errs.Op(&err, "factor.Ways(%d)", account)
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		w, err = waysOf(v, s.k, account)
		return err
	})
	return w, err
}

// WaysIn is Ways as a unit of work sees it.
func (s *Service) WaysIn(q db.Querier, account int64) (Ways, error) { return waysOf(q, s.k, account) }

// Sends reports whether the city can send codes by a channel.
func (s *Service) Sends(c Channel) bool { return s.Courier != nil && s.Courier.Has(c) }

type codeArgs struct {
	ID      int64     `json:"id"` // the code is derived from it
	Account int64     `json:"account"`
	To      []byte    `json:"to"` // sealed contactData
	What    string    `json:"what"`
	Lang    i18n.Lang `json:"lang"`
}

// mail sends the code of an id to an address, by a job.
func (s *Service) mail(ctx context.Context, v, account int64, to contactData, what string) error {
	sealed, err := s.k.closeJSON("code", to)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return s.Jobs.Enqueue(tx, jobs.Job{Kind: jobSend, Args: codeArgs{v, account, sealed, what, i18n.LangOf(ctx)}})
	})
}

func (s *Service) sendCode(ctx context.Context, t jobs.Task) error {
	var a codeArgs
	if err := t.Read(&a); err != nil {
		return jobs.Permanent(err)
	}
	var to contactData
	if err := s.k.openJSON("code", a.To, &to); err != nil {
		return jobs.Permanent(err)
	}
	acc, err := s.Auth.AccountByID(ctx, a.Account)
	if err != nil {
		return err
	}
	return s.send(ctx, acc, to, a.ID, a.What, a.Lang)
}

func (s *Service) send(ctx context.Context, a auth.Account, to contactData, v int64, what string, l i18n.Lang) error {
	text := s.words.T(l, "factor.sent."+what, "code", s.k.digits("code", v), "house", s.House)
	err := s.Courier.Send(ctx, to.Channel, to.Address, a.Name, s.words.T(l, "factor.sent.subject"), text, placeOf("code", v))
	if errs.Is(err, errs.Invalid) {
		return jobs.Permanent(errs.E(errs.Invalid, "factor.not_sent")) // the carrier's words name the address
	}
	if err != nil {
		return errs.E(errs.Unavailable, "factor.not_sent")
	}
	return nil
}
