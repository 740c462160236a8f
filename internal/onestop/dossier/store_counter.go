package dossier

import (
	"math"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// ready reads results that wait for their owners, by the index dossier_task_ready.
func ready(q db.Querier, f ReadyFilter) ([]Ready, error) {
	var b strings.Builder
	args := make([]any, 0, 8)
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	b.WriteString(`SELECT ` + taskColumns + `, d.phone, d.channel FROM dossier_task t JOIN dossier_dossier d ON d.id = t.dossier_id
 WHERE t.open AND t.state = ` + strconv.Itoa(int(process.Done)) + ` AND t.unit = ` + arg(f.Unit))
	if f.Code != "" {
		b.WriteString(` AND d.code = ` + arg(f.Code))
	}
	if f.Phone != "" {
		b.WriteString(` AND d.phone = ` + arg(f.Phone))
	}
	if len(f.Dossiers) > 0 {
		marks := make([]string, len(f.Dossiers))
		for i, v := range f.Dossiers {
			marks[i] = arg(v)
		}
		b.WriteString(` AND d.id IN (` + strings.Join(marks, ",") + `)`)
	}
	if !f.Since.IsZero() {
		b.WriteString(` AND t.opened_at >= ` + arg(db.Millis(f.Since)))
	}
	if !f.Before.IsZero() {
		b.WriteString(` AND t.opened_at < ` + arg(db.Millis(f.Before)))
	}
	if f.After != (TaskCursor{}) {
		b.WriteString(` AND (t.opened_at, t.id) > (` + arg(f.After.Due) + `, ` + arg(f.After.ID) + `)`)
	}
	b.WriteString(` ORDER BY t.opened_at, t.id LIMIT ` + arg(f.Limit))
	return db.All(q, func(s db.Scanner) (Ready, error) {
		var r taskRow
		var out Ready
		if err := s.Scan(append(r.dest(), &out.Phone, &out.Channel)...); err != nil {
			return out, err
		}
		out.Task = r.finish()
		out.Since = out.Task.OpenedAt
		return out, nil
	}, b.String(), args...)
}

// countReady counts by when they became ready, each bound in a query of its own: the index
// holds nothing but what waits.
func countReady(q db.Querier, unit orgunit.UnitID, since []time.Time) ([]int, error) {
	out := make([]int, 0, len(since)+1)
	until := int64(math.MaxInt64)
	for i := range len(since) + 1 {
		from := int64(math.MinInt64)
		if i < len(since) {
			from = db.Millis(since[i])
		}
		var n int
		err := q.QueryRow(`SELECT COUNT(*) FROM dossier_task WHERE open AND state = `+strconv.Itoa(int(process.Done))+` AND unit = $1 AND opened_at >= $2 AND opened_at < $3`,
			unit, from, until).Scan(&n)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
		until = from
	}
	return out, nil
}
