package citybench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	floodRate  = 1000 // sign-ins a second
	floodHosts = 4096 // networks that they come from
	watchers   = 4    // connections that look at the tracking page
	watchPause = 20 * time.Millisecond
)

// Flood measures the tracking page while strangers try 1,000 passwords a second, each for
// another account and from another network, against its time on a quiet city. The load runs on
// the same machine, so that part of the difference is the load itself.
func Flood(ctx context.Context, o Options) ([]Row, error) {
	o = o.withDefaults()
	c, err := open(ctx, o, "--at", "2026-11-23")
	if err != nil {
		return nil, err
	}
	defer c.close()
	codes, err := fill(c, 16)
	if err != nil {
		return nil, err
	}
	quiet, err := watch(ctx, c, codes[0], o.For)
	if err != nil {
		return nil, err
	}
	flood, stop := context.WithCancel(ctx)
	defer stop()
	var tried, refused atomic.Int64
	done := make(chan error, 1)
	began := time.Now()
	go func() { done <- stuff(flood, c.addr(), &tried, &refused) }()
	time.Sleep(min(2*time.Second, o.For)) // the queue of passwords fills
	loud, err := watch(ctx, c, codes[0], o.For)
	took := time.Since(began)
	stop()
	if err := errors.Join(err, <-done); err != nil {
		return nil, err
	}
	q, l := quantile(quiet, 0.99), quantile(loud, 0.99)
	return []Row{
		{"auth.flood_p99_ratio", l / q, "", len(loud)},
		{"auth.flood_quiet_p99_ms", q, "ms", len(quiet)},
		{"auth.flood_p99_ms", l, "ms", len(loud)},
		{"auth.flood_per_second", float64(tried.Load()) / took.Seconds(), "1/s", int(tried.Load())},
		{"auth.flood_refused", float64(refused.Load()) / float64(max(1, tried.Load())), "", int(tried.Load())},
	}, nil
}

// watch looks at the tracking page again and again.
func watch(ctx context.Context, c *city, code string, length time.Duration) ([]time.Duration, error) {
	all, errs := make([][]time.Duration, watchers), make([]error, watchers)
	end := time.Now().Add(length)
	var wg sync.WaitGroup
	for i := range watchers {
		wg.Go(func() {
			conn, err := dial(c.addr())
			if err != nil {
				errs[i] = err
				return
			}
			defer conn.close()
			for time.Now().Before(end) && ctx.Err() == nil {
				began := time.Now()
				status, body, err := conn.do(http.MethodGet, "/api/v1/dossiers/"+code, c.token("clerk"), nil)
				if err == nil && status != http.StatusOK {
					err = refused("tracking", status, body)
				}
				if err != nil {
					errs[i] = err
					return
				}
				all[i] = append(all[i], time.Since(began))
				time.Sleep(watchPause)
			}
		})
	}
	wg.Wait()
	out := slices.Concat(all...)
	slices.Sort(out)
	return out, errors.Join(errs...)
}

// stuff tries passwords at a steady rate until ctx ends. A try that waits for its turn holds
// its connection, so that others take further ones.
func stuff(ctx context.Context, addr string, tried, held *atomic.Int64) error {
	free := make(chan *client, floodHosts)
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	defer func() {
		wg.Wait()
		close(free)
		for c := range free {
			c.close()
		}
	}()
	tick := time.NewTicker(time.Second / 100)
	defer tick.Stop()
	n := 0
	for {
		select {
		case <-ctx.Done():
			if err := failed.Load(); err != nil {
				return *err
			}
			return nil
		case <-tick.C:
		}
		for range floodRate / 100 {
			n++
			mine := n
			wg.Go(func() {
				status, err := try(free, addr, mine)
				tried.Add(1)
				if err != nil {
					failed.Store(&err)
				}
				if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
					held.Add(1)
				}
			})
		}
	}
}

func try(free chan *client, addr string, n int) (int, error) {
	var c *client
	select {
	case c = <-free:
	default:
		conn, err := Elsewhere(addr).Dial("tcp", addr) //nolint:noctx // bounded
		if err != nil {
			return 0, fmt.Errorf("flood: %w", err)
		}
		c = over(conn, addr)
	}
	body := []byte("login=09" + strconv.Itoa(10_000_000+n) + "&password=matkhau" + strconv.Itoa(n))
	status, err := c.form("/sign-in", body)
	if err != nil {
		c.close()
		return 0, fmt.Errorf("flood: %w", err)
	}
	select {
	case free <- c:
	default:
		c.close()
	}
	return status, nil
}
