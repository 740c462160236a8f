package dossier

import (
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

const orderColumns = `id, dossier_id, code, unit, leader, leader_name, officer, officer_name, note, due_at, made_at, state, answer, forecast, answered_at, rounds, version`

func scanOrder(s db.Scanner) (o Order, err error) {
	var due, made int64
	var answered *int64
	var forecast string
	if err = s.Scan(&o.ID, &o.Dossier, &o.Code, &o.Unit, &o.Leader, &o.LeaderName, &o.Officer, &o.OfficerName, &o.Note, &due, &made,
		&o.State, &o.Answer, &forecast, &answered, &o.Rounds, &o.Version); err != nil {
		return o, err
	}
	o.DueAt, o.MadeAt, o.AnsweredAt = db.Time(due), db.Time(made), timeOf(answered)
	if forecast != "" {
		o.Forecast, err = clock.ParseDate(forecast)
	}
	return o, err
}

func findOrder(q db.Querier, v OrderID) (Order, error) {
	o, err := db.One(q, scanOrder, `SELECT `+orderColumns+` FROM dossier_order WHERE id = $1`, v)
	return o, notFound(err, "dossier.order.notFound")
}

func insertOrder(tx *db.Tx, o Order) error {
	return tx.Exec(`INSERT INTO dossier_order (`+orderColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)`,
		o.ID, o.Dossier, o.Code, o.Unit, o.Leader, o.LeaderName, o.Officer, o.OfficerName, o.Note, db.Millis(o.DueAt), db.Millis(o.MadeAt),
		string(o.State), o.Answer, dayText(o.Forecast), msOf(o.AnsweredAt), int64(o.Rounds), o.Version)
}

// updateOrder moves an order that still stands at o.Version.
func updateOrder(tx *db.Tx, o Order) error {
	return tx.Guard(errs.E(errs.Conflict, "dossier.order.moved"), `UPDATE dossier_order SET leader = $3, leader_name = $4, note = $5, due_at = $6, made_at = $7,
 state = $8, answer = $9, forecast = $10, answered_at = $11, rounds = $12, version = version + 1 WHERE id = $1 AND version = $2`,
		o.ID, o.Version, o.Leader, o.LeaderName, o.Note, db.Millis(o.DueAt), db.Millis(o.MadeAt),
		string(o.State), o.Answer, dayText(o.Forecast), msOf(o.AnsweredAt), int64(o.Rounds))
}

func dayText(d clock.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// ordersOfDossier are all orders on a dossier, the youngest first.
func ordersOfDossier(q db.Querier, d ID) ([]Order, error) {
	return db.All(q, scanOrder, `SELECT `+orderColumns+` FROM dossier_order WHERE dossier_id = $1 ORDER BY id DESC LIMIT 50`, d)
}

func ordersOfOfficer(q db.Querier, account int64, after TaskCursor, limit int) ([]Order, error) {
	return db.All(q, scanOrder, `SELECT `+orderColumns+` FROM dossier_order
 WHERE officer = $1 AND state <> 'closed' AND (due_at, id) > ($2, $3) ORDER BY due_at, id LIMIT $4`, account, after.Due, after.ID, limit)
}

// ordersOfUnit are the orders of an agency that are not closed, and how many there are after
// the cursor.
func ordersOfUnit(q db.Querier, unit orgunit.UnitID, after TaskCursor, limit int) (out []Order, n int, err error) {
	out, err = db.All(q, func(s db.Scanner) (Order, error) {
		return scanOrder(and{s, &n})
	}, `SELECT `+orderColumns+`, COUNT(*) OVER () FROM dossier_order
 WHERE unit = $1 AND state <> 'closed' AND (due_at, id) > ($2, $3) ORDER BY due_at, id LIMIT $4`, unit, after.Due, after.ID, limit)
	return out, n, err
}

// and scans one column after those that are asked for.
type and struct {
	db.Scanner
	last any
}

// Scan implements db.Scanner.
func (a and) Scan(dest ...any) error { return a.Scanner.Scan(append(dest, a.last)...) }
