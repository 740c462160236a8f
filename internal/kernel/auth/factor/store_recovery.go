package factor

import (
	"khue/internal/kernel/db"
)

const recoveryColumns = `id, account, how, state, by, opens, expires, created`

func scanRecovery(s db.Scanner) (r Recovery, err error) {
	var opens, expires, created int64
	err = s.Scan(&r.ID, &r.Account, &r.How, &r.State, &r.By, &opens, &expires, &created)
	r.Opens, r.Expires, r.Created = db.Time(opens), db.Time(expires), db.Time(created)
	return r, err
}

func insertRecovery(tx *db.Tx, r Recovery) error {
	return tx.Exec(`INSERT INTO auth_recovery (`+recoveryColumns+`) VALUES ($1, $2, $3, 'open', $4, $5, $6, $7)`,
		r.ID, r.Account, r.How, r.By, db.Millis(r.Opens), db.Millis(r.Expires), db.Millis(tx.Now()))
}

func recoveryByID(q db.Querier, v int64) (Recovery, error) {
	return db.One(q, scanRecovery, `SELECT `+recoveryColumns+` FROM auth_recovery WHERE id = $1`, v)
}

func openRecoveries(q db.Querier, account int64) ([]Recovery, error) {
	return db.All(q, scanRecovery, `SELECT `+recoveryColumns+` FROM auth_recovery WHERE account = $1 AND state = 'open' AND account <> 0 ORDER BY id LIMIT 100`, account)
}

func closeRecoveries(tx *db.Tx, account int64, state string) error {
	return tx.Exec(`UPDATE auth_recovery SET state = $2 WHERE account = $1 AND state = 'open'`, account, state)
}

func deleteWays(tx *db.Tx, account int64) error {
	for _, sql := range []string{
		`DELETE FROM auth_passkey WHERE account = $1`, `DELETE FROM auth_totp WHERE account = $1`,
		`DELETE FROM auth_recovery_code WHERE account = $1`, `DELETE FROM auth_contact WHERE account = $1`, `DELETE FROM auth_device WHERE account = $1`,
	} {
		if err := tx.Exec(sql, account); err != nil {
			return err
		}
	}
	return nil
}

type device struct{ browser, network string }

func devicesOf(q db.Querier, account int64) ([]device, error) {
	return db.All(q, func(s db.Scanner) (d device, err error) {
		err = s.Scan(&d.browser, &d.network)
		return d, err
	}, `SELECT browser, network FROM auth_device WHERE account = $1 ORDER BY seen DESC LIMIT 500`, account)
}

func knownDevice(q db.Querier, login, browser string) (bool, error) {
	n, err := db.One(q, db.Value[int64], `SELECT count(*) FROM auth_device d JOIN auth_account a ON a.id = d.account WHERE a.login = $1 AND d.browser = $2`, login, browser)
	return n > 0, err
}

func seeDevice(tx *db.Tx, account int64, d device) error {
	return tx.Exec(`INSERT INTO auth_device (account, browser, network, seen) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account, browser, network) DO UPDATE SET seen = excluded.seen`, account, d.browser, d.network, db.Millis(tx.Now()))
}

func scanKiosk(s db.Scanner) (k Kiosk, err error) {
	var created, expires int64
	err = s.Scan(&k.ID, &k.Label, &k.State, &k.By, &created, &expires, &k.Unit)
	k.Created, k.Expires = db.Time(created), db.Time(expires)
	return k, err
}

const kioskColumns = `id, label, state, by, created, expires, unit`

func kiosks(q db.Querier) ([]Kiosk, error) {
	return db.All(q, scanKiosk, `SELECT `+kioskColumns+` FROM auth_kiosk WHERE state <> 'off' ORDER BY id DESC LIMIT 2000`)
}

func kioskByID(q db.Querier, v int64) (Kiosk, error) {
	return db.One(q, scanKiosk, `SELECT `+kioskColumns+` FROM auth_kiosk WHERE id = $1`, v)
}

func kioskByMark(q db.Querier, mark string) (Kiosk, error) {
	return db.One(q, scanKiosk, `SELECT `+kioskColumns+` FROM auth_kiosk WHERE mark = $1 AND state = 'waiting'`, mark)
}

func insertKiosk(tx *db.Tx, k Kiosk, mark string) error {
	return tx.Exec(`INSERT INTO auth_kiosk (id, label, mark, state, by, created, expires, unit) VALUES ($1, $2, $3, 'waiting', $4, $5, $6, $7)`,
		k.ID, k.Label, mark, k.By, db.Millis(tx.Now()), db.Millis(k.Expires), k.Unit)
}

func startKiosk(tx *db.Tx, v int64, mark string) error {
	return tx.Guard(stale(), `UPDATE auth_kiosk SET state = 'on', mark = $2 WHERE id = $1 AND state = 'waiting'`, v, mark)
}

func endKiosk(tx *db.Tx, v int64) error {
	return tx.Guard(gone("factor.no_kiosk"), `UPDATE auth_kiosk SET state = 'off' WHERE id = $1 AND state <> 'off'`, v)
}
