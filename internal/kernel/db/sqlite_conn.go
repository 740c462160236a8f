package db

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
)

// liteConn is one SQLite connection with its prepared statements. It speaks to
// the engine's own calls: database/sql and its driver cost half a statement more.
// One goroutine at a time.
type liteConn struct {
	c     *sqlite.Conn
	stmts map[string]*liteStmt
	stop  chan struct{} // closed to interrupt what runs; nil until first watched
}

// liteStmt is a prepared statement. SQLite numbers $3 by where it stands first, not
// by its number, so args says which argument each of its parameters takes.
type liteStmt struct {
	*sqlite.Stmt
	args []int
	most int // arguments needed
	cols int
	busy bool // its rows are being read
}

// maxStmts bounds the statements kept; module SQL is constant text, so more
// means that somebody builds it.
const maxStmts = 1000

func openLite(path string, pragmas ...string) (*liteConn, error) {
	c, err := sqlite.OpenConn(path, sqlite.OpenReadWrite|sqlite.OpenCreate)
	if err != nil {
		return nil, err
	}
	c.SetBusyTimeout(10 * time.Second)
	l := &liteConn{c: c, stmts: map[string]*liteStmt{}}
	for _, p := range pragmas {
		if err := l.run("PRAGMA " + p); err != nil {
			_ = l.close()
			return nil, err
		}
	}
	return l, nil
}

// steady writes a bound LIMIT so that SQLite does not plan by its value. Where it does, it prepares
// the statement again each time that one is bound, the same or another (sqlite3ExprIsInteger marks the
// parameter): 13 of the 21 µs of a read of one row. It does not look behind a plus.
func steady(sql string) string { return strings.ReplaceAll(sql, "LIMIT $", "LIMIT +$") }

// stmt gives sql prepared and reset.
func (l *liteConn) stmt(sql string) (*liteStmt, error) {
	if s, ok := l.stmts[sql]; ok {
		if s.busy {
			return nil, errOpen
		}
		return s, nil
	}
	if len(l.stmts) >= maxStmts {
		l.forget()
	}
	text := steady(sql)
	st, rest, err := l.c.PrepareTransient(text)
	if err != nil {
		return nil, liteError(sql, err)
	}
	if tail := strings.TrimSpace(text[len(text)-rest:]); tail != "" {
		_ = st.Finalize()
		return nil, fmt.Errorf("%s: more than one statement", brief(sql))
	}
	s := &liteStmt{Stmt: st, cols: st.ColumnCount()}
	for i := range st.BindParamCount() {
		name := st.BindParamName(i + 1)
		n, err := strconv.Atoi(strings.TrimPrefix(name, "$"))
		if err != nil || n < 1 || name[0] != '$' {
			_ = st.Finalize()
			return nil, fmt.Errorf("%s: parameter %q; write $1, $2, …", brief(sql), name)
		}
		s.args = append(s.args, n-1)
		s.most = max(s.most, n)
	}
	l.stmts[sql] = s
	return s, nil
}

func (l *liteConn) forget() {
	for k, s := range l.stmts {
		if !s.busy {
			_ = s.Finalize()
			delete(l.stmts, k)
		}
	}
}

// bind gives the statement its arguments, as bindAll made them.
func (s *liteStmt) bind(sql string, args []any) error {
	if len(args) != s.most {
		return fmt.Errorf("%s: %d arguments for %d parameters", brief(sql), len(args), s.most)
	}
	for i, n := range s.args {
		switch v := args[n].(type) {
		case nil:
			s.BindNull(i + 1)
		case int64:
			s.BindInt64(i+1, v)
		case string:
			s.BindText(i+1, v)
		case []byte:
			if v == nil {
				s.BindNull(i + 1)
			} else {
				s.BindBytes(i+1, v)
			}
		case bool:
			s.BindBool(i+1, v)
		case float64:
			s.BindFloat(i+1, v)
		default:
			return fmt.Errorf("%s: argument $%d is a %T", brief(sql), n+1, v)
		}
	}
	return nil
}

// run executes a text of one or more statements, uncached.
func (l *liteConn) run(sql string) error {
	for {
		sql = strings.TrimSpace(sql)
		if sql == "" {
			return nil
		}
		st, rest, err := l.c.PrepareTransient(sql)
		if err != nil {
			return liteError(sql, err)
		}
		for more := st.ColumnCount() >= 0; more && err == nil; {
			more, err = st.Step()
		}
		if ferr := st.Finalize(); err == nil {
			err = ferr
		}
		if err != nil {
			return liteError(sql, err)
		}
		sql = sql[len(sql)-rest:]
	}
}

// change executes one prepared statement to its end; Changes tells what it did.
func (l *liteConn) change(sql string, args []any) error {
	s, err := l.stmt(sql)
	if err != nil {
		return err
	}
	if err := s.bind(sql, args); err != nil {
		return err
	}
	for more := true; more; {
		if more, err = s.Step(); err != nil {
			return liteError(sql, err)
		}
	}
	if err := s.Reset(); err != nil {
		return liteError(sql, err)
	}
	return nil
}

func (l *liteConn) exec(sql string, args []any) error { return l.change(sql, args) }

func (l *liteConn) guard(miss error, sql string, args []any) error {
	if err := l.change(sql, args); err != nil {
		return err
	}
	if l.c.Changes() == 0 {
		return miss
	}
	return nil
}

func (l *liteConn) query(sql string, args []any) cursor {
	s, err := l.stmt(sql)
	if err != nil {
		return failedCursor{err}
	}
	if err := s.bind(sql, args); err != nil {
		return failedCursor{err}
	}
	s.busy = true
	return &liteCursor{s: s, sql: sql}
}

// watch lets the end of ctx interrupt what the connection runs, until unwatch. The library
// keeps a goroutine for each channel it is given: one for many views, not one for each.
func (l *liteConn) watch(ctx context.Context) (unwatch func()) {
	if l.stop == nil {
		l.stop = make(chan struct{})
		l.c.SetInterrupt(l.stop)
	}
	stop := l.stop
	unused := context.AfterFunc(ctx, func() { close(stop) })
	return func() {
		if !unused() { // it was, or is about to be, closed
			l.c.SetInterrupt(nil)
			l.stop = nil
		}
	}
}

// reset ends reads that a unit left open.
func (l *liteConn) reset() {
	for _, s := range l.stmts {
		if s.busy {
			s.busy = false
			_ = s.Reset()
		}
	}
}

// inTransaction reports whether BEGIN still holds; some errors end it by themselves.
func (l *liteConn) inTransaction() bool { return !l.c.AutocommitEnabled() }

func (l *liteConn) close() error {
	l.forget()
	return l.c.Close()
}

// liteCursor steps the statement as it is read.
type liteCursor struct {
	s    *liteStmt
	sql  string
	e    error
	over bool
}

func (c *liteCursor) next() bool {
	if c.over {
		return false
	}
	more, err := c.s.Step()
	if err != nil {
		c.e = liteError(c.sql, err)
	}
	if !more {
		c.close()
	}
	return more
}

func (c *liteCursor) scan(dest []any) error {
	if c.over {
		return fmt.Errorf("%s: Scan without a row", brief(c.sql))
	}
	if len(dest) != c.s.cols {
		return fmt.Errorf("%s: %d columns into %d variables", brief(c.sql), c.s.cols, len(dest))
	}
	for i, d := range dest {
		if err := c.s.column(i, d); err != nil {
			return fmt.Errorf("%s: column %d: %w", brief(c.sql), i+1, err)
		}
	}
	return nil
}

// column copies column i; the common variables without boxing.
func (s *liteStmt) column(i int, dest any) error {
	t := s.ColumnType(i)
	switch d := dest.(type) {
	case *int64:
		if t == sqlite.TypeInteger {
			*d = s.ColumnInt64(i)
			return nil
		}
	case *int:
		if t == sqlite.TypeInteger {
			*d = int(s.ColumnInt64(i))
			return nil
		}
	case *string:
		if t == sqlite.TypeText {
			*d = s.ColumnText(i)
			return nil
		}
	case *bool:
		if t == sqlite.TypeInteger {
			*d = s.ColumnInt64(i) != 0
			return nil
		}
	case *[]byte:
		if t == sqlite.TypeBlob || t == sqlite.TypeText {
			*d = s.bytes(i)
			return nil
		}
	case *json.RawMessage:
		if t == sqlite.TypeText {
			*d = s.bytes(i)
			return nil
		}
	}
	var v any
	switch t {
	case sqlite.TypeInteger:
		v = s.ColumnInt64(i)
	case sqlite.TypeFloat:
		v = s.ColumnFloat(i)
	case sqlite.TypeText:
		v = s.ColumnText(i)
	case sqlite.TypeBlob:
		v = s.bytes(i)
	case sqlite.TypeNull:
	}
	return assign(dest, v)
}

func (s *liteStmt) bytes(i int) []byte {
	b := make([]byte, s.ColumnLen(i))
	s.ColumnBytes(i, b)
	return b
}

func (c *liteCursor) err() error { return c.e }

func (c *liteCursor) close() {
	if c.over {
		return
	}
	c.over = true
	c.s.busy = false
	// Reset repeats the error of the last Step, which next has told.
	if err := c.s.Reset(); err != nil && c.e == nil {
		c.e = liteError(c.sql, err)
	}
}

// liteError classifies SQLite's error.
func liteError(sql string, err error) error {
	if err == nil {
		return nil
	}
	e := &stmtError{sql: sql, err: err}
	switch sqlite.ErrCode(err) { //nolint:exhaustive // the classes that callers act on
	case sqlite.ResultConstraintUnique, sqlite.ResultConstraintPrimaryKey, sqlite.ResultConstraintRowID:
		e.class = refusedUnique
	case sqlite.ResultConstraintForeignKey:
		e.class = refusedForeign
	case sqlite.ResultConstraintCheck, sqlite.ResultConstraintNotNull:
		e.class = refusedCheck
	}
	return e
}
