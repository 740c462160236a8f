package db

import (
	"sync/atomic"
	"time"
)

// The log is copied into the database beside the writer, not inside a commit.
// Under a load without a pause such a copy never catches up with the writer, so
// SQLite cannot begin the log anew; when it is longer than checkpointFrames
// pages, the writer itself copies the short rest between two commits.
const (
	checkpointEvery  = 500 * time.Millisecond
	checkpointFrames = 16384
)

// liteCheckpointer copies the log into the database file.
type liteCheckpointer struct {
	w       *liteWriter
	c       *liteConn
	dirty   atomic.Bool // something was committed since the last copy
	quit    chan struct{}
	stopped chan struct{}
	log     atomic.Pointer[liteLog] // of a backup, where one reads
}

func newLiteCheckpointer(w *liteWriter, c *liteConn) *liteCheckpointer {
	p := &liteCheckpointer{w: w, c: c, quit: make(chan struct{}), stopped: make(chan struct{})}
	w.committed = func() { p.dirty.Store(true) }
	go p.loop()
	return p
}

func (p *liteCheckpointer) loop() {
	defer close(p.stopped)
	t := time.NewTicker(checkpointEvery)
	defer t.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-t.C:
		}
		if err := p.once(checkpointFrames); err != nil {
			p.w.db.cfg.Log.Warn("db: checkpoint", "error", err)
		}
	}
}

// once copies the log if anything was committed, with the writer's help where the
// log is longer than limit pages.
func (p *liteCheckpointer) once(limit int) error {
	if !p.dirty.Swap(false) {
		return nil
	}
	if l := p.log.Load(); l != nil {
		return l.turn(p, limit)
	}
	frames, err := checkpoint(p.c)
	if err != nil || frames <= limit {
		return err
	}
	return p.w.between(func(c *liteConn) error {
		_, err := checkpoint(c)
		return err
	})
}

// checkpoint copies what no reader holds back, and returns the length of the log in pages.
func checkpoint(c *liteConn) (frames int, err error) {
	var busy, done int
	err = (&Row{c: c.query("PRAGMA wal_checkpoint(PASSIVE)", nil)}).Scan(&busy, &frames, &done)
	return frames, err
}

func (p *liteCheckpointer) close() error {
	close(p.quit)
	<-p.stopped
	return p.c.close()
}
