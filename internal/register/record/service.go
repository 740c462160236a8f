package record

import (
	"context"
	"embed"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/register/access"
	"khue/internal/register/orgunit"
)

// Messages are this package's sentences (keys under "record").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed policies.cedar
var policies string

// Policies says who reads registers and who acts on their entries.
func Policies() auth.Source { return auth.Source{Module: "record", Text: policies} }

const (
	actRead auth.Action = "record.read"
	actKeep auth.Action = "record.keep"
)

// Declared gives the registers that packages declare.
type Declared interface {
	Registers() []Register
}

// Deps is what the registers stand on. Looks may be nil in tests.
type Deps struct {
	DB       *db.DB
	Gen      *id.Gen
	Clock    clock.Clock
	Journal  *journal.Journal
	Units    *orgunit.Service
	Policies *auth.Policies
	Looks    *access.Service
	Declared Declared
}

// Service keeps the registers. Safe for concurrent use.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("record", migrations) }

// Register finds a declared register. NotFound.
func (s *Service) Register(name string) (Register, error) {
	for _, r := range s.Declared.Registers() {
		if r.ID == name {
			return r, nil
		}
	}
	return Register{}, errs.E(errs.NotFound, "record.noRegister")
}

// agency is an agency as policies see it: a post in one of its offices is a post of it.
func (s *Service) agency(sub auth.Subject, u orgunit.UnitID) auth.Resource {
	return auth.Resource{Type: "Unit", ID: u.String(), Units: s.Units.Now().ScopesOf(u, sub.Scopes())}
}

// Agencies are those in which the reader holds a post.
func (s *Service) Agencies(ctx context.Context) []orgunit.Unit {
	return s.Units.Now().AgenciesOf(auth.From(ctx).Scopes())
}

// Counts are how many entries the registers of an agency hold. Forbidden for officers of
// others.
func (s *Service) Counts(ctx context.Context, u orgunit.UnitID) (n map[string]int64, err error) {
	defer errs.Op(&err, "record.Counts(%s)", u)
	if err := s.Policies.Can(ctx, actRead, s.agency(auth.From(ctx), u)); err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		n, err = counts(v, u)
		return err
	})
	return n, err
}

// Filter chooses entries of a register of an agency.
type Filter struct {
	Register string
	Unit     orgunit.UnitID
	Words    string     // each must begin a word of the entry, without marks
	On       clock.Date // as the register stood on that day; zero: now
	After    EntryID    // older than this one
}

const (
	pageSize    = 50
	maxSearched = 6
)

// Search reads a page of a register, the newest first, and writes down that the reader saw it
// where it holds personal data. next is 0 at the end. Forbidden for officers of others.
func (s *Service) Search(ctx context.Context, f Filter) (out []Entry, next EntryID, err error) {
	defer errs.Op(&err, "record.Search(%s)", f.Register)
	r, err := s.Register(f.Register)
	if err != nil {
		return nil, 0, err
	}
	if err := s.Policies.Can(ctx, actRead, s.agency(auth.From(ctx), f.Unit)); err != nil {
		return nil, 0, err
	}
	words := strings.Fields(i18n.Fold(f.Words))
	words = words[:min(len(words), maxSearched)]
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = search(v, f, words, pageSize+1)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	if len(out) > pageSize {
		out = out[:pageSize]
		next = out[pageSize-1].ID
	}
	what := access.Book
	if len(words) > 0 {
		what = access.Search
	}
	return out, next, s.looked(ctx, r, what, f.Unit, out)
}

// looked writes down who was seen: the people of the dossiers that the entries came from.
func (s *Service) looked(ctx context.Context, r Register, what access.What, u orgunit.UnitID, seen []Entry) error {
	if !r.Personal() || len(seen) == 0 {
		return nil
	}
	l := access.Look{What: what, Basis: access.ByDuty, Why: access.DutyPost, Unit: u, Type: seen[0].Source.Type}
	for _, e := range seen {
		l.About = append(l.About, e.Source.ID)
	}
	return s.Looks.Looked(ctx, l)
}

// Each reads a whole register of an agency, a page at a time, for a file.
func (s *Service) Each(ctx context.Context, f Filter, do func(Entry) error) error {
	for f.After = 0; ; {
		page, next, err := s.Search(ctx, f)
		if err != nil {
			return err
		}
		for _, e := range page {
			if err := do(e); err != nil {
				return err
			}
		}
		if f.After = next; next == 0 {
			return nil
		}
	}
}

// Open reads an entry as it stands now or on a day, with all its versions, newest first, and
// writes down the look. NotFound also for officers of other agencies: it names people.
func (s *Service) Open(ctx context.Context, v EntryID, on clock.Date) (e Entry, history []Entry, err error) {
	defer errs.Op(&err, "record.Open(%s)", v)
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		if on.IsZero() {
			e, err = findEntry(q, v)
		} else {
			e, err = entryOn(q, v, on)
		}
		if err != nil {
			return err
		}
		history, err = versionsOf(q, v)
		return err
	})
	if err != nil {
		return e, nil, err
	}
	if !s.Policies.May(ctx, actRead, s.agency(auth.From(ctx), e.Unit)) {
		return Entry{}, nil, errs.E(errs.NotFound, "record.none")
	}
	r, err := s.Register(e.Register)
	if err != nil {
		return Entry{}, nil, err
	}
	return e, history, s.looked(ctx, r, access.Dossier, e.Unit, []Entry{e})
}

// MayKeep reports whether the reader may act on the entries of an agency.
func (s *Service) MayKeep(ctx context.Context, u orgunit.UnitID) bool {
	return s.Policies.May(ctx, actKeep, s.agency(auth.From(ctx), u))
}

// Act corrects, suspends, resumes or revokes an entry by a decision. The same request again
// returns the first outcome. Errors: NotFound; Forbidden for who does not lead the agency;
// and those of ActIn.
func (s *Service) Act(ctx context.Context, a Act) (e Entry, err error) {
	defer errs.Op(&err, "record.Act(%s %s)", a.Entry, a.Do)
	sub := auth.From(ctx)
	find := func() error {
		return s.DB.View(ctx, func(_ context.Context, v *db.View) error {
			e, err = findEntry(v, a.Entry)
			return err
		})
	}
	if err = find(); err != nil {
		return e, err
	}
	if !s.Policies.May(ctx, actRead, s.agency(sub, e.Unit)) {
		return Entry{}, errs.E(errs.NotFound, "record.none")
	}
	if err = s.Policies.Can(ctx, actKeep, s.agency(sub, e.Unit)); err != nil {
		return Entry{}, err
	}
	r, err := s.Register(e.Register)
	if err != nil {
		return e, err
	}
	if a.Effective.After(clock.DateOf(s.Clock.Now())) {
		return e, errs.E(errs.Invalid, "record.invalid", errs.P("n", 1), errs.WithFields(errs.Field{Path: "effective", Key: "record.future"}))
	}
	key := a.Request
	a.Request = ""
	_, again, err := once.Do(ctx, s.DB, sub.Account, key, once.Hash(a), func(_ context.Context, tx *db.Tx) (int64, error) {
		e, err = s.ActIn(tx, r, a, Actor{Account: sub.Account, Name: sub.Name})
		return int64(e.ID), err
	})
	if again {
		err = find()
	}
	return e, err
}

// Get reads an entry that another module's row names.
func (s *Service) Get(q db.Querier, v EntryID) (Entry, error) { return findEntry(q, v) }
