package reorganise

import (
	"encoding/json"
	"strconv"
	"strings"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

const splitColumns = `dossier, act, code, procedure, applicant, address, commune, holder, heirs, due_at, status, settled_by, COALESCE(settled_at, 0), reason`

func scanSplit(s db.Scanner) (q Question, err error) {
	var due, settled int64
	var heirs string
	if err = s.Scan(&q.Dossier, &q.Act, &q.Code, &q.Procedure, &q.Applicant, &q.Address, &q.Commune, &q.Holder, &heirs, &due, &q.Status,
		&q.SettledBy, &settled, &q.Reason); err != nil {
		return q, err
	}
	q.DueAt, q.SettledAt = instant(due), instant(settled)
	return q, json.Unmarshal([]byte(heirs), &q.Heirs)
}

// insertSplit asks anew where a dossier was asked about by an act that was undone.
func insertSplit(tx *db.Tx, q Question) error {
	heirs, err := json.Marshal(q.Heirs)
	if err != nil {
		return err
	}
	due := int64(0)
	if !q.DueAt.IsZero() {
		due = db.Millis(q.DueAt)
	}
	return tx.Exec(`INSERT INTO reorganise_split (dossier, act, code, procedure, applicant, address, commune, holder, heirs, due_at, status, settled_by, reason)
 VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,'open','','')
 ON CONFLICT (dossier) DO UPDATE SET act = excluded.act, commune = excluded.commune, holder = excluded.holder, heirs = excluded.heirs,
 due_at = excluded.due_at, status = 'open', settled_by = '', settled_at = NULL, reason = ''`,
		q.Dossier, q.Act, q.Code, q.Procedure, q.Applicant, q.Address, q.Commune, q.Holder, string(heirs), due)
}

func findSplit(q db.Querier, v dossier.ID) (Question, error) {
	return db.One(q, scanSplit, `SELECT `+splitColumns+` FROM reorganise_split WHERE dossier = $1`, v)
}

// openSplits reads the first of the questions that some agencies hold, all in one order.
func openSplits(q db.Querier, holders []orgunit.UnitID, limit int) ([]Question, error) {
	in, args := among(holders)
	return db.All(q, scanSplit, `SELECT `+splitColumns+` FROM reorganise_split WHERE holder IN (`+in+`) AND status = 'open' ORDER BY due_at, dossier LIMIT `+strconv.Itoa(limit), args...)
}

func countOpenSplits(q db.Querier, holders []orgunit.UnitID) (n int, err error) {
	in, args := among(holders)
	err = q.QueryRow(`SELECT COUNT(*) FROM reorganise_split WHERE holder IN (`+in+`) AND status = 'open'`, args...).Scan(&n)
	return n, err
}

func among(list []orgunit.UnitID) (string, []any) {
	marks, args := make([]string, len(list)), make([]any, len(list))
	for i, u := range list {
		marks[i], args[i] = "$"+strconv.Itoa(i+1), u
	}
	return strings.Join(marks, ","), args
}

// countSplits counts the questions of an act that wait.
func countSplits(q db.Querier, a ActID) (n int, err error) {
	err = q.QueryRow(`SELECT COUNT(*) FROM reorganise_split WHERE act = $1 AND status = 'open'`, a).Scan(&n)
	return n, err
}

// settleSplit writes an answer, once.
func settleSplit(tx *db.Tx, q Question) error {
	return tx.Guard(errs.E(errs.Conflict, "reorganise.split.settled", errs.P("by", "")), `UPDATE reorganise_split
 SET status = $2, holder = $3, settled_by = $4, settled_at = $5, reason = $6 WHERE dossier = $1 AND status = 'open'`,
		q.Dossier, q.Status, q.Holder, q.SettledBy, db.Millis(q.SettledAt), q.Reason)
}

// closeSplit takes a question back with the move that asked it.
func closeSplit(tx *db.Tx, v dossier.ID) error {
	return tx.Exec(`UPDATE reorganise_split SET status = 'over' WHERE dossier = $1 AND status = 'open'`, v)
}
