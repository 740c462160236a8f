package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"khue/internal/app/citybench"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// benchTimers fires many timers that are due at one instant: applicants who filed online
// and did not confirm the draft of their entry within a day, so that silence agrees. Whole
// programs run over one database, one on SQLite and two on PostgreSQL; their clock jumps
// past the day. timers.late_s is from that instant to the last firing that the journal has,
// timers.cpu_s the processor time of the programs (without the database server's); each
// dossier must have fired exactly once.
func benchTimers(ctx context.Context, o citybench.Options) (rows []citybench.Row, err error) {
	b := timerBench{o: o, clk: clock.StartAt(clock.System(), clock.MustDate("2026-11-16").At(9, 0))}
	var drop func()
	if b.cfg, drop, err = benchConfig(ctx, o, Config{Clock: b.clk}); err != nil {
		return nil, err
	}
	defer drop()
	nodes := 1
	if o.DB != "" {
		nodes = 2
	}
	defer func() { err = errors.Join(err, b.stop()) }()
	for range nodes {
		if err := b.start(ctx); err != nil {
			return nil, err
		}
	}
	if err := b.fill(ctx); err != nil {
		return nil, fmt.Errorf("filling: %w", err)
	}
	if err := b.settle(ctx); err != nil {
		return nil, err
	}
	before := citybench.Used()
	began, err := b.fire(ctx)
	if err != nil {
		return nil, err
	}
	used := citybench.Used() - before
	late, err := b.count(ctx, began)
	if err != nil {
		return nil, err
	}
	at := func(q float64) float64 { return late[min(len(late)-1, int(q*float64(len(late))))].Seconds() }
	return []citybench.Row{
		{Name: "timers.late_s", Value: at(1), Unit: "s", N: len(late)},
		{Name: "timers.late_p50_s", Value: at(0.5), Unit: "s", N: len(late)},
		{Name: "timers.cpu_s", Value: used.Seconds(), Unit: "s", N: len(late)},
		{Name: "timers.nodes", Value: float64(nodes), Unit: "", N: nodes},
	}, nil
}

// timerBench is a city whose timers come due together.
type timerBench struct {
	o     citybench.Options
	cfg   Config
	clk   *clock.Shifted
	nodes []*Program
	stops []func() error
	ids   []dossier.ID
}

// start runs one more program over the city's database.
func (b *timerBench) start(ctx context.Context) error {
	p, err := New(ctx, b.cfg)
	if err != nil {
		return err
	}
	_, stop, err := serveBench(ctx, p)
	if err != nil {
		p.Close()
		return err
	}
	b.nodes, b.stops = append(b.nodes, p), append(b.stops, stop)
	return nil
}

func (b *timerBench) stop() (err error) {
	for i, p := range b.nodes {
		err = errors.Join(err, b.stops[i]())
		p.Close()
	}
	return err
}

// fill files the dossiers and moves them to the draft that the applicant should confirm.
func (b *timerBench) fill(ctx context.Context) error {
	const fillers = 64
	everyRole := []auth.Grant{{Role: string(orgunit.RoleClerk), Scope: auth.Everywhere}, {Role: string(orgunit.RoleJustice), Scope: auth.Everywhere}}
	ctx = auth.With(ctx, auth.Subject{Account: 1, Name: "Nguyễn Thị Hạnh", Kind: auth.KindCitizen, Level: auth.Verified, Grants: everyRole})
	b.ids = make([]dossier.ID, b.o.Timers)
	var next atomic.Int64
	failed := make([]error, fillers)
	var wg sync.WaitGroup
	for f := range fillers {
		wg.Go(func() {
			for failed[f] == nil {
				i := int(next.Add(1)) - 1
				if i >= len(b.ids) {
					return
				}
				b.ids[i], failed[f] = draft(ctx, b.nodes[i%len(b.nodes)], i)
				if i%10_000 == 0 {
					fmt.Fprintf(b.o.Log, "  %d of %d dossiers filed\n", i, len(b.ids))
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(failed...)
}

// draft files one birth registration that waits for its applicant.
func draft(ctx context.Context, p *Program, i int) (dossier.ID, error) {
	filed, err := p.Dossiers.Submit(ctx, dossier.Submission{
		Service: "hanoi.civil-status.birth-registration", Case: "normal", Channel: service.Online,
		Applicant: dossier.Party{Name: "Nguyễn Thị Hạnh", Phone: fmt.Sprintf("0912%06d", i)}, Answers: benchBirth(clock.MustDate("2026-10-01")),
		Papers:   []form.File{{Paper: "birthSlip", Name: "giay-chung-sinh.pdf", Type: "pdf", Size: 120_000, Copies: 1}},
		Delivery: dossier.Delivery{Method: "counter"}, Lang: "vi", Key: web.NewKey(),
	})
	if err != nil {
		return 0, err
	}
	at := dossier.Outcome{Task: filed.Task, Version: filed.TaskVersion}
	for _, action := range [...]string{process.DoAccept, "approve"} {
		sub := auth.From(ctx)
		sub.Account, sub.Kind = sub.Account+1, auth.KindOfficer // who receives it does not verify it
		ctx = auth.With(ctx, sub)
		if at, err = p.Dossiers.Act(ctx, dossier.Command{Task: at.Task, Version: at.Version, Action: action, Key: web.NewKey()}); err != nil {
			return 0, err
		}
	}
	if at.Step != "confirmDraft" {
		return 0, fmt.Errorf("the dossier waits at %q", at.Step)
	}
	return filed.ID, nil
}

// settle waits until the entries of the filling are numbered and followed.
func (b *timerBench) settle(ctx context.Context) error {
	for {
		s, err := b.nodes[0].Journal.Status(ctx)
		if err != nil {
			return err
		}
		behind := s.Unnumbered
		for _, n := range s.Behind {
			behind += max(n-1024, 0) // a cursor is written down now and then
		}
		if behind == 0 {
			return nil
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

// fire lets the day pass and returns when no timer is left, with the instant at which
// they were due.
func (b *timerBench) fire(ctx context.Context) (began time.Time, err error) {
	if b.o.Profile != "" {
		f, err := os.Create(b.o.Profile)
		if err != nil {
			return began, err
		}
		defer func() { _ = f.Close() }()
		if err := pprof.StartCPUProfile(f); err != nil {
			return began, err
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Fprintf(b.o.Log, "  the day passes\n")
	began = b.clk.Now().AddDate(0, 0, 2)
	if err := b.clk.JumpTo(began); err != nil {
		return began, err
	}
	for _, p := range b.nodes {
		p.Jobs.Wake()
	}
	for {
		s, err := b.nodes[0].Jobs.Stats(ctx)
		if err != nil || s.Due == 0 && s.Waiting == 0 {
			return began, err
		}
		if s.Dead > 0 {
			return began, fmt.Errorf("%d timers failed for good", s.Dead)
		}
		// Counting costs what it counts: seldom. The journal knows when the last one fired.
		if err := pause(ctx, time.Second); err != nil {
			return began, err
		}
	}
}

// count holds every dossier against the journal: one firing each, and the step behind it.
// It returns how late each fired, the earliest first.
func (b *timerBench) count(ctx context.Context, began time.Time) ([]time.Duration, error) {
	const counters = 8
	late := make([]time.Duration, len(b.ids))
	failed := make([]error, counters)
	var wg sync.WaitGroup
	for c := range counters {
		wg.Go(func() {
			for i := c; i < len(b.ids) && failed[c] == nil; i += counters {
				late[i], failed[c] = b.once(ctx, b.ids[i], began)
			}
		})
	}
	wg.Wait()
	slices.Sort(late)
	return late, errors.Join(failed...)
}

func (b *timerBench) once(ctx context.Context, d dossier.ID, began time.Time) (late time.Duration, err error) {
	records, err := b.nodes[0].Journal.BySubject(ctx, journal.Subject{Type: dossier.SubjectType, ID: int64(d)}, 0, 0)
	n := 0
	for _, r := range records {
		if r.Kind == dossier.KindTimer {
			n++
			late = r.At.Sub(began)
		}
	}
	if err == nil && n != 1 {
		err = fmt.Errorf("the timer of dossier %s fired %d times", d, n)
	}
	return late, err
}

func pause(ctx context.Context, d time.Duration) error {
	if !clock.Wait(ctx, d) {
		return ctx.Err()
	}
	return nil
}
