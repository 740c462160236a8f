package payment

import (
	"khue/internal/kernel/db"
	"khue/internal/register/orgunit"
)

const moneyColumns = `notice, unit, way, external, amount, told_at, text, state, aim, order_id, why, asked_id, asked_by, second_id, second_by, ref, ended_at, version`

func scanMoney(s db.Scanner) (m Money, err error) {
	var told, ended int64
	err = s.Scan(&m.ID, &m.Unit, &m.Way, &m.External, &m.Amount, &told, &m.Text, &m.State, &m.Aim, &m.Order, &m.Why, &m.AskedID, &m.AskedBy, &m.SecondID, &m.SecondBy, &m.Ref, &ended, &m.Version)
	m.ToldAt = db.Time(told)
	if ended != 0 {
		m.EndedAt = db.Time(ended)
	}
	return m, err
}

func insertMoney(tx *db.Tx, m Money) error {
	return tx.Exec(`INSERT INTO payment_suspense (`+moneyColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,'',0,'',0,'',0,'','',0,1)`,
		m.ID, m.Unit, string(m.Way), m.External, m.Amount, db.Millis(m.ToldAt), m.Text, string(m.State))
}

func findMoney(q db.Querier, v MoneyID) (Money, error) {
	return db.One(q, scanMoney, `SELECT `+moneyColumns+` FROM payment_suspense WHERE notice = $1`, v)
}

func moneyOf(q db.Querier, u orgunit.UnitID, limit int) ([]Money, error) {
	return db.All(q, scanMoney, `SELECT `+moneyColumns+` FROM payment_suspense WHERE unit = $1 AND ended_at = 0 ORDER BY told_at, notice LIMIT $2`, u, limit)
}

func sumMoney(q db.Querier, u orgunit.UnitID) (n int, sum int64, err error) {
	err = q.QueryRow(`SELECT COUNT(*), CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment_suspense WHERE unit = $1 AND ended_at = 0`, u).Scan(&n, &sum)
	return n, sum, err
}

// moveMoney writes what became of money, if it still stands as it was read.
func moveMoney(tx *db.Tx, m Money) error {
	return tx.Guard(errMoved, `UPDATE payment_suspense SET state = $3, aim = $4, order_id = $5, why = $6, asked_id = $7, asked_by = $8, second_id = $9, second_by = $10,
 ref = $11, ended_at = $12, version = version + 1 WHERE notice = $1 AND version = $2`,
		m.ID, m.Version, string(m.State), string(m.Aim), m.Order, m.Why, m.AskedID, m.AskedBy, m.SecondID, m.SecondBy, m.Ref, instant(m.EndedAt))
}

// assignNotice gives the notice of money in suspense to the order that got it.
func assignNotice(tx *db.Tx, m Money) error {
	return tx.Guard(errMoved, `UPDATE payment_notice SET order_id = $2 WHERE id = $1 AND order_id = 0`, m.ID, m.Order)
}
