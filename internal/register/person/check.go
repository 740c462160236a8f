package person

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/register/access"
)

const (
	// CodeLife is how long a code may be read to a clerk.
	CodeLife  = 10 * time.Minute
	codeTries = 5
	// checkLife is how long a clerk may take to compare; waitLife how long a colleague.
	checkLife = 30 * time.Minute
	waitLife  = 3 * 24 * time.Hour
)

// CheckID names a check.
type CheckID = id.Of[Check]

// CheckState is where a check stands.
type CheckState string

// The states.
const (
	CheckOpen    CheckState = "open"
	CheckWaiting CheckState = "waiting" // for a colleague: the person has another account
	CheckLinked  CheckState = "linked"
	CheckRefused CheckState = "refused"
)

// Check is the comparison of a card with whoever stands at a counter and has shown by a code
// that the account is theirs.
type Check struct {
	ID       CheckID
	Account  int64
	Number   Number
	Told     Facts  // of the card
	Unit     string // whose counter
	Officer  int64
	By       string
	State    CheckState
	Second   int64
	SecondBy string
	Made     time.Time
	Version  int64
}

// NewCode makes the code that the subject reads to a clerk. The one before is worth nothing.
func (s *Service) NewCode(ctx context.Context) (code string, until time.Time, err error) {
	defer errs.Op(&err, "person.NewCode")
	sub := auth.From(ctx)
	if sub.Kind != auth.KindCitizen {
		return "", until, errs.E(errs.Forbidden, "person.check.citizens")
	}
	n, err := rand.Int(rand.Reader, big.NewInt(100_000_000))
	if err != nil {
		return "", until, err
	}
	code = fmt.Sprintf("%08d", n)
	err = s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if _, linked, err := linkOf(tx, sub.Account); err != nil || linked {
			if err == nil {
				err = errs.E(errs.Conflict, "person.link.accountTaken")
			}
			return err
		}
		until = s.d.Clock.Now().Add(CodeLife)
		return putCode(tx, sub.Account, s.codeDigests(sub.Account, code)[0], until)
	})
	return code[:4] + " " + code[4:], until, err
}

// codeDigests are under which a code may stand, as it is written first.
func (s *Service) codeDigests(account int64, code string) []string {
	return s.k.all("code", strconv.FormatInt(account, 10)+"\x00"+digits(code))
}

// Presented is what lies before a clerk.
type Presented struct {
	Login string // telephone number of the account
	Code  string
	Card  string // QR code of the card, or the number where it cannot be read
	Name  string // as printed, with a typed number
	Born  clock.Date
	Unit  string
}

// BeginCheck takes the code and the card of somebody at a counter. A wrong code, an unknown
// account and a code that is too old are told by one sentence; five wrong ones end it.
func (s *Service) BeginCheck(ctx context.Context, in Presented) (c Check, err error) {
	defer errs.Op(&err, "person.BeginCheck") // never with the text
	sub := auth.From(ctx)
	bad := func(path, key string) error {
		return errs.E(errs.Invalid, key, errs.WithFields(errs.Field{Path: path, Key: key}))
	}
	c = Check{ID: id.New[Check](s.d.Gen), Unit: in.Unit, Officer: sub.Account, By: sub.Name, State: CheckOpen, Version: 1}
	today := s.Today()
	if card, ok := ParseCard(in.Card, today); ok {
		c.Number, c.Told = card.Number, FactsOf(card)
	} else if IsCard(in.Card) {
		return c, bad("card", "person.check.card")
	} else if n, ok := ParseNumber(in.Card, today); ok {
		name := i18n.NFC(strings.Join(strings.Fields(in.Name), " "))
		switch {
		case utf8.RuneCountInString(name) < 2 || utf8.RuneCountInString(name) > 120:
			return c, bad("name", "person.check.name")
		case in.Born.IsZero() || in.Born.Year != n.BirthYear():
			return c, bad("born", "person.check.born")
		}
		c.Number, c.Told = n, Facts{Name: name, Born: in.Born.String()}
	} else {
		return c, bad("card", "person.check.card")
	}
	refused := bad("code", "person.check.code")
	a, err := s.d.Auth.FindAccount(ctx, in.Login)
	if errs.Is(err, errs.NotFound) || err == nil && (a.Kind != auth.KindCitizen || a.Disabled) {
		return c, refused
	}
	if err != nil {
		return c, err
	}
	c.Account = a.ID
	fits := false
	err = s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		row, ok, err := codeOf(tx, a.ID)
		if err != nil || !ok {
			return err
		}
		same := func(want string) bool { return hmac.Equal([]byte(want), []byte(row.digest)) }
		if row.tries >= codeTries || !s.d.Clock.Now().Before(row.expires) || !slices.ContainsFunc(s.codeDigests(a.ID, in.Code), same) {
			return missCode(tx, a.ID)
		}
		fits, c.Made = true, s.d.Clock.Now()
		if err := useCode(tx, a.ID, row.digest, refused); err != nil {
			return err
		}
		return insertCheck(tx, s.k, c)
	})
	if err == nil && !fits {
		err = refused
	}
	return c, err
}

// Compared is a check beside what the city knew.
type Compared struct {
	Check
	Owner   auth.Account
	Known   Person // zero where the city does not know them
	Differs []Difference
	Other   int64 // account that the person has; 0 for none
}

// Replaces reports whether a colleague has to confirm: the person's account would be another.
func (c Compared) Replaces() bool { return c.Other != 0 && c.Other != c.Account }

// Compare reads a check of the reader's counter. NotFound elsewhere, or too late.
func (s *Service) Compare(ctx context.Context, v CheckID, units []string) (c Compared, err error) {
	defer errs.Op(&err, "person.Compare(%s)", v)
	err = s.d.DB.View(ctx, func(_ context.Context, q *db.View) error {
		c, err = s.compare(q, v, units)
		return err
	})
	if err != nil {
		return c, err
	}
	if c.Owner, err = s.d.Auth.AccountByID(ctx, c.Account); err != nil {
		return c, err
	}
	return c, s.lookedAtCheck(ctx, access.Person, c.Unit, []Person{c.Known}, []int64{c.Account})
}

func (s *Service) compare(q db.Querier, v CheckID, units []string) (c Compared, err error) {
	if c.Check, err = findCheck(q, s.k, v); err != nil {
		return c, err
	}
	life := checkLife
	if c.State != CheckOpen {
		life = waitLife
	}
	if !slices.Contains(units, c.Unit) || s.d.Clock.Now().Sub(c.Made) > life {
		return c, errs.E(errs.NotFound, "person.check.none")
	}
	p, ok, err := s.ByNumber(q, c.Number)
	if err != nil || !ok {
		return c, err
	}
	c.Known, c.Differs = p, p.Facts.Differs(c.Told)
	l, _, err := linkTo(q, p.ID)
	c.Other = l.Account
	return c, err
}

// Confirm links the account of a check to its person. take are the facts in which the card
// is right and the register was not. Where the person has another account the first clerk's
// word is not enough: the check waits for a colleague, and the other account is let go when
// they confirm. Forbidden for the colleague who is the same; Conflict where it was decided.
func (s *Service) Confirm(ctx context.Context, v CheckID, units, take []string) (c Compared, err error) {
	defer errs.Op(&err, "person.Confirm(%s)", v)
	sub := auth.From(ctx)
	moved := errs.E(errs.Conflict, "person.check.decided")
	err = s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if c, err = s.compare(tx, v, units); err != nil {
			return err
		}
		told := Told{Basis: BasisCounter, By: c.By}
		switch c.State {
		case CheckOpen:
			if c.Officer != sub.Account {
				return errs.E(errs.Forbidden, "person.check.first")
			}
		case CheckWaiting:
			if c.Officer == sub.Account {
				return errs.E(errs.Forbidden, "person.check.second")
			}
			told.Second = sub.Name
		default:
			return moved
		}
		if _, linked, err := linkOf(tx, c.Account); err != nil || linked {
			if err == nil {
				err = errs.E(errs.Conflict, "person.link.accountTaken")
			}
			return err
		}
		p, err := s.take(tx, c, take)
		if err != nil {
			return err
		}
		if c.State == CheckOpen && c.Replaces() {
			if err := moveCheck(tx, c.Check, CheckWaiting, 0, "", moved); err != nil {
				return err
			}
			c.State = CheckWaiting
			return s.append(tx, KindChecked, SubjectType, int64(p.ID), sub.Account, c.Unit, told)
		}
		if l, has, err := linkTo(tx, p.ID); err != nil {
			return err
		} else if has {
			if err := s.unlink(tx, l, sub.Account, c.Unit, Told{Why: WhyReplaced, By: c.By, Second: sub.Name}); err != nil {
				return err
			}
		}
		second := int64(0)
		if told.Second != "" {
			second = sub.Account
		}
		if err := moveCheck(tx, c.Check, CheckLinked, second, told.Second, moved); err != nil {
			return err
		}
		c.State = CheckLinked
		return s.link(tx, Link{Account: c.Account, Person: p.ID, Basis: BasisCounter, By: c.By}, sub.Account, c.Unit, told)
	})
	return c, err
}

// take remembers what a card says: what was unknown, and what the clerk decided for it.
func (s *Service) take(tx *db.Tx, c Compared, take []string) (p Person, err error) {
	told := c.Told
	if p, err = s.Remember(tx, c.Number, told); err != nil || len(c.Differs) == 0 {
		return p, err
	}
	p.Version++
	return p, s.settle(tx, p, take, auth.Subject{Account: c.Officer}, c.Unit, "card")
}

// Refuse ends a check whose card is not the person's.
func (s *Service) Refuse(ctx context.Context, v CheckID, units []string) (err error) {
	defer errs.Op(&err, "person.Refuse(%s)", v)
	sub := auth.From(ctx)
	return s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		c, err := s.compare(tx, v, units)
		if err != nil {
			return err
		}
		moved := errs.E(errs.Conflict, "person.check.decided")
		if c.State != CheckOpen && c.State != CheckWaiting {
			return moved
		}
		if err := moveCheck(tx, c.Check, CheckRefused, sub.Account, sub.Name, moved); err != nil {
			return err
		}
		return s.append(tx, KindRefused, SubjectAccount, c.Account, sub.Account, c.Unit, Told{By: sub.Name})
	})
}

// WaitingChecks are those of a counter that wait for a colleague, the oldest first.
func (s *Service) WaitingChecks(ctx context.Context, unit string) (out []Check, err error) {
	defer errs.Op(&err, "person.WaitingChecks")
	err = s.d.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = waitingChecks(v, s.k, unit, s.d.Clock.Now().Add(-waitLife), maxFound)
		return err
	})
	if err != nil {
		return nil, err
	}
	accounts := make([]int64, len(out))
	for i, c := range out {
		accounts[i] = c.Account
	}
	return out, s.lookedAtCheck(ctx, access.List, unit, nil, accounts)
}

// lookedAtCheck writes down who is shown by a check: whose account it is, and whom the city knew.
func (s *Service) lookedAtCheck(ctx context.Context, what access.What, unit string, people []Person, accounts []int64) error {
	l := Look(what, Basis{Kind: BasisPresent, Unit: unit}, people...)
	if err := s.d.Looks.Looked(ctx, l); err != nil {
		return err
	}
	l.Type, l.About = "account", accounts
	return s.d.Looks.Looked(ctx, l)
}

func (s *Service) purge(ctx context.Context, _ jobs.Task) error {
	return s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return purgeChecks(tx, tx.Now().Add(-waitLife)) })
}
