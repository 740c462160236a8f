package result

import (
	"encoding/json"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

const columns = `id, dossier, code, public, service, package, kind, register, unit, number, number_text, holder, signer, signer_name, state, at,
 sha256, size, signed, entry, replaces, after, changes, issued_at, ended_at, ended_by, reason, basis, posted_at, tracking, version`

// handColumns are those that a new row has by default.
const handColumns = `, hand, drawn_sha, drawn_size, drawn_at, place, batch, fault`

func scan(s db.Scanner) (r Result, err error) {
	var at, issued, ended, posted, signed, drawn int64
	var changes, place string
	if err = s.Scan(&r.ID, &r.Dossier, &r.Code, &r.Public, &r.Service, &r.Package, &r.Kind, &r.Register, &r.Unit, &r.Number, &r.Text, &r.Holder, &r.Signer, &r.SignedBy, &r.State, &at,
		&r.SHA256, &r.Size, &signed, &r.Entry, &r.Replaces, &r.After, &changes, &issued, &ended, &r.EndedBy, &r.Reason, &r.Basis, &posted, &r.Tracking, &r.Version,
		&r.Hand, &r.DrawnSHA, &r.DrawnSize, &drawn, &place, &r.Batch, &r.Fault); err != nil {
		return r, err
	}
	r.At, r.Signed = db.Time(at), signed == 1
	for _, x := range []struct {
		ms   int64
		into *time.Time
	}{{issued, &r.IssuedAt}, {ended, &r.EndedAt}, {posted, &r.PostedAt}, {drawn, &r.DrawnAt}} {
		if x.ms != 0 {
			*x.into = db.Time(x.ms)
		}
	}
	if changes != "" {
		if err = json.Unmarshal([]byte(changes), &r.Changes); err != nil {
			return r, err
		}
	}
	if place != "" {
		err = json.Unmarshal([]byte(place), &r.Place)
	}
	return r, err
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return db.Millis(t)
}

func one(q db.Querier, where string, args ...any) (Result, error) {
	r, err := db.One(q, scan, `SELECT `+columns+handColumns+` FROM result_result WHERE `+where, args...)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "result.none", errs.Cause(err))
	}
	return r, err
}

func find(q db.Querier, v ID) (Result, error) { return one(q, `id = $1`, v) }

func findPublic(q db.Querier, code string) (Result, error) { return one(q, `public = $1`, code) }

// latest is the result of a dossier that counts: what stands, else what came last.
func latest(q db.Querier, d dossier.ID) (Result, error) {
	return one(q, `dossier = $1 ORDER BY CASE state WHEN 'issued' THEN 0 ELSE 1 END, id DESC LIMIT 1`, d)
}

func allOf(q db.Querier, d dossier.ID) ([]Result, error) {
	return db.All(q, scan, `SELECT `+columns+handColumns+` FROM result_result WHERE dossier = $1 ORDER BY id`, d)
}

func ofUnit(q db.Querier, u orgunit.UnitID, before ID, limit int) ([]Result, error) {
	return db.All(q, scan, `SELECT `+columns+handColumns+` FROM result_result WHERE unit = $1 AND ($2 = 0 OR id < $2) ORDER BY id DESC LIMIT $3`, u, before, limit)
}

func insert(tx *db.Tx, r Result) error {
	changes := ""
	if len(r.Changes) > 0 {
		raw, err := json.Marshal(r.Changes)
		if err != nil {
			return err
		}
		changes = string(raw)
	}
	return tx.Exec(`INSERT INTO result_result (`+columns+`)
 VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,'',0,0,0,$17,0,$18,0,0,'',$19,$20,0,'',1)`,
		r.ID, r.Dossier, r.Code, r.Public, r.Service, r.Package, r.Kind, r.Register, r.Unit, r.Number, r.Text, r.Holder, r.Signer, r.SignedBy, string(r.State), db.Millis(r.At),
		r.Replaces, changes, r.Reason, r.Basis)
}

// move writes what a result has become, if nobody moved it meanwhile.
func move(tx *db.Tx, r Result) error {
	signed := 0
	if r.Signed {
		signed = 1
	}
	place := ""
	if r.Place.Page != 0 {
		raw, err := json.Marshal(r.Place)
		if err != nil {
			return err
		}
		place = string(raw)
	}
	return tx.Guard(errs.E(errs.Conflict, "result.moved"), `UPDATE result_result SET state = $3, sha256 = $4, size = $5, signed = $6, entry = $7, after = $8, issued_at = $9,
 ended_at = $10, ended_by = $11, reason = $12, basis = $13, posted_at = $14, tracking = $15,
 hand = $16, drawn_sha = $17, drawn_size = $18, drawn_at = $19, place = $20, batch = $21, fault = $22, signer = $23, signer_name = $24, version = version + 1 WHERE id = $1 AND version = $2`,
		r.ID, r.Version, string(r.State), r.SHA256, r.Size, signed, r.Entry, r.After, millis(r.IssuedAt), millis(r.EndedAt), r.EndedBy, r.Reason, r.Basis, millis(r.PostedAt), r.Tracking,
		string(r.Hand), r.DrawnSHA, r.DrawnSize, millis(r.DrawnAt), place, r.Batch, r.Fault, r.Signer, r.SignedBy)
}

func made(q db.Querier) (n int, err error) {
	err = q.QueryRow(`SELECT COUNT(*) FROM result_result WHERE state = 'issued'`).Scan(&n)
	return n, err
}

// fileNames are the papers of results, for db.Texts.
const fileNames = `SELECT id, sha256 || ' ' || drawn_sha FROM result_result WHERE id > $1 ORDER BY id LIMIT $2`
