package dossier

import (
	"context"
	"slices"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

// MaxBalance is how many tasks are dealt out at once.
const MaxBalance = 100

// Deal is one task and who would get it.
type Deal struct {
	Task Task
	To   Colleague
}

// PlanBalance says how the next n tasks that nobody holds, the first due first, would be
// dealt among colleagues who hold the post: each to whom has least then. It writes nothing.
// Only the unit's head or leader may (Forbidden).
func (s *Service) PlanBalance(ctx context.Context, u orgunit.UnitID, role string, n int, among []int64) (plan []Deal, err error) {
	defer errs.Op(&err, "dossier.PlanBalance(%s %s)", u, role)
	if err := s.Policies.Can(ctx, actDeal, unitResource(u)); err != nil {
		return nil, err
	}
	people, err := s.HoldersOf(ctx, u, role)
	if err != nil {
		return nil, err
	}
	people = slices.DeleteFunc(people, func(c Colleague) bool { return !slices.Contains(among, c.Account) })
	if len(people) == 0 {
		return nil, errs.E(errs.Invalid, "dossier.balance.nobody", errs.WithFields(errs.Field{Path: "to", Key: "dossier.balance.nobody"}))
	}
	if n < 1 || n > MaxBalance {
		return nil, errs.E(errs.Invalid, "dossier.balance.number", errs.P("max", MaxBalance), errs.WithFields(
			errs.Field{Path: "n", Key: "dossier.balance.number", Params: errs.Params{"max": MaxBalance}}))
	}
	var free []Task
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		free, err = freeTasks(v, u, role, n)
		return err
	})
	for _, t := range free {
		least := 0
		for i := range people {
			if people[i].Open < people[least].Open {
				least = i
			}
		}
		plan = append(plan, Deal{Task: t, To: people[least]})
		people[least].Open++
	}
	return plan, err
}
