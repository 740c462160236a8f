package payment

import (
	"encoding/json"
	"errors"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

// errMoved is the miss of a guarded write: the order moved since it was read.
var errMoved = errors.New("payment: the order moved")

// busy is what is said where an order moved at every try: nothing was done, and it may be done
// again. Conflict to people, who look first; Unavailable to machines, which only tell again.
func busy(kind errs.Kind, err error) error {
	if !errors.Is(err, errMoved) {
		return err
	}
	return errs.E(kind, "payment.busy", errs.Cause(err))
}

const orderColumns = `id, source_type, source_id, source_code, payer, account, unit, lines, amount, state, reference, opened_at, expires_at, paid_at, version, got, void, refund, dispute, why, renews`

// orderOfNotice are the columns of an order that money is counted for: not what it is made up of.
const orderOfNotice = `o.id, o.source_type, o.source_id, o.source_code, o.payer, o.account, o.unit, '', o.amount, o.state, o.reference, o.opened_at, o.expires_at, o.paid_at, o.version, o.got, o.void, o.refund, o.dispute, o.why, o.renews`

// orderRow takes the columns of orderColumns; finish makes them an Order.
type orderRow struct {
	o                     Order
	lines, got, refund    string
	opened, expires, paid int64
}

func (r *orderRow) dest() []any {
	o := &r.o
	return []any{
		&o.ID, &o.Source.Type, &o.Source.ID, &o.Source.Code, &o.Payer, &o.Account, &o.Unit, &r.lines, &o.Amount, &o.State, &o.Reference,
		&r.opened, &r.expires, &r.paid, &o.Version, &r.got, &o.Void, &r.refund, &o.Dispute, &o.Why, &o.Renews,
	}
}

func (r *orderRow) finish() (Order, error) {
	o := r.o
	o.OpenedAt = db.Time(r.opened)
	if r.expires != 0 {
		o.ExpiresAt = db.Time(r.expires)
	}
	if r.paid != 0 {
		o.PaidAt = db.Time(r.paid)
	}
	read := func(text string, v any) error {
		if text == "" || text == "null" || text == nothing {
			return nil
		}
		return json.Unmarshal([]byte(text), v)
	}
	return o, errors.Join(read(r.lines, &o.Lines), read(r.got, &o.Got), read(r.refund, &o.Refund))
}

func scanOrder(s db.Scanner) (Order, error) {
	var r orderRow
	if err := s.Scan(r.dest()...); err != nil {
		return r.o, err
	}
	return r.finish()
}

// nothing is a struct without a value, as it is stored.
const nothing = "{}"

func asText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs of numbers and texts
	}
	return string(b)
}

func refundText(r Refund) string {
	if r == (Refund{}) {
		return nothing
	}
	return asText(r)
}

func insertOrder(tx *db.Tx, o Order) error {
	return tx.Exec(`INSERT INTO payment_order (`+orderColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21)`,
		o.ID, o.Source.Type, o.Source.ID, o.Source.Code, o.Payer, o.Account, o.Unit, asText(o.Lines), o.Amount, string(o.State), o.Reference,
		db.Millis(o.OpenedAt), instant(o.ExpiresAt), instant(o.PaidAt), o.Version, asText(o.Got), string(o.Void), refundText(o.Refund), o.Dispute, o.Why, o.Renews)
}

// updateOrder writes o, which was read at o.Version, if nobody moved it since.
func updateOrder(tx *db.Tx, o Order) error {
	return tx.Guard(errMoved, `UPDATE payment_order SET state = $3, paid_at = $4, got = $5, void = $6, refund = $7, dispute = $8, why = $9, version = version + 1
 WHERE id = $1 AND version = $2`, o.ID, o.Version, string(o.State), instant(o.PaidAt), asText(o.Got), string(o.Void), refundText(o.Refund), o.Dispute, o.Why)
}

func findOrder(q db.Querier, v OrderID) (Order, error) {
	o, err := db.One(q, scanOrder, `SELECT `+orderColumns+` FROM payment_order WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		return o, errs.E(errs.NotFound, "payment.none", errs.Cause(err))
	}
	return o, err
}

// told is what is known of money that somebody tells of: the notice, where it was counted before,
// and the order that it names. A reference that somebody knows asks for both at once.
func told(q db.Querier, n Notice) (was counted, again bool, o Order, err error) {
	if n.Reference == "" {
		was, again, err = findNotice(q, n.Way, n.External)
		return was, again, o, err
	}
	var id, amount, of *int64
	var digest, via *string
	o, err = db.One(q, func(s db.Scanner) (Order, error) {
		var r orderRow
		if err := s.Scan(append(r.dest(), &id, &amount, &of, &digest, &via)...); err != nil {
			return r.o, err
		}
		return r.finish()
	}, `SELECT `+orderOfNotice+`, n.id, n.amount, n.order_id, n.digest, n.via
 FROM payment_order o LEFT JOIN payment_notice n ON n.way = $2 AND n.external = $3 WHERE o.reference = $1`, n.Reference, string(n.Way), n.External)
	switch {
	case errs.Is(err, errs.NotFound):
		was, again, err = findNotice(q, n.Way, n.External)
		return was, again, Order{}, err
	case err != nil || id == nil:
		return was, false, o, err
	}
	return counted{ID: *id, Way: n.Way, External: n.External, Digest: *digest, Order: OrderID(*of), Amount: *amount, Via: *via}, true, o, nil
}

// orderOf is the order with a reference; the zero Order where there is none.
func orderOf(q db.Querier, reference string) (Order, error) {
	if reference == "" {
		return Order{}, nil
	}
	o, err := db.One(q, scanOrder, `SELECT `+orderColumns+` FROM payment_order WHERE reference = $1`, reference)
	if errs.Is(err, errs.NotFound) {
		return Order{}, nil
	}
	return o, err
}

// successorSQL: the index holds no order that is the first of its fee. Without the second condition
// all orders would be read.
const successorSQL = `SELECT ` + orderColumns + ` FROM payment_order WHERE renews = $1 AND renews <> 0`

// successor is the order that took the place of one.
func successor(q db.Querier, v OrderID) (Order, error) {
	return db.One(q, scanOrder, successorSQL, v)
}

func ordersOf(q db.Querier, s Source) ([]Order, error) {
	return db.All(q, scanOrder, `SELECT `+orderColumns+` FROM payment_order WHERE source_id = $1 AND source_type = $2 ORDER BY id`, s.ID, s.Type)
}

func ordersOfUnit(q db.Querier, u orgunit.UnitID, state State, before OrderID, limit int) ([]Order, error) {
	return db.All(q, scanOrder, `SELECT `+orderColumns+` FROM payment_order WHERE unit = $1 AND id < $2 AND (state = $3 OR $3 = '') ORDER BY id DESC LIMIT $4`, u, before, string(state), limit)
}

func waiting(q db.Querier, after OrderID, limit int) ([]Order, error) {
	return db.All(q, scanOrder, `SELECT `+orderColumns+` FROM payment_order WHERE state IN ('open', 'partial') AND id > $1 ORDER BY id LIMIT $2`, after, limit)
}

// counted is a notice as kept.
type counted struct {
	ID       int64
	Way      Way
	External string
	Digest   string
	Order    OrderID
	Unit     orgunit.UnitID
	Amount   int64
	ToldAt   int64
	Via      string
	Shift    int64
	By       int64
}

const noticeColumns = `id, way, external, digest, order_id, unit, amount, told_at, via, shift, by_id`

func scanCounted(s db.Scanner) (c counted, err error) {
	err = s.Scan(&c.ID, &c.Way, &c.External, &c.Digest, &c.Order, &c.Unit, &c.Amount, &c.ToldAt, &c.Via, &c.Shift, &c.By)
	return c, err
}

func insertNotice(tx *db.Tx, c counted) error {
	return tx.Exec(`INSERT INTO payment_notice (`+noticeColumns+`, at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)`,
		c.ID, string(c.Way), c.External, c.Digest, c.Order, c.Unit, c.Amount, c.ToldAt, c.Via, c.Shift, c.By, db.Millis(tx.Now()))
}

func findNotice(q db.Querier, w Way, external string) (counted, bool, error) {
	c, err := db.One(q, scanCounted, `SELECT `+noticeColumns+` FROM payment_notice WHERE way = $1 AND external = $2`, string(w), external)
	if errs.Is(err, errs.NotFound) {
		return c, false, nil
	}
	return c, err == nil, err
}

func noticesOn(q db.Querier, u orgunit.UnitID, from, until int64) ([]counted, error) {
	return db.All(q, scanCounted, `SELECT `+noticeColumns+` FROM payment_notice WHERE unit = $1 AND told_at >= $2 AND told_at < $3 ORDER BY id`, u, from, until)
}

func insertMove(tx *db.Tx, id, txn int64, m Move, o OrderID) error {
	return tx.Exec(`INSERT INTO payment_move (id, txn, debit, credit, amount, order_id) VALUES ($1,$2,$3,$4,$5,$6)`,
		id, txn, m.To.String(), m.From.String(), m.Amount, o)
}

// tail sums the moves of an account above one id, up to another; 0 for no end.
func tail(q db.Querier, account string, above, upto int64) (int64, error) {
	if upto == 0 {
		upto = 1<<63 - 1
	}
	in, err := db.One(q, db.Value[int64], `SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment_move WHERE debit = $1 AND id > $2 AND id <= $3`, account, above, upto)
	if err != nil {
		return 0, err
	}
	out, err := db.One(q, db.Value[int64], `SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment_move WHERE credit = $1 AND id > $2 AND id <= $3`, account, above, upto)
	return in - out, err
}

type snapshot struct{ upto, balance int64 }

func lastSnapshot(q db.Querier, account string) (snapshot, error) {
	s, err := db.One(q, func(s db.Scanner) (x snapshot, err error) { err = s.Scan(&x.upto, &x.balance); return x, err },
		`SELECT upto, balance FROM payment_snapshot WHERE account = $1 ORDER BY upto DESC LIMIT 1`, account)
	if errs.Is(err, errs.NotFound) {
		return snapshot{}, nil
	}
	return s, err
}

func insertSnapshot(tx *db.Tx, account string, s snapshot) error {
	return tx.Exec(`INSERT INTO payment_snapshot (account, upto, balance) VALUES ($1,$2,$3) ON CONFLICT (account, upto) DO NOTHING`, account, s.upto, s.balance)
}

// touched are the accounts that moved above an id.
func touched(q db.Querier, above int64) ([]string, error) {
	return db.All(q, db.Value[string],
		`SELECT debit FROM payment_move WHERE id > $1 UNION SELECT credit FROM payment_move WHERE id > $1`, above)
}

func newestSnapshot(q db.Querier) (int64, error) {
	return db.One(q, db.Value[int64], `SELECT COALESCE(MAX(upto), 0) FROM payment_snapshot`)
}

func instant(t interface {
	IsZero() bool
	UnixMilli() int64
}) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
