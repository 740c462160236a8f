package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"modernc.org/sqlite"
)

// liteConn is one SQLite connection with its prepared statements. It goes to
// the driver directly; database/sql costs more than many of our statements.
type liteConn struct {
	c     driver.Conn
	stmts map[string]driver.Stmt
	nv    []driver.NamedValue
}

// maxStmts bounds the statements kept; module SQL is constant text, so more
// means that somebody builds it.
const maxStmts = 1000

func openLite(dsn string, pragmas ...string) (*liteConn, error) {
	c, err := (&sqlite.Driver{}).Open(dsn)
	if err != nil {
		return nil, err
	}
	l := &liteConn{c: c, stmts: map[string]driver.Stmt{}}
	for _, p := range pragmas {
		if err := l.run("PRAGMA " + p); err != nil {
			_ = l.close()
			return nil, err
		}
	}
	return l, nil
}

func (l *liteConn) stmt(sql string) (driver.Stmt, error) {
	if s, ok := l.stmts[sql]; ok {
		return s, nil
	}
	if len(l.stmts) >= maxStmts {
		l.forget()
	}
	s, err := l.c.Prepare(sql)
	if err != nil {
		return nil, liteError(sql, err)
	}
	l.stmts[sql] = s
	return s, nil
}

func (l *liteConn) forget() {
	for k, s := range l.stmts {
		_ = s.Close()
		delete(l.stmts, k)
	}
}

func (l *liteConn) args(args []any) []driver.NamedValue {
	l.nv = l.nv[:0]
	for i, a := range args {
		l.nv = append(l.nv, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return l.nv
}

// run executes a text of one or more statements, uncached.
func (l *liteConn) run(sql string) error {
	_, err := l.c.(driver.ExecerContext).ExecContext(context.Background(), sql, nil)
	return liteError(sql, err)
}

// change executes one prepared statement and returns the rows that it changed.
func (l *liteConn) change(sql string, args []any) (int64, error) {
	s, err := l.stmt(sql)
	if err != nil {
		return 0, err
	}
	r, err := s.(driver.StmtExecContext).ExecContext(context.Background(), l.args(args))
	if err != nil {
		return 0, liteError(sql, err)
	}
	return r.RowsAffected()
}

func (l *liteConn) exec(sql string, args []any) error {
	_, err := l.change(sql, args)
	return err
}

func (l *liteConn) guard(miss error, sql string, args []any) error {
	n, err := l.change(sql, args)
	if err == nil && n == 0 {
		return miss
	}
	return err
}

func (l *liteConn) query(sql string, args []any) cursor {
	s, err := l.stmt(sql)
	if err != nil {
		return failedCursor{err}
	}
	r, err := s.(driver.StmtQueryContext).QueryContext(context.Background(), l.args(args))
	if err != nil {
		return failedCursor{liteError(sql, err)}
	}
	return &liteCursor{r: r, sql: sql, vals: make([]driver.Value, len(r.Columns()))}
}

func (l *liteConn) close() error {
	l.forget()
	return l.c.Close()
}

type liteCursor struct {
	r    driver.Rows
	sql  string
	vals []driver.Value
	e    error
	over bool
}

func (c *liteCursor) next() bool {
	if c.over {
		return false
	}
	if err := c.r.Next(c.vals); err != nil {
		if !errors.Is(err, io.EOF) {
			c.e = liteError(c.sql, err)
		}
		c.close()
		return false
	}
	return true
}

func (c *liteCursor) scan(dest []any) error {
	if len(dest) != len(c.vals) {
		return fmt.Errorf("%s: %d columns into %d variables", brief(c.sql), len(c.vals), len(dest))
	}
	for i, d := range dest {
		if err := assign(d, c.vals[i]); err != nil {
			return fmt.Errorf("%s: column %d: %w", brief(c.sql), i+1, err)
		}
	}
	return nil
}

func (c *liteCursor) err() error { return c.e }

func (c *liteCursor) close() {
	if c.over {
		return
	}
	c.over = true
	if err := c.r.Close(); err != nil && c.e == nil {
		c.e = liteError(c.sql, err)
	}
}

// Extended result codes of SQLite that callers may act on.
const (
	liteUnique     = 2067
	litePrimaryKey = 1555
	liteRowid      = 2579
	liteForeignKey = 787
	liteCheck      = 275
	liteNotNull    = 1299
)

// liteError classifies the driver's error.
func liteError(sql string, err error) error {
	if err == nil {
		return nil
	}
	e := &stmtError{sql: sql, err: err}
	var le *sqlite.Error
	if errors.As(err, &le) {
		switch le.Code() {
		case liteUnique, litePrimaryKey, liteRowid:
			e.class = refusedUnique
		case liteForeignKey:
			e.class = refusedForeign
		case liteCheck, liteNotNull:
			e.class = refusedCheck
		}
	}
	return e
}
