package db_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/fstest"

	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
)

// shop is a small module for this package's tests.
func shop() []db.Migrations {
	return []db.Migrations{{Module: "shop", FS: fstest.MapFS{
		"0001_item.sql": {Data: []byte(`
CREATE TABLE shop_item (
	id %INT% NOT NULL PRIMARY KEY,
	code %TEXT% NOT NULL UNIQUE,
	n %INT% NOT NULL,
	doc %JSON%,
	raw %BYTES%,
	open %BOOL% NOT NULL DEFAULT TRUE
) %STRICT%;
CREATE INDEX shop_item_n ON shop_item (n) WHERE open;
`)},
	}}}
}

func insert(tx *db.Tx, id int64, code string) error {
	return tx.Exec(`INSERT INTO shop_item (id, code, n) VALUES ($1, $2, $3)`, id, code, 0)
}

func count(t *testing.T, d *db.DB) int {
	t.Helper()
	var n int
	err := d.View(context.Background(), func(_ context.Context, v *db.View) error {
		return v.QueryRow(`SELECT count(*) FROM shop_item`).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestUnitCommitsAndIsRead(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		after := false
		err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			tx.AfterCommit(func() { after = true })
			return insert(tx, 1, "a")
		})
		if err != nil || !after {
			t.Fatalf("err %v, hook ran %v", err, after)
		}
		if n := count(t, d); n != 1 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestGuardThatMissesKeepsNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		miss := errs.E(errs.Conflict, "shop.gone")
		err := d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
			if err := insert(tx, 1, "a"); err != nil {
				return err
			}
			if err := tx.Guard(miss, `UPDATE shop_item SET n = 1 WHERE id = $1`, 99); err != nil {
				return err
			}
			return insert(tx, 2, "b")
		})
		if !errors.Is(err, miss) {
			t.Fatalf("err = %v, want the miss", err)
		}
		if n := count(t, d); n != 0 {
			t.Errorf("%d rows of a failed unit were kept", n)
		}
	})
}

func TestManyCallersShareCommits(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		const n = 200
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				if err := d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
					return insert(tx, int64(i), fmt.Sprint(i))
				}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := count(t, d); got != n {
			t.Errorf("%d rows, want %d", got, n)
		}
		if s := d.Stats(); s.Commits >= s.Units {
			t.Errorf("%d commits for %d units", s.Commits, s.Units)
		}
	})
}
