package rights

import (
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

const batchColumns = `id, rule, state, n, erased, found_at, first, first_name, second, second_name, ended_at`

func scanBatch(s db.Scanner) (b Batch, err error) {
	var found, ended int64
	err = s.Scan(&b.ID, &b.Rule, &b.State, &b.N, &b.Erased, &found, &b.First, &b.FirstName, &b.Second, &b.SecondName, &ended)
	b.FoundAt = db.Time(found)
	if ended != 0 {
		b.EndedAt = db.Time(ended)
	}
	return b, err
}

// gathered reports which dossiers stand in a batch already.
func gathered(q db.Querier, ids []int64) (map[int64]bool, error) {
	out := map[int64]bool{}
	if len(ids) == 0 {
		return out, nil
	}
	marks, args := make([]string, len(ids)), make([]any, len(ids))
	for i, v := range ids {
		marks[i], args[i] = "$"+strconv.Itoa(i+1), v
	}
	list, err := db.All(q, db.Value[int64], `SELECT dossier FROM rights_due WHERE dossier IN (`+strings.Join(marks, ",")+`)`, args...)
	for _, v := range list {
		out[v] = true
	}
	return out, err
}

func insertBatch(tx *db.Tx, b Batch, dossiers []int64) error {
	err := tx.Exec(`INSERT INTO rights_batch (`+batchColumns+`) VALUES ($1,$2,$3,$4,0,$5,0,'',0,'',0)`, b.ID, b.Rule, b.State, b.N, db.Millis(b.FoundAt))
	for _, v := range dossiers {
		if err != nil {
			return err
		}
		err = tx.Exec(`INSERT INTO rights_due (batch, dossier, done) VALUES ($1,$2,FALSE)`, b.ID, v)
	}
	return err
}

func moveBatch(tx *db.Tx, b Batch, was string, miss error) error {
	ended := int64(0)
	if !b.EndedAt.IsZero() {
		ended = db.Millis(b.EndedAt)
	}
	return tx.Guard(miss, `UPDATE rights_batch SET state = $2, first = $3, first_name = $4, second = $5, second_name = $6, ended_at = $7 WHERE id = $1 AND state = $8`,
		b.ID, b.State, b.First, b.FirstName, b.Second, b.SecondName, ended, was)
}

func batches(q db.Querier, limit int) ([]Batch, error) {
	return db.All(q, scanBatch, `SELECT `+batchColumns+` FROM rights_batch ORDER BY id DESC LIMIT $1`, limit)
}

func batchByID(q db.Querier, v BatchID) (Batch, error) {
	b, err := db.One(q, scanBatch, `SELECT `+batchColumns+` FROM rights_batch WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "rights.retention.notFound", errs.Cause(err))
	}
	return b, err
}

func dossiersOf(q db.Querier, v BatchID, undone bool) ([]int64, error) {
	only := ""
	if undone {
		only = " AND NOT done"
	}
	return db.All(q, db.Value[int64], `SELECT dossier FROM rights_due WHERE batch = $1`+only+` ORDER BY dossier`, v)
}

func erasedOne(tx *db.Tx, b BatchID, dossier int64) error {
	if err := tx.Exec(`UPDATE rights_due SET done = TRUE WHERE batch = $1 AND dossier = $2`, b, dossier); err != nil {
		return err
	}
	return tx.Exec(`UPDATE rights_batch SET erased = erased + 1 WHERE id = $1`, b)
}

// leaveOut takes a dossier under hold out of its batch, so that it is found again one day.
func leaveOut(tx *db.Tx, b BatchID, dossier int64) error {
	return tx.Exec(`DELETE FROM rights_due WHERE batch = $1 AND dossier = $2`, b, dossier)
}

func oldRequests(q db.Querier, at time.Time, limit int) ([]int64, error) {
	return db.All(q, db.Value[int64], `SELECT id FROM rights_request WHERE state <> 'open' AND answered_at < $1 ORDER BY id LIMIT $2`, db.Millis(at), limit)
}

func countOldRequests(q db.Querier, at time.Time) (n int, err error) {
	err = q.QueryRow(`SELECT count(*) FROM rights_request WHERE state <> 'open' AND answered_at < $1`, db.Millis(at)).Scan(&n)
	return n, err
}

func removeRequest(tx *db.Tx, v int64) error {
	return tx.Exec(`DELETE FROM rights_request WHERE id = $1`, v)
}
