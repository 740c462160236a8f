package auth

import (
	"strings"

	"khue/internal/kernel/db"
)

// insertChild is insertSession while the session out of which the token is given still stands.
func insertChild(tx *db.Tx, gone error, x Session, secret []byte) error {
	proved := int64(0)
	if !x.Proved.IsZero() {
		proved = db.Millis(x.Proved)
	}
	return tx.Guard(gone, `INSERT INTO auth_session (id, account, kind, label, network, created, seen, expires, secret, methods, proved, client, scopes, parent, permit, bound)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16
		FROM auth_session WHERE id = $14 AND account = $2`,
		x.ID, x.Account, x.Kind, x.Label, x.Network, db.Millis(x.Created), db.Millis(x.Seen), db.Millis(x.Expires), secret,
		strings.Join(x.Methods, " "), proved, x.Client, strings.Join(x.Scopes, " "), x.Parent, x.Permit, x.Bound)
}

func sessionByID(q db.Querier, account, id int64) (Session, error) {
	return db.One(q, scanSession, `SELECT `+sessionColumns+` FROM auth_session WHERE id = $1 AND account = $2`, id, account)
}

func deletePermit(tx *db.Tx, account, permit int64) error {
	return tx.Exec(`DELETE FROM auth_session WHERE account = $1 AND permit = $2 AND permit <> 0`, account, permit)
}

func deleteClient(tx *db.Tx, client, account int64) error {
	return tx.Exec(`DELETE FROM auth_session WHERE account = $2 AND client = $1 AND client <> 0`, client, account)
}

func accountsOfClient(q db.Querier, client, account int64) ([]int64, error) {
	return db.All(q, db.Value[int64],
		`SELECT DISTINCT account FROM auth_session WHERE client = $1 AND client <> 0 AND (account = $2 OR $2 = 0)`, client, account)
}
