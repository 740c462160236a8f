package dossier

import "khue/internal/kernel/db"

// openAfter pages through the open dossiers by the primary key: a reorganisation is rare, and
// an index for it would cost every transition.
func openAfter(q db.Querier, after ID, limit int) ([]Dossier, error) {
	return db.All(q, scanDossier, `SELECT `+dossierColumns+` FROM dossier_dossier d
 WHERE d.id > $1 AND d.state NOT IN (3, 7, 8, 10) ORDER BY d.id LIMIT $2`, after, limit)
}

// rehouse gives a dossier its new units, its open tasks their owner, and its proposed dates to whoever promises
// them now. Every open task is looked at again for warnings: the heads and leaders to be told are others.
func rehouse(tx *db.Tx, d Dossier, heritage string) error {
	if err := tx.Exec(`UPDATE dossier_dossier SET reception_unit = $2, receiving_unit = $3, competent_unit = $4, heritage = $5 WHERE id = $1`,
		d.ID, d.Reception, d.Receiving, d.Competent, heritage); err != nil {
		return err
	}
	if err := tx.Exec(`UPDATE dossier_task SET owner = $2, warn_at = 0 WHERE dossier_id = $1 AND open`, d.ID, d.Competent); err != nil {
		return err
	}
	return tx.Exec(`UPDATE dossier_redate SET unit = $2 WHERE dossier_id = $1 AND status = 'open'`, d.ID, d.Receiving)
}

func countRunning(q db.Querier) (n int, err error) {
	err = q.QueryRow(`SELECT COUNT(*) FROM dossier_dossier WHERE state NOT IN (3, 7, 8, 10)`).Scan(&n)
	return n, err
}
