package dossierweb

import (
	"sync"
	"time"
)

// tries bounds how often one network may guess codes and phone numbers. Each node counts alone
// and allows its share, so that all together allow what one does.
type tries struct {
	nodes func() int // that serve the city
	mu    sync.Mutex
	seen  map[string]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

const (
	triesBurst  = 20
	triesMinute = 10
	triesKept   = 10_000 // networks remembered
)

func newTries(nodes func() int) *tries { return &tries{nodes: nodes, seen: map[string]bucket{}} }

func (t *tries) allow(network string, now time.Time) bool {
	n := 1.0
	if t.nodes != nil {
		n = float64(max(1, t.nodes()))
	}
	burst := max(1, triesBurst/n)
	t.mu.Lock()
	defer t.mu.Unlock()
	b, ok := t.seen[network]
	if !ok {
		if len(t.seen) >= triesKept {
			t.seen = map[string]bucket{}
		}
		b = bucket{left: burst, at: now}
	}
	b.left = min(burst, b.left+now.Sub(b.at).Minutes()*triesMinute/n)
	b.at = now
	if b.left < 1 {
		t.seen[network] = b
		return false
	}
	b.left--
	t.seen[network] = b
	return true
}
