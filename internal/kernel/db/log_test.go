package db

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestLogMakesTheSameDatabase writes from several callers while a base is copied and pieces are
// taken, over several beginnings of the log, and replays it all: every row is there, and
// after each transaction no more than was committed.
func TestLogMakesTheSameDatabase(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := t.TempDir()
	d, err := Open(ctx, Config{URL: "sqlite:" + filepath.Join(dir, "a.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	e := d.eng.(*liteEngine)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(d.InTx(ctx, func(_ context.Context, tx *Tx) error {
		return tx.Exec("CREATE TABLE x (n INTEGER PRIMARY KEY, b BLOB NOT NULL)")
	}))
	put := func(n int64) error {
		return d.InTx(ctx, func(_ context.Context, tx *Tx) error {
			return tx.Exec("INSERT INTO x (n, b) VALUES ($1, $2)", n, bytes.Repeat([]byte{byte(n)}, rand.IntN(9000)))
		})
	}
	must(d.InTx(ctx, func(_ context.Context, tx *Tx) error {
		for n := range int64(200) {
			if err := tx.Exec("INSERT INTO x (n, b) VALUES ($1, $2)", n, make([]byte, 5000)); err != nil {
				return err
			}
		}
		return nil
	}))
	l, err := d.OpenLog(ctx)
	must(err)
	if _, err := d.OpenLog(ctx); !errors.Is(err, ErrLogTaken) {
		t.Errorf("a second reader: %v", err)
	}
	var wg sync.WaitGroup
	const writers, each = 8, 60
	for w := range int64(writers) {
		wg.Go(func() {
			for n := range int64(each) {
				if err := put(1000 + w*each + n); err != nil {
					t.Error(err)
				}
			}
		})
	}
	copied := filepath.Join(dir, "b.db")
	begins, last := 0, [8]byte{}
	var pieces []Piece
	take := func() {
		t.Helper()
		p, err := l.Take(ctx)
		must(err)
		for _, r := range p.Runs {
			if !bytes.Equal(r.Salt, last[:]) {
				begins++
				copy(last[:], r.Salt)
			}
		}
		pieces = append(pieces, p)
		e.checkpointer.dirty.Store(true)
		must(e.checkpointer.once(20)) // the log begins anew often
	}
	must(l.Base(ctx, func(f BaseFile, in io.Reader) error {
		out, err := os.Create(copied)
		if err != nil {
			return err
		}
		b := make([]byte, 64<<10)
		for {
			n, err := in.Read(b)
			if _, werr := out.Write(b[:n]); werr != nil {
				return werr
			}
			take() // and checkpoints, in the middle of the copy
			if errors.Is(err, io.EOF) {
				return out.Close()
			}
			if err != nil {
				return err
			}
		}
	}))
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for over := false; !over; {
		select {
		case <-done:
			over = true
		default:
		}
		take()
	}
	for n := int64(5000); begins < 3 && n < 5500; n++ { // the writers were over before the log began anew
		must(put(n))
		take()
	}
	take()
	must(l.Close())
	for i, p := range pieces {
		if _, err := ReplaySQLite(copied, p, nil); err != nil {
			t.Fatalf("piece %d: %v", i, err)
		}
	}
	if begins < 3 {
		t.Errorf("the log began anew %d times only: the test shows less than it should", begins)
	}
	if a, b := sumOf(t, d), sumOf(t, reopen(t, copied)); a != b {
		t.Errorf("the copy holds %s, the database %s", b, a)
	}
	// A damaged frame is refused.
	for i := len(pieces) - 1; i >= 0; i-- {
		if p := pieces[i]; len(p.Data) > 0 {
			p.Data = bytes.Clone(p.Data)
			p.Data[len(p.Data)/2] ^= 1
			if err := CheckFrames(p); err == nil {
				t.Error("a damaged frame passed")
			}
			break
		}
	}
}

func reopen(t *testing.T, file string) *DB {
	t.Helper()
	d, err := Open(t.Context(), Config{URL: "sqlite:" + file})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func sumOf(t *testing.T, d *DB) string {
	t.Helper()
	var n, bytes, sum int64
	var whole string
	err := d.View(t.Context(), func(_ context.Context, v *View) error {
		return errors.Join(v.QueryRow("SELECT count(*), sum(length(b)), sum(n) FROM x").Scan(&n, &bytes, &sum), v.QueryRow("PRAGMA integrity_check").Scan(&whole))
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d rows, %d bytes, sum %d, %s", n, bytes, sum, whole)
}

// TestReplayStopsBeforeWhatGoesTooFar takes back the transaction that is over.
func TestReplayStopsBeforeWhatGoesTooFar(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	file := filepath.Join(t.TempDir(), "a.db")
	d := reopen(t, file)
	run := func(sql string, args ...any) {
		t.Helper()
		if err := d.InTx(ctx, func(_ context.Context, tx *Tx) error { return tx.Exec(sql, args...) }); err != nil {
			t.Fatal(err)
		}
	}
	run("CREATE TABLE x (n INTEGER PRIMARY KEY, b BLOB NOT NULL)")
	l, err := d.OpenLog(ctx)
	if err != nil {
		t.Fatal(err)
	}
	copied := file + ".copy"
	if err := l.Base(ctx, func(_ BaseFile, in io.Reader) error {
		b, err := io.ReadAll(in)
		if err != nil {
			return err
		}
		return os.WriteFile(copied, b, 0o600)
	}); err != nil {
		t.Fatal(err)
	}
	for n := range 10 {
		run("INSERT INTO x (n, b) VALUES ($1, $2)", int64(n), make([]byte, 20000))
	}
	p, err := l.Take(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	count := func() (n int) {
		c, err := Open(ctx, Config{URL: "sqlite:" + copied})
		if err != nil {
			t.Fatal(err)
		}
		err = c.View(ctx, func(_ context.Context, v *View) error {
			var tables int
			if err := v.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name = 'x'").Scan(&tables); err != nil || tables == 0 {
				return err
			}
			return v.QueryRow("SELECT count(*) FROM x").Scan(&n)
		})
		if err := errors.Join(err, c.Close()); err != nil {
			t.Fatal(err)
		}
		return n
	}
	stopped, err := ReplaySQLite(copied, p, func() (bool, error) { return count() > 6, nil })
	if err != nil || !stopped || count() != 6 {
		t.Errorf("stopped %v at %d rows, %v", stopped, count(), err)
	}
}
