package journal

import (
	"strconv"
	"strings"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

const entryColumns = `id, at, occurred, kind, subject_type, subject_id, actor, unit, request, digest, salt, payload`

func scanEntry(s db.Scanner) (*row, error) {
	r := &row{}
	err := s.Scan(&r.id, &r.at, &r.occurred, &r.kind, &r.subjectType, &r.subjectID, &r.actor, &r.unit, &r.request,
		&r.digest, &r.salt, &r.payload)
	return r, err
}

func insertEntry(tx *db.Tx, r *row) error {
	return tx.Exec(`INSERT INTO journal_entry (`+entryColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		r.id, r.at, r.occurred, r.kind, r.subjectType, r.subjectID, r.actor, r.unit, r.request, r.digest, r.salt, r.payload)
}

// forget erases salt and payload; the triggers let nothing else be updated.
func forget(tx *db.Tx, id int64, miss error) error {
	return tx.Guard(miss, `UPDATE journal_entry SET salt = NULL, payload = NULL WHERE id = $1 AND salt IS NOT NULL`, id)
}

func bySubject(q db.Querier, s Subject, after int64, limit int) ([]*row, error) {
	return db.All(q, scanEntry, `SELECT `+entryColumns+` FROM journal_entry
		WHERE subject_id = $1 AND id > $2 AND subject_type = $3 ORDER BY id LIMIT $4`, s.ID, after, s.Type, limit)
}

func entryByID(q db.Querier, id int64) (*row, error) {
	r, err := db.One(q, scanEntry, `SELECT `+entryColumns+` FROM journal_entry WHERE id = $1`, id)
	if errs.Is(err, errs.NotFound) {
		return nil, errs.E(errs.NotFound, "journal.noEntry", errs.P("id", strconv.FormatInt(id, 10)), errs.Cause(err))
	}
	return r, err
}

// entriesByID reads entries in any order.
func entriesByID(q db.Querier, ids []int64) (map[int64]*row, error) {
	out := make(map[int64]*row, len(ids))
	const chunk = 256 // few distinct statement texts
	for len(ids) > 0 {
		n := min(chunk, len(ids))
		args := make([]any, n)
		for i, v := range ids[:n] {
			args[i] = v
		}
		rows, err := db.All(q, scanEntry, `SELECT `+entryColumns+` FROM journal_entry WHERE id IN (`+places(n)+`)`, args...)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.id] = r
		}
		ids = ids[n:]
	}
	return out, nil
}

func places(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		if i > 1 {
			b.WriteByte(',')
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(i))
	}
	return b.String()
}

const batchColumns = `first, count, at, xid, ids, hashes, edge`

func scanBatch(s db.Scanner) (batch, error) {
	var b batch
	err := s.Scan(&b.first, &b.count, &b.at, &b.xid, &b.ids, &b.hashes, &b.edge)
	return b, err
}

func insertBatch(tx *db.Tx, b batch) error {
	return tx.Exec(`INSERT INTO journal_batch (`+batchColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		b.first, b.count, b.at, b.xid, b.ids, b.hashes, b.edge)
}

// tail is the last batch, without its ids and hashes; empty where there is none.
func tail(q db.Querier) (batch, error) {
	b, err := db.One(q, scanBatch, `SELECT first, count, at, xid, ids, edge AS hashes, edge FROM journal_batch ORDER BY first DESC LIMIT 1`)
	if errs.Is(err, errs.NotFound) {
		return batch{}, nil
	}
	return b, err
}

// idsFrom reads batches that end after entry number seq, without their hashes.
func idsFrom(q db.Querier, seq int64, limit int) ([]batch, error) {
	return db.All(q, scanBatch, `SELECT first, count, at, xid, ids, edge AS hashes, edge FROM journal_batch
		WHERE first >= COALESCE((SELECT max(first) FROM journal_batch WHERE first <= $1), 0) ORDER BY first LIMIT $2`, seq, limit)
}

// batchesAfter reads batches whose first number is greater.
func batchesAfter(q db.Querier, first int64, limit int) ([]batch, error) {
	return db.All(q, scanBatch, `SELECT `+batchColumns+` FROM journal_batch WHERE first > $1 ORDER BY first LIMIT $2`, first, limit)
}

// idsAfter reads batches whose first number is greater, without their hashes.
func idsAfter(q db.Querier, first int64, limit int) ([]batch, error) {
	return db.All(q, scanBatch, `SELECT first, count, at, xid, ids, edge AS hashes, edge FROM journal_batch WHERE first > $1 ORDER BY first LIMIT $2`, first, limit)
}

// batchesOver reads the batches that hold entries from number lo up to hi.
func batchesOver(q db.Querier, lo, hi int64) ([]batch, error) {
	return db.All(q, scanBatch, `SELECT `+batchColumns+` FROM journal_batch
		WHERE first >= COALESCE((SELECT max(first) FROM journal_batch WHERE first <= $1), 0) AND first < $2 ORDER BY first`, lo, hi)
}

// batchesAt reads batches that were made at or after an instant.
func batchesAt(q db.Querier, at int64, afterFirst int64, limit int) ([]batch, error) {
	return db.All(q, scanBatch, `SELECT first, count, at, xid, ids, edge AS hashes, edge FROM journal_batch
		WHERE at >= $1 AND first > $2 ORDER BY first LIMIT $3`, at, afterFirst, limit)
}

// storedHash reads one hash of the batch that completed it.
func storedHash(q db.Querier, rec int64, offset func(first int64) int64) (h []byte, err error) {
	var first int64
	if err := q.QueryRow(`SELECT max(first) FROM journal_batch WHERE first <= $1`, rec).Scan(&first); err != nil {
		return nil, err
	}
	err = q.QueryRow(`SELECT substr(hashes, $1, 32) FROM journal_batch WHERE first = $2`, int(offset(first))*32+1, first).Scan(&h)
	return h, err
}

func insertCheckpoint(tx *db.Tx, size, at int64, note string) error {
	return tx.Exec(`INSERT INTO journal_checkpoint (size, at, note) VALUES ($1, $2, $3) ON CONFLICT (size) DO NOTHING`, size, at, note)
}

type storedCheckpoint struct {
	size int64
	note string
}

func scanCheckpoint(s db.Scanner) (storedCheckpoint, error) {
	var c storedCheckpoint
	err := s.Scan(&c.size, &c.note)
	return c, err
}

// lastCheckpoint is the newest; zero before the first.
func lastCheckpoint(q db.Querier) (storedCheckpoint, error) {
	return orNone(db.One(q, scanCheckpoint, `SELECT size, note FROM journal_checkpoint ORDER BY size DESC LIMIT 1`))
}

func checkpointsBetween(q db.Querier, after, upTo int64) ([]storedCheckpoint, error) {
	return db.All(q, scanCheckpoint, `SELECT size, note FROM journal_checkpoint WHERE size > $1 AND size <= $2 ORDER BY size`, after, upTo)
}

// youngest is the greatest id; 0 where there is none.
func youngest(q db.Querier) (n int64, err error) {
	err = q.QueryRow(`SELECT COALESCE(max(id), 0) FROM journal_entry`).Scan(&n)
	return n, err
}

func entryIDsAfter(q db.Querier, after int64, limit int) ([]int64, error) {
	return db.All(q, db.Value[int64], `SELECT id FROM journal_entry WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
}

func cursorOf(q db.Querier, name string) (seq int64, known bool, err error) {
	err = q.QueryRow(`SELECT seq FROM journal_cursor WHERE name = $1`, name).Scan(&seq)
	if errs.Is(err, errs.NotFound) {
		return 0, false, nil
	}
	return seq, err == nil, err
}

func startCursor(tx *db.Tx, name string, seq int64) error {
	return tx.Exec(`INSERT INTO journal_cursor (name, seq) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, seq)
}

// moveCursor fails the unit with miss where another node has moved it.
func moveCursor(tx *db.Tx, name string, from, to int64, miss error) error {
	return tx.Guard(miss, `UPDATE journal_cursor SET seq = $1 WHERE name = $2 AND seq = $3`, to, name, from)
}

type cursorRow struct {
	name string
	seq  int64
}

func cursors(q db.Querier) ([]cursorRow, error) {
	return db.All(q, func(s db.Scanner) (cursorRow, error) {
		var c cursorRow
		err := s.Scan(&c.name, &c.seq)
		return c, err
	}, `SELECT name, seq FROM journal_cursor ORDER BY name`)
}

func bySubjects(q db.Querier, kind string, ids []int64, limit int) ([]*row, error) {
	args := make([]any, 0, len(ids)+2)
	for _, v := range ids {
		args = append(args, v)
	}
	n := len(ids)
	return db.All(q, scanEntry, `SELECT `+entryColumns+` FROM journal_entry WHERE subject_id IN (`+places(n)+`) AND subject_type = $`+strconv.Itoa(n+1)+
		` ORDER BY id DESC LIMIT $`+strconv.Itoa(n+2), append(args, kind, limit)...)
}

// lastSigned is when the last checkpoint was made; 0 before the first.
func lastSigned(q db.Querier) (at int64, err error) {
	err = q.QueryRow(`SELECT at FROM journal_checkpoint ORDER BY size DESC LIMIT 1`).Scan(&at)
	if errs.Is(err, errs.NotFound) {
		return 0, nil
	}
	return at, err
}
