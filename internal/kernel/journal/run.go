package journal

import (
	"context"
	"sync"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

const (
	beat     = time.Second           // checkpoints, and the look for other nodes' entries
	coalesce = 20 * time.Millisecond // followers gather what comes in this time

	lastWords = 5 * time.Second // for numbering and signing at the end
)

// Run numbers entries (where there is no single writer), signs a checkpoint a
// second while the log grows, and drives the followers, until ctx ends. It returns nil then.
func (j *Journal) Run(ctx context.Context, followers []Follower) error {
	var wg sync.WaitGroup
	wakes := make([]signal, len(followers))
	for i, f := range followers {
		wakes[i] = newSignal()
		wg.Go(func() { j.drive(ctx, &reader{Follower: f}, wakes[i]) })
	}
	wg.Go(func() { j.keep(ctx, wakes) })
	wg.Wait()
	return nil
}

// keep numbers, wakes the followers and signs.
func (j *Journal) keep(ctx context.Context, wakes []signal) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		sign := false
		select {
		case <-ctx.Done():
			// What was appended last is signed for before the program ends; where millions wait, the
			// next one goes on.
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
			defer cancel()
			j.complain(last, "journal: last checkpoint", j.advance(last, true))
			return
		case <-tick.C:
			sign = true
		case <-j.grown:
		}
		j.complain(ctx, "journal: sequence", j.advance(ctx, sign))
		for _, w := range wakes {
			w.set()
		}
		if !clock.Wait(ctx, coalesce) {
			continue // and end above
		}
	}
}

// advance numbers all that can be numbered, and signs.
func (j *Journal) advance(ctx context.Context, sign bool) error {
	if !j.db.SingleWriter() {
		for {
			more, err := j.sequence(ctx)
			if err != nil {
				return err
			}
			if !more {
				break
			}
		}
	}
	if sign {
		return j.sign(ctx)
	}
	return nil
}

// drive runs one follower.
func (j *Journal) drive(ctx context.Context, f *reader, wake signal) {
	failures := 0
	for ctx.Err() == nil {
		n, err := j.step(ctx, f)
		switch {
		case taken(err):
			// Another node follows. It goes on, and this one looks again: both at once would
			// do the same work twice.
			clock.Wait(ctx, beat)
		case err != nil && ctx.Err() == nil:
			j.log.ErrorContext(ctx, "journal: follower stopped at an entry", "follower", f.Name, "seq", f.next, "tries", failures+1, "error", err)
			clock.Wait(ctx, pause(failures))
			failures++
		case n == 0:
			failures = 0
			select {
			case <-ctx.Done():
			case <-wake:
			}
		default:
			failures = 0
		}
	}
}

// taken reports whether another node moved the cursor.
func taken(err error) bool {
	e, ok := errs.As(err)
	return ok && e.Key == keyMoved
}

// Tick does once, to the end, what Run does all the time: tests and commands call
// it instead of waiting. All that was committed before the call is numbered, signed
// for and followed. It returns the first error of a follower.
func (j *Journal) Tick(ctx context.Context, followers []Follower) (err error) {
	defer errs.Op(&err, "journal.Tick")
	readers := make([]*reader, len(followers))
	for i, f := range followers {
		readers[i] = &reader{Follower: f}
	}
	for {
		if err := j.advance(ctx, true); err != nil {
			return err
		}
		s, err := j.Status(ctx)
		if err != nil {
			return err
		}
		progress := false
		for _, f := range readers {
			n, err := j.step(ctx, f)
			if err != nil {
				return err
			}
			progress = progress || n > 0
		}
		if !progress && s.Unnumbered == 0 {
			return nil
		}
		// A transaction of anybody on the server holds the horizon.
		if s.Unnumbered > 0 && !clock.Wait(ctx, 2*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// Status tells how far the log's servants are behind.
type Status struct {
	Size       int64            // entries numbered
	Unnumbered int64            // appended and not numbered yet, up to 100,000; always 0 on a single writer
	Unsigned   int64            // numbered after the last checkpoint
	Behind     map[string]int64 // by follower: entries to read
	SignedAgo  time.Duration    // age of the last checkpoint where the log has grown since; 0 where all is signed
}

// Status reads how far the log has come.
func (j *Journal) Status(ctx context.Context) (s Status, err error) {
	defer errs.Op(&err, "journal.Status")
	err = j.db.View(ctx, func(_ context.Context, v *db.View) error {
		last, err := tail(v)
		if err != nil {
			return err
		}
		cp, err := lastCheckpoint(v)
		if err != nil {
			return err
		}
		pending, err := j.countPending(v, last)
		if err != nil {
			return err
		}
		cs, err := cursors(v)
		s = Status{Size: last.end(), Unnumbered: pending, Unsigned: last.end() - cp.size, Behind: make(map[string]int64, len(cs))}
		for _, c := range cs {
			s.Behind[c.name] = last.end() - c.seq
		}
		if err == nil {
			s.SignedAgo, err = signedAgo(v, s.Unsigned)
		}
		return err
	})
	return s, err
}

func (j *Journal) complain(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		j.log.ErrorContext(ctx, what, "error", err)
	}
}
