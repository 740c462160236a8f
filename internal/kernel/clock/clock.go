package clock

import (
	"errors"
	"sync"
	"time"
)

// Zone is Asia/Ho_Chi_Minh, which has kept +07:00 without summer time since
// 1975. A fixed zone needs no time zone files on the machine.
var Zone = time.FixedZone("+07", 7*60*60)

// Clock tells the time.
type Clock interface {
	Now() time.Time
}

// Holder is a clock that can jump. It stays where it is while anybody holds it: what was
// begun before a jump is over before it.
type Holder interface {
	Clock
	Hold() (release func())
}

// held is the part of a Holder that waits.
type held struct{ mu sync.RWMutex }

// Hold keeps the clock from jumping. Whoever holds must not wait for a jump or hold again.
func (h *held) Hold() (release func()) {
	h.mu.RLock()
	return h.mu.RUnlock
}

type system struct{}

func (system) Now() time.Time { return time.Now().In(Zone) }

// System is the machine's clock in Zone.
func System() Clock { return system{} }

type offset struct {
	base Clock
	mu   sync.RWMutex
	d    time.Duration
}

func (o *offset) Now() time.Time {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.base.Now().Add(o.d)
}

// Shifted is a clock that runs beside another at a distance that can be moved
// forward only; the demo opens the city of another day with it.
type Shifted struct {
	held
	o offset
}

// Offset returns a clock that runs d ahead of base (behind it where negative).
func Offset(base Clock, d time.Duration) *Shifted {
	return &Shifted{o: offset{base: base, d: d}}
}

// StartAt returns a clock that reads t now and runs on from there.
func StartAt(base Clock, t time.Time) *Shifted { return Offset(base, t.Sub(base.Now())) }

// Now returns the shifted time.
func (s *Shifted) Now() time.Time { return s.o.Now() }

// JumpTo moves the clock forward to t. It returns ErrBackward for an earlier time.
func (s *Shifted) JumpTo(t time.Time) error {
	s.held.mu.Lock()
	defer s.held.mu.Unlock()
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	d := t.Sub(s.o.base.Now())
	if d < s.o.d {
		return ErrBackward
	}
	s.o.d = d
	return nil
}

// ErrBackward is returned where a clock would run back.
var ErrBackward = errors.New("clock: time would run backward")

// Fake is a clock that tests set.
type Fake struct {
	held
	mu sync.Mutex
	t  time.Time
}

// NewFake returns a clock that stands at t.
func NewFake(t time.Time) *Fake { return &Fake{t: t} }

// Now returns the time that was set.
func (f *Fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.t
}

// Set puts the clock at t.
func (f *Fake) Set(t time.Time) {
	f.held.mu.Lock()
	defer f.held.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.t = t
}

// Advance moves the clock by d.
func (f *Fake) Advance(d time.Duration) {
	f.held.mu.Lock()
	defer f.held.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.t = f.t.Add(d)
}

// Watch returns a clock that calls stop once when base is seen to run back by
// more than slack: a program that dates acts must not go on with such a clock.
func Watch(base Clock, slack time.Duration, stop func(was, is time.Time)) Clock {
	return &watched{base: base, slack: slack, stop: stop}
}

type watched struct {
	base  Clock
	slack time.Duration
	stop  func(was, is time.Time)
	mu    sync.Mutex
	last  time.Time
	done  bool
}

func (w *watched) Now() time.Time {
	// Round drops the monotonic reading, which would hide a wall clock set back.
	now := w.base.Now().Round(0)
	w.mu.Lock()
	was := w.last
	fire := !w.done && !was.IsZero() && now.Before(was.Add(-w.slack))
	if fire {
		w.done = true
	}
	if now.After(was) {
		w.last = now
	}
	w.mu.Unlock()
	if fire {
		w.stop(was, now)
	}
	return now
}
