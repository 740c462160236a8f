package apply

import (
	"encoding/json"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/form"
)

const columns = `id, owner, service, package, variant, answers, papers, filing, code, access, updated_at, version, browser`

func scan(s db.Scanner) (Draft, error) {
	var d Draft
	var answers, papers, filing string
	var updated int64
	if err := s.Scan(&d.ID, &d.Owner, &d.Service, &d.Package, &d.Case, &answers, &papers, &filing, &d.Code, &d.Access, &updated, &d.Version, &d.browser); err != nil {
		return d, err
	}
	d.Updated = db.Time(updated)
	if err := json.Unmarshal([]byte(answers), &d.Answers); err != nil {
		return d, err
	}
	if err := json.Unmarshal([]byte(papers), &d.Papers); err != nil {
		return d, err
	}
	return d, json.Unmarshal([]byte(filing), &d.Filing)
}

func findByKey(q db.Querier, hash string) (Draft, error) {
	d, err := db.One(q, scan, `SELECT `+columns+` FROM apply_draft WHERE key_hash = $1`, hash)
	if errs.Is(err, errs.NotFound) {
		return d, errs.E(errs.NotFound, "apply.notFound", errs.Cause(err))
	}
	return d, err
}

func findByID(q db.Querier, v DraftID) (Draft, error) {
	d, err := db.One(q, scan, `SELECT `+columns+` FROM apply_draft WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		return d, errs.E(errs.NotFound, "apply.notFound", errs.Cause(err))
	}
	return d, err
}

func ofOwner(q db.Querier, account, since int64, limit int) ([]Draft, error) {
	return db.All(q, scan, `SELECT `+columns+` FROM apply_draft WHERE owner = $1 AND owner <> 0 AND code = '' AND updated_at > $2 ORDER BY updated_at DESC LIMIT $3`,
		account, since, limit)
}

func ofBrowser(q db.Querier, hash string, since int64, limit int) ([]Draft, error) {
	return db.All(q, scan, `SELECT `+columns+` FROM apply_draft WHERE browser = $1 AND browser <> '' AND owner = 0 AND code = '' AND updated_at > $2 ORDER BY updated_at DESC LIMIT $3`,
		hash, since, limit)
}

func remove(tx *db.Tx, v DraftID) error {
	return tx.Exec(`DELETE FROM apply_draft WHERE id = $1`, v)
}

type content struct{ answers, papers, filing string }

func encode(d Draft) (c content, err error) {
	if d.Answers == nil {
		d.Answers = form.Answers{}
	}
	if d.Papers == nil {
		d.Papers = []form.File{}
	}
	for into, v := range map[*string]any{&c.answers: d.Answers, &c.papers: d.Papers, &c.filing: d.Filing} {
		b, err := json.Marshal(v)
		if err != nil {
			return c, err
		}
		*into = string(b)
	}
	return c, nil
}

func insert(tx *db.Tx, d Draft, hash string, c content) error {
	return tx.Exec(`INSERT INTO apply_draft (id, key_hash, owner, service, package, variant, answers, papers, filing, code, access, updated_at, version, browser)
 VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,'','',$10,1,$11)`,
		d.ID, hash, d.Owner, d.Service, d.Package, d.Case, c.answers, c.papers, c.filing, db.Millis(tx.Now()), d.browser)
}

// update saves a draft that nobody saved since it was read and that is not a dossier yet.
func update(tx *db.Tx, d Draft, c content, moved error) error {
	return tx.Guard(moved, `UPDATE apply_draft SET package = $3, variant = $4, answers = $5, papers = $6, filing = $7, updated_at = $8, owner = $9, version = version + 1
 WHERE id = $1 AND version = $2 AND code = ''`,
		d.ID, d.Version, d.Package, d.Case, c.answers, c.papers, c.filing, db.Millis(tx.Now()), d.Owner)
}

// finish turns the draft into its dossier: what was typed is forgotten here.
func finish(tx *db.Tx, v DraftID, code, access string) error {
	return tx.Exec(`UPDATE apply_draft SET code = $2, access = $3, answers = '{}', papers = '[]', filing = '{}', updated_at = $4, version = version + 1 WHERE id = $1`,
		v, code, access, db.Millis(tx.Now()))
}

func purge(tx *db.Tx, before int64, limit int) (int, error) {
	gone, err := db.All(tx, db.Value[DraftID], `DELETE FROM apply_draft WHERE id IN (SELECT id FROM apply_draft WHERE updated_at < $1 ORDER BY updated_at LIMIT $2) RETURNING id`, before, limit)
	return len(gone), err
}

// fileNames are the papers of drafts, for db.Texts.
const fileNames = `SELECT id, papers FROM apply_draft WHERE id > $1 ORDER BY id LIMIT $2`
