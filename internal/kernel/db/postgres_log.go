package db

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"khue/internal/kernel/clock"
)

// pgLog receives the server's WAL as a standby would, through a slot that ends with the
// connection: a backup that is switched off leaves nothing behind that fills the server's disk.
type pgLog struct {
	e      *pgEngine
	conn   *pgconn.PgConn
	stop   context.CancelFunc
	done   chan struct{}
	mu     sync.Mutex
	piece  Piece
	seen   pglogrepl.LSN // received
	given  pglogrepl.LSN // handed to the taker
	stored pglogrepl.LSN // of what the taker has stored
	err    error

	timeline int32
	segment  int64
}

// backupSlot is one for the whole cluster, so that one of several nodes takes the backup.
const backupSlot = "khue_backup"

func (e *pgEngine) openLog(ctx context.Context) (Log, error) {
	cfg, err := pgconn.ParseConfig(e.db.cfg.URL)
	if err != nil {
		return nil, err
	}
	cfg.RuntimeParams["replication"] = "true"
	cfg.RuntimeParams["application_name"] = "khue backup"
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("db: log: the account needs REPLICATION, and pg_hba.conf a line for it: %w", err)
	}
	l := &pgLog{e: e, conn: conn, done: make(chan struct{}), stop: func() {}}
	fail := func(err error) (Log, error) {
		_ = conn.Close(context.WithoutCancel(ctx))
		return nil, err
	}
	if _, err := conn.Exec(ctx, "CREATE_REPLICATION_SLOT "+backupSlot+" TEMPORARY PHYSICAL RESERVE_WAL").ReadAll(); err != nil {
		var pe *pgconn.PgError
		if errors.As(err, &pe) && pe.Code == "42710" {
			return fail(ErrLogTaken)
		}
		return fail(fmt.Errorf("db: log: %w", err))
	}
	sys, err := pglogrepl.IdentifySystem(ctx, conn)
	if err != nil {
		return fail(fmt.Errorf("db: log: %w", err))
	}
	l.timeline = sys.Timeline
	var from string
	err = e.writers.QueryRow(ctx, `SELECT restart_lsn::text, (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size')
		FROM pg_replication_slots WHERE slot_name = $1`, backupSlot).Scan(&from, &l.segment)
	if err != nil {
		return fail(fmt.Errorf("db: log: %w", err))
	}
	lsn, err := pglogrepl.ParseLSN(from)
	if err != nil {
		return fail(err)
	}
	lsn -= lsn % pglogrepl.LSN(l.segment) //nolint:gosec // a power of two
	l.seen, l.given, l.stored = lsn, lsn, lsn
	if err := pglogrepl.StartReplication(ctx, conn, backupSlot, lsn, pglogrepl.StartReplicationOptions{Timeline: sys.Timeline, Mode: pglogrepl.PhysicalReplication}); err != nil {
		return fail(fmt.Errorf("db: log: %w", err))
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	go l.receive(run)
	return l, nil
}

// receive reads the stream until it ends, and tells the server how far it is stored.
func (l *pgLog) receive(ctx context.Context) {
	defer close(l.done)
	defer func() { _ = l.conn.Close(context.WithoutCancel(ctx)) }()
	told := clock.System().Now()
	for {
		l.mu.Lock()
		full, stored := len(l.piece.Data) >= maxTaken, l.stored
		l.mu.Unlock()
		if now := clock.System().Now(); now.Sub(told) > 5*time.Second {
			if err := l.tell(ctx, stored); err != nil {
				l.end(err)
				return
			}
			told = now
		}
		if full {
			if !clock.Wait(ctx, 100*time.Millisecond) {
				return
			}
			continue
		}
		wait, cancel := context.WithTimeout(ctx, time.Second)
		m, err := l.conn.ReceiveMessage(wait)
		cancel()
		if ctx.Err() != nil {
			return
		}
		if pgconn.Timeout(err) {
			continue
		}
		if err == nil {
			err = l.message(ctx, m, stored)
		}
		if err != nil {
			l.end(err)
			return
		}
	}
}

func (l *pgLog) tell(ctx context.Context, stored pglogrepl.LSN) error {
	return pglogrepl.SendStandbyStatusUpdate(ctx, l.conn, pglogrepl.StandbyStatusUpdate{WALWritePosition: stored, WALFlushPosition: stored, WALApplyPosition: stored})
}

func (l *pgLog) message(ctx context.Context, m pgproto3.BackendMessage, stored pglogrepl.LSN) error {
	switch m := m.(type) {
	case *pgproto3.CopyData:
		switch m.Data[0] {
		case pglogrepl.PrimaryKeepaliveMessageByteID:
			k, err := pglogrepl.ParsePrimaryKeepaliveMessage(m.Data[1:])
			if err == nil && k.ReplyRequested {
				err = l.tell(ctx, stored)
			}
			return err
		case pglogrepl.XLogDataByteID:
			x, err := pglogrepl.ParseXLogData(m.Data[1:])
			if err != nil {
				return err
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			if x.WALStart != l.seen {
				return fmt.Errorf("db: WAL goes on at %s instead of %s", x.WALStart, l.seen)
			}
			n := len(l.piece.Runs)
			if n == 0 {
				l.piece.Runs = []Run{{LSN: uint64(x.WALStart), Timeline: l.timeline, Segment: l.segment}}
				n = 1
			}
			l.piece.Data = append(l.piece.Data, x.WALData...)
			l.piece.Runs[n-1].N += int64(len(x.WALData))
			l.seen += pglogrepl.LSN(len(x.WALData))
		}
		return nil
	case *pgproto3.ErrorResponse:
		return pgconn.ErrorResponseToPgError(m)
	default: // CopyDone: the server has another timeline now
		return fmt.Errorf("db: the stream of WAL ended (%T)", m)
	}
}

func (l *pgLog) end(err error) {
	l.mu.Lock()
	l.err = errors.Join(ErrLogBroken, err)
	l.mu.Unlock()
}

// Take implements Log. Who takes again has stored what was taken before.
func (l *pgLog) Take(context.Context) (Piece, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stored = l.given
	if len(l.piece.Data) == 0 && l.err != nil {
		return Piece{}, l.err
	}
	p := l.piece
	l.piece, l.given = Piece{}, l.seen
	return p, nil
}

// Reach implements Log.
func (l *pgLog) Reach(ctx context.Context) (bool, error) {
	var text string
	if err := l.e.writers.QueryRow(ctx, "SELECT pg_current_wal_flush_lsn()::text").Scan(&text); err != nil {
		return false, err
	}
	to, err := pglogrepl.ParseLSN(text)
	for err == nil {
		l.mu.Lock()
		reached, full, broken := l.seen >= to, len(l.piece.Data) >= maxTaken, l.err
		l.mu.Unlock()
		if reached || full || broken != nil {
			return reached, broken
		}
		if !clock.Wait(ctx, 5*time.Millisecond) {
			return false, ctx.Err()
		}
	}
	return false, err
}

// Base implements Log by pg_basebackup, whose archive is cut into its files.
func (l *pgLog) Base(ctx context.Context, put func(BaseFile, io.Reader) error) (err error) {
	bin, err := PostgresBinary("pg_basebackup", "")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "-d", l.e.db.cfg.URL, "-D", "-", "-F", "tar", "-X", "none", "--checkpoint=fast", "--no-manifest", "-w") //nolint:gosec // PostgreSQL's own
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("db: base: %w", err)
	}
	read := func() error {
		t := tar.NewReader(out)
		for {
			h, err := t.Next()
			if errors.Is(err, io.EOF) {
				_, err = io.Copy(io.Discard, out)
				return err
			}
			if err != nil {
				return err
			}
			f := BaseFile{Name: path.Clean(h.Name), Dir: h.Typeflag == tar.TypeDir, Size: h.Size}
			if !f.Dir && h.Typeflag != tar.TypeReg {
				return fmt.Errorf("db: base: %s is neither file nor folder: tablespaces elsewhere are not backed up", h.Name)
			}
			if err := put(f, t); err != nil {
				return err
			}
		}
	}
	err = read()
	if err != nil {
		cancel()
	}
	if werr := cmd.Wait(); werr != nil {
		err = errors.Join(err, fmt.Errorf("db: pg_basebackup: %w: %s", werr, strings.TrimSpace(complaint.String())))
	}
	return err
}

// Close ends the stream; the slot goes with it.
func (l *pgLog) Close() error {
	l.stop()
	<-l.done
	return nil
}

// PostgresBinary finds a program of PostgreSQL: in dir, else in PATH or in the newest of
// Debian's folders.
func PostgresBinary(name, dir string) (string, error) {
	if dir != "" {
		return exec.LookPath(filepath.Join(dir, name))
	}
	// Debian's wrapper in PATH chooses a cluster by itself; the binary behind it does not.
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	slices.SortFunc(found, func(a, b string) int {
		if c := len(a) - len(b); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	for i := len(found) - 1; i >= 0; i-- {
		if st, err := os.Stat(found[i]); err == nil && st.Mode()&0o111 != 0 {
			return found[i], nil
		}
	}
	return exec.LookPath(name)
}
