package waiting

import (
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

func findOpening(q db.Querier, service string, from time.Time) (o opening, found bool, err error) {
	var at, drawn int64
	err = q.QueryRow(`SELECT id, from_at, seed, secret, drawn_at FROM waiting_opening WHERE service = $1 AND from_at = $2`, service, db.Millis(from)).
		Scan(&o.id, &at, &o.seed, &o.secret, &drawn)
	if errs.Is(err, errs.NotFound) {
		return o, false, nil
	}
	o.from, o.drawn = db.Time(at), drawn != 0
	return o, err == nil, err
}

func insertOpening(tx *db.Tx, service string, o opening) error {
	return tx.Exec(`INSERT INTO waiting_opening (id, service, from_at, seed, secret, drawn_at) VALUES ($1,$2,$3,$4,$5,0)`,
		o.id, service, db.Millis(o.from), o.seed, o.secret)
}

func markDrawn(tx *db.Tx, opening int64) error {
	return tx.Guard(errRaced, `UPDATE waiting_opening SET drawn_at = $2 WHERE id = $1 AND drawn_at = 0`, opening, db.Millis(tx.Now()))
}

// row is a ticket as kept.
type row struct {
	Ticket
	ord     int64
	dossier int64
}

func scanRow(s db.Scanner) (r row, err error) {
	var at int64
	err = s.Scan(&r.ID, &r.Account, &at, &r.ord, &r.dossier)
	r.Arrived = db.Time(at)
	return r, err
}

const ticketColumns = `id, account, arrived_at, ord, dossier`

func findTicket(q db.Querier, opening, account int64) (r row, found bool, err error) {
	r, err = db.One(q, scanRow, `SELECT `+ticketColumns+` FROM waiting_ticket WHERE opening = $1 AND account = $2`, opening, account)
	if errs.Is(err, errs.NotFound) {
		return r, false, nil
	}
	return r, err == nil, err
}

func insertTicket(tx *db.Tx, opening int64, r row) error {
	return tx.Exec(`INSERT INTO waiting_ticket (id, opening, account, arrived_at, ord, dossier) VALUES ($1,$2,$3,$4,$5,0)`,
		r.ID, opening, r.Account, db.Millis(r.Arrived), r.ord)
}

// requeue moves a ticket whose time ran out to the end, if it still stands where it stood.
func requeue(tx *db.Tx, opening int64, was, is row) error {
	return tx.Guard(errRaced, `UPDATE waiting_ticket SET arrived_at = $4, ord = $5 WHERE opening = $1 AND account = $2 AND ord = $3 AND dossier = 0`,
		opening, was.Account, was.ord, db.Millis(is.Arrived), is.ord)
}

// useTicket writes down what was filed with a ticket, if it still stands where it stood.
func useTicket(tx *db.Tx, opening int64, r row, dossier int64) error {
	return tx.Guard(errUsed, `UPDATE waiting_ticket SET dossier = $4 WHERE opening = $1 AND account = $2 AND ord = $3 AND dossier = 0`,
		opening, r.Account, r.ord, dossier)
}

func forgetTicket(tx *db.Tx, opening, dossier int64) error {
	return tx.Exec(`DELETE FROM waiting_ticket WHERE opening = $1 AND dossier = $2`, opening, dossier)
}

// arrivals are the tickets that were taken since an instant.
func arrivals(q db.Querier, opening int64, since time.Time) ([]row, error) {
	return db.All(q, scanRow, `SELECT `+ticketColumns+` FROM waiting_ticket WHERE opening = $1 AND arrived_at >= $2`, opening, db.Millis(since))
}

// early are the numbers of the tickets that take part in the draw, in order.
func early(q db.Querier, opening int64) ([]int64, error) {
	return db.All(q, db.Value[int64], `SELECT id FROM waiting_ticket WHERE opening = $1 AND ord < $2 ORDER BY ord`, opening, lateBit)
}

func batchesAfter(q db.Querier, opening, seq int64) ([]batch, error) {
	return db.All(q, func(s db.Scanner) (b batch, err error) {
		var at int64
		err = s.Scan(&b.seq, &b.upto, &b.n, &at)
		b.at = db.Time(at)
		return b, err
	}, `SELECT seq, upto, n, at FROM waiting_batch WHERE opening = $1 AND seq > $2 ORDER BY seq`, opening, seq)
}

func insertBatch(tx *db.Tx, opening int64, b batch) error {
	return tx.Exec(`INSERT INTO waiting_batch (opening, seq, upto, n, at) VALUES ($1,$2,$3,$4,$5)`, opening, b.seq, b.upto, b.n, db.Millis(b.at))
}

// next are the orders of the first n who stand beyond an order.
func next(q db.Querier, opening, beyond int64, n int) ([]int64, error) {
	return db.All(q, db.Value[int64], `SELECT ord FROM waiting_ticket WHERE opening = $1 AND ord > $2 AND dossier = 0 ORDER BY ord LIMIT $3`, opening, beyond, n)
}

// countBetween counts who may file now: let in, nothing filed, time left.
func countBetween(q db.Querier, opening, beyond, upto int64) (n int, err error) {
	return n, q.QueryRow(`SELECT COUNT(*) FROM waiting_ticket WHERE opening = $1 AND ord > $2 AND ord <= $3 AND dossier = 0`, opening, beyond, upto).Scan(&n)
}

func countTaken(q db.Querier, opening int64) (n int, err error) {
	return n, q.QueryRow(`SELECT COUNT(*) FROM waiting_place WHERE opening = $1`, opening).Scan(&n)
}

// numbers are the places of a quota that are taken.
func numbers(q db.Querier, opening int64, quota string) ([]int64, error) {
	return db.All(q, db.Value[int64], `SELECT n FROM waiting_place WHERE opening = $1 AND quota = $2`, opening, quota)
}

// place is who holds one.
type place struct {
	dossier, opening, n int64
	quota, holder       string
}

func insertPlace(tx *db.Tx, p place) error {
	return tx.Exec(`INSERT INTO waiting_place (dossier, opening, quota, n, holder, taken_at) VALUES ($1,$2,$3,$4,$5,$6)`,
		p.dossier, p.opening, p.quota, p.n, p.holder, db.Millis(tx.Now()))
}

func placeOf(q db.Querier, dossier int64) (p place, found bool, err error) {
	p, err = db.One(q, func(s db.Scanner) (p place, err error) {
		err = s.Scan(&p.dossier, &p.opening, &p.quota, &p.n, &p.holder)
		return p, err
	}, `SELECT dossier, opening, quota, n, holder FROM waiting_place WHERE dossier = $1`, dossier)
	if errs.Is(err, errs.NotFound) {
		return p, false, nil
	}
	return p, err == nil, err
}

func held(q db.Querier, opening int64, holder string) (yes bool, err error) {
	var n int
	err = q.QueryRow(`SELECT COUNT(*) FROM waiting_place WHERE opening = $1 AND holder = $2`, opening, holder).Scan(&n)
	return n > 0, err
}

func numberTaken(q db.Querier, opening int64, quota string, number int64) (yes bool, err error) {
	var n int
	err = q.QueryRow(`SELECT COUNT(*) FROM waiting_place WHERE opening = $1 AND quota = $2 AND n = $3`, opening, quota, number).Scan(&n)
	return n > 0, err
}

func removePlace(tx *db.Tx, dossier int64) error {
	return tx.Guard(errRaced, `DELETE FROM waiting_place WHERE dossier = $1`, dossier)
}
