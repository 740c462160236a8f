package auth

import (
	"strconv"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
)

// endGrant closes the one grant that begins on a day; one that would end before it began goes.
func endGrant(tx *db.Tx, account int64, g GrantPeriod, last clock.Date) error {
	if !g.From.IsZero() && last.Before(g.From) {
		return tx.Exec(`DELETE FROM auth_grant WHERE account = $1 AND role = $2 AND scope = $3 AND starts = $4`,
			account, g.Role, g.Scope, dayText(g.From))
	}
	return tx.Exec(`UPDATE auth_grant SET ends = $5 WHERE account = $1 AND role = $2 AND scope = $3 AND starts = $4`,
		account, g.Role, g.Scope, dayText(g.From), last.String())
}

func scanOccupant(s db.Scanner) (h Occupant, err error) {
	var kind, from, until string
	if err = s.Scan(&h.Account, &h.Login, &h.Name, &kind, &h.Disabled, &h.Role, &h.Scope, &from, &until, &h.For); err != nil {
		return h, err
	}
	h.Kind, _ = ParseKind(kind)
	return h, h.days(from, until)
}

// maxScopes bounds the scopes that one reading names.
const maxScopes = 500

func occupantsIn(q db.Querier, scopes []string) (out []Occupant, err error) {
	for len(scopes) > 0 {
		n := min(len(scopes), maxScopes)
		var b strings.Builder
		args := make([]any, n)
		for i, v := range scopes[:n] {
			if args[i] = v; i > 0 {
				b.WriteByte(',')
			}
			b.WriteString("$" + strconv.Itoa(i+1))
		}
		some, err := db.All(q, scanOccupant, `SELECT a.id, a.login, a.name, a.kind, a.disabled, g.role, g.scope, g.starts, g.ends, g.for_name
		FROM auth_grant g JOIN auth_account a ON a.id = g.account WHERE g.scope IN (`+b.String()+`) ORDER BY g.scope, g.role, g.starts, a.login`, args...)
		if err != nil {
			return nil, err
		}
		out, scopes = append(out, some...), scopes[n:]
	}
	return out, nil
}

func accountsOf(q db.Querier, kind Kind, after int64, limit int) ([]Account, error) {
	return db.All(q, scanAccount, `SELECT `+accountColumns+` FROM auth_account WHERE kind = $1 AND id > $2 ORDER BY id LIMIT $3`, kind.String(), after, limit)
}
