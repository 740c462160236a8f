package cutover

import (
	"bytes"
	"encoding/json"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

const importColumns = `id, file, sha256, size, account, name, units, status, total, unreadable, place, added, open, same, changed, refused, doubts,
 uploaded_at, COALESCE(started_at, 0), COALESCE(ended_at, 0)`

func scanImport(s db.Scanner) (i Import, err error) {
	var units string
	var uploaded, started, ended int64
	if err = s.Scan(&i.ID, &i.File, &i.SHA256, &i.Size, &i.Account, &i.Name, &units, &i.Status, &i.Total, &i.Unreadable, &i.Place,
		&i.Added, &i.Open, &i.Same, &i.Changed, &i.Refused, &i.Doubts, &uploaded, &started, &ended); err != nil {
		return i, err
	}
	i.UploadedAt, i.StartedAt, i.EndedAt = db.Time(uploaded), instant(started), instant(ended)
	return i, json.Unmarshal([]byte(units), &i.Units)
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return db.Time(ms)
}

func findImport(q db.Querier, v ImportID) (Import, error) {
	i, err := db.One(q, scanImport, `SELECT `+importColumns+` FROM cutover_import WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "cutover.notFound", errs.Cause(err))
	}
	return i, err
}

// selectImports lists the youngest; account 0: everybody's.
func selectImports(q db.Querier, account int64, limit int) ([]Import, error) {
	return db.All(q, scanImport, `SELECT `+importColumns+` FROM cutover_import WHERE account = $1 OR $1 = 0 ORDER BY id DESC LIMIT $2`, account, limit)
}

// busyImport is the one at work, if any.
func busyImport(q db.Querier) ([]Import, error) {
	return db.All(q, scanImport, `SELECT `+importColumns+` FROM cutover_import WHERE status IN ('checking', 'running')`)
}

func staleImports(q db.Querier, before int64) ([]Import, error) {
	return db.All(q, scanImport, `SELECT `+importColumns+` FROM cutover_import WHERE status = 'checked' AND uploaded_at < $1 ORDER BY id LIMIT 100`, before)
}

func insertImport(tx *db.Tx, i Import) error {
	units, err := json.Marshal(i.Units)
	if err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO cutover_import (id, file, sha256, size, account, name, units, lane, status, total, unreadable, place, added, open, same, changed, refused, doubts, uploaded_at)
 VALUES ($1,$2,$3,$4,$5,$6,$7,1,$8,$9,$10,0,0,0,0,0,$11,0,$12)`,
		i.ID, i.File, i.SHA256, i.Size, i.Account, i.Name, string(units), string(i.Status), i.Total, i.Unreadable, i.Refused, db.Millis(i.UploadedAt))
}

// moveImport writes where an import stands, unless it moved meanwhile: miss is what the loser gets.
func moveImport(tx *db.Tx, was, is Import, miss error) error {
	return tx.Guard(miss, `UPDATE cutover_import SET status = $4, place = $5, added = $6, open = $7, same = $8, changed = $9, refused = $10, doubts = $11, started_at = $12, ended_at = $13
 WHERE id = $1 AND status = $2 AND place = $3`,
		was.ID, string(was.Status), was.Place, string(is.Status), is.Place, is.Added, is.Open, is.Same, is.Changed, is.Refused, is.Doubts, msOf(is.StartedAt), msOf(is.EndedAt))
}

func msOf(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return db.Millis(t)
}

const partSize = 1 << 20

func insertParts(tx *db.Tx, v ImportID, data []byte) error {
	for n := 0; n*partSize < len(data); n++ {
		if err := tx.Exec(`INSERT INTO cutover_part (import_id, n, bytes) VALUES ($1, $2, $3)`, v, n, data[n*partSize:min((n+1)*partSize, len(data))]); err != nil {
			return err
		}
	}
	return nil
}

func selectParts(q db.Querier, v ImportID) ([]byte, error) {
	parts, err := db.All(q, db.Value[[]byte], `SELECT bytes FROM cutover_part WHERE import_id = $1 ORDER BY n`, v)
	return bytes.Join(parts, nil), err
}

func deleteParts(tx *db.Tx, v ImportID) error {
	return tx.Exec(`DELETE FROM cutover_part WHERE import_id = $1`, v)
}

func insertNote(tx *db.Tx, v ImportID, n Note) error {
	params, err := json.Marshal(n.Params)
	if err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO cutover_note (import_id, line, message, outcome, code, params) VALUES ($1,$2,$3,$4,$5,$6)
 ON CONFLICT (import_id, line, message) DO NOTHING`, v, n.Line, n.Key, n.Outcome, n.Code, string(params))
}

// selectNotes lists the notes by line; those of rows that stay out first.
func selectNotes(q db.Querier, v ImportID, limit int) ([]Note, error) {
	return db.All(q, func(s db.Scanner) (n Note, err error) {
		var params string
		if err = s.Scan(&n.Line, &n.Key, &n.Outcome, &n.Code, &params); err != nil {
			return n, err
		}
		return n, json.Unmarshal([]byte(params), &n.Params)
	}, `SELECT line, message, outcome, code, params FROM cutover_note WHERE import_id = $1
 ORDER BY CASE outcome WHEN 'refused' THEN 1 WHEN 'changed' THEN 2 ELSE 3 END, line, message LIMIT $2`, v, limit)
}

// clearNotes forgets the notes of rows that the next stage looks at again.
func clearNotes(tx *db.Tx, v ImportID) error {
	return tx.Exec(`DELETE FROM cutover_note WHERE import_id = $1 AND message <> 'dossier.adopt.cell'`, v)
}
