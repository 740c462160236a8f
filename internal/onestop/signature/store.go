package signature

import (
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
)

func insertErrand(tx *db.Tx, e Errand) error {
	var chain []byte
	for _, c := range e.Chain {
		chain = append(chain, c.Raw...)
	}
	if err := tx.Exec(`INSERT INTO signature_errand (id, owner, kind, chain, at) VALUES ($1,$2,$3,$4,$5)`, e.ID, e.Owner, e.Kind, chain, db.Millis(e.At)); err != nil {
		return err
	}
	for _, p := range e.Papers {
		if err := tx.Exec(`INSERT INTO signature_paper (id, errand, subject_type, subject_id, name, reason, of_sha, prepared_sha, prepared_size, gap_from, gap_to, attributes, signed_sha, signed_size, signed_at, signer)
 VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,'',0,0,'')`,
			p.ID, e.ID, p.Subject.Type, p.Subject.ID, p.Name, p.Reason, p.Of, p.prepared.SHA256, p.prepared.Size, p.from, p.to, p.attributes); err != nil {
			return err
		}
	}
	return nil
}

const ownColumns = `id, errand, subject_type, subject_id, name, reason, of_sha, prepared_sha, prepared_size, gap_from, gap_to, attributes, signed_sha, signed_size, signed_at, signer`

func scanOwn(s db.Scanner) (p OwnPaper, err error) {
	var at int64
	err = s.Scan(&p.ID, &p.Errand, &p.Subject.Type, &p.Subject.ID, &p.Name, &p.Reason, &p.Of, &p.prepared.SHA256, &p.prepared.Size, &p.from, &p.to, &p.attributes,
		&p.Signed.SHA256, &p.Signed.Size, &at, &p.Signer)
	if at != 0 {
		p.At = db.Time(at)
	}
	return p, err
}

func findErrand(q db.Querier, v ErrandID) (Errand, error) {
	e, err := db.One(q, func(s db.Scanner) (e Errand, err error) {
		var at int64
		var chain []byte
		if err = s.Scan(&e.ID, &e.Owner, &e.Kind, &chain, &at); err != nil {
			return e, err
		}
		e.At = db.Time(at)
		e.Chain, err = parseChain(chain)
		return e, err
	}, `SELECT id, owner, kind, chain, at FROM signature_errand WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		return e, errs.E(errs.NotFound, "signature.error.errand", errs.Cause(err))
	}
	if err != nil {
		return e, err
	}
	e.Papers, err = db.All(q, scanOwn, `SELECT `+ownColumns+` FROM signature_paper WHERE errand = $1 ORDER BY id`, v)
	return e, err
}

func findOwn(q db.Querier, v OwnID) (OwnPaper, error) {
	p, err := db.One(q, scanOwn, `SELECT `+ownColumns+` FROM signature_paper WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "signature.error.errand", errs.Cause(err))
	}
	return p, err
}

func signedOf(q db.Querier, of journal.Subject) ([]OwnPaper, error) {
	return db.All(q, scanOwn, `SELECT `+ownColumns+` FROM signature_paper WHERE subject_type = $1 AND subject_id = $2 AND signed_sha <> '' ORDER BY id DESC LIMIT 20`, of.Type, of.ID)
}

func papersOf(q db.Querier, of journal.Subject) ([]OwnPaper, error) {
	return db.All(q, scanOwn, `SELECT `+ownColumns+` FROM signature_paper WHERE subject_type = $1 AND subject_id = $2 ORDER BY id`, of.Type, of.ID)
}

// removePapers takes errands along of which nothing is left: they hold a certificate with a name.
func removePapers(tx *db.Tx, of journal.Subject) error {
	if err := tx.Exec(`DELETE FROM signature_errand WHERE id IN (SELECT errand FROM signature_paper WHERE subject_type = $1 AND subject_id = $2)
 AND NOT EXISTS (SELECT 1 FROM signature_paper p WHERE p.errand = signature_errand.id AND (p.subject_type <> $1 OR p.subject_id <> $2))`, of.Type, of.ID); err != nil {
		return err
	}
	return tx.Exec(`DELETE FROM signature_paper WHERE subject_type = $1 AND subject_id = $2`, of.Type, of.ID)
}

func complete(tx *db.Tx, p OwnPaper) error {
	return tx.Guard(errs.E(errs.Conflict, "signature.error.signed"), `UPDATE signature_paper SET signed_sha = $2, signed_size = $3, signed_at = $4, signer = $5 WHERE id = $1 AND signed_sha = ''`,
		p.ID, p.Signed.SHA256, p.Signed.Size, db.Millis(p.At), p.Signer)
}

// fileNames are the papers of errands, for db.Texts.
const fileNames = `SELECT id, of_sha || ' ' || prepared_sha || ' ' || signed_sha FROM signature_paper WHERE id > $1 ORDER BY id LIMIT $2`
