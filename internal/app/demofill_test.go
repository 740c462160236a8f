package app_test

import (
	"context"
	"strconv"
	"testing"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/dossier"
)

// TestAFilledCityAddsUp: invented dossiers stand like others, their journal holds, their
// counts agree, one that was broken off goes on, a second adds nothing, and a city of real people takes none.
func TestAFilledCityAddsUp(t *testing.T) {
	t.Parallel()
	const n = 300
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		ctx := t.Context()
		broken, stop := context.WithCancel(ctx)
		defer stop()
		first, err := c.Fill(broken, c.Demo, dossier.Filling{N: n, Progress: func(int, int) { stop() }})
		if err == nil || first.Added == 0 || first.Added == n {
			t.Fatalf("a filling that was broken off added %d: %v", first.Added, err)
		}
		rep, err := c.Fill(ctx, c.Demo, dossier.Filling{N: n})
		if err != nil {
			t.Fatal(err)
		}
		rep.Added += first.Added
		rep.Entries += first.Entries
		rep.Open += first.Open
		for state, k := range first.States {
			rep.States[state] += k
		}
		count := func(sql string) (k int) {
			t.Helper()
			err := c.DB.View(ctx, func(_ context.Context, v *db.View) error { return v.QueryRow(sql).Scan(&k) })
			if err != nil {
				t.Fatal(err)
			}
			return k
		}
		for what, want := range map[string]int{
			`SELECT COUNT(*) FROM dossier_dossier`:                                                                               n,
			`SELECT COUNT(DISTINCT code) FROM dossier_dossier WHERE code <> ''`:                                                  n,
			`SELECT COUNT(*) FROM dossier_content`:                                                                               n,
			`SELECT COUNT(*) FROM dossier_task WHERE open`:                                                                       rep.Open,
			`SELECT COUNT(*) FROM journal_entry WHERE subject_type = 'dossier'`:                                                  rep.Entries,
			`SELECT COUNT(*) FROM dossier_task t JOIN dossier_dossier d ON d.id = t.dossier_id WHERE t.code = d.code AND t.open`: rep.Open,
			`SELECT SUM(version) FROM dossier_dossier`:                                                                           rep.Entries,
		} {
			if got := count(what); got != want {
				t.Errorf("%s: %d, want %d", what, got, want)
			}
		}
		sum := 0
		for state, k := range rep.States {
			sum += k
			if got := count(`SELECT COUNT(*) FROM dossier_dossier WHERE state = ` + strconv.Itoa(int(state))); got != k {
				t.Errorf("%d dossiers are %s, want %d", got, state, k)
			}
		}
		if rep.Added != n || sum != n {
			t.Errorf("added %d, in all states %d, want %d", rep.Added, sum, n)
		}
		if len(rep.States) < 4 {
			t.Errorf("dossiers stand in too few states: %v", rep.States)
		}
		// A job of the city may append an entry between the two.
		var found journal.Report
		for pending := true; pending && err == nil; pending = found.Pending != 0 {
			if err := c.Journal.Tick(ctx, nil); err != nil {
				t.Fatal(err)
			}
			found, err = c.Journal.Verify(ctx, journal.Held{}, nil)
		}
		if err != nil || !found.OK() {
			t.Errorf("the journal does not hold: %+v %v", found, err)
		}
		again, err := c.Fill(ctx, c.Demo, dossier.Filling{N: n})
		if err != nil || again.Added != 0 {
			t.Errorf("a second filling added %d: %v", again.Added, err)
		}
	}, citytest.With(func(cfg *app.Config) { cfg.Opened = citytest.Opened() }))
	t.Run("a city that is no demo", func(t *testing.T) {
		t.Parallel()
		c := citytest.New(t)
		if _, err := c.Fill(t.Context(), c.Demo, dossier.Filling{N: 1}); !errs.Is(err, errs.Forbidden) {
			t.Errorf("got %v", err)
		}
	})
}
