package notify

import (
	"encoding/json"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/push"
)

const entryColumns = `id, account, kind, title, body, link, created_at, read_at`

func scanEntry(s db.Scanner) (e Entry, err error) {
	var created int64
	var read *int64
	err = s.Scan(&e.ID, &e.Account, &e.Kind, &e.Title, &e.Body, &e.Link, &created, &read)
	e.Created = db.Time(created)
	if read != nil {
		e.Read = db.Time(*read)
	}
	return e, err
}

// insertInbox adds a notice unless the account was told of the cause.
func insertInbox(tx *db.Tx, v EntryID, e Entry, cause string) (fresh bool, err error) {
	return inserted(tx, `INSERT INTO notify_inbox (id, account, cause, kind, title, body, link, created_at)
 VALUES ($1,$2,$3,$4,$5,$6,$7,$8) ON CONFLICT (account, cause) DO NOTHING RETURNING id`,
		v, e.Account, cause, string(e.Kind), e.Title, e.Body, e.Link, db.Millis(tx.Now()))
}

func inboxOf(q db.Querier, account int64, before EntryID, unreadOnly bool, limit int) ([]Entry, error) {
	only := ``
	if unreadOnly {
		only = ` AND read_at IS NULL`
	}
	return db.All(q, scanEntry, `SELECT `+entryColumns+` FROM notify_inbox WHERE account = $1 AND id < $2`+only+` ORDER BY id DESC LIMIT $3`, account, before, limit)
}

func countUnread(q db.Querier, account int64) (n int, err error) {
	err = q.QueryRow(`SELECT COUNT(*) FROM (SELECT 1 FROM notify_inbox WHERE account = $1 AND read_at IS NULL LIMIT 1000) AS unread`, account).Scan(&n)
	return n, err
}

func markRead(tx *db.Tx, account int64, v EntryID) error {
	return tx.Guard(errs.E(errs.NotFound, "notify.notFound"),
		`UPDATE notify_inbox SET read_at = COALESCE(read_at, $3) WHERE id = $1 AND account = $2`, v, account, db.Millis(tx.Now()))
}

func markAllRead(tx *db.Tx, account int64, last EntryID) error {
	return tx.Exec(`UPDATE notify_inbox SET read_at = $3 WHERE account = $1 AND read_at IS NULL AND id <= $2`, account, last, db.Millis(tx.Now()))
}

func findPerson(q db.Querier, account int64) (Person, error) {
	return db.One(q, func(s db.Scanner) (p Person, err error) {
		var choices string
		if err := s.Scan(&p.Account, &p.Email, &p.Phone, &p.Lang, &choices); err != nil {
			return p, err
		}
		return p, json.Unmarshal([]byte(choices), &p.Choices)
	}, `SELECT account, email, phone, lang, choices FROM notify_person WHERE account = $1`, account)
}

// reader is what an account chose, nothing where it chose nothing, and how many browsers take
// its notices: one query, since each notice asks.
func reader(q db.Querier, account int64) (p Person, browsers int, err error) {
	if account == 0 {
		return p, 0, nil
	}
	var email, phone, lang, choices *string
	err = q.QueryRow(`SELECT (SELECT COUNT(*) FROM notify_browser WHERE account = $1), p.email, p.phone, p.lang, p.choices
 FROM (SELECT 1 AS one) AS o LEFT JOIN notify_person p ON p.account = $1`, account).Scan(&browsers, &email, &phone, &lang, &choices)
	p.Account = account
	if err != nil || choices == nil {
		return p, browsers, err
	}
	p.Email, p.Phone, p.Lang = *email, *phone, i18n.Lang(*lang)
	return p, browsers, json.Unmarshal([]byte(*choices), &p.Choices)
}

func upsertPerson(tx *db.Tx, p Person, choices string) error {
	return tx.Exec(`INSERT INTO notify_person (account, email, phone, lang, choices, changed_at) VALUES ($1,$2,$3,$4,$5,$6)
 ON CONFLICT (account) DO UPDATE SET email = excluded.email, phone = excluded.phone, lang = excluded.lang, choices = excluded.choices, changed_at = excluded.changed_at`,
		p.Account, p.Email, p.Phone, string(p.Lang), choices, db.Millis(tx.Now()))
}

func browsersOf(q db.Querier, account int64) ([]Browser, error) {
	return db.All(q, func(s db.Scanner) (b Browser, err error) {
		var created int64
		err = s.Scan(&b.ID, &b.sub.Endpoint, &b.sub.P256DH, &b.sub.Auth, &b.Label, &created)
		b.Created = db.Time(created)
		return b, err
	}, `SELECT id, endpoint, p256dh, auth, label, created_at FROM notify_browser WHERE account = $1 ORDER BY id`, account)
}

func upsertBrowser(tx *db.Tx, v id.Of[Browser], account int64, s push.Subscription, label string) error {
	return tx.Exec(`INSERT INTO notify_browser (id, account, endpoint, p256dh, auth, label, created_at) VALUES ($1,$2,$3,$4,$5,$6,$7)
 ON CONFLICT (endpoint) DO UPDATE SET account = excluded.account, p256dh = excluded.p256dh, auth = excluded.auth, label = excluded.label`,
		v, account, s.Endpoint, s.P256DH, s.Auth, label, db.Millis(tx.Now()))
}

func deleteBrowser(tx *db.Tx, v id.Of[Browser], account int64) error {
	return tx.Exec(`DELETE FROM notify_browser WHERE id = $1 AND account = $2`, v, account)
}
