package app

import (
	"context"
	"errors"
	"net"
	"sync"

	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
)

// Run serves until ctx ends, then stops everything in order: first the door, then
// the work behind it. ready, when not nil, is told the address.
func (p *Program) Run(ctx context.Context, ready func(net.Addr)) error {
	if err := p.reachesKeys(); err != nil {
		return err
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	door, closeDoor := context.WithCancel(ctx)
	defer closeDoor()
	for _, run := range p.background() {
		wg.Go(func() {
			if err := run(work); err != nil && work.Err() == nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
				closeDoor() // a program without one of its parts must not take dossiers
			}
		})
	}
	err := p.Server.Run(door, func(a net.Addr) {
		heard := "http://" + a.String()
		p.heard.Store(&heard)
		if ready != nil {
			ready(a)
		}
	})
	stop()
	wg.Wait()
	if p.Backup != nil {
		errs = append(errs, p.Backup.Close(context.WithoutCancel(ctx)))
	}
	return errors.Join(append(errs, err)...)
}

// background are the parts that work beside the door.
func (p *Program) background() []func(context.Context) error {
	var handlers []jobs.Handler
	var periodic []jobs.Periodic
	var followers []journal.Follower
	var out []func(context.Context) error
	for _, m := range p.modules {
		handlers = append(handlers, m.Jobs...)
		periodic = append(periodic, m.Periodic...)
		followers = append(followers, m.Followers...)
		if m.Run != nil {
			out = append(out, m.Run)
		}
	}
	out = append(out,
		func(ctx context.Context) error { return p.Journal.Run(ctx, followers) },
		func(ctx context.Context) error { return p.Jobs.Run(ctx, handlers, periodic) },
		func(ctx context.Context) error { return p.Journal.Watch(ctx, p.publish) },
		p.Measures.Run,
	)
	if p.Outlet != nil {
		out = append(out, p.Outlet.Run)
	}
	return out
}

// Close frees what New took, last first.
func (p *Program) Close() {
	for i := len(p.closers) - 1; i >= 0; i-- {
		p.closers[i]()
	}
	p.closers = nil
}

func (p *Program) onClose(f func()) { p.closers = append(p.closers, f) }
