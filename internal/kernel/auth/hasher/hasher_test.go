package hasher_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"khue/internal/kernel/auth/hasher"
)

// TestMain is the child too, when it is started as one.
func TestMain(m *testing.M) {
	switch os.Args[len(os.Args)-1] {
	case "as-child":
		if err := hasher.Serve(os.Stdin, os.Stdout); err != nil {
			panic(err)
		}
		os.Exit(0)
	case "as-mute": // reads and never answers, as a child that gets no time
		_ = hasher.Serve(os.Stdin, silence{})
		os.Exit(0)
	case "as-dying":
		os.Exit(3)
	}
	os.Exit(m.Run())
}

type silence struct{}

func (silence) Write(b []byte) (int, error) { return len(b), nil }

func child(t *testing.T, as string) *hasher.Child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := hasher.NewChild(slog.New(slog.DiscardHandler), self, as)
	t.Cleanup(c.Close)
	return c
}

var ask = hasher.Ask{Password: []byte("mật khẩu"), Salt: []byte("0123456789abcdef"), Rounds: 2, Memory: 1 << 10, Threads: 1, Length: 32}

// TestAKeyIsTheSameWhoeverComputesIt: also where the child dies at once, never answers or is
// closed, so that people can sign in.
func TestAKeyIsTheSameWhoeverComputesIt(t *testing.T) {
	t.Parallel()
	want := hasher.Derive(ask)
	for _, as := range []string{"as-child", "as-mute", "as-dying", "closed"} {
		t.Run(as, func(t *testing.T) {
			t.Parallel()
			c := child(t, as)
			if as == "closed" {
				c.Close()
			}
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					got, err := c.Derive(t.Context(), ask)
					if err != nil || !bytes.Equal(got, want) {
						t.Errorf("%x, %v; want %x", got, err, want)
					}
				})
			}
			wg.Wait()
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := child(t, "as-mute").Derive(ctx, ask); err == nil {
		t.Error("a key for somebody whose time is over")
	}
}

// TestAChildThatWasKilledIsStartedAgainAndRunsLow: and nobody notices.
func TestAChildThatWasKilledIsStartedAgainAndRunsLow(t *testing.T) {
	t.Parallel()
	c := child(t, "as-child")
	want, was := hasher.Derive(ask), 0
	for range 3 {
		got, err := c.Derive(t.Context(), ask)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%x, %v", got, err)
		}
		pid := c.PID()
		if pid == 0 || pid == was {
			t.Fatalf("child %d after %d", pid, was)
		}
		was = pid
		if runtime.GOOS == "linux" {
			low(t, pid)
		}
		p, err := os.FindProcess(pid)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Kill(); err != nil {
			t.Fatal(err)
		}
	}
}

// low asserts that every thread of a process gives way to others.
func low(t *testing.T, pid int) {
	t.Helper()
	threads, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/task")
	if err != nil || len(threads) == 0 {
		t.Fatal(threads, err)
	}
	for _, x := range threads {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/task/" + x.Name() + "/stat")
		if err != nil {
			continue // it ended
		}
		_, rest, _ := strings.Cut(string(b), ") ")
		f := strings.Fields(rest)
		nice, policy := f[16], f[38] // fields 19 and 41 of proc(5), after the name
		if policy != "5" && nice != "19" {
			t.Errorf("thread %s of the child: policy %s, nice %s", x.Name(), policy, nice)
		}
	}
}
