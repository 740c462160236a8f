package dossier

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// pilesOf groups the open tasks of units, of each those of some roles; it reads
// dossier_task_piles alone, in its order.
func pilesOf(q db.Querier, roles map[orgunit.UnitID][]string, t Terms) (map[orgunit.UnitID][]Pile, error) {
	type row struct {
		unit orgunit.UnitID
		Pile
		all, late, today, week int // each holds those before it
	}
	list, args := in(slices.Sorted(maps.Keys(roles)))
	n := len(args)
	rows, err := db.All(q, func(s db.Scanner) (r row, err error) {
		var state, holder int64
		err = s.Scan(&r.unit, &r.Role, &state, &r.Procedure, &holder, &r.all, &r.late, &r.today, &r.week)
		if r.Holder = Holder(holder); holder == 0 {
			r.Holder = HeldByNobody
		}
		r.State = process.State(state) //nolint:gosec // as it was written
		return r, err
	}, `SELECT unit, role, state, procedure, assignee, COUNT(*), COUNT(*) FILTER (WHERE due_at < $`+strconv.Itoa(n+1)+`),
 COUNT(*) FILTER (WHERE due_at < $`+strconv.Itoa(n+2)+`), COUNT(*) FILTER (WHERE due_at < $`+strconv.Itoa(n+3)+`)
 FROM dossier_task WHERE open AND unit IN `+list+` GROUP BY unit, role, state, procedure, assignee`,
		append(args, db.Millis(t.Now), db.Millis(t.Tomorrow), db.Millis(t.Monday))...)
	out := make(map[orgunit.UnitID][]Pile, n)
	for _, r := range rows {
		if !slices.Contains(roles[r.unit], r.Role) {
			continue
		}
		for i, n := range [...]int{r.late, r.today - r.late, r.week - r.today, r.all - r.week} {
			if n > 0 {
				r.Due, r.N = Urgencies()[i], n
				out[r.unit] = append(out[r.unit], r.Pile)
			}
		}
	}
	return out, err
}

// countsOf counts what an account took, and what is open in some roles of a unit, each up to a
// bound, in one query.
func countsOf(q db.Querier, account int64, u orgunit.UnitID, roles []string, most int) (mine, here int, err error) {
	args := []any{account, u, most}
	text := `SELECT (SELECT COUNT(*) FROM dossier_task WHERE open AND assignee <> 0 AND assignee = $1), 0`
	for _, r := range roles {
		args = append(args, r)
		text += ` + (SELECT COUNT(*) FROM (SELECT 1 FROM dossier_task WHERE open AND unit = $2 AND role = $` + strconv.Itoa(len(args)) + ` LIMIT $3) r` + strconv.Itoa(len(args)) + `)`
	}
	if len(roles) == 0 {
		args = args[:1]
	}
	err = q.QueryRow(text, args...).Scan(&mine, &here)
	return mine, here, err
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
