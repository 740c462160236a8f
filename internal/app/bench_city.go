package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"khue/internal/app/citybench"
)

// benchConfig completes what a bench says of its city: a folder of its own and, where the options
// name a server, a fresh database. Both go with drop.
func benchConfig(ctx context.Context, o citybench.Options, cfg Config) (_ Config, drop func(), err error) {
	dir, err := os.MkdirTemp("", "khue-bench-")
	if err != nil {
		return cfg, nil, err
	}
	drop = func() { _ = os.RemoveAll(dir) }
	cfg.Data, cfg.Listen, cfg.MigrateAtStart = filepath.Join(dir, "city"), "127.0.0.1:0", true
	cfg.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	if o.DB == "" {
		return cfg, drop, nil
	}
	url, dropDB, err := citybench.FreshDatabase(ctx, o.DB)
	if err != nil {
		drop()
		return cfg, nil, err
	}
	cfg.DB = url
	return cfg, func() { dropDB(); _ = os.RemoveAll(dir) }, nil
}

// benchCity opens the city of a bench; closing it leaves nothing behind.
func benchCity(ctx context.Context, o citybench.Options, cfg Config) (p *Program, closeCity func(), err error) {
	cfg, drop, err := benchConfig(ctx, o, cfg)
	if err != nil {
		return nil, nil, err
	}
	if p, err = New(ctx, cfg); err != nil {
		drop()
		return nil, nil, err
	}
	return p, func() { p.Close(); drop() }, nil
}

// serveBench runs the program behind its door until stop, which tells how it ended.
func serveBench(ctx context.Context, p *Program) (url string, stop func() error, err error) {
	ctx, cancel := context.WithCancel(ctx)
	up, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- p.Run(ctx, func(a net.Addr) { up <- "http://" + a.String() }) }()
	select {
	case url = <-up:
		return url, func() error { cancel(); return <-ended }, nil
	case err := <-ended:
		cancel()
		return "", nil, fmt.Errorf("the program ended: %w", err)
	}
}
