package person

import "khue/internal/kernel/db"

// storedAfter reads rows as they stand, merged ones too.
func storedAfter(q db.Querier, k keys, after ID, limit int) ([]stored, error) {
	return db.All(q, func(s db.Scanner) (r stored, err error) {
		var b []byte
		var index string
		var seen int64
		if err := s.Scan(&r.ID, &b, &seen, &r.Version, &r.Into, &r.Died, &index); err != nil {
			return r, err
		}
		r.Seen = db.Time(seen)
		at, err := k.openWith(&r.Person, b)
		r.old = at > 0 || index != k.of("number", string(r.Number))
		return r, err
	}, `SELECT `+columns+`, p.number_index FROM person_person p WHERE p.id > $1 ORDER BY p.id LIMIT $2`, after, limit)
}

// reseal writes a row anew under the first key. It is no change of the person: version and what
// is known stay.
func reseal(tx *db.Tx, k keys, p Person, moved error) error {
	b, err := k.close(p)
	if err != nil {
		return err
	}
	old, phone, birth, call := k.indexes(p)
	return tx.Guard(moved, `UPDATE person_person SET number_index = $3, old_index = $4, phone_index = $5, birth_index = $6, call_index = $7, sealed = $8 WHERE id = $1 AND version = $2`,
		p.ID, p.Version, k.of("number", string(p.Number)), old, phone, birth, call, b)
}

func checksAfter(q db.Querier, k keys, after CheckID, limit int) (all []Check, old []bool, err error) {
	all, err = db.All(q, func(s db.Scanner) (c Check, err error) {
		var b []byte
		if err := s.Scan(&c.ID, &b); err != nil {
			return c, err
		}
		p := Person{ID: ID(c.ID)}
		at, err := k.openWith(&p, b)
		c.Number, c.Told = p.Number, p.Facts
		old = append(old, at > 0)
		return c, err
	}, `SELECT id, sealed FROM person_check WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
	return all, old, err
}

// resealCheck writes what a card said anew; nothing of it changes once it was taken.
func resealCheck(tx *db.Tx, k keys, c Check) error {
	b, err := k.close(Person{ID: ID(c.ID), Number: c.Number, Facts: c.Told})
	if err != nil {
		return err
	}
	return tx.Exec(`UPDATE person_check SET sealed = $2 WHERE id = $1`, c.ID, b)
}
