package journal

import (
	"bytes"
	"context"
	"slices"
	"sort"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
)

// ProblemKind says what is wrong with an entry or a stretch of the log.
// "journal.problem." and the kind is the key of its sentence (parameters id, seq, to).
type ProblemKind string

// What Verify can find.
const (
	Altered       ProblemKind = "altered"    // the header is not what was numbered
	PayloadBroken ProblemKind = "payload"    // the payload is not what the header's digest says
	Removed       ProblemKind = "removed"    // numbered, but the row is gone
	Reordered     ProblemKind = "reordered"  // stands at another place than when numbered
	Backdated     ProblemKind = "backdated"  // its time is not that of its id or of its place
	Unlisted      ProblemKind = "unlisted"   // a row that was never numbered
	ErasedMute    ProblemKind = "erased"     // erased, and no entry says so
	Gap           ProblemKind = "gap"        // numbers Seq to To have no batch
	HashAltered   ProblemKind = "hash"       // a stored hash over Seq to To does not follow from its leaves
	Mismatch      ProblemKind = "checkpoint" // the entries Seq to To do not lead to the signed root
	BadSignature  ProblemKind = "signature"  // the checkpoint of size To+1 is not signed by this log's key
	Truncated     ProblemKind = "truncated"  // a checkpoint was signed for entries that are no longer there
	Broken        ProblemKind = "promise"    // an entry that was promised is not what it was
)

// Problem is one finding. Seq and To are numbers in the log, -1 where there is none.
type Problem struct {
	Kind    ProblemKind
	ID      EntryID
	Seq, To int64
}

// Key and Params are the finding's sentence.
func (p Problem) Key() string { return "journal.problem." + string(p.Kind) }

// Params fill Key's message.
func (p Problem) Params() []any {
	return []any{"id", p.ID.String(), "seq", p.Seq, "to", p.To}
}

// Report is what Verify found.
type Report struct {
	Entries     int64            // numbered
	Kinds       map[string]int64 // numbered and found, by kind
	Erased      int64
	Pending     int64 // appended, not numbered yet
	Batches     int64
	Checkpoints int64
	Root        tlog.Hash
	Problems    []Problem // at most maxProblems
	More        int64     // further ones that were only counted
}

// OK reports whether nothing is wrong.
func (r Report) OK() bool { return len(r.Problems) == 0 }

const (
	maxProblems = 1000
	// maxSkew is how far the clocks of nodes, and a unit's begin and its commit, may lie apart.
	maxSkew    = 5 * time.Minute
	verifyPage = 32 // batches read at once
)

func (r *Report) find(kind ProblemKind, id, seq, to int64) {
	if len(r.Problems) >= maxProblems {
		r.More++
		return
	}
	r.Problems = append(r.Problems, Problem{kind, EntryID(id), seq, to})
}

// Held is what somebody outside kept: signed checkpoints and promises.
type Held struct {
	Checkpoints []string
	Promises    []string
}

// Verify recomputes the whole log from its rows and compares it with every signed
// checkpoint, those in the database and those in held. progress, if given, is called with the numbers
// of entries done and to do. The error tells that reading failed; what is wrong with
// the log is in the report.
func (j *Journal) Verify(ctx context.Context, held Held, progress func(done, total int64)) (rep Report, err error) {
	defer errs.Op(&err, "journal.Verify")
	rep.Kinds = map[string]int64{}
	w := &walk{j: j, rep: &rep}
	if err := w.hold(held); err != nil {
		return rep, err
	}
	var total int64
	err = j.db.View(ctx, func(_ context.Context, v *db.View) error {
		last, err := tail(v)
		total = last.end()
		return err
	})
	if err != nil {
		return rep, err
	}
	for {
		more := false
		err := j.db.View(ctx, func(_ context.Context, v *db.View) (err error) {
			more, err = w.page(v)
			return err
		})
		if err != nil {
			return rep, err
		}
		if progress != nil {
			progress(w.t.size, max(total, w.t.size))
		}
		if !more {
			break
		}
	}
	err = w.strangers(ctx)
	rep.Entries, rep.Root = w.t.size, w.t.root()
	return rep, err
}

// walk goes through the log from its first entry.
type walk struct {
	j        *Journal
	rep      *Report
	t        tree // by the stored leaves
	lastAt   int64
	good     int64 // size of the last checkpoint that matched
	held     []Checkpoint
	promises map[int64]Receipt
	listed   int64 // entries that batches name
	removed  int64 // of these, without a row
}

func (w *walk) hold(h Held) error {
	v := w.j.signer.Verifier()
	for _, s := range h.Checkpoints {
		c, err := ParseCheckpoint(s, v)
		if err != nil {
			return errs.E(errs.Invalid, "journal.badPromise", errs.Cause(err))
		}
		w.held = append(w.held, c)
	}
	sort.Slice(w.held, func(a, b int) bool { return w.held[a].Size < w.held[b].Size })
	w.promises = make(map[int64]Receipt, len(h.Promises))
	for _, s := range h.Promises {
		r, err := ParsePromise(s, v)
		if err != nil {
			return err
		}
		w.promises[int64(r.ID)] = r
	}
	return nil
}

// page verifies the next batches; false at the end of the log.
func (w *walk) page(q db.Querier) (bool, error) {
	bs, err := batchesAfter(q, w.t.size-1, verifyPage)
	if err != nil || len(bs) == 0 {
		return false, err
	}
	var ids []int64
	listed := make([][]int64, len(bs))
	for i := range bs {
		if listed[i], err = bs[i].entryIDs(); err != nil {
			w.rep.find(HashAltered, 0, bs[i].first, bs[i].end()-1)
		}
		ids = append(ids, listed[i]...)
	}
	rows, err := entriesByID(q, ids)
	if err != nil {
		return false, err
	}
	signed, err := checkpointsBetween(q, w.t.size, bs[len(bs)-1].end())
	if err != nil {
		return false, err
	}
	for i := range bs {
		if err := w.batch(q, &bs[i], listed[i], rows); err != nil {
			return false, err
		}
		for len(signed) > 0 && signed[0].size <= w.t.size {
			w.checkpoint(signed[0])
			signed = signed[1:]
		}
		for len(w.held) > 0 && w.held[0].Size <= w.t.size {
			w.compare(w.held[0])
			w.held = w.held[1:]
		}
	}
	return true, nil
}

func (w *walk) batch(q db.Querier, b *batch, ids []int64, rows map[int64]*row) error {
	w.rep.Batches++
	w.listed += int64(len(ids))
	if b.first != w.t.size {
		w.rep.find(Gap, 0, w.t.size, b.first-1)
		// Go on from what the batch before this one should have left.
		w.t = tree{size: b.first}
		for n := popcount(b.first); n > 0; n-- {
			w.t.edge = append(w.t.edge, tlog.Hash{})
		}
	}
	stored, err := hashesOf(b.hashes)
	if err != nil || len(ids) != int(b.count) {
		w.rep.find(HashAltered, 0, b.first, b.end()-1)
		stored = nil
	}
	leaves := make(map[tlog.Hash]int, len(ids))
	at := 0
	for i := range ids { // where each leaf stands among the stored hashes
		if at < len(stored) {
			leaves[stored[at]] = i
		}
		at += 1 + trailingOnes(b.first+int64(i))
	}
	at = 0
	for i, eid := range ids {
		seq := b.first + int64(i)
		var kept tlog.Hash
		if at < len(stored) {
			kept = stored[at]
		}
		r := rows[eid]
		if r == nil {
			w.removed++
			w.rep.find(Removed, eid, seq, seq)
		} else if err := w.entry(q, b, r, seq, i, kept, leaves); err != nil {
			return err
		}
		bad := false
		w.t.grow(kept, func(h tlog.Hash) {
			if at >= len(stored) || stored[at] != h {
				bad = true
			}
			at++
		})
		if bad && stored != nil {
			w.rep.find(HashAltered, eid, seq+1-int64(1)<<trailingOnes(seq), seq)
		}
	}
	if stored != nil && (at != len(stored) || !bytes.Equal(w.t.edgeBytes(), b.edge)) {
		w.rep.find(HashAltered, 0, b.first, b.end()-1)
	}
	w.lastAt = b.at
	return nil
}

// entry compares one row with the hash that was numbered.
func (w *walk) entry(q db.Querier, b *batch, r *row, seq int64, i int, kept tlog.Hash, leaves map[tlog.Hash]int) error {
	w.rep.Kinds[r.kind]++
	leaf := r.leaf()
	skew := maxSkew.Milliseconds()
	idAt := id.Time(r.id).UnixMilli()
	shifted := r.at < idAt-skew || r.at > idAt+skew
	switch k, elsewhere := leaves[leaf]; {
	case leaf == kept && (shifted || r.at < w.lastAt-skew || r.at > b.at+skew):
		w.rep.find(Backdated, r.id, seq, seq)
	case leaf == kept:
	case elsewhere && k != i:
		w.rep.find(Reordered, r.id, seq, seq)
	case shifted:
		w.rep.find(Backdated, r.id, seq, seq)
	default:
		w.rep.find(Altered, r.id, seq, seq)
	}
	if p, ok := w.promises[r.id]; ok {
		delete(w.promises, r.id)
		if p.Leaf != leaf {
			w.rep.find(Broken, r.id, seq, seq)
		}
	}
	if r.erased() {
		w.rep.Erased++
		said, err := isErased(q, r.id)
		if err == nil && !said {
			w.rep.find(ErasedMute, r.id, seq, seq)
		}
		return err
	}
	if d := digest(r.salt, r.payload); !bytes.Equal(d[:], r.digest) {
		w.rep.find(PayloadBroken, r.id, seq, seq)
	}
	return nil
}

func (w *walk) checkpoint(c storedCheckpoint) {
	w.rep.Checkpoints++
	parsed, err := ParseCheckpoint(c.note, w.j.signer.Verifier())
	if err != nil || parsed.Size != c.size {
		w.rep.find(BadSignature, 0, w.good, c.size-1)
		return
	}
	w.compare(parsed)
}

// compare checks a signed root; the log stands at its size, or has passed it.
func (w *walk) compare(c Checkpoint) {
	if c.Size != w.t.size || c.Root != w.t.root() {
		w.rep.find(Mismatch, 0, w.good, c.Size-1)
		return
	}
	w.good = c.Size
}

// strangers looks for rows that no batch names, and for promises left over.
func (w *walk) strangers(ctx context.Context) error {
	return w.j.db.View(ctx, func(_ context.Context, v *db.View) error {
		// What came since the last page belongs to this snapshot.
		for more := true; more; {
			var err error
			if more, err = w.page(v); err != nil {
				return err
			}
		}
		last, err := tail(v)
		if err != nil {
			return err
		}
		for _, c := range w.held {
			w.rep.find(Truncated, 0, w.t.size, c.Size-1)
		}
		pending, err := w.j.pendingIDs(v, last)
		if err != nil {
			return err
		}
		w.rep.Pending = int64(len(pending))
		for id := range w.promises {
			if !pending[id] {
				w.rep.find(Broken, id, -1, -1)
			}
		}
		signed, err := lastCheckpoint(v)
		if err != nil {
			return err
		}
		if signed.size > last.end() {
			w.rep.find(Truncated, 0, last.end(), signed.size-1)
		}
		n, err := countEntries(v)
		if err != nil || n == w.listed-w.removed+int64(len(pending)) {
			return err
		}
		return w.unlisted(v, pending)
	})
}

// unlisted compares the ids of all rows with those of all batches.
func (w *walk) unlisted(q db.Querier, pending map[int64]bool) error {
	var listed []int64
	for next := int64(-1); ; {
		bs, err := batchesAfter(q, next, 256)
		if err != nil {
			return err
		}
		if len(bs) == 0 {
			break
		}
		for i := range bs {
			ids, err := bs[i].entryIDs()
			if err != nil {
				continue // reported before
			}
			listed = append(listed, ids...)
		}
		next = bs[len(bs)-1].first
	}
	slices.Sort(listed)
	for after := int64(-1 << 63); ; {
		ids, err := entryIDsAfter(q, after, 4096)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			if _, ok := slices.BinarySearch(listed, id); !ok && !pending[id] {
				w.rep.find(Unlisted, id, -1, -1)
			}
		}
		after = ids[len(ids)-1]
	}
}

func trailingOnes(n int64) (c int) {
	for ; n&1 == 1; n >>= 1 {
		c++
	}
	return c
}
