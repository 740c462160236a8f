package person

import (
	"context"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// How the key changes, while everybody works: a second key is added to the file, which reads; it
// is put first, and writes; Rekey seals anew what lies under the old one; that is dropped. Between
// the steps every node gets the file, so that none meets a row that it cannot open.

const rekeyBatch = 200

// stored is a row as the key's change sees it.
type stored struct {
	Person
	old bool // sealed or indexed by a key that is not the first
}

// Rekey seals anew every row that lies under another key than the first, with its indexes, and
// returns how many there were. It can be broken off and run again, beside running nodes.
func (s *Service) Rekey(ctx context.Context, progress func(done int)) (n int, err error) {
	defer errs.Op(&err, "person.Rekey")
	rows, err := s.eachOld(ctx, func(p Person) error {
		return s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			return reseal(tx, s.k, p, errs.E(errs.Conflict, "person.moved"))
		})
	}, progress)
	if err != nil {
		return rows, err
	}
	checks, err := s.eachOldCheck(ctx, func(c Check) error {
		return s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return resealCheck(tx, s.k, c) })
	})
	return rows + checks, err
}

// UnderOldKeys counts the rows that only another key than the first opens.
func (s *Service) UnderOldKeys(ctx context.Context) (n int, err error) {
	defer errs.Op(&err, "person.UnderOldKeys")
	rows, err := s.eachOld(ctx, func(Person) error { return nil }, nil)
	if err != nil {
		return 0, err
	}
	checks, err := s.eachOldCheck(ctx, func(Check) error { return nil })
	return rows + checks, err
}

func (s *Service) eachOld(ctx context.Context, do func(Person) error, progress func(int)) (n int, err error) {
	for after := ID(0); ; {
		var rows []stored
		err := s.d.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
			rows, err = storedAfter(v, s.k, after, rekeyBatch)
			return err
		})
		if err != nil || len(rows) == 0 {
			return n, err
		}
		for _, r := range rows {
			after = r.ID
			if !r.old {
				continue
			}
			if err := do(r.Person); errs.Is(err, errs.Conflict) {
				continue // whoever moved it sealed it
			} else if err != nil {
				return n, err
			}
			n++
		}
		if progress != nil {
			progress(n)
		}
	}
}

func (s *Service) eachOldCheck(ctx context.Context, do func(Check) error) (n int, err error) {
	for after := CheckID(0); ; {
		var all []Check
		var old []bool
		err := s.d.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
			all, old, err = checksAfter(v, s.k, after, rekeyBatch)
			return err
		})
		if err != nil || len(all) == 0 {
			return n, err
		}
		for i, c := range all {
			if after = c.ID; !old[i] {
				continue
			}
			if err := do(c); err != nil {
				return n, err
			}
			n++
		}
	}
}
