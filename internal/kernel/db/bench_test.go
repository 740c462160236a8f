package db_test

import (
	"context"
	"fmt"
	"testing"

	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
)

type shopRow struct {
	id, n int64
	code  string
	doc   *string
	open  bool
}

func scanShop(s db.Scanner) (shopRow, error) {
	var r shopRow
	return r, s.Scan(&r.id, &r.code, &r.n, &r.doc, &r.open)
}

// engines runs a benchmark on each engine over a shop of 1,000 items.
func engines(b *testing.B, bench func(b *testing.B, d *db.DB)) {
	b.Helper()
	for _, e := range []struct {
		name string
		open func(testing.TB, []db.Migrations, ...dbtest.Option) *db.DB
	}{{"sqlite", dbtest.New}, {"postgres", dbtest.NewPostgres}} {
		b.Run(e.name, func(b *testing.B) {
			d := e.open(b, shop(), func(c *db.Config) { c.Strict = false })
			err := d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
				for i := range int64(1000) {
					if err := insert(tx, i, fmt.Sprintf("H26.16.07-250623-%06d", i)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			bench(b, d)
		})
	}
}

// BenchmarkViewOne is a page's read of one row by its code.
func BenchmarkViewOne(b *testing.B) {
	engines(b, func(b *testing.B, d *db.DB) {
		for i := range b.N {
			code := fmt.Sprintf("H26.16.07-250623-%06d", i%1000)
			if err := d.View(context.Background(), func(_ context.Context, v *db.View) error {
				_, err := db.One(v, scanShop, `SELECT id, code, n, doc, open FROM shop_item WHERE code = $1`, code)
				return err
			}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkViewLimit is a page of one row whose length is bound.
func BenchmarkViewLimit(b *testing.B) {
	engines(b, func(b *testing.B, d *db.DB) {
		for i := range b.N {
			if err := d.View(context.Background(), func(_ context.Context, v *db.View) error {
				_, err := db.All(v, scanShop, `SELECT id, code, n, doc, open FROM shop_item WHERE id > $1 ORDER BY id LIMIT $2`, i%900, 1)
				return err
			}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkViewQueue is a page of 50 rows.
func BenchmarkViewQueue(b *testing.B) {
	engines(b, func(b *testing.B, d *db.DB) {
		for i := range b.N {
			if err := d.View(context.Background(), func(_ context.Context, v *db.View) error {
				rows, err := db.All(v, scanShop, `SELECT id, code, n, doc, open FROM shop_item WHERE id > $1 ORDER BY id LIMIT 50`, i%900)
				if len(rows) != 50 {
					b.Fatalf("%d rows", len(rows))
				}
				return err
			}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkUnit is one caller's unit of one insert: mostly the sync.
func BenchmarkUnit(b *testing.B) {
	engines(b, func(b *testing.B, d *db.DB) {
		for i := range b.N {
			if err := d.InTx(context.Background(), put(int64(10_000+i), fmt.Sprint(i))); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkStatement is one insert among 500 of a unit: the price of a statement.
func BenchmarkStatement(b *testing.B) {
	engines(b, func(b *testing.B, d *db.DB) {
		for from := 0; from < b.N; from += 500 {
			if err := d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
				for i := from; i < min(from+500, b.N); i++ {
					if err := insert(tx, int64(10_000+i), fmt.Sprint(i)); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
