package auth

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/id"
)

// Nodes tell each other what they counted: in batches, never while somebody waits, so that no
// try writes and no row is hot. A count is everywhere after two turns of Run, some 1.4 s.

const (
	tallyWindow = 10 * time.Second // batches are read again for so long: commits may overtake their ids
	maxTold     = 5_000            // marks in a batch; what a flood adds beyond them each node counts alone
)

// mark is what was added to one count.
type mark struct {
	N     float64 `json:"n,omitempty"`
	Limit float64 `json:"l,omitempty"`
	Clear bool    `json:"c,omitempty"` // it was set to nothing first
}

// tally is one batch of marks by key, as another node wrote it.
type tally struct {
	id    int64
	marks map[string]mark
}

// tallies are what this node has read of others.
type tallies struct {
	node int64 // of this run of the program; its own batches are not read

	mu    sync.Mutex
	seen  map[int64]bool
	begun bool // the batches of the whole window of failures were read once
}

func newTallies() *tallies {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return &tallies{node: int64(binary.BigEndian.Uint64(b[:]) >> 1), seen: map[int64]bool{}} //nolint:gosec // 63 bits
}

// since is the instant after which batches are read.
func (t *tallies) since(now time.Time) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.begun { // what was counted before a restart counts after it
		return now.Add(-failureWindow)
	}
	return now.Add(-tallyWindow)
}

// fresh returns the batches not seen before, and forgets those out of the window.
func (t *tallies) fresh(all []tally) (out []tally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := make(map[int64]bool, len(all))
	for _, x := range all {
		now[x.id] = true
		if !t.seen[x.id] {
			out = append(out, x)
		}
	}
	t.seen, t.begun = now, true
	return out
}

// Share tells the other nodes what this one has counted since it last did.
func (s *Service) Share(ctx context.Context) error {
	told := s.limits.take()
	if len(told) == 0 {
		return nil
	}
	err := s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		return insertTally(tx, s.gen.Next(), s.tallies.node, told)
	})
	if err != nil {
		s.limits.giveBack(told)
	}
	return err
}

// hear counts what other nodes have told.
func (s *Service) hear(v *db.View) error {
	all, err := talliesSince(v, id.At(s.tallies.since(s.clk.Now())), s.tallies.node)
	if err != nil {
		return err
	}
	for _, x := range s.tallies.fresh(all) {
		s.limits.hear(id.Time(x.id), x.marks)
	}
	return nil
}

// take returns what is to be told, and keeps nothing of it.
func (l *limits) take() map[string]mark {
	l.mu.Lock()
	defer l.mu.Unlock()
	told := l.told
	l.told = map[string]mark{}
	return told
}

// giveBack keeps what could not be told.
func (l *limits) giveBack(told map[string]mark) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, m := range told {
		if now := l.told[k]; !now.Clear {
			l.tell(k, mark{N: m.N + now.N, Limit: m.Limit, Clear: m.Clear})
		}
	}
}

func (l *limits) tell(key string, m mark) {
	if _, ok := l.told[key]; ok || len(l.told) < maxTold {
		l.told[key] = m
	}
}

// hear adds what another node counted at an instant.
func (l *limits) hear(at time.Time, marks map[string]mark) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, m := range marks {
		if m.Clear {
			delete(l.counts, k)
		}
		if m.N > 0 && m.Limit > 0 {
			l.count(at, k, m.Limit, m.N)
		}
	}
}
