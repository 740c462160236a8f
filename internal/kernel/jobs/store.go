package jobs

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

func insertJob(tx *db.Tx, id int64, j Job, args string, runAt int64) error {
	var unique *string
	if j.Unique != "" {
		unique = &j.Unique
	}
	return tx.Exec(`INSERT INTO jobs_job (id, kind, args, unique_key, run_at, attempts, dead, error, created)
		VALUES ($1, $2, $3, $4, $5, 0, FALSE, '', $6) ON CONFLICT DO NOTHING`,
		id, j.Kind, args, unique, runAt, db.Millis(tx.Now()))
}

func scanTask(s db.Scanner) (Task, error) {
	var t Task
	var args string
	var runAt int64
	err := s.Scan(&t.ID, &t.Kind, &args, &t.Attempt, &runAt)
	t.Args, t.RunAt = json.RawMessage(args), db.Time(runAt)
	return t, err
}

// dueTasks reads the jobs of these kinds that are due, without claiming them. Each kind is
// read by itself: a backlog of one does not lie before the others.
func dueTasks(q db.Querier, kinds []string, limit int) ([]Task, error) {
	args := []any{db.Millis(q.Now()), limit}
	var b strings.Builder
	for i, k := range kinds {
		if i > 0 {
			b.WriteString(` UNION ALL `)
		}
		args = append(args, k)
		b.WriteString(`SELECT * FROM (SELECT id, kind, args, attempts + 1, run_at FROM jobs_job
			WHERE NOT dead AND kind = $` + strconv.Itoa(len(args)) + ` AND run_at <= $1 ORDER BY run_at, id LIMIT $2) AS k`)
	}
	if len(kinds) > 1 {
		b.WriteString(` ORDER BY run_at, id LIMIT $2`)
	}
	return db.All(q, scanTask, b.String(), args...)
}

// nextDue is when the next job of these kinds is due; false where none waits.
func nextDue(q db.Querier, kinds []string) (time.Time, bool, error) {
	var b strings.Builder
	args := make([]any, len(kinds))
	for i, k := range kinds {
		if i > 0 {
			b.WriteString(` UNION ALL `)
		}
		args[i] = k
		b.WriteString(`SELECT min(run_at) AS at FROM jobs_job WHERE NOT dead AND kind = $` + strconv.Itoa(i+1))
	}
	var ms *int64
	err := q.QueryRow(`SELECT min(at) FROM (`+b.String()+`) AS k`, args...).Scan(&ms)
	if err != nil || ms == nil {
		return time.Time{}, false, err
	}
	return db.Time(*ms), true, nil
}

func deleteJob(tx *db.Tx, id int64, miss error) error {
	return tx.Guard(miss, `DELETE FROM jobs_job WHERE id = $1`, id)
}

// forgetJob is deleteJob for a job that may be gone already.
func forgetJob(tx *db.Tx, id int64) error {
	return tx.Exec(`DELETE FROM jobs_job WHERE id = $1`, id)
}

// retryJob puts a job back.
func retryJob(tx *db.Tx, id int64, attempts int, runAt time.Time, why string) error {
	return tx.Exec(`UPDATE jobs_job SET run_at = $1, attempts = $2, error = $3 WHERE id = $4 AND NOT dead`,
		db.Millis(runAt), attempts, why, id)
}

func buryJob(tx *db.Tx, id int64, attempts int, why string) error {
	return tx.Exec(`UPDATE jobs_job SET dead = TRUE, attempts = $1, error = $2 WHERE id = $3`, attempts, why, id)
}

func reviveJob(tx *db.Tx, id int64, miss error) error {
	return tx.Guard(miss, `UPDATE jobs_job SET dead = FALSE, attempts = 0, run_at = $1 WHERE id = $2 AND dead`, db.Millis(tx.Now()), id)
}

func dropJob(tx *db.Tx, id int64, miss error) error {
	return tx.Guard(miss, `DELETE FROM jobs_job WHERE id = $1 AND dead`, id)
}

func deadJobs(q db.Querier, after int64, limit int) ([]Dead, error) {
	return db.All(q, scanDead, `SELECT id, kind, args, attempts, error, created, run_at FROM jobs_job WHERE dead AND id > $1 ORDER BY id LIMIT $2`, after, limit)
}

func scanDead(s db.Scanner) (Dead, error) {
	var d Dead
	var args string
	var created, runAt int64
	err := s.Scan(&d.ID, &d.Kind, &args, &d.Attempts, &d.Error, &created, &runAt)
	d.Args, d.Created, d.RunAt = json.RawMessage(args), db.Time(created), db.Time(runAt)
	return d, err
}

func stats(q db.Querier) (Stats, error) {
	var s Stats
	var oldest *int64
	now := db.Millis(q.Now())
	err := q.QueryRow(`SELECT count(*) FILTER (WHERE NOT dead), count(*) FILTER (WHERE NOT dead AND run_at <= $1),
		min(run_at) FILTER (WHERE NOT dead AND run_at <= $1), count(*) FILTER (WHERE dead) FROM jobs_job`, now).
		Scan(&s.Waiting, &s.Due, &oldest, &s.Dead)
	if oldest != nil {
		s.Oldest = time.Duration(now-*oldest) * time.Millisecond
	}
	return s, err
}

// periodicNext reads when a periodic job is next enqueued.
func periodicNext(q db.Querier, kind string) (next int64, known bool, err error) {
	err = q.QueryRow(`SELECT next FROM jobs_periodic WHERE kind = $1`, kind).Scan(&next)
	if errs.Is(err, errs.NotFound) {
		return 0, false, nil
	}
	return next, err == nil, err
}

func startPeriodic(tx *db.Tx, kind string, next int64) error {
	return tx.Exec(`INSERT INTO jobs_periodic (kind, next) VALUES ($1, $2) ON CONFLICT (kind) DO NOTHING`, kind, next)
}

// movePeriodic is the election: only one node finds the old value.
func movePeriodic(tx *db.Tx, kind string, from, to int64, miss error) error {
	return tx.Guard(miss, `UPDATE jobs_periodic SET next = $1 WHERE kind = $2 AND next = $3`, to, kind, from)
}

func statsByKind(q db.Querier) ([]KindStats, error) {
	now := db.Millis(q.Now())
	return db.All(q, func(s db.Scanner) (k KindStats, err error) {
		var oldest *int64
		err = s.Scan(&k.Kind, &k.Waiting, &k.Due, &oldest, &k.Dead)
		if oldest != nil {
			k.Oldest = time.Duration(now-*oldest) * time.Millisecond
		}
		return k, err
	}, `SELECT kind, count(*) FILTER (WHERE NOT dead), count(*) FILTER (WHERE NOT dead AND run_at <= $1),
		min(run_at) FILTER (WHERE NOT dead AND run_at <= $1), count(*) FILTER (WHERE dead) FROM jobs_job GROUP BY kind ORDER BY kind`, now)
}

func struggling(q db.Querier, tries, limit int) ([]Dead, error) {
	return db.All(q, scanDead, `SELECT id, kind, args, attempts, error, created, run_at FROM jobs_job
		WHERE NOT dead AND attempts >= $1 ORDER BY attempts DESC, id LIMIT $2`, tries, limit)
}
