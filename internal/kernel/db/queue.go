package db

import (
	"sync"
	"sync/atomic"
	"time"

	"khue/internal/kernel/errs"
)

// queue is where callers leave their units and wait; an engine takes them out.
type queue struct {
	units   chan *unit
	quit    chan struct{} // closed by close: take what waits, then stop
	stopped chan struct{} // closed by the engine: nobody takes any more
	once    sync.Once
	holder  atomic.Pointer[unit] // some unit that runs now, for diagnoses
}

func newQueue() *queue {
	return &queue{units: make(chan *unit, 1024), quit: make(chan struct{}), stopped: make(chan struct{})}
}

// submit queues u and waits for its end. The caller may give up (its context, or
// Config.Stuck) only while the unit has not begun.
func (q *queue) submit(u *unit) error {
	t := time.NewTimer(u.db.cfg.Stuck)
	defer t.Stop()
	select {
	case q.units <- u:
	case <-u.ctx.Done():
		return u.ctx.Err()
	case <-t.C:
		return u.stuck(q.holderName())
	case <-q.stopped:
		return closedError()
	}
	gaveUp := u.ctx.Done()
	stopped := q.stopped
	for {
		select {
		case <-u.done:
			return u.result()
		case <-gaveUp:
			if u.drop() {
				return u.ctx.Err()
			}
			gaveUp = nil
		case <-t.C:
			if u.drop() {
				return u.stuck(q.holderName())
			}
		case <-stopped:
			if u.drop() {
				return closedError()
			}
			stopped = nil
		}
	}
}

// waiting takes one more unit if one waits; nil otherwise.
func (q *queue) waiting() *unit {
	select {
	case u := <-q.units:
		return u
	default:
		return nil
	}
}

// close asks the engine to commit what waits and stop.
func (q *queue) close() { q.once.Do(func() { close(q.quit) }) }

func (q *queue) holderName() string {
	if h := q.holder.Load(); h != nil {
		return h.caller()
	}
	return "nothing"
}

func closedError() error { return errs.E(errs.Unavailable, "db.closed", errs.Cause(errClosed)) }
