package app

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"testing"
	"time"

	"khue/internal/app/citybench"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/dossier"
)

// TestTimersFireOnce runs the bench of timers in small: one program on SQLite, two over
// one PostgreSQL. It fails where a dossier's timer fired twice or never.
func TestTimersFireOnce(t *testing.T) {
	t.Parallel()
	const n = 300
	for name, server := range map[string]string{"sqlite": "", "postgres": os.Getenv("KHUE_TEST_POSTGRES")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "postgres" && server == "" {
				t.Skip("KHUE_TEST_POSTGRES is not set: no PostgreSQL to test on (scripts/test-postgres start)")
			}
			rows, err := benchTimers(context.Background(), citybench.Options{DB: server, Timers: n, Log: io.Discard})
			if err != nil {
				t.Fatal(err)
			}
			if rows[0].Name != "timers.late_s" || rows[0].N != n || rows[0].Value <= 0 {
				t.Errorf("%+v", rows)
			}
		})
	}
}

// TestTimersOfOneDossierFireTogether: two departments are asked at once, and both stay
// silent. Each silence is a transition of its own, and the second sees the first.
func TestTimersOfOneDossierFireTogether(t *testing.T) {
	t.Parallel()
	at := clock.MustDate("2026-11-23").At(8, 10)
	b := timerBench{clk: clock.StartAt(clock.System(), at), o: citybench.Options{Log: io.Discard}}
	b.cfg = Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Clock: b.clk, Log: slog.New(slog.DiscardHandler)}
	defer func() {
		if err := b.stop(); err != nil {
			t.Error(err)
		}
	}()
	if err := b.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := b.nodes[0]
	city, err := p.Settle(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	actors, err := p.actors(t.Context(), city)
	if err != nil {
		t.Fatal(err)
	}
	asked := houses(clock.DateOf(at), "00118")[0]
	asked.acts = asked.acts[:2]
	const n = 3
	for range n {
		if err := p.file(actors, asked); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.clk.JumpTo(at.AddDate(0, 0, 13)); err != nil {
		t.Fatal(err)
	}
	p.Jobs.Wake()
	silent := map[int64]map[string]int{}
	seen := map[journal.EntryID]bool{} // a follower's function may run twice
	count := journal.Follower{Name: "test", Kinds: []string{dossier.KindTimer}, Fn: func(_ context.Context, _ *db.Tx, r journal.Record) error {
		var h dossier.Happening
		if err := json.Unmarshal(r.Payload, &h); err != nil || seen[r.ID] {
			return err
		}
		seen[r.ID] = true
		if silent[r.Subject.ID] == nil {
			silent[r.Subject.ID] = map[string]int{}
		}
		silent[r.Subject.ID][h.Step]++
		return nil
	}}
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for len(seen) < 2*n {
		select {
		case <-limit.C:
			t.Fatalf("%d of %d timers fired", len(seen), 2*n)
		default:
		}
		if err := p.Journal.Tick(t.Context(), []journal.Follower{count}); err != nil {
			t.Fatal(err)
		}
	}
	for d, steps := range silent {
		if len(silent) != n || steps["planning"] != 1 || steps["culture"] != 1 {
			t.Errorf("dossier %d: %v", d, steps)
		}
	}
}
