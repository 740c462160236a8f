package db_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
)

func TestInnerErrorMakesTheUnitRollbackOnly(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		inner := errors.New("inner")
		err := d.InTx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
			if err := insert(tx, 1, "a"); err != nil {
				return err
			}
			_ = d.InTx(ctx, func(_ context.Context, tx2 *db.Tx) error { // swallowed on purpose
				if tx2 != tx {
					t.Error("InTx did not join")
				}
				return inner
			})
			return nil
		})
		if !errors.Is(err, inner) || count(t, d) != 0 {
			t.Errorf("err %v, %d rows", err, count(t, d))
		}
	})
}

func TestInnerPanicRecoveredKeepsNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		err := d.InTx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
			func() {
				defer func() { _ = recover() }()
				_ = d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
					if err := insert(tx, 1, "half"); err != nil {
						return err
					}
					panic("inner")
				})
			}()
			return nil
		})
		if err == nil || count(t, d) != 0 {
			t.Errorf("err %v, %d rows", err, count(t, d))
		}
	})
}

func TestSwallowedStatementErrorKeepsNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		err := d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
			_ = insert(tx, 1, "a")
			_ = insert(tx, 2, "a")
			_ = insert(tx, 3, "c")
			return nil
		})
		if !db.IsUnique(err) || count(t, d) != 0 {
			t.Errorf("err %v, %d rows", err, count(t, d))
		}
	})
}

func TestUnitReadsItsOwnWrites(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		err := d.InTx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
			for i := range int64(3) {
				if err := insert(tx, i, string(rune('a'+i))); err != nil {
					return err
				}
				var n int64
				if err := tx.QueryRow(`SELECT count(*) FROM shop_item`).Scan(&n); err != nil {
					return err
				}
				if n != i+1 {
					t.Errorf("after %d inserts the unit sees %d", i+1, n)
				}
			}
			return d.View(ctx, func(_ context.Context, v *db.View) error { // a service that only reads joins too
				var n int
				if err := v.QueryRow(`SELECT count(*) FROM shop_item`).Scan(&n); err != nil || n != 3 {
					t.Errorf("the view inside the unit sees %d, %v", n, err)
				}
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestUnitOutsideItsTime(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		var kept *db.Tx
		var inside context.Context
		if err := d.InTx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
			kept, inside = tx, ctx
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := insert(kept, 1, "late"); err == nil {
			t.Error("a unit that ended still writes")
		}
		if err := d.InTx(inside, put(2, "new")); err != nil {
			t.Errorf("a context that outlived its unit: %v", err)
		}
		wantCodes(t, d, "new")
	})
}

func TestQueryWhileRowsAreOpenIsRefused(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		for i, code := range []string{"a", "b"} {
			if err := d.InTx(ctx, put(int64(i), code)); err != nil {
				t.Fatal(err)
			}
		}
		err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			rows := tx.Query(`SELECT id FROM shop_item`)
			defer rows.Close()
			rows.Next()
			return insert(tx, 9, "z")
		})
		if err == nil || !strings.Contains(err.Error(), "rows are open") {
			t.Errorf("write: %v", err)
		}
		err = d.View(ctx, func(_ context.Context, v *db.View) error {
			rows := v.Query(`SELECT id FROM shop_item`)
			defer rows.Close()
			rows.Next()
			return v.QueryRow(`SELECT 1`).Scan(new(int))
		})
		if err == nil || !strings.Contains(err.Error(), "rows are open") {
			t.Errorf("view: %v", err)
		}
		if err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			tx.Query(`SELECT id FROM shop_item`).Next()
			return nil
		}); err == nil {
			t.Error("rows left open were accepted")
		}
		wantCodes(t, d, "a", "b")
	})
}

func TestTimeStandsStillInAUnit(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 6, 23, 8, 0, 0, 123456789, clock.Zone)
	fake := clock.NewFake(at)
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		if err := d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
			first := tx.Now()
			if first.Nanosecond() != 123000000 || !db.Time(db.Millis(first)).Equal(first) {
				t.Errorf("now = %v", first)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}, dbtest.WithClock(fake))
}

func TestNestedUnitWithTheWrongContextPanics(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		outside := context.Background()
		defer func() {
			if p := recover(); p == nil || !strings.Contains(p.(error).Error(), "context that does not carry it") { //nolint:errcheck,forcetypeassert // a panic of ours
				t.Errorf("recovered %v", p)
			}
		}()
		_ = d.InTx(outside, func(context.Context, *db.Tx) error { return d.InTx(outside, put(1, "a")) })
	})
}

func TestNestedUnitWithTheWrongContextTimesOutInProduction(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		outside := context.Background()
		var inner error
		if err := d.InTx(outside, func(context.Context, *db.Tx) error {
			inner = d.InTx(outside, put(1, "a"))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if !errs.Is(inner, errs.Unavailable) || !strings.Contains(inner.Error(), "TestNestedUnitWithTheWrongContextTimesOut") {
			t.Errorf("inner = %v", inner)
		}
	}, oneWorker, func(cfg *db.Config) { cfg.Strict, cfg.Stuck = false, 50*time.Millisecond })
}

func TestClosedDatabaseRefuses(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		if err := d.InTx(context.Background(), put(1, "a")); !errs.Is(err, errs.Unavailable) {
			t.Errorf("InTx: %v", err)
		}
		if err := d.View(context.Background(), func(context.Context, *db.View) error { return nil }); !errs.Is(err, errs.Unavailable) {
			t.Errorf("View: %v", err)
		}
	})
}
