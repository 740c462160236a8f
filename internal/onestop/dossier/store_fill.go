package dossier

import (
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// filling is a row of dossier_fill.
type filling struct {
	run, total, done int64
	since, until     time.Time
}

// lastFilling is the youngest filling; run 0 where there is none.
func lastFilling(q db.Querier) (f filling, err error) {
	var since, until int64
	err = q.QueryRow(`SELECT run, total, done, since, until FROM dossier_fill ORDER BY run DESC LIMIT 1`).
		Scan(&f.run, &f.total, &f.done, &since, &until)
	if errs.Is(err, errs.NotFound) {
		return filling{}, nil
	}
	f.since, f.until = db.Time(since), db.Time(until)
	return f, err
}

func insertFilling(tx *db.Tx, f filling) error {
	return tx.Exec(`INSERT INTO dossier_fill (run, total, done, since, until) VALUES ($1, $2, $3, $4, $5)`,
		f.run, f.total, f.done, db.Millis(f.since), db.Millis(f.until))
}

// moveFilling counts dossiers that stand from now on; the unit fails where another program
// filled in between.
func moveFilling(tx *db.Tx, run, from, to int64) error {
	return tx.Guard(errs.E(errs.Conflict, "dossier.fill.other"), `UPDATE dossier_fill SET done = $3 WHERE run = $1 AND done = $2`, run, from, to)
}

// takeNumbers takes n numbers of a series inside a unit and returns the first.
func takeNumbers(tx *db.Tx, series string, n int64) (first int64, err error) {
	var end int64
	err = tx.QueryRow(`INSERT INTO dossier_code (series, next) VALUES ($1, 1 + $2)
 ON CONFLICT (series) DO UPDATE SET next = dossier_code.next + $2 RETURNING next`, series, n).Scan(&end)
	return end - n, err
}
