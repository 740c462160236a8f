package person

import (
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

const businessColumns = `id, tax_code, enterprise, name, address, legal_name, legal_mark, source, seen_at, version`

func scanBusiness(s db.Scanner) (b Business, err error) {
	var seen int64
	err = s.Scan(&b.ID, &b.TaxCode, &b.Enterprise, &b.Name, &b.Address, &b.Legal, &b.legalMark, &b.Source, &seen, &b.Version)
	b.Seen = db.Time(seen)
	return b, err
}

func noBusiness(b Business, err error) (Business, error) {
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "person.business.none", errs.Cause(err))
	}
	return b, err
}

func businessBy(q db.Querier, code TaxCode) (Business, error) {
	return noBusiness(db.One(q, scanBusiness, `SELECT `+businessColumns+` FROM person_business WHERE tax_code = $1`, string(code)))
}

func businessOf(q db.Querier, v BusinessID) (Business, error) {
	return noBusiness(db.One(q, scanBusiness, `SELECT `+businessColumns+` FROM person_business WHERE id = $1`, v))
}

// businessOfAccount is the business that signs in with an account. NotFound.
func businessOfAccount(q db.Querier, account int64) (Business, error) {
	return noBusiness(db.One(q, scanBusiness, `SELECT `+businessColumns+` FROM person_business WHERE id = (SELECT business FROM person_business_account WHERE account = $1)`, account))
}

// accountOfBusiness is the account of a business. NotFound.
func accountOfBusiness(q db.Querier, v BusinessID) (account int64, err error) {
	err = q.QueryRow(`SELECT account FROM person_business_account WHERE business = $1`, v).Scan(&account)
	return account, err
}

func insertBusinessAccount(tx *db.Tx, account int64, v BusinessID) error {
	return tx.Exec(`INSERT INTO person_business_account (account, business, linked_at) VALUES ($1,$2,$3)`, account, v, db.Millis(tx.Now()))
}

func insertBusiness(tx *db.Tx, b Business) error {
	return tx.Exec(`INSERT INTO person_business (`+businessColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,1)`,
		b.ID, string(b.TaxCode), b.Enterprise, b.Name, b.Address, b.Legal, b.legalMark, b.Source, db.Millis(b.Seen))
}

func updateBusiness(tx *db.Tx, b Business, moved error) error {
	return tx.Guard(moved, `UPDATE person_business SET enterprise = $3, name = $4, address = $5, legal_name = $6, legal_mark = $7, source = $8, seen_at = $9, version = version + 1
 WHERE id = $1 AND version = $2`, b.ID, b.Version, b.Enterprise, b.Name, b.Address, b.Legal, b.legalMark, b.Source, db.Millis(b.Seen))
}
