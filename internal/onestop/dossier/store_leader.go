package dossier

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// leaderQuery is what every list of a leader is read by.
type leaderQuery struct {
	unit          orgunit.UnitID
	units         []orgunit.UnitID // the agency and its offices
	roles         []string         // in which the reader acts
	now, tomorrow time.Time
	ask           LeaderAsk
}

// sqlArgs numbers the arguments of a statement.
type sqlArgs struct{ list []any }

func (a *sqlArgs) add(v any) string {
	a.list = append(a.list, v)
	return "$" + strconv.Itoa(len(a.list))
}

func addAll[T any](a *sqlArgs, list []T) string {
	marks := make([]string, len(list))
	for i, v := range list {
		marks[i] = a.add(v)
	}
	return "(" + strings.Join(marks, ",") + ")"
}

// where is the condition of a list. Each is a range of one partial index.
func (q leaderQuery) where(list LeaderList, a *sqlArgs) string {
	switch list {
	case ListSign:
		return `open AND unit IN ` + addAll(a, q.units) + ` AND role IN ` + addAll(a, q.roles)
	case ListToday:
		return `open AND unit IN ` + addAll(a, q.units) + ` AND due_at >= ` + a.add(db.Millis(q.now)) + ` AND due_at < ` + a.add(db.Millis(q.tomorrow))
	case ListLate:
		w := `open AND unit IN ` + addAll(a, q.units) + ` AND due_at < ` + a.add(db.Millis(q.now))
		if q.ask.OnlyUnit != 0 {
			w += ` AND unit = ` + a.add(q.ask.OnlyUnit) + ` AND role = ` + a.add(q.ask.OnlyRole) + ` AND assignee = ` + a.add(q.ask.OnlyOf)
		}
		return w
	case ListOwe:
		return `open AND unit IN ` + addAll(a, q.units) + ` AND owner <> 0 AND owner NOT IN ` + addAll(a, q.units)
	default: // ListOwed
		return `open AND unit <> 0 AND unit <> owner AND owner = ` + a.add(q.unit) + ` AND unit NOT IN ` + addAll(a, q.units)
	}
}

func leaderCounts(v db.Querier, q leaderQuery) (map[LeaderList]int, error) {
	var a sqlArgs
	var parts []string
	q.ask = LeaderAsk{}
	for _, l := range LeaderLists() {
		parts = append(parts, `(SELECT COUNT(*) FROM dossier_task WHERE `+q.where(l, &a)+`)`)
	}
	n := make([]int, len(parts))
	dest := make([]any, len(parts))
	for i := range n {
		dest[i] = &n[i]
	}
	err := v.QueryRow(`SELECT `+strings.Join(parts, `, `), a.list...).Scan(dest...)
	out := map[LeaderList]int{}
	for i, l := range LeaderLists() {
		out[l] = n[i]
	}
	return out, err
}

// keys selects the ids of one page of a list, from the index alone.
func (q leaderQuery) keys(list LeaderList, a *sqlArgs, limit int) string {
	w := q.where(list, a)
	if q.ask.After != (TaskCursor{}) {
		w += ` AND (due_at, id) > (` + a.add(q.ask.After.Due) + `, ` + a.add(q.ask.After.ID) + `)`
	}
	return `SELECT id FROM dossier_task WHERE ` + w + ` ORDER BY due_at, id LIMIT ` + a.add(limit)
}

// signCards reads the tasks that the reader is to act on, with their dossiers and contents.
func signCards(v db.Querier, q leaderQuery, limit int) ([]SignCard, error) {
	var a sqlArgs
	keys := q.keys(ListSign, &a, limit)
	return db.All(v, func(s db.Scanner) (c SignCard, err error) {
		var tr taskRow
		var dr dossierRow
		var answers, papers, filing, officer string
		if err = s.Scan(append(append(tr.dest(), dr.dest()...), &answers, &papers, &filing, &officer)...); err != nil {
			return c, err
		}
		c.Task = tr.finish()
		if c.Dossier, err = dr.finish(); err != nil {
			return c, err
		}
		c.Content, err = decodeContent(answers, papers, filing, officer)
		return c, err
	}, `SELECT `+taskColumns+`, `+dossierColumns+`, c.answers, c.papers, c.filing, c.officer FROM (`+keys+`) k
 JOIN dossier_task t ON t.id = k.id JOIN dossier_dossier d ON d.id = t.dossier_id JOIN dossier_content c ON c.dossier_id = d.id ORDER BY t.due_at, t.id`, a.list...)
}

const leaderTaskColumns = taskColumns + `, d.process`

func scanLeaderTask(list *string) func(db.Scanner) (LeaderTask, error) {
	return func(s db.Scanner) (t LeaderTask, err error) {
		var tr taskRow
		var text string
		dest := append(tr.dest(), &text)
		if list != nil {
			dest = append(dest, list)
		}
		if err = s.Scan(dest...); err != nil {
			return t, err
		}
		t.Task = tr.finish()
		var inst process.Instance
		if err = json.Unmarshal([]byte(text), &inst); err != nil {
			return t, err
		}
		if tok, ok := inst.Token(t.Token); ok {
			t.Silent = tok.Timer.Time()
		}
		return t, nil
	}
}

// leaderPage reads one page of one list.
func leaderPage(v db.Querier, q leaderQuery, limit int) ([]LeaderTask, error) {
	var a sqlArgs
	keys := q.keys(q.ask.List, &a, limit)
	return db.All(v, scanLeaderTask(nil), `SELECT `+leaderTaskColumns+` FROM (`+keys+`) k
 JOIN dossier_task t ON t.id = k.id JOIN dossier_dossier d ON d.id = t.dossier_id ORDER BY t.due_at, t.id`, a.list...)
}

// leaderHeads reads the first of the three lists that the overview shows, in one query.
func leaderHeads(v db.Querier, q leaderQuery, limit int) (map[LeaderList][]LeaderTask, error) {
	var a sqlArgs
	var parts []string
	for _, l := range [...]LeaderList{ListToday, ListOwe, ListOwed} {
		parts = append(parts, `SELECT '`+string(l)+`' AS list, id FROM (`+q.keys(l, &a, limit)+`) AS `+string(l))
	}
	out := map[LeaderList][]LeaderTask{}
	var list string
	scan := scanLeaderTask(&list)
	_, err := db.All(v, func(s db.Scanner) (LeaderTask, error) {
		t, err := scan(s)
		out[LeaderList(list)] = append(out[LeaderList(list)], t)
		return t, err
	}, `SELECT `+leaderTaskColumns+`, k.list FROM (`+strings.Join(parts, ` UNION ALL `)+`) k
 JOIN dossier_task t ON t.id = k.id JOIN dossier_dossier d ON d.id = t.dossier_id ORDER BY t.due_at, t.id`, a.list...)
	return out, err
}

// lateBy counts what is late by office, post and person, the longest late first.
func lateBy(v db.Querier, q leaderQuery, limit int) ([]LateGroup, error) {
	var a sqlArgs
	q.ask = LeaderAsk{}
	w := q.where(ListLate, &a)
	return db.All(v, func(s db.Scanner) (g LateGroup, err error) {
		var since int64
		err = s.Scan(&g.Unit, &g.Role, &g.Assignee, &g.Tasks, &since)
		g.Since = db.Time(since)
		return g, err
	}, `SELECT unit, role, assignee, COUNT(*), MIN(due_at) AS since FROM dossier_task WHERE `+w+`
 GROUP BY unit, role, assignee ORDER BY since, unit, role, assignee LIMIT `+a.add(limit), a.list...)
}

// week counts the last days of an agency: what its one-stop accepted, what it settled, and
// how much of that late.
func week(v db.Querier, unit orgunit.UnitID, today clock.Date, days int) ([]DayTally, error) {
	first := today.AddDays(1 - days)
	out := make([]DayTally, days)
	for i := range out {
		out[i].Day = first.AddDays(i)
	}
	type row struct {
		day, what, n, late int64
	}
	rows, err := db.All(v, func(s db.Scanner) (r row, err error) {
		err = s.Scan(&r.day, &r.what, &r.n, &r.late)
		return r, err
	}, `SELECT (accepted_at + 25200000) / 86400000 AS day, 1 AS what, COUNT(*), 0 FROM dossier_dossier
 WHERE receiving_unit = $1 AND accepted_at IS NOT NULL AND accepted_at >= $2 GROUP BY 1
 UNION ALL SELECT (closed_at + 25200000) / 86400000 AS day, 2 AS what, COUNT(*), COUNT(*) FILTER (WHERE closed_at > due_at) FROM dossier_dossier
 WHERE competent_unit = $1 AND accepted_at IS NOT NULL AND COALESCE(closed_at, 9223372036854775807) >= $2
 AND COALESCE(closed_at, 9223372036854775807) < 9223372036854775807 GROUP BY 1`, unit, db.Millis(first.At(0, 0)))
	for _, r := range rows {
		day := clock.DateOf(time.Unix(r.day*86400, 0).UTC())
		i := slices.IndexFunc(out, func(d DayTally) bool { return d.Day == day })
		switch {
		case i < 0:
		case r.what == 1:
			out[i].Received = int(r.n)
		default:
			out[i].Settled, out[i].Late = int(r.n), int(r.late)
		}
	}
	return out, err
}
