package dossier

import (
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// pilesOf groups the open tasks of a unit; it reads dossier_task_desk alone.
func pilesOf(q db.Querier, u orgunit.UnitID, roles []string, t Terms) ([]Pile, error) {
	var b strings.Builder
	args := []any{u, db.Millis(t.Now), db.Millis(t.Tomorrow), db.Millis(t.Monday)}
	for i, r := range roles {
		if i > 0 {
			b.WriteByte(',')
		}
		args = append(args, r)
		b.WriteString("$" + strconv.Itoa(len(args)))
	}
	return db.All(q, func(s db.Scanner) (t Pile, err error) {
		var state, holder, due int64
		err = s.Scan(&t.Role, &state, &t.Procedure, &holder, &due, &t.N)
		if t.Holder = Holder(holder); holder == 0 {
			t.Holder = HeldByNobody
		}
		t.State, t.Due = process.State(state), Urgency(due) //nolint:gosec // as it was written
		return t, err
	}, `SELECT role, state, procedure, assignee,
 CASE WHEN due_at < $2 THEN 1 WHEN due_at < $3 THEN 2 WHEN due_at < $4 THEN 3 ELSE 4 END AS urgency, COUNT(*)
 FROM dossier_task WHERE open AND unit = $1 AND role IN (`+b.String()+`)
 GROUP BY role, state, procedure, assignee, urgency`, args...)
}

func heldBy(q db.Querier, account int64, limit int) ([]Task, error) {
	return db.All(q, scanTask, `SELECT `+taskColumns+` FROM dossier_task t
 WHERE t.open AND t.assignee <> 0 AND t.assignee = $1 ORDER BY t.due_at, t.id LIMIT $2`, account, limit)
}

// freeFor reads the tasks that nobody took in several posts, in one query.
func freeFor(q db.Querier, posts []stand, until time.Time, limit int) ([]Task, error) {
	if len(posts) == 0 {
		return nil, nil
	}
	var b strings.Builder
	args := []any{db.Millis(until), limit}
	for i, p := range posts {
		if i > 0 {
			b.WriteString(" UNION ALL ")
		}
		args = append(args, p.unit, p.role)
		b.WriteString(`SELECT * FROM (SELECT ` + taskColumns + ` FROM dossier_task t WHERE t.open AND t.unit = $` + strconv.Itoa(len(args)-1) +
			` AND t.role = $` + strconv.Itoa(len(args)) + ` AND t.assignee = 0 AND t.due_at < $1 ORDER BY t.due_at, t.id LIMIT $2) p` + strconv.Itoa(i))
	}
	return db.All(q, scanTask, b.String(), args...)
}
