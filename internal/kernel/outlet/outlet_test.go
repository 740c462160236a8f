package outlet_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/outlet"
)

// The test binary starts itself again as a NATS server when these are set.
const (
	childDir  = "KHUE_OUTLET_CHILD_DIR"
	childPort = "KHUE_OUTLET_CHILD_PORT"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		port, _ := strconv.Atoi(os.Getenv(childPort))
		s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, SyncAlways: true, NoSigs: true})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		s.Start()
		s.WaitForShutdown()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// nats is a server in a process of its own.
type process struct {
	t         *testing.T
	dir, port string
	cmd       *exec.Cmd
}

func (p *process) url() string { return "nats://127.0.0.1:" + p.port }

func (p *process) start() {
	p.t.Helper()
	p.cmd = exec.Command(os.Args[0]) //nolint:gosec // ourselves
	p.cmd.Env = append(os.Environ(), childDir+"="+p.dir, childPort+"="+p.port)
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) kill() {
	if p.cmd != nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		p.cmd = nil
	}
}

func external(t *testing.T) *process {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a free port
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	p := &process{t: t, dir: t.TempDir(), port: port}
	t.Cleanup(p.kill)
	p.start()
	return p
}

type log struct {
	t *testing.T
	d *db.DB
	j *journal.Journal
	n int64
}

func newLog(t *testing.T) *log {
	t.Helper()
	d := dbtest.New(t, []db.Migrations{journal.Migrations()})
	key, err := journal.NewKey("test")
	if err != nil {
		t.Fatal(err)
	}
	return &log{t: t, d: d, j: journal.New(d, id.NewGen(1, clock.System()), key, slog.New(slog.DiscardHandler))}
}

// append adds n entries: every third is of a kind that is not for others.
func (l *log) append(n int) {
	l.t.Helper()
	for range n {
		err := l.d.InTx(l.t.Context(), func(_ context.Context, tx *db.Tx) error {
			kind := "dossier.act.accept"
			if l.n%3 == 2 {
				kind = "access.looked"
			}
			l.n++
			_, err := l.j.Append(tx, journal.Entry{Kind: kind, Subject: journal.Subject{Type: "dossier", ID: 7000 + l.n}, Actor: 4242, Unit: "00118", Request: "req", Payload: []byte(`{"name":"Nguyễn Văn An"}`)})
			return err
		})
		if err != nil {
			l.t.Fatal(err)
		}
	}
}

// node runs a publisher until the test ends or stop is called.
func (l *log) node(cfg outlet.Config) (s *outlet.Service, stop func()) {
	l.t.Helper()
	cfg.Source = "https://khue.example"
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	cfg.Policy = func(kind string) (outlet.Fields, bool) {
		return outlet.Fields{Unit: true, Subject: true, Code: true}, strings.HasPrefix(kind, "dossier.")
	}
	cfg.Codes = func(_ context.Context, about []journal.Subject) (map[journal.Subject]string, error) {
		out := map[journal.Subject]string{}
		for _, a := range about {
			out[a] = "H26-" + strconv.FormatInt(a.ID, 10)
		}
		return out, nil
	}
	s, err := outlet.New(l.j, cfg)
	if err != nil {
		l.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(l.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stop = func() {
		cancel()
		if err := <-ended; err != nil {
			l.t.Errorf("Run: %v", err)
		}
		s.Close()
		ended <- nil
	}
	l.t.Cleanup(stop)
	return s, stop
}

// warnings is a log whose lines can be waited for.
type warnings chan string

func (w warnings) Write(b []byte) (int, error) {
	select {
	case w <- string(b):
	default:
	}
	return len(b), nil
}

// read collects what a durable consumer is given, acknowledged one by one, until it has n.
func read(t *testing.T, url string, n int, opts ...nats.Option) (bodies [][]byte, subjects []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	nc, err := nats.Connect(url, append(opts, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond), nats.RetryOnFailedConnect(true))...)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	for len(bodies) < n {
		c, err := js.CreateOrUpdateConsumer(ctx, outlet.Stream, jetstream.ConsumerConfig{Durable: "test", AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: 1, AckWait: 2 * time.Second})
		if err != nil {
			if ctx.Err() != nil {
				t.Fatalf("no consumer: %v", err)
			}
			<-time.After(50 * time.Millisecond)
			continue
		}
		for len(bodies) < n {
			m, err := c.Next(jetstream.FetchMaxWait(time.Second))
			if err != nil {
				if ctx.Err() != nil {
					t.Fatalf("%d of %d events came: %v", len(bodies), n, err)
				}
				break
			}
			if err := m.DoubleAck(ctx); err != nil {
				break // it comes again
			}
			bodies, subjects = append(bodies, m.Data()), append(subjects, m.Subject())
		}
	}
	return bodies, subjects
}

type seen struct {
	SpecVersion, ID, Source, Type, Subject, Sequence string
	Data                                             struct {
		Number  int64
		Unit    string
		Subject *struct{ Type, ID, Code string }
	}
}

// TestEveryEntryOnceInOrder publishes from two nodes at once, kills the NATS server and a node
// in the middle, and reads every number once, in order, with nothing that is private.
func TestEveryEntryOnceInOrder(t *testing.T) {
	t.Parallel()
	l, p := newLog(t), external(t)
	const n = 1200
	l.append(n / 3)
	_, stopFirst := l.node(outlet.Config{URL: p.url()})
	second, _ := l.node(outlet.Config{URL: p.url()})
	var bodies [][]byte
	var subjects []string
	done := make(chan struct{})
	go func() { defer close(done); bodies, subjects = read(t, p.url(), n) }()
	l.append(n / 3)
	p.kill()
	l.append(n / 6)
	p.start()
	stopFirst() // where it led, the other takes over
	l.append(n - n/3 - n/3 - n/6)
	<-done
	for i, b := range bodies {
		var e seen
		if err := json.Unmarshal(b, &e); err != nil {
			t.Fatal(err)
		}
		kind, subject := "khue.dossier.act.accept", "dossier/"+strconv.Itoa(7001+i)
		if i%3 == 2 {
			kind, subject = "khue.entry", ""
		}
		if e.Data.Number != int64(i) || e.ID != strconv.Itoa(i) || e.Type != kind || subjects[i] != kind || e.Subject != subject || e.SpecVersion != "1.0" || e.Source != "https://khue.example" {
			t.Fatalf("event %d is %s: %s", i, subjects[i], b)
		}
		if kind != "khue.entry" && (e.Data.Subject == nil || e.Data.Subject.Code != "H26-"+strconv.Itoa(7001+i) || e.Data.Unit != "00118") {
			t.Fatalf("event %d lacks its dossier: %s", i, b)
		}
		if s := string(b); strings.Contains(s, "4242") || strings.Contains(s, "Nguyễn") || strings.Contains(s, "req") || strings.Contains(s, "looked") {
			t.Fatalf("event %d tells what is private: %s", i, b)
		}
	}
	for end := time.Now().Add(20 * time.Second); second.Status().Behind != 0 || !second.Status().Up; <-time.After(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the second node says %+v", second.Status())
		}
	}
}

// TestEmbedded: readers have their own password and cannot write.
func TestEmbedded(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.append(30)
	s, stop := l.node(outlet.Config{URL: "embedded", Dir: t.TempDir(), Listen: "127.0.0.1:0", Password: "secret"})
	if bodies, _ := read(t, s.Address(), 30, nats.UserInfo(outlet.Reader, "secret")); len(bodies) != 30 {
		t.Errorf("%d events", len(bodies))
	}
	if nc, err := nats.Connect(s.Address()); err == nil {
		nc.Close()
		t.Error("a stranger may connect")
	}
	refused := make(chan error, 8)
	nc, err := nats.Connect(s.Address(), nats.UserInfo(outlet.Reader, "secret"), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if err := nc.Publish("khue.dossier.act.accept", []byte("forged")); err != nil {
		t.Fatal(err)
	}
	_ = nc.Flush()
	select {
	case err := <-refused:
		if !strings.Contains(strings.ToLower(err.Error()), "permissions violation") {
			t.Errorf("a reader that publishes is told %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("a reader may publish")
	}
	stop()
}

// TestAnotherJournal: a stream that holds more than the journal is not written to.
func TestAnotherJournal(t *testing.T) {
	t.Parallel()
	p, long, short := external(t), newLog(t), newLog(t)
	long.append(20)
	first, stop := long.node(outlet.Config{URL: p.url()})
	for end := time.Now().Add(20 * time.Second); first.Status().Published+first.Status().Behind == 0 || first.Status().Behind != 0; <-time.After(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not published: %+v", first.Status())
		}
	}
	read(t, p.url(), 20)
	stop()
	short.append(5)
	told := make(warnings, 8)
	second, _ := short.node(outlet.Config{URL: p.url(), Log: slog.New(slog.NewTextHandler(told, nil))})
	select {
	case line := <-told:
		if !strings.Contains(line, "holds 20 entries and the journal 5") {
			t.Errorf("the operator is told %s", line)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nobody is told")
	}
	if st := second.Status(); st.Up || st.Published != 0 {
		t.Errorf("a shorter journal is taken for the stream's own: %+v", st)
	}
}
