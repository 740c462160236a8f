// Package dbtest gives tests real, migrated databases on both engines.
//
// What must not come here: tables or rows of a module.
package dbtest

import (
	"context"
	"path/filepath"
	"testing"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
)

// Option changes how a test's database is opened.
type Option func(*db.Config)

// WithClock gives the database a clock of the test's.
func WithClock(c clock.Clock) Option { return func(cfg *db.Config) { cfg.Clock = c } }

// Each runs test on a fresh database of each engine, as parallel subtests.
// PostgreSQL needs KHUE_TEST_POSTGRES, the address of a superuser.
func Each(t *testing.T, migs []db.Migrations, test func(t *testing.T, d *db.DB), opts ...Option) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, New(t, migs, opts...))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, NewPostgres(t, migs, opts...))
	})
}

// New gives a fresh SQLite database that goes away with the test.
func New(t testing.TB, migs []db.Migrations, opts ...Option) *db.DB {
	t.Helper()
	d := Open(t, "sqlite:"+filepath.Join(t.TempDir(), "khue.db"), opts...)
	if err := d.Migrate(context.Background(), migs); err != nil {
		t.Fatalf("migrating: %v", err)
	}
	return d
}

// Open opens url as tests do (strict) and closes it with the test.
func Open(t testing.TB, url string, opts ...Option) *db.DB {
	t.Helper()
	cfg := db.Config{URL: url, Strict: true, Readers: 2}
	for _, o := range opts {
		o(&cfg)
	}
	d, err := db.Open(context.Background(), cfg)
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return d
}

// Queries starts a count; the function it returns says how many queries d has
// run since, for tests against one query per row.
func Queries(d *db.DB) func() int {
	before := d.Stats().Queries
	return func() int { return int(d.Stats().Queries - before) }
}
