package hasher

import (
	"context"
	"io"
	"log/slog"
	"time"

	"golang.org/x/crypto/argon2"

	"khue/internal/kernel/aside"
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

// patience is how long a password waits for a child that gets no time, because pages take it
// all. Then it is computed here: people must be able to sign in to a busy city.
const patience = time.Second

// Child computes keys in a process of its own. Safe for concurrent use.
type Child struct {
	*aside.Child[Ask, []byte]
}

// NewChild returns a hasher that runs a program, which must call Serve with its standard input
// and output.
func NewChild(log *slog.Logger, path string, args ...string) *Child {
	return &Child{aside.New[Ask, []byte](log, patience, path, args...)}
}

// Derive asks the child. Where there is none to be had, or it gets no time, it computes here. It
// fails only where ctx ends first.
func (c *Child) Derive(ctx context.Context, a Ask) ([]byte, error) {
	key, err := c.Ask(ctx, a)
	if err == nil || ctx.Err() != nil {
		return key, err
	}
	return Derive(a), nil
}

// Serve is the child's side: it answers until its input ends.
func Serve(in io.Reader, out io.Writer) error { return aside.Serve(in, out, Derive) }
