package access

import (
	"context"
	_ "embed"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

//go:embed policies.cedar
var policies string

// Policies says who reads the looks of others.
func Policies() auth.Source { return auth.Source{Module: "access", Text: policies} }

// What is asked of the policies.
const (
	actAnswer     auth.Action = "access.answer"
	actInspect    auth.Action = "access.inspect"
	actSettle     auth.Action = "access.settle"
	actRestricted auth.Action = "access.openRestricted"
)

func unitResource(u orgunit.UnitID) auth.Resource {
	return auth.Resource{Type: "Unit", ID: u.String(), Units: []string{"unit:" + u.String()}}
}

// Inspects reports whether a subject inspects a unit; 0 is the whole city.
func (s *Service) Inspects(ctx context.Context, sub auth.Subject, u orgunit.UnitID) bool {
	if s == nil {
		return false
	}
	if u == 0 {
		u = s.Units.Now().Government().ID
	}
	return s.Policies.Permits(ctx, sub, actInspect, unitResource(u))
}

// Open refuses a look that would rest on nothing but a reason, where the person had the use of
// the thing restricted and no duty by law opens it to the subject of ctx. u is the unit that has
// the thing, code what people call it by. Error: Forbidden, with why.
func (s *Service) Open(ctx context.Context, kind string, about int64, u orgunit.UnitID, code string) error {
	if s == nil || s.Limited == nil {
		return nil
	}
	limited, err := s.Limited(ctx, kind, about)
	if err != nil || !limited {
		return err
	}
	if u == 0 {
		u = s.Units.Now().Government().ID
	}
	if s.Policies.May(ctx, actRestricted, unitResource(s.Heir(u))) {
		return nil
	}
	return errs.E(errs.Forbidden, "access.restricted", errs.P("code", code))
}

// Restricted reports whether the person of a thing had its use restricted.
func (s *Service) Restricted(ctx context.Context, kind string, about int64) (bool, error) {
	if s == nil || s.Limited == nil {
		return false, nil
	}
	return s.Limited(ctx, kind, about)
}

// Answers reports whether the subject of ctx answers for a unit: its head, or who stands above.
func (s *Service) Answers(ctx context.Context, u orgunit.UnitID) bool {
	return s.Policies.May(ctx, actAnswer, unitResource(s.Heir(u)))
}

// AnswersAny reports whether the subject of ctx answers for any unit.
func (s *Service) AnswersAny(ctx context.Context) bool {
	return len(s.headsOf(ctx, auth.From(ctx))) > 0
}

// headsOf are the units for which a subject answers, and those whose heirs they are: who leads
// the heir answers for what was done before.
func (s *Service) headsOf(ctx context.Context, sub auth.Subject) (out []orgunit.UnitID) {
	if sub.Kind != auth.KindOfficer {
		return nil
	}
	for _, u := range s.Units.Now().Select(func(u orgunit.Unit) bool { return u.Class != orgunit.Territory }) {
		if s.Policies.Permits(ctx, sub, actAnswer, unitResource(u.ID)) {
			out = append(out, u.ID)
		}
	}
	today := s.Units.Today()
	for _, u := range out {
		for _, p := range s.Units.Predecessors(u, today) {
			out = append(out, p.Unit)
		}
	}
	return out
}
