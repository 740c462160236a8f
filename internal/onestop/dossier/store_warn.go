package dossier

import (
	"time"

	"khue/internal/kernel/db"
	"khue/internal/register/orgunit"
)

// warnRow is a task at which a rule may fall due, with its dossier.
type warnRow struct {
	t    Task
	d    Dossier
	warn int64
}

// dueWarnings reads tasks by the instant of their next rule (index dossier_task_warn).
func dueWarnings(q db.Querier, now time.Time, limit int) ([]warnRow, error) {
	return db.All(q, func(s db.Scanner) (warnRow, error) {
		var tr taskRow
		var dr dossierRow
		var r warnRow
		if err := s.Scan(append(tr.dest(), dr.dest()...)...); err != nil {
			return r, err
		}
		d, err := dr.finish()
		r.t, r.d = tr.finish(), d
		if tr.warn != nil {
			r.warn = *tr.warn
		}
		return r, err
	}, `SELECT `+taskColumns+`, `+dossierColumns+` FROM dossier_task t JOIN dossier_dossier d ON d.id = t.dossier_id
 WHERE t.open AND t.warn_at IS NOT NULL AND t.warn_at <= $1 ORDER BY t.warn_at, t.id LIMIT $2`, db.Millis(now), limit)
}

// returned reports whether a statement returned a row.
func returned(tx *db.Tx, sql string, args ...any) (bool, error) {
	rows, err := db.All(tx, db.Value[int64], sql, args...)
	return len(rows) > 0, err
}

// moveWarning sets the next instant of a task that still stands as it was read. The task's
// version stays: nobody loses the task that they have before them.
func moveWarning(tx *db.Tx, t Task, was int64, next time.Time) (bool, error) {
	return returned(tx, `UPDATE dossier_task SET warn_at = $3 WHERE id = $1 AND open AND warn_at = $2 AND version = $4 RETURNING id`, t.ID, was, msOf(next), t.Version)
}

func insertWarning(tx *db.Tx, subject int64, p point, account int64, t TaskID) (bool, error) {
	return returned(tx, `INSERT INTO dossier_warning (subject, due_at, mark, account, task_id, promise, created_at) VALUES ($1,$2,$3,$4,$5,$6,$7)
 ON CONFLICT (subject, due_at, mark, account) DO NOTHING RETURNING subject`, subject, db.Millis(p.due), p.mark, account, t, p.promise, db.Millis(tx.Now()))
}

// stillDue are warnings of an account that nobody told yet and whose task is still to be done
// by the same term, each task once.
const stillDue = ` FROM dossier_warning w JOIN dossier_task t ON t.id = w.task_id JOIN dossier_dossier d ON d.id = t.dossier_id
 WHERE w.account = $1 AND w.told_at IS NULL AND t.open AND d.paused_at IS NULL AND d.closed_at IS NULL
 AND CASE WHEN w.promise THEN t.promised ELSE t.due_at END = w.due_at`

// warnedOf is what an account is to be told now.
func warnedOf(q db.Querier, account int64, now time.Time) (b bundle, err error) {
	var newest, last *int64
	if err := q.QueryRow(`SELECT MAX(created_at) FROM dossier_warning WHERE account = $1 AND told_at IS NULL`, account).Scan(&newest); err != nil || newest == nil {
		return b, err
	}
	b.Newest = *newest
	if err := q.QueryRow(`SELECT MAX(told_at) FROM dossier_warning WHERE account = $1`, account).Scan(&last); err != nil {
		return b, err
	}
	b.LastTold = timeOf(last)
	if err := q.QueryRow(`SELECT COUNT(DISTINCT t.id) FILTER (WHERE w.due_at < $2), COUNT(DISTINCT t.id) FILTER (WHERE w.due_at >= $2)`+stillDue,
		account, db.Millis(now)).Scan(&b.Late, &b.Soon); err != nil {
		return b, err
	}
	b.First, err = db.All(q, func(s db.Scanner) (w warnedTask, err error) {
		var due int64
		err = s.Scan(&w.Code, &due)
		w.DueAt = db.Time(due)
		return w, err
	}, `SELECT t.code, MIN(w.due_at)`+stillDue+` GROUP BY t.id, t.code ORDER BY MIN(w.due_at), t.code LIMIT $2`, account, bundleLines)
	return b, err
}

func markWarned(tx *db.Tx, account, newest int64) error {
	return tx.Exec(`UPDATE dossier_warning SET told_at = $3 WHERE account = $1 AND told_at IS NULL AND created_at <= $2`, account, newest, db.Millis(tx.Now()))
}

// deleteWarnings forgets old marks, a bounded number.
func deleteWarnings(tx *db.Tx, before time.Time) error {
	return tx.Exec(`DELETE FROM dossier_warning WHERE created_at < $1`, db.Millis(before))
}

// countMorning counts the open tasks of a post that nobody took.
func countMorning(q db.Querier, u orgunit.UnitID, role string, now, since time.Time) (m morning, err error) {
	err = q.QueryRow(`SELECT COUNT(*), COUNT(*) FILTER (WHERE due_at < $3), COUNT(*) FILTER (WHERE opened_at >= $4)
 FROM dossier_task WHERE open AND unit = $1 AND role = $2 AND assignee = 0`, u, role, db.Millis(now), db.Millis(since)).Scan(&m.Queue, &m.QueueLate, &m.New)
	return m, err
}

// countMine counts the tasks that an account took: late, and due before an instant.
func countMine(q db.Querier, account int64, now, until time.Time) (late, today int, err error) {
	err = q.QueryRow(`SELECT COUNT(*) FILTER (WHERE due_at < $2), COUNT(*) FILTER (WHERE due_at >= $2)
 FROM dossier_task WHERE open AND assignee = $1 AND assignee <> 0 AND due_at < $3`, account, db.Millis(now), db.Millis(until)).Scan(&late, &today)
	return late, today, err
}
