package payment

import (
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

// What nobody waits for any more. The purpose of money that still lies in suspense stays: it is
// what finds its payer.
const settledOld = `payment_order WHERE id < $1 AND (payer <> '' OR account <> 0) AND state IN ('paid', 'cancelled', 'expired', 'refunded', 'replaced')`

const settledMoney = `payment_suspense WHERE ended_at <> 0 AND ended_at < $1 AND (text <> '' OR why <> '')`

const namedText = `payment_line WHERE at < $1 AND text <> ''`

// bans leave out what is held, in the words of each table: orders of what is held or that it names,
// with the money that came for them; money and lines that it names, or that came for such orders.
const (
	banOrders = ` AND source_id NOT IN (#) AND account NOT IN (#) AND id NOT IN (#) AND id NOT IN (SELECT order_id FROM payment_notice WHERE id IN (#))`
	banMoney  = ` AND notice NOT IN (#) AND order_id NOT IN (SELECT id FROM payment_order WHERE source_id IN (#) OR account IN (#) OR id IN (#))`
	banLines  = ` AND NOT EXISTS (SELECT 1 FROM payment_notice n LEFT JOIN payment_order o ON o.id = n.order_id WHERE n.way = 'bank' AND n.external = payment_line.ref
 AND (n.id IN (#) OR o.id IN (#) OR o.source_id IN (#) OR o.account IN (#)))`
)

// feeOf are the other orders of the fees that some ask for: those in whose place they stand, and those
// that stand in theirs.
const feeOf = `WITH RECURSIVE older(id) AS (SELECT renews FROM payment_order WHERE id IN (#) AND renews <> 0 UNION SELECT o.renews FROM payment_order o JOIN older f ON o.id = f.id WHERE o.renews <> 0),
 newer(id) AS (SELECT id FROM payment_order WHERE renews IN (#) AND renews <> 0 UNION SELECT o.id FROM payment_order o JOIN newer f ON o.renews = f.id WHERE o.renews <> 0)
 SELECT id FROM older UNION SELECT id FROM newer`

// ban writes a ban over ids behind the arguments of a query.
func ban(text string, args []any, ids []int64) (string, []any) {
	if len(ids) == 0 {
		return "", args
	}
	marks := make([]string, len(ids))
	for i, v := range ids {
		args = append(args, v)
		marks[i] = "$" + strconv.Itoa(len(args))
	}
	return strings.ReplaceAll(text, "#", strings.Join(marks, ",")), args
}

// held is what may not be forgotten, as rows and texts are held against it.
type held struct {
	ids   []int64
	names []string // folded, without spaces
}

// minHeldName is the least letters by which a name is looked for in a text.
const minHeldName = 6

// heldOf completes what is kept: by the orders that asked for the same fee by another code, since money
// by an old code lies with the new one, and by the names on all of them: who paid for another writes theirs.
func heldOf(q db.Querier, k Kept) (h held, err error) {
	names := k.Names
	if h.ids = k.IDs; len(k.IDs) > 0 {
		in, args := ban(feeOf, nil, k.IDs)
		codes, err := db.All(q, db.Value[int64], in, args...)
		if err != nil {
			return h, err
		}
		h.ids = append(slices.Clone(k.IDs), codes...)
		in, args = ban(`source_id IN (#) OR account IN (#) OR id IN (#)`, nil, h.ids)
		more, err := db.All(q, db.Value[string], `SELECT DISTINCT payer FROM payment_order WHERE payer <> '' AND (`+in+`)`, args...)
		if err != nil {
			return h, err
		}
		names = append(append([]string(nil), names...), more...)
	}
	for _, n := range names {
		if n = squeezed(n); len(n) >= minHeldName {
			h.names = append(h.names, n)
		}
	}
	return h, nil
}

// squeezed is a text as names are looked for in it: banks write them without marks, in capitals, and
// some without spaces.
func squeezed(s string) string { return strings.ReplaceAll(i18n.Fold(s), " ", "") }

// speaksOf reports whether a text holds a name of whom it may not be forgotten.
func (h held) speaksOf(s string) bool {
	if len(h.names) == 0 {
		return false
	}
	s = squeezed(s)
	for _, n := range h.names {
		if strings.Contains(s, n) {
			return true
		}
	}
	return false
}

// worded is a row with what was written in it.
type worded struct {
	id   int64
	text string
}

// free are the first rows of texts that may be forgotten, and how many there are, counted up to the
// end where limit is 0.
func free(q db.Querier, id, words, from, bans string, at int64, h held, limit int) (out []int64, n int, err error) {
	left, args := ban(bans, []any{at, int64(0), 500}, h.ids)
	sql := `SELECT ` + id + `, ` + words + ` FROM ` + from + left + ` AND ` + id + ` > $2 ORDER BY ` + id + ` LIMIT $3`
	for {
		rows, err := db.All(q, func(s db.Scanner) (w worded, err error) { err = s.Scan(&w.id, &w.text); return w, err }, sql, args...)
		if err != nil {
			return nil, 0, err
		}
		for _, r := range rows {
			if args[1] = r.id; h.speaksOf(r.text) {
				continue
			}
			if n++; limit > 0 {
				if out = append(out, r.id); len(out) == limit {
					return out, n, nil
				}
			}
		}
		if len(rows) < 500 {
			return out, n, nil
		}
	}
}

func freeMoney(q db.Querier, at int64, h held, limit int) ([]int64, int, error) {
	return free(q, `notice`, `text || ' ' || why`, settledMoney, banMoney, at, h, limit)
}

func freeLines(q db.Querier, at int64, h held, limit int) ([]int64, int, error) {
	return free(q, `id`, `text`, namedText, banLines, at, h, limit)
}

func countNamed(q db.Querier, before, at int64, h held) (n int, err error) {
	left, args := ban(banOrders, []any{before}, h.ids)
	orders, err := db.One(q, db.Value[int64], `SELECT COUNT(*) FROM `+settledOld+left, args...)
	if err != nil {
		return 0, err
	}
	_, money, err := freeMoney(q, at, h, 0)
	if err != nil {
		return 0, err
	}
	_, lines, err := freeLines(q, at, h, 0)
	return int(orders) + money + lines, err
}

func namedOrders(q db.Querier, before int64, h held, limit int) ([]OrderID, error) {
	left, args := ban(banOrders, []any{before, limit}, h.ids)
	return db.All(q, db.Value[OrderID], `SELECT id FROM `+settledOld+left+` ORDER BY id LIMIT $2`, args...)
}

// moneyBySQL names the ways because the index begins with them.
const moneyBySQL = `SELECT id FROM payment_notice WHERE way IN ('bank', 'gateway', 'cash', 'card') AND external = $1 AND amount > 0 ORDER BY id LIMIT 1`

// moneyBy finds what a number names that stands on a bank's advice or in a purpose: money that came,
// or an order, with the number as it is kept; 0 for nothing.
func moneyBy(q db.Querier, number, reference string) (v int64, name string, err error) {
	v, err = db.One(q, db.Value[int64], moneyBySQL, number)
	if !errs.Is(err, errs.NotFound) || reference == "" {
		return v, number, nothingIsZero(err)
	}
	v, err = db.One(q, db.Value[int64], `SELECT id FROM payment_order WHERE reference = $1`, reference)
	return v, reference, nothingIsZero(err)
}

func nothingIsZero(err error) error {
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}

func forgetPayer(tx *db.Tx, v OrderID) error {
	return tx.Exec(`UPDATE payment_order SET payer = '', account = 0, refund = '{}', dispute = '', why = '' WHERE id = $1`, v)
}

func forgetMoney(tx *db.Tx, v int64) error {
	return tx.Exec(`UPDATE payment_suspense SET text = '', why = '' WHERE notice = $1`, v)
}

func forgetLine(tx *db.Tx, v int64) error {
	return tx.Exec(`UPDATE payment_line SET text = '' WHERE id = $1`, v)
}
