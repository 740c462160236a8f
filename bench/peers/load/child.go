package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Child is the peer's server, this same program started with other words, so that its processor
// time can be told from the load's.
type Child struct {
	Addr string // what it said on its first line
	cmd  *exec.Cmd
	in   io.Closer
}

// Start runs this program with args and waits until it has said where it listens.
func Start(ctx context.Context, args ...string) (*Child, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &Child{cmd: exec.CommandContext(ctx, exe, args...)}
	c.cmd.Env = append([]string{"GOGC=400"}, os.Environ()...) // as the server does best; what the caller says stands
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("the server ended before it listened: %w", err)
		}
		if addr, ok := strings.CutPrefix(line, "listening on "); ok {
			c.Addr = strings.TrimSpace(addr)
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, r) }()
	return c, nil
}

// Used is the processor time that the server has had.
func (c *Child) Used() time.Duration { return Of(c.cmd.Process.Pid) }

// Stop ends the server: its input ends, and what does not end with it is killed.
func (c *Child) Stop() {
	_ = c.in.Close()
	late := time.AfterFunc(10*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer late.Stop()
	_ = c.cmd.Wait()
}

// Serve is the other side: it says where the server listens and returns when the load has gone.
func Serve(addr string) {
	fmt.Println("listening on " + addr)
	_, _ = io.Copy(io.Discard, os.Stdin)
}
