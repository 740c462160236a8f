package crashtest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
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
	c.t.Cleanup(func() { n.end(9) })
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
						return
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
		time.Sleep(100 * time.Millisecond)
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
	for end := time.Now().Add(2 * time.Minute); c.acks.Load() < want; time.Sleep(10 * time.Millisecond) {
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

// whole holds the journal against the ledger.
func (c *crowd) whole(before int64) {
	c.t.Helper()
	if got, want := c.verify()-before, c.transitions(); got != want {
		c.t.Errorf("the journal holds %d entries for %d transitions", got, want)
	}
}

// session signs an account in at one node and reports whether another knows it.
func (c *city) page(cookie *http.Cookie, path string) (int, string, error) {
	req, err := http.NewRequest(http.MethodGet, c.url+path, nil)
	if err != nil {
		return 0, "", err
	}
	if cookie != nil {
		req.AddCookie(cookie)
	}
	h := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := h.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}
