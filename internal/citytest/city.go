package citytest

import (
	"context"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db/dbtest"
)

// Opened is the instant at which a test's city opens: Monday 2025-06-23 08:10.
func Opened() time.Time { return clock.MustDate("2025-06-23").At(8, 10) }

// City is a running program with a settled demo.
type City struct {
	*app.Program
	Clock *clock.Fake
	URL   string
	Demo  app.DemoCity
	t     testing.TB
}

// Option changes how a city is opened.
type Option func(*app.Config, *clock.Fake)

// At opens the city at another instant.
func At(t time.Time) Option {
	return func(_ *app.Config, clk *clock.Fake) { clk.Set(t) }
}

// With changes the configuration.
func With(f func(*app.Config)) Option { return func(c *app.Config, _ *clock.Fake) { f(c) } }

// Each runs a test on a city over SQLite and on one over PostgreSQL, side by side.
func Each(t *testing.T, test func(t *testing.T, c *City), opts ...Option) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, New(t, opts...))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := dbtest.PostgresURL(t, app.Migrations())
		test(t, New(t, append(opts, With(func(c *app.Config) { c.DB = url }))...))
	})
}

// New opens a city on SQLite, runs it, and closes it with the test.
func New(t testing.TB, opts ...Option) *City {
	t.Helper()
	clk := clock.NewFake(Opened())
	cfg := app.Config{
		Data: t.TempDir(), Listen: "127.0.0.1:0", Clock: clk, MigrateAtStart: true, Twice: true,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	}
	for _, o := range opts {
		o(&cfg, clk)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p, err := app.New(ctx, cfg)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	c := &City{Program: p, Clock: clk, t: t}
	if c.Demo, err = p.Settle(ctx); err != nil {
		cancel()
		t.Fatal(err)
	}
	addr := make(chan net.Addr, 1)
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx, func(a net.Addr) { addr <- a }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the program ended with %v", err)
		}
		p.Close()
	})
	select {
	case a := <-addr:
		c.URL = "http://" + a.String()
	case err := <-done:
		done <- nil
		t.Fatalf("the program did not start: %v", err)
	}
	return c
}

// Pass moves the clock on and wakes what waits for the time.
func (c *City) Pass(d time.Duration) {
	c.Clock.Advance(d)
	c.Jobs.Wake()
}

// Account is the invented person with a role; "clerk2" is the second with the role clerk.
func (c *City) Account(role string) app.DemoAccount {
	c.t.Helper()
	name := strings.TrimRight(role, "0123456789")
	nth, _ := strconv.Atoi(role[len(name):])
	for _, a := range c.Demo.Accounts {
		if a.Role == name {
			if nth--; nth <= 0 {
				return a
			}
		}
	}
	c.t.Fatalf("the demo has nobody with the role %s", role)
	return app.DemoAccount{}
}

// Listens waits until followers have begun that start at the end of the log: of what happens
// before, a new city tells nobody.
func (c *City) Listens(followers ...string) {
	c.t.Helper()
	for _, f := range followers {
		c.Eventually(f+" listens", func() bool {
			st, err := c.Journal.Status(c.t.Context())
			if err != nil {
				c.t.Fatal(err)
			}
			_, begun := st.Behind[f]
			return begun
		})
	}
}

// Eventually waits for what happens in the background: it asks again as long as the
// test's deadline lets it, without a fixed time.
func (c *City) Eventually(what string, ok func() bool) {
	c.t.Helper()
	limit := time.NewTimer(time.Minute) // a bound for what hangs, not a measure
	defer limit.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-limit.C:
			c.t.Fatalf("it did not happen: %s", what)
		case <-tick.C:
			c.Jobs.Wake()
		}
	}
}
