package dossier

import (
	"cmp"
	"context"
	"slices"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

// Colleague is an officer with the work that they hold now, wherever it stands.
type Colleague struct {
	Account int64
	Name    string
	Open    int // tasks taken or given
	Late    int // of them past their term
}

// DealsOut reports whether the reader is head or leader of a unit, or above it: such a one
// deals out its work.
func (s *Service) DealsOut(ctx context.Context, u orgunit.UnitID) bool {
	return s.Policies.May(ctx, actDeal, unitResource(u))
}

// Colleagues are those who hold the post of a task today, the least burdened first.
func (s *Service) Colleagues(ctx context.Context, t Task) (out []Colleague, err error) {
	return s.HoldersOf(ctx, t.Unit, t.Role)
}

// HoldersOf are those who hold a post today, or may act in it, the least burdened first.
func (s *Service) HoldersOf(ctx context.Context, u orgunit.UnitID, role string) (out []Colleague, err error) {
	defer errs.Op(&err, "dossier.HoldersOf(%s %s)", u, role)
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		held, err := s.post(v, u, role, clock.DateOf(s.Clock.Now()))
		if err != nil {
			return err
		}
		if out, err = s.burdened(v, held); err != nil {
			return err
		}
		slices.SortStableFunc(out, func(a, b Colleague) int { return cmp.Compare(a.Open, b.Open) })
		return nil
	})
	return out, err
}

func (s *Service) burdened(v db.Querier, held []auth.Account) ([]Colleague, error) {
	ids := make([]int64, len(held))
	for i, a := range held {
		ids[i] = a.ID
	}
	loads, err := loadOf(v, ids, s.Clock.Now())
	out := make([]Colleague, len(held))
	for i, a := range held {
		out[i] = Colleague{Account: a.ID, Name: a.Name, Open: loads[a.ID].Open, Late: loads[a.ID].Late}
	}
	return out, err
}

// Mentionable are the officers whom a note at a task may name: those with a post where it
// stands and in the dossier's agencies, by name.
func (s *Service) Mentionable(ctx context.Context, t Task, d Dossier) (out []Colleague, err error) {
	defer errs.Op(&err, "dossier.Mentionable(%s)", t.ID)
	var roles []string
	for _, r := range orgunit.Roles() {
		roles = append(roles, string(r.Role))
	}
	me := auth.From(ctx).Account
	units := []orgunit.UnitID{t.Unit, d.Receiving, d.Competent}
	slices.Sort(units)
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		for _, u := range slices.Compact(units) {
			if u == 0 {
				continue
			}
			held, err := s.Accounts.Holders(v, scope(u), clock.DateOf(s.Clock.Now()), roles...)
			if err != nil {
				return err
			}
			for _, a := range held {
				if a.ID != me && !slices.ContainsFunc(out, func(x Colleague) bool { return x.Account == a.ID }) {
					out = append(out, Colleague{Account: a.ID, Name: a.Name})
				}
			}
		}
		return nil
	})
	return out, err
}

// checkColleague refuses to give a task to somebody who could not act on it.
func (s *Service) checkColleague(ctx context.Context, t Task, to int64) error {
	all, err := s.Colleagues(ctx, t)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(c Colleague) bool { return c.Account == to }) {
		return errs.E(errs.Invalid, "dossier.task.noColleague", errs.WithFields(errs.Field{Path: "to", Key: "dossier.task.noColleague"}))
	}
	return nil
}

// MayRecall reports whether the reader may take back a task that they handed over by
// mistake: theirs was the last act, nobody has taken the task since, and it is a task.
func (s *Service) MayRecall(ctx context.Context, t Task, lines []Line) bool {
	sub := auth.From(ctx)
	if sub.Account == 0 || !t.Open || t.Assignee != 0 {
		return false
	}
	last := int64(0)
	for _, l := range lines {
		switch {
		case l.Action != "" && l.Kind == KindOf(l.Action):
			last = l.Actor
		case l.Kind == KindClaimed || l.Kind == KindAssigned:
			last = 0
		}
	}
	return last == sub.Account
}
