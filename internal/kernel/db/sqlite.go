package db

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// liteEngine is SQLite: one writer, several readers, one file with its log beside it.
type liteEngine struct {
	db      *DB
	w       *liteWriter
	readers *liteReaders

	checkpointer *liteCheckpointer

	path  string
	files map[string]*os.File // that a backup reads; closed last
}

// liteReaders lends connections, the one that came back last first. SQLite forgets all that a
// connection has read when somebody else committed, so a few that work much read less than many
// in turn.
type liteReaders struct {
	slots chan struct{} // one for each that is lent
	mu    sync.Mutex
	free  []*liteConn
}

// take waits for a connection; the error is ctx's.
func (r *liteReaders) take(ctx context.Context) (*liteConn, error) {
	select {
	case r.slots <- struct{}{}:
	default:
		select {
		case r.slots <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.free[len(r.free)-1]
	r.free = r.free[:len(r.free)-1]
	return c, nil
}

func (r *liteReaders) give(c *liteConn) {
	r.mu.Lock()
	r.free = append(r.free, c)
	r.mu.Unlock()
	<-r.slots
}

func openSQLite(_ context.Context, d *DB, path string) (engine, error) {
	path = strings.TrimPrefix(path, "//")
	if path == "" || strings.ContainsAny(path, "?#") || strings.Contains(path, ":memory:") {
		return nil, fmt.Errorf("db: %q is no file name", path)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	e := &liteEngine{db: d, readers: &liteReaders{slots: make(chan struct{}, d.cfg.Readers)}, path: path, files: map[string]*os.File{}}
	var opened []*liteConn
	open := func(pragmas ...string) *liteConn {
		if err != nil {
			return nil
		}
		var c *liteConn
		if c, err = openLite(path, pragmas...); err == nil {
			opened = append(opened, c)
		}
		return c
	}
	writer := open("page_size=4096", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY",
		"cache_size=-16384", "wal_autocheckpoint=0", "journal_size_limit=67108864", "case_sensitive_like=ON")
	copier := open("synchronous=FULL")
	for range d.cfg.Readers {
		e.readers.free = append(e.readers.free, open("query_only=ON", "temp_store=MEMORY", "cache_size=-16384", "case_sensitive_like=ON"))
	}
	if err != nil {
		for _, c := range opened {
			_ = c.close()
		}
		return nil, err
	}
	e.w = newLiteWriter(d, writer)
	e.checkpointer = newLiteCheckpointer(e.w, copier)
	go e.w.loop()
	return e, nil
}

func (e *liteEngine) name() string { return engineSQLite }

func (e *liteEngine) run(u *unit) error { return e.w.q.submit(u) }

// view lends a reader. The snapshot is that of its first query.
func (e *liteEngine) view(ctx context.Context, _ bool, fn func(session) error) error {
	c, err := e.readers.take(ctx)
	if err != nil {
		return err
	}
	v := &liteView{liteConn: c, ctx: ctx}
	unwatch := c.watch(ctx)
	defer func() {
		v.close()
		unwatch()
		if c.inTransaction() {
			if err := c.exec("COMMIT", nil); err != nil {
				e.db.cfg.Log.Error("db: end of a view", "error", err)
			}
		}
		e.readers.give(c)
	}()
	if err := c.exec("BEGIN", nil); err != nil {
		return err
	}
	return fn(v)
}

func (e *liteEngine) exclusive(ctx context.Context, fn func(session) error) error {
	return e.w.exclusive(ctx, fn)
}

func (e *liteEngine) close() error {
	err := e.checkpointer.close()
	if werr := e.w.close(); err == nil {
		err = werr
	}
	for range cap(e.readers.slots) {
		c, _ := e.readers.take(context.Background()) // which does not end
		if cerr := c.close(); err == nil {
			err = cerr
		}
	}
	for _, f := range e.files {
		_ = f.Close()
	}
	return err
}

// liteView holds a reader's session to the same rules as PostgreSQL's: one open
// result at a time, and an end when the context ends.
type liteView struct {
	*liteConn
	ctx  context.Context //nolint:containedctx // lives as long as the view
	last *viewCursor
}

func (v *liteView) query(sql string, args []any) cursor {
	if err := v.ctx.Err(); err != nil {
		return failedCursor{err}
	}
	if v.last != nil && !v.last.over {
		return failedCursor{errOpen}
	}
	c := v.liteConn.query(sql, args)
	if lc, ok := c.(*liteCursor); ok {
		v.last = &viewCursor{liteCursor: lc, ctx: v.ctx}
		return v.last
	}
	return c
}

func (v *liteView) close() {
	if v.last != nil {
		v.last.close()
	}
}

// viewCursor stops between rows when the view's time is over.
type viewCursor struct {
	*liteCursor
	ctx context.Context //nolint:containedctx // lives as long as the view
}

func (c *viewCursor) next() bool {
	if err := c.ctx.Err(); err != nil {
		if c.e == nil {
			c.e = err
		}
		c.close()
		return false
	}
	return c.liteCursor.next()
}
