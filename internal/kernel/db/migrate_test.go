package db_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/fstest"

	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
)

// mapFS holds files given as name, text pairs.
func mapFS(nameText ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(nameText); i += 2 {
		m[nameText[i]] = &fstest.MapFile{Data: []byte(nameText[i+1])}
	}
	return m
}

const (
	first  = "CREATE TABLE mig_a (id %INT% NOT NULL PRIMARY KEY) %STRICT%;"
	second = "-- a comment; with a semicolon\nALTER TABLE mig_a ADD COLUMN n %INT% NOT NULL DEFAULT 0;\nCREATE INDEX mig_a_n ON mig_a (n);"
)

func TestMigrateStepsOnceWithCodeAround(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, nil, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		one := []db.Migrations{{Module: "mig", FS: mapFS("0001_a.sql", first)}}
		if names, err := d.Pending(ctx, one); err != nil || !slices.Equal(names, []string{"mig/0001_a"}) {
			t.Fatalf("pending %v, %v", names, err)
		}
		if err := d.Migrate(ctx, one); err != nil {
			t.Fatal(err)
		}
		var calls []string
		two := []db.Migrations{{
			Module: "mig", FS: mapFS("0001_a.sql", first, "0002_b.sql", second),
			Before: map[int]func(context.Context, *db.Tx) error{2: func(_ context.Context, tx *db.Tx) error {
				calls = append(calls, "before")
				return tx.Exec(`INSERT INTO mig_a (id) VALUES (1)`)
			}},
			After: map[int]func(context.Context, *db.Tx) error{2: func(ctx context.Context, _ *db.Tx) error {
				calls = append(calls, "after")
				return d.InTx(ctx, func(_ context.Context, tx *db.Tx) error { // a store's method joins
					return tx.Guard(errors.New("no row"), `UPDATE mig_a SET n = 5 WHERE id = 1`)
				})
			}},
		}}
		for range 2 {
			if err := d.Migrate(ctx, two); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(calls, []string{"before", "after"}) {
			t.Errorf("code ran as %v", calls)
		}
		if names, err := d.Pending(ctx, two); err != nil || names != nil {
			t.Errorf("pending %v, %v", names, err)
		}
		var n int
		if err := d.View(ctx, func(_ context.Context, v *db.View) error {
			return v.QueryRow(`SELECT n FROM mig_a WHERE id = 1`).Scan(&n)
		}); err != nil || n != 5 {
			t.Errorf("n = %d, %v", n, err)
		}
		if err := d.Migrate(ctx, one); !errs.Is(err, errs.Conflict) {
			t.Errorf("an older program: %v", err)
		}
		altered := []db.Migrations{{Module: "mig", FS: mapFS("0001_a.sql", first+" ", "0002_b.sql", second)}}
		if err := d.Migrate(ctx, altered); !errs.Is(err, errs.Conflict) {
			t.Errorf("an altered file: %v", err)
		}
		if _, err := d.Pending(ctx, altered); !errs.Is(err, errs.Conflict) {
			t.Errorf("pending of an altered file: %v", err)
		}
	})
}

func TestFailedMigrationLeavesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, nil, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		for name, bad := range map[string]db.Migrations{
			"sql":   {Module: "mig", FS: mapFS("0001_a.sql", first+"\nCREATE TABLE broken (")},
			"after": {Module: "mig", FS: mapFS("0001_a.sql", first), After: map[int]func(context.Context, *db.Tx) error{1: func(context.Context, *db.Tx) error { return errors.New("no") }}},
			"name":  {Module: "mig", FS: mapFS("1_a.sql", first)},
			"twice": {Module: "mig", FS: mapFS("0001_a.sql", first, "0001_b.sql", second)},
			"code":  {Module: "mig", FS: mapFS("0001_a.sql", first), Before: map[int]func(context.Context, *db.Tx) error{7: nil}},
		} {
			if err := d.Migrate(ctx, []db.Migrations{bad}); err == nil {
				t.Errorf("%s: accepted", name)
			}
		}
		if err := d.Migrate(ctx, []db.Migrations{{Module: "mig", FS: mapFS("0001_a.sql", first)}}); err != nil {
			t.Errorf("after the failures: %v", err)
		}
	})
}

func TestTwoProcessesMigrateAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, nil, func(t *testing.T, d *db.DB) {
		migs := []db.Migrations{{Module: "mig", FS: mapFS("0001_a.sql", first, "0002_b.sql", second)}}
		other := dbtest.Open(t, d.URL())
		var wg sync.WaitGroup
		for _, x := range []*db.DB{d, other, d, other} {
			wg.Go(func() {
				if err := x.Migrate(context.Background(), migs); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestPendingOfAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, "sqlite:"+t.TempDir()+"/deep/down/khue.db")
	names, err := d.Pending(context.Background(), []db.Migrations{{Module: "mig", FS: mapFS("0001_a.sql", first)}})
	if err != nil || !slices.Equal(names, []string{"db/0001_node", "mig/0001_a"}) {
		t.Errorf("%v, %v", names, err)
	}
}
