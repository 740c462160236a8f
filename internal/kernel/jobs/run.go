package jobs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
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
	leaseSlack      = 30 * time.Second
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
	lease    time.Duration
	freed    signal // a worker is free again

	mu      sync.Mutex
	running map[JobID]context.CancelFunc
	wg      sync.WaitGroup
}

func (q *Queue) runner(handlers []Handler) (*runner, error) {
	r := &runner{q: q, handlers: make(map[string]Handler, len(handlers)), freed: newSignal(), running: map[JobID]context.CancelFunc{}}
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
		r.lease = max(r.lease, h.Timeout+leaseSlack)
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
	beats := make([]beatOf, len(periodic))
	for i, p := range periodic {
		if p.Every < time.Second || r.handlers[p.Kind].Do == nil {
			return fmt.Errorf("jobs: periodic %s needs a handler and at least a second", p.Kind)
		}
		beats[i] = beatOf{Periodic: p}
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		wait := beat
		for i := range beats {
			r.complain(ctx, "jobs: periodic", beats[i].enqueue(ctx, q))
		}
		if free := q.cfg.Workers - len(r.busy()); free > 0 && len(r.kinds) > 0 {
			tasks, err := r.claim(ctx, free)
			r.complain(ctx, "jobs: claim", err)
			for _, t := range tasks {
				r.start(ctx, t)
			}
			if err == nil && len(tasks) == free {
				continue
			}
			if err == nil {
				wait = r.untilDue(ctx)
			}
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
		tasks, err := r.claim(ctx, 1)
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

func (r *runner) claim(ctx context.Context, n int) ([]Task, error) {
	if r.q.db.SingleWriter() {
		return r.claimInMemory(ctx, n)
	}
	return r.claimRows(ctx, n)
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

// untilDue is how long the queue may sleep.
func (r *runner) untilDue(ctx context.Context) time.Duration {
	wait := beat
	err := r.q.db.View(ctx, func(_ context.Context, v *db.View) error {
		at, some, err := nextDue(v, r.kinds)
		if some && at.After(v.Now()) {
			wait = min(wait, at.Sub(v.Now()))
		}
		return err
	})
	r.complain(ctx, "jobs: next", err)
	return wait
}

// start runs a claimed task beside the others. Its context outlives ctx by the grace period.
func (r *runner) start(ctx context.Context, t Task) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.mu.Lock()
	r.running[t.ID] = cancel
	r.mu.Unlock()
	r.wg.Go(func() {
		defer func() {
			cancel()
			r.mu.Lock()
			delete(r.running, t.ID)
			r.mu.Unlock()
			r.freed.set()
		}()
		_ = r.try(ctx, t) // written down with the job
	})
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
	err := r.do(ctx, h, t)
	stopped := err != nil && ctx.Err() != nil
	ctx = context.WithoutCancel(ctx)
	if done {
		return err
	}
	if err != nil && !stopped {
		r.q.cfg.Log.WarnContext(ctx, "jobs: a try failed", "kind", t.Kind, "job", t.ID.String(), "attempt", t.Attempt, "error", mask(err.Error()))
	}
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

// do calls the handler; a panic is an error.
func (r *runner) do(ctx context.Context, h Handler, t Task) (err error) {
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("jobs: %s panicked: %v\n%s", t.Kind, v, debug.Stack())
		}
	}()
	if err := h.Do(ctx, t); err != nil {
		return fmt.Errorf("jobs: %s: %w", t.Kind, err)
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
