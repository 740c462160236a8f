package journal

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// promiseHead begins the text that a promise signs; no checkpoint begins so.
const promiseHead = "khue journal promise 1"

// Promise is the signed word that the entry stands in the log, given with the
// answer before the checkpoint that proves it exists. Its form is
// 1.id.milliseconds.leaf.signature, the last two in base64url.
func (j *Journal) Promise(r Receipt) (string, error) {
	sig, err := j.signer.Sign(promiseText(j.signer.Name(), r))
	if err != nil {
		return "", fmt.Errorf("journal.Promise: %w", err)
	}
	e := base64.RawURLEncoding
	return "1." + r.ID.String() + "." + strconv.FormatInt(db.Millis(r.At), 10) + "." + e.EncodeToString(r.Leaf[:]) + "." + e.EncodeToString(sig), nil
}

// PromiseOf is the promise of an entry that stands already: the one that was given with it, as
// long as the log has the same key. NotFound journal.noEntry.
func (j *Journal) PromiseOf(ctx context.Context, entry EntryID) (promise string, err error) {
	defer errs.Op(&err, "journal.PromiseOf(%s)", entry)
	var r *row
	err = j.db.View(ctx, func(_ context.Context, v *db.View) error {
		r, err = entryByID(v, int64(entry))
		return err
	})
	if err != nil {
		return "", err
	}
	return j.Promise(Receipt{ID: entry, At: db.Time(r.at), Leaf: r.leaf()})
}

func promiseText(origin string, r Receipt) []byte {
	return fmt.Appendf(nil, "%s\n%s\n%s\n%d\n%x\n", promiseHead, origin, r.ID, db.Millis(r.At), r.Leaf[:])
}

// ParsePromise reads a promise and checks its signature.
func ParsePromise(promise string, v note.Verifier) (Receipt, error) {
	bad := func(err error) (Receipt, error) {
		return Receipt{}, errs.E(errs.Invalid, "journal.badPromise", errs.Cause(err))
	}
	f := strings.Split(promise, ".")
	if len(f) != 5 || f[0] != "1" {
		return bad(nil)
	}
	var r Receipt
	if err := r.ID.UnmarshalText([]byte(f[1])); err != nil {
		return bad(err)
	}
	ms, err := strconv.ParseInt(f[2], 10, 64)
	if err != nil {
		return bad(err)
	}
	r.At = db.Time(ms)
	leaf, err := base64.RawURLEncoding.DecodeString(f[3])
	if err != nil || len(leaf) != tlog.HashSize {
		return bad(err)
	}
	copy(r.Leaf[:], leaf)
	sig, err := base64.RawURLEncoding.DecodeString(f[4])
	if err != nil || !v.Verify(promiseText(v.Name(), r), sig) {
		return bad(err)
	}
	return r, nil
}

// Proof shows that an entry stands in the log that a checkpoint signs.
type Proof struct {
	ID         EntryID          `json:"id"`
	Seq        int64            `json:"seq"`
	Leaf       tlog.Hash        `json:"leaf"`
	Path       tlog.RecordProof `json:"path"`
	Checkpoint string           `json:"checkpoint"`
}

// Check verifies the proof with nothing but the log's public key.
func (p Proof) Check(v note.Verifier) error {
	c, err := ParseCheckpoint(p.Checkpoint, v)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(p.Path, c.Size, c.Root, p.Seq, p.Leaf)
}

// Proof proves that an entry is in the log of the newest checkpoint. It returns NotFound
// journal.noEntry, or Unavailable journal.notYet within the second before the
// entry is signed for.
func (j *Journal) Proof(ctx context.Context, entry EntryID) (Proof, error) {
	return j.ProofAt(ctx, entry, 0)
}

// Consistency proves that the log of size old is the beginning of the newest
// checkpoint's, which is returned with it.
func (j *Journal) Consistency(ctx context.Context, old int64) (path tlog.TreeProof, signed string, err error) {
	defer errs.Op(&err, "journal.Consistency(%d)", old)
	err = j.db.View(ctx, func(_ context.Context, v *db.View) error {
		cp, err := lastCheckpoint(v)
		if err != nil {
			return err
		}
		if old < 1 || old > cp.size {
			return errs.E(errs.Invalid, "journal.badSize", errs.P("size", cp.size))
		}
		signed = cp.note
		path, err = tlog.ProveTree(cp.size, old, hashReader(v))
		return err
	})
	return path, signed, err
}

// place finds an entry's number; -1 where it has none yet.
func place(q db.Querier, r *row) (int64, error) {
	const slack = 2 * time.Second // between the clocks of two nodes
	at, first := r.at-slack.Milliseconds(), int64(-1)
	for {
		bs, err := batchesAt(q, at, first, 64)
		if err != nil || len(bs) == 0 {
			return -1, err
		}
		for i := range bs {
			ids, err := bs[i].entryIDs()
			if err != nil {
				return -1, err
			}
			for k, id := range ids {
				if id == r.id {
					return bs[i].first + int64(k), nil
				}
			}
			first = bs[i].first
		}
	}
}

// hashReader reads stored hashes where their batches keep them.
func hashReader(q db.Querier) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			level, n := tlog.SplitStoredHashIndex(x)
			rec := (n+1)<<level - 1 // the entry that completed it
			b, err := storedHash(q, rec, func(first int64) int64 { return x - tlog.StoredHashIndex(0, first) })
			if err != nil {
				return nil, err
			}
			if len(b) != tlog.HashSize {
				return nil, fmt.Errorf("journal: the hash %d at level %d is not stored", n, level)
			}
			copy(out[i][:], b)
		}
		return out, nil
	})
}
