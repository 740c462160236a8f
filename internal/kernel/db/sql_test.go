package db_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
)

type item struct{}

type state string

// everything is one row with each kind of column.
type everything struct {
	ID    id.Of[item]
	Code  state
	N     int
	Doc   map[string]any
	Raw   []byte
	Open  bool
	Due   *int64
	Name  *string
	Share float64
}

func kinds() []db.Migrations {
	return []db.Migrations{{Module: "kinds", FS: mapFS("0001_kinds.sql", `
CREATE TABLE kinds_row (
	id %INT% NOT NULL PRIMARY KEY, code %TEXT% NOT NULL, n %INT% NOT NULL, doc %JSON% NOT NULL, raw %BYTES%,
	open %BOOL% NOT NULL, due %INT%, name %TEXT%, share %REAL% NOT NULL
) %STRICT%;
--pg CREATE INDEX kinds_row_doc ON kinds_row USING gin (doc);
--sqlite CREATE INDEX kinds_row_doc ON kinds_row (doc);
CREATE TABLE kinds_part (id %INT% NOT NULL PRIMARY KEY, v %TEXT% NOT NULL) %BY_RANGE(id)%;
--pg CREATE TABLE kinds_part_0 PARTITION OF kinds_part DEFAULT;
CREATE TABLE kinds_pair (a %TEXT% NOT NULL, b %INT% NOT NULL, PRIMARY KEY (a, b)) %CLUSTERED%;
`)}}
}

func scanEverything(s db.Scanner) (everything, error) {
	var e everything
	var doc json.RawMessage
	if err := s.Scan(&e.ID, &e.Code, &e.N, &doc, &e.Raw, &e.Open, &e.Due, &e.Name, &e.Share); err != nil {
		return e, err
	}
	return e, json.Unmarshal(doc, &e.Doc)
}

func TestEveryKindOfValueComesBack(t *testing.T) {
	t.Parallel()
	due, name := int64(1766000000000), "Nguyễn Thị Đào"
	rows := []everything{
		{ID: 1<<62 + 5, Code: "mở", N: -3, Doc: map[string]any{"tên": "Đào", "n": 1.5}, Raw: []byte{0, 1, 255}, Open: true, Due: &due, Name: &name, Share: 0.25},
		{ID: 2, Code: "", Doc: map[string]any{}, Raw: []byte{}},
		{ID: 3, Code: "nul", Doc: map[string]any{}},
	}
	dbtest.Each(t, kinds(), func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			for _, e := range rows {
				doc, err := json.Marshal(e.Doc)
				if err != nil {
					return err
				}
				if err := tx.Exec(`INSERT INTO kinds_row (id, code, n, doc, raw, open, due, name, share)
					VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
					e.ID, e.Code, e.N, json.RawMessage(doc), e.Raw, e.Open, e.Due, e.Name, e.Share); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []everything
		var sum, null int64
		err = d.View(ctx, func(_ context.Context, v *db.View) error {
			var err error
			if got, err = db.All(v, scanEverything, `SELECT id, code, n, doc, raw, open, due, name, share FROM kinds_row ORDER BY id DESC`); err != nil {
				return err
			}
			if err := v.QueryRow(`SELECT sum(n), count(*) FILTER (WHERE due IS NULL AND NOT open) FROM kinds_row`).Scan(&sum, &null); err != nil {
				return err
			}
			var s string
			if err := v.QueryRow(`SELECT doc ->> 'tên' FROM kinds_row WHERE id = $1`, rows[0].ID).Scan(&s); err != nil || s != "Đào" {
				t.Errorf("doc ->> 'tên' = %q, %v", s, err)
			}
			if err := v.QueryRow(`SELECT name FROM kinds_row WHERE id = 2`).Scan(&s); err == nil {
				t.Error("NULL went into a string")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]everything{rows[0], rows[2], rows[1]}, got); diff != "" {
			t.Errorf("(-stored +read)\n%s", diff)
		}
		if sum != -3 || null != 2 {
			t.Errorf("sum %d, null %d", sum, null)
		}
	})
}

// A bound LIMIT is no reason to plan a statement again, whatever its value, and bounds all the same.
func TestALimitIsNotPlannedAgain(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t, shop(), func(c *db.Config) { c.Readers = 1 })
	ctx := context.Background()
	if err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		for i := range int64(9) {
			if err := insert(tx, i, strings.Repeat("a", int(i+1))); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	plans := 0
	if err := db.TellPlans(d, func() { plans++ }); err != nil {
		t.Fatal(err)
	}
	page := func(after, limit int) (n int) {
		if err := d.View(ctx, func(_ context.Context, v *db.View) error {
			rows, err := db.All(v, scanShop, `SELECT id, code, n, doc, open FROM shop_item WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
			n = len(rows)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	page(2, 3)
	page(2, 3) // BEGIN and COMMIT are known as well
	first := plans
	if first == 0 {
		t.Fatal("no plan was told of")
	}
	for _, c := range []struct{ after, limit, want int }{{2, 3, 3}, {0, 5, 5}, {5, 50, 3}, {0, 1, 1}} {
		if got := page(c.after, c.limit); got != c.want {
			t.Errorf("%d rows after %d up to %d, want %d", got, c.after, c.limit, c.want)
		}
	}
	if plans != first {
		t.Error("the statement was planned again")
	}
}

// SQLite numbers $2 by its place in the text, PostgreSQL by its number.
func TestParametersGoByTheirNumber(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		err := d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
			if err := insert(tx, 7, "a"); err != nil {
				return err
			}
			if err := tx.Exec(`UPDATE shop_item SET n = $2, code = $3 WHERE id = $1 AND n <> $2`, 7, 42, "b"); err != nil {
				return err
			}
			var n int
			var code string
			if err := tx.QueryRow(`SELECT n, code FROM shop_item WHERE n = $2 AND id = $1`, 7, 42).Scan(&n, &code); err != nil || n != 42 || code != "b" {
				t.Errorf("n %d, code %q, %v", n, code, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestWrongArgumentsAreRefused(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]any{
		"too few":   {1, "a"},
		"too many":  {1, "a", 0, 9},
		"time.Time": {1, "a", time.Time{}},
		"struct":    {1, "a", struct{}{}},
		"too large": {1, "a", uint64(1 << 63)},
		"text":      {1, "a", "three"},
		"NUL":       {1, "a\x00b", 0},
		"bad UTF-8": {1, state("a\xff"), 0},
		"NaN":       {1, "a", math.NaN()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
				err := d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
					return tx.Exec(`INSERT INTO shop_item (id, code, n) VALUES ($1, $2, $3)`, args...)
				})
				if err == nil || count(t, d) != 0 {
					t.Errorf("err %v, %d rows", err, count(t, d))
				}
			})
		})
	}
}

func TestArgumentsOfTheCallerStayAsTheyAre(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		raw := []byte("abc")
		args := []any{id.Of[item](1), state("a"), 0, raw}
		err := d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
			if err := tx.Exec(`INSERT INTO shop_item (id, code, n, raw) VALUES ($1, $2, $3, $4)`, args...); err != nil {
				return err
			}
			if diff := cmp.Diff([]any{id.Of[item](1), state("a"), 0, []byte("abc")}, args); diff != "" {
				t.Errorf("changed (-given +now)\n%s", diff)
			}
			copy(raw, "xyz") // the buffer is used again before the commit
			args[1] = "other"
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		wantCodes(t, d, "a")
		var got []byte
		if err := d.View(context.Background(), func(_ context.Context, v *db.View) error {
			return v.QueryRow(`SELECT raw FROM shop_item`).Scan(&got)
		}); err != nil || string(got) != "abc" {
			t.Errorf("stored %q, %v", got, err)
		}
	})
}

func TestNoRowIsNotFound(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		err := d.View(context.Background(), func(_ context.Context, v *db.View) error {
			none, err := db.All(v, func(s db.Scanner) (int, error) { return 0, s.Scan(new(int)) }, `SELECT id FROM shop_item`)
			if err != nil || none != nil {
				t.Errorf("All: %v, %v", none, err)
			}
			if err := v.QueryRow(`SELECT id FROM shop_item`).Scan(new(int)); !errors.Is(err, db.ErrNoRow) {
				t.Errorf("QueryRow: %v", err)
			}
			_, err = db.One(v, func(s db.Scanner) (int, error) { return 0, s.Scan(new(int)) }, `SELECT id FROM shop_item WHERE id = $1`, 1)
			return err
		})
		if !errs.Is(err, errs.NotFound) || !errors.Is(err, db.ErrNoRow) {
			t.Errorf("One: %v", err)
		}
	})
}

func TestRefusalsAreTold(t *testing.T) {
	t.Parallel()
	migs := []db.Migrations{{Module: "ref", FS: mapFS("0001_ref.sql", `
CREATE TABLE ref_parent (id %INT% NOT NULL PRIMARY KEY) %STRICT%;
CREATE TABLE ref_child (id %INT% NOT NULL PRIMARY KEY, parent %INT% NOT NULL REFERENCES ref_parent (id), n %INT% CHECK (n > 0)) %STRICT%;
INSERT INTO ref_parent (id) VALUES (1);
`)}}
	dbtest.Each(t, migs, func(t *testing.T, d *db.DB) {
		try := func(id, parent, n any) error {
			return d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
				return tx.Exec(`INSERT INTO ref_child (id, parent, n) VALUES ($1, $2, $3)`, id, parent, n)
			})
		}
		if err := try(1, 1, 1); err != nil {
			t.Fatal(err)
		}
		if err := try(1, 1, 1); !db.IsUnique(err) || db.IsForeign(err) {
			t.Errorf("primary key: %v", err)
		}
		if err := try(2, 9, 1); !db.IsForeign(err) || db.IsUnique(err) {
			t.Errorf("foreign key: %v", err)
		}
		if err := try(3, 1, 0); !db.IsCheck(err) {
			t.Errorf("check: %v", err)
		}
		if err := try(4, nil, 1); !db.IsCheck(err) {
			t.Errorf("not null: %v", err)
		}
	})
}

func TestTextSortsByBytesOnBoth(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		for i, code := range []string{"b", "Đ", "a", "B", "ă", "_"} {
			if err := d.InTx(context.Background(), put(int64(i), code)); err != nil {
				t.Fatal(err)
			}
		}
		wantCodes(t, d, "B", "_", "a", "b", "ă", "Đ")
	})
}

// Where the engines would differ in silence, they are made to agree.
func TestEnginesAgree(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		if err := d.InTx(ctx, put(1, "Đơn ABC")); err != nil {
			t.Fatal(err)
		}
		for sql, want := range map[string]int{
			`SELECT count(*) FROM shop_item WHERE code LIKE 'Đơn a%'`:      0, // case counts
			`SELECT count(*) FROM shop_item WHERE code LIKE 'Đơn A%'`:      1,
			`SELECT count(*) FROM shop_item WHERE lower(code) = 'Đơn abc'`: 1, // ASCII only: fold in Go
			`SELECT count(*) FROM shop_item WHERE (n, id) > (0, 0)`:        1,
			`SELECT count(*) FROM shop_item WHERE open AND open = TRUE`:    1,
			`SELECT 7 / 2`:                                             3,
			`SELECT length(code) FROM shop_item`:                       7,
			`SELECT max(n) OVER () FROM shop_item`:                     0,
			`SELECT count(*) FROM shop_item WHERE doc ->> 'a' IS NULL`: 1,
		} {
			var n int
			if err := d.View(ctx, func(_ context.Context, v *db.View) error { return v.QueryRow(sql).Scan(&n) }); err != nil || n != want {
				t.Errorf("%s: %d, want %d; %v", sql, n, want, err)
			}
		}
	})
}

func TestGuardTakesInsertAndDelete(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		miss := errors.New("miss")
		once := func(_ context.Context, tx *db.Tx) error {
			return tx.Guard(miss, `INSERT INTO shop_item (id, code, n) VALUES ($1, $2, $3) ON CONFLICT (code) DO NOTHING`, 1, "a", 0)
		}
		gone := func(_ context.Context, tx *db.Tx) error {
			return tx.Guard(miss, `DELETE FROM shop_item WHERE code = $1`, "a")
		}
		for i, step := range []struct {
			do   fn
			want error
		}{{once, nil}, {once, miss}, {gone, nil}, {gone, miss}} {
			if err := d.InTx(context.Background(), step.do); !errors.Is(err, step.want) {
				t.Errorf("step %d: %v, want %v", i, err, step.want)
			}
		}
	})
}

func TestReturningIsReadAsAQuery(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		var n int
		if err := d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
			if err := insert(tx, 1, "a"); err != nil {
				return err
			}
			return tx.QueryRow(`UPDATE shop_item SET n = n + $1 WHERE id = $2 RETURNING n`, 5, 1).Scan(&n)
		}); err != nil || n != 5 {
			t.Errorf("n %d, %v", n, err)
		}
	})
}

func TestViewIsOneSnapshotAndOnlyReads(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		err := d.View(ctx, func(_ context.Context, v *db.View) error {
			var n int
			if err := v.QueryRow(`SELECT count(*) FROM shop_item`).Scan(&n); err != nil {
				return err
			}
			if err := d.InTx(ctx, put(1, "a")); err != nil {
				return err
			}
			if err := v.QueryRow(`SELECT count(*) FROM shop_item`).Scan(&n); err != nil || n != 0 {
				t.Errorf("the view saw a later commit: %d, %v", n, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := count(t, d); n != 1 {
			t.Errorf("the next view sees %d rows", n)
		}
		err = d.View(ctx, func(_ context.Context, v *db.View) error {
			return v.QueryRow(`INSERT INTO shop_item (id, code, n) VALUES (5, 'x', 0) RETURNING id`).Scan(new(int))
		})
		if err == nil {
			t.Error("a view wrote")
		}
		wantCodes(t, d, "a")
	})
}

func TestViewEndsWithItsContext(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		begun := clock.System().Now()
		err := d.View(ctx, func(_ context.Context, v *db.View) error {
			return v.QueryRow(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT count(*) FROM n`).Scan(new(int64))
		})
		if !errs.Is(err, errs.Unavailable) || clock.System().Now().Sub(begun) > 3*time.Second {
			t.Errorf("err %v after %v", err, clock.System().Now().Sub(begun))
		}
		if n := count(t, d); n != 0 { // the connection is whole again
			t.Errorf("%d rows", n)
		}
	}, func(cfg *db.Config) { cfg.Readers = 1 })
}

func TestViewWaitsForAReader(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		err := d.View(context.Background(), func(context.Context, *db.View) error {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
			defer cancel()
			err := d.View(ctx, func(_ context.Context, v *db.View) error { return v.QueryRow(`SELECT 1`).Scan(new(int)) })
			if !errs.Is(err, errs.Unavailable) {
				t.Errorf("err %v", err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}, func(cfg *db.Config) { cfg.Readers = 1 })
}

func TestQueriesAreCounted(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, shop(), func(t *testing.T, d *db.DB) {
		n := dbtest.Queries(d)
		count(t, d)
		count(t, d)
		if n() != 2 {
			t.Errorf("%d queries counted", n())
		}
	})
}

func TestBadAddressIsRefused(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "mysql://x", "sqlite:", "sqlite::memory:", "sqlite:/x?mode=ro", "postgres://127.0.0.1:1/none?connect_timeout=1"} {
		d, err := db.Open(context.Background(), db.Config{URL: url})
		if err == nil {
			t.Errorf("%q was opened", url)
			_ = d.Close()
		} else if e, ok := errs.As(err); !ok || !strings.HasPrefix(e.Key, "db.") {
			t.Errorf("%q: %v", url, err)
		}
	}
}
