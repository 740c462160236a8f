package person

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

const columns = `p.id, p.sealed, p.seen_at, p.version, p.merged_into, p.died`

func scan(k keys) func(db.Scanner) (Person, error) {
	return func(s db.Scanner) (Person, error) {
		var p Person
		var b []byte
		var seen int64
		if err := s.Scan(&p.ID, &b, &seen, &p.Version, &p.Into, &p.Died); err != nil {
			return p, err
		}
		p.Seen = db.Time(seen)
		return p, k.open(&p, b)
	}
}

// find reads whom a text leads to, under any of the keys. A row that was merged leads to the one it became.
func find(q db.Querier, k keys, kind, text string) ([]Person, error) {
	return findByMarks(q, k, kind, k.all(kind, text))
}

// findByMarks finds people by the keyed digests of a word.
func findByMarks(q db.Querier, k keys, kind string, all []string) ([]Person, error) {
	marks, args := make([]string, len(all)), make([]any, len(all), len(all)+1)
	for i, index := range all {
		marks[i], args[i] = "$"+strconv.Itoa(i+1), index
	}
	in, last := strings.Join(marks, ","), "$"+strconv.Itoa(len(all)+1)
	sql := map[string]string{
		"number": `SELECT ` + columns + ` FROM person_person p WHERE p.number_index IN (` + in + `) ORDER BY p.seen_at DESC LIMIT ` + last,
		"old":    `SELECT ` + columns + ` FROM person_person p WHERE p.old_index IN (` + in + `) AND p.old_index <> '' ORDER BY p.seen_at DESC LIMIT ` + last,
		"phone":  `SELECT ` + columns + ` FROM person_person p WHERE p.phone_index IN (` + in + `) AND p.phone_index <> '' ORDER BY p.seen_at DESC LIMIT ` + last,
	}[kind]
	rows, err := db.All(q, scan(k), sql, append(args, maxFound)...)
	if err != nil {
		return nil, err
	}
	out := rows[:0:0]
	known := map[ID]bool{}
	for _, p := range rows {
		if p, err = root(q, k, p); err != nil {
			return nil, err
		}
		if !known[p.ID] {
			known[p.ID] = true
			out = append(out, p)
		}
	}
	return out, nil
}

// root follows merges to the row that is read.
func root(q db.Querier, k keys, p Person) (_ Person, err error) {
	for p.Into != 0 {
		if p, err = row(q, k, p.Into); err != nil {
			return p, err
		}
	}
	return p, nil
}

func get(q db.Querier, k keys, v ID) (Person, error) {
	p, err := row(q, k, v)
	if err != nil {
		return p, err
	}
	return root(q, k, p)
}

// row reads one row as it stands, merged or not.
func row(q db.Querier, k keys, v ID) (Person, error) {
	p, err := db.One(q, scan(k), `SELECT `+columns+` FROM person_person p WHERE p.id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		return p, errs.E(errs.NotFound, "person.notFound", errs.Cause(err))
	}
	return p, err
}

// families are the rows that are read as the same people as some rows: a query for each step
// of merges, which is one where nothing was merged.
func families(q db.Querier, ids []ID) (map[ID]ID, error) {
	into := map[ID]ID{}
	for ask := ids; len(ask) > 0; {
		marks, args := make([]string, len(ask)), make([]any, len(ask))
		for i, v := range ask {
			marks[i], args[i] = "$"+strconv.Itoa(i+1), v
		}
		in := strings.Join(marks, ",")
		rows, err := db.All(q, func(s db.Scanner) (r [2]ID, err error) {
			err = s.Scan(&r[0], &r[1])
			return r, err
		}, `SELECT id, merged_into FROM person_person WHERE id IN (`+in+`) OR merged_into IN (`+in+`) AND merged_into <> 0 ORDER BY id`, args...)
		if err != nil {
			return nil, err
		}
		ask = nil
		for _, r := range rows {
			if _, known := into[r[0]]; !known && !slices.Contains(ids, r[0]) {
				ask = append(ask, r[0])
			}
			into[r[0]] = r[1]
		}
		for _, r := range rows {
			if _, known := into[r[1]]; r[1] != 0 && !known && !slices.Contains(ask, r[1]) {
				ask = append(ask, r[1])
			}
		}
	}
	return into, nil
}

// family are the rows that are read as one person, the one that is read first.
func family(q db.Querier, v ID) ([]ID, error) {
	into, err := families(q, []ID{v})
	if err != nil {
		return nil, err
	}
	out := make([]ID, 0, len(into)+1)
	for id := range into {
		out = append(out, id)
	}
	if len(out) == 0 {
		return []ID{v}, nil
	}
	slices.SortFunc(out, func(a, b ID) int {
		return cmp.Or(cmp.Compare(min(into[a], 1), min(into[b], 1)), cmp.Compare(a, b))
	})
	return out, nil
}

// died reports whether the register says that somebody has died.
func died(q db.Querier, v ID) (bool, error) {
	var day string
	err := q.QueryRow(`SELECT died FROM person_person WHERE id = $1`, v).Scan(&day)
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return day != "", err
}

// indexes are the digests by which a person is found or compared.
func (k keys) indexes(p Person) (old, phone, birth, call string) {
	f := p.Facts
	name := i18n.Fold(f.Name)
	old, phone = k.of("old", f.Old), k.of("phone", f.Phone)
	if name != "" && f.Born != "" {
		birth = k.of("birth", name+"\x00"+f.Born)
	}
	if name != "" && f.Phone != "" {
		call = k.of("call", name+"\x00"+f.Phone)
	}
	return old, phone, birth, call
}

func insert(tx *db.Tx, k keys, p Person) error {
	b, err := k.close(p)
	if err != nil {
		return err
	}
	old, phone, birth, call := k.indexes(p)
	return tx.Exec(`INSERT INTO person_person (id, number_index, old_index, phone_index, birth_index, call_index, sealed, seen_at, version) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,1)`,
		p.ID, k.of("number", string(p.Number)), old, phone, birth, call, b, db.Millis(p.Seen))
}

func update(tx *db.Tx, k keys, p Person, moved error) error {
	b, err := k.close(p)
	if err != nil {
		return err
	}
	old, phone, birth, call := k.indexes(p)
	return tx.Guard(moved, `UPDATE person_person SET old_index = $3, phone_index = $4, birth_index = $5, call_index = $6, sealed = $7, seen_at = $8, died = $9, number_index = $10, version = version + 1
 WHERE id = $1 AND version = $2`, p.ID, p.Version, old, phone, birth, call, b, db.Millis(p.Seen), p.Died, k.of("number", string(p.Number)))
}

// unindexed reads rows from before people were compared.
func unindexed(q db.Querier, k keys, after ID, limit int) ([]Person, error) {
	return db.All(q, scan(k), `SELECT `+columns+` FROM person_person p WHERE p.id > $1 AND p.birth_index = '' AND p.call_index = '' ORDER BY p.id LIMIT $2`, after, limit)
}
