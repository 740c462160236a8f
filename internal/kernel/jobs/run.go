package jobs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

const (
	beat            = time.Second // the longest wait for other nodes' jobs and a moved clock
	defaultAttempts = 12
	defaultTimeout  = time.Minute
	firstPause      = 5 * time.Second
	longestPause    = 8 * time.Hour
	leaseSlack      = 10 * time.Second // over the longest that a handler may take
)

// Permanent marks an error that no further try can mend: the job is dead at once.
func Permanent(err error) error { return permanent{err} }

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// runner is one Run.
type runner struct {
	q        *Queue
	handlers map[string]Handler
	kinds    []string
	lines    []*line
	freed    signal // a worker is free again

	mu      sync.Mutex
	running map[JobID]context.CancelFunc
	wg      sync.WaitGroup
}

// line is a set of kinds with workers of its own.
type line struct {
	kinds   []string
	workers int
	batch   int // jobs that a worker takes at once
	atWork  int // workers that are; under runner.mu
}

func (q *Queue) runner(handlers []Handler) (*runner, error) {
	r := &runner{q: q, handlers: make(map[string]Handler, len(handlers)), freed: newSignal(), running: map[JobID]context.CancelFunc{}}
	single := &line{workers: q.cfg.Workers, batch: 1}
	for _, h := range handlers {
		if h.Kind == "" || h.Do == nil {
			return nil, fmt.Errorf("jobs: a handler needs a kind and a function")
		}
		if _, twice := r.handlers[h.Kind]; twice {
			return nil, fmt.Errorf("jobs: two handlers for %s", h.Kind)
		}
		if h.MaxAttempts <= 0 {
			h.MaxAttempts = defaultAttempts
		}
		if h.Timeout <= 0 {
			h.Timeout = defaultTimeout
		}
		r.handlers[h.Kind] = h
		r.kinds = append(r.kinds, h.Kind)
		if h.Many != nil {
			r.lines = append(r.lines, &line{kinds: []string{h.Kind}, workers: q.cfg.Workers, batch: BatchSize})
		} else {
			single.kinds = append(single.kinds, h.Kind)
		}
	}
	if len(single.kinds) > 0 {
		r.lines = append(r.lines, single)
	}
	return r, nil
}

// Run does jobs until ctx ends; then running ones get Config.Grace to finish, and
// what is left is put back for another node or the next start. It returns an error only for
// handlers that contradict each other.
func (q *Queue) Run(ctx context.Context, handlers []Handler, periodic []Periodic) error {
	r, err := q.runner(handlers)
	if err != nil {
		return err
	}
	began := q.db.Now()
	beats := make([]beatOf, len(periodic))
	for i, p := range periodic {
		if p.Every < time.Second || r.handlers[p.Kind].Do == nil {
			return fmt.Errorf("jobs: periodic %s needs a handler and at least a second", p.Kind)
		}
		beats[i] = beatOf{Periodic: p, began: began}
	}
	q.all.Store(&r.kinds)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		wait := beat
		for i := range beats {
			r.complain(ctx, "jobs: periodic", beats[i].enqueue(ctx, q))
		}
		var idle []string
		for _, l := range r.lines {
			spare, err := r.fill(ctx, l)
			r.complain(ctx, "jobs: claim", err)
			if spare && err == nil {
				idle = append(idle, l.kinds...)
			}
		}
		if len(idle) > 0 {
			wait = r.untilDue(ctx, idle)
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
		case <-q.due:
		case <-r.freed:
		case <-timer.C:
		}
	}
	r.stop()
	return nil
}

// Drain does every job that is due, one after another, until none is: tests and
// commands call it instead of Run. It returns how many tries it made and what failed.
func (q *Queue) Drain(ctx context.Context, handlers []Handler) (n int, err error) {
	r, err := q.runner(handlers)
	if err != nil || len(r.kinds) == 0 {
		return 0, err
	}
	var failed []error
	for ctx.Err() == nil {
		tasks, err := r.claim(ctx, r.kinds, 1)
		if err != nil {
			return n, err
		}
		if len(tasks) == 0 {
			return n, errors.Join(failed...)
		}
		n++
		if err := r.try(ctx, tasks[0]); err != nil {
			failed = append(failed, err)
		}
	}
	return n, ctx.Err()
}

// fill gives the free workers of a line what is due. It reports whether any is left
// without work: the others wake Run when they are done.
func (r *runner) fill(ctx context.Context, l *line) (spare bool, err error) {
	for {
		r.mu.Lock()
		free := l.workers - l.atWork
		r.mu.Unlock()
		if free == 0 {
			return false, nil
		}
		tasks, err := r.claim(ctx, l.kinds, free*l.batch)
		if err != nil {
			return true, err
		}
		for chunk := range slices.Chunk(tasks, l.batch) {
			r.start(ctx, l, chunk)
		}
		if len(tasks) < free*l.batch {
			return true, nil
		}
	}
}

func (r *runner) claim(ctx context.Context, kinds []string, n int) ([]Task, error) {
	if r.q.db.SingleWriter() {
		return r.claimInMemory(ctx, kinds, n)
	}
	return r.claimRows(ctx, kinds, n)
}

func (r *runner) busy() map[JobID]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make(map[JobID]bool, len(r.running))
	for k := range r.running {
		out[k] = true
	}
	return out
}

// untilDue is how long the workers of these kinds may sleep.
func (r *runner) untilDue(ctx context.Context, kinds []string) time.Duration {
	wait := beat
	err := r.q.db.View(ctx, func(_ context.Context, v *db.View) error {
		at, some, err := nextDue(v, kinds)
		if some && at.After(v.Now()) {
			wait = min(wait, at.Sub(v.Now()))
		}
		return err
	})
	r.complain(ctx, "jobs: next", err)
	return wait
}

// start runs claimed tasks beside the others. Its context outlives ctx by the grace period.
func (r *runner) start(ctx context.Context, l *line, ts []Task) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.mu.Lock()
	l.atWork++
	for _, t := range ts {
		r.running[t.ID] = cancel
	}
	r.mu.Unlock()
	r.wg.Go(func() {
		defer func() {
			cancel()
			r.mu.Lock()
			l.atWork--
			for _, t := range ts {
				delete(r.running, t.ID)
			}
			r.mu.Unlock()
			r.freed.set()
		}()
		for _, t := range r.together(ctx, ts) {
			_ = r.try(ctx, t) // written down with the job
		}
	})
}

// together lets a handler do tasks of one kind at once, and returns those that are left.
func (r *runner) together(ctx context.Context, ts []Task) (left []Task) {
	h := r.handlers[ts[0].Kind]
	if h.Many == nil || len(ts) == 1 {
		return ts
	}
	done := make([]bool, len(ts))
	for i := range ts {
		ts[i].queue, ts[i].done = r.q, &done[i]
	}
	if err := r.guarded(ctx, h, func(ctx context.Context) error { return h.Many(ctx, ts) }); err != nil {
		r.q.cfg.Log.InfoContext(ctx, "jobs: not done together", "kind", h.Kind, "jobs", len(ts), "error", mask(err.Error()))
	}
	for i, t := range ts {
		if !done[i] {
			left = append(left, t)
		}
	}
	if n := len(ts) - len(left); n > 0 {
		r.q.ran.Add(float64(n), h.Kind, outcome(nil))
	}
	return left
}

// stop waits for the running jobs, then cancels them, then waits again.
func (r *runner) stop() {
	done := make(chan struct{})
	go func() {
		r.wg.Wait()
		close(done)
	}()
	t := time.NewTimer(r.q.cfg.Grace)
	defer t.Stop()
	select {
	case <-done:
		return
	case <-t.C:
	}
	r.mu.Lock()
	for _, cancel := range r.running {
		cancel()
	}
	r.mu.Unlock()
	<-done
}

// try runs a task once and writes down what came of it.
func (r *runner) try(ctx context.Context, t Task) error {
	h := r.handlers[t.Kind]
	var done bool
	t.queue, t.done = r.q, &done
	err := r.guarded(ctx, h, func(ctx context.Context) error { return h.Do(ctx, t) })
	stopped := err != nil && ctx.Err() != nil
	ctx = context.WithoutCancel(ctx)
	if done {
		r.q.ran.Add(1, t.Kind, outcome(err))
		return err
	}
	if err != nil && !stopped {
		r.q.cfg.Log.WarnContext(ctx, "jobs: a try failed", "kind", t.Kind, "job", t.ID.String(), "attempt", t.Attempt, "error", mask(err.Error()))
	}
	r.q.ran.Add(1, t.Kind, outcome(err))
	settled := r.q.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		var last permanent
		switch {
		case err == nil:
			return forgetJob(tx, int64(t.ID))
		case stopped: // the program ends; the try does not count
			return retryJob(tx, int64(t.ID), t.Attempt-1, tx.Now(), "stopped")
		case errs.Is(err, errs.Conflict) && gone(err):
			return nil // finished elsewhere
		case errors.As(err, &last) || t.Attempt >= h.MaxAttempts:
			return buryJob(tx, int64(t.ID), t.Attempt, mask(err.Error()))
		}
		return retryJob(tx, int64(t.ID), t.Attempt, tx.Now().Add(Pause(t.Attempt)), mask(err.Error()))
	})
	if settled != nil {
		// The job stays claimed in its row until the lease ends, or is due again at once.
		r.q.cfg.Log.ErrorContext(ctx, "jobs: the outcome was not kept", "kind", t.Kind, "job", t.ID.String(), "error", settled)
		return errors.Join(err, settled)
	}
	return err
}

func gone(err error) bool {
	e, ok := errs.As(err)
	return ok && e.Key == "jobs.taken"
}

// guarded calls a handler within its time; a panic is an error.
func (r *runner) guarded(ctx context.Context, h Handler, do func(context.Context) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	ctx, span := r.q.cfg.Trace.Start(ctx, h.Kind)
	defer func() { span.End(err != nil) }()
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("jobs: %s panicked: %v\n%s", h.Kind, v, debug.Stack())
		}
	}()
	if err := do(ctx); err != nil {
		return fmt.Errorf("jobs: %s: %w", h.Kind, err)
	}
	return nil
}

// Pause is the wait after a failed try, growing threefold from 5 s to 8 h, a fifth
// more or less at random so that jobs that failed together do not come back together.
func Pause(attempt int) time.Duration {
	d := firstPause
	for range attempt - 1 {
		if d *= 3; d >= longestPause {
			d = longestPause
			break
		}
	}
	return d*4/5 + rand.N(d*2/5) //nolint:gosec // no secret
}

// mask shortens an error and hides what may be a personal number.
func mask(s string) string {
	const longest = 2000
	var b strings.Builder
	for i := 0; i < len(s) && b.Len() < longest; {
		j := i
		for j < len(s) && s[j] >= '0' && s[j] <= '9' {
			j++
		}
		switch {
		case j-i >= 9:
			b.WriteString(s[i:i+3] + "xxxxxx" + s[j-3:j])
		case j > i:
			b.WriteString(s[i:j])
		default:
			b.WriteByte(s[i])
			j = i + 1
		}
		i = j
	}
	return strings.ToValidUTF8(b.String(), "")
}

func (r *runner) complain(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		r.q.cfg.Log.ErrorContext(ctx, what, "error", err)
	}
}
