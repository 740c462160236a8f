package person

import (
	"context"

	"khue/internal/kernel/db"
	"khue/internal/kernel/id"
	"khue/internal/register/access"
	"khue/internal/register/orgunit"
)

// Look is the look at some people, as the memory of looks keeps it.
func Look(what access.What, b Basis, people ...Person) access.Look {
	l := access.Look{What: what, Basis: access.ByDuty, Why: access.DutyCounter, Type: SubjectType}
	l.Unit, _ = id.Parse[orgunit.Unit](b.Unit)
	switch b.Kind {
	case BasisDossier:
		l.Basis, l.Why = access.ByDossier, ""
	case BasisSteward:
		l.Why = access.DutyRegister
	case BasisDuty:
		l.Basis, l.Why, l.Words = access.ByReason, access.Other, b.Reason
	case BasisLaw:
		l.Basis, l.Why, l.Words = access.ByLaw, b.Ref, b.Reason
	}
	for _, p := range people {
		if p.ID != 0 {
			l.About = append(l.About, int64(p.ID))
		}
	}
	return l
}

// looked writes down, as part of a unit of work, that the subject of ctx looks at a person.
func (s *Service) looked(ctx context.Context, tx *db.Tx, v ID, b Basis) error {
	return s.d.Looks.LookedIn(ctx, tx, Look(access.Person, b, Person{ID: v}))
}
