package journal

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
)

// Held is what somebody outside kept, and whom they trust.
type Held struct {
	Checkpoints []string // signed notes, with or without signatures of witnesses
	Promises    []string
	Receipts    [][]byte
	Witnesses   []*WitnessVerifier
	Roots       *x509.CertPool // of authorities for time; nil leaves their certificates unchecked
}

// A look at the database ends after five seconds, whatever the size of the log and the load of
// the machine: so every look is small, and one that was too slow is taken again.
const (
	verifyRows  = 1024   // entries read in one look
	verifyCount = 20_000 // entries counted in one look
	verifyTries = 5
)

// Verify recomputes the whole log from its rows and compares it with every signed
// checkpoint, those in the database and those in held. progress, if given, is called with the numbers
// of entries done and to do. The error tells that reading failed; what is wrong with
// the log is in the report. The city may go on working meanwhile.
func (j *Journal) Verify(ctx context.Context, held Held, progress func(done, total int64)) (rep Report, err error) {
	defer errs.Op(&err, "journal.Verify")
	rep.Kinds = map[string]int64{}
	w := &walk{j: j, rep: &rep, roots: held.Roots, witnesses: held.Witnesses, lookAhead: 32}
	if err := w.hold(held); err != nil {
		return rep, err
	}
	var total int64
	err = w.look(ctx, func(v *db.View) error {
		last, err := tail(v)
		if err != nil {
			return err
		}
		total = last.end()
		if w.bound, err = youngest(v); err != nil {
			return err
		}
		w.epochs, err = epochs(v)
		return err
	})
	if err != nil {
		return rep, err
	}
	for more := true; more; {
		if more, err = w.page(ctx); err != nil {
			return rep, err
		}
		if progress != nil {
			progress(w.t.size, max(total, w.t.size))
		}
	}
	err = w.strangers(ctx)
	rep.Entries, rep.Root, rep.Epochs = w.t.size, w.t.root(), len(w.epochs)
	return rep, err
}

// walk goes through the log from its first entry.
type walk struct {
	j         *Journal
	rep       *Report
	t         tree // by the stored leaves
	lastAt    int64
	good      int64 // size of the last checkpoint that matched
	held      []Checkpoint
	promises  map[int64]Receipt
	places    map[int64]int64 // of held receipts: entry to number
	witnesses []*WitnessVerifier
	roots     *x509.CertPool
	epochs    []epoch
	bound     int64 // the youngest id when the walk began
	within    int64 // entries up to the bound that batches name and that have a row
	lookAhead int   // batches to read at once
	said      map[int64]bool
	seen      int64 // first number of the last batch that unlisted read
}

// look reads in a small View, again where the machine was too slow.
func (w *walk) look(ctx context.Context, fn func(v *db.View) error) (err error) {
	for range verifyTries {
		err = w.j.db.View(ctx, func(_ context.Context, v *db.View) error { return fn(v) })
		if !errs.Is(err, errs.Unavailable) || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func (w *walk) hold(h Held) error {
	v := w.j.signer.Verifier()
	for _, s := range h.Checkpoints {
		c, err := ParseCheckpoint(s, v)
		if err != nil {
			return errs.E(errs.Invalid, "journal.badCheckpoint", errs.Cause(err))
		}
		w.held = append(w.held, c)
	}
	w.promises = make(map[int64]Receipt, len(h.Promises))
	for _, s := range h.Promises {
		r, err := ParsePromise(s, v)
		if err != nil {
			return err
		}
		w.promises[int64(r.ID)] = r
	}
	w.places = map[int64]int64{}
	for _, raw := range h.Receipts {
		verdict, err := CheckReceipt(raw, ReceiptCheck{Key: w.j.Key()})
		if err != nil {
			return err
		}
		if !verdict.OK() {
			return errs.E(errs.Invalid, "journal.badReceipt")
		}
		s := verdict.Statement
		w.promises[int64(s.ID)] = Receipt{ID: s.ID, At: s.At, Leaf: s.Leaf}
		if c := verdict.Checkpoint; c != nil {
			w.places[int64(s.ID)] = verdict.Number
			w.held = append(w.held, *c)
		}
	}
	slices.SortStableFunc(w.held, func(a, b Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
	return nil
}

// page verifies the next batches; false at the end of the log.
func (w *walk) page(ctx context.Context) (bool, error) {
	var bs []batch
	if err := w.look(ctx, func(v *db.View) (err error) {
		bs, err = batchesAfter(v, w.t.size-1, w.lookAhead)
		return err
	}); err != nil || len(bs) == 0 {
		return false, err
	}
	var ids []int64
	listed := make([][]int64, len(bs))
	for i := range bs {
		var err error
		if listed[i], err = bs[i].entryIDs(); err != nil {
			w.rep.find(HashAltered, 0, bs[i].first, bs[i].end()-1)
		}
		ids = append(ids, listed[i]...)
	}
	// Batches of a quiet city hold one entry, those of a sequencer thousands.
	w.lookAhead = min(max(verifyRows*len(bs)/max(len(ids), 1), 1), 256)
	rows := make(map[int64]*row, len(ids))
	w.said = map[int64]bool{}
	for part := range slices.Chunk(ids, verifyRows) {
		if err := w.rows(ctx, part, rows); err != nil {
			return false, err
		}
	}
	var signed []storedCheckpoint
	var stamps []stamp
	if err := w.look(ctx, func(v *db.View) (err error) {
		if signed, err = checkpointsBetween(v, w.t.size, bs[len(bs)-1].end()); err != nil {
			return err
		}
		for i := range signed {
			lines, err := cosignatures(v, signed[i].size)
			if err != nil {
				return err
			}
			signed[i].note = join(signed[i].note, lines)
		}
		stamps, err = stampsBetween(v, w.t.size, bs[len(bs)-1].end())
		return err
	}); err != nil {
		return false, err
	}
	for i := range bs {
		w.batch(&bs[i], listed[i], rows)
		for len(signed) > 0 && signed[0].size <= w.t.size {
			w.checkpoint(signed[0], stamps)
			signed = signed[1:]
		}
		for len(w.held) > 0 && w.held[0].Size <= w.t.size {
			w.compare(w.held[0])
			w.held = w.held[1:]
		}
	}
	return true, nil
}

// rows reads entries, and which of those that are erased an entry says so of.
func (w *walk) rows(ctx context.Context, ids []int64, into map[int64]*row) error {
	return w.look(ctx, func(v *db.View) error {
		rs, err := entriesByID(v, ids)
		if err != nil {
			return err
		}
		var erased []int64
		for id, r := range rs {
			into[id] = r
			if r.erased() {
				erased = append(erased, id)
			}
		}
		said, err := saidErased(v, erased)
		for id := range said {
			w.said[id] = true
		}
		return err
	})
}

func (w *walk) batch(b *batch, ids []int64, rows map[int64]*row) {
	w.rep.Batches++
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
		if r := rows[eid]; r == nil {
			w.rep.find(Removed, eid, seq, seq)
		} else {
			if eid <= w.bound {
				w.within++
			}
			w.entry(b, r, seq, i, kept, leaves)
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
}

// entry compares one row with the hash that was numbered.
func (w *walk) entry(b *batch, r *row, seq int64, i int, kept tlog.Hash, leaves map[tlog.Hash]int) {
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
	if n, ok := w.places[r.id]; ok && n != seq {
		w.rep.find(NoSuchEntry, r.id, n, n)
	}
	if r.erased() {
		w.rep.Erased++
		if !w.said[r.id] {
			w.rep.find(ErasedMute, r.id, seq, seq)
		}
		return
	}
	if d := digest(r.salt, r.payload); !bytes.Equal(d[:], r.digest) {
		w.rep.find(PayloadBroken, r.id, seq, seq)
	}
}

func (w *walk) checkpoint(c storedCheckpoint, stamps []stamp) {
	w.rep.Checkpoints++
	parsed, err := ParseCheckpoint(c.note, w.j.signer.Verifier())
	if err != nil || parsed.Size != c.size {
		w.rep.find(BadSignature, 0, w.good, c.size-1)
		return
	}
	if len(Cosignatures(c.note, w.witnesses...)) > 0 {
		w.rep.Cosigned++
	}
	for _, t := range stamps {
		if t.size != c.size {
			continue
		}
		w.rep.Stamps++
		ts, err := ParseTimeStamp(t.token, checkpointDigest(c.note), w.roots)
		// What was stamped had been signed before.
		if err != nil || ts.At.Before(parsed.At.Add(-maxSkew)) {
			w.rep.find(BadStamp, 0, -1, c.size-1)
		} else if ts.Trusted {
			w.rep.Trusted++
		}
	}
	w.compare(parsed)
}

// compare checks a signed root; the log stands at its size, or has passed it.
func (w *walk) compare(c Checkpoint) {
	if cut, given := w.givenUp(c); given {
		w.rep.find(GivenUp, 0, cut, c.Size-1)
		return
	}
	if c.Size != w.t.size || c.Root != w.t.root() {
		w.rep.find(Mismatch, 0, w.good, c.Size-1)
		return
	}
	w.good = c.Size
}

// givenUp reports whether a later epoch than the checkpoint's began with fewer entries than it
// signs for.
func (w *walk) givenUp(c Checkpoint) (cut int64, given bool) {
	for _, e := range w.epochs {
		if e.n > c.Epoch && e.cut < c.Size {
			return e.cut, true
		}
	}
	return 0, false
}

// strangers looks for rows that no batch names, and for promises left over.
func (w *walk) strangers(ctx context.Context) error {
	pending, size, err := w.rest(ctx)
	if err != nil {
		return err
	}
	for _, c := range w.held {
		if cut, given := w.givenUp(c); given {
			w.rep.find(GivenUp, 0, cut, c.Size-1)
		} else {
			w.rep.find(Truncated, 0, w.t.size, c.Size-1)
		}
	}
	w.rep.Pending = int64(len(pending))
	if err := w.look(ctx, func(v *db.View) error {
		rows, err := entriesByID(v, slices.Collect(maps.Keys(pending)))
		for _, r := range rows {
			w.rep.Kinds[r.kind]++
		}
		return err
	}); err != nil {
		return err
	}
	for id := range w.promises {
		if !pending[id] {
			w.rep.find(Broken, id, -1, -1)
		}
	}
	var signed storedCheckpoint
	if err := w.look(ctx, func(v *db.View) (err error) { signed, err = lastCheckpoint(v); return err }); err != nil {
		return err
	}
	// What was signed since the walk ended is no truncation: the log has grown to it.
	if signed.size > w.t.size {
		if _, size, err = w.rest(ctx); err != nil {
			return err
		}
		if signed.size > size {
			w.rep.find(Truncated, 0, size, signed.size-1)
		}
	}
	for _, e := range w.epochs {
		if err := w.epoch(ctx, e); err != nil {
			return err
		}
	}
	rows := int64(0)
	for after, n := int64(-1<<63), int64(verifyCount); n == verifyCount; rows += n {
		if err := w.look(ctx, func(v *db.View) error {
			var last int64
			var err error
			if n, last, err = countUpTo(v, after, w.bound, verifyCount); err == nil && n > 0 {
				after = last
			}
			return err
		}); err != nil {
			return err
		}
	}
	waiting := int64(0)
	for id := range pending {
		if id <= w.bound {
			waiting++
		}
	}
	if rows == w.within+waiting {
		return nil
	}
	return w.unlisted(ctx)
}

// rest walks to the end of the log as it is now, and returns what waits to be numbered after it.
func (w *walk) rest(ctx context.Context) (pending map[int64]bool, size int64, err error) {
	for {
		for more := true; more; {
			if more, err = w.page(ctx); err != nil {
				return nil, 0, err
			}
		}
		var last batch
		if err = w.look(ctx, func(v *db.View) error {
			if last, err = tail(v); err != nil {
				return err
			}
			pending, err = w.j.pendingIDs(v, last)
			return err
		}); err != nil || last.end() <= w.t.size {
			return pending, last.end(), err
		}
	}
}

// epoch looks that the entry that opens an epoch stands in the log.
func (w *walk) epoch(ctx context.Context, e epoch) error {
	return w.look(ctx, func(v *db.View) error {
		r, err := entryByID(v, e.entry)
		if errs.Is(err, errs.NotFound) || err == nil && (r.kind != KindEpoch || r.subjectID != int64(e.n)) {
			w.rep.find(EpochMute, e.entry, e.cut, e.cut)
			return nil
		}
		return err
	})
}

// unlisted compares the ids of all rows with those of all batches.
func (w *walk) unlisted(ctx context.Context) error {
	var listed []int64
	add := func() error {
		for more := true; more; {
			var bs []batch
			if err := w.look(ctx, func(v *db.View) (err error) {
				bs, err = idsAfter(v, w.seen, 256)
				return err
			}); err != nil {
				return err
			}
			for i := range bs {
				w.seen = bs[i].first
				ids, err := bs[i].entryIDs()
				if err != nil {
					continue // reported before
				}
				listed = append(listed, ids...)
			}
			more = len(bs) > 0
		}
		slices.Sort(listed)
		return nil
	}
	w.seen = -1
	if err := add(); err != nil {
		return err
	}
	var strange []int64
	for after := int64(-1 << 63); ; {
		var ids []int64
		if err := w.look(ctx, func(v *db.View) (err error) { ids, err = entryIDsAfter(v, after, 4096); return err }); err != nil {
			return err
		}
		if len(ids) == 0 {
			break
		}
		for _, id := range ids {
			if _, ok := slices.BinarySearch(listed, id); !ok {
				strange = append(strange, id)
			}
		}
		after = ids[len(ids)-1]
	}
	if len(strange) == 0 {
		return nil
	}
	// What was numbered while this went on, or waits for it, is no stranger.
	pending, _, err := w.rest(ctx)
	if err != nil {
		return err
	}
	if err := add(); err != nil {
		return err
	}
	for _, id := range strange {
		if _, ok := slices.BinarySearch(listed, id); !ok && !pending[id] {
			w.rep.find(Unlisted, id, -1, -1)
		}
	}
	return nil
}
