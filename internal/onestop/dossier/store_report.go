package dossier

import (
	"encoding/json"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/register/orgunit"
)

// reportSQL counts what Tally.count counts. Hanoi has kept UTC+7 without summer time since
// 1975, so the day of an instant is a division.
const reportSQL = `SELECT competent_unit, procedure,
 COUNT(*) FILTER (WHERE accepted_at >= $1 AND channel = 'online'),
 COUNT(*) FILTER (WHERE accepted_at >= $1 AND channel NOT IN ('online', 'post')),
 COUNT(*) FILTER (WHERE accepted_at >= $1 AND channel = 'post'),
 COUNT(*) FILTER (WHERE accepted_at < $1),
 COUNT(*) FILTER (WHERE closed_at < $2 AND (closed_at + 25200000) / 86400000 < (due_at + 25200000) / 86400000),
 COUNT(*) FILTER (WHERE closed_at < $2 AND closed_at > due_at),
 COUNT(*) FILTER (WHERE closed_at < $2),
 COUNT(*) FILTER (WHERE (closed_at IS NULL OR closed_at >= $2) AND due_at < $3 AND (paused_at IS NULL OR paused_at >= $3)),
 COUNT(*)
 FROM dossier_dossier WHERE accepted_at IS NOT NULL AND accepted_at < $2 AND COALESCE(closed_at, 9223372036854775807) >= $1`

// reportLines counts the dossiers of one agency, or of all (0), by procedure.
func reportLines(q db.Querier, unit orgunit.UnitID, p Period, at time.Time) ([]ReportLine, error) {
	from, to := p.instants()
	args := []any{db.Millis(from), db.Millis(to), db.Millis(at)}
	where := ""
	if unit != 0 {
		where, args = ` AND competent_unit = $4`, append(args, unit)
	}
	return db.All(q, func(s db.Scanner) (l ReportLine, err error) {
		var settled, all int
		err = s.Scan(&l.Unit, &l.Procedure, &l.Online, &l.Counter, &l.Post, &l.Carried, &l.Early, &l.Late, &settled, &l.Overdue, &all)
		l.OnTime, l.InTerm = settled-l.Early-l.Late, all-settled-l.Overdue
		return l, err
	}, reportSQL+where+` GROUP BY competent_unit, procedure ORDER BY competent_unit, procedure`, args...)
}

// bookRows reads one page of the book in the order of reception. The last act on a dossier
// that is over is its return: nothing can happen to it any more.
func bookRows(q db.Querier, unit orgunit.UnitID, from, to time.Time, after BookCursor, limit int) ([]BookRow, error) {
	return db.All(q, func(s db.Scanner) (r BookRow, err error) {
		var accepted int64
		var due, closed, last *int64
		var filing string
		if err = s.Scan(&r.ID, &r.Code, &r.Procedure, &r.Package, &r.State, &r.Competent, &r.Applicant, &r.Phone, &accepted, &due, &closed, &last, &filing); err != nil {
			return r, err
		}
		r.AcceptedAt, r.DueAt, r.ClosedAt, r.lastAt = db.Time(accepted), timeOf(due), timeOf(closed), timeOf(last)
		return r, json.Unmarshal([]byte(filing), &r.Filing)
	}, `SELECT d.id, d.code, d.procedure, d.package, d.state, d.competent_unit, d.applicant, d.phone, d.accepted_at, d.due_at, d.closed_at,
 CASE WHEN d.state = 10 THEN (SELECT MAX(t.last_at) FROM dossier_task t WHERE t.dossier_id = d.id) END, c.filing
 FROM dossier_dossier d JOIN dossier_content c ON c.dossier_id = d.id
 WHERE d.receiving_unit = $1 AND d.accepted_at IS NOT NULL AND (d.accepted_at, d.id) > ($2, $3) AND d.accepted_at >= $4 AND d.accepted_at < $5
 ORDER BY d.accepted_at, d.id LIMIT $6`, unit, after.At, after.ID, db.Millis(from), db.Millis(to), limit)
}
