package rights

import (
	"strconv"
	"strings"

	"khue/internal/kernel/db"
)

const limitColumns = `request, account, person, kind, about, code, since`

func scanLimit(s db.Scanner) (l Limit, err error) {
	var since int64
	err = s.Scan(&l.Request, &l.Account, &l.Person, &l.Kind, &l.About, &l.Code, &since)
	l.Since = db.Time(since)
	return l, err
}

func insertLimit(tx *db.Tx, l Limit) error {
	return tx.Exec(`INSERT INTO rights_limit (`+limitColumns+`, lifted_at, lifted_by) VALUES ($1,$2,$3,$4,$5,$6,$7,0,0)`,
		l.Request, l.Account, l.Person, string(l.Kind), l.About, l.Code, db.Millis(l.Since))
}

// limitsOf are the limits that hold for an account or any of some rows of the register.
func limitsOf(q db.Querier, who Whose) ([]Limit, error) {
	args := []any{who.Account}
	cond := `account = $1 AND account <> 0`
	if len(who.People) > 0 {
		var in []string
		for _, p := range who.People {
			args = append(args, p)
			in = append(in, "$"+strconv.Itoa(len(args)))
		}
		cond = `(` + cond + ` OR person <> 0 AND person IN (` + strings.Join(in, ", ") + `))`
	}
	return db.All(q, scanLimit, `SELECT `+limitColumns+` FROM rights_limit WHERE lifted_at = 0 AND `+cond+` ORDER BY request`, args...)
}

// liftLimits ends the limits of an account: those of a dossier, or all (0).
func liftLimits(tx *db.Tx, r Request, about int64) (n int, err error) {
	err = tx.QueryRow(`SELECT count(*) FROM rights_limit WHERE lifted_at = 0 AND account = $1 AND (about = $2 OR $2 = 0)`, r.Account, about).Scan(&n)
	if err != nil {
		return 0, err
	}
	return n, tx.Exec(`UPDATE rights_limit SET lifted_at = $3, lifted_by = $4 WHERE lifted_at = 0 AND account = $1 AND (about = $2 OR $2 = 0)`,
		r.Account, about, db.Millis(tx.Now()), r.ID)
}
