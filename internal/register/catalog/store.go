package catalog

import (
	"context"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// store reads and writes the three tables of this package.
type store struct{ db *db.DB }

// versions returns every stored version without its body, by code and revision.
func (s store) versions(ctx context.Context) (known, error) {
	out := known{}
	err := s.db.View(ctx, func(_ context.Context, v *db.View) error {
		vs, err := db.All(v, scanVersion, `SELECT code, part, revision, valid_from, valid_to, source, derived, digest
			FROM catalog_version ORDER BY code, part, revision`)
		for _, x := range vs {
			out[x.code] = append(out[x.code], x)
		}
		return err
	})
	return out, err
}

func scanVersion(r db.Scanner) (version, error) {
	var v version
	var from, to string
	err := r.Scan(&v.code, &v.part, &v.revision, &from, &to, &v.source, &v.derived, &v.digest)
	if err != nil {
		return v, err
	}
	v.validity, err = span(from, to)
	return v, err
}

// put stores changes in one unit. It fails with Conflict where another import has
// moved the same procedures.
func (s store) put(ctx context.Context, changes []change) error {
	moved := errs.E(errs.Conflict, "catalog.import.moved")
	return s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		for _, c := range changes {
			if c.closes > 0 {
				if err := tx.Guard(moved, `UPDATE catalog_version SET valid_to = $1 WHERE code = $2 AND part = $3 AND revision = $4`,
					day(c.validity.From), c.code, c.part, c.closes); err != nil {
					return err
				}
			}
			if err := tx.Exec(`INSERT INTO catalog_version
				(code, part, revision, valid_from, valid_to, source, derived, digest, recorded_at, body)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
				c.code, c.part, c.revision, day(c.validity.From), day(c.validity.To), c.source, c.derived, c.digest,
				db.Millis(tx.Now()), c.body); err != nil {
				return err
			}
		}
		return bumpEpoch(tx)
	})
}

func bumpEpoch(tx *db.Tx) error {
	return tx.Exec(`UPDATE catalog_epoch SET n = n + 1 WHERE id = 1`)
}

func (s store) epoch(ctx context.Context) (n int64, err error) {
	err = s.db.View(ctx, func(_ context.Context, v *db.View) error {
		return v.QueryRow(`SELECT n FROM catalog_epoch WHERE id = 1`).Scan(&n)
	})
	return n, err
}

// inForce is everything in force on a day that lists need, from one snapshot.
type inForce struct {
	epoch     int64
	rows      []Summary
	full      map[Code]bool // a full record is in force
	offerings map[Code][]Offering
}

func (s store) inForce(ctx context.Context, on clock.Date) (inForce, error) {
	out := inForce{full: map[Code]bool{}, offerings: map[Code][]Offering{}}
	var rows [][]byte
	err := s.db.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if err := v.QueryRow(`SELECT n FROM catalog_epoch WHERE id = 1`).Scan(&out.epoch); err != nil {
			return err
		}
		rows, err = db.All(v, scanBody, `SELECT body FROM catalog_version
			WHERE part = 'row' AND valid_from <= $1 AND (valid_to = '' OR valid_to > $1) ORDER BY code`, on.String())
		if err != nil {
			return err
		}
		full, err := db.All(v, scanCode, `SELECT code FROM catalog_version
			WHERE part = 'full' AND valid_from <= $1 AND (valid_to = '' OR valid_to > $1)`, on.String())
		if err != nil {
			return err
		}
		for _, c := range full {
			out.full[c] = true
		}
		offers, err := db.All(v, scanOffering, selectOffering+` WHERE valid_from <= $1 AND (valid_to = '' OR valid_to > $1)
			ORDER BY procedure, level DESC, unit`, on.String())
		for _, o := range offers {
			out.offerings[o.Procedure] = append(out.offerings[o.Procedure], o)
		}
		return err
	})
	if err != nil {
		return out, err
	}
	out.rows = make([]Summary, len(rows))
	for i, body := range rows {
		if err := unpack(partRow, body, &out.rows[i]); err != nil {
			return out, err
		}
	}
	return out, nil
}

func scanBody(r db.Scanner) (body []byte, err error) { return body, r.Scan(&body) }

func scanCode(r db.Scanner) (c Code, err error) { return c, r.Scan(&c) }

const selectOffering = `SELECT procedure, unit, valid_from, valid_to, level, why_vi, why_en FROM catalog_offering`

func scanOffering(r db.Scanner) (Offering, error) {
	var o Offering
	var from, to string
	if err := r.Scan(&o.Procedure, &o.Unit, &from, &to, &o.Level, &o.Why.VI, &o.Why.EN); err != nil {
		return o, err
	}
	var err error
	o.Validity, err = span(from, to)
	return o, err
}

// stored is all that is known of one procedure on a day.
type stored struct {
	row, full *bodied
	revisions []Revision
	offerings []Offering
}

type bodied struct {
	version
	body []byte
}

// find reads one procedure: two statements, bodies only of what is in force on the day.
func (s store) find(ctx context.Context, code Code, on clock.Date) (stored, error) {
	var out stored
	err := s.db.View(ctx, func(_ context.Context, v *db.View) error {
		all, err := db.All(v, scanBodied, `SELECT code, part, revision, valid_from, valid_to, source, derived, digest,
			CASE WHEN valid_from <= $2 AND (valid_to = '' OR valid_to > $2) THEN body END
			FROM catalog_version WHERE code = $1 ORDER BY valid_from DESC, part, revision DESC`, code, on.String())
		if err != nil {
			return err
		}
		for i := range all {
			b := &all[i]
			out.revisions = append(out.revisions, Revision{
				Number: b.revision, Validity: b.validity, Source: Source{Name: b.source}, Full: b.part == partFull,
			})
			switch {
			case b.body == nil:
			case b.part == partFull:
				out.full = b
			default:
				out.row = b
			}
		}
		out.offerings, err = db.All(v, scanOffering, selectOffering+` WHERE procedure = $1
			AND valid_from <= $2 AND (valid_to = '' OR valid_to > $2) ORDER BY level DESC, unit`, code, on.String())
		return err
	})
	return out, err
}

func scanBodied(r db.Scanner) (bodied, error) {
	var b bodied
	var from, to string
	err := r.Scan(&b.code, &b.part, &b.revision, &from, &to, &b.source, &b.derived, &b.digest, &b.body)
	if err != nil {
		return b, err
	}
	b.validity, err = span(from, to)
	return b, err
}

// offer sets the level of a procedure in a unit from a day on; level 0 ends it. It
// writes nothing, and reports false, where that is already so.
func offer(tx *db.Tx, o Offering) (bool, error) {
	from := day(o.Validity.From)
	now, err := db.All(tx, scanOffering, selectOffering+` WHERE procedure = $1 AND unit = $2 AND valid_to = ''`, o.Procedure, o.Unit)
	if err != nil {
		return false, err
	}
	for _, cur := range now {
		if cur.Level == o.Level && cur.Why == o.Why {
			return false, nil
		}
		sql := `UPDATE catalog_offering SET valid_to = $1 WHERE procedure = $2 AND unit = $3 AND valid_from = $4`
		args := []any{from, o.Procedure, o.Unit, day(cur.Validity.From)}
		if !cur.Validity.From.Before(o.Validity.From) {
			sql, args = `DELETE FROM catalog_offering WHERE procedure = $1 AND unit = $2 AND valid_from = $3`, args[1:]
		}
		if err := tx.Exec(sql, args...); err != nil {
			return false, err
		}
	}
	if o.Level == 0 {
		return len(now) > 0, bumpEpoch(tx)
	}
	if err := tx.Exec(`INSERT INTO catalog_offering (procedure, unit, valid_from, valid_to, level, why_vi, why_en)
		VALUES ($1, $2, $3, '', $4, $5, $6)`, o.Procedure, o.Unit, from, int64(o.Level), o.Why.VI, o.Why.EN); err != nil {
		return false, err
	}
	return true, bumpEpoch(tx)
}

// day is a date as stored; the zero date is ”.
func day(d clock.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

func span(from, to string) (v Validity, err error) {
	if from != "" {
		if v.From, err = clock.ParseDate(from); err != nil {
			return v, err
		}
	}
	if to != "" {
		v.To, err = clock.ParseDate(to)
	}
	return v, err
}
