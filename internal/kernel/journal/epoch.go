package journal

import (
	"context"
	"encoding/json"
	"fmt"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// KindEpoch is the kind of the entry with which a restored log begins anew; its subject is
// {"journal.epoch", number of the epoch}.
const KindEpoch = "journal.epoch"

const subjectEpoch = "journal.epoch"

// epoch is a journal_epoch as stored; the zero value is the first, which has no row.
type epoch struct {
	n       int
	cut, at int64
	entry   int64
	old     string
}

func (e epoch) number() int { return max(e.n, 1) }

// opened is the payload of an entry of KindEpoch.
type opened struct {
	Epoch  int    `json:"epoch"`
	Cut    int64  `json:"cut"`           // entries that the log began the epoch with
	Size   int64  `json:"size"`          // of Old; greater than Cut where entries were given up
	Old    string `json:"old,omitempty"` // signed checkpoint given before
	Reason string `json:"reason"`
}

// OpenEpoch begins a new epoch of a log that was restored: an entry names the checkpoint that
// the city had given before, and every checkpoint from now on carries the epoch's number in its
// origin and the old one's hash. old is the newest signed checkpoint that is known, from the
// damaged database, a witness or a log file; nil: the newest that the restored database
// holds. Whoever holds a checkpoint beyond the cut can show what was given up.
//
// Call it before the restored city serves. A checkpoint that this city did not sign is Invalid
// journal.badCheckpoint.
func (j *Journal) OpenEpoch(ctx context.Context, reason string, old []byte) (err error) {
	defer errs.Op(&err, "journal.OpenEpoch")
	var given Checkpoint
	if len(old) > 0 {
		if given, err = ParseCheckpoint(string(old), j.signer.Verifier()); err != nil {
			return errs.E(errs.Invalid, "journal.badCheckpoint", errs.Cause(err))
		}
	}
	// What was appended and not numbered belongs to what was restored. Nothing is signed: on
	// PostgreSQL it may have had other numbers before.
	if err := j.settle(ctx); err != nil {
		return err
	}
	return j.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		last, err := tail(tx)
		if err != nil {
			return err
		}
		cp, err := lastCheckpoint(tx)
		if err != nil {
			return err
		}
		now, err := lastEpoch(tx)
		if err != nil {
			return err
		}
		n, size, signed := now.number()+1, cp.size, cp.note
		if len(old) > 0 {
			n, size, signed = max(n, given.Epoch+1), given.Size, given.Note
		}
		payload, err := json.Marshal(opened{Epoch: n, Cut: last.end(), Size: size, Old: signed, Reason: reason})
		if err != nil {
			return err
		}
		r, err := j.Append(tx, Entry{Kind: KindEpoch, Subject: Subject{subjectEpoch, int64(n)}, Payload: payload})
		if err != nil {
			return err
		}
		return insertEpoch(tx, epoch{n: n, cut: last.end(), at: db.Millis(tx.Now()), entry: int64(r.ID), old: signed})
	})
}

// settle numbers all that is committed.
func (j *Journal) settle(ctx context.Context) error {
	for {
		if err := j.advance(ctx, false); err != nil {
			return err
		}
		s, err := j.Status(ctx)
		if err != nil || s.Unnumbered == 0 {
			return err
		}
		if !clock.Wait(ctx, coalesce) {
			return ctx.Err()
		}
	}
}

// Epoch is a stretch of the log between two restores.
type Epoch struct {
	Number int
	Cut    int64  // entries that it began with
	Old    string // signed checkpoint that it names
	Reason string
}

// Epochs are the restores of this log, in order; none for most.
func (j *Journal) Epochs(ctx context.Context) (out []Epoch, err error) {
	defer errs.Op(&err, "journal.Epochs")
	err = j.db.View(ctx, func(_ context.Context, v *db.View) error {
		out = nil
		es, err := epochs(v)
		if err != nil {
			return err
		}
		for _, e := range es {
			x := Epoch{Number: e.n, Cut: e.cut, Old: e.old}
			r, err := entryByID(v, e.entry)
			if err != nil {
				return err
			}
			var o opened
			if !r.erased() {
				if err := json.Unmarshal(r.payload, &o); err != nil {
					return fmt.Errorf("journal: the entry of epoch %d: %w", e.n, err)
				}
			}
			x.Reason = o.Reason
			out = append(out, x)
		}
		return nil
	})
	return out, err
}
