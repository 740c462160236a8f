package journal

import (
	"context"
	"slices"
	"sync"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Follower reads the log in order and answers each entry in the transaction that
// moves its cursor, so that an effect inside the database happens exactly once.
// What leaves the database belongs in a job that Fn enqueues.
type Follower struct {
	Name  string   // of the durable cursor; unique in the program
	Kinds []string // kinds to be called for; none means all
	// Tail starts a follower that is new at the end of the log instead of its beginning.
	Tail bool
	// Fn may run again for an entry whose transaction failed. An error stops this
	// follower at the entry; it is tried again, later and later.
	Fn func(ctx context.Context, tx *db.Tx, r Record) error
}

const (
	followMax  = 64   // entries in one transaction
	followSkip = 1024 // entries without effect before the cursor is written down anyway
	keyMoved   = "journal.moved"
)

// reader is a follower at work.
type reader struct {
	Follower
	known   bool
	durable int64 // the cursor as stored
	next    int64 // entries before it are done or of other kinds
	single  bool  // after an error: one entry a transaction
}

// step handles the next entries and returns how many it read, 0 at the end of the log.
func (j *Journal) step(ctx context.Context, f *reader) (n int, err error) {
	defer errs.Op(&err, "journal follower %s", f.Name)
	if !f.known {
		if err := j.begin(ctx, f); err != nil {
			return 0, err
		}
	}
	limit := followMax
	if f.single {
		limit = 1
	}
	records, end, err := j.stretch(ctx, f.next, limit)
	if err != nil || end == f.next {
		return 0, err
	}
	n = int(end - f.next)
	records = slices.DeleteFunc(records, func(r Record) bool {
		return len(f.Kinds) > 0 && !slices.Contains(f.Kinds, r.Kind)
	})
	if len(records) == 0 && end-f.durable < followSkip {
		f.next = end
		return n, nil
	}
	moved := errs.E(errs.Conflict, keyMoved)
	err = j.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, r := range records {
			if err := f.Fn(ctx, tx, r); err != nil {
				return err
			}
		}
		return moveCursor(tx, f.Name, f.durable, end, moved)
	})
	if err != nil {
		// Where another node moved the cursor, start again from where it stands.
		f.known = false
		f.single = true
		return 0, err
	}
	f.next, f.durable, f.single = end, end, false
	return n, nil
}

// stretch is readFrom by way of what another follower read a moment ago.
func (j *Journal) stretch(ctx context.Context, seq int64, limit int) (out []Record, end int64, err error) {
	if out, end = j.recent.from(seq, limit); end > seq {
		return out, end, nil
	}
	generation := j.recent.now()
	err = j.db.View(ctx, func(_ context.Context, v *db.View) (err error) {
		out, end, err = readFrom(v, seq, limit)
		return err
	})
	if err == nil && int64(len(out)) == end-seq { // no entry is missing
		j.recent.put(generation, seq, out)
	}
	return out, end, err
}

// recent keeps the end of the log as the first follower read it, since all of them read the
// same entries at nearly the same time.
type recent struct {
	mu         sync.Mutex
	generation int // counts the erasures: what was read before one is not kept
	first      int64
	records    []Record
	bytes      int
}

// recentMost bounds the payloads that are kept; then the older half goes.
const recentMost = 4 << 20

func (r *recent) now() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.generation
}

func (r *recent) from(seq int64, limit int) ([]Record, int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := seq - r.first
	if at < 0 || at >= int64(len(r.records)) {
		return nil, seq
	}
	out := slices.Clone(r.records[at:min(at+int64(limit), int64(len(r.records)))])
	return out, seq + int64(len(out))
}

func (r *recent) put(generation int, seq int64, more []Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	end := r.first + int64(len(r.records))
	switch {
	case generation != r.generation || seq < r.first && len(r.records) > 0 || len(more) == 0:
		return // an old stretch is not what others will ask for
	case seq > end || len(r.records) == 0:
		r.first, r.records, r.bytes = seq, nil, 0
	case seq < end: // two read the same
		if int64(len(more)) <= end-seq {
			return
		}
		more = more[end-seq:]
	}
	r.records = append(r.records, more...)
	for i := range more {
		r.bytes += len(more[i].Payload) + 200
	}
	for r.bytes > recentMost && len(r.records) > 1 {
		half := len(r.records) / 2
		for i := range r.records[:half] {
			r.bytes -= len(r.records[i].Payload) + 200
		}
		r.first, r.records = r.first+int64(half), slices.Clone(r.records[half:])
	}
}

// forget drops all: an entry was erased.
func (r *recent) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.generation++
	r.records, r.bytes = nil, 0
}

// begin finds or makes the follower's cursor.
func (j *Journal) begin(ctx context.Context, f *reader) error {
	var end int64
	err := j.db.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if f.durable, f.known, err = cursorOf(v, f.Name); err != nil || f.known {
			return err
		}
		last, err := tail(v)
		end = last.end()
		return err
	})
	if err != nil {
		return err
	}
	if !f.known {
		if f.Tail {
			f.durable = end
		}
		err = j.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return startCursor(tx, f.Name, f.durable) })
		if err != nil {
			return err
		}
		f.known = true
	}
	f.next = f.durable
	return nil
}

// readFrom reads at most limit records from number seq on, and the number after the last.
func readFrom(q db.Querier, seq int64, limit int) (out []Record, end int64, err error) {
	// Batches that were written in bulk hold more than a reader takes: look at two first.
	bs, err := idsFrom(q, seq, min(limit, 2))
	if err == nil && len(bs) == 2 && bs[1].end()-seq < int64(limit) {
		bs, err = idsFrom(q, seq, limit)
	}
	if err != nil {
		return nil, seq, err
	}
	var ids []int64
	for i := range bs {
		all, err := bs[i].entryIDs()
		if err != nil {
			return nil, seq, err
		}
		skip := max(0, seq-bs[i].first)
		if skip >= int64(len(all)) {
			continue
		}
		ids = append(ids, all[skip:]...)
		if len(ids) >= limit {
			ids = ids[:limit]
			break
		}
	}
	rows, err := entriesByID(q, ids)
	if err != nil {
		return nil, seq, err
	}
	for i, id := range ids {
		// An entry that somebody removed is for Verify to report; followers go on.
		if r := rows[id]; r != nil {
			out = append(out, r.record(seq+int64(i)))
		}
	}
	return out, seq + int64(len(ids)), nil
}

// Read returns at most limit numbered entries from number seq on, the number after the last of
// them, and how many the log holds. An entry that somebody removed is left out.
func (j *Journal) Read(ctx context.Context, seq int64, limit int) (rs []Record, end, size int64, err error) {
	defer errs.Op(&err, "journal.Read")
	err = j.db.View(ctx, func(_ context.Context, v *db.View) error {
		last, err := tail(v)
		if err != nil {
			return err
		}
		if size, end = last.end(), seq; seq >= size {
			return nil
		}
		rs, end, err = readFrom(v, seq, limit)
		return err
	})
	return rs, end, size, err
}

// pause grows from a second to five minutes while an entry keeps failing.
func pause(failures int) time.Duration {
	return min(time.Second<<min(failures, 9), 5*time.Minute)
}
