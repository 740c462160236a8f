package identity

import (
	"khue/internal/kernel/db"
	"khue/internal/register/orgunit"
)

func findDutyRule(q db.Querier, u orgunit.UnitID) (DutyRule, error) {
	return db.One(q, func(s db.Scanner) (r DutyRule, err error) {
		var at int64
		err = s.Scan(&r.Unit, &r.Shared, &r.Reason, &r.By, &at)
		r.At = db.Time(at)
		return r, err
	}, `SELECT unit, shared, reason, set_by, set_at FROM identity_duty WHERE unit = $1`, u)
}

func upsertDutyRule(tx *db.Tx, r DutyRule) error {
	return tx.Exec(`INSERT INTO identity_duty (unit, shared, reason, set_by, set_at) VALUES ($1, $2, $3, $4, $5)
 ON CONFLICT (unit) DO UPDATE SET shared = excluded.shared, reason = excluded.reason, set_by = excluded.set_by, set_at = excluded.set_at`,
		r.Unit, r.Shared, r.Reason, r.By, db.Millis(r.At))
}

func sharedDuties(q db.Querier) ([]orgunit.UnitID, error) {
	return db.All(q, db.Value[orgunit.UnitID], `SELECT unit FROM identity_duty WHERE shared`)
}
