package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// liteLog reads the write-ahead log before SQLite begins it anew. It holds a read transaction
// nearly always: what a reader may still need is neither copied into the database file nor
// written over. The transaction moves forward only when everything before it was read, and is
// let go for a moment only between two commits of the writer, where the log shall begin anew.
//
// It reads what the shared index says is committed: the writer tells the index after its sync,
// so nothing reaches a backup that is not on this disk. The files are opened once
// and closed with the database: to close one would drop the locks that SQLite has on it.
type liteLog struct {
	e             *liteEngine
	db, wal, shm  *os.File
	hold, spare   *liteConn
	mu            sync.Mutex
	at            walPlace
	piece         Piece
	base, broken  bool
	begun, closed bool
}

// maxHeld is how long the log may grow while the backup cannot be written; beyond it the
// city goes first, and the backup needs a new base.
const maxHeld = 2 << 30

func (e *liteEngine) openLog(ctx context.Context) (Log, error) {
	if e.checkpointer.log.Load() != nil {
		return nil, ErrLogTaken
	}
	// The log and its index exist from the first read on.
	if err := e.view(ctx, false, func(s session) error {
		var n int
		return (&Row{c: s.query("SELECT count(*) FROM sqlite_schema", nil)}).Scan(&n)
	}); err != nil {
		return nil, err
	}
	l := &liteLog{e: e}
	for _, f := range []struct {
		to   **os.File
		path string
	}{{&l.db, e.path}, {&l.wal, e.path + "-wal"}, {&l.shm, e.path + "-shm"}} {
		file := e.files[f.path]
		if file == nil {
			var err error
			if file, err = os.Open(f.path); err != nil {
				return nil, fmt.Errorf("db: log: %w", err)
			}
			e.files[f.path] = file
		}
		*f.to = file
	}
	var err error
	for _, c := range []**liteConn{&l.hold, &l.spare} {
		if *c, err = openLite(e.path, "query_only=ON"); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	if err := l.hold.snapshot(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if !e.checkpointer.log.CompareAndSwap(nil, l) {
		return nil, errors.Join(ErrLogTaken, l.Close())
	}
	return l, nil
}

// snapshot begins a read transaction that stands.
func (l *liteConn) snapshot() error {
	if err := l.exec("BEGIN", nil); err != nil {
		return err
	}
	var n int
	return (&Row{c: l.query("SELECT count(*) FROM sqlite_schema", nil)}).Scan(&n)
}

func (l *liteConn) letGo() error {
	if !l.inTransaction() {
		return nil
	}
	return l.exec("COMMIT", nil)
}

func (l *liteLog) index() (walIndex, error) {
	var b [96]byte
	// A writer is at it for some nanoseconds, or longer where it loses its processor or waits
	// for SQLite's lock between the two copies.
	for try := range 1000 {
		if try > 100 {
			time.Sleep(100 * time.Microsecond)
		}
		if _, err := l.shm.ReadAt(b[:], 0); err != nil {
			return walIndex{}, fmt.Errorf("db: log index: %w", err)
		}
		if ix, ok := parseIndex(b[:]); ok {
			return ix, nil
		}
	}
	return walIndex{}, errors.New("db: the log's index cannot be read")
}

// read takes all frames that are committed, as long as somebody takes them from here.
func (l *liteLog) read() error {
	if len(l.piece.Data) >= maxTaken {
		return nil
	}
	return l.readAll()
}

func (l *liteLog) readAll() error {
	if l.broken || !l.begun {
		return nil
	}
	ix, err := l.index()
	if err != nil || ix.frames == 0 {
		return err
	}
	if ix.salt != l.at.salt {
		var h [walHeader]byte
		if _, err := l.wal.ReadAt(h[:], 0); err != nil {
			return fmt.Errorf("db: log: %w", err)
		}
		at, ok := walBegin(h[:])
		if !ok || at.salt != ix.salt {
			return l.lose()
		}
		l.at = at
		l.piece.Runs = append(l.piece.Runs, Run{Salt: append([]byte(nil), at.salt[:]...), Seed: at.sum, Big: at.big, Page: at.page})
	}
	if ix.frames < l.at.frames {
		return l.lose()
	}
	if len(l.piece.Runs) == 0 {
		l.piece.Runs = []Run{{Salt: append([]byte(nil), l.at.salt[:]...), Seed: l.at.sum, Big: l.at.big, Page: l.at.page}}
	}
	for l.at.frames < ix.frames {
		n := min(int64(ix.frames-l.at.frames), 1024) * l.at.size()
		b := make([]byte, n)
		if _, err := l.wal.ReadAt(b, l.at.offset()); err != nil {
			return fmt.Errorf("db: log: %w", err)
		}
		for f := b; len(f) > 0; f = f[l.at.size():] {
			if _, _, ok := l.at.next(f[:l.at.size()]); !ok {
				return l.lose()
			}
		}
		l.piece.Data = append(l.piece.Data, b...)
		l.piece.Runs[len(l.piece.Runs)-1].N += n
	}
	return nil
}

// lose gives up: the log is free again, and the next Take says that it is broken.
func (l *liteLog) lose() error {
	l.broken = true
	return errors.Join(l.hold.letGo(), l.spare.letGo())
}

// turn is the checkpointer's work while a backup reads the log.
func (l *liteLog) turn(p *liteCheckpointer, limit int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.broken {
		_, err := checkpoint(p.c)
		return err
	}
	if err := l.read(); err != nil {
		return err
	}
	if l.base || len(l.piece.Data) >= maxTaken || !l.begun {
		if st, err := l.wal.Stat(); err == nil && st.Size() > maxHeld {
			p.w.db.cfg.Log.Error("db: the backup falls behind; the log is let go and a new base will be needed", "bytes", st.Size())
			return l.lose()
		}
		return nil
	}
	// The snapshot moves to the end; what lies before it was read, and may be copied.
	if err := l.spare.snapshot(); err != nil {
		return err
	}
	if err := l.read(); err != nil {
		return err
	}
	if err := l.hold.letGo(); err != nil {
		return err
	}
	l.hold, l.spare = l.spare, l.hold
	if l.broken {
		return nil
	}
	frames, err := checkpoint(p.c)
	if err != nil || frames <= limit {
		return err
	}
	return p.w.between(func(c *liteConn) error {
		if err := errors.Join(l.read(), l.hold.letGo()); err != nil {
			return err
		}
		was := l.at.salt
		_, err := checkpoint(c)
		if err := errors.Join(err, l.hold.snapshot()); err != nil {
			return errors.Join(err, l.lose())
		}
		if ix, err := l.index(); err != nil || ix.salt != was {
			return errors.Join(err, l.lose()) // another process wrote in between
		}
		return l.read()
	})
}

// Base implements Log: one file, blurred by what is copied into it meanwhile; all that is
// copied stands in the frames that are taken beside it.
func (l *liteLog) Base(_ context.Context, put func(BaseFile, io.Reader) error) error {
	if err := l.begin(); err != nil {
		return err
	}
	defer func() {
		l.mu.Lock()
		l.base = false
		l.mu.Unlock()
	}()
	st, err := l.db.Stat()
	if err != nil {
		return fmt.Errorf("db: base: %w", err)
	}
	return put(BaseFile{Name: filepath.Base(l.e.path), Size: st.Size()}, io.NewSectionReader(l.db, 0, st.Size()))
}

// begin takes the log from its first frame on and stops all copying into the file beyond the
// snapshot.
func (l *liteLog) begin() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return errClosed
	}
	for range 100 {
		if err := errors.Join(l.hold.letGo(), l.hold.snapshot()); err != nil {
			return err
		}
		l.at, l.piece, l.broken, l.begun = walPlace{}, Piece{}, false, true
		before, err := l.index()
		if err != nil {
			return err
		}
		if err := l.readAll(); err != nil {
			return err
		}
		after, err := l.index()
		if err != nil {
			return err
		}
		// A log that began anew while it was read would leave half of its past.
		if before.salt == after.salt && !l.broken {
			l.base = true
			return nil
		}
	}
	return ErrLogBroken
}

// Take implements Log.
func (l *liteLog) Take(context.Context) (Piece, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return Piece{}, errClosed
	}
	if err := l.read(); err != nil {
		return Piece{}, err
	}
	if l.broken {
		return Piece{}, ErrLogBroken
	}
	p := l.piece
	l.piece = Piece{}
	return p, nil
}

// Reach implements Log: SQLite's log can be read as soon as it is committed.
func (l *liteLog) Reach(context.Context) (bool, error) { return true, nil }

// Close lets the log go.
func (l *liteLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	l.e.checkpointer.log.CompareAndSwap(l, nil)
	var err error
	for _, c := range []*liteConn{l.hold, l.spare} {
		if c != nil {
			err = errors.Join(err, c.letGo(), c.close())
		}
	}
	return err
}
