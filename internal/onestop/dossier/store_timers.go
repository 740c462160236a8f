package dossier

import (
	"strconv"
	"strings"

	"khue/internal/kernel/db"
)

// dossiersByID reads dossiers in any order; unknown ids are passed over.
func dossiersByID(q db.Querier, ids []ID) ([]Dossier, error) {
	in, args := among(ids)
	return db.All(q, scanDossier, `SELECT `+dossierColumns+` FROM dossier_dossier d WHERE d.id IN (`+in+`)`, args...)
}

// tasksOfAll reads the tasks of dossiers, each dossier's by id.
func tasksOfAll(q db.Querier, ids []ID) ([]Task, error) {
	in, args := among(ids)
	return db.All(q, scanTask, `SELECT `+taskColumns+` FROM dossier_task t WHERE t.dossier_id IN (`+in+`) ORDER BY t.id`, args...)
}

// among writes the places of ids. Their number goes up in steps, so that few statement
// texts are prepared; the last id fills the rest.
func among(ids []ID) (places string, args []any) {
	if len(ids) == 0 {
		return "NULL", nil
	}
	n := 1
	for n < len(ids) {
		n *= 2
	}
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("$" + strconv.Itoa(i+1))
		args = append(args, ids[min(i, len(ids)-1)])
	}
	return b.String(), args
}
