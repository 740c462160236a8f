package hasher

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

	"golang.org/x/crypto/argon2"
)

// Ask is what one key is derived from.
type Ask struct {
	Password, Salt []byte
	Rounds, Memory uint32 // Memory in KiB
	Threads        uint8
	Length         uint32
}

// Derive computes a key here and now.
func Derive(a Ask) []byte {
	return argon2.IDKey(a.Password, a.Salt, a.Rounds, a.Memory, a.Threads, a.Length)
}

// Here is Derive as package auth takes it, for where no child is wanted.
func Here(_ context.Context, a Ask) ([]byte, error) { return Derive(a), nil }

type question struct {
	ID int64
	Ask
}

type answer struct {
	ID  int64
	Key []byte
}

// Child computes keys in a process of its own, which it starts when the first is asked for and
// again when it has died. Safe for concurrent use.
type Child struct {
	path     string
	args     []string
	log      *slog.Logger
	patience time.Duration

	mu     sync.Mutex
	now    *running
	closed bool
}

// NewChild returns a hasher that runs a program, which must call Serve with its standard input
// and output.
func NewChild(log *slog.Logger, path string, args ...string) *Child {
	return &Child{path: path, args: args, log: log, patience: patience}
}

// running is one life of the child.
type running struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	patience time.Duration

	mu      sync.Mutex
	out     *gob.Encoder
	last    int64
	waiting map[int64]chan []byte
	died    error
	gone    chan struct{} // closed when the process is no more
}

var (
	errDied = errors.New("hasher: the child died")
	errSlow = errors.New("hasher: the child gets no time")
)

const (
	// patience is how long a password waits for a child that gets no time, because pages take it
	// all. Then it is computed here: people must be able to sign in to a busy city.
	patience = time.Second
	// backlog is how many questions such a child may have before it; what it is given up on stays.
	backlog = 64
)

// Derive asks the child. Where there is none to be had, or it gets no time, it computes here. It
// fails only where ctx ends first.
func (c *Child) Derive(ctx context.Context, a Ask) ([]byte, error) {
	for range 2 { // a child that died is started once more
		r, err := c.live()
		if err != nil {
			c.log.LogAttrs(ctx, slog.LevelWarn, "auth", slog.String("task", "start the hasher"), slog.String("error", err.Error()))
			break
		}
		key, err := r.ask(ctx, a)
		if err == nil || ctx.Err() != nil {
			return key, err
		}
		if errors.Is(err, errSlow) {
			break
		}
		c.log.LogAttrs(ctx, slog.LevelWarn, "auth", slog.String("task", "ask the hasher"), slog.String("error", err.Error()))
	}
	return Derive(a), nil
}

// live is the child, started where none lives.
func (c *Child) live() (*running, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errors.New("hasher: closed")
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
		return nil, err
	}
	c.now = r
	return r, nil
}

func (c *Child) start() (*running, error) {
	r := &running{patience: c.patience, waiting: map[int64]chan []byte{}, gone: make(chan struct{})}
	r.cmd = exec.Command(c.path, c.args...) //nolint:gosec,noctx // our own program; it ends with its input
	r.cmd.Stderr = os.Stderr
	// Only what is needed: no settings, whose secrets the child has no use for.
	r.cmd.Env = []string{"GOMAXPROCS=" + strconv.Itoa(runtime.GOMAXPROCS(0)), "GOTRACEBACK=none"}
	in, err := r.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("hasher: %w", err)
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("hasher: %w", err)
	}
	r.in, r.out = in, gob.NewEncoder(in)
	if err := startLow(r.cmd); err != nil {
		return nil, fmt.Errorf("hasher: %w", err)
	}
	go r.read(out)
	return r, nil
}

// read hands answers over until the child is no more.
func (r *running) read(out io.Reader) {
	dec := gob.NewDecoder(bufio.NewReader(out))
	var err error
	for {
		var a answer
		if err = dec.Decode(&a); err != nil {
			break
		}
		r.mu.Lock()
		to := r.waiting[a.ID]
		delete(r.waiting, a.ID)
		r.mu.Unlock()
		if to != nil {
			to <- a.Key
		}
	}
	_ = r.in.Close()
	err = errors.Join(errDied, err, r.cmd.Wait())
	r.mu.Lock()
	r.died = err
	r.mu.Unlock()
	close(r.gone)
}

func (r *running) ask(ctx context.Context, a Ask) ([]byte, error) {
	to := make(chan []byte, 1)
	if err := r.send(a, to); err != nil {
		return nil, err
	}
	late := time.NewTimer(r.patience)
	defer late.Stop()
	select {
	case <-late.C:
		return nil, errSlow
	case key := <-to:
		return key, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-r.gone:
		r.mu.Lock()
		defer r.mu.Unlock()
		return nil, r.died
	}
}

// send asks, unless the child has too much before it already.
func (r *running) send(a Ask, to chan []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) >= backlog {
		return nil
	}
	r.last++
	r.waiting[r.last] = to
	if err := r.out.Encode(question{r.last, a}); err != nil {
		return errors.Join(errDied, err)
	}
	return nil
}

// PID is the child's process; 0 where none was started.
func (c *Child) PID() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now == nil {
		return 0
	}
	return c.now.cmd.Process.Pid
}

// Close ends the child and waits for it.
func (c *Child) Close() {
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

// Serve is the child's side: it answers until its input ends.
func Serve(in io.Reader, out io.Writer) error {
	dec, w := gob.NewDecoder(bufio.NewReader(in)), bufio.NewWriter(out)
	enc := gob.NewEncoder(w)
	var mu sync.Mutex
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		var q question
		err := dec.Decode(&q)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("hasher: %w", err)
		}
		wg.Go(func() {
			key := Derive(q.Ask)
			mu.Lock()
			defer mu.Unlock()
			if enc.Encode(answer{q.ID, key}) == nil {
				_ = w.Flush()
			}
		})
	}
}
