package person_test

import (
	"context"
	"fmt"
	"testing"

	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/register/person"
)

// TestTheKeyIsChangedWhileEverybodyWorks: at each step, on nodes that have taken it and on those
// that have not yet, everybody is found and nobody is there twice; at the end the old key opens
// nothing, and the new one all.
func TestTheKeyIsChangedWhileEverybodyWorks(t *testing.T) {
	dbtest.Each(t, []db.Migrations{journal.Migrations(), person.Migrations()}, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		const people = 230 // more than a batch
		number := func(i int) person.Number { return person.Number(fmt.Sprintf("999196%06d", i)) }
		ids := map[int]person.ID{}
		remember := func(s *person.Service, i int, f person.Facts) {
			t.Helper()
			var p person.Person
			if err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) (err error) {
				p, err = s.Remember(tx, number(i), f)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if was, ok := ids[i]; ok && was != p.ID {
				t.Fatalf("person %d is there twice", i)
			}
			ids[i] = p.ID
		}
		found := func(what string, s *person.Service) {
			t.Helper()
			for i, id := range ids {
				for _, text := range []string{string(number(i)), fmt.Sprintf("0912%06d", i), fmt.Sprintf("01%07d", i)} {
					if got, err := s.Find(ctx, text); err != nil || len(got) != 1 || got[0].ID != id || got[0].Number != number(i) {
						t.Fatalf("%s: person %d is not found by %s: %d, %v", what, i, text, len(got), err)
					}
				}
			}
		}
		facts := func(i int) person.Facts {
			return person.Facts{Name: fmt.Sprintf("Người %d", i), Phone: fmt.Sprintf("0912%06d", i), Old: fmt.Sprintf("01%07d", i)}
		}
		left := func(s *person.Service, want int) {
			t.Helper()
			if n, err := s.UnderOldKeys(ctx); err != nil || n != want {
				t.Fatalf("%d rows lie under old keys, %v; want %d", n, err, want)
			}
		}

		before := open(t, d, 1)
		for i := range people {
			remember(before, i, facts(i))
		}
		reads := open(t, d, 1, 2)  // the second key was added
		writes := open(t, d, 2, 1) // and writes, on one node first
		remember(writes, people, facts(people))
		remember(reads, people+1, facts(people+1))
		remember(writes, people+1, person.Facts{Sex: "female"}) // told again under the other key
		remember(writes, 0, person.Facts{Sex: "female"})
		remember(reads, people, person.Facts{Sex: "female"})
		found("a node that only reads the new key", reads)
		found("a node that writes it", writes)
		left(writes, people) // all but the first and the one before the last

		moved := 0
		n, err := writes.Rekey(ctx, func(done int) {
			if moved++; moved == 1 { // somebody works meanwhile
				remember(writes, people-1, person.Facts{Sex: "male"})
				found("while rows are sealed anew", reads)
			}
		})
		if err != nil || n != people-1 {
			t.Fatalf("%d rows sealed anew, %v; want %d", n, err, people-1)
		}
		left(writes, 0)
		if n, err := writes.Rekey(ctx, nil); err != nil || n != 0 {
			t.Errorf("once more: %d, %v", n, err)
		}
		after := open(t, d, 2)
		found("with the new key alone", after)
		if got, err := before.Find(ctx, string(number(5))); err != nil || len(got) != 0 {
			t.Errorf("the old key finds %d, %v", len(got), err)
		}
		if _, err := before.Get(ctx, ids[5]); !errs.Is(err, errs.Internal) {
			t.Errorf("the old key opens a row: %v", err)
		}
	})
}
