package crashtest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"khue/internal/app"
	"khue/internal/kernel/db/dbtest"
)

// balancer is the smallest that does: it asks each node's /readyz and sends requests in turn
// to those that say yes.
type balancer struct {
	t     *testing.T
	url   string
	mu    sync.Mutex
	nodes []*backend
	turn  int
}

type backend struct {
	*city
	proxy   *httputil.ReverseProxy
	at      string
	ready   bool
	drained bool // taken out by hand
	busy    sync.WaitGroup
}

const askEvery = 100 * time.Millisecond

func newBalancer(t *testing.T) *balancer {
	t.Helper()
	b := &balancer{t: t}
	srv := httptest.NewServer(b)
	t.Cleanup(srv.Close)
	b.url = srv.URL
	ctx, stop := context.WithCancel(t.Context())
	asked := make(chan struct{})
	go func() { defer close(asked); b.ask(ctx) }()
	t.Cleanup(func() { stop(); <-asked })
	return b
}

// add puts a node that serves behind the balancer.
func (b *balancer) add(c *city) *backend {
	b.t.Helper()
	u, err := url.Parse(c.url)
	if err != nil {
		b.t.Fatal(err)
	}
	n := &backend{city: c}
	b.aim(n, u)
	b.mu.Lock()
	b.nodes = append(b.nodes, n)
	b.mu.Unlock()
	return n
}

func (b *balancer) aim(n *backend, u *url.URL) {
	p := httputil.NewSingleHostReverseProxy(u)
	p.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
	p.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err error) {
		http.Error(w, fmt.Sprintf(`{"balancer":%q}`, err), http.StatusBadGateway)
	}
	b.mu.Lock()
	n.proxy, n.at, n.ready, n.drained = p, u.String(), true, false
	b.mu.Unlock()
}

// back starts a node again, where it was told to be or with another program.
func (b *balancer) back(n *backend, flags ...string) {
	b.t.Helper()
	n.open(flags...)
	u, err := url.Parse(n.url)
	if err != nil {
		b.t.Fatal(err)
	}
	b.aim(n, u)
}

// takeOut sends a node no more and waits for what it still answers.
func (b *balancer) takeOut(n *backend) {
	b.mu.Lock()
	n.drained = true
	b.mu.Unlock()
	n.busy.Wait()
}

func (b *balancer) ask(ctx context.Context) {
	h := &http.Client{Timeout: 2 * time.Second}
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		b.mu.Lock()
		nodes := append([]*backend(nil), b.nodes...)
		b.mu.Unlock()
		for _, n := range nodes {
			b.mu.Lock()
			at := n.at
			b.mu.Unlock()
			res, err := h.Get(at + "/readyz")
			if err == nil {
				_ = res.Body.Close()
			}
			b.mu.Lock()
			if n.at == at {
				n.ready = err == nil && res.StatusCode == http.StatusOK
			}
			b.mu.Unlock()
		}
	}
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	var to *backend
	for range b.nodes {
		b.turn++
		if n := b.nodes[b.turn%len(b.nodes)]; n.ready && !n.drained {
			to = n
			break
		}
	}
	var proxy *httputil.ReverseProxy
	if to != nil {
		to.busy.Add(1)
		proxy = to.proxy
	}
	b.mu.Unlock()
	if to == nil {
		http.Error(w, `{"balancer":"no node"}`, http.StatusServiceUnavailable)
		return
	}
	defer to.busy.Done()
	proxy.ServeHTTP(w, r)
}

// node is another process over the same city.
func (c *city) node(bin string, flags ...string) *city {
	c.t.Helper()
	n := *c
	n.bin, n.cmd = bin, nil
	n.open(flags...)
	c.t.Cleanup(func() { n.end(syscall.SIGKILL) })
	return &n
}

// crowd plays lives through a balancer until it is told to stop.
type crowd struct {
	*drill
	patient bool // repeats what was not answered, under the same key, as clients should
	stop    chan struct{}
	wg      sync.WaitGroup
	played  [clients][]*life
	acks    atomic.Int64
	repeats atomic.Int64 // requests that were not answered and sent again

	mu    sync.Mutex
	last  time.Time     // of the newest answer
	worst time.Duration // longest time without any
}

func (d *drill) crowd(patient bool) *crowd {
	c := &crowd{drill: d, patient: patient, stop: make(chan struct{}), last: time.Now()}
	for i := range clients {
		c.wg.Go(func() {
			h := newHTTP()
			h.Timeout = time.Minute
			defer h.CloseIdleConnections()
			for !c.over() {
				l := &life{}
				c.played[i] = append(c.played[i], l)
				for l.version <= int64(len(d.stages)) && !c.over() {
					if !c.act(h, l) {
						if c.t.Failed() {
							return
						}
						break
					}
				}
			}
		})
	}
	return c
}

func (c *crowd) over() bool {
	select {
	case <-c.stop:
		return true
	default:
		return false
	}
}

// act does one command of a life, to its answer where the crowd is patient.
func (c *crowd) act(h *http.Client, l *life) bool {
	l.pending = c.next(l)
	for deadline := time.Now().Add(2 * time.Minute); ; {
		status, a, text, err := c.post(h, *l.pending)
		want, version := http.StatusOK, a.Version
		if l.version == 0 {
			want, version = http.StatusCreated, a.TaskVersion
		}
		if err == nil && status == want && version == l.version+1 {
			if l.version == 0 {
				l.code, l.task = a.Code, a.Task
			}
			l.version, l.state, l.pending = version, a.State, nil
			c.answered()
			return true
		}
		away := err != nil || status >= 502 && status <= 504
		if !away || !c.patient || time.Now().After(deadline) {
			c.t.Errorf("%s of %q at version %d: status %d, %v: %.300s", l.pending.path, l.code, l.version, status, err, text)
			return false
		}
		c.repeats.Add(1)
		<-time.After(100 * time.Millisecond)
	}
}

func (c *crowd) answered() {
	c.acks.Add(1)
	c.mu.Lock()
	c.worst = max(c.worst, time.Since(c.last))
	c.last = time.Now()
	c.mu.Unlock()
}

// more waits until the crowd has had n more answers.
func (c *crowd) more(n int64) {
	c.t.Helper()
	want := c.acks.Load() + n
	for end := time.Now().Add(2 * time.Minute); c.acks.Load() < want; <-time.After(10 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("no service: %d of %d answers", c.acks.Load(), want)
		}
	}
}

// gap is the longest time without an answer since the last call.
func (c *crowd) gap() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := max(c.worst, time.Since(c.last))
	c.worst = 0
	return g
}

// finish lets what runs end and holds everything against the ledger.
func (c *crowd) finish() {
	c.t.Helper()
	close(c.stop)
	c.wg.Wait()
	for _, ls := range c.played {
		for _, l := range ls {
			if l.version > 0 {
				c.lives = append(c.lives, l)
			}
		}
	}
	c.acked.Add(c.acks.Load())
	c.check(c.lives)
}

// whole verifies the journal and holds it against the ledger. Entries are counted in the
// table: some of the last may not be numbered yet, behind a transaction elsewhere on the server.
func (c *crowd) whole(before int64) {
	c.t.Helper()
	c.verify()
	if got, want := c.entries()-before, c.transitions(); got != want {
		c.t.Errorf("the journal holds %d entries for %d transitions", got, want)
	}
}

// entries counts those about dossiers in the tables of a city on PostgreSQL.
func (c *city) entries() (n int64) {
	c.t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, c.args[3])
	if err == nil {
		err = conn.QueryRow(ctx, `SELECT count(*) FROM journal_entry WHERE kind LIKE 'dossier.%'`).Scan(&n)
		_ = conn.Close(ctx)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return n
}

// TestThreeNodesShareACity runs three processes over one PostgreSQL. Two are killed one after
// the other under load; the numbering of entries and the periodic jobs go on at the third
// within seconds, sessions hold on every node and end on all, and nothing is lost or doubled.
func TestThreeNodesShareACity(t *testing.T) {
	t.Parallel()
	c := found(t, dbtest.PostgresURL(t, app.Migrations()))
	before := c.entries()
	b := newBalancer(t)
	front := *c
	front.url = b.url
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, c.args[3])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	count := func(q string) (n int64) {
		t.Helper()
		if err := conn.QueryRow(ctx, q).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}

	// Every periodic job is due when the three start: each is taken by one of them.
	if _, err := conn.Exec(ctx, `UPDATE jobs_periodic SET next = 1`); err != nil {
		t.Fatal(err)
	}
	kinds := count(`SELECT count(*) FROM jobs_periodic`)
	if _, err := conn.Exec(ctx, `CREATE TABLE test_taken (kind text); CREATE FUNCTION test_take() RETURNS trigger AS 'BEGIN INSERT INTO test_taken VALUES (NEW.kind); RETURN NEW; END' LANGUAGE plpgsql;
		CREATE TRIGGER test_take BEFORE INSERT ON jobs_job FOR EACH ROW WHEN (NEW.unique_key = 'periodic') EXECUTE FUNCTION test_take()`); err != nil {
		t.Fatal(err)
	}
	var nodes []*backend
	for range 3 {
		nodes = append(nodes, b.add(c.node(c.bin)))
	}
	await(t, 10*time.Second, "the periodic jobs are taken", func() bool { return count(`SELECT count(*) FROM jobs_periodic WHERE next = 1`) == 0 })
	if taken, distinct := count(`SELECT count(*) FROM test_taken`), count(`SELECT count(DISTINCT kind) FROM test_taken`); taken != distinct || distinct < kinds {
		t.Errorf("%d periodic jobs were taken %d times (%d kinds)", kinds, taken, distinct)
	}

	// A session of one node is known on all, and its end is seen on all within a second or so.
	session := nodes[0].signIn("0912000001")
	for i, n := range nodes {
		if status := n.page(session, "/account"); status != http.StatusOK {
			t.Errorf("node %d does not know the session: %d", i, status)
		}
	}
	nodes[1].signOut(session)
	for i, n := range nodes {
		await(t, 3*time.Second, fmt.Sprintf("node %d forgets the session", i), func() bool { return n.page(session, "/account") != http.StatusOK })
	}

	d := &drill{city: &front}
	d.learn()
	load := d.crowd(true)
	for _, n := range nodes[:2] {
		load.more(150) // and the next is killed in the middle of it
		n.end(syscall.SIGKILL)
		numbered := count(`SELECT coalesce(max(first + count), 0) FROM journal_batch`)
		load.more(100)
		await(t, 5*time.Second, "a living node numbers", func() bool {
			return count(`SELECT coalesce(max(first + count), 0) FROM journal_batch`) > numbered+50
		})
	}
	load.more(100)
	load.finish()
	nodes[2].end(syscall.SIGTERM)
	load.whole(before)
	if free := count(`SELECT count(*) FROM db_node WHERE until = 0`); free == 0 {
		t.Error("a node that was told to stop keeps its number")
	}
	t.Logf("%d dossiers, %d transitions acknowledged, %d requests repeated", len(d.lives), d.acked.Load(), load.repeats.Load())
}

func noRedirect() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// signIn opens a session of a demo's account and returns its cookie.
func (c *city) signIn(login string) []*http.Cookie {
	c.t.Helper()
	res, err := noRedirect().PostForm(c.url+"/sign-in", url.Values{"login": {login}, "password": {"khue-trinh-dien"}})
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusSeeOther {
		c.t.Fatalf("signing in: %d", res.StatusCode)
	}
	return res.Cookies()
}

func (c *city) signOut(session []*http.Cookie) {
	c.t.Helper()
	req, err := http.NewRequest(http.MethodPost, c.url+"/sign-out", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, k := range session {
		req.AddCookie(k)
	}
	res, err := noRedirect().Do(req)
	if err != nil || res.StatusCode != http.StatusSeeOther {
		c.t.Fatalf("signing out: %v, %v", res, err)
	}
	_ = res.Body.Close()
}

// page is the status of a page for a session.
func (c *city) page(session []*http.Cookie, path string) int {
	c.t.Helper()
	req, err := http.NewRequest(http.MethodGet, c.url+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	for _, k := range session {
		req.AddCookie(k)
	}
	res, err := noRedirect().Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}
