// Package load drives a peer the way Khue's own bench drives Khue: a fixed number of clients,
// each with one operation under way, a warm-up, and then a counted time.
package load

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Submission is what a clerk of Khue's bench posts to file a birth registration: a form of about
// 2 KB and the particulars of three papers. A test of internal/app/citybench keeps it the same.
//
//go:embed submission.json
var Submission []byte

// Row is one figure, in the form of `khue bench --json`.
type Row struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	N     int     `json:"n"`
}

// Print writes a figure as text or as a line of JSON.
func Print(w io.Writer, asJSON bool, rows ...Row) {
	for _, r := range rows {
		if asJSON {
			_ = json.NewEncoder(w).Encode(r)
			continue
		}
		fmt.Fprintf(w, "%-32s %10.2f %-4s n = %d\n", r.Name, r.Value, r.Unit, r.N)
	}
}

// Load says how a peer is driven.
type Load struct {
	Clients int
	Warm    time.Duration
	For     time.Duration
	Used    func() time.Duration // processor time of the server so far
	Parts   func() int64         // parts of operations done so far; nil where they have none
}

// Result is what the counted time gave.
type Result struct {
	N     int
	Parts int64 // in the same time, of those too that had not ended
	Took  time.Duration
	Used  time.Duration   // by the server
	Own   time.Duration   // by this process: clients, and workers where it has some
	Times []time.Duration // of the counted operations, sorted
}

// PerSecond is the rate of the counted time.
func (r Result) PerSecond() float64 { return float64(r.N) / r.Took.Seconds() }

// Each is a share of one operation in microseconds.
func (r Result) Each(d time.Duration) float64 {
	return float64(d.Microseconds()) / float64(max(1, r.N))
}

// Quantile in milliseconds.
func (r Result) Quantile(q float64) float64 {
	if len(r.Times) == 0 {
		return 0
	}
	return float64(r.Times[min(len(r.Times)-1, int(q*float64(len(r.Times))))]) / float64(time.Millisecond)
}

// Run has every client repeat its operation. What ends inside the counted time counts; the first
// error ends the run.
func Run(ctx context.Context, l Load, op func(ctx context.Context, client int) error) (Result, error) {
	if err := op(ctx, 0); err != nil { // a broken script shows before the load
		return Result{}, err
	}
	var phase atomic.Int32 // 0 warm-up, 1 counted, 2 over
	var wg sync.WaitGroup
	times := make([][]time.Duration, l.Clients)
	errs := make([]error, l.Clients)
	for i := range l.Clients {
		wg.Go(func() {
			for phase.Load() < 2 && ctx.Err() == nil {
				began := time.Now()
				if errs[i] = op(ctx, i); errs[i] != nil {
					phase.Store(2)
					return
				}
				if phase.Load() == 1 {
					times[i] = append(times[i], time.Since(began))
				}
			}
		})
	}
	wait(ctx, l.Warm, &phase)
	if l.Parts == nil {
		l.Parts = func() int64 { return 0 }
	}
	used, own, parts, began := l.Used(), Own(), l.Parts(), time.Now()
	phase.CompareAndSwap(0, 1)
	wait(ctx, l.For, &phase)
	r := Result{Took: time.Since(began), Parts: l.Parts() - parts, Used: l.Used() - used, Own: Own() - own}
	phase.Store(2)
	wg.Wait()
	r.Times = slices.Concat(times...)
	slices.Sort(r.Times)
	r.N = len(r.Times)
	return r, errors.Join(errs...)
}

// wait passes the time, unless a client failed.
func wait(ctx context.Context, d time.Duration, phase *atomic.Int32) {
	until := time.Now().Add(d)
	for phase.Load() < 2 && ctx.Err() == nil && time.Now().Before(until) {
		time.Sleep(min(10*time.Millisecond, max(0, time.Until(until))))
	}
}

// Own is the processor time of this process so far.
func Own() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Of is the processor time that another process has had so far, in steps of ten milliseconds;
// 0 where the system does not tell.
func Of(pid int) time.Duration {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	f := strings.Fields(after)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}
