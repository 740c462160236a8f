package result

import (
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

const parcelColumns = `result, dossier, code, number, desk, tracking, state, at, note, asked_at, version`

func scanParcel(s db.Scanner) (p Parcel, err error) {
	var at, asked int64
	err = s.Scan(&p.Result, &p.Dossier, &p.Code, &p.Number, &p.Desk, &p.Tracking, &p.State, &at, &p.Note, &asked, &p.Version)
	p.At, p.AskedAt = db.Time(at), db.Time(asked)
	return p, err
}

// insertParcel writes a parcel; a result has one.
func insertParcel(tx *db.Tx, p Parcel) error {
	return tx.Exec(`INSERT INTO result_parcel (`+parcelColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,1)`,
		p.Result, p.Dossier, p.Code, p.Number, p.Desk, p.Tracking, string(p.State), db.Millis(p.At), p.Note, db.Millis(p.AskedAt))
}

func findParcel(q db.Querier, v ID) (Parcel, error) {
	p, err := db.One(q, scanParcel, `SELECT `+parcelColumns+` FROM result_parcel WHERE result = $1`, v)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "result.parcel.none", errs.Cause(err))
	}
	return p, err
}

func parcelsOf(q db.Querier, d dossier.ID) ([]Parcel, error) {
	return db.All(q, scanParcel, `SELECT `+parcelColumns+` FROM result_parcel WHERE dossier = $1 ORDER BY result DESC LIMIT 20`, d)
}

// parcelsAt are those of a counter, what needs somebody first.
func parcelsAt(q db.Querier, u orgunit.UnitID, limit int) ([]Parcel, error) {
	return db.All(q, scanParcel, `SELECT `+parcelColumns+` FROM result_parcel WHERE desk = $1
 ORDER BY CASE state WHEN 'returned' THEN 0 WHEN 'refused' THEN 0 WHEN 'lost' THEN 0 WHEN 'ordered' THEN 1 WHEN 'on_way' THEN 1 ELSE 2 END, result DESC LIMIT $2`, u, limit)
}

// silent are the parcels on their way of which nothing was heard since.
func silent(q db.Querier, before time.Time, limit int) ([]Parcel, error) {
	return db.All(q, scanParcel, `SELECT `+parcelColumns+` FROM result_parcel WHERE state IN ('ordered', 'on_way') AND asked_at < $1 ORDER BY asked_at LIMIT $2`, db.Millis(before), limit)
}

func moveParcel(tx *db.Tx, p Parcel) error {
	return tx.Guard(errs.E(errs.Conflict, "result.moved"), `UPDATE result_parcel SET tracking = $3, state = $4, at = $5, note = $6, asked_at = $7, version = version + 1 WHERE result = $1 AND version = $2`,
		p.Result, p.Version, p.Tracking, string(p.State), db.Millis(p.At), p.Note, db.Millis(p.AskedAt))
}
