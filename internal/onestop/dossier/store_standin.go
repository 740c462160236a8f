package dossier

import "khue/internal/kernel/db"

// heldAfter reads open tasks that an account took, by id.
func heldAfter(q db.Querier, account int64, after TaskID, limit int) ([]Task, error) {
	return db.All(q, scanTask, `SELECT `+taskColumns+` FROM dossier_task t
 WHERE t.open AND t.assignee <> 0 AND t.assignee = $1 AND t.id > $2 ORDER BY t.id LIMIT $3`, account, after, limit)
}

func insertStandIn(tx *db.Tx, leave int64, t Task) error {
	return tx.Exec(`INSERT INTO dossier_standin (leave, task_id, opened_at) VALUES ($1, $2, $3) ON CONFLICT (leave, task_id) DO UPDATE SET opened_at = excluded.opened_at`,
		leave, t.ID, db.Millis(t.OpenedAt))
}

func standInsOf(q db.Querier, leave int64, after TaskID, limit int) ([]stoodIn, error) {
	return db.All(q, func(s db.Scanner) (r stoodIn, err error) {
		var row taskRow
		var opened int64
		err = s.Scan(append(row.dest(), &opened)...)
		r.task, r.opened = row.finish(), db.Time(opened)
		return r, err
	}, `SELECT `+taskColumns+`, i.opened_at FROM dossier_standin i JOIN dossier_task t ON t.id = i.task_id
 WHERE i.leave = $1 AND i.task_id > $2 ORDER BY i.task_id LIMIT $3`, leave, after, limit)
}

func deleteStandIns(tx *db.Tx, leave int64, from, to TaskID) error {
	return tx.Exec(`DELETE FROM dossier_standin WHERE leave = $1 AND task_id >= $2 AND task_id <= $3`, leave, from, to)
}
