package reorganise

import (
	"encoding/json"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

const actColumns = `id, kind, plan, digest, body, undoes, status, stage, place, total, proposer, proposed_by, proposed_at,
 decider, decided_by, COALESCE(decided_at, 0), COALESCE(started_at, 0), COALESCE(ended_at, 0), reason`

func scanAct(s db.Scanner) (a Act, err error) {
	var proposed, decided, started, ended int64
	err = s.Scan(&a.ID, &a.Kind, &a.Plan, &a.Digest, &a.Body, &a.Undoes, &a.Status, &a.Stage, &a.Place, &a.Total, &a.Proposer, &a.ProposedBy, &proposed,
		&a.Decider, &a.DecidedBy, &decided, &started, &ended, &a.Reason)
	a.ProposedAt, a.DecidedAt, a.StartedAt, a.EndedAt = instant(proposed), instant(decided), instant(started), instant(ended)
	return a, err
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return db.Time(ms)
}

func msOf(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return db.Millis(t)
}

func selectActs(q db.Querier, limit int) ([]Act, error) {
	return db.All(q, scanAct, `SELECT `+actColumns+` FROM reorganise_act ORDER BY id DESC LIMIT $1`, limit)
}

func findAct(q db.Querier, v ActID) (Act, error) {
	a, err := db.One(q, scanAct, `SELECT `+actColumns+` FROM reorganise_act WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "reorganise.notFound", errs.Cause(err))
	}
	return a, err
}

func insertAct(tx *db.Tx, a Act) error {
	return tx.Exec(`INSERT INTO reorganise_act (id, kind, plan, digest, body, undoes, status, stage, place, total, proposer, proposed_by, proposed_at,
 decider, decided_by, decided_at, reason) VALUES ($1,$2,$3,$4,$5,$6,$7,'',0,0,$8,$9,$10,$11,$12,$13,$14)`,
		a.ID, a.Kind, a.Plan, a.Digest, a.Body, a.Undoes, string(a.Status), a.Proposer, a.ProposedBy, db.Millis(a.ProposedAt),
		a.Decider, a.DecidedBy, msOf(a.DecidedAt), a.Reason)
}

// decideAct writes a decision, once.
func decideAct(tx *db.Tx, a Act) error {
	return tx.Guard(errs.E(errs.Conflict, "reorganise.decided"), `UPDATE reorganise_act SET status = $2, decider = $3, decided_by = $4, decided_at = $5
 WHERE id = $1 AND status = 'proposed'`, a.ID, string(a.Status), a.Decider, a.DecidedBy, db.Millis(a.DecidedAt))
}

// startAct begins an approved act; the unique index lets no second one run beside it.
func startAct(tx *db.Tx, a Act) error {
	return tx.Guard(errs.E(errs.Conflict, "reorganise.started"), `UPDATE reorganise_act SET status = 'running', stage = $2, total = $3, started_at = $4
 WHERE id = $1 AND status = 'approved'`, a.ID, a.Stage, a.Total, db.Millis(a.StartedAt))
}

// stepAct moves a running act on; miss is what a batch gets that another node did meanwhile.
func stepAct(tx *db.Tx, was, is Act, miss error) error {
	return tx.Guard(miss, `UPDATE reorganise_act SET stage = $4, place = $5, status = $6, ended_at = $7
 WHERE id = $1 AND status = 'running' AND stage = $2 AND place = $3`,
		was.ID, was.Stage, was.Place, is.Stage, is.Place, string(is.Status), msOf(is.EndedAt))
}

const itemColumns = `act, dossier, code, outcome, why, problem, from_unit, to_unit, version, shift, at`

func scanItem(s db.Scanner) (i Item, err error) {
	var at int64
	var shift string
	if err = s.Scan(&i.Act, &i.Dossier, &i.Code, &i.Outcome, &i.Why, &i.Problem, &i.From, &i.To, &i.Version, &shift, &at); err != nil {
		return i, err
	}
	i.At = db.Time(at)
	if shift != "" {
		i.Shift = &dossier.Shift{}
		err = json.Unmarshal([]byte(shift), i.Shift)
	}
	return i, err
}

func insertItem(tx *db.Tx, i Item) error {
	shift := ""
	if i.Shift != nil {
		b, err := json.Marshal(i.Shift)
		if err != nil {
			return err
		}
		shift = string(b)
	}
	return tx.Exec(`INSERT INTO reorganise_item (`+itemColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)`,
		i.Act, i.Dossier, i.Code, string(i.Outcome), string(i.Why), i.Problem, i.From, i.To, i.Version, shift, db.Millis(i.At))
}

// itemsBetween are the dossiers of a span of ids that an act has dealt with.
func itemsBetween(q db.Querier, a ActID, after, last dossier.ID) (map[dossier.ID]bool, error) {
	list, err := db.All(q, db.Value[dossier.ID],
		`SELECT dossier FROM reorganise_item WHERE act = $1 AND dossier > $2 AND dossier <= $3`, a, after, last)
	out := make(map[dossier.ID]bool, len(list))
	for _, v := range list {
		out[v] = true
	}
	return out, err
}

// movedAfter pages through what an act moved.
func movedAfter(q db.Querier, a ActID, after dossier.ID, limit int) ([]Item, error) {
	return db.All(q, scanItem, `SELECT `+itemColumns+` FROM reorganise_item WHERE act = $1 AND dossier > $2 AND outcome = 'moved' ORDER BY dossier LIMIT $3`, a, after, limit)
}

func itemsByCode(q db.Querier, code string) ([]Item, error) {
	return db.All(q, scanItem, `SELECT `+itemColumns+` FROM reorganise_item WHERE code = $1 ORDER BY at, act`, code)
}

func itemsBy(q db.Querier, a ActID, o Outcome, limit int) ([]Item, error) {
	return db.All(q, scanItem, `SELECT `+itemColumns+` FROM reorganise_item WHERE act = $1 AND outcome = $2 ORDER BY dossier LIMIT $3`, a, string(o), limit)
}

type tally struct {
	outcome Outcome
	why     Why
	n       int
}

func countItems(q db.Querier, a ActID) ([]tally, error) {
	return db.All(q, func(s db.Scanner) (t tally, err error) { err = s.Scan(&t.outcome, &t.why, &t.n); return t, err },
		`SELECT outcome, why, COUNT(*) FROM reorganise_item WHERE act = $1 GROUP BY outcome, why`, a)
}

// Flow is how many dossiers went from one agency to another.
type Flow struct {
	From, To orgunit.UnitID
	N        int
}

func flowsOf(q db.Querier, a ActID) ([]Flow, error) {
	return db.All(q, func(s db.Scanner) (f Flow, err error) { err = s.Scan(&f.From, &f.To, &f.N); return f, err },
		`SELECT from_unit, to_unit, COUNT(*) FROM reorganise_item WHERE act = $1 AND outcome = 'moved' GROUP BY from_unit, to_unit ORDER BY from_unit, to_unit`, a)
}
