package dossier

import "khue/internal/kernel/db"

func nextPaperNumber(tx *db.Tx, unit, year int64, paper string) (n int64, err error) {
	err = tx.QueryRow(`INSERT INTO dossier_paper_number (unit, year, paper, last) VALUES ($1, $2, $3, 1)
 ON CONFLICT (unit, year, paper) DO UPDATE SET last = dossier_paper_number.last + 1 RETURNING last`, unit, year, paper).Scan(&n)
	return n, err
}
