package jobs_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"khue/internal/kernel/db"
	"khue/internal/kernel/jobs"
)

// TestJobsDoneTogether: what Many marks done is done once; whatever else it leaves, in
// whichever way it fails, falls to Do, once too.
func TestJobsDoneTogether(t *testing.T) {
	each(t, jobs.Config{Workers: 2}, func(t *testing.T, y *yard) {
		const n = 3*jobs.BatchSize + 7
		var (
			mu              sync.Mutex
			alone, together = map[string]int{}, map[string]int{}
			largest, calls  int
			left            = n
			all             = make(chan struct{})
		)
		count := func(in map[string]int, ts ...jobs.Task) {
			mu.Lock()
			defer mu.Unlock()
			for _, t := range ts {
				in[string(t.Args)]++
				if left--; left == 0 {
					close(all)
				}
			}
		}
		h := jobs.Handler{
			Kind: "timer",
			Do:   func(_ context.Context, t jobs.Task) error { count(alone, t); return nil },
			Many: func(ctx context.Context, ts []jobs.Task) error {
				mu.Lock()
				largest = max(largest, len(ts))
				calls++
				call := calls
				mu.Unlock()
				switch call {
				case 1:
					return errors.New("boom")
				case 2:
					panic("bang")
				}
				some := ts[:len(ts)/2]
				err := y.d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
					for _, t := range some {
						if err := t.Done(tx); err != nil {
							return err
						}
					}
					return nil
				})
				if err == nil {
					count(together, some...)
				}
				return err
			},
		}
		js := make([]jobs.Job, n)
		for i := range js {
			js[i] = jobs.Job{Kind: "timer", Args: i}
		}
		y.put(t, js...)
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- y.Run(ctx, []jobs.Handler{h}, nil) }()
		<-all
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if len(alone)+len(together) != n || largest != jobs.BatchSize || len(together) == 0 {
			t.Errorf("%d alone, %d together, %d at most at once", len(alone), len(together), largest)
		}
		for _, did := range []map[string]int{alone, together} {
			for k, v := range did {
				if v != 1 {
					t.Errorf("job %s ran %d times", k, v)
				}
			}
		}
		if s := y.stats(t); s != (jobs.Stats{}) {
			t.Errorf("%+v", s)
		}
	})
}

// TestABacklogHoldsUpNobodyElse: while all who fire timers are busy, a mail goes out.
func TestABacklogHoldsUpNobodyElse(t *testing.T) {
	each(t, jobs.Config{Workers: 1}, func(t *testing.T, y *yard) {
		sent, wait := make(chan struct{}), make(chan struct{})
		timer := func(context.Context) error { <-wait; return nil }
		handlers := []jobs.Handler{
			{
				Kind: "timer",
				Do:   func(ctx context.Context, _ jobs.Task) error { return timer(ctx) },
				Many: func(ctx context.Context, _ []jobs.Task) error { return timer(ctx) },
			},
			{Kind: "mail", Do: func(context.Context, jobs.Task) error { close(sent); return nil }},
		}
		js := make([]jobs.Job, 0, 2*jobs.BatchSize+1)
		for i := range 2 * jobs.BatchSize {
			js = append(js, jobs.Job{Kind: "timer", Args: i})
		}
		y.put(t, append(js, jobs.Job{Kind: "mail"})...)
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- y.Run(ctx, handlers, nil) }()
		<-sent
		close(wait)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
