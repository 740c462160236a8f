package db

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// Querier reads. Both *Tx and *View are one, so a store's read works in either.
type Querier interface {
	Query(sql string, args ...any) *Rows
	QueryRow(sql string, args ...any) *Row
	Now() time.Time
}

// session runs statements on one connection inside one transaction.
//
// Arguments come from bindAll and belong to the caller again after the call.
type session interface {
	query(sql string, args []any) cursor
	exec(sql string, args []any) error
	guard(miss error, sql string, args []any) error
}

// cursor walks the rows of one query. close may be called twice.
type cursor interface {
	next() bool
	scan(dest []any) error
	err() error
	close()
}

// Tx is one unit of work. It serves one goroutine, and only until fn returns.
// After a first error every call repeats it: the unit is rollback-only.
type Tx struct {
	db     *DB
	s      session
	now    time.Time
	open   bool  // rows of a query are being read
	args   []any // of the statement under way
	failed error
	ended  atomic.Bool
	hooks  []func()
	seals  []sealed
}

// Sealer gathers values of all units of one commit and runs once before it, so
// that a sequence (the journal's numbers) is given in commit order without a lock.
// Identity is the pointer.
type Sealer struct {
	// Fn gets the values in the order of the units. Its error undoes the whole
	// commit, and each unit is run again alone. It may run more than once.
	Fn func(tx *Tx, vals []any) error
}

type sealed struct {
	by *Sealer
	v  any
}

// Now is the instant at which the unit began, in milliseconds, the same at every call.
func (tx *Tx) Now() time.Time { return tx.now }

// Query reads rows, and sees what this unit wrote before. INSERT … RETURNING goes here too.
func (tx *Tx) Query(sql string, args ...any) *Rows {
	return &Rows{c: tx.query(sql, args)}
}

// QueryRow is Query for one row.
func (tx *Tx) QueryRow(sql string, args ...any) *Row { return &Row{c: tx.query(sql, args)} }

// query makes Tx a session, so that a View can read through a unit.
func (tx *Tx) query(sql string, args []any) cursor {
	if err := tx.ready(); err != nil {
		return failedCursor{err}
	}
	var err error
	if tx.args, err = bindAll(tx.args[:0], args); err != nil {
		return failedCursor{tx.fail(fmt.Errorf("%s: %w", brief(sql), err))}
	}
	tx.db.stats.queries.Add(1)
	tx.open = true
	began := tx.db.mark()
	return &txCursor{cursor: tx.s.query(sql, tx.args), tx: tx, sql: sql, began: began}
}

// txCursor tells the unit of its rows' errors and end.
type txCursor struct {
	cursor
	tx    *Tx
	sql   string
	began time.Time
}

func (c *txCursor) next() bool {
	if c.cursor.next() {
		return true
	}
	c.close()
	return false
}

func (c *txCursor) close() {
	if c.tx == nil {
		return
	}
	tx := c.tx
	c.tx = nil
	c.cursor.close()
	tx.open = false
	tx.db.slowSince(c.began, c.sql)
	_ = tx.fail(c.cursor.err())
}

// Exec writes. On PostgreSQL the statement may wait and travel with others; its
// error then comes from a later call or from InTx.
func (tx *Tx) Exec(sql string, args ...any) error { return tx.exec(sql, args) }

func (tx *Tx) exec(sql string, args []any) error {
	began, err := tx.begin(sql, args)
	if err != nil {
		return err
	}
	err = tx.s.exec(sql, tx.args)
	tx.db.slowSince(began, sql)
	return tx.fail(err)
}

// begin binds the arguments of a write into tx.args.
func (tx *Tx) begin(sql string, args []any) (began time.Time, err error) {
	if err := tx.ready(); err != nil {
		return began, err
	}
	if tx.args, err = bindAll(tx.args[:0], args); err != nil {
		return began, tx.fail(fmt.Errorf("%s: %w", brief(sql), err))
	}
	tx.db.stats.writes.Add(1)
	return tx.db.mark(), nil
}

// Guard writes and must change at least one row; otherwise the whole unit fails
// with miss and nothing of it is kept. On PostgreSQL miss may come from a later
// call or from InTx.
func (tx *Tx) Guard(miss error, sql string, args ...any) error { return tx.guard(miss, sql, args) }

func (tx *Tx) guard(miss error, sql string, args []any) error {
	began, err := tx.begin(sql, args)
	if err != nil {
		return err
	}
	err = tx.s.guard(miss, sql, tx.args)
	tx.db.slowSince(began, sql)
	return tx.fail(err)
}

// AfterCommit runs f on the caller's goroutine once this unit is durable, before
// InTx returns. In a Sealer it runs on the writer, before the next commit begins.
func (tx *Tx) AfterCommit(f func()) { tx.hooks = append(tx.hooks, f) }

// AtSeal hands v to s, which runs once for all units of the commit. Only where
// SingleWriter is true; elsewhere the unit fails.
func (tx *Tx) AtSeal(s *Sealer, v any) {
	if !tx.db.SingleWriter() {
		_ = tx.fail(errNotOnly)
		return
	}
	tx.seals = append(tx.seals, sealed{s, v})
}

// join runs fn inside this unit.
func (tx *Tx) join(ctx context.Context, fn func(context.Context, *Tx) error) error {
	if tx.failed != nil {
		return tx.failed
	}
	returned := false
	defer func() {
		if !returned { // a panic on its way: whoever recovers it must not commit half
			_ = tx.fail(errInnerPanic)
		}
	}()
	err := fn(ctx, tx)
	returned = true
	if err != nil {
		_ = tx.fail(err)
	}
	return err
}

// fail makes the unit rollback-only; the first error stays.
func (tx *Tx) fail(err error) error {
	if err != nil && tx.failed == nil {
		tx.failed = err
	}
	return err
}

func (tx *Tx) ready() error {
	switch {
	case tx.ended.Load():
		return errEnded
	case tx.failed != nil:
		return tx.failed
	case tx.open:
		return tx.fail(errOpen)
	}
	return nil
}

// View reads one snapshot of the database.
type View struct {
	s   session
	now time.Time
}

// Now is the instant at which the view began, in milliseconds.
func (v *View) Now() time.Time { return v.now }

// Query reads rows.
func (v *View) Query(sql string, args ...any) *Rows { return &Rows{c: v.s.query(sql, args)} }

// QueryRow reads one row.
func (v *View) QueryRow(sql string, args ...any) *Row { return &Row{c: v.s.query(sql, args)} }

// counted binds and counts the queries of a View.
type counted struct {
	session
	db   *DB
	args []any
}

func (c *counted) query(sql string, args []any) cursor {
	var err error
	if c.args, err = bindAll(c.args[:0], args); err != nil {
		return failedCursor{fmt.Errorf("%s: %w", brief(sql), err)}
	}
	c.db.stats.queries.Add(1)
	began := c.db.mark()
	return &timed{cursor: c.session.query(sql, c.args), db: c.db, sql: sql, began: began}
}
