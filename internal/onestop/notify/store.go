package notify

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/register/orgunit"
)

const messageColumns = `id, cause, kind, account, channel, address, name, subject, body, brief, peek, state, tries, reason, then_by, created_at, sent_at, unit`

func scanMessage(s db.Scanner) (m Message, err error) {
	var next string
	var created int64
	var sent *int64
	if err := s.Scan(&m.ID, &m.Cause, &m.Kind, &m.Account, &m.Channel, &m.To, &m.Name, &m.Subject, &m.Body, &m.Brief, &m.Peek, &m.State,
		&m.Tries, &m.Reason, &next, &created, &sent, &m.Unit); err != nil {
		return m, err
	}
	m.Created = db.Time(created)
	if sent != nil {
		m.SentAt = db.Time(*sent)
	}
	if next != "" {
		err = json.Unmarshal([]byte(next), &m.next)
	}
	return m, err
}

// insert adds a message unless one of the same cause and address stands already.
func insert(tx *db.Tx, m Message) (fresh bool, err error) {
	next := ""
	if len(m.next) > 0 {
		b, err := json.Marshal(m.next)
		if err != nil {
			return false, err
		}
		next = string(b)
	}
	return inserted(tx, `INSERT INTO notify_message (id, cause, address, name, subject, body, state, created_at, channel, kind, account, brief, peek, then_by, tries, reason, ref, unit)
 VALUES ($1,$2,$3,$4,$5,$6,'waiting',$7,$8,$9,$10,$11,$12,$13,0,'','',$14) ON CONFLICT (cause, address) DO NOTHING RETURNING id`,
		m.ID, m.Cause, m.To, m.Name, m.Subject, m.Body, db.Millis(tx.Now()), string(m.Channel), string(m.Kind), m.Account, m.Brief, m.Peek, next, m.Unit)
}

// inserted reports whether a statement that returns what it added added something.
func inserted(tx *db.Tx, sql string, args ...any) (bool, error) {
	rows, err := db.All(tx, db.Value[int64], sql, args...)
	return len(rows) > 0, err
}

func find(q db.Querier, v MessageID) (Message, error) {
	m, err := db.One(q, scanMessage, `SELECT `+messageColumns+` FROM notify_message WHERE id = $1`, v)
	return m, notFound(err)
}

// findByRef is the youngest message that a carrier called so: names may come again.
func findByRef(q db.Querier, ref string) (Message, error) {
	m, err := db.One(q, scanMessage, `SELECT `+messageColumns+` FROM notify_message WHERE ref = $1 AND ref <> '' ORDER BY id DESC LIMIT 1`, ref)
	return m, notFound(err)
}

func notFound(err error) error {
	if errs.Is(err, errs.NotFound) {
		return errs.E(errs.NotFound, "notify.notFound", errs.Cause(err))
	}
	return err
}

// mark keeps how far a message has come.
func mark(tx *db.Tx, m Message, ref string) error {
	return tx.Exec(`UPDATE notify_message SET state = $2, sent_at = $3, tries = $4, reason = $5, ref = $6 WHERE id = $1`,
		m.ID, string(m.State), db.Millis(tx.Now()), int64(m.Tries), m.Reason, ref)
}

// revive makes a failed message wait again.
func revive(tx *db.Tx, v MessageID) error {
	return tx.Guard(errs.E(errs.Conflict, "notify.notFailed"), `UPDATE notify_message SET state = 'waiting', tries = 0, reason = '' WHERE id = $1 AND state = 'failed'`, v)
}

// within is the condition that a message is of one of the units; nil: of any.
func within(units []orgunit.UnitID, args []any) (string, []any) {
	if units == nil {
		return "", args
	}
	marks := make([]string, len(units))
	for i, u := range units {
		args = append(args, u)
		marks[i] = "$" + strconv.Itoa(len(args))
	}
	return " AND unit IN (" + strings.Join(marks, ",") + ")", args
}

func list(q db.Querier, f Filter, units []orgunit.UnitID) ([]Message, error) {
	sql := `SELECT ` + messageColumns + ` FROM notify_message WHERE id < $1`
	args := []any{f.Before}
	if cond, with := within(units, args); cond != "" {
		sql, args = sql+cond, with
	}
	if f.State != "" {
		args = append(args, string(f.State))
		sql += ` AND state = $` + strconv.Itoa(len(args))
	}
	if f.Channel != "" {
		args = append(args, string(f.Channel))
		sql += ` AND channel = $` + strconv.Itoa(len(args))
	}
	args = append(args, f.Limit)
	return db.All(q, scanMessage, sql+` ORDER BY id DESC LIMIT $`+strconv.Itoa(len(args)), args...)
}

// count counts what was written since an instant; ids grow with time.
func count(q db.Querier, since time.Time, units []orgunit.UnitID) (Tally, error) {
	out := Tally{}
	cond, args := within(units, []any{id.At(since)})
	_, err := db.All(q, func(s db.Scanner) (struct{}, error) {
		var c Channel
		var state State
		var n int
		err := s.Scan(&c, &state, &n)
		if out[c] == nil {
			out[c] = map[State]int{}
		}
		out[c][state] = n
		return struct{}{}, err
	}, `SELECT channel, state, COUNT(*) FROM notify_message WHERE id >= $1`+cond+` GROUP BY channel, state`, args...)
	return out, err
}

// deleteOld forgets a bounded number of messages and read entries from before an instant.
func deleteOld(tx *db.Tx, before time.Time) error {
	if err := tx.Exec(`DELETE FROM notify_message WHERE id IN (SELECT id FROM notify_message WHERE id < $1 ORDER BY id LIMIT 20000)`, id.At(before)); err != nil {
		return err
	}
	return tx.Exec(`DELETE FROM notify_inbox WHERE id IN (SELECT id FROM notify_inbox WHERE id < $1 ORDER BY id LIMIT 20000)`, id.At(before))
}

// undelivered counts the messages of one way that wait, or failed.
type undelivered struct {
	channel Channel
	state   State
	n       int64
	oldest  time.Time
}

// unsent counts, from the index of states, what waits and what failed since an instant.
func unsent(q db.Querier, since time.Time) ([]undelivered, error) {
	return db.All(q, func(s db.Scanner) (u undelivered, err error) {
		var at int64
		err = s.Scan(&u.channel, &u.state, &u.n, &at)
		u.oldest = db.Time(at)
		return u, err
	}, `SELECT channel, state, count(*), min(created_at) FROM notify_message WHERE state = 'waiting' GROUP BY channel, state
 UNION ALL SELECT channel, state, count(*), min(created_at) FROM notify_message WHERE state = 'failed' AND id >= $1 GROUP BY channel, state`, id.At(since))
}
