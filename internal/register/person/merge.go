package person

import (
	"context"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/register/access"
)

// Pair are two rows that may be one person, and what they have in common.
type Pair struct {
	A, B Person
	Why  []string // old, birth, call
}

// maxPairs is how many pairs a page shows.
const maxPairs = 50

// Duplicates lists pairs of rows that may be one person: the same old number, the same name
// and day of birth, the same name and telephone number. Pairs that somebody told apart are
// left out.
func (s *Service) Duplicates(ctx context.Context) (out []Pair, err error) {
	defer errs.Op(&err, "person.Duplicates")
	err = s.d.DB.View(ctx, func(_ context.Context, v *db.View) error {
		found, err := duplicates(v, maxPairs)
		if err != nil {
			return err
		}
		at := map[[2]ID]int{}
		for _, f := range found {
			key := [2]ID{f.a, f.b}
			if i, ok := at[key]; ok {
				out[i].Why = append(out[i].Why, f.why)
				continue
			}
			p, err := s.pair(v, f.a, f.b)
			if err != nil {
				return err
			}
			p.Why = []string{f.why}
			at[key] = len(out)
			out = append(out, p)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var people []Person
	for _, p := range out {
		people = append(people, p.A, p.B)
	}
	return out, s.d.Looks.Looked(ctx, Look(access.List, Basis{Kind: BasisSteward}, people...))
}

// PairOf reads two people side by side.
func (s *Service) PairOf(ctx context.Context, a, b ID) (p Pair, err error) {
	defer errs.Op(&err, "person.PairOf(%s, %s)", a, b)
	err = s.d.DB.View(ctx, func(_ context.Context, v *db.View) error {
		p, err = s.pair(v, a, b)
		return err
	})
	if err == nil && p.A.ID == p.B.ID {
		err = errs.E(errs.Conflict, "person.merge.one")
	}
	if err != nil {
		return p, err
	}
	return p, s.d.Looks.Looked(ctx, Look(access.Person, Basis{Kind: BasisSteward}, p.A, p.B))
}

func (s *Service) pair(q db.Querier, a, b ID) (p Pair, err error) {
	if p.A, err = get(q, s.k, a); err != nil {
		return p, err
	}
	p.B, err = get(q, s.k, b)
	return p, err
}

// Merged is a merge that was made.
type Merged struct {
	ID         id.Of[Merged]
	Kept, Gone ID
	Reason     string
	By         string
	At         time.Time
	Undone     bool
}

// Merge makes two rows one person: gone is read as kept from then on, and whatever points at
// either is found under both. Conflict where both have an account: one of them is let go
// first, see UnlinkOf.
func (s *Service) Merge(ctx context.Context, kept, gone ID, reason string) (err error) {
	defer errs.Op(&err, "person.Merge(%s, %s)", kept, gone)
	if reason, err = reasonOf(reason); err != nil {
		return err
	}
	sub := auth.From(ctx)
	return s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		p, err := s.pair(tx, kept, gone)
		if err != nil {
			return err
		}
		if p.A.ID != kept || p.B.ID != gone || kept == gone {
			return errs.E(errs.Conflict, "person.merge.one")
		}
		_, one, err := linkTo(tx, kept)
		if err != nil {
			return err
		}
		if _, two, err := linkTo(tx, gone); err != nil || one && two {
			if err == nil {
				err = errs.E(errs.Conflict, "person.merge.accounts")
			}
			return err
		}
		if err := setInto(tx, gone, kept, 0, errs.E(errs.Conflict, "person.merge.one")); err != nil {
			return err
		}
		m := Merged{ID: id.New[Merged](s.d.Gen), Kept: kept, Gone: gone, Reason: reason, By: sub.Name, At: tx.Now()}
		if err := insertMerge(tx, m); err != nil {
			return err
		}
		return s.append(tx, KindMerged, SubjectType, int64(kept), sub.Account, "", Told{By: sub.Name, Reason: reason, Other: gone.String()})
	})
}

// Unmerge takes a merge back: both are read as they were. Conflict where it was done.
func (s *Service) Unmerge(ctx context.Context, v id.Of[Merged], reason string) (err error) {
	defer errs.Op(&err, "person.Unmerge(%s)", v)
	if reason, err = reasonOf(reason); err != nil {
		return err
	}
	sub := auth.From(ctx)
	return s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		m, err := findMerge(tx, v)
		if err != nil {
			return err
		}
		undone := errs.E(errs.Conflict, "person.merge.undone")
		if err := undoMerge(tx, v, undone); err != nil {
			return err
		}
		if err := setInto(tx, m.Gone, 0, m.Kept, undone); err != nil {
			return err
		}
		return s.append(tx, KindUnmerged, SubjectType, int64(m.Kept), sub.Account, "", Told{By: sub.Name, Reason: reason, Other: m.Gone.String()})
	})
}

// Apart says that two rows are two people: they are not proposed again.
func (s *Service) Apart(ctx context.Context, a, b ID, reason string) (err error) {
	defer errs.Op(&err, "person.Apart(%s, %s)", a, b)
	if reason, err = reasonOf(reason); err != nil {
		return err
	}
	sub := auth.From(ctx)
	return s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if _, err := s.pair(tx, a, b); err != nil {
			return err
		}
		if err := insertDistinct(tx, min(a, b), max(a, b)); err != nil {
			return err
		}
		return s.append(tx, KindDistinct, SubjectType, int64(a), sub.Account, "", Told{By: sub.Name, Reason: reason, Other: b.String()})
	})
}

// Merges lists the merges that hold, the youngest first.
func (s *Service) Merges(ctx context.Context) (out []Merged, err error) {
	defer errs.Op(&err, "person.Merges")
	err = s.d.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = merges(v, maxPairs)
		return err
	})
	if err != nil {
		return nil, err
	}
	var people []Person
	for _, m := range out {
		people = append(people, Person{ID: m.Kept})
	}
	return out, s.d.Looks.Looked(ctx, Look(access.List, Basis{Kind: BasisSteward}, people...))
}

// Linked reports whether a person has an account.
func (s *Service) Linked(ctx context.Context, v ID) (ok bool, err error) {
	err = s.d.DB.View(ctx, func(_ context.Context, q *db.View) error {
		_, ok, err = linkTo(q, v)
		return err
	})
	return ok, err
}

// reindex gives the digests of comparison to rows from before there were any.
func (s *Service) reindex(ctx context.Context, _ jobs.Task) error {
	const batch = 200
	for after := ID(0); ; {
		var rows []Person
		err := s.d.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
			rows, err = unindexed(v, s.k, after, batch)
			return err
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, p := range rows {
			after = p.ID
			if _, _, birth, call := s.k.indexes(p); birth == "" && call == "" {
				continue
			}
			err := s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
				return update(tx, s.k, p, errs.E(errs.Conflict, "person.moved"))
			})
			if err != nil && !errs.Is(err, errs.Conflict) { // whoever moved it gave it its digests
				return err
			}
		}
	}
}
