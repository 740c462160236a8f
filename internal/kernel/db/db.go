package db

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
)

// Messages are the sentences of this package's errors.
//
//go:embed i18n/*.yaml
var Messages embed.FS

// viewLimit ends a View; a page that reads longer is wrong.
const viewLimit = 5 * time.Second

// DB is an open database. Safe for concurrent use.
type DB struct {
	cfg     Config
	eng     engine
	stats   counters
	slow    slowest
	running sync.Map // Strict: goroutine → caller of the unit that runs on it
	closed  atomic.Bool
	nodes   atomic.Int64 // processes that hold a number, as read last; 0: never
}

// engine is what each database does in its own way.
type engine interface {
	run(u *unit) error // runs the unit to its durable end
	view(ctx context.Context, stale bool, fn func(session) error) error
	exclusive(ctx context.Context, fn func(session) error) error // one transaction alone, for migrations
	openLog(ctx context.Context) (Log, error)
	name() string
	close() error
}

// Stats counts what was done since Open.
type Stats struct {
	Queries int64 // statements that read
	Writes  int64 // statements that wrote
	Units   int64 // units committed
	Commits int64 // commits that carried them
	Rerun   int64 // units run again because a neighbour broke their group
}

type counters struct{ queries, writes, units, commits, rerun atomic.Int64 }

// Open opens the database that cfg names; SQLite creates the file. Nothing is migrated.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if cfg.Clock == nil {
		cfg.Clock = clock.System()
	}
	if cfg.Readers <= 0 {
		cfg.Readers = max(4, runtime.GOMAXPROCS(0))
	}
	if cfg.Workers <= 0 {
		cfg.Workers = 4
	}
	if cfg.Stuck <= 0 {
		cfg.Stuck = 15 * time.Second
	}
	if cfg.Slow == 0 {
		cfg.Slow = defaultSlow
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	d := &DB{cfg: cfg}
	scheme, rest, _ := strings.Cut(cfg.URL, ":")
	var err error
	switch scheme {
	case "sqlite":
		d.eng, err = openSQLite(ctx, d, rest)
	case "postgres", "postgresql":
		d.eng, err = openPostgres(ctx, d, cfg.URL)
	default:
		return nil, errs.E(errs.Invalid, "db.url", errs.P("scheme", scheme))
	}
	if err != nil {
		return nil, errs.E(errs.Unavailable, "db.open", errs.Cause(err))
	}
	return d, nil
}

// Close waits for the units under way and closes every connection. Later calls fail.
func (d *DB) Close() error {
	if d.closed.Swap(true) {
		return nil
	}
	return d.eng.close()
}

// SingleWriter reports whether one goroutine of this process commits everything
// (SQLite), so that AtSeal may be used.
func (d *DB) SingleWriter() bool { return d.eng.name() == engineSQLite }

// Stats returns the counts since Open.
func (d *DB) Stats() Stats {
	return Stats{
		Queries: d.stats.queries.Load(), Writes: d.stats.writes.Load(), Units: d.stats.units.Load(),
		Commits: d.stats.commits.Load(), Rerun: d.stats.rerun.Load(),
	}
}

const (
	engineSQLite   = "sqlite"
	enginePostgres = "postgres"
)

var (
	errClosed  = errors.New("db: closed")
	errEnded   = errors.New("db: the unit has ended")
	errOpen    = errors.New("db: a query while earlier rows are open; close them, or read with db.All")
	errNotOnly = errors.New("db: AtSeal without a single writer; ask SingleWriter first")
)

type txKey struct{}

// txOf returns the unit of this database that ctx carries and that still runs.
func (d *DB) txOf(ctx context.Context) *Tx {
	if tx, ok := ctx.Value(txKey{}).(*Tx); ok && tx.db == d && !tx.ended.Load() {
		return tx
	}
	return nil
}

// InTx runs fn as one unit of work and returns when it is durable. Inside a unit
// (ctx carries it) fn joins: its error makes the whole unit rollback-only.
//
// fn may run twice and must touch only tx. A caller that gives up before its
// unit began is dropped with ctx's error; once begun, the unit runs to its end.
// A panic of fn comes back to the caller as a panic.
func (d *DB) InTx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	if tx := d.txOf(ctx); tx != nil {
		return tx.join(ctx, fn)
	}
	if d.closed.Load() {
		return errs.E(errs.Unavailable, "db.closed", errs.Cause(errClosed))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	d.refuseNested()
	u := &unit{db: d, ctx: ctx, fn: fn, done: make(chan struct{})}
	var pc [1]uintptr
	runtime.Callers(2, pc[:])
	u.pc = pc[0]
	if err := d.run(u); err != nil {
		return err
	}
	for _, h := range u.hooks {
		h()
	}
	return nil
}

// run brings a unit to its durable end, and tells how long that took.
func (d *DB) run(u *unit) error {
	began := d.mark()
	ctx, span := d.cfg.Trace.Start(u.ctx, "unit")
	u.ctx = ctx
	err := d.eng.run(u)
	if d.cfg.Trace.On() {
		span.Name("unit " + u.name())
		span.End(err != nil)
	}
	if !began.IsZero() {
		if took := clock.System().Now().Sub(began); took >= unitSlow*d.cfg.Slow {
			d.noteSlow(u.name(), true, took)
		}
	}
	return err
}

// refuseNested panics in tests when a unit's function calls InTx with a context
// that does not carry the unit: the writer would wait for itself.
func (d *DB) refuseNested() {
	if !d.cfg.Strict {
		return
	}
	if holder, ok := d.running.Load(goroutine()); ok {
		panic(fmt.Sprintf("db: InTx inside the unit of %s with a context that does not carry it; pass the ctx that fn was given", holder))
	}
}

// View runs reads on the primary, all from one snapshot, for 5 s at most. Inside a
// unit it reads through the unit.
func (d *DB) View(ctx context.Context, fn func(ctx context.Context, v *View) error) error {
	return d.view(ctx, false, fn)
}

// ViewStale is View on a replica where there is one: the data may be seconds old.
func (d *DB) ViewStale(ctx context.Context, fn func(ctx context.Context, v *View) error) error {
	return d.view(ctx, true, fn)
}

func (d *DB) view(ctx context.Context, stale bool, fn func(ctx context.Context, v *View) error) error {
	if tx := d.txOf(ctx); tx != nil {
		return fn(ctx, &View{s: tx, now: tx.now})
	}
	if d.closed.Load() {
		return errs.E(errs.Unavailable, "db.closed", errs.Cause(errClosed))
	}
	ctx, cancel := context.WithTimeout(ctx, viewLimit)
	defer cancel()
	ctx, span := d.cfg.Trace.Start(ctx, "view")
	err := d.eng.view(ctx, stale, func(s session) error {
		return fn(ctx, &View{s: &counted{session: s, db: d}, now: d.now()})
	})
	span.End(err != nil)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errs.E(errs.Unavailable, "db.slow", errs.Cause(err))
	}
	return err
}

// Now is the instant as it is stored, by the clock that units are dated by.
func (d *DB) Now() time.Time { return d.now() }

func (d *DB) now() time.Time { return d.cfg.Clock.Now().Truncate(time.Millisecond) }

// hold keeps a clock that can jump until the transaction is over: its units' instants are
// not later undercut by those of a group that was numbered between their begin and commit.
func (d *DB) hold() (release func()) {
	if c, ok := d.cfg.Clock.(clock.Holder); ok {
		return c.Hold()
	}
	return func() {}
}

// Millis is an instant as stored: epoch milliseconds.
func Millis(t time.Time) int64 { return t.UnixMilli() }

// Time is the stored instant ms, in the house's zone.
func Time(ms int64) time.Time { return time.UnixMilli(ms).In(clock.Zone) }

// URL is the address that Open was given.
func (d *DB) URL() string { return d.cfg.URL }
