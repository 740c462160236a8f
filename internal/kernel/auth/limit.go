package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"sync"
	"time"
)

// Failures allowed before one has to wait. They are counted for an account from one
// network, for a network over all accounts, and for an account from everywhere. The last
// count never bars the account's owner: networks from which the owner has a live session
// are exempt from it, so a stranger can slow down strangers only.
const (
	pairFailures    = 5
	networkFailures = 100 // an office or a mobile carrier shares one address
	loginFailures   = 50
	codeFailures    = 10               // a code of six digits is guessed sooner than a password
	networkSignUps  = 20               // accounts made, not failures
	ownerActs       = 5                // messages to one person
	networkActs     = 60               // and from one network
	failureWindow   = 15 * time.Minute // a full count drains in this time
	maxCounts       = 100_000
)

// limits counts failures in memory, each count draining at a steady rate. Nodes tell each other
// what they counted (see Share), and who starts anew what was counted before.
type limits struct {
	mu     sync.Mutex
	counts map[string]count
	told   map[string]mark // what the other nodes were not told yet
}

type count struct {
	n    float64
	last time.Time
}

func newLimits() *limits { return &limits{counts: map[string]count{}, told: map[string]mark{}} }

// wait returns how long this attempt must wait; 0 lets it pass.
func (l *limits) wait(now time.Time, login, network string, known bool, everywhere float64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := max(l.over(now, keyOf("p", login, network), pairFailures), l.over(now, keyOf("n", network), networkFailures))
	if !known {
		w = max(w, l.over(now, keyOf("l", login), everywhere))
	}
	return w
}

// signUp counts an account about to be made and returns how long it must wait; 0 lets it pass.
func (l *limits) signUp(now time.Time, network string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := keyOf("s", network)
	if w := l.over(now, key, networkSignUps); w > 0 {
		return w
	}
	l.add(now, key, networkSignUps)
	return 0
}

// often counts an act and returns how long it must wait; 0 lets it pass.
func (l *limits) often(now time.Time, what, whose, network string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	one, all := keyOf("o", what, whose), keyOf("w", what, network)
	if w := max(l.over(now, one, ownerActs), l.over(now, all, networkActs)); w > 0 {
		return w
	}
	l.add(now, one, ownerActs)
	l.add(now, all, networkActs)
	return 0
}

// over returns the time until the count under key is below limit.
func (l *limits) over(now time.Time, key string, limit float64) time.Duration {
	c, ok := l.counts[key]
	if !ok {
		return 0
	}
	n := c.drained(now, limit)
	if n < limit {
		return 0
	}
	return time.Duration((n - limit + 1) / limit * float64(failureWindow))
}

func (c count) drained(now time.Time, limit float64) float64 {
	return max(0, c.n-limit*now.Sub(c.last).Seconds()/failureWindow.Seconds())
}

func (l *limits) failed(now time.Time, login, network string, everywhere float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.add(now, keyOf("p", login, network), pairFailures)
	l.add(now, keyOf("n", network), networkFailures)
	l.add(now, keyOf("l", login), everywhere)
}

// keyOf names a count: a hash, since it is told to other nodes and may hold a telephone number.
func keyOf(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return base64.RawStdEncoding.EncodeToString(sum[:12])
}

// add counts one, here and for the others.
func (l *limits) add(now time.Time, key string, limit float64) {
	l.count(now, key, limit, 1)
	m := l.told[key]
	l.tell(key, mark{N: m.N + 1, Limit: limit, Clear: m.Clear})
}

// count adds n to a count. What another node counted a moment ago may come with its own time.
func (l *limits) count(now time.Time, key string, limit, n float64) {
	if len(l.counts) >= maxCounts {
		for k, c := range l.counts {
			if now.Sub(c.last) > failureWindow {
				delete(l.counts, k)
			}
		}
		if len(l.counts) >= maxCounts {
			clear(l.counts) // a flood from everywhere: start anew rather than grow
		}
	}
	c := l.counts[key]
	if now.Before(c.last) {
		now = c.last
	}
	l.counts[key] = count{n: min(c.drained(now, limit)+n, 2*limit), last: now}
}

// succeeded clears the pair's count; the others stay, or one own account would wash a network clean.
func (l *limits) succeeded(login, network string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := keyOf("p", login, network)
	if _, failed := l.counts[key]; failed {
		delete(l.counts, key)
		l.tell(key, mark{Clear: true})
	}
}
