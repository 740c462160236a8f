package web

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	"khue/internal/kernel/errs"
)

// A client's forty requests stand behind another's first, and its places are bounded.
func TestOneClientStarvesNobody(t *testing.T) {
	t.Parallel()
	f := newFair(8)
	f.each = 8 // the greedy may have it all while nobody else is here
	f.longest = time.Minute
	greedy, other := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	var leaves []func()
	for range 8 {
		leave, err := f.enter(t.Context(), greedy)
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, leave)
	}
	came := make(chan string, 200)
	var wg sync.WaitGroup
	wait := func(a netip.Addr, name string, n int) {
		for range n {
			wg.Go(func() {
				leave, err := f.enter(t.Context(), a)
				if err == nil {
					came <- name
					leave()
				}
			})
		}
		for { // until they stand in line
			f.mu.Lock()
			c := f.clients[a]
			ready := c != nil && len(c.line) == n
			f.mu.Unlock()
			if ready {
				return
			}
		}
	}
	wait(greedy, "greedy", 40)
	wait(other, "other", 1)
	leaves[0]()
	first, second := <-came, <-came
	if first != "other" && second != "other" {
		t.Errorf("%s and %s went before the other client", first, second)
	}
	for _, l := range leaves[1:] {
		l()
	}
	wg.Wait()
	if b, w := f.load(); b != 0 || w != 0 || len(f.clients) != 0 {
		t.Errorf("%d busy, %d waiting, %d remembered", b, w, len(f.clients))
	}
}

func TestLinesAreBounded(t *testing.T) {
	t.Parallel()
	f := newFair(8) // one place for each client
	f.longest = time.Minute
	a, b := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2") // one network
	leave, err := f.enter(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range queueEach {
		wg.Go(func() { _, _ = f.enter(ctx, b) })
	}
	for w := 0; w < min(queueEach, queueFactor*8); _, w = f.load() {
	}
	if _, err := f.enter(ctx, b); !errs.Is(err, errs.RateLimited) && !errs.Is(err, errs.Unavailable) {
		t.Errorf("%v", err)
	}
	if l, err := f.enter(ctx, netip.MustParseAddr("10.0.0.9")); errs.Is(err, errs.RateLimited) {
		t.Error("another client is told that it is too many")
	} else if err == nil {
		l()
	}
	cancel()
	wg.Wait()
	leave()
	f.longest = time.Nanosecond
	hold, _ := f.enter(t.Context(), a)
	if _, err := f.enter(t.Context(), a); !errs.Is(err, errs.Unavailable) {
		t.Errorf("who waited too long: %v", err)
	}
	hold()
	if busy, waiting := f.load(); busy != 0 || waiting != 0 || len(f.clients) != 0 {
		t.Errorf("%d %d %d", busy, waiting, len(f.clients))
	}
}

func BenchmarkEnter(b *testing.B) {
	f := newFair(0)
	a := netip.MustParseAddr("10.0.0.1")
	ctx := b.Context()
	for b.Loop() {
		leave, _ := f.enter(ctx, a)
		leave()
	}
}

// What one client may have is shared among the nodes that serve: two give together what one gave. An
// office behind one address has eight places on each, however many there are.
func TestBoundsOfAClientAreSharedAmongNodes(t *testing.T) {
	t.Parallel()
	nodes := 1
	fill := func() (*fair, int) {
		f := newFair(512) // an eighth for one client
		f.nodes, f.longest = func() int { return nodes }, 0
		for n := 0; ; n++ {
			if _, err := f.enter(t.Context(), netip.MustParseAddr("10.0.0.1")); err != nil {
				return f, n
			}
		}
	}
	for _, x := range []struct{ nodes, each int }{{0, 64}, {1, 64}, {2, 32}, {3, 22}, {8, 8}, {20, 8}} {
		nodes = x.nodes
		f, n := fill()
		if n != x.each {
			t.Errorf("with %d nodes a client has %d places on each, not %d", x.nodes, n, x.each)
		}
		if _, err := f.enter(t.Context(), netip.MustParseAddr("10.0.0.2")); err != nil {
			t.Errorf("with %d nodes another client waits behind the first: %v", x.nodes, err)
		}
	}
	// A node that goes is seen by the requests that come after.
	nodes = 2
	f, _ := fill()
	nodes = 1
	if _, err := f.enter(t.Context(), netip.MustParseAddr("10.0.0.1")); err != nil {
		t.Errorf("one node alone gives no more: %v", err)
	}
	if got := shareOf(4, func() int { return 3 }); got != 2 {
		t.Errorf("of four at once on a route a node of three gives %d", got)
	}
	if got := shareOf(1, func() int { return 3 }); got != 1 {
		t.Errorf("of one at once a node of three gives %d", got)
	}
}
