package once_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/once"
)

// keyOf is a UUID of version 7 that was made at an instant.
func keyOf(at time.Time, n int) string {
	h := fmt.Sprintf("%012x", at.UnixMilli())
	return fmt.Sprintf("%s-%s-7%03x-8000-%012x", h[:8], h[8:], n, n)
}

// before are the migrations of a program that did not order keys.
func before(t *testing.T) []db.Migrations {
	t.Helper()
	all, old := once.Migrations(), fstest.MapFS{}
	names, err := fs.Glob(all.FS, "*/*.sql")
	if len(names) == 0 {
		names, err = fs.Glob(all.FS, "*.sql")
	}
	if err != nil || len(names) < 3 {
		t.Fatal(names, err)
	}
	for _, n := range names {
		if path.Base(n) < "0003" {
			b, err := fs.ReadFile(all.FS, n)
			if err != nil {
				t.Fatal(err)
			}
			old[n] = &fstest.MapFile{Data: b}
		}
	}
	all.FS = old
	return []db.Migrations{all}
}

func record(t *testing.T, d *db.DB, key string, result int64) {
	t.Helper()
	if err := d.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error {
		return once.Record(tx, 1, key, once.Hash(key), result)
	}); err != nil {
		t.Fatal(err)
	}
}

func find(t *testing.T, d *db.DB, key string) (result int64) {
	t.Helper()
	if err := d.View(t.Context(), func(_ context.Context, v *db.View) (err error) {
		result, _, err = once.Find(v, 1, key, once.Hash(key))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return result
}

func ids(t *testing.T, d *db.DB) (out []int64) {
	t.Helper()
	if err := d.View(t.Context(), func(_ context.Context, v *db.View) (err error) {
		out, err = db.All(v, func(s db.Scanner) (n int64, err error) { err = s.Scan(&n); return n, err },
			`SELECT id FROM once_request ORDER BY result`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestKeysStandInTheOrderOfTheirMaking: keys of one moment lie beside each other, whoever's they are.
func TestKeysStandInTheOrderOfTheirMaking(t *testing.T) {
	t.Parallel()
	day := clock.MustDate("2026-12-01").At(8, 0)
	dbtest.Each(t, migs(), func(t *testing.T, d *db.DB) {
		for i := range 20 {
			record(t, d, keyOf(day.Add(time.Duration(i)*time.Second), i), int64(i+1))
		}
		got := ids(t, d)
		if !slices.IsSorted(got) || got[19]-got[0] >= 1<<48 {
			t.Errorf("not in their order, or far apart: %x", got)
		}
		key := keyOf(day, 0)
		if got := find(t, d, key); got != 1 {
			t.Errorf("found %d, want 1", got)
		}
		err := d.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error { return once.Record(tx, 1, key, once.Hash(key), 99) })
		if !db.IsUnique(err) {
			t.Errorf("a twin: %v, want a refusal", err)
		}
		if err := d.View(t.Context(), func(_ context.Context, v *db.View) error {
			_, _, err := once.Find(v, 1, key, once.Hash("another body"))
			return err
		}); !errs.Is(err, errs.Mismatch) {
			t.Errorf("another body: %v", err)
		}
	})
}

// TestKeysAreKnownAcrossTheUpgrade: what a program recorded that did not order keys is found by one
// that does, also where the client's clock is hours fast; keys of later days are ordered.
func TestKeysAreKnownAcrossTheUpgrade(t *testing.T) {
	t.Parallel()
	day := clock.MustDate("2026-12-01").At(8, 0)
	digest := func(key string) int64 {
		sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, 1), key...))
		return int64(binary.BigEndian.Uint64(sum[:]) >> 1)
	}
	for name, open := range map[string]func(testing.TB, []db.Migrations, ...dbtest.Option) *db.DB{"sqlite": dbtest.New, "postgres": dbtest.NewPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, before(t), dbtest.WithClock(clock.NewFake(day)))
			keys := []string{keyOf(day, 1), keyOf(day.Add(5*time.Hour), 2), "key-0001"}
			for i, key := range keys {
				err := d.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error {
					return tx.Exec(`INSERT INTO once_request (id, body, result, at) VALUES ($1, $2, $3, $4)`,
						digest(key), once.Hash(key), int64(i+1), db.Millis(tx.Now()))
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := d.Migrate(t.Context(), migs()); err != nil {
				t.Fatal(err)
			}
			for i, key := range keys {
				if got := find(t, d, key); got != int64(i+1) {
					t.Errorf("key %s: found %d, want %d", key, got, i+1)
				}
				if err := d.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error {
					return once.Record(tx, 1, key, once.Hash(key), 99)
				}); !db.IsUnique(err) {
					t.Errorf("key %s: a twin after the upgrade: %v, want a refusal", key, err)
				}
			}
			for i := range 2 {
				record(t, d, keyOf(day.Add(25*time.Hour), i), int64(10+i))
			}
			if got := ids(t, d)[3:]; got[0]>>33 != got[1]>>33 {
				t.Errorf("keys made a day later are not ordered: %x", got)
			}
		})
	}
}
