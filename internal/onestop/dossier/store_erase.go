package dossier

import (
	"time"

	"khue/internal/kernel/db"
)

const erasedFiling = `{"erased":true}`

func endedBefore(q db.Querier, service string, before time.Time, after ID, limit int) ([]ID, error) {
	return db.All(q, db.Value[ID], `SELECT d.id FROM dossier_dossier d JOIN dossier_content c ON c.dossier_id = d.id
 WHERE d.service = $1 AND d.state IN `+endedStates+` AND d.closed_at < $2 AND d.id > $3 AND c.filing <> $4 ORDER BY d.id LIMIT $5`,
		service, db.Millis(before), after, erasedFiling, limit)
}

func eraseRows(tx *db.Tx, v ID) error {
	for _, sql := range [...]string{
		`UPDATE dossier_content SET answers = '{}', papers = '[]', officer = '{}', filing = '` + erasedFiling + `' WHERE dossier_id = $1`,
		`UPDATE dossier_dossier SET submitter = 0, phone = '', mail = FALSE WHERE id = $1`,
		`UPDATE dossier_task SET applicant = '' WHERE dossier_id = $1`,
		`UPDATE dossier_order SET note = '', answer = '' WHERE dossier_id = $1`,
		`UPDATE dossier_rating SET comment = '' WHERE dossier_id = $1`,
		`DELETE FROM dossier_link WHERE dossier_id = $1`,
		`DELETE FROM dossier_behalf WHERE dossier_id = $1`,
	} {
		if err := tx.Exec(sql, v); err != nil {
			return err
		}
	}
	return nil
}

// namedIn is the text in which a dossier's files are named; NotFound.
func namedIn(q db.Querier, v ID) (string, error) {
	text, err := db.One(q, db.Value[string], `SELECT papers || ' ' || officer FROM dossier_content WHERE dossier_id = $1`, v)
	return text, notFound(err, "dossier.notFound")
}

// fileNames are the papers of dossiers, for db.Texts.
const fileNames = `SELECT dossier_id, papers || ' ' || officer FROM dossier_content WHERE dossier_id > $1 ORDER BY dossier_id LIMIT $2`
