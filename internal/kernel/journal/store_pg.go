package journal

import (
	"context"

	"khue/internal/kernel/db"
)

// sequenceLock elects the one node that numbers entries ("khuejrnl").
const sequenceLock = 0x6b6875656a726e6c

// sequenceMax bounds one batch.
const sequenceMax = 4096

func scanUnnumbered(s db.Scanner) (*row, error) {
	r := &row{}
	err := s.Scan(&r.id, &r.at, &r.occurred, &r.kind, &r.subjectType, &r.subjectID, &r.actor, &r.unit, &r.request,
		&r.digest, &r.xid)
	return r, err
}

// sequence numbers what every transaction below the snapshot horizon has left, as
// one batch, and returns how many entries that were. Entries above the horizon
// wait: a transaction still running could commit one that belongs before them. Only the node that
// gets the lock numbers; unique(first) is the fence behind it.
func (j *Journal) sequence(ctx context.Context) (n int, err error) {
	err = j.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		n = 0
		var elected bool
		if err := tx.QueryRow(`SELECT pg_try_advisory_xact_lock($1)`, int64(sequenceLock)).Scan(&elected); err != nil || !elected {
			return err
		}
		last, err := tail(tx)
		if err != nil {
			return err
		}
		t, err := last.tree()
		if err != nil {
			return err
		}
		lastID, err := last.lastID()
		if err != nil {
			return err
		}
		rows, err := db.All(tx, scanUnnumbered, `SELECT id, at, occurred, kind, subject_type, subject_id, actor, unit, request, digest, xid
			FROM journal_entry
			WHERE xid >= $1 AND (xid, id) > ($1, $2) AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
			ORDER BY xid, id LIMIT $3`, last.xid, lastID, sequenceMax)
		if err != nil || len(rows) == 0 {
			return err
		}
		b, newest := newBatch(t, len(rows)), last.at
		for _, r := range rows {
			b.add(r.id, r.leaf())
			newest = max(newest, r.at)
		}
		n = len(rows)
		// A batch is as old as its newest entry. What waits for a long transaction, anybody's on
		// the server, is numbered in parts; by the time of its numbering the first part would
		// put the second into the past.
		return insertBatch(tx, b.done(min(newest, db.Millis(tx.Now())), rows[n-1].xid))
	})
	if db.IsUnique(err) {
		return 0, nil // another node numbered them
	}
	return n, err
}

// pendingIDs are the entries that wait to be numbered; none on a single writer.
func (j *Journal) pendingIDs(q db.Querier, last batch) (map[int64]bool, error) {
	out := map[int64]bool{}
	if j.db.SingleWriter() {
		return out, nil
	}
	lastID, err := last.lastID()
	if err != nil {
		return nil, err
	}
	ids, err := db.All(q, db.Value[int64], `SELECT id FROM journal_entry WHERE xid >= $1 AND (xid, id) > ($1, $2)`, last.xid, lastID)
	for _, id := range ids {
		out[id] = true
	}
	return out, err
}
