package dossier

import (
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/register/orgunit"
)

// loadOf counts the open tasks of accounts, and those past their term (index dossier_task_mine).
func loadOf(q db.Querier, accounts []int64, now time.Time) (map[int64]Count, error) {
	out := make(map[int64]Count, len(accounts))
	if len(accounts) == 0 {
		return out, nil
	}
	args := []any{db.Millis(now)}
	var in strings.Builder
	for i, a := range accounts {
		args = append(args, a)
		if i > 0 {
			in.WriteByte(',')
		}
		in.WriteString("$" + strconv.Itoa(len(args)))
	}
	type row struct {
		account int64
		c       Count
	}
	rows, err := db.All(q, func(s db.Scanner) (r row, err error) {
		err = s.Scan(&r.account, &r.c.Open, &r.c.Late)
		return r, err
	}, `SELECT assignee, COUNT(*), COUNT(*) FILTER (WHERE due_at < $1) FROM dossier_task
 WHERE open AND assignee <> 0 AND assignee IN (`+in.String()+`) GROUP BY assignee`, args...)
	for _, r := range rows {
		out[r.account] = r.c
	}
	return out, err
}

// freeTasks are the tasks of a unit and role that nobody holds, the first due first.
func freeTasks(q db.Querier, u orgunit.UnitID, role string, limit int) ([]Task, error) {
	return db.All(q, scanTask, `SELECT `+taskColumns+` FROM dossier_task t
 WHERE t.open AND t.unit = $1 AND t.role = $2 AND t.assignee = 0 ORDER BY t.due_at, t.id LIMIT $3`, u, role, limit)
}
