package jobs

import (
	"context"
	"embed"
	"encoding/json"
	"log/slog"
	"sync/atomic"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/measure"
	"khue/internal/kernel/trace"
)

// Messages are this package's sentences (keys under "jobs").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations make this package's tables.
func Migrations() db.Migrations { return db.Embedded("jobs", migrations) }

// Config has zero values that work.
type Config struct {
	Workers int           // jobs running at once on this node; 0 means 4
	Grace   time.Duration // how long running jobs may go on when the program stops; 0 means 10 s
	Log     *slog.Logger  // nil means slog.Default
	Trace   *trace.Tracer // a span for each try; nil makes none
}

// Queue enqueues jobs and, while Run runs, does them. Safe for concurrent use.
type Queue struct {
	db  *db.DB
	gen *id.Gen
	cfg Config
	due signal // something may be due
	ran measure.Counts
	all atomic.Pointer[[]string] // kinds that Run does
}

// New returns the queue over d. Enqueue works at once; Run does the work.
func New(d *db.DB, gen *id.Gen, cfg Config) *Queue {
	if cfg.Workers <= 0 {
		cfg.Workers = 4
	}
	if cfg.Grace <= 0 {
		cfg.Grace = 10 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &Queue{db: d, gen: gen, cfg: cfg, due: newSignal()}
}

// MaxArgs bounds the JSON of a job's arguments.
const MaxArgs = 16 << 10

// Enqueue adds a job as part of the unit tx. It runs after the commit, at once on
// this node. It returns Internal jobs.badArgs where Args do not become JSON
// of at most MaxArgs bytes.
func (q *Queue) Enqueue(tx *db.Tx, j Job) error {
	args, err := json.Marshal(j.Args)
	if err != nil || len(args) > MaxArgs || j.Kind == "" {
		return errs.E(errs.Internal, "jobs.badArgs", errs.P("kind", j.Kind), errs.Cause(err))
	}
	runAt := j.RunAt
	if runAt.IsZero() {
		runAt = tx.Now()
	}
	if err := insertJob(tx, q.gen.Next(), j, string(args), db.Millis(runAt)); err != nil {
		return err
	}
	tx.AfterCommit(q.due.set)
	return nil
}

// Wake makes Run look for due jobs now, as after the clock was moved.
func (q *Queue) Wake() { q.due.set() }

// Stats counts jobs.
type Stats struct {
	Waiting int64         // not dead, due or not, running ones included
	Due     int64         // of these, due by now
	Oldest  time.Duration // how long the oldest of them has been due
	Dead    int64
}

// Stats counts the jobs of all nodes.
func (q *Queue) Stats(ctx context.Context) (s Stats, err error) {
	defer errs.Op(&err, "jobs.Stats")
	err = q.db.View(ctx, func(_ context.Context, v *db.View) error {
		s, err = stats(v)
		return err
	})
	return s, err
}

// Dead is a job that failed for the last time.
type Dead struct {
	ID       JobID
	Kind     string
	Args     json.RawMessage
	Attempts int
	Error    string // numbers of nine digits and more are masked
	Created  time.Time
	RunAt    time.Time
}

// Dead lists failed jobs by id, after the one named.
func (q *Queue) Dead(ctx context.Context, after JobID, limit int) (out []Dead, err error) {
	defer errs.Op(&err, "jobs.Dead")
	if limit <= 0 || limit > 500 {
		limit = 100
	}
	err = q.db.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = deadJobs(v, int64(after), limit)
		return err
	})
	return out, err
}

// Revive gives a dead job all its tries again, at once; NotFound jobs.notDead for another.
func (q *Queue) Revive(tx *db.Tx, j JobID) error {
	tx.AfterCommit(q.due.set)
	return reviveJob(tx, int64(j), notDead(j))
}

// Drop removes a dead job for good; NotFound jobs.notDead for another.
func (q *Queue) Drop(tx *db.Tx, j JobID) error { return dropJob(tx, int64(j), notDead(j)) }

func notDead(j JobID) error { return errs.E(errs.NotFound, "jobs.notDead", errs.P("id", j.String())) }

// finish removes the task's job in the handler's unit. Where the lease ran out and
// another node finished it, the unit fails: the effect stays single.
func (q *Queue) finish(tx *db.Tx, t Task) error {
	done := t.done
	tx.AfterCommit(func() { *done = true })
	return deleteJob(tx, int64(t.ID), errs.E(errs.Conflict, "jobs.taken", errs.P("id", t.ID.String())))
}

// signal wakes one waiter; sets while it is busy melt into one.
type signal chan struct{}

func newSignal() signal { return make(signal, 1) }

func (s signal) set() {
	select {
	case s <- struct{}{}:
	default:
	}
}
