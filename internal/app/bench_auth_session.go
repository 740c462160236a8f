package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"khue/internal/app/citybench"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/id"
)

// benchAuthSession measures who stands behind a token: from memory, from the database, and how
// soon a session that ended on one node has ended on another.
func benchAuthSession(ctx context.Context, o citybench.Options) (rows []citybench.Row, err error) {
	dir, err := os.MkdirTemp("", "khue-bench-session-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	url := "sqlite:" + filepath.Join(dir, "auth.db")
	if o.DB != "" {
		var drop func()
		if url, drop, err = citybench.FreshDatabase(ctx, o.DB); err != nil {
			return nil, err
		}
		defer drop()
	}
	clk, log := clock.System(), slog.New(slog.DiscardHandler)
	d, err := db.Open(ctx, db.Config{URL: url, Clock: clk, Log: log})
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }()
	if err := d.Migrate(ctx, []db.Migrations{auth.Migrations()}); err != nil {
		return nil, err
	}
	s := auth.New(d, id.NewGen(1, clk), clk, log, auth.Config{})
	account, err := s.CreateAccount(ctx, auth.NewAccount{Login: "do-toc-do", Name: "Đo", Kind: auth.KindSystem})
	if err != nil {
		return nil, err
	}
	const n = 2000
	tokens := make([]string, n)
	for i := range tokens {
		if tokens[i], err = s.IssueToken(ctx, account, ""); err != nil {
			return nil, err
		}
	}
	ask := func(s *auth.Service, token string) (time.Duration, error) {
		began := clk.Now()
		_, err := s.Resolve(ctx, token)
		return clk.Now().Sub(began), err
	}
	var cold, warm []time.Duration
	for _, t := range tokens {
		took, err := ask(s, t)
		if err != nil {
			return nil, err
		}
		cold = append(cold, took)
	}
	for _, t := range tokens {
		took, err := ask(s, t)
		if err != nil {
			return nil, err
		}
		warm = append(warm, took)
	}
	other := auth.New(d, id.NewGen(2, clk), clk, log, auth.Config{})
	run, stop := context.WithCancel(ctx)
	defer stop()
	go func() { _ = other.Run(run) }()
	var late []time.Duration
	for _, t := range tokens[:5] {
		if _, err := ask(other, t); err != nil {
			return nil, err
		}
		if err := s.SignOut(ctx, t); err != nil {
			return nil, err
		}
		ended := clk.Now()
		for _, err := ask(other, t); err == nil; _, err = ask(other, t) {
			if clk.Now().Sub(ended) > 10*time.Second {
				return nil, fmt.Errorf("a session that ended lives on at another node")
			}
			time.Sleep(5 * time.Millisecond)
		}
		late = append(late, clk.Now().Sub(ended))
	}
	micro := func(all []time.Duration) float64 {
		slices.Sort(all)
		return float64(all[len(all)/2]) / float64(time.Microsecond)
	}
	return []citybench.Row{
		{Name: "auth.session_us", Value: micro(warm), Unit: "µs", N: n},
		{Name: "auth.session_uncached_us", Value: micro(cold), Unit: "µs", N: n},
		{Name: "auth.revocation_s", Value: slices.Max(late).Seconds(), Unit: "s", N: len(late)},
	}, nil
}
