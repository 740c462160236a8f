package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
)

type yard struct {
	*jobs.Queue
	d   *db.DB
	clk *clock.Fake
	gen *id.Gen
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func each(t *testing.T, cfg jobs.Config, test func(t *testing.T, y *yard)) {
	t.Parallel()
	cfg.Log = quiet()
	run := func(name string, open func(testing.TB, []db.Migrations, ...dbtest.Option) *db.DB) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clk := clock.NewFake(clock.MustDate("2025-06-23").At(8, 10))
			d := open(t, []db.Migrations{jobs.Migrations()}, dbtest.WithClock(clk))
			gen := id.NewGen(1, clk)
			test(t, &yard{Queue: jobs.New(d, gen, cfg), d: d, clk: clk, gen: gen})
		})
	}
	run("sqlite", dbtest.New)
	run("postgres", dbtest.NewPostgres)
}

func (y *yard) put(t testing.TB, js ...jobs.Job) {
	t.Helper()
	err := y.d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
		for _, j := range js {
			if err := y.Enqueue(tx, j); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (y *yard) stats(t testing.TB) jobs.Stats {
	t.Helper()
	s, err := y.Stats(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// record is a handler that writes down its arguments.
type record struct {
	mu   sync.Mutex
	seen []string
	fail error
}

func (r *record) handler(kind string) jobs.Handler {
	return jobs.Handler{Kind: kind, MaxAttempts: 3, Do: func(_ context.Context, t jobs.Task) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		var arg string
		if err := t.Read(&arg); err != nil {
			return err
		}
		r.seen = append(r.seen, fmt.Sprintf("%s#%d", arg, t.Attempt))
		return r.fail
	}}
}

func TestAJobExistsOnlyIfItsUnitDoes(t *testing.T) {
	each(t, jobs.Config{}, func(t *testing.T, y *yard) {
		boom := errors.New("boom")
		err := y.d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
			if err := y.Enqueue(tx, jobs.Job{Kind: "mail", Args: "lost"}); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		y.put(t, jobs.Job{Kind: "mail", Args: "kept"})
		var r record
		n, err := y.Drain(context.Background(), []jobs.Handler{r.handler("mail")})
		if err != nil || n != 1 || !slices.Equal(r.seen, []string{"kept#1"}) {
			t.Errorf("%d %v %v", n, r.seen, err)
		}
		if s := y.stats(t); s != (jobs.Stats{}) {
			t.Errorf("%+v", s)
		}
	})
}

func TestTimersAndOrder(t *testing.T) {
	each(t, jobs.Config{}, func(t *testing.T, y *yard) {
		now := y.clk.Now()
		y.put(t, jobs.Job{Kind: "mail", Args: "later", RunAt: now.Add(2 * time.Hour)}, jobs.Job{Kind: "mail", Args: "soon", RunAt: now.Add(time.Hour)}, jobs.Job{Kind: "other", Args: "not ours"})
		var r record
		hs := []jobs.Handler{r.handler("mail")}
		if n, err := y.Drain(context.Background(), hs); n != 0 || err != nil {
			t.Fatalf("%d %v", n, err)
		}
		y.clk.Advance(3 * time.Hour)
		if s := y.stats(t); s.Due != 3 || s.Oldest != 3*time.Hour {
			t.Errorf("%+v", s)
		}
		if n, err := y.Drain(context.Background(), hs); n != 2 || err != nil || !slices.Equal(r.seen, []string{"soon#1", "later#1"}) {
			t.Errorf("%d %v %v", n, r.seen, err)
		}
	})
}

func TestUniqueJobsMeltWhileTheyWait(t *testing.T) {
	each(t, jobs.Config{}, func(t *testing.T, y *yard) {
		j := jobs.Job{Kind: "render", Args: "a", Unique: "dossier:5"}
		y.put(t, j, j)
		y.put(t, j, jobs.Job{Kind: "render", Args: "b", Unique: "dossier:6"}, jobs.Job{Kind: "mail", Args: "c", Unique: "dossier:5"})
		var r record
		hs := []jobs.Handler{r.handler("render"), r.handler("mail")}
		if n, err := y.Drain(context.Background(), hs); n != 3 || err != nil {
			t.Errorf("%d %v", n, err)
		}
		y.put(t, j) // done, so it may come again
		if n, _ := y.Drain(context.Background(), hs); n != 1 {
			t.Errorf("ran %d", n)
		}
	})
}

func TestFailuresAreTriedAgainLaterAndThenKept(t *testing.T) {
	each(t, jobs.Config{}, func(t *testing.T, y *yard) {
		ctx := context.Background()
		y.put(t, jobs.Job{Kind: "mail", Args: "a", Unique: "k"})
		r := record{fail: errors.New("no route to 999190000001")}
		hs := []jobs.Handler{r.handler("mail")}
		for i := range 3 {
			if n, err := y.Drain(ctx, hs); n != 1 || err == nil {
				t.Fatalf("try %d: %d %v", i+1, n, err)
			}
			if n, _ := y.Drain(ctx, hs); n != 0 {
				t.Fatal("tried again at once")
			}
			y.clk.Advance(time.Hour)
		}
		dead, err := y.Dead(ctx, 0, 0)
		if err != nil || len(dead) != 1 || dead[0].Attempts != 3 || !strings.Contains(dead[0].Error, "999xxxxxx001") {
			t.Fatalf("%+v %v", dead, err)
		}
		if s := y.stats(t); s.Dead != 1 || s.Waiting != 0 {
			t.Errorf("%+v", s)
		}
		r.fail = nil
		in := func(f func(tx *db.Tx) error) error {
			return y.d.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return f(tx) })
		}
		if err := in(func(tx *db.Tx) error { return y.Revive(tx, dead[0].ID) }); err != nil {
			t.Fatal(err)
		}
		if err := in(func(tx *db.Tx) error { return y.Drop(tx, dead[0].ID) }); !errs.Is(err, errs.NotFound) {
			t.Errorf("dropped a job that lives: %v", err)
		}
		if n, err := y.Drain(ctx, hs); n != 1 || err != nil {
			t.Errorf("%d %v", n, err)
		}
		if want := []string{"a#1", "a#2", "a#3", "a#1"}; !slices.Equal(r.seen, want) {
			t.Errorf("%v", r.seen)
		}
	})
}

func TestPermanentFailuresAndPanics(t *testing.T) {
	each(t, jobs.Config{}, func(t *testing.T, y *yard) {
		ctx := context.Background()
		y.put(t, jobs.Job{Kind: "never"}, jobs.Job{Kind: "panics"})
		hs := []jobs.Handler{
			{Kind: "never", Do: func(context.Context, jobs.Task) error { return jobs.Permanent(errors.New("no such address")) }},
			{Kind: "panics", Do: func(context.Context, jobs.Task) error { panic("nil map") }},
		}
		if n, err := y.Drain(ctx, hs); n != 2 || err == nil {
			t.Errorf("%d %v", n, err)
		}
		if s := y.stats(t); s.Dead != 1 || s.Waiting != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// A handler that finishes in the transaction of its effect does it once, also
// where the node hung, the lease ran out and another did the job.
func TestDoneInTheEffectsTransaction(t *testing.T) {
	each(t, jobs.Config{}, func(t *testing.T, y *yard) {
		ctx := context.Background()
		y.put(t, jobs.Job{Kind: "pay"})
		var effects atomic.Int64
		work := func(ctx context.Context, task jobs.Task) error {
			return y.d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
				tx.AfterCommit(func() { effects.Add(1) })
				return task.Done(tx)
			})
		}
		slow := jobs.Handler{Kind: "pay", Do: func(ctx context.Context, task jobs.Task) error {
			// Meanwhile the lease runs out and another node does it.
			y.clk.Advance(time.Hour)
			if _, err := jobs.New(y.d, y.gen, jobs.Config{Log: quiet()}).Drain(ctx, []jobs.Handler{{Kind: "pay", Do: work}}); err != nil {
				t.Error(err)
			}
			return work(ctx, task)
		}}
		_, err := y.Drain(ctx, []jobs.Handler{slow})
		if !errs.Is(err, errs.Conflict) {
			t.Errorf("the slow node got %v", err)
		}
		if effects.Load() != 1 || y.stats(t) != (jobs.Stats{}) {
			t.Errorf("%d effects, %+v", effects.Load(), y.stats(t))
		}
	})
}

func TestRunWakesAtTheCommit(t *testing.T) {
	each(t, jobs.Config{Workers: 2}, func(t *testing.T, y *yard) {
		ctx, stop := context.WithCancel(context.Background())
		did := make(chan string)
		ended := make(chan error, 1)
		go func() {
			ended <- y.Run(ctx, []jobs.Handler{{Kind: "mail", Do: func(_ context.Context, t jobs.Task) error {
				did <- string(t.Args)
				return nil
			}}}, nil)
		}()
		for i := range 5 {
			y.put(t, jobs.Job{Kind: "mail", Args: i})
			if got := <-did; got != fmt.Sprint(i) {
				t.Errorf("job %d got %s", i, got)
			}
		}
		// A timer fires when the clock is moved over it.
		y.put(t, jobs.Job{Kind: "mail", Args: "timer", RunAt: y.clk.Now().Add(time.Hour)})
		y.clk.Advance(2 * time.Hour)
		y.Wake()
		if got := <-did; got != `"timer"` {
			t.Errorf("got %s", got)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if s := y.stats(t); s != (jobs.Stats{}) {
			t.Errorf("%+v", s)
		}
	})
}

// Several nodes share one queue: each job is done by one of them.
func TestManyWorkersDoEachJobOnce(t *testing.T) {
	each(t, jobs.Config{Workers: 4}, func(t *testing.T, y *yard) {
		const n = 200
		nodes := []*jobs.Queue{y.Queue}
		if !y.d.SingleWriter() { // where claims live in memory there is one process
			nodes = append(nodes, jobs.New(y.d, y.gen, jobs.Config{Workers: 4, Log: quiet()}))
		}
		var mu sync.Mutex
		times := map[string]int{}
		all := make(chan struct{})
		h := jobs.Handler{Kind: "mail", Do: func(_ context.Context, task jobs.Task) error {
			mu.Lock()
			defer mu.Unlock()
			times[string(task.Args)]++
			if len(times) == n {
				select {
				case <-all:
				default:
					close(all)
				}
			}
			return nil
		}}
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan error, len(nodes))
		for _, q := range nodes {
			go func() { ended <- q.Run(ctx, []jobs.Handler{h}, nil) }()
		}
		for i := range n {
			y.put(t, jobs.Job{Kind: "mail", Args: i})
		}
		<-all
		stop()
		for range nodes {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		for k, v := range times {
			if v != 1 {
				t.Errorf("job %s ran %d times", k, v)
			}
		}
		if s := y.stats(t); s != (jobs.Stats{}) {
			t.Errorf("%+v", s)
		}
	})
}

func TestStopGivesGraceThenPutsBack(t *testing.T) {
	each(t, jobs.Config{Workers: 2, Grace: time.Nanosecond}, func(t *testing.T, y *yard) {
		ctx, stop := context.WithCancel(context.Background())
		begun := make(chan struct{})
		ended := make(chan error, 1)
		go func() {
			ended <- y.Run(ctx, []jobs.Handler{{Kind: "slow", Do: func(ctx context.Context, _ jobs.Task) error {
				close(begun)
				<-ctx.Done() // cancelled when the grace is over
				return ctx.Err()
			}}}, nil)
		}()
		y.put(t, jobs.Job{Kind: "slow", Args: "a"})
		<-begun
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		var r record
		if n, err := y.Drain(context.Background(), []jobs.Handler{r.handler("slow")}); n != 1 || err != nil || r.seen[0] != "a#1" {
			t.Errorf("%d %v %v", n, r.seen, err)
		}
	})
}

func TestRunStartsAndStopsAtAnyMoment(t *testing.T) {
	each(t, jobs.Config{}, func(t *testing.T, y *yard) {
		var n atomic.Int64
		h := jobs.Handler{Kind: "mail", Do: func(context.Context, jobs.Task) error { n.Add(1); return nil }}
		for i := range 30 {
			ctx, stop := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() {
				ended <- y.Run(ctx, []jobs.Handler{h}, []jobs.Periodic{{Kind: "mail", Every: time.Hour}})
			}()
			y.put(t, jobs.Job{Kind: "mail", Args: i})
			stop()
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
		}
		if _, err := y.Drain(context.Background(), []jobs.Handler{h}); err != nil {
			t.Error(err)
		}
		if n.Load() != 30 || y.stats(t) != (jobs.Stats{}) {
			t.Errorf("%d ran, %+v", n.Load(), y.stats(t))
		}
	})
}

// However many nodes run, a periodic job comes once an instant; instants missed while
// nobody ran melt into one.
func TestPeriodicJobsAreElected(t *testing.T) {
	each(t, jobs.Config{}, func(t *testing.T, y *yard) {
		ran := make(chan time.Time, 100)
		h := jobs.Handler{Kind: "sweep", Do: func(_ context.Context, task jobs.Task) error { ran <- task.RunAt; return nil }}
		p := []jobs.Periodic{{Kind: "sweep", Every: 24 * time.Hour, Offset: 2 * time.Hour}}
		nodes := []*jobs.Queue{y.Queue}
		if !y.d.SingleWriter() {
			nodes = append(nodes, jobs.New(y.d, y.gen, jobs.Config{Log: quiet()}))
		}
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan error, len(nodes))
		for _, q := range nodes {
			go func() { ended <- q.Run(ctx, []jobs.Handler{h}, p) }()
		}
		y.settle(t)
		y.clk.Set(clock.MustDate("2025-06-24").At(2, 0))
		for _, q := range nodes {
			q.Wake()
		}
		if at := <-ran; !at.Equal(clock.MustDate("2025-06-24").At(2, 0)) {
			t.Errorf("ran at %v", at)
		}
		y.clk.Set(clock.MustDate("2025-06-28").At(9, 0)) // four instants at once
		for _, q := range nodes {
			q.Wake()
		}
		<-ran
		stop()
		for range nodes {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		if len(ran) != 0 {
			t.Errorf("%d more", len(ran))
		}
		_, err := y.Drain(context.Background(), []jobs.Handler{h})
		if err != nil || len(ran) != 0 {
			t.Errorf("%d more waited, %v", len(ran), err)
		}
	})
}

// settle waits until Run has written down the periodic job's first instant.
func (y *yard) settle(t *testing.T) {
	t.Helper()
	for {
		n := 0
		err := y.d.View(context.Background(), func(_ context.Context, v *db.View) error {
			return v.QueryRow(`SELECT count(*) FROM jobs_periodic`).Scan(&n)
		})
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return
		}
	}
}

func TestContradictingHandlers(t *testing.T) {
	each(t, jobs.Config{}, func(t *testing.T, y *yard) {
		do := func(context.Context, jobs.Task) error { return nil }
		for _, hs := range [][]jobs.Handler{{{Kind: "a"}}, {{Do: do}}, {{Kind: "a", Do: do}, {Kind: "a", Do: do}}} {
			if err := y.Run(context.Background(), hs, nil); err == nil {
				t.Errorf("%v was taken", hs)
			}
		}
		if err := y.Run(context.Background(), nil, []jobs.Periodic{{Kind: "a", Every: time.Hour}}); err == nil {
			t.Error("a periodic job without handler was taken")
		}
		err := y.d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
			return y.Enqueue(tx, jobs.Job{Kind: "a", Args: strings.Repeat("x", jobs.MaxArgs)})
		})
		if err == nil {
			t.Error("arguments beyond the measure were taken")
		}
	})
}

func TestPauseGrows(t *testing.T) {
	t.Parallel()
	for n := 1; n < 30; n++ {
		a, b := jobs.Pause(n), jobs.Pause(n+3)
		if a < 4*time.Second || a > 10*time.Hour || n < 5 && b < a {
			t.Errorf("after try %d: %v, then %v", n, a, b)
		}
	}
}
