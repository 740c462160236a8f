package dossierweb

import (
	"sync"
	"time"
)

// tries bounds how often one network may guess codes and phone numbers. It counts on
// this node only, which is enough to make guessing hopeless.
type tries struct {
	mu   sync.Mutex
	seen map[string]bucket
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

func newTries() *tries { return &tries{seen: map[string]bucket{}} }

func (t *tries) allow(network string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	b, ok := t.seen[network]
	if !ok {
		if len(t.seen) >= triesKept {
			t.seen = map[string]bucket{}
		}
		b = bucket{left: triesBurst, at: now}
	}
	b.left = min(triesBurst, b.left+now.Sub(b.at).Minutes()*triesMinute)
	b.at = now
	if b.left < 1 {
		t.seen[network] = b
		return false
	}
	b.left--
	t.seen[network] = b
	return true
}
