package db

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// pgWorker commits groups of units, one group at a time, on one connection.
type pgWorker struct {
	e     *pgEngine
	group []*unit // taken and not answered
}

// A worker takes at most pgGroupUnits units into one transaction. A group that
// meets trouble is tried again without its offender pgGroupTries times; then
// each unit goes alone.
const (
	pgGroupUnits = 64
	pgGroupTries = 2
	pgAloneTries = 6
)

// inDoubt instead of an offender: the group may or may not be committed.
const inDoubt = -2

func (w *pgWorker) loop() {
	clean := false
	defer func() {
		if !clean { // a unit ended this goroutine; its neighbours live on
			go w.resume()
		}
	}()
	for {
		select {
		case u := <-w.e.q.units:
			w.commit(u)
		case <-w.e.q.quit:
			for u := w.e.q.waiting(); u != nil; u = w.e.q.waiting() {
				w.commit(u)
			}
			clean = true
			w.e.workers.Done()
			return
		}
	}
}

// resume goes on after a unit's function ended the goroutine. The connection went
// back to the pool with that goroutine, closed.
func (w *pgWorker) resume() {
	for _, u := range slices.Clone(w.group) {
		if u.err == errGoexit { //nolint:errorlint // set by attempt itself
			w.answer(u, errGoexit)
		}
	}
	clean := false
	defer func() {
		if !clean {
			go w.resume()
		}
	}()
	w.each()
	clean = true
	go w.loop()
}

// commit takes first and whoever waits behind it into one transaction.
func (w *pgWorker) commit(first *unit) {
	w.group = w.group[:0]
	for u := first; u != nil; {
		if u.start() {
			w.group = append(w.group, u)
		}
		if len(w.group) >= pgGroupUnits {
			break
		}
		u = w.e.q.waiting()
	}
	// An offender steps back until the others are through, so that whoever came
	// first wins; then it runs alone.
	rest := slices.Clone(w.group)
	for try := 0; len(rest) > 1 && try < pgGroupTries; try++ {
		offender, err := w.together(rest)
		if err == nil || offender == inDoubt {
			for _, u := range rest {
				if err != nil {
					u.err = err
				}
				w.answer(u, u.err)
			}
			break
		}
		w.e.db.stats.rerun.Add(int64(len(rest)))
		if offender < 0 {
			break
		}
		rest = slices.Delete(rest, offender, offender+1)
	}
	w.each()
}

// each runs what is left of the group, every unit in its own transaction.
func (w *pgWorker) each() {
	for len(w.group) > 0 {
		w.alone(w.group[0])
	}
}

func (w *pgWorker) answer(u *unit, err error) {
	w.group = slices.DeleteFunc(w.group, func(x *unit) bool { return x == u })
	if err == nil {
		w.e.db.stats.units.Add(1)
	}
	u.answer(err)
}

// together runs the units in one transaction. On an error nothing was committed,
// and the index is that of the unit that caused it, or -1.
func (w *pgWorker) together(group []*unit) (offender int, err error) {
	err = w.onConn(func(s *pgSession) error {
		for i, u := range group {
			s.unit = i
			w.e.q.holder.Store(u)
			u.err = u.attempt(s)
			if s.broken != nil {
				offender = s.broken.unit
				return s.broken.err
			}
			if u.err != nil && !s.discard(i) {
				offender = i
				return u.err
			}
		}
		err := s.commit()
		if s.broken != nil {
			offender = s.broken.unit
		}
		if s.unknown {
			offender = inDoubt
		}
		return err
	})
	return offender, err
}

// alone runs u in its own transaction, again where the server asks for it, and answers it.
func (w *pgWorker) alone(u *unit) {
	var err error
	for try := range pgAloneTries {
		if try > 0 {
			time.Sleep(time.Duration(rand.IntN(10<<try)) * time.Millisecond) //nolint:gosec // spreads, hides nothing
		}
		err = w.onConn(func(s *pgSession) error {
			_ = s.exec("SET LOCAL lock_timeout = 5000", nil)
			w.e.q.holder.Store(u)
			if u.err = u.attempt(s); u.err != nil {
				return u.err
			}
			return s.commit()
		})
		if !retryable(err) {
			break
		}
	}
	w.answer(u, err)
}

// onConn lends a connection to fn, and rolls back where fn fails.
func (w *pgWorker) onConn(fn func(*pgSession) error) (err error) {
	ctx := context.Background() // no caller's cancellation reaches the transaction
	var c *pgxpool.Conn
	c, err = w.e.writers.Acquire(ctx)
	if err != nil {
		return unreached(ctx, err)
	}
	defer w.e.db.hold()()
	s := newPgSession(ctx, c.Conn(), "BEGIN")
	returned := false
	defer func() {
		w.e.q.holder.Store(nil)
		if !returned { // the goroutine ends here: leave nothing open
			_ = c.Conn().Close(ctx)
		}
		c.Release()
	}()
	err = fn(s)
	returned = true
	if err != nil {
		s.rollback()
		return err
	}
	w.e.db.stats.commits.Add(1)
	return nil
}
