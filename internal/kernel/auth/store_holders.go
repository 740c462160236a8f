package auth

import (
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
)

type holder struct {
	account Account
	role    string
}

// holders reads who holds what within one scope on a day (index auth_grant_scope).
func holders(q db.Querier, scope string, day clock.Date) ([]holder, error) {
	return db.All(q, func(s db.Scanner) (h holder, err error) {
		err = s.Scan(&h.account.ID, &h.account.Login, &h.account.Name, &h.role)
		h.account.Kind = KindOfficer
		return h, err
	}, `SELECT a.id, a.login, a.name, g.role FROM auth_grant g JOIN auth_account a ON a.id = g.account
 WHERE g.scope = $1 AND (g.starts = '' OR g.starts <= $2) AND (g.ends = '' OR g.ends >= $2) AND NOT a.disabled ORDER BY a.login`, scope, day.String())
}

func officersAfter(q db.Querier, after int64, limit int) ([]Account, error) {
	return db.All(q, scanAccount, `SELECT `+accountColumns+` FROM auth_account WHERE id > $1 AND kind = 'officer' AND NOT disabled ORDER BY id LIMIT $2`, after, limit)
}
