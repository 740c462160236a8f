package auth

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/id"
)

const (
	pollEvery    = 700 * time.Millisecond // a session that ended has ended everywhere within a second
	flushEvery   = time.Minute
	purgeEvery   = time.Hour
	changeWindow = time.Minute // changes are read again for so long: commits may overtake their ids
	changeLife   = time.Hour
	flushBatch   = 500
)

// changes remembers which of the last minute's changes were acted on.
type changes struct {
	mu   sync.Mutex
	seen map[int64]bool
}

func newChanges() *changes { return &changes{seen: map[int64]bool{}} }

// fresh returns the accounts of changes not seen before, and forgets those out of the window.
func (c *changes) fresh(all []change) []int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := make(map[int64]bool, len(all))
	var out []int64
	for _, x := range all {
		now[x.id] = true
		if !c.seen[x.id] {
			out = append(out, x.account)
		}
	}
	c.seen = now
	return out
}

// Run follows revocations and counts of other nodes, writes signs of life once a minute and purges
// once an hour, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	flushed, purged := s.clk.Now(), time.Time{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now := s.clk.Now()
		s.report(ctx, "share", s.Share(ctx))
		s.report(ctx, "poll", s.Poll(ctx))
		if now.Sub(flushed) >= flushEvery {
			flushed = now
			s.report(ctx, "flush", s.Flush(ctx))
		}
		if now.Sub(purged) >= purgeEvery {
			purged = now
			s.report(ctx, "purge", s.Purge(ctx))
		}
	}
}

func (s *Service) report(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "auth", slog.String("task", what), slog.String("error", err.Error()))
	}
}

// Poll forgets what was cached of accounts that changed on any node, and counts what others counted.
func (s *Service) Poll(ctx context.Context) error {
	return s.db.View(ctx, func(_ context.Context, v *db.View) error {
		all, err := changesSince(v, id.At(s.clk.Now().Add(-changeWindow)))
		if err != nil {
			return err
		}
		if accounts := s.changes.fresh(all); len(accounts) > 0 {
			s.cache.forget(accounts...)
		}
		return s.hear(v)
	})
}

// Flush writes the last sign of life of the sessions in memory.
func (s *Service) Flush(ctx context.Context) error {
	todo := s.cache.unstored(s.clk.Now())
	for len(todo) > 0 {
		batch := todo[:min(flushBatch, len(todo))]
		todo = todo[len(batch):]
		err := s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			for _, e := range batch {
				seen := e.seen.Load()
				if err := touchSession(tx, e.session.ID, db.Time(seen)); err != nil {
					return err
				}
				tx.AfterCommit(func() { e.stored.Store(seen) })
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Purge deletes expired sessions and changes that every node has seen.
func (s *Service) Purge(ctx context.Context) error {
	return s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		now := tx.Now()
		return purge(tx, now, now.Add(-s.cfg.SessionIdle-time.Hour), id.At(now.Add(-changeLife)), id.At(now.Add(-2*failureWindow)))
	})
}
