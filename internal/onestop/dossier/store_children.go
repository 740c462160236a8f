package dossier

import "khue/internal/kernel/db"

func childrenOf(q db.Querier, parent ID) ([]Dossier, error) {
	return db.All(q, scanDossier, `SELECT `+dossierColumns+` FROM dossier_dossier d
 WHERE d.parent = $1 AND d.parent <> 0 ORDER BY d.parent_token`, parent)
}

// childAt is the child at a token of its parent. NotFound where there is none.
func childAt(q db.Querier, parent ID, token int) (Dossier, error) {
	d, err := db.One(q, scanDossier, `SELECT `+dossierColumns+` FROM dossier_dossier d
 WHERE d.parent = $1 AND d.parent <> 0 AND d.parent_token = $2`, parent, int64(token))
	return d, notFound(err, "dossier.notFound")
}
