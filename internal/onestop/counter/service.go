package counter

import (
	"context"
	"embed"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/module"
	"khue/internal/kernel/pdf"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/notify"
	"khue/internal/onestop/service"
	"khue/internal/register/access"
	"khue/internal/register/orgunit"
	"khue/internal/register/person"
)

// Messages are this package's sentences (keys under "counter").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

// Accounts lists the officers of a unit, whom papers may be handed to.
type Accounts interface {
	AccountsIn(ctx context.Context, scope string) ([]auth.Account, error)
}

// Deps is what a counter stands on. All are required.
type Deps struct {
	DB       *db.DB
	Gen      *id.Gen
	Clock    clock.Clock
	Journal  *journal.Journal
	Policies *auth.Policies
	Units    *orgunit.Service
	Services *service.Registry
	Dossiers *dossier.Service
	People   *person.Service
	Notices  *notify.Service
	Looks    *access.Service
	// Unused reports whether no new use may be made of what is known of a person: then nothing is
	// filled in. nil: of nobody.
	Unused   func(ctx context.Context, v person.ID) (bool, error)
	Accounts Accounts
	Fonts    pdf.Fonts
}

// Service works a counter. Safe for concurrent use.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

const jobPurge = "counter.purge"

// Module is what counters bring to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name:     "counter",
		Jobs:     []jobs.Handler{{Kind: jobPurge, Do: s.purge}},
		Periodic: []jobs.Periodic{{Kind: jobPurge, Every: 24 * time.Hour, Offset: 150 * time.Minute}},
	}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("counter", migrations) }

func scopeOf(u orgunit.UnitID) string { return "unit:" + u.String() }

// Desks are the units at whose counter the subject of ctx is clerk, in order of their grants.
func (s *Service) Desks(ctx context.Context) []orgunit.UnitID {
	var out []orgunit.UnitID
	for _, g := range auth.From(ctx).Grants {
		u, err := id.Parse[orgunit.Unit](strings.TrimPrefix(g.Scope, "unit:"))
		if err == nil && !slices.Contains(out, u) && s.Policies.May(ctx, actWork, unitResource(u)) {
			out = append(out, u)
		}
	}
	return out
}

// Desk is the counter at which the subject of ctx works. Forbidden where they are no clerk.
func (s *Service) Desk(ctx context.Context) (orgunit.UnitID, error) {
	if desks := s.Desks(ctx); len(desks) > 0 {
		return desks[0], nil
	}
	return 0, errs.E(errs.Forbidden, "counter.notClerk")
}

// posts are the units in which somebody holds any post.
func posts(sub auth.Subject) []orgunit.UnitID {
	var out []orgunit.UnitID
	for _, g := range sub.Grants {
		if u, err := id.Parse[orgunit.Unit](strings.TrimPrefix(g.Scope, "unit:")); err == nil && !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out
}

// note appends what happened at a counter to a dossier's papers.
func (s *Service) note(tx *db.Tx, sub auth.Subject, kind string, d dossier.ID, unit orgunit.UnitID, h happening) error {
	h.By = sub.Name
	payload, err := json.Marshal(h)
	if err != nil {
		return err
	}
	_, err = s.Journal.Append(tx, journal.Entry{
		Kind: kind, Subject: journal.Subject{Type: SubjectType, ID: int64(d)}, Actor: sub.Account, Unit: unit.String(), Payload: payload,
	})
	return err
}

const purgeBatch = 500

// purge forgets intakes that nobody touched for Life.
func (s *Service) purge(ctx context.Context, _ jobs.Task) error {
	for {
		var n int
		err := s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			n, err = purgeIntakes(tx, db.Millis(tx.Now().Add(-Life)), purgeBatch)
			return err
		})
		if err != nil || n < purgeBatch {
			return err
		}
	}
}
