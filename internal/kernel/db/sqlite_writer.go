package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"khue/internal/kernel/clock"
)

// liteWriter is the one goroutine that writes. It runs every waiting unit and
// commits them together, so that many callers share one fsync. Its statements
// know no context: cancelling one caller's would undo its neighbours.
//
// A savepoint copies each page that its unit touches, and nearly all units end well: they run
// without one. When one fails its group is undone and run again, each unit in a savepoint, as are
// the groups that come in the next while.
type liteWriter struct {
	db    *DB
	c     *liteConn
	q     *queue
	jobs  chan func() // work that needs the connection alone
	group []*unit     // units of the transaction under way
	wary  int         // groups still to run in savepoints

	committed func() // told of each commit
}

// A commit takes at most groupUnits units and stops taking after groupTime; were it to take all
// that some hundred callers have, the processors would rest while it is synced. After a failure
// waryGroups groups run in savepoints, so that callers whose units fail cost others little.
const (
	groupUnits = 96
	groupTime  = 20 * time.Millisecond
	waryGroups = 64
)

// newLiteWriter makes the writer; loop starts it.
func newLiteWriter(d *DB, c *liteConn) *liteWriter {
	w := &liteWriter{db: d, c: c, q: newQueue(), jobs: make(chan func())}
	return w
}

func (w *liteWriter) loop() {
	clean := false
	defer func() {
		if !clean { // a unit ended this goroutine; its neighbours live on
			go w.resume()
		}
	}()
	for {
		select {
		case u := <-w.q.units:
			w.commit(u)
		case job := <-w.jobs:
			job()
		case <-w.q.quit:
			for u := w.q.waiting(); u != nil; u = w.q.waiting() {
				w.commit(u)
			}
			clean = true
			close(w.q.stopped)
			return
		}
	}
}

// resume goes on after a unit's function ended the goroutine inside a transaction.
func (w *liteWriter) resume() {
	w.undo()
	group := w.group
	w.group = nil
	for _, u := range group {
		if u.err != nil { // the one that left
			u.answer(u.err)
		}
	}
	clean := false
	defer func() {
		if !clean {
			go w.resume()
		}
	}()
	for _, u := range group {
		if u.err == nil {
			w.alone(u)
		}
	}
	clean = true
	go w.loop()
}

// commit takes first and whoever waits behind it into one transaction.
func (w *liteWriter) commit(first *unit) {
	w.group = w.group[:0]
	if err := w.c.exec("BEGIN IMMEDIATE", nil); err != nil {
		if first.start() {
			first.answer(err)
		}
		return
	}
	begun := clock.System().Now()
	for u := first; u != nil; u = w.next(begun) {
		if !u.start() {
			continue
		}
		w.group = append(w.group, u)
		if w.wary == 0 {
			if u.err = w.held(u); u.err == nil {
				continue
			}
			if !w.again(u) {
				return
			}
		} else if broken := w.one(u); broken {
			w.apart(u)
			return
		}
	}
	w.wary = max(0, w.wary-1)
	if err := w.seal(w.group); err != nil {
		w.undo()
		w.apart(nil)
		return
	}
	w.finish(w.group)
}

func (w *liteWriter) next(begun time.Time) *unit {
	if len(w.group) >= groupUnits || clock.System().Now().Sub(begun) > groupTime {
		return nil
	}
	return w.q.waiting()
}

// held runs u as the one who holds the writer.
func (w *liteWriter) held(u *unit) error {
	w.q.holder.Store(u)
	defer w.q.holder.Store(nil)
	if w.db.cfg.Twice {
		if err := w.c.exec("SAVEPOINT twice", nil); err != nil {
			return err
		}
		if err := u.attempt(w.c); err != nil {
			return err
		}
		w.c.reset()
		if err := errors.Join(w.c.exec("ROLLBACK TO twice", nil), w.c.exec("RELEASE twice", nil)); err != nil {
			return err
		}
	}
	return u.attempt(w.c)
}

// again undoes the group whose last unit failed and runs it in savepoints; false where the
// transaction was lost and everybody has been answered.
func (w *liteWriter) again(failed *unit) bool {
	if len(w.group) == 1 { // nobody's work is lost with it
		w.undo()
		failed.answer(failed.err)
		return false
	}
	w.wary = waryGroups
	w.c.reset()
	if !w.c.inTransaction() { // the failure ended it: nobody shares another with that unit
		w.apart(failed)
		return false
	}
	w.undo()
	w.db.stats.rerun.Add(int64(len(w.group) - 1))
	if w.c.exec("BEGIN IMMEDIATE", nil) != nil {
		w.apart(nil)
		return false
	}
	for _, u := range w.group {
		u.err = nil
	}
	for _, u := range w.group {
		if broken := w.one(u); broken {
			w.apart(u)
			return false
		}
	}
	return true
}

// one runs u in its savepoint; true when u destroyed the transaction around it.
func (w *liteWriter) one(u *unit) (broken bool) {
	u.err = w.c.exec("SAVEPOINT u", nil)
	if u.err != nil {
		return true
	}
	u.err = w.held(u)
	if u.err == nil {
		u.err = w.c.exec("RELEASE u", nil)
		return u.err != nil
	}
	w.c.reset()
	// Some errors (a full disk, OR ROLLBACK) end the whole transaction; then there
	// is no savepoint to go back to.
	return !w.c.inTransaction() || w.c.exec("ROLLBACK TO u", nil) != nil || w.c.exec("RELEASE u", nil) != nil
}

// apart runs the units of a lost transaction again, each alone, but for the
// one that broke it.
func (w *liteWriter) apart(breaker *unit) {
	w.undo()
	group := append([]*unit(nil), w.group...)
	if breaker != nil {
		breaker.answer(breaker.err)
	}
	for _, u := range group {
		if u != breaker {
			w.db.stats.rerun.Add(1)
			w.alone(u)
		}
	}
}

// alone runs u in a transaction of its own and answers it.
func (w *liteWriter) alone(u *unit) {
	w.group = append(w.group[:0], u)
	if u.err = w.c.exec("BEGIN IMMEDIATE", nil); u.err != nil {
		u.answer(u.err)
		return
	}
	if u.err = w.held(u); u.err == nil {
		u.err = w.seal(w.group)
	}
	if u.err != nil {
		w.undo()
		u.answer(u.err)
		return
	}
	w.finish(w.group)
}

// undo ends the transaction if one is open.
func (w *liteWriter) undo() {
	w.c.reset()
	if w.c.inTransaction() {
		if err := w.c.exec("ROLLBACK", nil); err != nil {
			w.db.cfg.Log.Error("db: rollback", "error", err)
		}
	}
}

// seal calls each sealer once with what the units gave it, then COMMIT.
func (w *liteWriter) seal(group []*unit) error {
	var order []*Sealer
	var vals map[*Sealer][]any
	for _, u := range group {
		if u.err != nil {
			continue
		}
		for _, s := range u.seals {
			if vals == nil {
				vals = map[*Sealer][]any{}
			}
			if _, seen := vals[s.by]; !seen {
				order = append(order, s.by)
			}
			vals[s.by] = append(vals[s.by], s.v)
		}
	}
	var after []func()
	for _, s := range order {
		su := &unit{db: w.db, ctx: context.Background(), fn: func(_ context.Context, tx *Tx) error { return s.Fn(tx, vals[s]) }}
		if err := su.attempt(w.c); err != nil {
			return fmt.Errorf("db: sealer: %w", err)
		}
		after = append(after, su.hooks...)
	}
	if f := w.db.cfg.hooks.beforeCommit; f != nil {
		if err := f(); err != nil {
			return err
		}
	}
	if err := w.c.exec("COMMIT", nil); err != nil {
		return err
	}
	for _, h := range after {
		h()
	}
	return nil
}

// finish answers every unit of a committed transaction.
func (w *liteWriter) finish(group []*unit) {
	w.db.stats.commits.Add(1)
	w.committed()
	for _, u := range group {
		if u.err == nil {
			w.db.stats.units.Add(1)
		}
		u.answer(u.err)
	}
	clear(w.group)
	w.group = w.group[:0]
}

// exclusive runs fn in a transaction of its own on the writer.
func (w *liteWriter) exclusive(ctx context.Context, fn func(session) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return w.between(func(c *liteConn) error {
		err := c.exec("BEGIN IMMEDIATE", nil)
		if err == nil {
			err = fn(c)
		}
		if err == nil {
			err = c.exec("COMMIT", nil)
		}
		if err != nil {
			w.undo()
		}
		return err
	})
}

// between runs f on the writer's connection between two commits.
func (w *liteWriter) between(f func(*liteConn) error) error {
	out := make(chan error, 1)
	select {
	case w.jobs <- func() {
		err := errGoexit
		defer func() { out <- err }()
		err = f(w.c)
	}:
		return <-out
	case <-w.q.stopped:
		return closedError()
	}
}

func (w *liteWriter) close() error {
	w.q.close()
	<-w.q.stopped
	return w.c.close()
}
