package result

import (
	"encoding/json"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

// waiting are the papers that wait for an officer's hand, or are being signed, the oldest first.
func waiting(q db.Querier, signer int64, limit int) ([]Result, error) {
	return db.All(q, scan, `SELECT `+columns+handColumns+` FROM result_result WHERE signer = $1 AND hand <> '' ORDER BY id LIMIT $2`, signer, limit)
}

// countWaiting counts those that wait.
func countWaiting(q db.Querier, signer int64) (n int, err error) {
	err = q.QueryRow(`SELECT COUNT(*) FROM result_result WHERE signer = $1 AND hand = 'waits'`, signer).Scan(&n)
	return n, err
}

func ofBatch(q db.Querier, v BatchID) ([]Result, error) {
	return db.All(q, scan, `SELECT `+columns+handColumns+` FROM result_result WHERE batch = $1 ORDER BY id`, v)
}

func insertBatch(tx *db.Tx, b Batch) error {
	refused, err := json.Marshal(b.Refused)
	if err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO result_batch (id, actor, at, asked, refused) VALUES ($1,$2,$3,$4,$5)`, b.ID, b.Actor, db.Millis(b.At), b.Asked, string(refused))
}

func findBatch(q db.Querier, v BatchID) (Batch, error) {
	b, err := db.One(q, func(s db.Scanner) (b Batch, err error) {
		var at int64
		var refused string
		if err = s.Scan(&b.ID, &b.Actor, &at, &b.Asked, &refused); err != nil {
			return b, err
		}
		b.At = db.Time(at)
		return b, json.Unmarshal([]byte(refused), &b.Refused)
	}, `SELECT id, actor, at, asked, refused FROM result_batch WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "result.batch.notFound", errs.Cause(err))
	}
	return b, err
}

// chose reports whether an agency signs each paper by hand; false where it chose nothing.
func chose(q db.Querier, u orgunit.UnitID) (bool, error) {
	n, err := db.One(q, db.Value[int64], `SELECT batch FROM result_choice WHERE unit = $1`, u)
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return n == 1, err
}

func choose(tx *db.Tx, u orgunit.UnitID, batch bool, by string) error {
	n := 0
	if batch {
		n = 1
	}
	return tx.Exec(`INSERT INTO result_choice (unit, batch, by_name, at) VALUES ($1,$2,$3,$4)
 ON CONFLICT (unit) DO UPDATE SET batch = excluded.batch, by_name = excluded.by_name, at = excluded.at`, u, n, by, db.Millis(tx.Now()))
}
