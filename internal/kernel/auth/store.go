package auth

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
)

const accountColumns = `id, login, name, kind, password, disabled, created, level, second, renew`

func scanAccount(s db.Scanner) (a Account, err error) {
	var kind, level string
	var created int64
	if err = s.Scan(&a.ID, &a.Login, &a.Name, &kind, &a.password, &a.Disabled, &created, &level, &a.Second, &a.Renew); err != nil {
		return a, err
	}
	a.Kind, _ = ParseKind(kind)
	a.Level, _ = ParseLevel(level)
	a.Created = db.Time(created)
	return a, nil
}

func insertAccount(tx *db.Tx, a Account) error {
	return tx.Exec(`INSERT INTO auth_account (`+accountColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		a.ID, a.Login, a.Name, a.Kind.String(), a.password, a.Disabled, db.Millis(a.Created), a.Level.String(), a.Second, a.Renew)
}

func accountByLogin(q db.Querier, login string) (Account, error) {
	return db.One(q, scanAccount, `SELECT `+accountColumns+` FROM auth_account WHERE login = $1`, login)
}

func accountByID(q db.Querier, id int64) (Account, error) {
	return db.One(q, scanAccount, `SELECT `+accountColumns+` FROM auth_account WHERE id = $1`, id)
}

func accountsByScope(q db.Querier, scope string) ([]Account, error) {
	return db.All(q, scanAccount, `SELECT DISTINCT a.id, a.login, a.name, a.kind, a.password, a.disabled, a.created, a.level, a.second, a.renew
		FROM auth_account a JOIN auth_grant g ON g.account = a.id WHERE g.scope = $1 ORDER BY a.login`, scope)
}

func updatePassword(tx *db.Tx, miss error, id int64, password string) error {
	return tx.Guard(miss, `UPDATE auth_account SET password = $2, renew = $3 WHERE id = $1`, id, password, false)
}

func updateDisabled(tx *db.Tx, miss error, id int64, disabled bool) error {
	return tx.Guard(miss, `UPDATE auth_account SET disabled = $2 WHERE id = $1`, id, disabled)
}

func updateLevel(tx *db.Tx, miss error, id int64, l Level) error {
	return tx.Guard(miss, `UPDATE auth_account SET level = $2 WHERE id = $1`, id, l.String())
}

func updateSecond(tx *db.Tx, miss error, id int64, second bool) error {
	return tx.Guard(miss, `UPDATE auth_account SET second = $2 WHERE id = $1`, id, second)
}

func updateRenew(tx *db.Tx, miss error, id int64) error {
	return tx.Guard(miss, `UPDATE auth_account SET renew = $2 WHERE id = $1`, id, true)
}

func scanGrant(s db.Scanner) (g GrantPeriod, err error) {
	var from, until string
	if err = s.Scan(&g.Role, &g.Scope, &from, &until, &g.For); err != nil {
		return g, err
	}
	return g, g.days(from, until)
}

// days reads the two days of a grant as they are stored.
func (g *GrantPeriod) days(from, until string) (err error) {
	if from != "" {
		if g.From, err = clock.ParseDate(from); err != nil {
			return err
		}
	}
	if until != "" {
		g.Until, err = clock.ParseDate(until)
	}
	return err
}

// grantsOf lists an account's grants; on a day, or all where day is zero.
func grantsOf(q db.Querier, account int64, day clock.Date) ([]GrantPeriod, error) {
	all, err := db.All(q, scanGrant, `SELECT role, scope, starts, ends, for_name FROM auth_grant WHERE account = $1 ORDER BY role, scope, starts`, account)
	if err != nil || day.IsZero() {
		return all, err
	}
	return slices.DeleteFunc(all, func(g GrantPeriod) bool { return !g.On(day) }), nil
}

func upsertGrant(tx *db.Tx, account int64, g GrantPeriod) error {
	return tx.Exec(`INSERT INTO auth_grant (account, role, scope, starts, ends, for_name) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (account, role, scope, starts) DO UPDATE SET ends = excluded.ends, for_name = excluded.for_name`,
		account, g.Role, g.Scope, dayText(g.From), dayText(g.Until), g.For)
}

// endGrants closes every grant of a role in a scope that reaches beyond the day before.
func endGrants(tx *db.Tx, account int64, g Grant, last clock.Date) error {
	return tx.Exec(`UPDATE auth_grant SET ends = $4 WHERE account = $1 AND role = $2 AND scope = $3 AND (ends = '' OR ends > $4)`,
		account, g.Role, g.Scope, last.String())
}

func dayText(d clock.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

const sessionColumns = `id, account, kind, label, network, created, seen, expires, methods, proved, client, scopes, parent, permit, bound, idle`

func scanSession(s db.Scanner) (x Session, err error) {
	var created, seen, expires, proved, idle int64
	var methods, scopes string
	if err = s.Scan(&x.ID, &x.Account, &x.Kind, &x.Label, &x.Network, &created, &seen, &expires, &methods, &proved,
		&x.Client, &scopes, &x.Parent, &x.Permit, &x.Bound, &idle); err != nil {
		return x, err
	}
	x.Created, x.Seen, x.Expires = db.Time(created), db.Time(seen), db.Time(expires)
	x.Methods, x.Idle = strings.Fields(methods), time.Duration(idle)*time.Second
	if scopes != "" {
		x.Scopes = strings.Fields(scopes)
	}
	if proved > 0 {
		x.Proved = db.Time(proved)
	}
	return x, nil
}

func insertSession(tx *db.Tx, x Session, secret []byte) error {
	proved := int64(0)
	if !x.Proved.IsZero() {
		proved = db.Millis(x.Proved)
	}
	return tx.Exec(`INSERT INTO auth_session (id, account, kind, label, network, created, seen, expires, secret, methods, proved, client, scopes, parent, permit, bound, idle)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		x.ID, x.Account, x.Kind, x.Label, x.Network, db.Millis(x.Created), db.Millis(x.Seen), db.Millis(x.Expires), secret,
		strings.Join(x.Methods, " "), proved, x.Client, strings.Join(x.Scopes, " "), x.Parent, x.Permit, x.Bound, int64(x.Idle/time.Second))
}

func updateProved(tx *db.Tx, account, id int64, methods []string, at time.Time) error {
	return tx.Exec(`UPDATE auth_session SET methods = $3, proved = $4 WHERE id = $1 AND account = $2`,
		id, account, strings.Join(methods, " "), db.Millis(at))
}

func sessionBySecret(q db.Querier, secret []byte) (Session, error) {
	return db.One(q, scanSession, `SELECT `+sessionColumns+` FROM auth_session WHERE secret = $1`, secret)
}

func sessionsOf(q db.Querier, account int64) ([]Session, error) {
	return db.All(q, scanSession, `SELECT `+sessionColumns+` FROM auth_session WHERE account = $1 ORDER BY id DESC`, account)
}

// deleteSession takes the tokens that were given out of the session along.
func deleteSession(tx *db.Tx, account, id int64) error {
	return tx.Exec(`DELETE FROM auth_session WHERE account = $2 AND (id = $1 OR parent = $1)`, id, account)
}

func deleteSessionsOf(tx *db.Tx, account int64) error {
	return tx.Exec(`DELETE FROM auth_session WHERE account = $1`, account)
}

// touchSession moves the last sign of life forward, never back.
func touchSession(tx *db.Tx, id int64, seen time.Time) error {
	return tx.Exec(`UPDATE auth_session SET seen = $2 WHERE id = $1 AND seen < $2`, id, db.Millis(seen))
}

// knownNetwork reports whether the account has signed in from the network and still has that session.
func knownNetwork(q db.Querier, account int64, network string) (bool, error) {
	n, err := db.One(q, db.Value[int64], `SELECT count(*) FROM auth_session WHERE account = $1 AND network = $2`, account, network)
	return n > 0, err
}

func insertChange(tx *db.Tx, id, account int64) error {
	return tx.Exec(`INSERT INTO auth_change (id, account) VALUES ($1, $2)`, id, account)
}

type change struct{ id, account int64 }

func changesSince(q db.Querier, after int64) ([]change, error) {
	return db.All(q, func(s db.Scanner) (c change, err error) {
		err = s.Scan(&c.id, &c.account)
		return c, err
	}, `SELECT id, account FROM auth_change WHERE id > $1 ORDER BY id`, after)
}

// purge drops what nobody needs: expired and long idle sessions, and old changes.
func purge(tx *db.Tx, now, idleSince time.Time, changesBefore, talliesBefore int64) error {
	if err := tx.Exec(`DELETE FROM auth_session WHERE expires < $1 OR (kind = 'session' AND seen < $2)`,
		db.Millis(now), db.Millis(idleSince)); err != nil {
		return err
	}
	if err := tx.Exec(`DELETE FROM auth_change WHERE id < $1`, changesBefore); err != nil {
		return err
	}
	return tx.Exec(`DELETE FROM auth_tally WHERE id < $1`, talliesBefore)
}

func insertTally(tx *db.Tx, id, node int64, marks map[string]mark) error {
	b, err := json.Marshal(marks)
	if err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO auth_tally (id, node, marks) VALUES ($1, $2, $3)`, id, node, string(b))
}

// talliesSince reads what other nodes than one told.
func talliesSince(q db.Querier, after, node int64) ([]tally, error) {
	return db.All(q, func(s db.Scanner) (t tally, err error) {
		var b string
		if err := s.Scan(&t.id, &b); err != nil {
			return t, err
		}
		return t, json.Unmarshal([]byte(b), &t.marks)
	}, `SELECT id, marks FROM auth_tally WHERE id > $1 AND node <> $2 ORDER BY id`, after, node)
}

func holdersOn(q db.Querier, day clock.Date) ([]PostHolder, error) {
	return db.All(q, func(s db.Scanner) (h PostHolder, err error) {
		err = s.Scan(&h.Account, &h.Name, &h.Login, &h.Role, &h.Scope)
		return h, err
	}, `SELECT a.id, a.name, a.login, g.role, g.scope FROM auth_grant g JOIN auth_account a ON a.id = g.account
		WHERE NOT a.disabled AND (g.starts = '' OR g.starts <= $1) AND (g.ends = '' OR g.ends >= $1) ORDER BY g.scope, g.role, a.login`, day.String())
}
