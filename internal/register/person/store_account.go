package person

import (
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

func scanLink(s db.Scanner) (l Link, err error) {
	var at int64
	err = s.Scan(&l.Account, &l.Person, &l.Basis, &l.By, &at)
	l.At = db.Time(at)
	return l, err
}

// linkOf is the link of an account; false where it has none.
func linkOf(q db.Querier, account int64) (Link, bool, error) {
	l, err := db.One(q, scanLink, `SELECT account, person, basis, by_name, linked_at FROM person_account WHERE account = $1`, account)
	if errs.Is(err, errs.NotFound) {
		return l, false, nil
	}
	return l, err == nil, err
}

// linked is the row that an account points at. NotFound.
func linked(q db.Querier, k keys, account int64) (Person, error) {
	return db.One(q, scan(k), `SELECT `+columns+` FROM person_account a JOIN person_person p ON p.id = a.person WHERE a.account = $1`, account)
}

// linkTo is the link of a person, whichever of their rows it points at.
func linkTo(q db.Querier, v ID) (l Link, ok bool, err error) {
	ids, err := family(q, v)
	if err != nil {
		return l, false, err
	}
	for _, one := range ids {
		l, err = db.One(q, scanLink, `SELECT account, person, basis, by_name, linked_at FROM person_account WHERE person = $1`, one)
		if err == nil || !errs.Is(err, errs.NotFound) {
			return l, err == nil, err
		}
	}
	return Link{}, false, nil
}

func accountsOf(q db.Querier, v ID) ([]int64, error) {
	return db.All(q, db.Value[int64], `SELECT account FROM person_account WHERE person = $1`, v)
}

func insertLink(tx *db.Tx, l Link) error {
	return tx.Exec(`INSERT INTO person_account (account, person, basis, by_name, linked_at) VALUES ($1,$2,$3,$4,$5)`, l.Account, l.Person, l.Basis, l.By, db.Millis(l.At))
}

func deleteLink(tx *db.Tx, account int64) error {
	return tx.Exec(`DELETE FROM person_account WHERE account = $1`, account)
}

type codeRow struct {
	digest  string
	expires time.Time
	tries   int
}

func codeOf(q db.Querier, account int64) (c codeRow, ok bool, err error) {
	var expires int64
	err = q.QueryRow(`SELECT digest, expires, tries FROM person_code WHERE account = $1`, account).Scan(&c.digest, &expires, &c.tries)
	if errs.Is(err, errs.NotFound) {
		return c, false, nil
	}
	c.expires = db.Time(expires)
	return c, err == nil, err
}

func putCode(tx *db.Tx, account int64, digest string, expires time.Time) error {
	return tx.Exec(`INSERT INTO person_code (account, digest, expires, tries) VALUES ($1,$2,$3,0)
 ON CONFLICT (account) DO UPDATE SET digest = $2, expires = $3, tries = 0`, account, digest, db.Millis(expires))
}

func missCode(tx *db.Tx, account int64) error {
	return tx.Exec(`UPDATE person_code SET tries = tries + 1 WHERE account = $1`, account)
}

// useCode takes a code away; used fails the unit where somebody else was faster.
func useCode(tx *db.Tx, account int64, digest string, used error) error {
	return tx.Guard(used, `DELETE FROM person_code WHERE account = $1 AND digest = $2`, account, digest)
}

const checkColumns = `id, account, sealed, unit, officer, officer_name, state, second, second_name, made_at, version`

func scanCheck(k keys) func(db.Scanner) (Check, error) {
	return func(s db.Scanner) (c Check, err error) {
		var b []byte
		var made int64
		if err = s.Scan(&c.ID, &c.Account, &b, &c.Unit, &c.Officer, &c.By, &c.State, &c.Second, &c.SecondBy, &made, &c.Version); err != nil {
			return c, err
		}
		c.Made = db.Time(made)
		p := Person{ID: ID(c.ID)}
		err = k.open(&p, b)
		c.Number, c.Told = p.Number, p.Facts
		return c, err
	}
}

func insertCheck(tx *db.Tx, k keys, c Check) error {
	b, err := k.close(Person{ID: ID(c.ID), Number: c.Number, Facts: c.Told})
	if err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO person_check (`+checkColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,0,'',$8,1)`,
		c.ID, c.Account, b, c.Unit, c.Officer, c.By, string(c.State), db.Millis(c.Made))
}

func findCheck(q db.Querier, k keys, v CheckID) (Check, error) {
	c, err := db.One(q, scanCheck(k), `SELECT `+checkColumns+` FROM person_check WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		return c, errs.E(errs.NotFound, "person.check.none", errs.Cause(err))
	}
	return c, err
}

func moveCheck(tx *db.Tx, c Check, to CheckState, second int64, name string, moved error) error {
	return tx.Guard(moved, `UPDATE person_check SET state = $3, second = $4, second_name = $5, version = version + 1 WHERE id = $1 AND version = $2`,
		c.ID, c.Version, string(to), second, name)
}

func waitingChecks(q db.Querier, k keys, unit string, since time.Time, limit int) ([]Check, error) {
	return db.All(q, scanCheck(k), `SELECT `+checkColumns+` FROM person_check WHERE unit = $1 AND state = 'waiting' AND made_at > $2 ORDER BY id LIMIT $3`, unit, db.Millis(since), limit)
}

// purgeChecks forgets what cards said once nobody can go on with them.
func purgeChecks(tx *db.Tx, before time.Time) error {
	if err := tx.Exec(`DELETE FROM person_code WHERE expires < $1`, db.Millis(before)); err != nil {
		return err
	}
	return tx.Exec(`DELETE FROM person_check WHERE made_at < $1`, db.Millis(before))
}
