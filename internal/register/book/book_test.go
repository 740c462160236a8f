package book_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/register/book"
	"khue/internal/register/orgunit"
)

// self lets a post reach its own unit alone.
type self struct{}

func (self) Covers(_ context.Context, scope, what string) bool { return scope == what }

func open(t *testing.T, d *db.DB) (*book.Service, *journal.Journal, orgunit.UnitID) {
	t.Helper()
	clk := clock.NewFake(clock.MustDate("2026-11-02").At(9, 0))
	gen := id.NewGen(1, clk)
	signer, err := journal.NewKey("test")
	if err != nil {
		t.Fatal(err)
	}
	units, err := orgunit.New(d, clk, gen, nil)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := auth.NewPolicies(self{}, orgunit.ActsAs, book.Policies())
	if err != nil {
		t.Fatal(err)
	}
	j := journal.New(d, gen, signer, slog.New(slog.NewTextHandler(io.Discard, nil)))
	return book.New(book.Deps{DB: d, Gen: gen, Journal: j, Units: units, Policies: rules}), j, units.Now().Government().ID
}

func migrations() []db.Migrations {
	return []db.Migrations{journal.Migrations(), orgunit.Migrations(), book.Migrations()}
}

func officer(u orgunit.UnitID) context.Context {
	return auth.With(context.Background(), auth.Subject{Account: 1, Name: "Lê Thu", Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: "clerk", Scope: "unit:" + u.String()}}})
}

// Many takers at once, a third of whose acts fail after they took a number: every book holds
// 1 to n, each once, and each number is the one that its taker was told.
func TestNumbersHaveNoGapAndNoDouble(t *testing.T) {
	dbtest.Each(t, migrations(), func(t *testing.T, d *db.DB) {
		s, j, unit := open(t, d)
		books := []book.Book{{Unit: unit, Kind: "building-permit", Year: 2026}, {Unit: unit, Kind: "certified-copy", Year: 2026}, {Unit: unit, Kind: "building-permit", Year: 2027}}
		failed := errors.New("the act failed")
		var mu sync.Mutex
		given := map[book.Book]map[int64]int64{} // number to subject
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(7, uint64(w)))
				for i := range 25 {
					b, fails, subject := books[r.IntN(len(books))], r.IntN(3) == 0, int64(1+w*100+i)
					var n book.Number
					err := d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) (err error) {
						if n, err = s.TakeIn(tx, b, book.Subject{Type: "test", ID: subject}, book.Actor{Account: 1, Name: "Lê Thu"}); err != nil {
							return err
						}
						if fails {
							return failed
						}
						return nil
					})
					if fails {
						if !errors.Is(err, failed) {
							t.Errorf("a failing act gave %v", err)
						}
						continue
					}
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					if given[b] == nil {
						given[b] = map[int64]int64{}
					}
					if other, twice := given[b][n.N]; twice {
						t.Errorf("number %d of %v was given to %d and to %d", n.N, b, other, subject)
					}
					given[b][n.N] = subject
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		total := 0
		for _, b := range books {
			lines, _, err := s.Lines(officer(unit), b, 0)
			if err != nil {
				t.Fatal(err)
			}
			for i, n := range lines {
				if n.N != int64(i+1) || given[b][n.N] != n.Subject.ID {
					t.Fatalf("line %d of %v is number %d for %d, taken by %d", i+1, b, n.N, n.Subject.ID, given[b][n.N])
				}
			}
			if len(lines) != len(given[b]) {
				t.Errorf("%v holds %d numbers, %d were given", b, len(lines), len(given[b]))
			}
			total += len(lines)
		}
		if total == 0 {
			t.Fatal("nothing was numbered")
		}
		_ = j
	})
}

// A number that is made void keeps its place and says why; the next is not the same.
func TestVoidNumbersStay(t *testing.T) {
	dbtest.Each(t, migrations(), func(t *testing.T, d *db.DB) {
		s, j, unit := open(t, d)
		b := book.Book{Unit: unit, Kind: "building-permit", Year: 2026}
		take := func() (n book.Number) {
			t.Helper()
			err := d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) (err error) {
				n, err = s.TakeIn(tx, b, book.Subject{Type: "test", ID: 5, Code: "H26-1"}, book.Actor{})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		first := take()
		void := func() error {
			return d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
				return s.VoidIn(tx, first.ID, "Giấy in hỏng", book.Actor{Account: 3, Name: "Vũ An"})
			})
		}
		if err := void(); err != nil {
			t.Fatal(err)
		}
		if err := void(); !errs.Is(err, errs.Conflict) {
			t.Errorf("voiding twice gave %v", err)
		}
		if n := take(); n.N != 2 {
			t.Errorf("after a void number came %d", n.N)
		}
		lines, _, err := s.Lines(officer(unit), b, 0)
		if err != nil || len(lines) != 2 || !lines[0].Void() || lines[0].VoidWhy != "Giấy in hỏng" || lines[1].Void() {
			t.Fatalf("the book holds %+v, %v", lines, err)
		}
		kept, err := s.Books(officer(unit), unit)
		if err != nil || len(kept) != 1 || kept[0].Last != 2 || kept[0].Void != 1 {
			t.Fatalf("the list of books is %+v, %v", kept, err)
		}
		rs, err := j.BySubject(context.Background(), journal.Subject{Type: book.SubjectType, ID: int64(first.ID)}, 0, 10)
		if err != nil || len(rs) != 2 || rs[0].Kind != book.EventTaken || rs[1].Kind != book.EventVoid {
			t.Errorf("the journal says %v, %v", rs, err)
		}
		if _, _, err := s.Lines(officer(unit+1), b, 0); !errs.Is(err, errs.Forbidden) {
			t.Errorf("an officer of another unit got %v", err)
		}
	})
}
