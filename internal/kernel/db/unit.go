package db

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"

	"khue/internal/kernel/errs"
)

var (
	errInnerPanic = errors.New("db: a nested unit panicked")
	errGoexit     = errors.New("db: the unit's function ended its goroutine (t.FailNow inside a unit?)")
	errRowsLeft   = errors.New("db: rows left open at the end of the unit")
)

// unit is one caller's fn on its way to a commit.
type unit struct {
	db     *DB
	ctx    context.Context //nolint:containedctx // the caller's values travel with its fn
	fn     func(context.Context, *Tx) error
	pc     uintptr // the caller, for diagnoses
	state  atomic.Int32
	done   chan struct{}
	err    error
	broken *panicked
	hooks  []func()
	seals  []sealed
}

const (
	waiting int32 = iota
	started
	dropped
)

// start claims the unit for an engine; false when its caller has given up.
func (u *unit) start() bool { return u.state.CompareAndSwap(waiting, started) }

// drop withdraws the unit for its caller; false when it has begun.
func (u *unit) drop() bool { return u.state.CompareAndSwap(waiting, dropped) }

// answer gives the caller the result. It is called once.
func (u *unit) answer(err error) {
	u.err = err
	close(u.done)
}

// result is what InTx returns, on the caller's goroutine.
func (u *unit) result() error {
	if u.broken != nil {
		panic(u.broken)
	}
	return u.err
}

// attempt runs fn once over s, with fresh hooks and seals. It never panics. Where
// fn ends the goroutine (runtime.Goexit), which cannot be stopped, it leaves
// errGoexit in u.err for whoever cleans up.
func (u *unit) attempt(s session) (err error) {
	tx := &Tx{db: u.db, s: s, now: u.db.now()}
	ctx := context.WithValue(context.WithoutCancel(u.ctx), txKey{}, tx)
	u.hooks, u.seals, u.broken = nil, nil, nil
	if u.db.cfg.Strict {
		g := goroutine()
		u.db.running.Store(g, u.caller())
		defer u.db.running.Delete(g)
	}
	returned := false
	defer func() {
		tx.ended.Store(true)
		if returned {
			return
		}
		if v := recover(); v != nil {
			u.broken = &panicked{Value: v, Stack: debug.Stack()}
			err = u.broken
			return
		}
		u.err = errGoexit
	}()
	err = u.fn(ctx, tx)
	returned = true
	if err == nil && tx.open {
		err = errRowsLeft
	}
	if err == nil {
		err = tx.failed
	}
	u.hooks, u.seals = tx.hooks, tx.seals
	return err
}

// caller names the function that called InTx.
func (u *unit) caller() string {
	f, _ := runtime.CallersFrames([]uintptr{u.pc}).Next()
	if f.Function == "" {
		return "unknown"
	}
	return fmt.Sprintf("%s (line %d)", f.Function, f.Line)
}

// name is the caller's function without its path: dossier.(*Service).write.
func (u *unit) name() string {
	f, _ := runtime.CallersFrames([]uintptr{u.pc}).Next()
	return f.Function[strings.LastIndexByte(f.Function, '/')+1:]
}

// stuck is the answer to a unit that waited too long behind holder.
func (u *unit) stuck(holder string) error {
	return errs.E(errs.Unavailable, "db.stuck", errs.Cause(
		fmt.Errorf("db: the unit of %s waited %s; running: %s", u.caller(), u.db.cfg.Stuck, holder)))
}

// panicked carries a panic of fn from the engine's goroutine to its caller's.
type panicked struct {
	Value any
	Stack []byte
}

func (p *panicked) Error() string {
	return fmt.Sprintf("db: a unit panicked: %v\n\n%s", p.Value, p.Stack)
}

// goroutine is the number of the running goroutine. Slow; tests only.
func goroutine() int64 {
	var buf [40]byte
	s := buf[len("goroutine "):runtime.Stack(buf[:], false)]
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	id, err := strconv.ParseInt(string(s[:n]), 10, 64)
	if err != nil {
		return -1
	}
	return id
}
