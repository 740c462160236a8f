package db_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
)

type fn = func(ctx context.Context, tx *db.Tx) error

// oneWorker makes PostgreSQL gather units as SQLite's single writer does.
func oneWorker(cfg *db.Config) { cfg.Workers = 1 }

// grouped runs the units in one commit group: the writer is held until all wait
// in line. It returns what each InTx returned, or the panic it ended with.
func grouped(t *testing.T, d *db.DB, ctxs []context.Context, held func(done []chan struct{}), units ...fn) []error {
	t.Helper()
	entered, gate := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = d.InTx(context.Background(), func(context.Context, *db.Tx) error {
			once.Do(func() { close(entered) })
			<-gate
			return nil
		})
	})
	<-entered
	out := make([]error, len(units))
	done := make([]chan struct{}, len(units))
	for i, u := range units {
		done[i] = make(chan struct{})
		ctx := context.Background()
		if ctxs != nil && ctxs[i] != nil {
			ctx = ctxs[i]
		}
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					out[i], _ = p.(error)
				}
				close(done[i])
			}()
			out[i] = d.InTx(ctx, u)
		})
		for db.Waiting(d) < i+1 {
			runtime.Gosched()
		}
	}
	if held != nil {
		held(done)
	}
	close(gate)
	wg.Wait()
	return out
}

func codes(t *testing.T, d *db.DB) []string {
	t.Helper()
	var out []string
	err := d.View(context.Background(), func(_ context.Context, v *db.View) (err error) {
		out, err = db.All(v, func(s db.Scanner) (string, error) {
			var c string
			return c, s.Scan(&c)
		}, `SELECT code FROM shop_item ORDER BY code`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func put(id int64, code string) fn {
	return func(_ context.Context, tx *db.Tx) error { return insert(tx, id, code) }
}

func wantCodes(t *testing.T, d *db.DB, want ...string) {
	t.Helper()
	if got := codes(t, d); !slices.Equal(got, want) {
		t.Errorf("stored %v, want %v", got, want)
	}
}

func TestCancelledCallerHarmsNoNeighbour(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		waiting, giveUp := context.WithCancel(context.Background())
		running, cancel := context.WithCancel(context.Background())
		units := []fn{
			put(1, "a"),
			put(2, "dropped"),
			func(ctx context.Context, tx *db.Tx) error {
				if err := insert(tx, 3, "ran-on"); err != nil {
					return err
				}
				cancel() // the caller gives up in the middle of its own unit
				if ctx.Err() != nil {
					t.Error("the unit's context knows of the caller's cancellation")
				}
				return tx.Exec(`UPDATE shop_item SET n = 1 WHERE id = $1`, 3)
			},
			put(4, "b"),
		}
		got := grouped(t, d, []context.Context{nil, waiting, running, nil}, func(done []chan struct{}) {
			giveUp()
			<-done[1]
		}, units...)
		for i, want := range []error{nil, context.Canceled, nil, nil} {
			if !errors.Is(got[i], want) || want == nil && got[i] != nil {
				t.Errorf("unit %d: %v, want %v", i, got[i], want)
			}
		}
		wantCodes(t, d, "a", "b", "ran-on")
	}, oneWorker)
}

func TestUniqueViolationHarmsOnlyItsUnit(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		got := grouped(t, d, nil, nil, put(1, "a"), put(2, "b"), func(_ context.Context, tx *db.Tx) error {
			if err := insert(tx, 9, "half"); err != nil {
				return err
			}
			return insert(tx, 3, "a")
		}, put(4, "c"))
		if !db.IsUnique(got[2]) {
			t.Errorf("the clash: %v", got[2])
		}
		for _, i := range []int{0, 1, 3} {
			if got[i] != nil {
				t.Errorf("unit %d: %v", i, got[i])
			}
		}
		wantCodes(t, d, "a", "b", "c")
	}, oneWorker)
}

func TestGuardMissHarmsOnlyItsUnit(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		miss := errs.E(errs.Conflict, "shop.taken")
		claim := func(_ context.Context, tx *db.Tx) error {
			if err := tx.Guard(miss, `UPDATE shop_item SET n = n + 1 WHERE id = $1 AND n = $2`, 1, 0); err != nil {
				return err
			}
			return insert(tx, 100, "claimed")
		}
		if err := d.InTx(context.Background(), put(1, "task")); err != nil {
			t.Fatal(err)
		}
		got := grouped(t, d, nil, nil, put(2, "a"), claim, claim, put(3, "b"))
		if got[0] != nil || got[1] != nil || got[3] != nil {
			t.Errorf("neighbours: %v", got)
		}
		if !errors.Is(got[2], miss) {
			t.Errorf("the second claim: %v, want the miss", got[2])
		}
		wantCodes(t, d, "a", "b", "claimed", "task")
	}, oneWorker)
}

func TestBrokenUnitHarmsOnlyItself(t *testing.T) {
	t.Parallel()
	half := func(tx *db.Tx) error { return insert(tx, 2, "half") }
	sent := func(tx *db.Tx) error { // on PostgreSQL the read sends the write first
		if err := half(tx); err != nil {
			return err
		}
		return tx.QueryRow(`SELECT count(*) FROM shop_item`).Scan(new(int))
	}
	for name, broken := range map[string]fn{
		"error":      func(_ context.Context, tx *db.Tx) error { return errors.Join(half(tx), errors.New("no")) },
		"error-sent": func(_ context.Context, tx *db.Tx) error { return errors.Join(sent(tx), errors.New("no")) },
		"panic":      func(_ context.Context, tx *db.Tx) error { panic(half(tx)) },
		"panic-sent": func(_ context.Context, tx *db.Tx) error { panic(fmt.Sprint("broken ", sent(tx))) },
		"goexit": func(_ context.Context, tx *db.Tx) error { // what t.Fatal does inside a unit
			_ = sent(tx)
			runtime.Goexit()
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
				got := grouped(t, d, nil, nil, put(1, "a"), broken, put(3, "b"))
				if got[0] != nil || got[2] != nil || got[1] == nil {
					t.Errorf("got %v", got)
				}
				wantCodes(t, d, "a", "b")
				if err := d.InTx(context.Background(), put(5, "later")); err != nil {
					t.Errorf("afterwards: %v", err)
				}
			}, oneWorker)
		})
	}
}

// TestUnitsThatFailCostOthersLittle: the first failure runs its neighbours again; those of the
// next while are undone by themselves.
func TestUnitsThatFailCostOthersLittle(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t, shop())
	runs := 0
	for i := range int64(5) {
		got := grouped(t, d, nil, nil, func(_ context.Context, tx *db.Tx) error {
			runs++
			return insert(tx, i*10, fmt.Sprint("a", i))
		}, func(_ context.Context, tx *db.Tx) error {
			return errors.Join(insert(tx, i*10+1, fmt.Sprint("b", i)), errors.New("no"))
		})
		if got[0] != nil || got[1] == nil {
			t.Errorf("group %d: %v", i, got)
		}
	}
	if runs != 6 {
		t.Errorf("the neighbours of 5 failures ran %d times, want 6", runs)
	}
	wantCodes(t, d, "a0", "a1", "a2", "a3", "a4")
}

func TestTransactionLostInTheMiddleIsRunAgain(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t, shop())
	runs := 0
	got := grouped(t, d, nil, nil, put(1, "a"), func(_ context.Context, tx *db.Tx) error {
		runs++
		return insert(tx, 2, "b")
	}, func(_ context.Context, tx *db.Tx) error {
		// OR ROLLBACK ends the whole transaction, as a full disk may.
		_ = tx.Exec(`INSERT OR ROLLBACK INTO shop_item (id, code, n) VALUES ($1, $2, $3)`, 3, "a", 0)
		return insert(tx, 4, "stray") // must not run outside a transaction
	}, put(5, "c"))
	if got[0] != nil || got[1] != nil || got[3] != nil || !db.IsUnique(got[2]) {
		t.Errorf("got %v", got)
	}
	if runs != 2 {
		t.Errorf("the neighbour ran %d times, want 2", runs)
	}
	wantCodes(t, d, "a", "b", "c")
}

func TestFailedCommitIsTriedUnitByUnit(t *testing.T) {
	t.Parallel()
	var commits atomic.Int32
	d := dbtest.New(t, shop(), func(cfg *db.Config) {
		db.FailCommit(cfg, func() error {
			if commits.Add(1) == 1 {
				return errors.New("disk full")
			}
			return nil
		})
	})
	var hooks atomic.Int32
	unit := func(id int64, code string) fn {
		return func(_ context.Context, tx *db.Tx) error {
			tx.AfterCommit(func() { hooks.Add(1) })
			return insert(tx, id, code)
		}
	}
	got := grouped(t, d, nil, nil, unit(1, "a"), unit(2, "b"))
	if got[0] != nil || got[1] != nil {
		t.Errorf("got %v", got)
	}
	if hooks.Load() != 2 {
		t.Errorf("%d hooks ran, want one a unit", hooks.Load())
	}
	wantCodes(t, d, "a", "b")
}

func TestSealerRunsOncePerCommit(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t, shop())
	var batches [][]any
	refuse, seals := false, int64(1000)
	s := &db.Sealer{Fn: func(tx *db.Tx, vals []any) error {
		if refuse && len(vals) > 1 {
			return errors.New("not together")
		}
		batches = append(batches, slices.Clone(vals))
		seals++
		return insert(tx, seals, "seal-"+vals[0].(string)) //nolint:forcetypeassert // given below
	}}
	unit := func(id int64, code string, err error) fn {
		return func(_ context.Context, tx *db.Tx) error {
			tx.AtSeal(s, code)
			if err != nil {
				return err
			}
			return insert(tx, id, code)
		}
	}
	grouped(t, d, nil, nil, unit(1, "a", nil), unit(2, "x", errors.New("no")), unit(3, "b", nil))
	if len(batches) != 1 || !slices.Equal(batches[0], []any{"a", "b"}) {
		t.Fatalf("sealed %v", batches)
	}
	wantCodes(t, d, "a", "b", "seal-a")
	batches, refuse = nil, true
	got := grouped(t, d, nil, nil, unit(4, "c", nil), unit(5, "d", nil))
	if got[0] != nil || got[1] != nil || len(batches) != 2 {
		t.Errorf("after the sealer refused the group: %v, sealed %v", got, batches)
	}
	wantCodes(t, d, "a", "b", "c", "d", "seal-a", "seal-c", "seal-d")
}

func TestSealNeedsASingleWriter(t *testing.T) {
	t.Parallel()
	d := dbtest.NewPostgres(t, shop())
	err := d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
		tx.AtSeal(&db.Sealer{}, 1)
		return insert(tx, 1, "a")
	})
	if err == nil || count(t, d) != 0 {
		t.Errorf("err %v, %d rows", err, count(t, d))
	}
}
