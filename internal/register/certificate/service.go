package certificate

import (
	"context"
	"crypto/x509"
	"embed"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/module"
	"khue/internal/kernel/seal"
	"khue/internal/kernel/sign"
)

// Messages are the module's sentences (keys under "certificate").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed policies.cedar
var policies string

// Policies says who asks for a card, who decides, who revokes.
func Policies() auth.Source { return auth.Source{Module: "certificate", Text: policies} }

const (
	actPropose auth.Action = "certificate.propose"
	actDecide  auth.Action = "certificate.decide"
	actRevoke  auth.Action = "certificate.revoke"
	actSee     auth.Action = "certificate.see"
)

// Holder is an officer for whom a card is asked.
type Holder struct {
	Account int64
	Name    string
	Title   string
	Unit    string // scope
}

// People tells who works where.
type People interface {
	// ByLogin finds an officer; NotFound where there is none.
	ByLogin(ctx context.Context, login string) (Holder, error)
	// UnitName is the name of a unit by its scope; NotFound where there is none.
	UnitName(ctx context.Context, scope string) (string, error)
}

// Remote makes a Signer of a key elsewhere, by its reference; Conflict where no such service is set up.
type Remote func(ref string, chain []*x509.Certificate) (sign.Signer, error)

// Deps is what the authority stands on. All but Remote are required.
type Deps struct {
	DB         *db.DB
	Gen        *id.Gen
	Clock      clock.Clock
	Journal    *journal.Journal
	Policies   *auth.Policies
	People     People
	Government func() string // scope of the city's own
	Address    func() string // of the site, for what certificates say about revocation
	Secret     []byte        // the key file that seals the keys in the city
	Keys       Keys
	Remote     Remote
}

// Service is the authority. Safe for concurrent use.
type Service struct {
	d       Deps
	seal    seal.Box
	issuing *x509.Certificate
	mu      sync.Mutex
	list    crl // the latest that was signed
	seals   atomic.Pointer[map[string]time.Time]
}

// New returns the authority.
func New(ctx context.Context, d Deps) (*Service, error) {
	box, err := seal.New(d.Secret, "khue.certificate.seal")
	if err != nil {
		return nil, err
	}
	s := &Service{d: d, seal: box}
	chain, err := d.Keys.Issuing.Certificate(ctx)
	if err != nil {
		return nil, err
	}
	s.issuing = chain[0]
	return s, nil
}

// Module is what the authority brings to the program.
func (s *Service) Module() module.Module {
	return module.Module{Name: "certificate", Start: s.Refresh, Run: s.Run, Measures: s.measures()}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("certificate", migrations) }

// Root and Issuing are the authority's certificates.
func (s *Service) Root() *x509.Certificate { return s.d.Keys.Root }

// Issuing is the certificate that issues cards.
func (s *Service) Issuing() *x509.Certificate { return s.issuing }

// Get reads a card.
func (s *Service) Get(ctx context.Context, v ID) (c Card, err error) {
	err = s.d.DB.View(ctx, func(_ context.Context, q *db.View) error {
		c, err = find(q, v)
		return err
	})
	return c, err
}

// Show is which cards a reader wants to see.
type Show string

// What may be shown. Over is what was revoked, refused or has run out.
const (
	All     Show = ""
	Waiting Show = "waiting"
	InForce Show = "force"
	Ending  Show = "ending"
	Over    Show = "over"
)

// Shows lists them in the order of a page.
func Shows() []Show { return []Show{All, Waiting, InForce, Ending, Over} }

// endsSoon is how long before its end a card is told to be near it: time enough for two people
// to renew it.
const endsSoon = 60 * 24 * time.Hour

// CardFilter chooses cards.
type CardFilter struct {
	Show   Show
	Words  string // each must stand in name, title or serial number, without marks
	Before ID     // older than this one
}

// Near reports whether a card in force runs out soon.
func (c Card) Near(now time.Time) bool { return c.Valid(now) && c.Until.Sub(now) < endsSoon }

func (f CardFilter) takes(c Card, now time.Time) bool {
	switch f.Show {
	case All:
	case Waiting:
		if c.State != Asked {
			return false
		}
	case InForce:
		if !c.Valid(now) {
			return false
		}
	case Ending:
		if !c.Near(now) {
			return false
		}
	case Over:
		if c.State == Asked || c.Valid(now) {
			return false
		}
	default:
		return false
	}
	text := i18n.Fold(c.Name + " " + c.Title + " " + c.Serial)
	for _, w := range strings.Fields(i18n.Fold(f.Words)) {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

const (
	cardsPage = 50
	cardsRead = 500 // rows at a time
)

// Find lists what was asked for in the units that the reader may look at, the latest first, a page
// at a time; keys and certificates are left out. next is 0 at the end.
func (s *Service) Find(ctx context.Context, f CardFilter) (out []Card, next ID, err error) {
	defer errs.Op(&err, "certificate.Find")
	now := s.d.Clock.Now()
	for {
		var rows []Card
		err = s.d.DB.View(ctx, func(_ context.Context, q *db.View) error {
			rows, err = latest(q, f.Before, cardsRead)
			return err
		})
		if err != nil {
			return nil, 0, err
		}
		shows := map[ID]bool{}
		if len(rows) > 0 {
			err = s.d.DB.View(ctx, func(_ context.Context, q *db.View) error {
				shows, err = looks(q, rows[len(rows)-1].ID, rows[0].ID)
				return err
			})
			if err != nil {
				return nil, 0, err
			}
		}
		for _, c := range rows {
			c.Looks = shows[c.ID]
			if !f.takes(c, now) || !s.d.Policies.May(ctx, actSee, s.card(c)) {
				continue
			}
			if len(out) == cardsPage {
				return out, out[cardsPage-1].ID, nil
			}
			out = append(out, c)
		}
		if len(rows) < cardsRead {
			return out, 0, nil
		}
		f.Before = rows[len(rows)-1].ID
	}
}

// Cards are the latest of them.
func (s *Service) Cards(ctx context.Context) ([]Card, error) {
	out, _, err := s.Find(ctx, CardFilter{})
	return out, err
}

// OfAccount is the card with which an officer signs now. NotFound, with what to do, where there is none.
func (s *Service) OfAccount(ctx context.Context, account int64) (Card, error) {
	return s.valid(ctx, func(q db.Querier) ([]Card, error) { return ofAccount(q, account) }, "certificate.error.noCard")
}

// OfUnit is the seal with which a unit signs now. NotFound, with what to do, where there is none.
func (s *Service) OfUnit(ctx context.Context, scope string) (Card, error) {
	return s.valid(ctx, func(q db.Querier) ([]Card, error) { return ofUnit(q, scope) }, "certificate.error.noSeal")
}

func (s *Service) valid(ctx context.Context, read func(db.Querier) ([]Card, error), none string) (c Card, err error) {
	defer errs.Op(&err, "certificate.valid")
	var list []Card
	err = s.d.DB.View(ctx, func(_ context.Context, q *db.View) error {
		list, err = read(q)
		return err
	})
	now := s.d.Clock.Now()
	for _, c := range list {
		if c.Valid(now) {
			return c, nil
		}
	}
	if err == nil {
		err = errs.E(errs.NotFound, none)
	}
	return c, err
}

// Refresh reads which units have a seal in force.
func (s *Service) Refresh(ctx context.Context) (err error) {
	defer errs.Op(&err, "certificate.Refresh")
	var list []Card
	err = s.d.DB.View(ctx, func(_ context.Context, q *db.View) error {
		list, err = seals(q)
		return err
	})
	if err != nil {
		return err
	}
	out := make(map[string]time.Time, len(list))
	for _, c := range list {
		if c.Until.After(out[c.Unit]) {
			out[c.Unit] = c.Until
		}
	}
	s.seals.Store(&out)
	return nil
}

// Sealed reports whether a unit has a seal in force, as of the last Refresh; "" asks for any.
func (s *Service) Sealed(scope string) bool {
	all := s.seals.Load()
	if all == nil {
		return false
	}
	now := s.d.Clock.Now()
	if scope != "" {
		return now.Before((*all)[scope])
	}
	for _, until := range *all {
		if now.Before(until) {
			return true
		}
	}
	return false
}

// Run reads again what other nodes issued and revoked, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	t := time.NewTicker(5 * time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			_ = s.Refresh(ctx) // the next one tells
		}
	}
}
