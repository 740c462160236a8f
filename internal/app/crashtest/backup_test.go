package crashtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/kernel/db"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/rights"
)

// TestRehearsedRestore backs a city up while it takes dossiers, kills it, and makes a city of
// the backup as it was at an instant: it holds what was acknowledged before that instant and
// nothing of what came later, its journal is whole, and what was erased later is erased again.
// KHUE_REHEARSE_LIVES is how many dossiers run before the instant, 24 by default.
func TestRehearsedRestore(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			url := ""
			if engine == "postgres" {
				url = ownCluster(t)
			}
			rehearse(t, engine, url)
		})
	}
}

func rehearse(t *testing.T, engine, url string) {
	n := 24
	if v, err := strconv.Atoi(os.Getenv("KHUE_REHEARSE_LIVES")); err == nil {
		n = v
	}
	if engine == "postgres" {
		out, err := exec.Command(mustProgram(t), "migrate", "--data", t.TempDir(), "--db", url).CombinedOutput() //nolint:gosec // ourselves
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	c := found(t, url)
	dir := filepath.Join(filepath.Dir(c.data()), "backup")
	key, other := filepath.Join(filepath.Dir(dir), "key"), filepath.Join(filepath.Dir(dir), "other")
	public, err := c.khue("backup", "key", key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.khue("backup", "key", other); err != nil {
		t.Fatal(err)
	}
	d := &drill{city: c}
	c.open("--backup", dir, "--backup-recipient", strings.TrimSpace(public), "--backup-every", "100ms")
	d.learn()
	reaches := func() (from, to time.Time) {
		t.Helper()
		out, err := c.khue("backup", "list", "--from", dir, "--identity", key, "--json")
		var rep struct {
			Generations []struct{ From, To time.Time }
		}
		if err == nil {
			err = json.Unmarshal([]byte(out), &rep)
		}
		if err != nil || len(rep.Generations) == 0 {
			return from, to
		}
		last := rep.Generations[len(rep.Generations)-1]
		return last.From, last.To
	}
	until := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(2 * time.Minute); !ok(); {
			if time.Now().After(end) {
				t.Fatalf("the backup does not reach %s", what)
			}
			<-time.After(100 * time.Millisecond)
		}
	}
	until("its first base", func() bool { from, _ := reaches(); return !from.IsZero() })

	d.run(n)
	<-time.After(50 * time.Millisecond) // the instant lies between two acts
	at := time.Now()
	<-time.After(50 * time.Millisecond)
	before := make([]*life, len(d.lives))
	for i, l := range d.lives {
		kept := *l
		before[i] = &kept
	}
	d.run(n / 3)
	gone := d.lives[0] // ended before the instant
	eraseIn(t, c, gone.code)
	d.run(1)
	late := time.Now() // the journal signs within a second, so the log goes on after this
	until("the last acts", func() bool { _, to := reaches(); return to.After(late) })
	if lag := c.figure("khue_backup_lag_p99_seconds"); lag <= 0 || lag > 60 {
		t.Errorf("a loss of the machine would have taken the acts of %v s, says /metrics", lag)
	}
	c.end(syscall.SIGKILL)

	if out, err := c.khue("restore", "--from", dir, "--identity", other, "--data", filepath.Join(t.TempDir(), "x")); err == nil || !strings.Contains(out, "does not open the backup") {
		t.Errorf("a foreign key: %v: %s", err, out)
	}
	to := func(name string, from string, more ...string) (restored, string, error) {
		data := filepath.Join(filepath.Dir(dir), name)
		args := append([]string{"restore", "--from", from, "--identity", key, "--json", "--data", data}, more...)
		pg := ""
		if engine == "postgres" {
			pg = filepath.Join(passable(t), "pg")
			args = append(args, "--pgdata", pg)
		}
		out, err := c.khue(args...)
		r := restored{data: data, pg: pg}
		if err == nil {
			err = json.Unmarshal([]byte(out), &r)
		}
		return r, out, err
	}
	if _, out, err := to("damaged", damage(t, dir), "--at", at.Format(time.RFC3339Nano)); err == nil || !strings.Contains(out, "is damaged or missing") {
		t.Errorf("a damaged segment: %v: %s", err, out)
	}
	if out, err := c.khue("backup", "verify", "--from", dir, "--identity", key); err != nil {
		t.Errorf("the backup is not whole: %v: %s", err, out)
	}
	r, out, err := to("again", dir, "--at", at.Format(time.RFC3339Nano))
	if err != nil {
		t.Fatalf("restore: %v: %s", err, out)
	}
	if r.ErasedAgain == 0 || r.NotErased != 0 {
		t.Errorf("erased again: %d, left %d", r.ErasedAgain, r.NotErased)
	}
	t.Logf("restored %d dossiers at an instant in %d ms from %d segments", len(before), r.MS, r.Segments)
	all := d.lives
	d.lives = before
	d.stand(t, r, gone)
	if engine == "sqlite" {
		r, out, err := to("last", dir)
		if err != nil {
			t.Fatalf("restore of all: %v: %s", err, out)
		}
		d.lives = all
		d.stand(t, r, gone)
	}
}

// restored is what khue restore says of itself, and where it put it.
type restored struct {
	DB          string
	MS          int64
	Segments    int
	ErasedAgain int
	NotErased   int
	data, pg    string
}

// stand serves a restored city and holds it against the ledger; the erased dossier holds nothing.
func (d *drill) stand(t *testing.T, r restored, gone *life) {
	t.Helper()
	url := r.DB
	if r.pg != "" {
		url = startRestored(t, r.pg)
	}
	d.args = []string{"--data", r.data, "--db", url}
	d.verify()
	d.serve()
	defer d.end(syscall.SIGTERM)
	lives := d.lives
	for i, l := range lives {
		if l.code == gone.code {
			d.lives = append(append([]*life{}, lives[:i]...), lives[i+1:]...)
		}
	}
	d.check(d.lives)
	d.end(syscall.SIGTERM)
	p := open(t, d.city)
	defer p.Close()
	v, _, err := p.Dossiers.ByCode(t.Context(), gone.code)
	if err != nil {
		t.Fatal(err)
	}
	if holds, err := p.Dossiers.Holds(t.Context(), v); err != nil || holds {
		t.Errorf("%s was erased and holds what was filed again (%v)", gone.code, err)
	}
	records, err := p.Journal.BySubject(t.Context(), journal.Subject{Type: dossier.SubjectType, ID: int64(v)}, 0, 100)
	for _, e := range records {
		if !e.Erased {
			t.Errorf("entry %s of the erased dossier can be read again", e.ID)
		}
	}
	if err != nil || len(records) == 0 {
		t.Errorf("%d entries, %v", len(records), err)
	}
}

// run plays n dossiers at once to their end, and one to its middle.
func (d *drill) run(n int) {
	d.t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range min(n, 8) {
		wg.Go(func() {
			h := newHTTP()
			defer h.CloseIdleConnections()
			for {
				mu.Lock()
				if n == 0 {
					mu.Unlock()
					return
				}
				n--
				l := &life{}
				d.lives = append(d.lives, l)
				mu.Unlock()
				if d.play(h, l, func(answer) {}) {
					d.t.Error("the server went away")
					return
				}
			}
		})
	}
	wg.Wait()
}

// figure reads one of /metrics; -1 where it is not told.
func (c *city) figure(name string) float64 {
	c.t.Helper()
	res, err := http.Get(c.url + "/metrics") //nolint:noctx // a test
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			n, err := strconv.ParseFloat(v, 64)
			if err != nil {
				c.t.Fatal(err)
			}
			return n
		}
	}
	return -1
}

func mustProgram(t *testing.T) string {
	t.Helper()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

func (c *city) data() string { return c.args[1] }

// khue runs a command to its end and returns what it says, complaints after a failure too.
func (c *city) khue(args ...string) (string, error) {
	cmd := exec.Command(c.bin, args...) //nolint:gosec // ourselves
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	if err != nil {
		return out.String() + complaint.String(), err
	}
	return out.String(), nil
}

// open opens the city in this process, beside its server.
func open(t *testing.T, c *city) *app.Program {
	t.Helper()
	p, err := app.New(t.Context(), app.Config{Data: c.args[1], DB: c.args[3], Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// eraseIn erases a dossier as the job of rights does, from another process than the server's.
func eraseIn(t *testing.T, c *city, code string) {
	t.Helper()
	p := open(t, c)
	defer p.Close()
	ctx := t.Context()
	v, _, err := p.Dossiers.ByCode(ctx, code)
	if err == nil {
		_, err = p.Dossiers.Erase(ctx, v, []byte(`{"rule":"rehearsal"}`))
	}
	if err == nil {
		err = p.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			_, err := p.Journal.Append(tx, journal.Entry{Kind: rights.KindErased, Subject: journal.Subject{Type: "rights.dossier", ID: int64(v)}, Payload: []byte(`{}`)})
			return err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// damage copies a backup and turns one bit of its second segment.
func damage(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "backup")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(to, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.Name() != "000000002.age" {
			return err
		}
		b, err := os.ReadFile(p) //nolint:gosec // ours
		if err != nil {
			return err
		}
		b[len(b)/2] ^= 1
		return errors.Join(os.WriteFile(p, b, 0o600), fs.SkipAll)
	})
	if err != nil && !errors.Is(err, fs.SkipAll) {
		t.Fatal(err)
	}
	return to
}

// ownCluster starts a PostgreSQL for this test alone: a backup takes a whole cluster.
func ownCluster(t *testing.T) string {
	t.Helper()
	url, _ := clusterOf(t)
	return url
}

// clusterOf starts a PostgreSQL for this test alone, with more settings of scripts/test-postgres; ask
// runs another of its words.
func clusterOf(t *testing.T, env ...string) (url string, ask func(word string) error) {
	t.Helper()
	if os.Getenv("KHUE_TEST_POSTGRES") == "" {
		t.Skip("KHUE_TEST_POSTGRES is not set: no PostgreSQL to test on")
	}
	dir := passable(t)
	script := func(word string) (string, error) {
		var complaint strings.Builder
		cmd := exec.Command("../../../scripts/test-postgres", word) //nolint:gosec // ours
		cmd.Env = append(append(os.Environ(), "KHUE_PG_DIR="+filepath.Join(dir, "pg")), env...)
		cmd.Stderr = &complaint
		out, err := cmd.Output()
		if err != nil {
			err = fmt.Errorf("test-postgres %s: %w: %s", word, err, complaint.String())
		}
		return strings.TrimSpace(string(out)), err
	}
	url, err := script("start")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = script("stop")
	})
	return url, func(word string) error { _, err := script(word); return err }
}

// passable is a folder through which PostgreSQL's user may go.
func passable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "khue-rehearse-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // on purpose
		t.Fatal(err)
	}
	return dir
}

// startRestored starts a restored cluster on a port of its own, in the usual way.
func startRestored(t *testing.T, data string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	ctl, err := db.PostgresBinary("pg_ctl", "")
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) error {
		all := append([]string{ctl, "-D", data, "-w"}, args...)
		if os.Geteuid() == 0 {
			all = append([]string{"setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups"}, all...)
		}
		cmd := exec.Command(all[0], all[1:]...) //nolint:gosec // PostgreSQL's own
		cmd.Dir = "/"
		return cmd.Run()
	}
	if err := run("-l", filepath.Join(data, "again.log"), "-o", fmt.Sprintf("-p %d", port), "start"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = run("-m", "immediate", "stop") })
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
}
