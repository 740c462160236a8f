package person

import (
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

const columns = `id, sealed, seen_at, version`

func scan(k keys) func(db.Scanner) (Person, error) {
	return func(s db.Scanner) (Person, error) {
		var p Person
		var b []byte
		var seen int64
		if err := s.Scan(&p.ID, &b, &seen, &p.Version); err != nil {
			return p, err
		}
		p.Seen = db.Time(seen)
		return p, k.open(&p, b)
	}
}

// find reads those with an index of a kind: number, old, phone. The latest seen come first.
func find(q db.Querier, k keys, kind, index string) ([]Person, error) {
	sql := map[string]string{
		"number": `SELECT ` + columns + ` FROM person_person WHERE number_index = $1 ORDER BY seen_at DESC LIMIT $2`,
		"old":    `SELECT ` + columns + ` FROM person_person WHERE old_index = $1 AND old_index <> '' ORDER BY seen_at DESC LIMIT $2`,
		"phone":  `SELECT ` + columns + ` FROM person_person WHERE phone_index = $1 AND phone_index <> '' ORDER BY seen_at DESC LIMIT $2`,
	}[kind]
	return db.All(q, scan(k), sql, index, maxFound)
}

func get(q db.Querier, k keys, v ID) (Person, error) {
	p, err := db.One(q, scan(k), `SELECT `+columns+` FROM person_person WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		return p, errs.E(errs.NotFound, "person.notFound", errs.Cause(err))
	}
	return p, err
}

func insert(tx *db.Tx, k keys, p Person) error {
	b, err := k.close(p)
	if err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO person_person (id, number_index, old_index, phone_index, sealed, seen_at, version) VALUES ($1,$2,$3,$4,$5,$6,1)`,
		p.ID, k.of("number", string(p.Number)), k.of("old", p.Facts.Old), k.of("phone", p.Facts.Phone), b, db.Millis(p.Seen))
}

func update(tx *db.Tx, k keys, p Person, moved error) error {
	b, err := k.close(p)
	if err != nil {
		return err
	}
	return tx.Guard(moved, `UPDATE person_person SET old_index = $3, phone_index = $4, sealed = $5, seen_at = $6, version = version + 1 WHERE id = $1 AND version = $2`,
		p.ID, p.Version, k.of("old", p.Facts.Old), k.of("phone", p.Facts.Phone), b, db.Millis(p.Seen))
}
