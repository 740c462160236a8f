package dbbench

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
)

// Statement is one write of a unit.
type Statement struct {
	SQL   string
	Args  func(n int64) []any // n numbers the work item, from 0
	Guard bool                // must change a row
}

// Load is a number of work items, each a sequence of units, done by callers that
// each wait for one answer before the next call.
type Load struct {
	Callers int
	Items   int
	First   int64         // number of the first item, so that a load can be repeated on one database
	Units   [][]Statement // the units of one item, each its own commit
}

// Result is what a Load took.
type Result struct {
	Items, Units, Writes int
	Elapsed              time.Duration
	P50, P99             time.Duration // of a unit, as its caller waits
	Commits              int64
}

// PerSecond is items a second.
func (r Result) PerSecond() float64 { return float64(r.Items) / r.Elapsed.Seconds() }

// Run does the load on d and stops at the first error.
func Run(ctx context.Context, d *db.DB, l Load) (Result, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	clk := clock.System()
	took := make([][]time.Duration, l.Callers)
	commits := d.Stats().Commits
	begun := clk.Now()
	for c := range l.Callers {
		wg.Go(func() {
			for {
				n := next.Add(1) - 1
				if n >= int64(l.Items) || ctx.Err() != nil {
					return
				}
				for _, unit := range l.Units {
					t := clk.Now()
					if err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return write(tx, unit, l.First+n) }); err != nil {
						stop(err)
						return
					}
					took[c] = append(took[c], clk.Now().Sub(t))
				}
			}
		})
	}
	wg.Wait()
	r := Result{Items: l.Items, Elapsed: clk.Now().Sub(begun), Commits: d.Stats().Commits - commits}
	all := slices.Concat(took...)
	slices.Sort(all)
	r.Units = len(all)
	for _, u := range l.Units {
		r.Writes += len(u) * l.Items
	}
	if len(all) > 0 {
		r.P50, r.P99 = all[len(all)/2], all[len(all)*99/100]
	}
	return r, context.Cause(ctx)
}

func write(tx *db.Tx, unit []Statement, n int64) error {
	for _, s := range unit {
		var err error
		if s.Guard {
			err = tx.Guard(errMissed, s.SQL, s.Args(n)...)
		} else {
			err = tx.Exec(s.SQL, s.Args(n)...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
