package openid

import "khue/internal/kernel/db"

func linkBySubject(q db.Querier, issuer, subject string) (int64, error) {
	return db.One(q, db.Value[int64], `SELECT account FROM openid_link WHERE issuer = $1 AND subject = $2`, issuer, subject)
}

func linkByNumber(q db.Querier, issuer, number string) (int64, error) {
	return db.One(q, db.Value[int64], `SELECT account FROM openid_link WHERE issuer = $1 AND number = $2 AND number <> '' ORDER BY at LIMIT 1`, issuer, number)
}

// linksOf are the indexes of the numbers with which an account is linked.
func linksOf(q db.Querier, issuer string, account int64) ([]string, error) {
	return db.All(q, db.Value[string],
		`SELECT number FROM openid_link WHERE issuer = $1 AND account = $2 ORDER BY at`, issuer, account)
}

func insertLink(tx *db.Tx, issuer, subject, number string, account int64) error {
	return tx.Exec(`INSERT INTO openid_link (issuer, subject, number, account, at) VALUES ($1, $2, $3, $4, $5)`, issuer, subject, number, account, db.Millis(tx.Now()))
}
