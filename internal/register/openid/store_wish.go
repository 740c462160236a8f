package openid

import (
	"encoding/json"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

const wishColumns = `id, kind, code, body, basis, state, proposer, proposer_name, proposed_at, decider, decider_name, decided_at`

func scanWish(s db.Scanner) (w Wish, err error) {
	var body string
	var at, decided int64
	if err = s.Scan(&w.ID, &w.Kind, &w.Code, &body, &w.Basis, &w.State, &w.Proposer, &w.ProposedBy, &at, &w.Decider, &w.DecidedBy, &decided); err != nil {
		return w, err
	}
	w.ProposedAt = db.Time(at)
	if decided != 0 {
		w.DecidedAt = db.Time(decided)
	}
	return w, json.Unmarshal([]byte(body), &w.Client)
}

func insertWish(tx *db.Tx, w Wish) error {
	body, err := json.Marshal(w.Client)
	if err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO openid_wish (`+wishColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, '', 0)`,
		w.ID, string(w.Kind), w.Code, string(body), w.Basis, string(w.State), w.Proposer, w.ProposedBy, db.Millis(w.ProposedAt))
}

func wishByID(q db.Querier, v WishID) (Wish, error) {
	w, err := db.One(q, scanWish, `SELECT `+wishColumns+` FROM openid_wish WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "openid.wish.none", errs.Cause(err))
	}
	return w, err
}

func wishes(q db.Querier, limit int) ([]Wish, error) {
	return db.All(q, scanWish, `SELECT `+wishColumns+` FROM openid_wish ORDER BY id DESC LIMIT $1`, limit)
}

// moveWish changes the state of a wish that is in another, or fails with the error.
func moveWish(tx *db.Tx, w Wish, from WishState, gone error) error {
	return tx.Guard(gone, `UPDATE openid_wish SET state = $3, code = $4, decider = $5, decider_name = $6, decided_at = $7 WHERE id = $1 AND state = $2`,
		w.ID, string(from), string(w.State), w.Code, w.Decider, w.DecidedBy, db.Millis(w.DecidedAt))
}
