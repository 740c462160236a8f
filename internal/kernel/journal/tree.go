package journal

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// numbered is an entry on its way into a batch.
type numbered struct {
	row  *row
	leaf tlog.Hash
}

// batch is a journal_batch as stored.
type batch struct {
	first, count, at, xid int64
	ids, hashes, edge     []byte
}

func (b *batch) end() int64 { return b.first + b.count }

// tree is the log's state after some entries: its size and the roots of its
// perfect subtrees, left to right (one for each bit of size).
type tree struct {
	size int64
	edge []tlog.Hash
}

// grow adds a leaf and calls out with each hash that it completes, in the order
// in which tlog numbers stored hashes.
func (t *tree) grow(leaf tlog.Hash, out func(tlog.Hash)) {
	h := leaf
	out(h)
	for n := t.size; n&1 == 1; n >>= 1 {
		h = tlog.NodeHash(t.edge[len(t.edge)-1], h)
		t.edge = t.edge[:len(t.edge)-1]
		out(h)
	}
	t.edge = append(t.edge, h)
	t.size++
}

// root is the tree hash; that of the empty tree is zero, as in tlog.
func (t *tree) root() tlog.Hash {
	if len(t.edge) == 0 {
		return tlog.Hash{}
	}
	h := t.edge[len(t.edge)-1]
	for i := len(t.edge) - 2; i >= 0; i-- {
		h = tlog.NodeHash(t.edge[i], h)
	}
	return h
}

func (t *tree) edgeBytes() []byte {
	out := make([]byte, 0, len(t.edge)*tlog.HashSize)
	for _, h := range t.edge {
		out = append(out, h[:]...)
	}
	return out
}

// tree is the state of the log after the batch.
func (b *batch) tree() (tree, error) {
	edge, err := hashesOf(b.edge)
	if err != nil {
		return tree{}, fmt.Errorf("journal: edge of batch %d: %w", b.first, err)
	}
	t := tree{size: b.end(), edge: edge}
	if n := popcount(t.size); n != len(edge) {
		return tree{}, fmt.Errorf("journal: the edge of batch %d has %d hashes for %d entries", b.first, len(edge), t.size)
	}
	return t, nil
}

// popcount is how many perfect subtrees a tree of n entries has.
func popcount(n int64) int { return bits.OnesCount64(uint64(n)) } //nolint:gosec // a size

// trailingOnes is how many hashes the entry with number n completes beside its own.
func trailingOnes(n int64) int { return bits.TrailingZeros64(^uint64(n)) } //nolint:gosec // a number from 0

func hashesOf(b []byte) ([]tlog.Hash, error) {
	if len(b)%tlog.HashSize != 0 {
		return nil, fmt.Errorf("journal: %d bytes are no hashes", len(b))
	}
	out := make([]tlog.Hash, len(b)/tlog.HashSize, len(b)/tlog.HashSize+8)
	for i := range out {
		copy(out[i][:], b[i*tlog.HashSize:])
	}
	return out, nil
}

// builder makes the next batch of a log.
type builder struct {
	t      tree
	b      batch
	lastID int64
}

func newBatch(t tree, n int) *builder {
	return &builder{t: t, b: batch{
		first: t.size, ids: make([]byte, 0, 9+n*4), hashes: make([]byte, 0, (2*n+8)*tlog.HashSize),
	}}
}

func (b *builder) add(id int64, leaf tlog.Hash) {
	b.b.ids = binary.AppendVarint(b.b.ids, id-b.lastID)
	b.lastID = id
	b.b.count++
	b.t.grow(leaf, func(h tlog.Hash) { b.b.hashes = append(b.b.hashes, h[:]...) })
}

func (b *builder) done(at, xid int64) batch {
	b.b.at, b.b.xid, b.b.edge = at, xid, b.t.edgeBytes()
	return b.b
}

// entryIDs reads the ids of a batch.
func (b *batch) entryIDs() ([]int64, error) {
	out := make([]int64, 0, b.count)
	var id int64
	for rest := b.ids; len(rest) > 0; {
		d, n := binary.Varint(rest)
		if n <= 0 {
			return nil, fmt.Errorf("journal: the ids of batch %d are broken", b.first)
		}
		id += d
		out = append(out, id)
		rest = rest[n:]
	}
	if int64(len(out)) != b.count {
		return nil, fmt.Errorf("journal: batch %d names %d entries and counts %d", b.first, len(out), b.count)
	}
	return out, nil
}

// lastID is the id of the batch's last entry, 0 where there is none.
func (b *batch) lastID() (int64, error) {
	ids, err := b.entryIDs()
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[len(ids)-1], nil
}
