package desk

import (
	"strconv"
	"strings"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

const phraseColumns = `id, account, unit, procedure, action, vi, en, version, kept_by, kept_at`

func scanPhrase(s db.Scanner) (Phrase, error) {
	var p Phrase
	var at int64
	err := s.Scan(&p.ID, &p.Account, &p.Unit, &p.Procedure, &p.Action, &p.VI, &p.EN, &p.Version, &p.By, &at)
	p.At = db.Time(at)
	return p, err
}

// selectPhrases reads an account's own, those of units, and the city's.
func selectPhrases(q db.Querier, account int64, units []orgunit.UnitID) ([]Phrase, error) {
	args := []any{account}
	var in strings.Builder
	for _, u := range units {
		args = append(args, u)
		in.WriteString(",$" + strconv.Itoa(len(args)))
	}
	return db.All(q, scanPhrase, `SELECT `+phraseColumns+` FROM desk_phrase WHERE account = $1 AND account <> 0
 UNION ALL SELECT `+phraseColumns+` FROM desk_phrase WHERE account = 0 AND unit IN (0`+in.String()+`) ORDER BY id`, args...)
}

func countPhrases(q db.Querier, p Phrase) (n int64, err error) {
	err = q.QueryRow(`SELECT COUNT(*) FROM desk_phrase WHERE account = $1 AND unit = $2`, p.Account, p.Unit).Scan(&n)
	return n, err
}

func findPhrase(q db.Querier, v PhraseID) (Phrase, error) {
	p, err := db.One(q, scanPhrase, `SELECT `+phraseColumns+` FROM desk_phrase WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "desk.phrase.notFound", errs.Cause(err))
	}
	return p, err
}

func insertPhrase(tx *db.Tx, p Phrase) error {
	return tx.Exec(`INSERT INTO desk_phrase (`+phraseColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)`,
		p.ID, p.Account, p.Unit, p.Procedure, p.Action, p.VI, p.EN, p.Version, p.By, db.Millis(p.At))
}

// updatePhrase changes a phrase, if it still stands at p.Version.
func updatePhrase(tx *db.Tx, p Phrase, miss error) error {
	return tx.Guard(miss, `UPDATE desk_phrase SET account = $3, unit = $4, procedure = $5, action = $6, vi = $7, en = $8,
 version = version + 1, kept_by = $9, kept_at = $10 WHERE id = $1 AND version = $2`,
		p.ID, p.Version, p.Account, p.Unit, p.Procedure, p.Action, p.VI, p.EN, p.By, db.Millis(p.At))
}

func deletePhrase(tx *db.Tx, v PhraseID, version int64, miss error) error {
	return tx.Guard(miss, `DELETE FROM desk_phrase WHERE id = $1 AND version = $2`, v, version)
}
