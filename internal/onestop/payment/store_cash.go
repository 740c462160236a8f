package payment

import (
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

const shiftColumns = `id, unit, cashier, name, opened_at, float, closed_at, expected, counted, why`

func scanShift(s db.Scanner) (sh Shift, err error) {
	var opened, closed int64
	err = s.Scan(&sh.ID, &sh.Unit, &sh.Cashier, &sh.Name, &opened, &sh.Float, &closed, &sh.Expected, &sh.Counted, &sh.Why)
	sh.OpenedAt = db.Time(opened)
	if closed != 0 {
		sh.ClosedAt = db.Time(closed)
	}
	return sh, err
}

func insertShift(tx *db.Tx, sh Shift) error {
	return tx.Exec(`INSERT INTO payment_shift (`+shiftColumns+`) VALUES ($1,$2,$3,$4,$5,$6,0,0,0,'')`, sh.ID, sh.Unit, sh.Cashier, sh.Name, db.Millis(sh.OpenedAt), sh.Float)
}

func noShift(sh Shift, err error) (Shift, error) {
	if errs.Is(err, errs.NotFound) {
		return sh, errs.E(errs.NotFound, "payment.shift.none", errs.Cause(err))
	}
	return sh, err
}

func openShift(q db.Querier, cashier int64) (Shift, error) {
	return noShift(db.One(q, scanShift, `SELECT `+shiftColumns+` FROM payment_shift WHERE cashier = $1 AND closed_at = 0`, cashier))
}

func findShift(q db.Querier, v ShiftID) (Shift, error) {
	return noShift(db.One(q, scanShift, `SELECT `+shiftColumns+` FROM payment_shift WHERE id = $1`, v))
}

func shiftsOf(q db.Querier, u orgunit.UnitID, limit int) ([]Shift, error) {
	return db.All(q, scanShift, `SELECT `+shiftColumns+` FROM payment_shift WHERE unit = $1 ORDER BY id DESC LIMIT $2`, u, limit)
}

// touchShift locks an open shift for the rest of the unit.
func touchShift(tx *db.Tx, sh Shift) error {
	return tx.Guard(errs.E(errs.Conflict, "payment.shift.closed"), `UPDATE payment_shift SET float = float WHERE id = $1 AND closed_at = 0`, sh.ID)
}

// closeShift writes the count. The sum is computed again by the guard: money that was taken
// since it was read undoes the closing.
func closeShift(tx *db.Tx, sh Shift) error {
	return tx.Guard(errs.E(errs.Conflict, "payment.shift.closed"), `UPDATE payment_shift SET closed_at = $2, expected = $3, counted = $4, why = $5
 WHERE id = $1 AND closed_at = 0 AND $3 = float + (SELECT COALESCE(SUM(amount), 0) FROM payment_notice WHERE shift = $1 AND shift <> 0 AND way = 'cash')`,
		sh.ID, db.Millis(sh.ClosedAt), sh.Expected, sh.Counted, sh.Why)
}

func expected(q db.Querier, sh Shift) (int64, error) {
	v, err := db.One(q, db.Value[int64], `SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment_notice WHERE shift = $1 AND shift <> 0 AND way = 'cash'`, sh.ID)
	return sh.Float + v, err
}

const lineColumns = `id, unit, ref, amount, at, text, verdict`

// kept is a line of a statement as kept.
type kept struct {
	ID      int64
	Unit    orgunit.UnitID
	Ref     string
	Amount  int64
	At      int64
	Text    string
	Verdict Verdict
}

func scanLine(s db.Scanner) (l kept, err error) {
	err = s.Scan(&l.ID, &l.Unit, &l.Ref, &l.Amount, &l.At, &l.Text, &l.Verdict)
	return l, err
}

// insertLine keeps a line; one that was kept before fails as not unique.
func insertLine(tx *db.Tx, l kept) error {
	return tx.Exec(`INSERT INTO payment_line (`+lineColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7)`, l.ID, l.Unit, l.Ref, l.Amount, l.At, l.Text, string(l.Verdict))
}

func findLine(q db.Querier, u orgunit.UnitID, ref string) (kept, bool, error) {
	l, err := db.One(q, scanLine, `SELECT `+lineColumns+` FROM payment_line WHERE unit = $1 AND ref = $2`, u, ref)
	if errs.Is(err, errs.NotFound) {
		return l, false, nil
	}
	return l, err == nil, err
}

func linesOn(q db.Querier, u orgunit.UnitID, from, until int64) ([]kept, error) {
	return db.All(q, scanLine, `SELECT `+lineColumns+` FROM payment_line WHERE unit = $1 AND at >= $2 AND at < $3 ORDER BY at, id`, u, from, until)
}
