package rights

import (
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

const holdColumns = `id, decision, ordered_by, since, why, state, asked_by, asked_name, asked_at, agreed_by, agreed_name, agreed_at,
 lift_decision, lift_why, lift_by, lift_name, lift_at, ended_by, ended_name, ended_at`

// inForce are the states in which nothing is erased.
const inForce = `('asked', 'held', 'lifting')`

func scanHold(s db.Scanner) (h Hold, err error) {
	var since string
	var asked, agreed, lift, ended int64
	err = s.Scan(&h.ID, &h.Decision, &h.OrderedBy, &since, &h.Why, &h.State, &h.Asked.By, &h.Asked.Name, &asked, &h.Agreed.By, &h.Agreed.Name, &agreed,
		&h.LiftDecision, &h.LiftWhy, &h.Lift.By, &h.Lift.Name, &lift, &h.Ended.By, &h.Ended.Name, &ended)
	if err != nil {
		return h, err
	}
	for i, w := range []*Word{&h.Asked, &h.Agreed, &h.Lift, &h.Ended} {
		if at := [...]int64{asked, agreed, lift, ended}[i]; at != 0 {
			w.At = db.Time(at)
		}
	}
	if since != "" {
		h.Since, err = clock.ParseDate(since)
	}
	return h, err
}

func words(h Hold) []any {
	at := func(w Word) int64 {
		if w.At.IsZero() {
			return 0
		}
		return db.Millis(w.At)
	}
	return []any{
		h.State, h.Agreed.By, h.Agreed.Name, at(h.Agreed), h.LiftDecision, h.LiftWhy, h.Lift.By, h.Lift.Name, at(h.Lift), h.Ended.By, h.Ended.Name, at(h.Ended),
	}
}

func insertHold(tx *db.Tx, h Hold) error {
	err := tx.Exec(`INSERT INTO rights_order (id, state, agreed_by, agreed_name, agreed_at, lift_decision, lift_why, lift_by, lift_name, lift_at, ended_by, ended_name, ended_at,
 decision, ordered_by, since, why, asked_by, asked_name, asked_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20)`,
		append(append([]any{h.ID}, words(h)...), h.Decision, h.OrderedBy, h.Since.String(), h.Why, h.Asked.By, h.Asked.Name, db.Millis(h.Asked.At))...)
	for _, x := range h.Of {
		if err == nil {
			err = tx.Exec(`INSERT INTO rights_order_of (about, ord, kind, name) VALUES ($1,$2,$3,$4)`, x.ID, h.ID, x.Kind, x.Name)
		}
		if err == nil && x.Kind == subjectDossier {
			err = tx.Exec(`INSERT INTO rights_hold (dossier, code, why, by_account, by_name, at) VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT (dossier) DO NOTHING`,
				x.ID, x.Name, h.Why, h.Asked.By, h.Asked.Name, db.Millis(h.Asked.At))
		}
	}
	return err
}

// moveHold writes the next state of a hold that still stands at was.
func moveHold(tx *db.Tx, h Hold, was string, miss error) error {
	return tx.Guard(miss, `UPDATE rights_order SET state = $2, agreed_by = $3, agreed_name = $4, agreed_at = $5, lift_decision = $6, lift_why = $7, lift_by = $8, lift_name = $9,
 lift_at = $10, ended_by = $11, ended_name = $12, ended_at = $13 WHERE id = $1 AND state = $14`, append(append([]any{h.ID}, words(h)...), was)...)
}

// letGo forgets for programs of before what no hold in force names any more.
func letGo(tx *db.Tx, v HoldID) error {
	return tx.Exec(`DELETE FROM rights_hold WHERE dossier IN (SELECT about FROM rights_order_of WHERE ord = $1)
 AND NOT EXISTS (SELECT 1 FROM rights_order_of x JOIN rights_order o ON o.id = x.ord WHERE x.about = rights_hold.dossier AND o.id <> $1 AND o.state IN `+inForce+`)`, v)
}

// adoptHolds takes over what a program of before wrote while both ran.
func adoptHolds(tx *db.Tx) error {
	const stray = ` FROM rights_hold h WHERE NOT EXISTS (SELECT 1 FROM rights_order_of x WHERE x.about = h.dossier)`
	if err := tx.Exec(`INSERT INTO rights_order (` + holdColumns + `)
 SELECT h.dossier, '', '', '', h.why, 'held', h.by_account, h.by_name, h.at, 0, '', 0, '', '', 0, '', 0, 0, '', 0` + stray); err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO rights_order_of (about, ord, kind, name) SELECT h.dossier, h.dossier, 'dossier', h.code` + stray)
}

func holdByID(q db.Querier, v HoldID) (Hold, error) {
	h, err := db.One(q, scanHold, `SELECT `+holdColumns+` FROM rights_order WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		return h, errs.E(errs.NotFound, "rights.hold.notFound", errs.Cause(err))
	}
	if err == nil {
		h.Of, err = thingsOf(q, v)
	}
	return h, err
}

func thingsOf(q db.Querier, v HoldID) ([]Thing, error) {
	return db.All(q, scanThing, `SELECT kind, about, name FROM rights_order_of WHERE ord = $1 ORDER BY kind, name`, v)
}

func scanThing(s db.Scanner) (t Thing, err error) {
	err = s.Scan(&t.Kind, &t.ID, &t.Name)
	return t, err
}

// holds lists the youngest; those in force first.
func holds(q db.Querier, limit int) ([]Hold, error) {
	list, err := db.All(q, scanHold, `SELECT `+holdColumns+` FROM rights_order ORDER BY CASE WHEN state IN `+inForce+` THEN 0 ELSE 1 END, asked_at DESC, id DESC LIMIT $1`, limit)
	for i := range list {
		if err == nil {
			list[i].Of, err = thingsOf(q, list[i].ID)
		}
	}
	return list, err
}

// thingsHeld are all things that holds in force name, each with the number of the decision as its name.
func thingsHeld(q db.Querier) ([]Thing, error) {
	return db.All(q, scanThing, `SELECT x.kind, x.about, o.decision FROM rights_order_of x JOIN rights_order o ON o.id = x.ord WHERE o.state IN `+inForce+`
 UNION SELECT 'dossier', dossier, '' FROM rights_hold`)
}
