package factor

import (
	"strconv"
	"time"

	"khue/internal/kernel/db"
)

// spend uses something up: Gone where it was used, or tried wrongly too often.
func spend(tx *db.Tx, key string, until time.Time) error {
	err := tx.Exec(`INSERT INTO auth_spent (id, tries, done, expires) VALUES ($1, 0, $2, $3) ON CONFLICT (id) DO NOTHING`, key, false, db.Millis(until))
	if err != nil {
		return err
	}
	return tx.Guard(stale(), `UPDATE auth_spent SET done = $2 WHERE id = $1 AND done = $3 AND tries < $4`, key, true, false, maxTries)
}

// miss counts a wrong answer.
func miss(tx *db.Tx, key string, until time.Time) error {
	return tx.Exec(`INSERT INTO auth_spent (id, tries, done, expires) VALUES ($1, 1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET tries = auth_spent.tries + 1`, key, false, db.Millis(until))
}

// usable reports whether something may still be answered.
func usable(q db.Querier, key string) (bool, error) {
	n, err := db.One(q, db.Value[int64], `SELECT count(*) FROM auth_spent WHERE id = $1 AND (done = $2 OR tries >= $3)`, key, true, maxTries)
	return n == 0, err
}

// maxTries are the wrong answers to one question.
const maxTries = 5

// purge forgets what no longer opens. Devices are kept for half a year after their last use.
func purge(tx *db.Tx, now time.Time) error {
	if err := tx.Exec(`DELETE FROM auth_spent WHERE expires < $1`, db.Millis(now)); err != nil {
		return err
	}
	if err := tx.Exec(`DELETE FROM auth_recovery WHERE expires < $1`, db.Millis(now.Add(-30*24*time.Hour))); err != nil {
		return err
	}
	return tx.Exec(`DELETE FROM auth_device WHERE seen < $1`, db.Millis(now.Add(-180*24*time.Hour)))
}

// Ways are what an account has beside its password.
type Ways struct {
	Passkeys []Passkey
	App      *App
	Codes    int // recovery codes left
	Contacts []Contact
}

// Second reports whether something stands beside the password.
func (w Ways) Second() bool {
	if len(w.Passkeys) > 0 || w.App != nil {
		return true
	}
	for _, c := range w.Contacts {
		if c.Second {
			return true
		}
	}
	return false
}

// Contact is the confirmed contact of a channel, if there is one.
func (w Ways) Contact(c Channel) (Contact, bool) {
	for _, x := range w.Contacts {
		if x.Channel == c {
			return x, true
		}
	}
	return Contact{}, false
}

func waysOf(q db.Querier, k keys, account int64) (w Ways, err error) {
	if w.Passkeys, err = passkeysOf(q, k, account); err != nil {
		return w, err
	}
	apps, err := db.All(q, scanApp(k), `SELECT account, secret, step, created, used FROM auth_totp WHERE account = $1`, account)
	if err != nil {
		return w, err
	}
	if len(apps) > 0 {
		w.App = &apps[0]
	}
	left, err := db.One(q, db.Value[int64], `SELECT count(*) FROM auth_recovery_code WHERE account = $1 AND used = 0`, account)
	if err != nil {
		return w, err
	}
	w.Codes = int(left)
	w.Contacts, err = db.All(q, scanContact(k), `SELECT account, kind, address, second, confirmed FROM auth_contact WHERE account = $1 ORDER BY kind`, account)
	return w, err
}

func scanPasskey(k keys) func(db.Scanner) (Passkey, error) {
	return func(s db.Scanner) (p Passkey, err error) {
		var record []byte
		var created, used int64
		if err = s.Scan(&p.ID, &p.Account, &record, &p.Label, &p.Cloned, &created, &used); err != nil {
			return p, err
		}
		p.Created = db.Time(created)
		if used > 0 {
			p.Used = db.Time(used)
		}
		return p, k.openJSON(placeOf("passkey", p.ID), record, &p.record)
	}
}

const passkeyColumns = `id, account, record, label, cloned, created, used`

func passkeysOf(q db.Querier, k keys, account int64) ([]Passkey, error) {
	return db.All(q, scanPasskey(k), `SELECT `+passkeyColumns+` FROM auth_passkey WHERE account = $1 ORDER BY id`, account)
}

func insertPasskey(tx *db.Tx, k keys, p Passkey) error {
	record, err := k.closeJSON(placeOf("passkey", p.ID), p.record)
	if err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO auth_passkey (id, account, credential, record, label, cloned, created, used) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)`,
		p.ID, p.Account, p.record.ID, record, p.Label, false, db.Millis(tx.Now()))
}

func usePasskey(tx *db.Tx, k keys, p Passkey) error {
	record, err := k.closeJSON(placeOf("passkey", p.ID), p.record)
	if err != nil {
		return err
	}
	return tx.Guard(stale(), `UPDATE auth_passkey SET record = $3, cloned = $4, used = $5 WHERE id = $1 AND account = $2`,
		p.ID, p.Account, record, p.Cloned, db.Millis(tx.Now()))
}

func renamePasskey(tx *db.Tx, miss error, account, v int64, label string) error {
	return tx.Guard(miss, `UPDATE auth_passkey SET label = $3 WHERE id = $1 AND account = $2`, v, account, label)
}

func deletePasskey(tx *db.Tx, miss error, account, v int64) error {
	return tx.Guard(miss, `DELETE FROM auth_passkey WHERE id = $1 AND account = $2`, v, account)
}

func scanApp(k keys) func(db.Scanner) (App, error) {
	return func(s db.Scanner) (a App, err error) {
		var secret []byte
		var account, created, used int64
		if err = s.Scan(&account, &secret, &a.step, &created, &used); err != nil {
			return a, err
		}
		a.Created = db.Time(created)
		if used > 0 {
			a.Used = db.Time(used)
		}
		a.secret, err = k.open(placeOf("totp", account), secret)
		return a, err
	}
}

func upsertApp(tx *db.Tx, k keys, account int64, secret []byte, step int64) error {
	return tx.Exec(`INSERT INTO auth_totp (account, secret, step, created, used) VALUES ($1, $2, $3, $4, 0)
		ON CONFLICT (account) DO UPDATE SET secret = excluded.secret, step = excluded.step, created = excluded.created, used = 0`,
		account, k.close(placeOf("totp", account), secret), step, db.Millis(tx.Now()))
}

// useApp takes a code of a period once.
func useApp(tx *db.Tx, miss error, account, step int64) error {
	return tx.Guard(miss, `UPDATE auth_totp SET step = $2, used = $3 WHERE account = $1 AND step < $2`, account, step, db.Millis(tx.Now()))
}

func deleteApp(tx *db.Tx, miss error, account int64) error {
	return tx.Guard(miss, `DELETE FROM auth_totp WHERE account = $1`, account)
}

func replaceCodes(tx *db.Tx, account int64, marks []string) error {
	if err := tx.Exec(`DELETE FROM auth_recovery_code WHERE account = $1`, account); err != nil {
		return err
	}
	for _, m := range marks {
		if err := tx.Exec(`INSERT INTO auth_recovery_code (account, mark, used) VALUES ($1, $2, 0)`, account, m); err != nil {
			return err
		}
	}
	return nil
}

func useCode(tx *db.Tx, miss error, account int64, mark string) error {
	return tx.Guard(miss, `UPDATE auth_recovery_code SET used = $3 WHERE account = $1 AND mark = $2 AND used = 0`, account, mark, db.Millis(tx.Now()))
}

func hasCode(q db.Querier, account int64, mark string) (bool, error) {
	n, err := db.One(q, db.Value[int64], `SELECT count(*) FROM auth_recovery_code WHERE account = $1 AND mark = $2 AND used = 0`, account, mark)
	return n > 0, err
}

func scanContact(k keys) func(db.Scanner) (Contact, error) {
	return func(s db.Scanner) (c Contact, err error) {
		var account, confirmed int64
		var address []byte
		if err = s.Scan(&account, &c.Channel, &address, &c.Second, &confirmed); err != nil {
			return c, err
		}
		c.Confirmed = db.Time(confirmed)
		plain, err := k.open(placeOf("contact."+string(c.Channel), account), address)
		c.Address = string(plain)
		return c, err
	}
}

func upsertContact(tx *db.Tx, k keys, account int64, c Contact) error {
	return tx.Exec(`INSERT INTO auth_contact (account, kind, address, second, confirmed) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account, kind) DO UPDATE SET address = excluded.address, confirmed = excluded.confirmed`,
		account, string(c.Channel), k.close(placeOf("contact."+string(c.Channel), account), []byte(c.Address)), c.Second, db.Millis(tx.Now()))
}

func updateContact(tx *db.Tx, miss error, account int64, c Channel, second bool) error {
	return tx.Guard(miss, `UPDATE auth_contact SET second = $3 WHERE account = $1 AND kind = $2`, account, string(c), second)
}

func deleteContact(tx *db.Tx, miss error, account int64, c Channel) error {
	return tx.Guard(miss, `DELETE FROM auth_contact WHERE account = $1 AND kind = $2`, account, string(c))
}

func placeOf(what string, v int64) string { return what + "." + strconv.FormatInt(v, 10) }
