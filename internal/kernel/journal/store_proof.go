package journal

import (
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

func insertEpoch(tx *db.Tx, e epoch) error {
	return tx.Exec(`INSERT INTO journal_epoch (epoch, cut, at, entry, old) VALUES ($1, $2, $3, $4, $5)`, e.n, e.cut, e.at, e.entry, e.old)
}

func scanEpoch(s db.Scanner) (epoch, error) {
	var e epoch
	err := s.Scan(&e.n, &e.cut, &e.at, &e.entry, &e.old)
	return e, err
}

// lastEpoch is the epoch in force; the zero value for the first.
func lastEpoch(q db.Querier) (epoch, error) {
	e, err := db.One(q, scanEpoch, `SELECT epoch, cut, at, entry, old FROM journal_epoch ORDER BY epoch DESC LIMIT 1`)
	if errs.Is(err, errs.NotFound) {
		return epoch{}, nil
	}
	return e, err
}

func epochs(q db.Querier) ([]epoch, error) {
	return db.All(q, scanEpoch, `SELECT epoch, cut, at, entry, old FROM journal_epoch ORDER BY epoch`)
}

// checkpointsBefore reads checkpoints below a size, the newest first.
func checkpointsBefore(q db.Querier, size int64, limit int) ([]storedCheckpoint, error) {
	return db.All(q, scanCheckpoint, `SELECT size, note FROM journal_checkpoint WHERE size < $1 ORDER BY size DESC LIMIT $2`, size, limit)
}

func orNone(c storedCheckpoint, err error) (storedCheckpoint, error) {
	if errs.Is(err, errs.NotFound) {
		return storedCheckpoint{}, nil
	}
	return c, err
}

// checkpointFrom is the first checkpoint of at least a size; zero where there is none.
func checkpointFrom(q db.Querier, size int64) (storedCheckpoint, error) {
	return orNone(db.One(q, scanCheckpoint, `SELECT size, note FROM journal_checkpoint WHERE size >= $1 ORDER BY size LIMIT 1`, size))
}

// cosignedFrom is the first checkpoint of at least a size that a witness signed.
func cosignedFrom(q db.Querier, size int64) (storedCheckpoint, error) {
	return orNone(db.One(q, scanCheckpoint, `SELECT size, note FROM journal_checkpoint
		WHERE size = (SELECT min(size) FROM journal_cosignature WHERE size >= $1)`, size))
}

// lastCosigned is the newest checkpoint that a witness signed.
func lastCosigned(q db.Querier) (storedCheckpoint, error) {
	return orNone(db.One(q, scanCheckpoint, `SELECT size, note FROM journal_checkpoint WHERE size = (SELECT max(size) FROM journal_cosignature)`))
}

// insertCosignature keeps the first signature of each witness over a checkpoint.
func insertCosignature(tx *db.Tx, size int64, name string, at int64, line string) error {
	return tx.Exec(`INSERT INTO journal_cosignature (size, name, at, line) VALUES ($1, $2, $3, $4) ON CONFLICT (size, name) DO NOTHING`, size, name, at, line)
}

func cosignatures(q db.Querier, size int64) ([]string, error) {
	return db.All(q, db.Value[string], `SELECT line FROM journal_cosignature WHERE size = $1 ORDER BY name`, size)
}

// stamp is a journal_timestamp as stored.
type stamp struct {
	size, at int64
	token    []byte
}

func scanStamp(s db.Scanner) (stamp, error) {
	var t stamp
	err := s.Scan(&t.size, &t.at, &t.token)
	return t, err
}

func insertStamp(tx *db.Tx, t stamp) error {
	return tx.Exec(`INSERT INTO journal_timestamp (size, at, token) VALUES ($1, $2, $3) ON CONFLICT (size) DO NOTHING`, t.size, t.at, t.token)
}

func stampsBetween(q db.Querier, after, upTo int64) ([]stamp, error) {
	return db.All(q, scanStamp, `SELECT size, at, token FROM journal_timestamp WHERE size > $1 AND size <= $2 ORDER BY size`, after, upTo)
}

// stampFrom is the first stamped size of at least a size; zero where there is none.
func stampFrom(q db.Querier, size int64) (stamp, error) {
	return noStamp(db.One(q, scanStamp, `SELECT size, at, token FROM journal_timestamp WHERE size >= $1 ORDER BY size LIMIT 1`, size))
}

func lastStamp(q db.Querier) (stamp, error) {
	return noStamp(db.One(q, scanStamp, `SELECT size, at, token FROM journal_timestamp ORDER BY size DESC LIMIT 1`))
}

func noStamp(t stamp, err error) (stamp, error) {
	if errs.Is(err, errs.NotFound) {
		return stamp{}, nil
	}
	return t, err
}

// countUpTo counts at most limit entries after an id up to another, and says where it came to.
func countUpTo(q db.Querier, after, upTo int64, limit int) (n, last int64, err error) {
	err = q.QueryRow(`SELECT count(*), COALESCE(max(id), 0) FROM
		(SELECT id FROM journal_entry WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3) AS page`, after, upTo, limit).Scan(&n, &last)
	return n, last, err
}

// saidErased are those of ids whose erasure an entry tells.
func saidErased(q db.Querier, ids []int64) (map[int64]bool, error) {
	out := map[int64]bool{}
	const chunk = 256
	for len(ids) > 0 {
		n := min(chunk, len(ids))
		args := make([]any, n)
		for i, v := range ids[:n] {
			args[i] = v
		}
		said, err := db.All(q, db.Value[int64], `SELECT subject_id FROM journal_entry WHERE subject_id IN (`+places(n)+`) AND subject_type = '`+subjectEntry+`' AND kind = '`+KindErased+`'`, args...)
		if err != nil {
			return nil, err
		}
		for _, id := range said {
			out[id] = true
		}
		ids = ids[n:]
	}
	return out, nil
}
