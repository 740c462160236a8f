package once_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/once"
)

// What the wire does with the next words of a client to the server.
const (
	forward   int32 = iota
	cutBefore       // they do not arrive
	cutAfter        // they arrive, the answer does not
)

// wire stands between a program and its PostgreSQL, and breaks when told to.
type wire struct {
	net.Listener
	to   string
	next atomic.Int32
	mu   sync.Mutex
	open []net.Conn
}

// brokenWire gives a database that is reached over a wire, and the wire.
func brokenWire(t *testing.T) (*db.DB, *wire) {
	t.Helper()
	u, err := url.Parse(dbtest.PostgresURL(t, migs()))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: l, to: u.Host}
	t.Cleanup(func() { _ = l.Close(); w.cut() })
	go w.serve()
	u.Host = l.Addr().String()
	d := dbtest.Open(t, u.String())
	return d, w
}

func (w *wire) serve() {
	for {
		c, err := w.Accept()
		if err != nil {
			return
		}
		s, err := net.Dial("tcp", w.to) //nolint:noctx // a test
		if err != nil {
			_ = c.Close()
			continue
		}
		w.mu.Lock()
		w.open = append(w.open, c, s)
		w.mu.Unlock()
		var deaf atomic.Bool // what the server says does not arrive
		go func() {
			buf := make([]byte, 64<<10)
			for {
				n, err := c.Read(buf)
				if err != nil {
					_ = s.Close()
					return
				}
				how := w.next.Swap(forward)
				if how == cutBefore {
					_, _ = c.Close(), s.Close()
					return
				}
				deaf.Store(how == cutAfter)
				if _, err := s.Write(buf[:n]); err != nil {
					return
				}
			}
		}()
		go func() {
			buf := make([]byte, 64<<10)
			for {
				n, err := s.Read(buf)
				if err != nil || deaf.Load() {
					_, _ = c.Close(), s.Close()
					return
				}
				if _, err := c.Write(buf[:n]); err != nil {
					return
				}
			}
		}()
	}
}

// cut breaks every connection.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.open {
		_ = c.Close()
	}
	w.open = nil
}

// TestACommitWithoutAWordIsNotGuessed breaks the connection at COMMIT, before it arrives and
// after: the request is done once, the answer comes from what the key remembers.
func TestACommitWithoutAWordIsNotGuessed(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]int32{"COMMIT is lost": cutBefore, "its answer is lost": cutAfter} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, w := brokenWire(t)
			ctx, ran := context.Background(), int64(0)
			act := func(arm int32) (int64, bool, error) {
				return once.Do(ctx, d, 7, "key-0001", once.Hash("x"), func(_ context.Context, tx *db.Tx) (int64, error) {
					ran++
					var one int
					// What was read is sent; what follows goes with COMMIT.
					err := tx.QueryRow(`SELECT 1 WHERE $1 > 0`, ran).Scan(&one)
					w.next.Store(arm)
					return 100 + ran, err
				})
			}
			// The statements are prepared on a connection's first use: use it first.
			for i := range 40 {
				if _, _, err := once.Do(ctx, d, int64(i), "warm-0001", once.Hash(i), func(context.Context, *db.Tx) (int64, error) { return 1, nil }); err != nil {
					t.Fatal(err)
				}
			}
			result, repeated, err := act(how)
			committed := how == cutAfter
			switch {
			case err == nil && (!committed || !repeated || result != 101):
				t.Errorf("answered %d, repeated %t, though it was %t that it is committed", result, repeated, committed)
			case err != nil && (errs.KindOf(err) != errs.Unavailable || committed):
				t.Errorf("the client is told %v", err)
			}
			// The client asks again under its key.
			again, repeated, err := act(forward)
			want := int64(101)
			if !committed {
				want = 102
			}
			if err != nil || repeated != committed || again != want {
				t.Errorf("asked again: %d, repeated %t, %v; want %d, %t", again, repeated, err, want, committed)
			}
		})
	}
}

// TestADatabaseThatGoesAndComes: readers are told that it is away, a unit that had not reached
// COMMIT runs again by itself.
func TestADatabaseThatGoesAndComes(t *testing.T) {
	t.Parallel()
	d, w := brokenWire(t)
	ctx := context.Background()
	err := d.View(ctx, func(_ context.Context, v *db.View) error {
		var one int
		if err := v.QueryRow(`SELECT 1`).Scan(&one); err != nil {
			return err
		}
		w.cut()
		return v.QueryRow(`SELECT 1`).Scan(&one)
	})
	if errs.KindOf(err) != errs.Unavailable {
		t.Errorf("a reader is told %v", err)
	}
	runs := 0
	err = d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		runs++
		if runs == 1 {
			w.next.Store(cutBefore)
		}
		var one int
		if err := tx.QueryRow(`SELECT 1`).Scan(&one); err != nil {
			return err
		}
		return once.Record(tx, 1, "key-0002", once.Hash("y"), 5)
	})
	if err != nil || runs < 2 {
		t.Errorf("a unit whose connection broke before COMMIT: %v after %d runs", err, runs)
	}
	if err := w.Close(); err != nil && err != io.EOF { //nolint:errorlint // the listener's own
		t.Fatal(err)
	}
	w.cut()
	err = d.View(ctx, func(_ context.Context, v *db.View) error {
		var one int
		return v.QueryRow(`SELECT 1`).Scan(&one)
	})
	if errs.KindOf(err) != errs.Unavailable {
		t.Errorf("where nothing listens a reader is told %v", err)
	}
}
