package web

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"khue/internal/kernel/errs"
	assets "khue/web"
)

// Defaults of Config.Busy and what follows from it.
const (
	defaultBusy  = 512
	clientShare  = 8                // one client works on at most an eighth of Busy at once
	queueEach    = 128              // and so many of its requests wait
	queueFactor  = 8                // of all clients wait at most so many times Busy
	queueLongest = 10 * time.Second // then the request is told to come again
)

// fair admits a bounded number of requests to work at once. Who comes beyond waits in a line
// of their own client; lines take turns, so that one client's thousand requests stand behind
// another's first.
type fair struct {
	most, each int
	longest    time.Duration
	nodes      func() int // over which a balancer spreads a client; nil: one

	mu      sync.Mutex
	busy    int
	waiting int
	clients map[netip.Addr]*client
	turns   []*client // with somebody waiting who may go, in the order of their turns
}

// client is one address (IPv6: one network of 64 bits).
type client struct {
	addr   netip.Addr
	busy   int
	line   []chan struct{} // closed when it is one's turn
	queued bool            // stands in turns
}

func newFair(busy int) *fair {
	if busy <= 0 {
		busy = defaultBusy
	}
	return &fair{most: busy, each: max(1, busy/clientShare), longest: queueLongest, clients: map[netip.Addr]*client{}}
}

// leastShare is what one client has on each node, however many there are: an office behind one address.
const leastShare = 8

// mine is how many places one client has here: its share of the nodes that work.
func (f *fair) mine() int { return max(shareOf(f.each, f.nodes), min(f.each, leastShare)) }

// shareOf is what of a bound for one client falls to this node where a balancer spreads the client
// over all; at least 1.
func shareOf(bound int, nodes func() int) int {
	n := 1
	if nodes != nil {
		n = max(1, nodes())
	}
	return max(1, (bound+n-1)/n)
}

// enter waits for a turn. The error is RateLimited where the client itself has too many
// under way, Unavailable where all together have, or where it took too long.
func (f *fair) enter(ctx context.Context, addr netip.Addr) (leave func(), err error) {
	if addr.Is6() && !addr.Is4In6() {
		if p, err := addr.Prefix(64); err == nil {
			addr = p.Addr()
		}
	}
	f.mu.Lock()
	c := f.clients[addr]
	if c == nil {
		c = &client{addr: addr}
		f.clients[addr] = c
	}
	if f.busy < f.most && c.busy < f.mine() && len(c.line) == 0 {
		f.busy++
		c.busy++
		f.mu.Unlock()
		return func() { f.leave(c) }, nil
	}
	switch {
	case len(c.line) >= queueEach:
		f.mu.Unlock()
		return nil, errs.E(errs.RateLimited, "web.error.too_many_at_once", errs.P("after", 5*time.Second))
	case f.waiting >= queueFactor*f.most:
		f.forget(c)
		f.mu.Unlock()
		return nil, errs.E(errs.Unavailable, "web.error.busy", errs.P("after", 5*time.Second))
	}
	turn := make(chan struct{})
	c.line = append(c.line, turn)
	f.waiting++
	f.stand(c)
	f.next()
	f.mu.Unlock()

	t := time.NewTimer(f.longest)
	defer t.Stop()
	select {
	case <-turn:
		return func() { f.leave(c) }, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-t.C:
		err = errs.E(errs.Unavailable, "web.error.busy", errs.P("after", 5*time.Second))
	}
	if !f.giveUp(c, turn) { // the turn came at the same moment
		return func() { f.leave(c) }, nil
	}
	return nil, err
}

// stand puts a client into the round where it may go on. Under mu.
func (f *fair) stand(c *client) {
	if !c.queued && len(c.line) > 0 && c.busy < f.mine() {
		c.queued = true
		f.turns = append(f.turns, c)
	}
}

// next gives free places away, a turn each. Under mu.
func (f *fair) next() {
	for f.busy < f.most && len(f.turns) > 0 {
		c := f.turns[0]
		f.turns = f.turns[1:]
		c.queued = false
		if len(c.line) == 0 || c.busy >= f.mine() {
			continue
		}
		close(c.line[0])
		c.line = c.line[1:]
		f.waiting--
		f.busy++
		c.busy++
		f.stand(c)
	}
}

func (f *fair) leave(c *client) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy--
	c.busy--
	f.stand(c)
	f.next()
	f.forget(c)
}

// giveUp takes a waiter out of its line; false where its turn has come.
func (f *fair) giveUp(c *client, turn chan struct{}) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, w := range c.line {
		if w == turn {
			c.line = append(c.line[:i:i], c.line[i+1:]...)
			f.waiting--
			f.forget(c)
			return true
		}
	}
	return false
}

// forget drops a client of whom nothing is under way. Under mu.
func (f *fair) forget(c *client) {
	if c.busy == 0 && len(c.line) == 0 && !c.queued {
		delete(f.clients, c.addr)
	}
}

// load is how many work and how many wait.
func (f *fair) load() (busy, waiting int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.busy, f.waiting
}

// isFree reports whether a path costs nothing, or must be answered on the busiest day: how the
// program is, files that never change, streams that stay open.
func isFree(path string) bool {
	switch path {
	case livePath, metricsPath, "/healthz", "/readyz":
		return true
	}
	return strings.HasPrefix(path, assets.Prefix)
}

// narrow bounds how many requests of one client one route works on at once.
type narrow struct {
	mu sync.Mutex
	n  map[narrowKey]int
}

type narrowKey struct {
	route string
	addr  netip.Addr
}

// enter counts a request in; false where the route's places for this client are taken.
func (n *narrow) enter(route string, addr netip.Addr, most int) (leave func(), ok bool) {
	k := narrowKey{route, addr}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.n == nil {
		n.n = map[narrowKey]int{}
	}
	if n.n[k] >= most {
		return nil, false
	}
	n.n[k]++
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.n[k]--; n.n[k] == 0 {
			delete(n.n, k)
		}
	}, true
}

// limitRoute holds a route to its AtOnce.
func (s *Server) limitRoute(r *http.Request, route Route) (leave func(), err error) {
	if route.AtOnce <= 0 {
		return func() {}, nil
	}
	leave, ok := s.narrow.enter(route.Method+" "+route.Path, clientAddr(r), shareOf(route.AtOnce, s.deps.Nodes))
	if !ok {
		return nil, errs.E(errs.RateLimited, "web.error.too_many_at_once", errs.P("after", 5*time.Second))
	}
	return leave, nil
}
