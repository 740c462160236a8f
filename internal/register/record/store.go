package record

import (
	"strconv"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

const (
	entryColumns   = `e.id, e.register, e.unit, v.key, v.version, v.status, v.body, v.valid_from, v.valid_until, v.source_type, v.source, v.source_code`
	versionColumns = `v.act, v.effective, v.recorded, v.actor, v.by_name, v.reason, v.authority`
	columns        = entryColumns + `, ` + versionColumns
	current        = ` FROM record_entry e JOIN record_version v ON v.entry = e.id AND v.version = e.version`
)

func scan(s db.Scanner) (e Entry, err error) {
	var from, until, effective string
	var recorded int64
	if err = s.Scan(&e.ID, &e.Register, &e.Unit, &e.Key, &e.Version, &e.Status, &e.stored, &from, &until, &e.Source.Type, &e.Source.ID, &e.Source.Code,
		&e.Do, &effective, &recorded, &e.Actor, &e.By, &e.Reason, &e.Authority); err != nil {
		return e, err
	}
	e.Recorded = db.Time(recorded)
	for _, x := range []struct {
		text string
		into *clock.Date
	}{{from, &e.From}, {until, &e.Until}, {effective, &e.Effective}} {
		if x.text != "" {
			if *x.into, err = clock.ParseDate(x.text); err != nil {
				return e, err
			}
		}
	}
	e.Values, err = decode(e.stored)
	return e, err
}

func day(d clock.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

func findEntry(q db.Querier, v EntryID) (Entry, error) {
	e, err := db.One(q, scan, `SELECT `+columns+current+` WHERE e.id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "record.none", errs.Cause(err))
	}
	return e, err
}

func versionsOf(q db.Querier, v EntryID) ([]Entry, error) {
	return db.All(q, scan, `SELECT `+columns+` FROM record_entry e JOIN record_version v ON v.entry = e.id WHERE e.id = $1 ORDER BY v.version DESC`, v)
}

// asOf joins the version that counts on a day: the last recorded of those in effect by then.
const asOf = ` FROM record_entry e JOIN record_version v ON v.entry = e.id AND v.version =
 (SELECT MAX(x.version) FROM record_version x WHERE x.entry = e.id AND x.effective <= $2)`

func entryOn(q db.Querier, v EntryID, on clock.Date) (Entry, error) {
	e, err := db.One(q, scan, `SELECT `+columns+asOf+` WHERE e.id = $1`, v, on.String())
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "record.notYet", errs.Cause(err))
	}
	return e, err
}

func insertEntry(tx *db.Tx, e Entry) error {
	return tx.Exec(`INSERT INTO record_entry (id, register, unit, version) VALUES ($1,$2,$3,$4)`, e.ID, e.Register, e.Unit, e.Version)
}

func moveEntry(tx *db.Tx, e Entry, miss error) error {
	return tx.Guard(miss, `UPDATE record_entry SET version = $2 WHERE id = $1 AND version = $2 - 1`, e.ID, e.Version)
}

func insertVersion(tx *db.Tx, e Entry) error {
	return tx.Exec(`INSERT INTO record_version (entry, version, key, status, body, valid_from, valid_until, source_type, source, source_code, act, effective, recorded, actor, by_name, reason, authority)
 VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)`,
		e.ID, e.Version, e.Key, string(e.Status), e.stored, day(e.From), day(e.Until), e.Source.Type, e.Source.ID, e.Source.Code,
		string(e.Do), day(e.Effective), db.Millis(e.Recorded), e.Actor, e.By, e.Reason, e.Authority)
}

// claim takes the keys that no other entry may have.
func claim(tx *db.Tx, r Register, e Entry) error {
	for fields, value := range r.keys(e.Values) {
		var other EntryID
		err := tx.QueryRow(`SELECT entry FROM record_key WHERE register = $1 AND fields = $2 AND value = $3`, e.Register, fields, value).Scan(&other)
		if err == nil {
			return errs.E(errs.Conflict, "record.taken", errs.P("fields", r.called(fields)))
		}
		if !errs.Is(err, errs.NotFound) {
			return err
		}
		// Of two at once the index stops the second; asked again, it reads why.
		if err := tx.Exec(`INSERT INTO record_key (register, fields, value, entry) VALUES ($1,$2,$3,$4)`, e.Register, fields, value, e.ID); err != nil {
			return err
		}
	}
	return nil
}

func release(tx *db.Tx, e Entry) error {
	return tx.Exec(`DELETE FROM record_key WHERE register = $1 AND entry = $2`, e.Register, e.ID)
}

func insertWords(tx *db.Tx, e Entry, words []string) error {
	for _, w := range words {
		if err := tx.Exec(`INSERT INTO record_word (register, word, entry) VALUES ($1,$2,$3)`, e.Register, w, e.ID); err != nil {
			return err
		}
	}
	return nil
}

func deleteWords(tx *db.Tx, e Entry) error {
	return tx.Exec(`DELETE FROM record_word WHERE entry = $1`, e.ID)
}

// search reads entries, the newest first, as they stand on a day, or now.
func search(q db.Querier, f Filter, words []string, limit int) ([]Entry, error) {
	from, args := current, []any{f.Register}
	if !f.On.IsZero() {
		from, args = asOf, append(args, f.On.String())
	}
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	where := ` WHERE e.register = $1 AND e.unit = ` + arg(f.Unit)
	if f.After != 0 {
		where += ` AND e.id < ` + arg(f.After)
	}
	for _, w := range words {
		where += ` AND EXISTS (SELECT 1 FROM record_word w WHERE w.entry = e.id AND w.register = e.register AND w.word >= ` + arg(w) + ` AND w.word < ` + arg(w+"\U0010FFFF") + `)`
	}
	return db.All(q, scan, `SELECT `+columns+from+where+` ORDER BY e.id DESC LIMIT `+arg(limit), args...)
}

func counts(q db.Querier, u orgunit.UnitID) (map[string]int64, error) {
	type count struct {
		register string
		n        int64
	}
	all, err := db.All(q, func(s db.Scanner) (c count, err error) {
		err = s.Scan(&c.register, &c.n)
		return c, err
	}, `SELECT register, COUNT(*) FROM record_entry WHERE unit = $1 GROUP BY register ORDER BY register`, u)
	out := make(map[string]int64, len(all))
	for _, c := range all {
		out[c.register] = c.n
	}
	return out, err
}
