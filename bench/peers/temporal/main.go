// Command temporal measures a Temporal server on the same store, machine and load as
// `khue bench lifecycle`: how many workflows of seven activities a second it takes to their end.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"khue/bench/peers/load"
)

const queue = "dossiers"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "temporal:", err)
		os.Exit(1)
	}
}

type options struct {
	server  serverCmd
	serve   bool
	load    load.Load
	workers int
	pollers int
	eager   bool
	json    bool
}

func run(ctx context.Context) error {
	var o options
	flag.StringVar(&o.server.db, "db", "", "admin URL of a PostgreSQL server; empty: SQLite in a fresh folder")
	flag.IntVar(&o.load.Clients, "clients", 64, "workflows under way at once")
	flag.DurationVar(&o.load.For, "for", 10*time.Second, "length of the counted time")
	flag.DurationVar(&o.load.Warm, "warm", 5*time.Second, "length of the warm-up")
	flag.IntVar(&o.workers, "workers", 1, "workers in the process of the load")
	flag.IntVar(&o.pollers, "pollers", 16, "pollers of each worker for workflow tasks, and as many for activities")
	flag.BoolVar(&o.eager, "eager", true, "hand the first task of a workflow, and activities of its own worker, over at once")
	flag.IntVar(&o.server.shards, "shards", 0, "history shards; 0: 1 on SQLite, 16 on PostgreSQL")
	flag.IntVar(&o.server.partitions, "partitions", 1, "partitions of each task queue")
	flag.IntVar(&o.server.conns, "conns", 0, "connections to the store; 0: 1 on SQLite, 50 on PostgreSQL")
	flag.StringVar(&o.server.logs, "log", "fatal", "level of the server's log")
	flag.BoolVar(&o.json, "json", false, "one JSON object a line")
	flag.BoolVar(&o.serve, "serve", false, "be the server (the load starts it so)")
	flag.StringVar(&o.server.profile, "profile", "", "file for a CPU profile of the server")
	flag.StringVar(&o.server.dir, "dir", "", "with -serve: folder of the SQLite file")
	flag.StringVar(&o.server.main, "main", "", "with -serve: database of the state")
	flag.StringVar(&o.server.visibility, "visibility", "", "with -serve: database of the visibility")
	flag.Parse()
	if o.server.shards == 0 {
		o.server.shards = 1
		if o.server.db != "" {
			o.server.shards = 16
		}
	}
	if o.serve {
		return o.server.run()
	}
	return measure(ctx, o)
}

// measure starts a server over an empty store and drives it.
func measure(ctx context.Context, o options) error {
	args := []string{
		"-serve", "-shards", strconv.Itoa(o.server.shards), "-partitions", strconv.Itoa(o.server.partitions),
		"-conns", strconv.Itoa(o.server.conns), "-log", o.server.logs, "-profile", o.server.profile,
	}
	store := "sqlite"
	if o.server.db == "" {
		dir, err := os.MkdirTemp("", "peers-temporal-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		args = append(args, "-dir", dir)
	} else {
		store = "postgres"
		main, visibility, drop, err := fresh(ctx, o.server.db)
		if err != nil {
			return err
		}
		defer drop()
		args = append(args, "-db", o.server.db, "-main", main, "-visibility", visibility)
	}
	srv, err := load.Start(ctx, args...)
	if err != nil {
		return err
	}
	defer srv.Stop()
	c, err := client.Dial(client.Options{HostPort: srv.Addr, Namespace: namespace, Logger: quiet{}})
	if err != nil {
		return err
	}
	defer c.Close()
	var did Acts
	for range o.workers {
		w := worker.New(c, queue, worker.Options{
			MaxConcurrentWorkflowTaskPollers: o.pollers, MaxConcurrentActivityTaskPollers: o.pollers, DisableEagerActivities: !o.eager,
		})
		w.RegisterWorkflow(Life)
		w.RegisterActivity(&did)
		if err := w.Start(); err != nil {
			return err
		}
		defer w.Stop()
	}
	o.load.Used, o.load.Parts = srv.Used, did.N.Load
	r, err := load.Run(ctx, o.load, func(ctx context.Context, _ int) error {
		run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: queue, EnableEagerStart: o.eager}, Life, load.Submission)
		if err != nil {
			return err
		}
		var m Moved
		if err := run.Get(ctx, &m); err != nil {
			return err
		}
		if want := int64(1 + len(acts)); m.Version != want {
			return fmt.Errorf("a workflow ended at version %d, not %d", m.Version, want)
		}
		return nil
	})
	if err != nil {
		return err
	}
	// Workflows that wait for one store end in waves, so that those ended say little of a short time;
	// the activities done in it, seven a workflow, say it well.
	whole := float64(r.Parts) / float64(1+len(acts))
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / max(whole, 1) }
	name := "temporal." + store
	load.Print(os.Stdout, o.json,
		load.Row{Name: name + ".workflows_per_second", Value: whole / r.Took.Seconds(), Unit: "1/s", N: int(whole)},
		load.Row{Name: name + ".activities_per_second", Value: float64(r.Parts) / r.Took.Seconds(), Unit: "1/s", N: int(r.Parts)},
		load.Row{Name: name + ".ended_per_second", Value: r.PerSecond(), Unit: "1/s", N: r.N},
		load.Row{Name: name + ".p50_ms", Value: r.Quantile(0.5), Unit: "ms", N: r.N},
		load.Row{Name: name + ".p99_ms", Value: r.Quantile(0.99), Unit: "ms", N: r.N},
		load.Row{Name: name + ".cpu_us", Value: each(r.Used), Unit: "µs", N: int(whole)},
		load.Row{Name: name + ".worker_cpu_us", Value: each(r.Own), Unit: "µs", N: int(whole)},
	)
	return nil
}

// fresh makes the two databases of a server, and drops them.
func fresh(ctx context.Context, admin string) (main, visibility string, drop func(), err error) {
	if _, err := url.Parse(admin); err != nil {
		return "", "", nil, err
	}
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return "", "", nil, err
	}
	main = "peers_temporal_" + strings.ToLower(rand.Text()[:10])
	visibility = main + "_visibility"
	drop = func() {
		ctx := context.WithoutCancel(ctx)
		for _, n := range []string{main, visibility} {
			_, _ = conn.Exec(ctx, "DROP DATABASE IF EXISTS "+n+" WITH (FORCE)")
		}
		_ = conn.Close(ctx)
	}
	for _, n := range []string{main, visibility} {
		if _, e := conn.Exec(ctx, "CREATE DATABASE "+n); e != nil {
			err = errors.Join(err, e)
		}
	}
	if err != nil {
		drop()
	}
	return main, visibility, drop, err
}

// quiet keeps the client's log out of the figures; what fails is returned.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
