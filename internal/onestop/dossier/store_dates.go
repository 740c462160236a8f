package dossier

import (
	"encoding/json"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

const redateColumns = `r.id, r.dossier_id, r.change, r.unit, d.code, d.package, d.applicant, r.old_due, r.new_due, r.days, r.count, r.was, r.status`

func scanRedate(s db.Scanner) (Redate, error) {
	var r Redate
	var was, is int64
	var count string
	err := s.Scan(&r.ID, &r.Dossier, &r.Change, &r.Unit, &r.Code, &r.Package, &r.Applicant, &was, &is, &r.Days, &count, &r.Was, &r.Status)
	if err != nil {
		return r, err
	}
	r.Old, r.New = db.Time(was), db.Time(is)
	return r, json.Unmarshal([]byte(count), &r.Count)
}

// openOnly are proposals that can still be accepted.
const openOnly = ` FROM dossier_redate r JOIN dossier_dossier d ON d.id = r.dossier_id
 WHERE r.unit = $1 AND r.status = 'open' AND d.due_at = r.old_due AND d.closed_at IS NULL`

func openRedates(q db.Querier, u orgunit.UnitID, after TaskCursor, limit int) ([]Redate, error) {
	return db.All(q, scanRedate, `SELECT `+redateColumns+openOnly+` AND (r.old_due, r.id) > ($2, $3) ORDER BY r.old_due, r.id LIMIT $4`,
		u, after.Due, after.ID, limit)
}

func countRedates(q db.Querier, u orgunit.UnitID) (n int, err error) {
	err = q.QueryRow(`SELECT COUNT(*)`+openOnly, u).Scan(&n)
	return n, err
}

func findRedate(q db.Querier, v RedateID) (Redate, error) {
	r, err := db.One(q, scanRedate, `SELECT `+redateColumns+` FROM dossier_redate r JOIN dossier_dossier d ON d.id = r.dossier_id WHERE r.id = $1`, v)
	return r, notFound(err, "dossier.redate.notFound")
}

// proposedDates are the dates proposed for the dossiers after one id up to another.
func proposedDates(q db.Querier, after, last ID) (map[ID]time.Time, error) {
	type row struct {
		dossier ID
		due     int64
	}
	rows, err := db.All(q, func(s db.Scanner) (r row, err error) {
		err = s.Scan(&r.dossier, &r.due)
		return r, err
	}, `SELECT dossier_id, new_due FROM dossier_redate WHERE status = 'open' AND dossier_id > $1 AND dossier_id <= $2`, after, last)
	out := make(map[ID]time.Time, len(rows))
	for _, r := range rows {
		out[r.dossier] = db.Time(r.due)
	}
	return out, err
}

// proposeRedate adds a proposal. One that is still open for the dossier is replaced: the
// latest calendar is the one to count by.
func proposeRedate(tx *db.Tx, r Redate, now time.Time) error {
	count, err := json.Marshal(r.Count)
	if err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO dossier_redate (id, dossier_id, change, unit, old_due, new_due, days, count, was, status, made_at, decided_by, reason)
 VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,'open',$10,'','')
 ON CONFLICT (dossier_id) WHERE status = 'open' DO UPDATE SET change = excluded.change, unit = excluded.unit, old_due = excluded.old_due,
  new_due = excluded.new_due, days = excluded.days, count = excluded.count, was = excluded.was, made_at = excluded.made_at`,
		r.ID, r.Dossier, r.Change, r.Unit, db.Millis(r.Old), db.Millis(r.New), int64(r.Days), string(count), string(r.Was), db.Millis(now))
}

// decideRedate writes a decision, once.
func decideRedate(tx *db.Tx, r Redate, by string, now time.Time, reason string) error {
	return tx.Guard(errs.E(errs.Conflict, "dossier.redate.decided"),
		`UPDATE dossier_redate SET status = $2, decided_by = $3, decided_at = $4, reason = $5 WHERE id = $1 AND status = 'open'`,
		r.ID, r.Status, by, db.Millis(now), reason)
}

// promiseTasks tells the open tasks of a dossier its new date. A task that was due with
// the dossier is due with it again. Nobody loses the task that they have before them.
func promiseTasks(tx *db.Tx, v ID, was, is time.Time) error {
	return tx.Exec(`UPDATE dossier_task SET promised = $2, due_at = CASE WHEN due_at = $3 THEN $2 ELSE due_at END, warn_at = 0 WHERE dossier_id = $1 AND open`,
		v, db.Millis(is), db.Millis(was))
}

// dossiersAfter reads dossiers in order of their ids, whatever their state: the key alone
// bounds the work of a batch.
func dossiersAfter(q db.Querier, after ID, limit int) ([]Dossier, error) {
	return db.All(q, scanDossier, `SELECT `+dossierColumns+` FROM dossier_dossier d WHERE d.id > $1 ORDER BY d.id LIMIT $2`, after, limit)
}
