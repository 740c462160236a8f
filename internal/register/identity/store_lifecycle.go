package identity

import (
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

func updateLeft(tx *db.Tx, account int64, last clock.Date) error {
	return tx.Exec(`UPDATE identity_officer SET left_on = $2 WHERE account = $1`, account, dayText(last))
}

func leftOn(q db.Querier, account int64) (last clock.Date, err error) {
	var text string
	err = q.QueryRow(`SELECT left_on FROM identity_officer WHERE account = $1`, account).Scan(&text)
	if errs.Is(err, errs.NotFound) || err == nil && text == "" {
		return last, nil
	}
	if err != nil {
		return last, err
	}
	return clock.ParseDate(text)
}

func officerByLogin(q db.Querier, login string) (Officer, error) {
	o, err := db.One(q, scanOfficer, `SELECT `+officerColumns+` FROM identity_officer WHERE login = $1`, login)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "identity.officer.none", errs.Cause(err))
	}
	return o, err
}

func countOfficers(q db.Querier) (n int, err error) {
	return n, q.QueryRow(`SELECT COUNT(*) FROM identity_officer`).Scan(&n)
}

// pageOfficers reads a page by position: what SCIM asks for.
func pageOfficers(q db.Querier, offset, limit int) ([]Officer, error) {
	return db.All(q, scanOfficer, `SELECT `+officerColumns+` FROM identity_officer ORDER BY account LIMIT $1 OFFSET $2`, limit, offset)
}
