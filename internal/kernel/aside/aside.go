package aside

import (
	"bufio"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"time"
)

type question[Q any] struct {
	ID int64
	Q  Q
}

type answer[A any] struct {
	ID int64
	A  A
}

// Child answers questions in a process of its own, which it starts when the first is asked and
// again when it has died. Questions and answers travel as gob. Safe for concurrent use.
type Child[Q, A any] struct {
	path     string
	args     []string
	log      *slog.Logger
	patience time.Duration

	mu     sync.Mutex
	now    *running[Q, A]
	closed bool
}

// New returns a child that runs a program, which must call Serve with its standard input and
// output. A question is given up after patience.
func New[Q, A any](log *slog.Logger, patience time.Duration, path string, args ...string) *Child[Q, A] {
	return &Child[Q, A]{path: path, args: args, log: log, patience: patience}
}

// running is one life of the child.
type running[Q, A any] struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	patience time.Duration

	mu      sync.Mutex
	out     *gob.Encoder
	last    int64
	waiting map[int64]chan A
	died    error
	gone    chan struct{} // closed when the process is no more
}

// ErrSlow: the child gets no time, because pages take it all.
var ErrSlow = errors.New("aside: the child gets no time")

var errDied = errors.New("aside: the child died")

// backlog is how many questions a child may have before it; what it is given up on stays.
const backlog = 64

// Ask asks the child. It fails where ctx ends first, where the child gets no time (ErrSlow), and
// where none is to be had.
func (c *Child[Q, A]) Ask(ctx context.Context, q Q) (a A, err error) {
	for range 2 { // a child that died is started once more
		var r *running[Q, A]
		if r, err = c.live(); err != nil {
			c.log.LogAttrs(ctx, slog.LevelWarn, "aside", slog.String("task", "start"), slog.Any("args", c.args), slog.String("error", err.Error()))
			return a, err
		}
		a, err = r.ask(ctx, q)
		if err == nil || ctx.Err() != nil || errors.Is(err, ErrSlow) {
			return a, err
		}
		c.log.LogAttrs(ctx, slog.LevelWarn, "aside", slog.String("task", "ask"), slog.Any("args", c.args), slog.String("error", err.Error()))
	}
	return a, err
}

// live is the child, started where none lives.
func (c *Child[Q, A]) live() (*running[Q, A], error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errors.New("aside: closed")
	}
	if c.now != nil {
		select {
		case <-c.now.gone:
		default:
			return c.now, nil
		}
	}
	r, err := c.start()
	if err != nil {
		return nil, fmt.Errorf("aside: %w", err)
	}
	c.now = r
	return r, nil
}

func (c *Child[Q, A]) start() (*running[Q, A], error) {
	r := &running[Q, A]{patience: c.patience, waiting: map[int64]chan A{}, gone: make(chan struct{})}
	r.cmd = exec.Command(c.path, c.args...) //nolint:gosec,noctx // our own program; it ends with its input
	r.cmd.Stderr = os.Stderr
	// Only what is needed: no settings, whose secrets the child has no use for.
	r.cmd.Env = []string{"GOMAXPROCS=" + strconv.Itoa(runtime.GOMAXPROCS(0)), "GOTRACEBACK=none"}
	in, err := r.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.in, r.out = in, gob.NewEncoder(in)
	if err := startLow(r.cmd); err != nil {
		return nil, err
	}
	go r.read(out)
	return r, nil
}

// read hands answers over until the child is no more.
func (r *running[Q, A]) read(out io.Reader) {
	dec := gob.NewDecoder(bufio.NewReader(out))
	var err error
	for {
		var a answer[A]
		if err = dec.Decode(&a); err != nil {
			break
		}
		r.mu.Lock()
		to := r.waiting[a.ID]
		delete(r.waiting, a.ID)
		r.mu.Unlock()
		if to != nil {
			to <- a.A
		}
	}
	_ = r.in.Close()
	err = errors.Join(errDied, err, r.cmd.Wait())
	r.mu.Lock()
	r.died = err
	r.mu.Unlock()
	close(r.gone)
}

func (r *running[Q, A]) ask(ctx context.Context, q Q) (a A, err error) {
	to := make(chan A, 1)
	if err := r.send(q, to); err != nil {
		return a, err
	}
	late := time.NewTimer(r.patience)
	defer late.Stop()
	select {
	case <-late.C:
		return a, ErrSlow
	case a = <-to:
		return a, nil
	case <-ctx.Done():
		return a, ctx.Err()
	case <-r.gone:
		r.mu.Lock()
		defer r.mu.Unlock()
		return a, r.died
	}
}

// send asks, unless the child has too much before it already.
func (r *running[Q, A]) send(q Q, to chan A) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) >= backlog {
		return nil
	}
	r.last++
	r.waiting[r.last] = to
	if err := r.out.Encode(question[Q]{r.last, q}); err != nil {
		return errors.Join(errDied, err)
	}
	return nil
}

// PID is the child's process; 0 where none was started.
func (c *Child[Q, A]) PID() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now == nil {
		return 0
	}
	return c.now.cmd.Process.Pid
}

// Close ends the child and waits for it.
func (c *Child[Q, A]) Close() {
	c.mu.Lock()
	c.closed = true
	r := c.now
	c.mu.Unlock()
	if r == nil {
		return
	}
	_ = r.in.Close() // it ends with its input
	<-r.gone
}

// Serve is the child's side: it answers until its input ends, many questions at once.
func Serve[Q, A any](in io.Reader, out io.Writer, do func(Q) A) error {
	dec, w := gob.NewDecoder(bufio.NewReader(in)), bufio.NewWriter(out)
	enc := gob.NewEncoder(w)
	var mu sync.Mutex
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		var q question[Q]
		err := dec.Decode(&q)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("aside: %w", err)
		}
		wg.Go(func() {
			a := do(q.Q)
			mu.Lock()
			defer mu.Unlock()
			if enc.Encode(answer[A]{q.ID, a}) == nil {
				_ = w.Flush()
			}
		})
	}
}
