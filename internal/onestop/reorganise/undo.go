package reorganise

import (
	"context"
	"maps"
	"slices"

	"khue/internal/kernel/db"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

// undoBatch takes back the next dossiers that an act moved. Each goes back as it came where
// nobody has acted on it since; the others stay and are told.
func (s *Service) undoBatch(ctx context.Context, a Act) (next Act, err error) {
	next = a
	var page []Item
	var seen map[dossier.ID]bool
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if page, err = movedAfter(v, a.Undoes, a.Place, batchSize); err != nil || len(page) == 0 {
			return err
		}
		seen, err = itemsBetween(v, a.ID, a.Place, page[len(page)-1].Dossier)
		return err
	})
	if err != nil {
		return next, err
	}
	if len(page) == 0 {
		next.Status = Done
		return next, nil
	}
	next.Place = page[len(page)-1].Dossier
	byID := make(map[dossier.ID]Item, len(page))
	var todo []dossier.ID
	for _, i := range page {
		if byID[i.Dossier] = i; !seen[i.Dossier] {
			todo = append(todo, i.Dossier)
		}
	}
	return next, s.each(ctx, todo, func(ctx context.Context, v dossier.ID) error { return s.takeBack(ctx, a, byID[v]) })
}

// takeBack moves one dossier to where an act found it.
func (s *Service) takeBack(ctx context.Context, a Act, did Item) error {
	var ver Verdict
	var was dossier.Dossier
	err := s.Dossiers.Relocate(ctx, did.Dossier, func(st dossier.Standing) (*dossier.Relocation, error) {
		was, ver = st.Dossier, Verdict{Why: WhyUndone}
		switch {
		case was.State.Ended():
			ver.Why = WhyEnded
		case was.Version != did.Version || did.Shift == nil || !untouched(st, did.Shift):
			ver.Why = WhyActedOn
		default:
			ver.Move = back(a, was, did.Shift)
		}
		return ver.Move, nil
	}, func(tx *db.Tx, r dossier.Relocated) error {
		i := s.item(tx, a, was, r, ver)
		if r.Shift != nil {
			i.Outcome = Undone
		}
		if err := insertItem(tx, i); err != nil || r.Shift == nil {
			return err
		}
		if err := closeSplit(tx, was.ID); err != nil {
			return err
		}
		return s.followed(tx, r)
	})
	if db.IsUnique(err) {
		return nil
	}
	return err
}

// untouched reports whether the tasks still lie where the move put them.
func untouched(st dossier.Standing, sh *dossier.Shift) bool {
	return !slices.ContainsFunc(sh.Tasks, func(m dossier.ShiftedTask) bool {
		return !slices.ContainsFunc(st.Tasks, func(t dossier.Task) bool { return t.ID == m.Task && t.Open && t.Unit == m.To && t.Step == m.Step })
	})
}

// back is the move that takes another back. A dossier that had moved before keeps the
// heritage of then.
func back(a Act, d dossier.Dossier, sh *dossier.Shift) *dossier.Relocation {
	r := &dossier.Relocation{
		Act: int64(a.ID), Plan: a.Digest, Why: string(WhyUndone), Basis: a.Reason, By: a.DecidedBy,
		Reception: orgunit.UnitID(sh.Reception[0]), Receiving: orgunit.UnitID(sh.Receiving[0]), Competent: orgunit.UnitID(sh.Competent[0]),
		Back: map[dossier.TaskID]dossier.ShiftedTask{}, Undo: true,
	}
	for _, t := range sh.Tasks {
		r.Back[t.Task] = t
	}
	if h := d.Heritage; h == nil || h.Receiving == r.Receiving && h.Competent == r.Competent {
		r.Bare = true
	} else {
		r.Heritage = dossier.Heritage{Units: maps.Clone(h.Units), Roles: h.Roles, Skip: h.Skip}
	}
	return r
}
