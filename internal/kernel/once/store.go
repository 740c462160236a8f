package once

import (
	"slices"

	"khue/internal/kernel/db"
)

type request struct {
	body   []byte
	result int64
}

// stands is the id of a key that tells its time: keys that were made before the table held such
// keys in their order stand where they always stood (migration 3).
const stands = `CASE WHEN CAST($1 AS BIGINT) >= (SELECT since FROM once_order) THEN CAST($2 AS BIGINT) ELSE CAST($3 AS BIGINT) END`

func findRequest(q db.Querier, at place) (request, error) {
	scan := func(s db.Scanner) (r request, err error) {
		err = s.Scan(&r.body, &r.result)
		return r, err
	}
	if at.made == 0 {
		return db.One(q, scan, `SELECT body, result FROM once_request WHERE id = $1`, at.digest)
	}
	return db.One(q, scan, `SELECT body, result FROM once_request WHERE id = `+stands, at.made, at.timed, at.digest)
}

func insertRequest(tx *db.Tx, at place, r request) error {
	if at.made == 0 {
		return tx.Exec(`INSERT INTO once_request (id, body, result, at) VALUES ($1, $2, $3, $4)`,
			at.digest, r.body, r.result, db.Millis(tx.Now()))
	}
	return tx.Exec(`INSERT INTO once_request (id, body, result, at) VALUES (`+stands+`, $4, $5, $6)`,
		at.made, at.timed, at.digest, r.body, r.result, db.Millis(tx.Now()))
}

// deleteOld looks at up to n requests in the order of their ids, after one, deletes those
// older than an instant, and returns the id that it came to; 0 at the end.
func deleteOld(tx *db.Tx, before, after int64, n int) (int64, error) {
	type key struct{ id, at int64 }
	seen, err := db.All(tx, func(s db.Scanner) (k key, err error) {
		err = s.Scan(&k.id, &k.at)
		return k, err
	}, `SELECT id, at FROM once_request WHERE id > $1 ORDER BY id LIMIT $2`, after, n)
	if err != nil {
		return 0, err
	}
	old := slices.ContainsFunc(seen, func(k key) bool { return k.at < before })
	if old {
		err = tx.Exec(`DELETE FROM once_request WHERE id > $1 AND id <= $2 AND at < $3`, after, seen[len(seen)-1].id, before)
	}
	if err != nil || len(seen) < n {
		return 0, err
	}
	return seen[len(seen)-1].id, nil
}
