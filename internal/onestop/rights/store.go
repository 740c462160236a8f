package rights

import (
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
)

func consentsOf(q db.Querier, account int64) ([]Consent, error) {
	return db.All(q, func(s db.Scanner) (c Consent, err error) {
		var at int64
		err = s.Scan(&c.Purpose, &c.Given, &at)
		c.At = db.Time(at)
		return c, err
	}, `SELECT purpose, given, at FROM rights_consent WHERE account = $1`, account)
}

func putConsent(tx *db.Tx, account int64, c Consent) error {
	return tx.Exec(`INSERT INTO rights_consent (account, purpose, given, at) VALUES ($1,$2,$3,$4)
 ON CONFLICT (account, purpose) DO UPDATE SET given = excluded.given, at = excluded.at`, account, c.Purpose, c.Given, db.Millis(c.At))
}

const requestColumns = `id, account, name, kind, type, about, code, look, looker, words, fact, value, paper, paper_name, paper_size, unit, state, made_at, due_at, warned,
 answer, answerer, answered_by, answered_at`

func scanRequest(s db.Scanner) (r Request, err error) {
	var made, due, answered int64
	err = s.Scan(&r.ID, &r.Account, &r.Name, &r.Kind, &r.Type, &r.About, &r.Code, &r.Look, &r.Looker, &r.Words, &r.Fact, &r.Value, &r.Paper.SHA256, &r.Paper.Name, &r.Paper.Size,
		&r.Unit, &r.State, &made, &due, &r.Warned, &r.Answer, &r.Answerer, &r.AnsweredBy, &answered)
	r.MadeAt, r.DueAt = db.Time(made), db.Time(due)
	if answered != 0 {
		r.AnsweredAt = db.Time(answered)
	}
	return r, err
}

func insertRequest(tx *db.Tx, r Request) error {
	return tx.Exec(`INSERT INTO rights_request (`+requestColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,0,'',0,'',0)`,
		r.ID, r.Account, r.Name, string(r.Kind), r.Type, r.About, r.Code, r.Look, r.Looker, r.Words, r.Fact, r.Value, r.Paper.SHA256, r.Paper.Name, r.Paper.Size,
		r.Unit, r.State, db.Millis(r.MadeAt), db.Millis(r.DueAt))
}

func answerRequest(tx *db.Tx, r Request, miss error) error {
	return tx.Guard(miss, `UPDATE rights_request SET state = $2, answer = $3, answerer = $4, answered_by = $5, answered_at = $6 WHERE id = $1 AND state = 'open'`,
		r.ID, r.State, r.Answer, r.Answerer, r.AnsweredBy, db.Millis(r.AnsweredAt))
}

func warned(tx *db.Tx, v RequestID, level int) error {
	return tx.Exec(`UPDATE rights_request SET warned = $2 WHERE id = $1`, v, level)
}

func requestByID(q db.Querier, v RequestID) (Request, error) {
	r, err := db.One(q, scanRequest, `SELECT `+requestColumns+` FROM rights_request WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "rights.notFound", errs.Cause(err))
	}
	return r, err
}

func requestsOf(q db.Querier, account int64) ([]Request, error) {
	return db.All(q, scanRequest, `SELECT `+requestColumns+` FROM rights_request WHERE account = $1 ORDER BY id DESC LIMIT 100`, account)
}

func openRequests(q db.Querier, limit int) ([]Request, error) {
	return db.All(q, scanRequest, `SELECT `+requestColumns+` FROM rights_request WHERE state = 'open' ORDER BY due_at, id LIMIT $1`, limit)
}

func countOpen(q db.Querier, account int64) (n int, err error) {
	err = q.QueryRow(`SELECT count(*) FROM rights_request WHERE account = $1 AND state = 'open'`, account).Scan(&n)
	return n, err
}

func scanExport(s db.Scanner) (e Export, err error) {
	var made, until int64
	err = s.Scan(&e.ID, &e.Account, &e.State, &e.Size, &made, &until)
	e.MadeAt, e.Until = db.Time(made), db.Time(until)
	return e, err
}

const exportColumns = `id, account, state, size, made_at, until`

func insertExport(tx *db.Tx, e Export) error {
	return tx.Exec(`INSERT INTO rights_export (`+exportColumns+`) VALUES ($1,$2,$3,$4,$5,$6)`, e.ID, e.Account, e.State, e.Size, db.Millis(e.MadeAt), db.Millis(e.Until))
}

func setExport(tx *db.Tx, e Export) error {
	return tx.Exec(`UPDATE rights_export SET state = $2, size = $3, until = $4 WHERE id = $1`, e.ID, e.State, e.Size, db.Millis(e.Until))
}

func exportsOf(q db.Querier, account int64) ([]Export, error) {
	return db.All(q, scanExport, `SELECT `+exportColumns+` FROM rights_export WHERE account = $1 ORDER BY id DESC LIMIT 10`, account)
}

func exportByID(q db.Querier, v id.Of[Export]) (Export, error) {
	e, err := db.One(q, scanExport, `SELECT `+exportColumns+` FROM rights_export WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "rights.export.notFound", errs.Cause(err))
	}
	return e, err
}

func exportsOver(q db.Querier, now time.Time) ([]Export, error) {
	return db.All(q, scanExport, `SELECT `+exportColumns+` FROM rights_export WHERE state = 'ready' AND until <= $1 LIMIT 200`, db.Millis(now))
}

// fileNames are the papers of requests, for db.Texts.
const fileNames = `SELECT id, paper FROM rights_request WHERE id > $1 AND paper <> '' ORDER BY id LIMIT $2`
