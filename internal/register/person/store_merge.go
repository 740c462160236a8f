package person

import (
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
)

type twin struct {
	a, b ID
	why  string
}

// twins of one digest: older and younger row, both read, and not told apart.
const twins = ` WHERE a.merged_into = 0 AND b.merged_into = 0 AND b.id > a.id
 AND NOT EXISTS (SELECT 1 FROM person_distinct d WHERE d.low = a.id AND d.high = b.id) ORDER BY a.id, b.id LIMIT $1`

func duplicates(q db.Querier, limit int) (out []twin, err error) {
	for _, by := range [...]struct{ why, sql string }{
		{"old", `SELECT a.id, b.id FROM person_person a JOIN person_person b ON b.old_index = a.old_index AND a.old_index <> '' AND b.old_index <> ''` + twins},
		{"birth", `SELECT a.id, b.id FROM person_person a JOIN person_person b ON b.birth_index = a.birth_index AND a.birth_index <> '' AND b.birth_index <> ''` + twins},
		{"call", `SELECT a.id, b.id FROM person_person a JOIN person_person b ON b.call_index = a.call_index AND a.call_index <> '' AND b.call_index <> ''` + twins},
	} {
		some, err := db.All(q, func(s db.Scanner) (t twin, err error) {
			t.why = by.why
			err = s.Scan(&t.a, &t.b)
			return t, err
		}, by.sql, limit)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

func setInto(tx *db.Tx, v, to, was ID, moved error) error {
	return tx.Guard(moved, `UPDATE person_person SET merged_into = $2, version = version + 1 WHERE id = $1 AND merged_into = $3`, v, to, was)
}

func insertDistinct(tx *db.Tx, low, high ID) error {
	return tx.Exec(`INSERT INTO person_distinct (low, high) VALUES ($1, $2) ON CONFLICT DO NOTHING`, low, high)
}

const mergeColumns = `id, kept, gone, reason, by_name, made_at, undone`

func scanMerge(s db.Scanner) (m Merged, err error) {
	var at int64
	err = s.Scan(&m.ID, &m.Kept, &m.Gone, &m.Reason, &m.By, &at, &m.Undone)
	m.At = db.Time(at)
	return m, err
}

func insertMerge(tx *db.Tx, m Merged) error {
	return tx.Exec(`INSERT INTO person_merge (`+mergeColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7)`, m.ID, m.Kept, m.Gone, m.Reason, m.By, db.Millis(m.At), false)
}

func findMerge(q db.Querier, v id.Of[Merged]) (Merged, error) {
	m, err := db.One(q, scanMerge, `SELECT `+mergeColumns+` FROM person_merge WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		return m, errs.E(errs.NotFound, "person.merge.none", errs.Cause(err))
	}
	return m, err
}

func undoMerge(tx *db.Tx, v id.Of[Merged], undone error) error {
	return tx.Guard(undone, `UPDATE person_merge SET undone = $2 WHERE id = $1 AND undone = $3`, v, true, false)
}

func merges(q db.Querier, limit int) ([]Merged, error) {
	return db.All(q, scanMerge, `SELECT `+mergeColumns+` FROM person_merge WHERE undone = $1 ORDER BY id DESC LIMIT $2`, false, limit)
}
