package db_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
)

// The test binary starts itself again as a writer when these are set.
const (
	childURL   = "KHUE_DB_CHILD_URL"
	childFirst = "KHUE_DB_CHILD_FIRST" // number of its first unit
	childUnits = "KHUE_DB_CHILD_UNITS" // how many; 0 is no end
	childCalls = "KHUE_DB_CHILD_CALLERS"
)

func TestMain(m *testing.M) {
	if os.Getenv(childURL) != "" {
		if err := writeForEver(); err != nil {
			fmt.Fprintln(os.Stderr, "child:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func ledger() []db.Migrations {
	return []db.Migrations{{Module: "ledger", FS: mapFS("0001_ledger.sql", `
CREATE TABLE ledger_a (id %INT% NOT NULL PRIMARY KEY, pad %TEXT% NOT NULL) %STRICT%;
CREATE TABLE ledger_b (id %INT% NOT NULL PRIMARY KEY, pad %TEXT% NOT NULL) %STRICT%;
CREATE TABLE ledger_sum (caller %INT% NOT NULL PRIMARY KEY, n %INT% NOT NULL) %STRICT%;
`)}}
}

// writeForEver is the child: each unit writes three tables, and its number is
// printed only after it was acknowledged.
func writeForEver() error {
	ctx := context.Background()
	d, err := db.Open(ctx, db.Config{URL: os.Getenv(childURL)})
	if err != nil {
		return err
	}
	first, _ := strconv.ParseInt(os.Getenv(childFirst), 10, 64)
	units, _ := strconv.ParseInt(os.Getenv(childUnits), 10, 64)
	callers, _ := strconv.ParseInt(os.Getenv(childCalls), 10, 64)
	var next atomic.Int64
	next.Store(first)
	pad := strings.Repeat("hồ sơ ", 60)
	miss := errors.New("no sum row")
	failed := make(chan error, callers)
	for c := range callers {
		go func() {
			for {
				n := next.Add(1) - 1
				if units > 0 && n >= first+units {
					failed <- nil
					return
				}
				err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
					if err := tx.Exec(`INSERT INTO ledger_a (id, pad) VALUES ($1, $2)`, n, pad); err != nil {
						return err
					}
					if err := tx.Exec(`INSERT INTO ledger_sum (caller, n) VALUES ($1, 0) ON CONFLICT (caller) DO NOTHING`, c); err != nil {
						return err
					}
					if err := tx.Guard(miss, `UPDATE ledger_sum SET n = n + 1 WHERE caller = $1`, c); err != nil {
						return err
					}
					return tx.Exec(`INSERT INTO ledger_b (id, pad) VALUES ($1, $2)`, n, pad)
				})
				if err != nil {
					failed <- err
					return
				}
				if _, err := os.Stdout.WriteString("ack " + strconv.FormatInt(n, 10) + "\n"); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	for range callers {
		if err := <-failed; err != nil {
			return err
		}
	}
	return d.Close()
}

func child(t *testing.T, url string, first int64, units, callers int, wrap ...string) *exec.Cmd {
	t.Helper()
	args := append(wrap, os.Args[0])
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...) //nolint:gosec // ourselves
	cmd.Env = append(os.Environ(), childURL+"="+url, fmt.Sprintf("%s=%d", childFirst, first),
		fmt.Sprintf("%s=%d", childUnits, units), fmt.Sprintf("%s=%d", childCalls, callers))
	cmd.Stderr = os.Stderr
	return cmd
}

// TestKilledUnderLoadLosesNothing kills a writing process at random moments
// (KHUE_KILLS times an engine, 5 by default) and holds what is stored against
// what was acknowledged.
func TestKilledUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	kills := 5
	if n, err := strconv.Atoi(os.Getenv("KHUE_KILLS")); err == nil {
		kills = n
	}
	for name, fresh := range map[string]func(t *testing.T) string{
		"sqlite": func(t *testing.T) string {
			url := "sqlite:" + filepath.Join(t.TempDir(), "khue.db")
			d, err := db.Open(context.Background(), db.Config{URL: url})
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Migrate(context.Background(), ledger()); err != nil {
				t.Fatal(err)
			}
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			return url
		},
		"postgres": func(t *testing.T) string { return dbtest.PostgresURL(t, ledger()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := fresh(t)
			acked := map[int64]bool{}
			for round := range kills {
				killAfter(t, url, int64(round)*1_000_000, 1+rand.IntN(1500), acked)
				checkLedger(t, url, acked)
			}
			t.Logf("%d kills, %d units acknowledged, none lost", kills, len(acked))
		})
	}
}

// killAfter runs a child until it has acknowledged n units and kills it.
func killAfter(t *testing.T, url string, first int64, n int, acked map[int64]bool) {
	t.Helper()
	cmd := child(t, url, first, 0, 24)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var kill sync.Once
	lines := bufio.NewScanner(out)
	for seen := 0; lines.Scan(); {
		var id int64
		if _, err := fmt.Sscanf(lines.Text(), "ack %d", &id); err != nil {
			t.Fatalf("the child said %q", lines.Text())
		}
		acked[id] = true
		if seen++; seen >= n { // what is still in the pipe was acknowledged too
			kill.Do(func() { _ = cmd.Process.Kill() })
		}
	}
	_, _ = io.Copy(io.Discard, out)
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != -1 {
		t.Fatalf("the child ended by itself with %d", code)
	}
}

// checkLedger fails where an acknowledged unit is missing or a unit is half there.
func checkLedger(t *testing.T, url string, acked map[int64]bool) {
	t.Helper()
	d, err := db.Open(context.Background(), db.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	err = d.View(context.Background(), func(_ context.Context, v *db.View) error {
		ids, err := db.All(v, func(s db.Scanner) (int64, error) { var id int64; return id, s.Scan(&id) }, `SELECT id FROM ledger_a`)
		if err != nil {
			return err
		}
		stored := make(map[int64]bool, len(ids))
		for _, id := range ids {
			stored[id] = true
		}
		for id := range acked {
			if !stored[id] {
				t.Errorf("unit %d was acknowledged and is lost", id)
			}
		}
		var half, sum int
		if err := v.QueryRow(`SELECT count(*) FROM ledger_a FULL JOIN ledger_b ON ledger_a.id = ledger_b.id
			WHERE ledger_a.id IS NULL OR ledger_b.id IS NULL`).Scan(&half); err != nil {
			return err
		}
		if err := v.QueryRow(`SELECT coalesce(sum(n), 0) FROM ledger_sum`).Scan(&sum); err != nil {
			return err
		}
		if half != 0 || sum != len(ids) {
			t.Errorf("%d units are half there; the sums say %d of %d", half, sum, len(ids))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAcknowledgedMeansSynced reads the system calls of a writing process: between
// the last write to the log and each acknowledgement stands a sync of the log.
func TestAcknowledgedMeansSynced(t *testing.T) {
	t.Parallel()
	strace := dbtest.Strace(t)
	url := "sqlite:" + filepath.Join(t.TempDir(), "khue.db")
	d := dbtest.Open(t, url)
	if err := d.Migrate(context.Background(), ledger()); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "trace")
	cmd := child(t, url, 0, 40, 1, strace, "-f", "-y", "-s", "8", "-e", "trace=write,pwrite64,pwritev,fsync,fdatasync", "-o", log)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(out), "ack "); n != 40 {
		t.Fatalf("%d acknowledgements", n)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	acks, dirty := 0, false
	for _, line := range strings.Split(string(text), "\n") {
		wal := strings.Contains(line, "khue.db-wal>")
		switch {
		case strings.Contains(line, `"ack `):
			acks++
			if dirty {
				t.Fatalf("acknowledged before the log was synced: %s", line)
			}
		case wal && (strings.Contains(line, "pwrite64(") || strings.Contains(line, "write(")):
			dirty = true
		case wal && (strings.Contains(line, "fdatasync(") || strings.Contains(line, "fsync(")):
			dirty = false
		}
	}
	if acks != 40 {
		t.Errorf("%d acknowledgements in the trace", acks)
	}
}
