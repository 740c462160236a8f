package identity

import (
	"encoding/json"
	"strconv"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

func nextNumber(tx *db.Tx) (n int64, err error) {
	return n, tx.QueryRow(`UPDATE identity_number SET n = n + 1 WHERE one = 1 RETURNING n`).Scan(&n)
}

const officerColumns = `account, number, login, name, email, phone, since, left_on`

func scanOfficer(s db.Scanner) (o Officer, err error) {
	var since int64
	var left string
	err = s.Scan(&o.Account, &o.Number, &o.Login, &o.Name, &o.Email, &o.Phone, &since, &left)
	o.Since = db.Time(since)
	if err == nil && left != "" {
		o.Left, err = clock.ParseDate(left)
	}
	return o, err
}

func insertOfficer(tx *db.Tx, o Officer) error {
	return tx.Exec(`INSERT INTO identity_officer (account, number, login, name, email, phone, since, folded) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		o.Account, o.Number, o.Login, o.Name, o.Email, o.Phone, db.Millis(o.Since), foldOf(o))
}

// updateContact fills in what is given and keeps the rest.
func updateContact(tx *db.Tx, account int64, email, phone string) error {
	return tx.Exec(`UPDATE identity_officer SET email = CASE WHEN $2 = '' THEN email ELSE $2 END, phone = CASE WHEN $3 = '' THEN phone ELSE $3 END
 WHERE account = $1`, account, email, phone)
}

func findOfficer(q db.Querier, account int64) (Officer, error) {
	o, err := db.One(q, scanOfficer, `SELECT `+officerColumns+` FROM identity_officer WHERE account = $1`, account)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "identity.officer.none", errs.Cause(err))
	}
	return o, err
}

func selectOfficers(q db.Querier, folded string, after int64, limit int) ([]Officer, error) {
	like := "%" + strings.NewReplacer("%", "", "_", "", `\`, "").Replace(folded) + "%"
	return db.All(q, scanOfficer, `SELECT `+officerColumns+` FROM identity_officer WHERE account > $1 AND folded LIKE $2 ORDER BY account LIMIT $3`, after, like, limit)
}

func knownAccounts(q db.Querier, from, to int64) (map[int64]bool, error) {
	list, err := db.All(q, db.Value[int64],
		`SELECT account FROM identity_officer WHERE account BETWEEN $1 AND $2`, from, to)
	out := make(map[int64]bool, len(list))
	for _, a := range list {
		out[a] = true
	}
	return out, err
}

type postKey struct {
	account int64
	unit    orgunit.UnitID
	role    orgunit.Role
	starts  string
}

type postRow struct {
	key      postKey
	decision string
	sign     Sign
}

func scanPost(s db.Scanner) (r postRow, err error) {
	err = s.Scan(&r.key.account, &r.key.unit, &r.key.role, &r.key.starts, &r.decision, &r.sign)
	return r, err
}

func byKey(rows []postRow, err error) (map[postKey]postRow, error) {
	out := make(map[postKey]postRow, len(rows))
	for _, r := range rows {
		out[r.key] = r
	}
	return out, err
}

const postColumns = `account, unit, role, starts, decision, sign`

func postRows(q db.Querier, from, to int64) (map[postKey]postRow, error) {
	return byKey(db.All(q, scanPost, `SELECT `+postColumns+` FROM identity_post WHERE account BETWEEN $1 AND $2`, from, to))
}

func postRowsIn(q db.Querier, units []orgunit.UnitID) (map[postKey]postRow, error) {
	var b strings.Builder
	args := make([]any, len(units))
	for i, u := range units {
		if args[i] = u; i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("$" + strconv.Itoa(i+1))
	}
	return byKey(db.All(q, scanPost, `SELECT `+postColumns+` FROM identity_post WHERE unit IN (`+b.String()+`)`, args...))
}

func upsertPost(tx *db.Tx, e Entry, c ChangeID) error {
	return tx.Exec(`INSERT INTO identity_post (account, unit, role, starts, decision, sign, change_id) VALUES ($1, $2, $3, $4, $5, $6, $7)
 ON CONFLICT (account, unit, role, starts) DO UPDATE SET decision = excluded.decision, sign = excluded.sign, change_id = excluded.change_id`,
		e.Account, e.Unit, string(e.Role), dayText(e.From), e.Decision, string(e.Sign), c)
}

const changeColumns = `id, kind, unit, account, subject, body, status, proposer, proposer_name, proposed_at, decider, decider_name, COALESCE(decided_at, 0), reason`

func scanChange(s db.Scanner) (c Change, err error) {
	var body string
	var proposed, decided int64
	if err = s.Scan(&c.ID, &c.Kind, &c.Unit, &c.Account, &c.subject, &body, &c.Status, &c.Proposer, &c.ProposedBy, &proposed,
		&c.Decider, &c.DecidedBy, &decided, &c.Reason); err != nil {
		return c, err
	}
	c.ProposedAt = db.Time(proposed)
	if decided != 0 {
		c.DecidedAt = db.Time(decided)
	}
	return c, json.Unmarshal([]byte(body), &c.Body)
}

func insertChange(tx *db.Tx, c Change) error {
	body, err := json.Marshal(c.Body)
	if err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO identity_change (id, kind, unit, account, subject, body, status, proposer, proposer_name, proposed_at, decider, decider_name, reason)
 VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,0,'','')`,
		c.ID, string(c.Kind), c.Unit, c.Account, c.subject, string(body), string(c.Status), c.Proposer, c.ProposedBy, db.Millis(c.ProposedAt))
}

func findChange(q db.Querier, v ChangeID) (Change, error) {
	c, err := db.One(q, scanChange, `SELECT `+changeColumns+` FROM identity_change WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "identity.change.none", errs.Cause(err))
	}
	return c, err
}

// decideChange writes a decision, once.
func decideChange(tx *db.Tx, c Change, miss error) error {
	body, err := json.Marshal(c.Body)
	if err != nil {
		return err
	}
	return tx.Guard(miss, `UPDATE identity_change SET status = $2, body = $3, decider = $4, decider_name = $5, decided_at = $6, reason = $7
 WHERE id = $1 AND status = 'proposed'`, c.ID, string(c.Status), string(body), c.Decider, c.DecidedBy, db.Millis(c.DecidedAt), c.Reason)
}

// sendChange makes a draft a proposal, once.
func sendChange(tx *db.Tx, v ChangeID, at int64, miss error) error {
	return tx.Guard(miss, `UPDATE identity_change SET status = 'proposed', proposed_at = $2 WHERE id = $1 AND status = 'draft'`, v, at)
}

// selectChanges lists changes of a status: those that wait the oldest first, others the youngest.
func selectChanges(q db.Querier, st Status, limit int) ([]Change, error) {
	order := "DESC"
	if st == Proposed {
		order = "ASC"
	}
	return db.All(q, scanChange, `SELECT `+changeColumns+` FROM identity_change WHERE status = $1 ORDER BY id `+order+` LIMIT $2`, string(st), limit)
}

func selectChangesOf(q db.Querier, account int64, limit int) ([]Change, error) {
	return db.All(q, scanChange, `SELECT `+changeColumns+` FROM identity_change WHERE account = $1 AND account <> 0 ORDER BY id DESC LIMIT $2`, account, limit)
}

const leaveColumns = `id, account, name, deputy, deputy_name, starts, ends, reason, grants, status, moved, entered_by, entered_name, entered_at`

func scanLeave(s db.Scanner) (l Leave, err error) {
	var from, until, grants string
	var at int64
	if err = s.Scan(&l.ID, &l.Account, &l.Name, &l.Deputy, &l.DeputyName, &from, &until, &l.Reason, &grants, &l.Status, &l.Moved,
		&l.EnteredBy, &l.Entered, &at); err != nil {
		return l, err
	}
	l.EnteredAt = db.Time(at)
	if l.From, err = clock.ParseDate(from); err != nil {
		return l, err
	}
	if l.Until, err = clock.ParseDate(until); err != nil {
		return l, err
	}
	return l, json.Unmarshal([]byte(grants), &l.Grants)
}

func insertLeave(tx *db.Tx, l Leave) error {
	grants, err := json.Marshal(l.Grants)
	if err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO identity_leave (`+leaveColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,0,$11,$12,$13)`,
		l.ID, l.Account, l.Name, l.Deputy, l.DeputyName, l.From.String(), l.Until.String(), l.Reason, string(grants), string(l.Status),
		l.EnteredBy, l.Entered, db.Millis(l.EnteredAt))
}

// moveLeave moves a leave on, if it still stands at a status.
func moveLeave(tx *db.Tx, l Leave, was LeaveStatus, miss error) error {
	return tx.Guard(miss, `UPDATE identity_leave SET status = $3, ends = $4, moved = $5 WHERE id = $1 AND status = $2`,
		l.ID, string(was), string(l.Status), l.Until.String(), l.Moved)
}

func findLeave(q db.Querier, v LeaveID) (Leave, error) {
	l, err := db.One(q, scanLeave, `SELECT `+leaveColumns+` FROM identity_leave WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "identity.leave.none", errs.Cause(err))
	}
	return l, err
}

// leavesAbout lists the last leaves of two accounts, as absent or as deputy.
func leavesAbout(q db.Querier, a, b int64) ([]Leave, error) {
	return db.All(q, scanLeave, `SELECT `+leaveColumns+` FROM identity_leave WHERE account IN ($1, $2) OR deputy IN ($1, $2) ORDER BY id DESC LIMIT 100`, a, b)
}
