package openid

import (
	"encoding/json"
	"strings"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

func version(q db.Querier) (n int64, err error) {
	return n, q.QueryRow(`SELECT n FROM openid_version WHERE one = 1`).Scan(&n)
}

// bump tells every node to read clients and keys again.
func bump(tx *db.Tx) error { return tx.Exec(`UPDATE openid_version SET n = n + 1 WHERE one = 1`) }

const clientColumns = `id, code, body, secrets, account, created, removed`

func scanClient(s db.Scanner) (*Client, error) {
	c := &Client{}
	var body, secrets string
	var created, removed int64
	if err := s.Scan(&c.ID, &c.Code, &body, &secrets, &c.Account, &created, &removed); err != nil {
		return nil, err
	}
	c.Created, c.Removed = db.Time(created), removed != 0
	if err := json.Unmarshal([]byte(secrets), &c.secrets); err != nil {
		return nil, err
	}
	return c, json.Unmarshal([]byte(body), c)
}

func clients(q db.Querier) ([]*Client, error) {
	return db.All(q, scanClient, `SELECT `+clientColumns+` FROM openid_client ORDER BY id`)
}

func clientByCode(q db.Querier, code string) (*Client, error) {
	c, err := db.One(q, scanClient, `SELECT `+clientColumns+` FROM openid_client WHERE code = $1 AND removed = 0`, code)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "openid.error.no_client", errs.Cause(err))
	}
	return c, err
}

func insertClient(tx *db.Tx, c Client) error {
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	secrets, err := json.Marshal(c.secrets)
	if err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO openid_client (`+clientColumns+`) VALUES ($1, $2, $3, $4, $5, $6, 0)`,
		c.ID, c.Code, string(body), string(secrets), c.Account, db.Millis(c.Created))
}

func updateSecrets(tx *db.Tx, id int64, list []secret) error {
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return tx.Exec(`UPDATE openid_client SET secrets = $2 WHERE id = $1`, id, string(b))
}

func removeClient(tx *db.Tx, id int64, at time.Time) error {
	return tx.Exec(`UPDATE openid_client SET removed = $2 WHERE id = $1`, id, db.Millis(at))
}

func keyRows(q db.Querier) ([]keyRow, error) {
	return db.All(q, func(s db.Scanner) (r keyRow, err error) {
		err = s.Scan(&r.id, &r.alg, &r.sealed, &r.starts, &r.ends, &r.made)
		return r, err
	}, `SELECT id, alg, sealed, starts, ends, made FROM openid_key ORDER BY made DESC, id`)
}

func insertKey(tx *db.Tx, r keyRow) error {
	return tx.Exec(`INSERT INTO openid_key (id, alg, sealed, starts, ends, made) VALUES ($1, $2, $3, $4, $5, $6)`, r.id, r.alg, r.sealed, r.starts, r.ends, r.made)
}

// closeKeys says until when the keys of an algorithm are published, where that is sooner.
func closeKeys(tx *db.Tx, alg string, ends time.Time) error {
	return tx.Exec(`UPDATE openid_key SET ends = $2 WHERE alg = $1 AND (ends = 0 OR ends > $2)`, alg, db.Millis(ends))
}

func scanPermit(s db.Scanner) (p permit, err error) {
	var terms string
	var created, expires int64
	if err = s.Scan(&p.ID, &p.Client, &p.Account, &p.Session, &terms, &p.Turn, &created, &expires); err != nil {
		return p, err
	}
	p.Created, p.Expires = db.Time(created), db.Time(expires)
	return p, json.Unmarshal([]byte(terms), &p.Terms)
}

func permitByID(q db.Querier, id int64) (permit, error) {
	return db.One(q, scanPermit, `SELECT id, client, account, session, terms, turn, created, expires FROM openid_permit WHERE id = $1`, id)
}

func insertPermit(tx *db.Tx, p permit) error {
	t := p.Terms
	t.Nonce = "" // of the first ID token, which is signed from memory
	b, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO openid_permit (id, client, account, session, terms, turn, created, expires) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		p.ID, p.Client, p.Account, p.Session, string(b), p.Turn, db.Millis(p.Created), db.Millis(p.Expires))
}

// turnPermit counts the next refresh token, unless another request did.
func turnPermit(tx *db.Tx, stale error, id, turn int64) error {
	return tx.Guard(stale, `UPDATE openid_permit SET turn = turn + 1 WHERE id = $1 AND turn = $2`, id, turn)
}

func endPermit(tx *db.Tx, id int64) error {
	return tx.Exec(`UPDATE openid_permit SET turn = -1 WHERE id = $1`, id)
}

// endPermitsOf ends the permits of a client; of one account, or of all where account is 0.
// endPermitsFor ends every permit of an account that a refresh token renews.
func endPermitsFor(tx *db.Tx, account int64) error {
	return tx.Exec(`UPDATE openid_permit SET turn = -1 WHERE account = $1 AND turn > 0`, account)
}

func endPermitsOf(tx *db.Tx, client, account int64) error {
	return tx.Exec(`UPDATE openid_permit SET turn = -1 WHERE client = $1 AND (account = $2 OR $2 = 0)`, client, account)
}

// insertSeen fails with again where the mark stands there already.
func insertSeen(tx *db.Tx, again error, mark string, expires time.Time) error {
	return tx.Guard(again, `INSERT INTO openid_seen (mark, expires) VALUES ($1, $2) ON CONFLICT DO NOTHING`, mark, db.Millis(expires))
}

func insertPushed(tx *db.Tx, ref string, client int64, body string, expires time.Time) error {
	return tx.Exec(`INSERT INTO openid_pushed (id, client, body, expires) VALUES ($1, $2, $3, $4)`, ref, client, body, db.Millis(expires))
}

func pushedBody(q db.Querier, ref string, client int64, now time.Time) (string, error) {
	return db.One(q, db.Value[string],
		`SELECT body FROM openid_pushed WHERE id = $1 AND client = $2 AND expires > $3`, ref, client, db.Millis(now))
}

func deletePushed(tx *db.Tx, used error, ref string) error {
	return tx.Guard(used, `DELETE FROM openid_pushed WHERE id = $1`, ref)
}

const deviceColumns = `id, code, client, scopes, state, terms, account, session, asked, expires`

func scanDevice(s db.Scanner) (d Device, err error) {
	var scopes, terms string
	var asked, expires int64
	if err = s.Scan(&d.ID, &d.Code, &d.client, &scopes, &d.state, &terms, &d.account, &d.session, &asked, &expires); err != nil {
		return d, err
	}
	d.Scopes, d.asked, d.expires = strings.Fields(scopes), db.Time(asked), db.Time(expires)
	return d, json.Unmarshal([]byte(terms), &d.terms)
}

func insertDevice(tx *db.Tx, d Device, secret []byte) error {
	return tx.Exec(`INSERT INTO openid_device (secret, `+deviceColumns+`) VALUES ($1, $2, $3, $4, $5, $6, '{}', 0, 0, 0, $7)`,
		secret, d.ID, d.Code, d.client, strings.Join(d.Scopes, " "), d.state, db.Millis(d.expires))
}

func deviceByCode(q db.Querier, code string) (Device, error) {
	return db.One(q, scanDevice, `SELECT `+deviceColumns+` FROM openid_device WHERE code = $1`, code)
}

func deviceBySecret(q db.Querier, secret []byte) (Device, error) {
	return db.One(q, scanDevice, `SELECT `+deviceColumns+` FROM openid_device WHERE secret = $1`, secret)
}

func answerDevice(tx *db.Tx, miss error, d Device) error {
	b, err := json.Marshal(d.terms)
	if err != nil {
		return err
	}
	return tx.Guard(miss, `UPDATE openid_device SET state = $2, terms = $3, account = $4, session = $5 WHERE id = $1 AND state = 'waiting'`,
		d.ID, d.state, string(b), d.account, d.session)
}

func useDevice(tx *db.Tx, miss error, id int64) error {
	return tx.Guard(miss, `UPDATE openid_device SET state = 'used' WHERE id = $1 AND state = 'allowed'`, id)
}

func askDevice(tx *db.Tx, id int64, at time.Time) error {
	return tx.Exec(`UPDATE openid_device SET asked = $2 WHERE id = $1`, id, db.Millis(at))
}

type consentRow struct {
	client int64
	scopes []string
	given  time.Time
}

func scanConsent(s db.Scanner) (r consentRow, err error) {
	var scopes string
	var given int64
	err = s.Scan(&r.client, &scopes, &given)
	r.scopes, r.given = strings.Fields(scopes), db.Time(given)
	return r, err
}

func consent(q db.Querier, account, client int64) ([]string, time.Time, error) {
	r, err := db.One(q, scanConsent, `SELECT client, scopes, given FROM openid_consent WHERE account = $1 AND client = $2`, account, client)
	if err != nil {
		return nil, time.Time{}, err
	}
	return r.scopes, r.given, nil
}

func consentsOf(q db.Querier, account int64) ([]consentRow, error) {
	return db.All(q, scanConsent, `SELECT client, scopes, given FROM openid_consent WHERE account = $1 ORDER BY given DESC, client`, account)
}

func upsertConsent(tx *db.Tx, account, client int64, scopes []string, at time.Time) error {
	return tx.Exec(`INSERT INTO openid_consent (account, client, scopes, given) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account, client) DO UPDATE SET scopes = excluded.scopes, given = excluded.given`, account, client, strings.Join(scopes, " "), db.Millis(at))
}

func deleteConsent(tx *db.Tx, account, client int64) error {
	return tx.Exec(`DELETE FROM openid_consent WHERE account = $1 AND client = $2`, account, client)
}

func insertLogin(tx *db.Tx, account, session, client int64) error {
	return tx.Exec(`INSERT INTO openid_login (account, session, client, at) VALUES ($1, $2, $3, $4) ON CONFLICT (account, session, client) DO NOTHING`,
		account, session, client, db.Millis(tx.Now()))
}

func loginsOf(q db.Querier, account, session int64) ([]gone, error) {
	return db.All(q, func(s db.Scanner) (g gone, err error) {
		err = s.Scan(&g.Client, &g.Account, &g.Session)
		return g, err
	}, `SELECT client, account, session FROM openid_login WHERE account = $1 AND (session = $2 OR $2 = 0)`, account, session)
}

func deleteLogins(tx *db.Tx, account, session int64) error {
	return tx.Exec(`DELETE FROM openid_login WHERE account = $1 AND (session = $2 OR $2 = 0)`, account, session)
}

// purge drops what is over; sessions live for a day at most, so logins older than that name none
// but those of a demo.
func purge(tx *db.Tx, now time.Time) error {
	for _, sql := range []string{
		`DELETE FROM openid_permit WHERE expires < $1`, `DELETE FROM openid_seen WHERE expires < $1`, `DELETE FROM openid_pushed WHERE expires < $1`, `DELETE FROM openid_device WHERE expires < $1`,
	} {
		if err := tx.Exec(sql, db.Millis(now.Add(-time.Hour))); err != nil {
			return err
		}
	}
	return tx.Exec(`DELETE FROM openid_login WHERE at < $1`, db.Millis(now.AddDate(0, 0, -100)))
}
