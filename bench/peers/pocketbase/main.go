// Command pocketbase measures plain creates of one record over HTTP on PocketBase, with the fields
// of Khue's row of a dossier and its form, by the same clients as `khue bench lifecycle`.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"khue/bench/peers/load"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "pocketbase:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var (
		l        load.Load
		s        server
		serve    bool
		asJSON   bool
		keepLogs bool
	)
	flag.IntVar(&l.Clients, "clients", 64, "clients, each with one request under way")
	flag.DurationVar(&l.For, "for", 10*time.Second, "length of the counted time")
	flag.DurationVar(&l.Warm, "warm", 2*time.Second, "length of the warm-up")
	flag.BoolVar(&s.full, "full", false, "synchronous=FULL, so that an answered create is on disk; else NORMAL, as PocketBase has it")
	flag.BoolVar(&keepLogs, "logs", false, "keep its log of requests in its second database, as it does by itself")
	flag.BoolVar(&asJSON, "json", false, "one JSON object a line")
	flag.BoolVar(&serve, "serve", false, "be the server (the load starts it so)")
	flag.StringVar(&s.dir, "dir", "", "with -serve: folder of its data")
	flag.Parse()
	s.logs = keepLogs
	if serve {
		return s.run()
	}
	dir, err := os.MkdirTemp("", "peers-pocketbase-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	child, err := load.Start(ctx, "-serve", "-dir", dir, fmt.Sprintf("-full=%t", s.full), fmt.Sprintf("-logs=%t", keepLogs))
	if err != nil {
		return err
	}
	defer child.Stop()
	l.Used = child.Used
	r, err := drive(ctx, l, child.Addr)
	if err != nil {
		return err
	}
	name := "pocketbase.normal"
	if s.full {
		name = "pocketbase.full"
	}
	load.Print(os.Stdout, asJSON,
		load.Row{Name: name + ".creates_per_second", Value: r.PerSecond(), Unit: "1/s", N: r.N},
		load.Row{Name: name + ".p50_ms", Value: r.Quantile(0.5), Unit: "ms", N: r.N},
		load.Row{Name: name + ".p99_ms", Value: r.Quantile(0.99), Unit: "ms", N: r.N},
		load.Row{Name: name + ".cpu_us", Value: r.Each(r.Used), Unit: "µs", N: r.N},
	)
	return nil
}

// drive has each client create records over a connection of its own.
func drive(ctx context.Context, l load.Load, addr string) (load.Result, error) {
	var sent struct {
		Service string          `json:"service"`
		Case    string          `json:"case"`
		Channel string          `json:"channel"`
		Answers json.RawMessage `json:"answers"`
		Papers  json.RawMessage `json:"papers"`
	}
	if err := json.Unmarshal(load.Submission, &sent); err != nil {
		return load.Result{}, err
	}
	type client struct {
		conn   *load.Conn
		number int
	}
	clients := make([]client, l.Clients)
	for i := range clients {
		conn, err := load.Dial(addr)
		if err != nil {
			return load.Result{}, err
		}
		defer conn.Close()
		clients[i].conn = conn
	}
	now := time.Now().UnixMilli()
	return load.Run(ctx, l, func(_ context.Context, i int) error {
		c := &clients[i]
		c.number++
		body, err := json.Marshal(map[string]any{
			"code": fmt.Sprintf("H26.16.133-250623-%03d%07d", i, c.number), "service": sent.Service, "package": "sha256:5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e",
			"procedure": "1.001193", "variant": sent.Case, "state": 1, "channel": sent.Channel,
			"reception_unit": 133, "receiving_unit": 133, "competent_unit": 133, "submitter": 0,
			"applicant": "Nguyễn Thị Hạnh", "phone": "0912000001", "mail": false, "submitted_at": now, "receive_by": now + 28_800_000,
			"accepted_at": now, "due_at": now + 86_400_000, "closed_at": now, "paused_at": now, "process": "handling", "version": 1,
			"answers": sent.Answers, "papers": sent.Papers,
		})
		if err != nil {
			return err
		}
		status, answer, err := c.conn.Post("/api/collections/dossiers/records", body)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("create: status %d: %.300s", status, answer)
		}
		return err
	})
}

// free is a port of loopback that nobody has.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}
