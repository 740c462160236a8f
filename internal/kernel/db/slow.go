package db

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"khue/internal/kernel/clock"
)

// Slow is a statement, or a whole unit of work, that took longer than Config.Slow.
type Slow struct {
	What  string // the statement in one line, without its values; or who called InTx
	Unit  bool   // a whole unit, the wait for its turn included
	Times int64
	Worst time.Duration
	Total time.Duration
	Last  time.Time
}

const (
	defaultSlow = 250 * time.Millisecond
	unitSlow    = 8   // a unit may take so many times longer than a statement
	maxSlow     = 100 // different ones kept
)

// slowest remembers what was slow since Open.
type slowest struct {
	n  atomic.Int64
	mu sync.Mutex
	by map[string]*Slow
}

func (d *DB) mark() time.Time {
	if d.cfg.Slow < 0 {
		return time.Time{}
	}
	return clock.System().Now()
}

// slowSince notes a statement that began at the mark, where it took long.
func (d *DB) slowSince(began time.Time, sql string) {
	if began.IsZero() {
		return
	}
	if took := clock.System().Now().Sub(began); took >= d.cfg.Slow {
		d.noteSlow(brief(sql), false, took)
	}
}

func (d *DB) noteSlow(what string, unit bool, took time.Duration) {
	d.slow.n.Add(1)
	d.slow.mu.Lock()
	defer d.slow.mu.Unlock()
	if d.slow.by == nil {
		d.slow.by = map[string]*Slow{}
	}
	s := d.slow.by[what]
	if s == nil {
		if len(d.slow.by) >= maxSlow {
			return
		}
		s = &Slow{What: what, Unit: unit}
		d.slow.by[what] = s
	}
	s.Times++
	s.Total += took
	s.Worst = max(s.Worst, took)
	s.Last = d.now()
}

// Slowest lists what was slow since Open, the worst first, at most limit.
func (d *DB) Slowest(limit int) []Slow {
	d.slow.mu.Lock()
	defer d.slow.mu.Unlock()
	out := make([]Slow, 0, len(d.slow.by))
	for _, s := range d.slow.by {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b Slow) int { return cmp.Compare(b.Worst, a.Worst) })
	return out[:min(limit, len(out))]
}

// SlowerThan is the threshold in force.
func (d *DB) SlowerThan() time.Duration { return d.cfg.Slow }

// timed tells when the rows of a view's query have been read.
type timed struct {
	cursor
	db    *DB
	sql   string
	began time.Time
}

func (c *timed) next() bool {
	if c.cursor.next() {
		return true
	}
	c.over()
	return false
}

func (c *timed) close() {
	c.cursor.close()
	c.over()
}

func (c *timed) over() {
	c.db.slowSince(c.began, c.sql)
	c.began = time.Time{}
}
