package mandate

import (
	"strconv"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/person"
)

const columns = `id, kind, giver, giver_name, holder, holder_name, holder_mark, services, starts, ends, paper, status, basis, by_name, unit, made_at, ended_at, ended_by, reason, version`

func scan(s db.Scanner) (m Mandate, err error) {
	var services, from, until string
	var made int64
	var ended *int64
	if err = s.Scan(&m.ID, &m.Kind, &m.Giver, &m.GiverName, &m.Holder, &m.HolderName, &m.mark, &services, &from, &until,
		&m.Paper, &m.Status, &m.Basis, &m.By, &m.Unit, &made, &ended, &m.EndedBy, &m.Reason, &m.Version); err != nil {
		return m, err
	}
	m.Services, m.Made = strings.Fields(services), db.Time(made)
	if ended != nil {
		m.EndedAt = db.Time(*ended)
	}
	if m.From, err = clock.ParseDate(from); err == nil && until != "" {
		m.Until, err = clock.ParseDate(until)
	}
	return m, err
}

func find(q db.Querier, v ID) (Mandate, error) {
	m, err := db.One(q, scan, `SELECT `+columns+` FROM mandate_mandate WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		return m, errs.E(errs.NotFound, "mandate.none", errs.Cause(err))
	}
	return m, err
}

// marks is the list of a condition: $1,$2,…
func marks[T any](in []T) (string, []any) {
	out, args := make([]string, len(in)), make([]any, len(in))
	for i, v := range in {
		out[i], args[i] = "$"+strconv.Itoa(i+1), v
	}
	return strings.Join(out, ","), args
}

func byHolder(q db.Querier, ids []person.ID) ([]Mandate, error) {
	list, args := marks(ids)
	return db.All(q, scan, `SELECT `+columns+` FROM mandate_mandate WHERE holder IN (`+list+`) AND holder <> 0 ORDER BY id DESC LIMIT `+strconv.Itoa(maxPerSide), args...)
}

func byGiver(q db.Querier, givers []Party) ([]Mandate, error) {
	texts := make([]string, len(givers))
	for i, g := range givers {
		texts[i] = string(g)
	}
	list, args := marks(texts)
	return db.All(q, scan, `SELECT `+columns+` FROM mandate_mandate WHERE giver IN (`+list+`) ORDER BY id DESC LIMIT `+strconv.Itoa(maxPerSide), args...)
}

func offeredTo(q db.Querier, of []string) ([]Mandate, error) {
	list, args := marks(of)
	return db.All(q, scan, `SELECT `+columns+` FROM mandate_mandate WHERE holder_mark IN (`+list+`) AND status = 'offered' ORDER BY id DESC LIMIT `+strconv.Itoa(maxPerSide), args...)
}

func insert(tx *db.Tx, m Mandate) error {
	return tx.Exec(`INSERT INTO mandate_mandate (`+columns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,NULL,'','',1)`,
		m.ID, string(m.Kind), string(m.Giver), m.GiverName, m.Holder, m.HolderName, m.mark, strings.Join(m.Services, " "), m.From.String(), dayText(m.Until),
		m.Paper, string(m.Status), m.Basis, m.By, m.Unit, db.Millis(m.Made))
}

// update writes what was decided, if nobody decided meanwhile.
func update(tx *db.Tx, m Mandate, decided error) error {
	var ended any
	if !m.EndedAt.IsZero() {
		ended = db.Millis(m.EndedAt)
	}
	return tx.Guard(decided, `UPDATE mandate_mandate SET status = $3, holder = $4, holder_name = $5, ended_at = $6, ended_by = $7, reason = $8, version = version + 1
 WHERE id = $1 AND version = $2`, m.ID, m.Version, string(m.Status), m.Holder, m.HolderName, ended, m.EndedBy, m.Reason)
}

func ending(q db.Querier, from, until clock.Date, after ID, limit int) ([]Mandate, error) {
	return db.All(q, scan, `SELECT `+columns+` FROM mandate_mandate WHERE status = 'active' AND ends <> '' AND ends >= $1 AND ends <= $2 AND id > $3 ORDER BY id LIMIT $4`,
		from.String(), until.String(), after, limit)
}
