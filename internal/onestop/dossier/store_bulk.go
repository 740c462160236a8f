package dossier

import (
	"strconv"
	"strings"

	"khue/internal/kernel/db"
)

// taskSeen is a task with the agencies of its dossier, which say who may see it.
type taskSeen struct {
	Task
	of Dossier // agencies and submitter only
}

// in is the list of a condition: ($1,$2,…), with its arguments.
func in[T any](ids []T) (string, []any) {
	var b strings.Builder
	args := make([]any, len(ids))
	b.WriteByte('(')
	for i, v := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("$" + strconv.Itoa(i+1))
		args[i] = v
	}
	b.WriteByte(')')
	return b.String(), args
}

func tasksByID(q db.Querier, ids []TaskID) ([]taskSeen, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := in(ids)
	return db.All(q, func(s db.Scanner) (taskSeen, error) {
		var r taskRow
		var of Dossier
		err := s.Scan(append(r.dest(), &of.Reception, &of.Receiving, &of.Competent, &of.Submitter)...)
		return taskSeen{r.finish(), of}, err
	}, `SELECT `+taskColumns+`, d.reception_unit, d.receiving_unit, d.competent_unit, d.submitter
 FROM dossier_task t JOIN dossier_dossier d ON d.id = t.dossier_id WHERE t.id IN `+list, args...)
}

// findForTasks is findForTask for many.
func findForTasks(q db.Querier, ids []TaskID) ([]found, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := in(ids)
	return db.All(q, func(s db.Scanner) (found, error) {
		var tr taskRow
		var dr dossierRow
		if err := s.Scan(append(tr.dest(), dr.dest()...)...); err != nil {
			return found{}, err
		}
		d, err := dr.finish()
		return found{t: tr.finish(), d: d}, err
	}, `SELECT `+taskColumns+`, `+dossierColumns+
		` FROM dossier_task t JOIN dossier_dossier d ON d.id = t.dossier_id WHERE t.id IN `+list, args...)
}

// tasksOfMany are the rows of several dossiers, each in order of their ids.
func tasksOfMany(q db.Querier, ids []ID) (map[ID][]Task, error) {
	out := map[ID][]Task{}
	if len(ids) == 0 {
		return out, nil
	}
	list, args := in(ids)
	rows, err := db.All(q, scanTask, `SELECT `+taskColumns+` FROM dossier_task t WHERE t.dossier_id IN `+list+` ORDER BY t.id`, args...)
	for _, t := range rows {
		out[t.Dossier] = append(out[t.Dossier], t)
	}
	return out, err
}

func contentsOf(q db.Querier, ids []ID) (map[ID]Content, error) {
	out := map[ID]Content{}
	if len(ids) == 0 {
		return out, nil
	}
	type row struct {
		id ID
		c  Content
	}
	list, args := in(ids)
	rows, err := db.All(q, func(s db.Scanner) (r row, err error) {
		var answers, papers, filing, officer string
		if err = s.Scan(&r.id, &answers, &papers, &filing, &officer); err != nil {
			return r, err
		}
		r.c, err = decodeContent(answers, papers, filing, officer)
		return r, err
	}, `SELECT dossier_id, answers, papers, filing, officer FROM dossier_content WHERE dossier_id IN `+list, args...)
	for _, r := range rows {
		out[r.id] = r.c
	}
	return out, err
}
