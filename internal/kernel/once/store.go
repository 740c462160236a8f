package once

import (
	"khue/internal/kernel/db"
)

type request struct {
	body   []byte
	result int64
}

func findRequest(q db.Querier, id int64) (request, error) {
	return db.One(q, func(s db.Scanner) (r request, err error) {
		err = s.Scan(&r.body, &r.result)
		return r, err
	}, `SELECT body, result FROM once_request WHERE id = $1`, id)
}

func insertRequest(tx *db.Tx, id int64, r request) error {
	return tx.Exec(`INSERT INTO once_request (id, body, result, at) VALUES ($1, $2, $3, $4)`,
		id, r.body, r.result, db.Millis(tx.Now()))
}

// deleteOld deletes up to n requests older than an instant and says how many went.
func deleteOld(tx *db.Tx, before int64, n int) (int, error) {
	gone, err := db.All(tx, func(s db.Scanner) (id int64, err error) {
		err = s.Scan(&id)
		return id, err
	}, `DELETE FROM once_request WHERE id IN (SELECT id FROM once_request WHERE at < $1 ORDER BY at LIMIT $2) RETURNING id`, before, n)
	return len(gone), err
}
