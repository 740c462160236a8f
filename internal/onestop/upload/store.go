package upload

import (
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

const columns = `id, scope, owner, paper, name, declared, mark, size, received, kind, sha256, updated_at`

func scan(s db.Scanner) (Upload, error) {
	var u Upload
	var updated int64
	err := s.Scan(&u.ID, &u.Scope, &u.Owner, &u.Paper, &u.Name, &u.Declared, &u.Mark, &u.Size, &u.Received, &u.Kind, &u.SHA256, &updated)
	u.Updated = db.Time(updated)
	return u, err
}

func find(q db.Querier, scope Scope, v ID) (Upload, error) {
	u, err := db.One(q, scan, `SELECT `+columns+` FROM upload_upload WHERE id = $1 AND scope = $2`, v, string(scope))
	if errs.Is(err, errs.NotFound) {
		return u, errs.E(errs.NotFound, "upload.notFound", errs.Cause(err))
	}
	return u, err
}

func ofScope(q db.Querier, scope Scope) ([]Upload, error) {
	return db.All(q, scan, `SELECT `+columns+` FROM upload_upload WHERE scope = $1 ORDER BY id`, string(scope))
}

// load is what an owner has arriving.
func load(q db.Querier, owner string) (n int, bytes int64, err error) {
	err = q.QueryRow(`SELECT COUNT(*), COALESCE(SUM(size), 0) FROM upload_upload WHERE owner = $1 AND sha256 = ''`, owner).Scan(&n, &bytes)
	return n, bytes, err
}

func insert(tx *db.Tx, u Upload) error {
	return tx.Exec(`INSERT INTO upload_upload (`+columns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)`,
		u.ID, string(u.Scope), u.Owner, u.Paper, u.Name, u.Declared, u.Mark, u.Size, u.Received, u.Kind, u.SHA256, db.Millis(tx.Now()))
}

// advance counts the bytes of a piece, unless another piece came first.
func advance(tx *db.Tx, u Upload, received int64, moved error) error {
	return tx.Guard(moved, `UPDATE upload_upload SET received = $3, updated_at = $4 WHERE id = $1 AND received = $2 AND sha256 = ''`,
		u.ID, u.Received, received, db.Millis(tx.Now()))
}

func finish(tx *db.Tx, u Upload, moved error) error {
	return tx.Guard(moved, `UPDATE upload_upload SET name = $2, size = $3, received = $3, kind = $4, sha256 = $5, updated_at = $6 WHERE id = $1 AND sha256 = ''`,
		u.ID, u.Name, u.Size, u.Kind, u.SHA256, db.Millis(tx.Now()))
}

func remove(tx *db.Tx, v ID) error {
	return tx.Exec(`DELETE FROM upload_upload WHERE id = $1`, v)
}

func removeScope(tx *db.Tx, scope Scope) error {
	return tx.Exec(`DELETE FROM upload_upload WHERE scope = $1 AND sha256 <> ''`, string(scope))
}

// expired takes rows that nobody touched: arriving ones since open, finished ones since done.
func expired(tx *db.Tx, open, done int64, limit int) ([]Upload, error) {
	return db.All(tx, scan, `DELETE FROM upload_upload WHERE id IN (SELECT id FROM upload_upload
 WHERE updated_at < $1 AND (sha256 = '' OR updated_at < $2) ORDER BY updated_at LIMIT $3) RETURNING `+columns, open, done, limit)
}

// fileNames are the files of uploads, for db.Texts.
const fileNames = `SELECT id, sha256 FROM upload_upload WHERE id > $1 AND sha256 <> '' ORDER BY id LIMIT $2`
