package db

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"khue/internal/kernel/errs"
)

// pgEngine is PostgreSQL: several workers that commit groups of units, and a pool
// of read-only connections beside them.
type pgEngine struct {
	db      *DB
	q       *queue
	writers *pgxpool.Pool
	readers *pgxpool.Pool
	workers sync.WaitGroup
}

// migrationLock is the advisory lock under which one process migrates.
const migrationLock = 0x6b687565 // "khue"

func openPostgres(ctx context.Context, d *DB, url string) (engine, error) {
	writers, err := pgPool(ctx, url, d.cfg.Workers+1, map[string]string{
		"lock_timeout": "250", "idle_in_transaction_session_timeout": "60000",
	})
	if err != nil {
		return nil, err
	}
	readers, err := pgPool(ctx, url, d.cfg.Readers, map[string]string{
		"statement_timeout": strconv.FormatInt(viewLimit.Milliseconds(), 10), "default_transaction_read_only": "on",
		"idle_in_transaction_session_timeout": "60000",
	})
	if err != nil {
		writers.Close()
		return nil, err
	}
	e := &pgEngine{db: d, q: newQueue(), writers: writers, readers: readers}
	if err := writers.Ping(ctx); err != nil {
		writers.Close()
		readers.Close()
		return nil, err
	}
	warnIfNotDurable(ctx, d, writers)
	for range d.cfg.Workers {
		e.workers.Add(1)
		go (&pgWorker{e: e}).loop()
	}
	go func() {
		e.workers.Wait()
		close(e.q.stopped)
	}()
	return e, nil
}

// warnIfNotDurable tells the operator when the server forgets what it acknowledged.
func warnIfNotDurable(ctx context.Context, d *DB, pool *pgxpool.Pool) {
	if d.cfg.Strict { // tests do without on purpose
		return
	}
	var off string
	err := pool.QueryRow(ctx, carelessSQL).Scan(&off)
	if err != nil || off != "" {
		d.cfg.Log.Warn("db: the server may lose acknowledged writes; switch these on", "settings", off, "error", err)
	}
}

func pgPool(ctx context.Context, url string, size int, params map[string]string) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = int32(size) //nolint:gosec // a handful
	for k, v := range params {
		cfg.ConnConfig.RuntimeParams[k] = v
	}
	cfg.ConnConfig.RuntimeParams["application_name"] = "khue"
	cfg.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		// Statements here are short; compiling one over partitions takes longer than running it.
		_, err := c.Exec(ctx, "SET jit = off")
		return err
	}
	cfg.ConnConfig.ConnectTimeout = 10 * time.Second
	return pgxpool.NewWithConfig(ctx, cfg)
}

func (e *pgEngine) name() string { return enginePostgres }

func (e *pgEngine) run(u *unit) error { return e.q.submit(u) }

const beginView = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

// view reads in one snapshot. BEGIN travels with the first query, and the caller
// does not wait for the end of the transaction.
func (e *pgEngine) view(ctx context.Context, _ bool, fn func(session) error) error {
	c, err := e.readers.Acquire(ctx)
	if err != nil {
		return unreached(ctx, err)
	}
	s := newPgSession(ctx, c.Conn(), beginView)
	defer func() {
		if s.begin != "" { // nothing was asked
			c.Release()
			return
		}
		if s.open != nil {
			s.open.close()
		}
		go func() {
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), viewLimit)
			defer cancel()
			s.ctx = end
			s.rollback()
			c.Release()
		}()
	}()
	return fn(s)
}

// unreached says that no connection was to be had.
func unreached(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	return errs.E(errs.Unavailable, keyAway, errs.Cause(err))
}

// exclusive runs fn under the migration lock, in one transaction.
func (e *pgEngine) exclusive(ctx context.Context, fn func(session) error) error {
	c, err := e.writers.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	s := newPgSession(context.WithoutCancel(ctx), c.Conn(), "BEGIN")
	_ = s.exec("SET LOCAL lock_timeout = 0", nil)
	err = s.exec("SELECT pg_advisory_xact_lock("+strconv.Itoa(migrationLock)+")", nil)
	if err == nil {
		err = s.flush()
	}
	if err == nil {
		err = fn(s)
	}
	if err == nil {
		err = s.commit()
	}
	if err != nil {
		s.rollback()
	}
	return err
}

func (e *pgEngine) close() error {
	e.q.close()
	e.workers.Wait()
	e.writers.Close()
	e.readers.Close()
	return nil
}

// retryable reports whether the same unit may succeed when run again.
func retryable(err error) bool { return refusedBy(err, refusedBusy) }
