package desk

import (
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/register/orgunit"
)

// Deps is what the desk stands on. All are required.
type Deps struct {
	DB       *db.DB
	Gen      *id.Gen
	Clock    clock.Clock
	Journal  *journal.Journal
	Units    *orgunit.Service
	Policies *auth.Policies
}

// Service keeps what officers have at hand. Safe for concurrent use.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// UnitsOf are the units in which a subject holds a post, in the order of their grants.
func UnitsOf(sub auth.Subject) []orgunit.UnitID {
	const prefix = len("unit:")
	var out []orgunit.UnitID
	seen := map[orgunit.UnitID]bool{}
	for _, g := range sub.Grants {
		if len(g.Scope) <= prefix {
			continue
		}
		if u, err := id.Parse[orgunit.Unit](g.Scope[prefix:]); err == nil && !seen[u] {
			seen[u] = true
			out = append(out, u)
		}
	}
	return out
}
