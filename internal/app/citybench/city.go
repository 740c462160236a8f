package citybench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Told is what a demo says of itself in JSON.
type Told struct {
	URL      string    `json:"url"`
	At       time.Time `json:"at"`
	Password string    `json:"password"`
	Accounts []Account `json:"accounts"`
}

// Account is somebody who may act.
type Account struct {
	Login string `json:"login"`
	Role  string `json:"role"`
	Token string `json:"token"`
}

// City is a running demo in a process of its own.
type City struct {
	Told

	Client program `json:"client"` // where --client was given

	Ready time.Duration // from the start of the process to the first accepted connection
	cmd   *exec.Cmd
	dir   string
	db    string
	drop  func()
	kept  string // the folder of a city that is not ours
}

type city = City

// Open starts `khue demo` over a fresh folder and database, or over o.Folder where it is
// named. Close it.
func Open(ctx context.Context, o Options, more ...string) (*City, error) {
	return openAt(ctx, o.withDefaults(), o.Folder, more...)
}

// Processor is the time that the process has had of the processors, from /proc; 0 where
// that is not known. Unlike the time that passed, it hardly depends on who else works there.
func (c *City) Processor() time.Duration {
	if c.cmd == nil || c.cmd.Process == nil {
		return 0
	}
	b, err := os.ReadFile("/proc/" + strconv.Itoa(c.cmd.Process.Pid) + "/stat")
	if err != nil {
		return 0
	}
	// After the name in brackets, which may hold anything: field 14 and 15 of proc(5), in hundredths.
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// Close ends the process and removes what was made for it.
func (c *City) Close() { c.close() }

// Token of the first account with a role; empty where nobody has it.
func (t Told) Token(role string) string {
	for _, a := range t.Accounts {
		if a.Role == role {
			return a.Token
		}
	}
	return ""
}

func (c *city) token(role string) string { return c.Token(role) }

func (c *city) addr() string { return strings.TrimPrefix(c.URL, "http://") }

// open starts `khue demo` with a fresh folder and database.
func open(ctx context.Context, o Options, more ...string) (*city, error) {
	return openAt(ctx, o, "", more...)
}

// openAt is open over a demo that was filled in a folder before, and stays there; on PostgreSQL
// Options.DB then names the database that was filled with it.
func openAt(ctx context.Context, o Options, folder string, more ...string) (*city, error) {
	c := &city{drop: func() {}, kept: folder}
	var err error
	if c.dir, err = os.MkdirTemp("", "khue-bench-"); err != nil {
		return nil, err
	}
	switch {
	case o.DB != "" && folder != "":
		c.db = o.DB
	case o.DB != "":
		if c.db, c.drop, err = FreshDatabase(ctx, o.DB); err != nil {
			c.close()
			return nil, err
		}
	}
	args := append([]string{"demo", "--json", "--listen", "127.0.0.1:0", "--data", c.data(), "--db", c.db}, more...)
	if err := c.run(ctx, o, args, func(line []byte) error { return json.Unmarshal(line, c) }); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// serve starts `khue serve` over what an earlier city left.
func (c *city) serve(ctx context.Context, o Options) error {
	return c.run(ctx, o, []string{"serve", "--listen", "127.0.0.1:0", "--data", c.data(), "--db", c.db}, func(line []byte) error {
		_, addr, ok := strings.Cut(string(line), "http://")
		if !ok {
			return fmt.Errorf("the server said %q", line)
		}
		c.URL = "http://" + strings.TrimSpace(addr)
		return nil
	})
}

// run starts the program and waits for its first line.
func (c *city) run(ctx context.Context, o Options, args []string, first func([]byte) error) error {
	if o.Profile != "" {
		args = append([]string{"--profile", o.Profile}, args...)
	}
	c.cmd = exec.CommandContext(ctx, o.Binary, args...)
	c.cmd.Stderr = os.Stderr
	c.cmd.Cancel = func() error { return c.cmd.Process.Signal(syscall.SIGTERM) }
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := c.cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReaderSize(out, 1<<20).ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("%s %s said nothing: %w", o.Binary, args[0], errors.Join(err, c.cmd.Wait()))
	}
	c.Ready = time.Since(began)
	return first(line)
}

func (c *city) data() string {
	if c.kept != "" {
		return c.kept
	}
	return filepath.Join(c.dir, "city")
}

// Used is what this process has used of the processors.
func Used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// used is the processor time of the process so far, in steps of ten milliseconds; 0 where the
// system does not tell.
func (c *city) used() time.Duration {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(c.cmd.Process.Pid) + "/stat")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(stat), ") ") // the name may hold blanks
	f := strings.Fields(after)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// stop ends the process and leaves the data.
func (c *city) stop() {
	if c.cmd == nil || c.cmd.Process == nil {
		return
	}
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	_ = c.cmd.Wait()
	c.cmd = nil
}

func (c *city) close() {
	c.stop()
	c.drop()
	if c.dir != "" {
		_ = os.RemoveAll(c.dir)
	}
}

// FreshDatabase makes an empty database on a server and returns its URL.
func FreshDatabase(ctx context.Context, admin string) (string, func(), error) {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return "", nil, err
	}
	name := "khue_bench_" + strings.ToLower(rand.Text()[:10])
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", nil, errors.Join(err, conn.Close(ctx))
	}
	u, err := url.Parse(admin)
	if err != nil {
		return "", nil, errors.Join(err, conn.Close(ctx))
	}
	u.Path = "/" + name
	return u.String(), func() {
		ctx := context.WithoutCancel(ctx)
		_, _ = conn.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
		_ = conn.Close(ctx)
	}, nil
}
