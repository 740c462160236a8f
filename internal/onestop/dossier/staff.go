package dossier

import (
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// Accounts tells who holds which post; kernel/auth implements it.
type Accounts interface {
	Holders(q db.Querier, scope string, day clock.Date, roles ...string) ([]auth.Account, error)
	Known(q db.Querier, id int64) (auth.Account, error)
	OfficersAfter(q db.Querier, after int64, limit int) ([]auth.Account, error)
	HeldOn(q db.Querier, account int64, day clock.Date) ([]auth.Grant, error)
}

// post lists who holds a role in a unit on a day; where nobody does, who may act in it.
func (s *Service) post(q db.Querier, u orgunit.UnitID, role string, day clock.Date) ([]auth.Account, error) {
	out, err := s.Accounts.Holders(q, scope(u), day, role)
	if err != nil || len(out) > 0 {
		return out, err
	}
	var acting []string
	for _, r := range orgunit.Roles() {
		if r.Role.Acts(orgunit.Role(role)) {
			acting = append(acting, string(r.Role))
		}
	}
	return s.Accounts.Holders(q, scope(u), day, acting...)
}

// Who answers for a unit, the nearest first, and who stands above them.
var (
	heads   = [][]string{{"head"}, {"deputyHead"}, {"viceChairman", "deputyDirector"}, {"chairman", "director"}}
	leaders = [][]string{{"chairman", "director"}, {"leader"}}
)

// warned lists the people that a rule names for a task.
func (s *Service) warned(q db.Querier, t Task, to service.WarnTo) ([]auth.Account, error) {
	day := clock.DateOf(s.Clock.Now())
	switch to {
	case service.WarnHolder:
		if t.Assignee != 0 {
			a, err := s.Accounts.Known(q, t.Assignee)
			if err == nil && !a.Disabled {
				return []auth.Account{a}, nil
			}
		}
		return s.post(q, t.Unit, t.Role, day)
	case service.WarnHead:
		return s.above(q, t.Unit, day, heads)
	case service.WarnLeader:
		return s.above(q, t.Unit, day, leaders)
	}
	return nil, nil
}

// above looks in a unit and then in those above it for the first of the ranks that
// somebody holds.
func (s *Service) above(q db.Querier, u orgunit.UnitID, day clock.Date, ranks [][]string) ([]auth.Account, error) {
	at := []orgunit.UnitID{u}
	tree := s.Units.At(day)
	for _, up := range tree.Ancestors(u) {
		if up.Class != orgunit.Territory {
			at = append(at, up.ID)
		}
	}
	if g := tree.Government(); g.ID != 0 && at[len(at)-1] != g.ID {
		at = append(at, g.ID)
	}
	for _, unit := range at {
		for _, roles := range ranks {
			out, err := s.Accounts.Holders(q, scope(unit), day, roles...)
			if err != nil || len(out) > 0 {
				return out, err
			}
		}
	}
	return nil, nil
}
