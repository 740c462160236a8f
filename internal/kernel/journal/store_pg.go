package journal

import (
	"context"
	"strconv"
	"time"

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
// one batch, and reports whether more can be. Entries above the horizon
// wait: a transaction still running could commit one that belongs before them. Only the node that
// gets the lock numbers; unique(first) is the fence behind it.
func (j *Journal) sequence(ctx context.Context) (more bool, err error) {
	var newest, n int64
	err = j.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		more = false
		var elected bool
		var horizon int64 // an earlier one than that of the next statement, so none comes below it
		if err := tx.QueryRow(`SELECT pg_try_advisory_xact_lock($1), pg_snapshot_xmin(pg_current_snapshot())::text::bigint`, int64(sequenceLock)).Scan(&elected, &horizon); err != nil || !elected {
			return err
		}
		// A plan for any span would read the whole table; so would, while it is small or nothing is
		// known of it, one that thinks so many pages cheaper than the index.
		if err := tx.Exec(`SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'off', true)`); err != nil {
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
		rows, end, err := j.unnumbered(tx, last.xid, lastID, horizon)
		if err != nil || len(rows) == 0 {
			return err
		}
		b, at := newBatch(t, len(rows)), last.at
		for _, r := range rows {
			b.add(r.id, r.leaf())
			at = max(at, r.at)
		}
		newest, n = rows[len(rows)-1].id, int64(len(rows))
		more = len(rows) == sequenceMax || end < horizon
		// A batch is as old as its newest entry. What waits for a long transaction, anybody's on
		// the server, is numbered in parts; by the time of its numbering the first part would
		// put the second into the past.
		return insertBatch(tx, b.done(min(at, db.Millis(tx.Now())), rows[len(rows)-1].xid))
	})
	if db.IsUnique(err) {
		return false, nil // another node numbered them
	}
	if err == nil && j.since.Add(n) >= summaryEach {
		j.since.Store(0)
		j.summarise(ctx, newest)
	}
	return more, err
}

// After so many entries the pages that they filled are told to the index of transactions, in which
// numbering finds them. PostgreSQL does it once a minute: until then each look goes through all that
// came in, 8 ms instead of 1 after some seconds of a city's worst minute.
const (
	summaryEach  = 256
	summaryRange = 16 // pages: pages_per_range of journal_entry_xid
	summaryBack  = 8  // ranges; what lies further back was told, or PostgreSQL will
	summaryLimit = 300 * time.Millisecond
)

// summarise tells the index of the full ranges at the end of the partition that holds an entry. It
// may fail, for a vacuum that holds the table; then PostgreSQL does it in its own time.
func (j *Journal) summarise(ctx context.Context, entry int64) {
	ctx, cancel := context.WithTimeout(ctx, summaryLimit)
	defer cancel()
	err := j.db.View(ctx, func(_ context.Context, v *db.View) error {
		var told int64
		return v.QueryRow(`SELECT COALESCE(sum(brin_summarize_range(x.ix, x.range * $2::int)), 0) FROM (
				SELECT i.indexrelid AS ix, generate_series(greatest(0, p.blocks / $2::int - 1 - $3::int), p.blocks / $2::int - 2) AS range
				FROM (SELECT tableoid AS rel, pg_relation_size(tableoid) / current_setting('block_size')::bigint AS blocks
					FROM journal_entry WHERE id = $1) p
				JOIN pg_index i ON i.indrelid = p.rel
				JOIN pg_class c ON c.oid = i.indexrelid
				JOIN pg_am a ON a.oid = c.relam AND a.amname = 'brin') x`, entry, summaryRange, summaryBack).Scan(&told)
	})
	if err != nil && ctx.Err() == nil {
		j.log.DebugContext(ctx, "journal: the index of transactions was not brought up to date", "error", err)
	}
}

// A look goes through a span of transactions: without an end it would, where millions wait (a
// restored city, a filled one, a node that numbered nothing for long), sort them all for each
// batch, since entries are found by the range of their transactions and not in their order. The
// span follows what it finds, from many entries a transaction to none in most.
const (
	spanLeast = 16
	spanMost  = 1 << 48
)

// unnumbered are the next entries behind one and below the horizon, at most sequenceMax, and the
// transaction before which they were looked for.
func (j *Journal) unnumbered(q db.Querier, xid, id, horizon int64) (rows []*row, end int64, err error) {
	for {
		span := max(spanLeast, j.span.Load())
		end = min(xid+span, horizon)
		rows, err = db.All(q, scanUnnumbered, `SELECT id, at, occurred, kind, subject_type, subject_id, actor, unit, request, digest, xid
			FROM journal_entry WHERE xid >= $1 AND (xid, id) > ($1, $2) AND xid < $3 ORDER BY xid, id LIMIT $4`, xid, id, end, sequenceMax)
		switch {
		case len(rows) == sequenceMax:
			j.span.Store(max(spanLeast, span/2))
		case end < horizon:
			j.span.Store(min(spanMost, span*4))
		}
		if err != nil || len(rows) > 0 || end >= horizon {
			return rows, end, err
		}
	}
}

// pendingMost bounds what is counted of what waits.
const pendingMost = 100_000

// countPending is how many entries wait to be numbered, up to pendingMost; none on a single writer.
func (j *Journal) countPending(q db.Querier, tip batch) (n int64, err error) {
	if j.db.SingleWriter() {
		return 0, nil
	}
	// The numbers stand in the text, so that each is planned for: a plan for any would read the whole table.
	id, err := tip.lastID()
	if err != nil {
		return 0, err
	}
	xid, last := strconv.FormatInt(tip.xid, 10), strconv.FormatInt(id, 10)
	err = q.QueryRow(`SELECT COUNT(*) FROM (SELECT 1 FROM journal_entry WHERE xid >= ` + xid + ` AND (xid, id) > (` + xid + `, ` + last + `) LIMIT ` + strconv.Itoa(pendingMost) + `) AS waiting`).Scan(&n)
	return n, err
}

// pendingIDs are all entries that wait to be numbered; none on a single writer.
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
