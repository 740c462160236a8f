package once_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/once"
)

func migs() []db.Migrations { return []db.Migrations{once.Migrations()} }

func TestRepeatIsAnsweredAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, migs(), func(t *testing.T, d *db.DB) {
		ctx, acted := context.Background(), 0
		do := func(actor int64, key, body string) (int64, bool, error) {
			return once.Do(ctx, d, actor, key, once.Hash(body), func(context.Context, *db.Tx) (int64, error) {
				acted++
				return int64(100 + acted), nil
			})
		}
		check := func(name string, result int64, repeated bool, err error, wantResult int64, wantRepeated bool) {
			t.Helper()
			if err != nil || result != wantResult || repeated != wantRepeated {
				t.Errorf("%s: result %d, repeated %t, %v; want %d, %t", name, result, repeated, err, wantResult, wantRepeated)
			}
		}
		r, rep, err := do(1, "key-0001", "a")
		check("first", r, rep, err, 101, false)
		r, rep, err = do(1, "key-0001", "a")
		check("again", r, rep, err, 101, true)
		r, rep, err = do(2, "key-0001", "b")
		check("somebody else's key of the same text", r, rep, err, 102, false)
		if _, _, err = do(1, "key-0001", "b"); !errs.Is(err, errs.Mismatch) {
			t.Errorf("another body under the same key: %v", err)
		}
	})
}

func TestFailedCommandLeavesNoTrace(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, migs(), func(t *testing.T, d *db.DB) {
		broken := errors.New("broken")
		for i, want := range []error{broken, nil} {
			_, repeated, err := once.Do(context.Background(), d, 1, "key-0001", once.Hash(1), func(context.Context, *db.Tx) (int64, error) {
				return 7, want
			})
			if !errors.Is(err, want) || repeated {
				t.Errorf("try %d: %v, repeated %t", i, err, repeated)
			}
		}
	})
}

func TestTwinsActOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, migs(), func(t *testing.T, d *db.DB) {
		var wg sync.WaitGroup
		var next, first atomic.Int64
		results := make([]int64, 16)
		for i := range results {
			wg.Go(func() {
				r, repeated, err := once.Do(context.Background(), d, 1, "key-0001", once.Hash("x"), func(context.Context, *db.Tx) (int64, error) {
					return next.Add(1), nil
				})
				if err != nil {
					t.Errorf("twin %d: %v", i, err)
				}
				if !repeated {
					first.Add(1)
				}
				results[i] = r
			})
		}
		wg.Wait()
		for _, r := range results {
			if r != results[0] {
				t.Fatalf("twins got different results: %v", results)
			}
		}
		if first.Load() != 1 {
			t.Errorf("%d requests believe that they acted", first.Load())
		}
	})
}

func TestKeysAreForgottenAfterSevenDays(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB, []db.Migrations, ...dbtest.Option) *db.DB{"sqlite": dbtest.New, "postgres": dbtest.NewPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clk := clock.NewFake(clock.MustDate("2025-06-23").At(8, 10))
			d, ctx := open(t, migs(), dbtest.WithClock(clk)), context.Background()
			const old = 1500 // more than one batch
			err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
				for i := range int64(old) {
					if err := once.Record(tx, i, "key-0001", once.Hash(1), i); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			clk.Advance(once.Life + time.Hour)
			if err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
				return once.Record(tx, old, "key-0001", once.Hash(1), old)
			}); err != nil {
				t.Fatal(err)
			}
			if err := once.Purge(ctx, d); err != nil {
				t.Fatal(err)
			}
			for actor, want := range map[int64]bool{0: false, old - 1: false, old: true} {
				err := d.View(ctx, func(_ context.Context, v *db.View) error {
					_, found, err := once.Find(v, actor, "key-0001", once.Hash(1))
					if found != want {
						t.Errorf("key of actor %d found: %t, want %t", actor, found, want)
					}
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
