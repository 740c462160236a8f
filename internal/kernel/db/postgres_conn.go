package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"khue/internal/kernel/errs"
)

// pgSession is a transaction whose writes wait and travel in one pipelined batch,
// with BEGIN before the first and COMMIT behind the last. A read sends them first.
type pgSession struct {
	ctx    context.Context //nolint:containedctx // never cancelled: one caller's must not undo its neighbours
	conn   *pgx.Conn
	items  []pgItem     // queued, not sent
	arena  []any        // the arguments of items
	begin  string       // sent before the first statement; then empty
	unit   int          // whose statements come now
	wrote  map[int]bool // units of which something was sent
	broken *pgBreak     // the server refused: the transaction is lost
	open   *pgCursor

	ending  bool // COMMIT was sent
	unknown bool // the connection broke while COMMIT was under way
}

type pgItem struct {
	sql   string
	args  []any
	miss  error
	unit  int
	guard bool
}

// pgBreak is what the server refused and whose it was; unit is -1 when unknown.
type pgBreak struct {
	unit int
	err  error
}

func newPgSession(ctx context.Context, conn *pgx.Conn, begin string) *pgSession {
	return &pgSession{ctx: ctx, conn: conn, begin: begin, wrote: map[int]bool{}}
}

func (s *pgSession) exec(sql string, args []any) error {
	return s.queue(pgItem{sql: sql, args: args, unit: s.unit})
}

func (s *pgSession) guard(miss error, sql string, args []any) error {
	return s.queue(pgItem{sql: sql, args: args, miss: miss, unit: s.unit, guard: true})
}

func (s *pgSession) queue(it pgItem) error {
	if s.broken != nil {
		return s.broken.err
	}
	// The caller may change its slices before they are sent.
	from := len(s.arena)
	for _, a := range it.args {
		if b, ok := a.([]byte); ok && b != nil {
			a = slices.Clone(b)
		}
		s.arena = append(s.arena, a)
	}
	it.args = s.arena[from:len(s.arena):len(s.arena)]
	s.items = append(s.items, it)
	return nil
}

// guardMiss stands in the server's message when a guarded write changed nothing.
const guardMiss = "khue_guard_miss"

// guarded wraps a write so that the server itself fails when no row changed;
// otherwise what follows in the pipeline would commit without it. The cast fails
// only at run time, because count(*) is no constant.
func guarded(sql string) string {
	return "WITH g AS (" + strings.TrimRight(strings.TrimSpace(sql), ";") + " RETURNING 1) " +
		"SELECT CAST(CASE WHEN count(*) = 0 THEN '" + guardMiss + "' ELSE '1' END AS integer) FROM g"
}

// send sends what waits and then the statement last, and reads all results but
// that of last, which the caller reads from the batch it gets.
func (s *pgSession) send(last string, args []any) (pgx.BatchResults, error) {
	b := &pgx.Batch{}
	extra := 0
	if s.begin != "" {
		b.Queue(s.begin)
		s.begin, extra = "", 1
	}
	for _, it := range s.items {
		sql := it.sql
		if it.guard {
			sql = guarded(sql)
		}
		b.Queue(sql, it.args...)
		s.wrote[it.unit] = true
	}
	if last != "" {
		b.Queue(last, args...)
	}
	br := s.conn.SendBatch(s.ctx, b)
	for i := range extra + len(s.items) {
		if _, err := br.Exec(); err != nil {
			_ = br.Close()
			if i < extra {
				return nil, s.lose(-1, s.fault("BEGIN", err))
			}
			it := s.items[i-extra]
			return nil, s.lose(it.unit, it.err(s, err))
		}
	}
	s.items, s.arena = s.items[:0], s.arena[:0]
	return br, nil
}

func (it pgItem) err(s *pgSession, err error) error {
	var pe *pgconn.PgError
	if it.guard && errors.As(err, &pe) && pe.Code == "22P02" && strings.Contains(pe.Message, guardMiss) {
		return it.miss
	}
	return s.fault(it.sql, err)
}

func (s *pgSession) lose(unit int, err error) error {
	if s.broken == nil {
		s.broken = &pgBreak{unit, err}
	}
	return err
}

func (s *pgSession) query(sql string, args []any) cursor {
	if s.broken != nil {
		return failedCursor{s.broken.err}
	}
	if s.open != nil && !s.open.over {
		return failedCursor{errOpen}
	}
	if !readsOnly(sql) {
		s.wrote[s.unit] = true
	}
	br, err := s.send(sql, args)
	if err != nil {
		return failedCursor{err}
	}
	rows, err := br.Query()
	if err != nil {
		_ = br.Close()
		return failedCursor{s.lose(s.unit, s.fault(sql, err))}
	}
	s.open = &pgCursor{s: s, rows: rows, br: br, sql: sql}
	return s.open
}

// readsOnly is a cheap guess that errs on the side of a write.
func readsOnly(sql string) bool {
	sql = strings.TrimSpace(sql)
	return len(sql) >= 6 && strings.EqualFold(sql[:6], "select")
}

// run executes a text of several statements at once.
func (s *pgSession) run(sql string) error {
	if err := s.flush(); err != nil {
		return err
	}
	if _, err := s.conn.PgConn().Exec(s.ctx, sql).ReadAll(); err != nil {
		return s.lose(s.unit, s.fault(sql, err))
	}
	return nil
}

// flush sends what waits.
func (s *pgSession) flush() error {
	if s.broken != nil {
		return s.broken.err
	}
	if len(s.items) == 0 && s.begin == "" {
		return nil
	}
	br, err := s.send("", nil)
	if err != nil {
		return err
	}
	if err := br.Close(); err != nil {
		return s.lose(-1, s.fault("flush", err))
	}
	return nil
}

// doubt passes err on when the server refused, and so did not commit, or when nothing reached
// it; a connection that broke leaves it open whether COMMIT happened, and nothing may be run
// again: the caller's request key tells, once the server is back.
func (s *pgSession) doubt(err error) error {
	var pe *pgconn.PgError
	if errors.As(err, &pe) || !s.conn.IsClosed() || pgconn.SafeToRetry(err) {
		return err
	}
	return s.lost(err)
}

func (s *pgSession) lost(err error) error {
	s.unknown = true
	s.broken = &pgBreak{-1, errs.E(errs.Unavailable, "db.unknown", errs.Cause(err))}
	return s.broken.err
}

// commit sends what waits together with COMMIT and waits for its word.
func (s *pgSession) commit() error {
	if s.broken != nil {
		return s.broken.err
	}
	if len(s.items) == 0 && s.begin != "" {
		return nil // nothing was ever sent
	}
	s.ending = true
	br, err := s.send("COMMIT", nil)
	if err != nil {
		return s.doubt(err)
	}
	tag, err := br.Exec()
	cerr := br.Close()
	if err == nil && tag.String() == "COMMIT" {
		return nil // it is durable, whatever became of the connection behind this word
	}
	if err == nil {
		err = cerr
	}
	var pe *pgconn.PgError
	switch {
	case err == nil:
		return s.lose(-1, fmt.Errorf("db: COMMIT answered %q", tag.String()))
	case errors.As(err, &pe) && pe.Severity != "ERROR":
		// The server went down while it committed: it may have, here or on its standby.
		return s.lost(err)
	}
	return s.doubt(s.lose(-1, s.fault("COMMIT", err)))
}

// rollback ends the transaction without a trace; the connection is closed when
// that cannot be said.
func (s *pgSession) rollback() {
	if s.open != nil {
		s.open.close()
	}
	if s.begin != "" || s.conn.IsClosed() {
		return
	}
	if _, err := s.conn.Exec(s.ctx, "ROLLBACK"); err != nil || s.broken != nil && s.away(s.broken.err) {
		_ = s.conn.Close(s.ctx)
	}
}

// discard forgets what unit queued; false when some of it was sent already.
func (s *pgSession) discard(unit int) bool {
	if s.wrote[unit] {
		return false
	}
	s.items = slices.DeleteFunc(s.items, func(it pgItem) bool { return it.unit == unit })
	return true
}

type pgCursor struct {
	s    *pgSession
	rows pgx.Rows
	br   pgx.BatchResults
	sql  string
	e    error
	over bool
}

func (c *pgCursor) next() bool {
	if c.over {
		return false
	}
	if !c.rows.Next() {
		c.close()
		return false
	}
	return true
}

func (c *pgCursor) scan(dest []any) error {
	if err := c.rows.Scan(dest...); err != nil {
		c.close()
		return fmt.Errorf("%s: %w", brief(c.sql), err)
	}
	return nil
}

func (c *pgCursor) err() error { return c.e }

func (c *pgCursor) close() {
	if c.over {
		return
	}
	c.over = true
	c.rows.Close()
	err := c.rows.Err()
	if cerr := c.br.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		c.e = c.s.lose(c.s.unit, c.s.fault(c.sql, err))
	}
}

// pgError classifies the server's error.
func pgError(sql string, err error) error {
	e := &stmtError{sql: sql, err: err}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		switch pe.Code {
		case "23505":
			e.class = refusedUnique
		case "23503":
			e.class = refusedForeign
		case "23514", "23502":
			e.class = refusedCheck
		case "40001", "40P01", "55P03", "0A000", "57P01", "57P02", "57P03", codeReadOnly:
			// serialization, deadlock, lock timeout, a cached plan that outlived its
			// table, the server going down or no longer leading: the transaction is gone for certain
			e.class = refusedBusy
		}
	} else if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) && pgconn.SafeToRetry(err) {
		e.class = refusedBusy
	}
	return e
}

// codeReadOnly is the answer to a write by a server that follows another: it led when the
// connection was made.
const codeReadOnly = "25006"

// fault is pgError for a statement of this session. A broken connection is no fault of the
// program: the database is away, and before COMMIT was sent the unit can run again.
func (s *pgSession) fault(sql string, err error) error {
	err = pgError(sql, err)
	if !s.away(err) {
		return err
	}
	var e *stmtError
	if !s.ending && errors.As(err, &e) {
		e.class = refusedBusy
	}
	return errs.E(errs.Unavailable, keyAway, errs.Cause(err))
}

const keyAway = "db.away"

// away reports whether err is of a server that cannot be reached, is going down or no longer
// leads; then the connection is of no more use. A caller that gave up closes it too.
func (s *pgSession) away(err error) bool {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return pe.Severity != "ERROR" || pe.Code == codeReadOnly
	}
	return s.conn.IsClosed() && s.ctx.Err() == nil
}
