package dossier

import (
	"strconv"
	"strings"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/mandate"
)

type behalfRow struct {
	party   mandate.Party
	mandate mandate.ID
}

func insertBehalf(tx *db.Tx, v ID, r behalfRow) error {
	return tx.Exec(`INSERT INTO dossier_behalf (dossier_id, party, mandate) VALUES ($1, $2, $3)`, v, string(r.party), r.mandate)
}

// behalfOf is for whom a dossier, or its parent, was filed; the zero row where nobody knows.
func behalfOf(q db.Querier, d Dossier) (behalfRow, error) {
	v := d.ID
	if d.Parent != 0 {
		v = d.Parent
	}
	r, err := db.One(q, func(s db.Scanner) (r behalfRow, err error) {
		err = s.Scan(&r.party, &r.mandate)
		return r, err
	}, `SELECT party, mandate FROM dossier_behalf WHERE dossier_id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		return behalfRow{}, nil
	}
	return r, err
}

// mineOf is the condition of an account's dossiers: filed by it, linked to it, and those of
// whom it may act for. The account is the first argument.
func mineOf(account int64, reach []mandate.Reach) (string, []any) {
	args := []any{account}
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	var or []string
	for _, r := range reach {
		one := `b.party = ` + arg(string(r.Party))
		if r.By != nil && len(r.By.Services) > 0 {
			var in []string
			for _, service := range r.By.Services {
				in = append(in, arg(service))
			}
			one += ` AND x.service IN (` + strings.Join(in, ", ") + `)`
		}
		or = append(or, `(`+one+`)`)
	}
	if len(or) == 0 {
		return followed, args
	}
	return strings.TrimSuffix(followed, ")") +
		` UNION SELECT b.dossier_id FROM dossier_behalf b JOIN dossier_dossier x ON x.id = b.dossier_id WHERE ` + strings.Join(or, " OR ") + `)`, args
}

// bySubmitterOr are the dossiers that an account filed or that were filed for one of some
// parties, with those that they opened, the youngest first.
func bySubmitterOr(q db.Querier, account int64, parties []mandate.Party, limit int) ([]Dossier, error) {
	own, args := ownedBy([]any{account, limit}, parties)
	return db.All(q, scanDossier, `SELECT `+dossierColumns+` FROM dossier_dossier d WHERE d.id IN (`+own+`) ORDER BY d.id DESC LIMIT $2`, args...)
}

// idsOfPeople is bySubmitterOr without an end, ids alone.
func idsOfPeople(q db.Querier, account int64, parties []mandate.Party) ([]ID, error) {
	own, args := ownedBy([]any{account}, parties)
	return db.All(q, db.Value[ID], own, args...)
}

// ownedBy selects the ids of dossiers that the account of the first argument filed, or that anybody filed for a party.
func ownedBy(args []any, parties []mandate.Party) (string, []any) {
	own := `SELECT f.id FROM dossier_dossier f WHERE f.submitter = $1 AND f.submitter <> 0`
	if len(parties) > 0 {
		var in []string
		for _, p := range parties {
			args = append(args, string(p))
			in = append(in, "$"+strconv.Itoa(len(args)))
		}
		theirs := ` IN (` + strings.Join(in, ", ") + `)`
		own += ` UNION SELECT b.dossier_id FROM dossier_behalf b WHERE b.party` + theirs +
			` UNION SELECT x.id FROM dossier_behalf b JOIN dossier_dossier x ON x.parent = b.dossier_id WHERE x.parent <> 0 AND b.party` + theirs
	}
	return own, args
}
