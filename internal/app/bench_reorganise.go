package app

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"khue/internal/app/citybench"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/reorganise"
)

// killer kills a process without warning once its progress has gone a third of the way.
type killer struct{ kill context.CancelFunc }

func (k killer) Write(b []byte) (int, error) {
	fields := strings.Fields(string(b))
	for i, f := range fields {
		if n, err := strconv.Atoi(f); err == nil && n >= 33 && i+1 < len(fields) && fields[i+1] == "%" {
			k.kill()
		}
	}
	return len(b), nil
}

// benchReorganise carries the reorganisation of 2025-07-01 out over many open dossiers, in all
// states and over all communes and districts. A first process is killed without warning in
// the middle; a second goes on. reorganise.broken counts what a comparison of before and after
// finds lost, doubled, unexplained, changed, at a dead unit or without a post: it must be 0.
func benchReorganise(ctx context.Context, o citybench.Options) (rows []citybench.Row, err error) {
	cfg, drop, err := benchConfig(ctx, o, Config{Opened: clock.MustDate("2025-06-30").At(17, 0)})
	if err != nil {
		return nil, err
	}
	defer drop()
	before, err := manyOpen(ctx, cfg, o.Dossiers)
	if err != nil {
		return nil, err
	}
	clk := clock.System()
	args := []string{"reorganise", "hanoi-2025-07-01", "--data", cfg.Data, "--at", "2025-07-01T06:00"}
	if cfg.DB != "" {
		args = append(args, "--db", cfg.DB)
	}
	began := clk.Now()
	first, stop := context.WithCancel(ctx)
	defer stop()
	killed := exec.CommandContext(first, o.Binary, args...) //nolint:gosec // ourselves; the context kills it without warning
	killed.Stderr = killer{stop}
	killErr := killed.Run()
	cfg.Opened = clock.MustDate("2025-07-01").At(6, 0)
	p, err := New(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	half, _, err := p.Reorganise.ProgressOf(ctx, "hanoi-2025-07-01")
	if err != nil {
		return nil, err
	}
	if o.Profile != "" {
		args = append([]string{"--profile", o.Profile}, args...)
	}
	if out, err := exec.CommandContext(ctx, o.Binary, args...).CombinedOutput(); err != nil && p.DB.SingleWriter() { //nolint:gosec // ourselves
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	took := clk.Now().Sub(began).Seconds()
	done, found, err := p.Reorganise.ProgressOf(ctx, "hanoi-2025-07-01")
	if err != nil || !found || done.Act.Status != reorganise.Done {
		return nil, errors.Join(err, fmt.Errorf("the act stands at %s", done.Act.Status))
	}
	proof, err := p.Reorganise.Prove(ctx, done.Act.ID, before)
	if err != nil {
		return nil, err
	}
	broken := len(proof.Lost) + len(proof.Doubled) + len(proof.Unexplained) + len(proof.Changed) + len(proof.Dead) + len(proof.Unstaffed)
	if err := p.Journal.Tick(ctx, nil); err != nil {
		return nil, err
	}
	v, err := p.Journal.Verify(ctx, journal.Held{}, nil)
	for i := 0; i < 4 && errs.Is(err, errs.Unavailable); i++ { // a loaded machine reads too slowly
		v, err = p.Journal.Verify(ctx, journal.Held{}, nil)
	}
	if err != nil {
		return nil, err
	}
	if !v.OK() {
		broken++
		fmt.Fprintf(o.Log, "the journal: %d problems, the first %+v\n", len(v.Problems), v.Problems[:min(3, len(v.Problems))])
	}
	fmt.Fprintf(o.Log, "%s; killed at %d (%v); %v\n", proof, half.Seen(), killErr, done.Counts)
	n := len(before)
	return []citybench.Row{
		{Name: "reorganise.per_second", Value: float64(n) / took, Unit: "dossiers/s", N: n},
		{Name: "reorganise.killed_at", Value: float64(half.Seen()), Unit: "dossiers", N: n},
		{Name: "reorganise.moved", Value: float64(done.Counts[reorganise.Moved]), Unit: "dossiers", N: n},
		{Name: "reorganise.asked", Value: float64(done.Splits), Unit: "dossiers", N: n},
		{Name: "reorganise.explained", Value: float64(proof.Explained), Unit: "dossiers", N: n},
		{Name: "reorganise.lost", Value: float64(len(proof.Lost)), Unit: "dossiers", N: n},
		{Name: "reorganise.doubled", Value: float64(len(proof.Doubled)), Unit: "dossiers", N: n},
		{Name: "reorganise.unexplained", Value: float64(len(proof.Unexplained)), Unit: "dossiers", N: n},
		{Name: "reorganise.broken", Value: float64(broken), Unit: "dossiers", N: n},
	}, nil
}

// manyOpen makes a city with at least n open dossiers and closes it.
func manyOpen(ctx context.Context, cfg Config, n int) (reorganise.Snapshot, error) {
	p, err := New(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	city, err := p.Settle(ctx)
	if err != nil {
		return nil, err
	}
	for more := false; ; more = true {
		open, err := p.Dossiers.CountOpen(ctx)
		if err != nil {
			return nil, err
		}
		if open >= n {
			if err := p.Journal.Tick(ctx, nil); err != nil { // the eve is numbered on the eve
				return nil, err
			}
			return p.Reorganise.Snapshot(ctx)
		}
		in := dossier.Filling{N: max(200, 2*(n-open)), Since: p.Clock.Now().AddDate(0, 0, -9), More: more}
		if _, err := p.Fill(ctx, city, in); err != nil {
			return nil, err
		}
	}
}
