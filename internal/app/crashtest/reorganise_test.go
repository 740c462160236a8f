package crashtest

import (
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/reorganise"
)

const firstOfJuly = "hanoi-2025-07-01"

// TestAKilledReorganisationGoesOn kills the program in the middle of 1 July. Started again it
// goes on where it was; over PostgreSQL two nodes do, at once. Each dossier is moved once.
func TestAKilledReorganisationGoesOn(t *testing.T) {
	t.Parallel()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	for name, nodes := range map[string]int{"sqlite": 1, "postgres": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			cfg := app.Config{
				Data: filepath.Join(t.TempDir(), "city"), Listen: "127.0.0.1:0", MigrateAtStart: true,
				Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
			}
			if name == "postgres" {
				cfg.DB = dbtest.PostgresURL(t, app.Migrations())
			}
			at := func(day string, hour int) *app.Program {
				t.Helper()
				cfg.Opened = clock.MustDate(day).At(hour, 0)
				p, err := app.New(ctx, cfg)
				if err != nil {
					t.Fatal(err)
				}
				return p
			}
			p := at("2025-06-30", 17)
			city, err := p.Settle(ctx)
			if err == nil {
				_, err = p.Fill(ctx, city, dossier.Filling{N: 1000, Since: p.Clock.Now().AddDate(0, 0, -9)})
			}
			if err == nil {
				err = p.Journal.Tick(ctx, nil) // what happened on the eve is numbered on the eve
			}
			if err != nil {
				t.Fatal(err)
			}
			before, err := p.Reorganise.Snapshot(ctx)
			if err != nil {
				t.Fatal(err)
			}
			p.Close()
			p = at("2025-07-01", 6)
			defer p.Close()
			node := func() (*exec.Cmd, *bytes.Buffer) {
				t.Helper()
				cmd := exec.Command(bin, "reorganise", firstOfJuly, "--data", cfg.Data, "--db", cfg.DB, "--at", "2025-07-01T06:00") //nolint:gosec // ourselves
				told := &bytes.Buffer{}
				cmd.Stdout, cmd.Stderr = told, told
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				return cmd, told
			}
			progress := func() reorganise.Progress {
				t.Helper()
				now, _, err := p.Reorganise.ProgressOf(ctx, firstOfJuly)
				if err != nil {
					t.Fatal(err)
				}
				return now
			}
			cmd, told := node()
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			tick := time.NewTicker(2 * time.Millisecond)
			defer tick.Stop()
			for progress().Seen() < 20 {
				select {
				case <-tick.C:
				case err := <-ended:
					t.Fatalf("it ended before it could be killed: %v: %s", err, told)
				}
			}
			_ = cmd.Process.Signal(syscall.SIGKILL)
			<-ended
			half := progress()
			if half.Act.Status != reorganise.Running || half.Seen() >= len(before) {
				t.Fatalf("killed too late: %d of %d, %s", half.Seen(), len(before), half.Act.Status)
			}
			type started struct {
				cmd  *exec.Cmd
				told *bytes.Buffer
			}
			var all []started
			for range nodes {
				cmd, told := node()
				all = append(all, started{cmd, told})
			}
			for _, n := range all {
				if err := n.cmd.Wait(); err != nil {
					t.Errorf("gone on with: %v: %s", err, n.told)
				}
			}
			done := progress()
			proof, err := p.Reorganise.Prove(ctx, done.Act.ID, before)
			if err != nil || !proof.OK() || proof.Explained != len(before) || done.Act.Status != reorganise.Done {
				t.Errorf("%s; %s %v %v", proof, done.Act.Status, done.Counts, err)
			}
			if err := p.Journal.Tick(ctx, nil); err != nil {
				t.Fatal(err)
			}
			if v, err := p.Journal.Verify(ctx, journal.Held{}, nil); err != nil || !v.OK() {
				t.Errorf("the journal does not hold: %d problems, %v", len(v.Problems), err)
			}
			t.Logf("killed at %d of %d; %s", half.Seen(), len(before), proof)
		})
	}
}
