package person

import (
	"context"
	"embed"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/register/access"
)

// Messages are this package's sentences (keys under "person").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

// Deps is what the register stands on.
type Deps struct {
	DB      *db.DB
	Gen     *id.Gen
	Clock   clock.Clock
	Journal *journal.Journal
	Auth    *auth.Service
	Looks   *access.Service // nil, in tools and tests, remembers nothing
	// Secrets are the keys of the key file, 32 bytes each: the first writes, all of them read.
	// Without them nobody is found again.
	Secrets [][]byte
}

// Service finds people and remembers them. Safe for concurrent use.
type Service struct {
	d Deps
	k keys
}

// New returns the service.
func New(d Deps) (*Service, error) {
	k, err := newKeys(d.Secrets)
	return &Service{d, k}, err
}

// Today is the day by the city's clock, which numbers and cards are checked against.
func (s *Service) Today() clock.Date { return clock.DateOf(s.d.Clock.Now()) }

// maxFound are the people of one phone or one old number that are told apart.
const maxFound = 12

// Find returns those that a text may mean: a personal number or the QR code of a card (one
// at most), an old number or a phone of ten digits (a household may share it). Empty where
// nobody is known. It is for officers only; the caller writes the look down (see Look).
func (s *Service) Find(ctx context.Context, text string) (out []Person, err error) {
	defer errs.Op(&err, "person.Find") // never with the text
	kind, key := "", ""
	if c, ok := ParseCard(text, s.Today()); ok {
		text = string(c.Number)
	}
	if n, ok := ParseNumber(text, s.Today()); ok {
		kind, key = "number", string(n)
	} else if old, ok := ParseOld(text); ok {
		kind, key = "old", old
	} else if d := digits(text); len(d) == 10 {
		kind, key = "phone", d
	} else {
		return nil, nil
	}
	err = s.d.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = find(v, s.k, kind, key)
		return err
	})
	return out, err
}

// Get returns a person by id. NotFound.
func (s *Service) Get(ctx context.Context, v ID) (p Person, err error) {
	defer errs.Op(&err, "person.Get(%s)", v)
	err = s.d.DB.View(ctx, func(_ context.Context, q *db.View) error {
		p, err = get(q, s.k, v)
		return err
	})
	return p, err
}

// Remember keeps what somebody told of a person. What was unknown is filled in, and the
// newest telephone number and address of mail count. Where the rest disagrees with what was
// known, the known stays and the told becomes a claim that a clerk settles.
func (s *Service) Remember(tx *db.Tx, n Number, told Facts) (p Person, err error) {
	defer errs.Op(&err, "person.Remember")
	old, err := find(tx, s.k, "number", string(n))
	if err != nil {
		return p, err
	}
	if len(old) == 0 {
		p = Person{ID: id.New[Person](s.d.Gen), Number: n, Facts: told, Seen: tx.Now(), Version: 1}
		return p, insert(tx, s.k, p)
	}
	p = old[0]
	if p.Number != n { // the row was merged: what is told of it is told of the one it became
		told.Old = ""
	}
	p.Facts, p.Claim = p.Facts.join(told, p.Claim)
	p.Seen = tx.Now()
	return p, update(tx, s.k, p, errs.E(errs.Conflict, "person.moved"))
}
