package book

import (
	"context"
	"embed"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/register/orgunit"
)

// Messages are this package's sentences (keys under "book").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed policies.cedar
var policies string

// Policies says who reads the books.
func Policies() auth.Source { return auth.Source{Module: "book", Text: policies} }

const actRead auth.Action = "book.read"

// Deps is what the books stand on. All are required.
type Deps struct {
	DB       *db.DB
	Gen      *id.Gen
	Journal  *journal.Journal
	Units    *orgunit.Service
	Policies *auth.Policies
}

// Service keeps the books. Safe for concurrent use.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("book", migrations) }

// Kept is a book with how far it has come.
type Kept struct {
	Book
	Last int64
	Void int64
}

// agency is an agency as policies see it: a post in one of its offices is a post of it.
func (s *Service) agency(sub auth.Subject, u orgunit.UnitID) auth.Resource {
	return auth.Resource{Type: "Unit", ID: u.String(), Units: s.Units.Now().ScopesOf(u, sub.Scopes())}
}

// Agencies are those in which the reader holds a post, for the choice above the pages.
func (s *Service) Agencies(ctx context.Context) []orgunit.Unit {
	return s.Units.Now().AgenciesOf(auth.From(ctx).Scopes())
}

// Books lists the books of an agency, the newest year first. Forbidden for officers of others.
func (s *Service) Books(ctx context.Context, u orgunit.UnitID) (out []Kept, err error) {
	defer errs.Op(&err, "book.Books(%s)", u)
	if err := s.Policies.Can(ctx, actRead, s.agency(auth.From(ctx), u)); err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = booksOf(v, u)
		return err
	})
	return out, err
}

// pageSize is how many numbers are read at a time.
const pageSize = 200

// Lines reads a page of a book after a number, in order. next is 0 at the end. Forbidden for
// officers of other agencies.
func (s *Service) Lines(ctx context.Context, b Book, after int64) (out []Number, next int64, err error) {
	defer errs.Op(&err, "book.Lines(%s %d)", b.Kind, b.Year)
	if err := s.Policies.Can(ctx, actRead, s.agency(auth.From(ctx), b.Unit)); err != nil {
		return nil, 0, err
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = lines(v, b, after, pageSize+1)
		return err
	})
	if len(out) > pageSize {
		out = out[:pageSize]
		next = out[pageSize-1].N
	}
	return out, next, err
}

// Get reads a number that another module's row names.
func (s *Service) Get(q db.Querier, v NumberID) (Number, error) { return find(q, v) }
