package dossier

import "khue/internal/kernel/db"

// runningOf pages through the open dossiers of a version by id. It reads the table by its
// primary key: a migration is rare, and an index for it would cost every transition.
func runningOf(q db.Querier, digest string, after ID, limit int) ([]Dossier, error) {
	return db.All(q, scanDossier, `SELECT `+dossierColumns+` FROM dossier_dossier d
 WHERE d.id > $2 AND d.package = $1 AND d.state NOT IN (3, 7, 8, 10) ORDER BY d.id LIMIT $3`, digest, after, limit)
}

// repin gives a dossier and its tasks another version of the service.
func repin(tx *db.Tx, d ID, digest string) error {
	if err := tx.Exec(`UPDATE dossier_dossier SET package = $2 WHERE id = $1`, d, digest); err != nil {
		return err
	}
	return tx.Exec(`UPDATE dossier_task SET package = $2 WHERE dossier_id = $1`, d, digest)
}
