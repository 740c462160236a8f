package dossier

import (
	"time"

	"khue/internal/kernel/db"
	"khue/internal/register/orgunit"
)

// pile is how much lies before one post of a unit.
type pile struct {
	unit       orgunit.UnitID
	role       string
	open, late int64
	first      time.Time // the earliest term
}

// openTasks counts the open tasks of the whole city, from the index dossier_task_piles.
func openTasks(q db.Querier) ([]pile, error) {
	now := db.Millis(q.Now())
	return db.All(q, func(s db.Scanner) (p pile, err error) {
		var first *int64
		err = s.Scan(&p.unit, &p.role, &p.open, &p.late, &first)
		if first != nil {
			p.first = db.Time(*first)
		}
		return p, err
	}, `SELECT unit, role, count(*), count(*) FILTER (WHERE due_at < $1), min(due_at) FROM dossier_task WHERE open GROUP BY unit, role`, now)
}
