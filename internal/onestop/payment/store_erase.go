package payment

import (
	"strconv"
	"strings"

	"khue/internal/kernel/db"
)

// What nobody waits for any more. The purpose of money that still lies in suspense stays: it is
// what finds its payer.
const settledOld = ` FROM payment_order WHERE id < $1 AND (payer <> '' OR account <> 0) AND state IN ('paid', 'cancelled', 'expired', 'refunded')`

const settledMoney = ` FROM payment_suspense WHERE ended_at <> 0 AND ended_at < $1 AND (text <> '' OR why <> '')`

const namedText = ` FROM payment_line WHERE at < $1 AND text <> ''`

// but leaves out orders of what is kept.
func but(args []any, kept []int64) (string, []any) {
	if len(kept) == 0 {
		return "", args
	}
	marks := make([]string, len(kept))
	for i, v := range kept {
		args = append(args, v)
		marks[i] = "$" + strconv.Itoa(len(args))
	}
	in := strings.Join(marks, ",")
	return ` AND source_id NOT IN (` + in + `) AND account NOT IN (` + in + `)`, args
}

func countNamed(q db.Querier, before, at int64, kept []int64) (n int, err error) {
	left, args := but([]any{before}, kept)
	orders, err := db.One(q, db.Value[int64], `SELECT COUNT(*)`+settledOld+left, args...)
	if err != nil {
		return 0, err
	}
	n = int(orders)
	for _, sql := range []string{settledMoney, namedText} {
		v, err := db.One(q, db.Value[int64], `SELECT COUNT(*)`+sql, at)
		if err != nil {
			return 0, err
		}
		n += int(v)
	}
	return n, nil
}

func namedOrders(q db.Querier, before int64, kept []int64, limit int) ([]OrderID, error) {
	left, args := but([]any{before, limit}, kept)
	return db.All(q, db.Value[OrderID], `SELECT id`+settledOld+left+` ORDER BY id LIMIT $2`, args...)
}

func namedMoney(q db.Querier, before int64, limit int) ([]MoneyID, error) {
	return db.All(q, db.Value[MoneyID], `SELECT notice`+settledMoney+` ORDER BY notice LIMIT $2`, before, limit)
}

func namedLines(q db.Querier, before int64, limit int) ([]int64, error) {
	return db.All(q, db.Value[int64], `SELECT id`+namedText+` ORDER BY id LIMIT $2`, before, limit)
}

func forgetPayer(tx *db.Tx, v OrderID) error {
	return tx.Exec(`UPDATE payment_order SET payer = '', account = 0, refund = '{}', dispute = '', why = '' WHERE id = $1`, v)
}

func forgetMoney(tx *db.Tx, v MoneyID) error {
	return tx.Exec(`UPDATE payment_suspense SET text = '', why = '' WHERE notice = $1`, v)
}

func forgetLine(tx *db.Tx, v int64) error {
	return tx.Exec(`UPDATE payment_line SET text = '' WHERE id = $1`, v)
}
