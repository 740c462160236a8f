// Package catalogtest gives tests of other modules a catalogue with the embedded
// procedures.
//
// What must not come here: assertions, anything that a running program needs.
package catalogtest

import (
	"context"
	"testing"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/register/catalog"
)

// Each runs a test on both engines with an empty catalogue, each with a clock of its own
// that stands at an instant. The database goes by it too: what is offered holds from its day.
func Each(t *testing.T, at time.Time, test func(t *testing.T, d *db.DB, clk *clock.Fake)) {
	t.Helper()
	migrations := []db.Migrations{catalog.Migrations()}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		clk := clock.NewFake(at)
		test(t, dbtest.New(t, migrations, dbtest.WithClock(clk)), clk)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		clk := clock.NewFake(at)
		test(t, dbtest.NewPostgres(t, migrations, dbtest.WithClock(clk)), clk)
	})
}

// New returns the catalogue of d with the embedded procedures; d is migrated with
// catalog.Migrations().
func New(t testing.TB, d *db.DB, clk clock.Clock) *catalog.Service {
	t.Helper()
	s, err := catalog.New(d, clk, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.LoadSeed(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// Offer makes a procedure offered in the whole city at a level.
func Offer(t testing.TB, d *db.DB, s *catalog.Service, code catalog.Code, level catalog.Level) {
	t.Helper()
	err := d.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error {
		return s.SetOffering(tx, code, "", level, catalog.Why{VI: "Mọi bước làm trực tuyến", EN: "Every step is online"})
	})
	if err != nil {
		t.Fatal(err)
	}
}
