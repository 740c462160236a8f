package holiday

import (
	"encoding/json"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

const changeColumns = `id, unit, kind, body, source, status, COALESCE(number, 0), proposer, proposer_name, proposed_at,
 decider, decider_name, COALESCE(decided_at, 0), reason`

func scanChange(s db.Scanner) (Change, error) {
	var c Change
	var body string
	var proposed, decided int64
	err := s.Scan(&c.ID, &c.Unit, &c.Kind, &body, &c.Source, &c.Status, &c.Number, &c.Proposer, &c.ProposedBy, &proposed,
		&c.Decider, &c.DecidedBy, &decided, &c.Reason)
	if err != nil {
		return c, err
	}
	c.ProposedAt = db.Time(proposed)
	if decided != 0 {
		c.DecidedAt = db.Time(decided)
	}
	return c, json.Unmarshal([]byte(body), &c.Body)
}

func selectEpoch(q db.Querier) (int64, error) {
	var n int64
	return n, q.QueryRow(`SELECT n FROM holiday_epoch WHERE one = 1`).Scan(&n)
}

// raiseEpoch fails the unit where another change was approved since epoch was read.
func raiseEpoch(tx *db.Tx, epoch int64) error {
	return tx.Guard(errs.E(errs.Conflict, "holiday.raced"), `UPDATE holiday_epoch SET n = n + 1 WHERE one = 1 AND n = $1`, epoch)
}

func selectApproved(q db.Querier) ([]Change, error) {
	out, err := db.All(q, scanChange, `SELECT `+changeColumns+` FROM holiday_change WHERE number IS NOT NULL ORDER BY number`)
	if out == nil {
		out = []Change{}
	}
	return out, err
}

func selectChanges(q db.Querier, u orgunit.UnitID, limit int) ([]Change, error) {
	return db.All(q, scanChange, `SELECT `+changeColumns+` FROM holiday_change WHERE unit = $1 ORDER BY id DESC LIMIT $2`, u, limit)
}

func findChange(q db.Querier, v ChangeID) (Change, error) {
	c, err := db.One(q, scanChange, `SELECT `+changeColumns+` FROM holiday_change WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "holiday.notFound", errs.Cause(err))
	}
	return c, err
}

func insertChange(tx *db.Tx, c Change) error {
	body, err := json.Marshal(c.Body)
	if err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO holiday_change (id, unit, kind, body, source, status, proposer, proposer_name, proposed_at, decider, decider_name, reason)
 VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,0,'','')`,
		c.ID, c.Unit, string(c.Kind), string(body), c.Source, string(c.Status), c.Proposer, c.ProposedBy, db.Millis(c.ProposedAt))
}

// decideChange writes a decision, once.
func decideChange(tx *db.Tx, c Change, miss error) error {
	var number any
	if c.Number != 0 {
		number = c.Number
	}
	return tx.Guard(miss, `UPDATE holiday_change SET status = $2, number = $3, decider = $4, decider_name = $5, decided_at = $6, reason = $7
 WHERE id = $1 AND status = 'proposed'`, c.ID, string(c.Status), number, c.Decider, c.DecidedBy, db.Millis(c.DecidedAt), c.Reason)
}

func selectEditions(q db.Querier) (map[string]string, error) {
	type edition struct{ version, facts string }
	rows, err := db.All(q, func(s db.Scanner) (e edition, err error) {
		err = s.Scan(&e.version, &e.facts)
		return e, err
	}, `SELECT version, facts FROM holiday_edition ORDER BY version`)
	out := make(map[string]string, len(rows)+1)
	for _, e := range rows {
		out[e.version] = e.facts
	}
	return out, err
}

func keepEdition(tx *db.Tx, version, facts string) error {
	return tx.Exec(`INSERT INTO holiday_edition (version, facts, recorded) VALUES ($1, $2, $3) ON CONFLICT (version) DO NOTHING`,
		version, facts, db.Millis(tx.Now()))
}
