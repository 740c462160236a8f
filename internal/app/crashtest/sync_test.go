package crashtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"khue/internal/kernel/db/dbtest"
)

// TestAnswerWaitsForTheLog reads the server's system calls: between the last write of a
// command to the write-ahead log and its 2xx stands a sync of the log that is over.
func TestAnswerWaitsForTheLog(t *testing.T) {
	t.Parallel()
	strace := dbtest.Strace(t)
	c := found(t, "")
	log := filepath.Join(t.TempDir(), "trace")
	c.serve(strace, "-f", "-y", "-s", "16", "-e", "trace=read,write,pwrite64,pwritev,fdatasync,fsync", "-o", log)
	// strace holds signals back while it traces: the server itself is told to stop.
	tracer := c.cmd.Process.Pid
	kids, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", tracer, tracer))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(kids)))
	if err != nil {
		t.Fatalf("children of strace: %q", kids)
	}
	d := &drill{city: c}
	for range 3 {
		d.learn()
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = c.cmd.Wait()
	c.cmd = nil
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	answers, dirty := readTrace(t, string(text))
	if want := 3 * (1 + len(c.stages)); answers != want {
		t.Errorf("%d answers to commands in the trace, want %d", answers, want)
	}
	// The journal's sequencer, its followers and the jobs commit in the background: they begin
	// a write between a command's sync and its answer, the oftener the slower the machine is.
	// Without a sync every answer is dirty.
	if dirty > answers*2/3 {
		t.Errorf("%d of %d answers went out while the log was not synced", dirty, answers)
	}
	t.Logf("%d answers, each behind a sync of what it wrote; another commit had begun at %d", answers, dirty)
}

// readTrace fails on an answer to a command without a write to the log and, after that,
// a finished sync since the command was read. It counts answers, and those at which
// something written was not synced yet.
func readTrace(t *testing.T, text string) (answers, dirty int) {
	t.Helper()
	var written, synced, unsynced, command bool // since the command was read
	syncing := map[string]bool{}                // by thread, a sync of the log that has not returned
	done := func() { synced, unsynced = written, false }
	for _, line := range strings.Split(text, "\n") {
		thread, call, _ := strings.Cut(line, " ")
		wal := strings.Contains(call, "-wal>")
		isSync := strings.Contains(call, "fdatasync(") || strings.Contains(call, "fsync(")
		switch {
		case strings.Contains(call, "OST /api/v1"): // the server may have read the P ahead
			command, written, synced = true, false, false
		case command && strings.Contains(call, "write(") && strings.Contains(call, `"HTTP/1.1 20`):
			answers++
			command = false
			if unsynced {
				dirty++
			}
			if !synced {
				t.Errorf("answered before the log was synced: %s", line)
			}
		case wal && (strings.Contains(call, "pwrite64(") || strings.Contains(call, "pwritev(") || strings.Contains(call, " write(")):
			written, unsynced = true, true
		case wal && isSync && strings.Contains(call, "<unfinished"):
			syncing[thread] = true
		case wal && isSync:
			done()
		case syncing[thread] && strings.Contains(call, "sync resumed>"):
			delete(syncing, thread)
			done()
		}
	}
	return answers, dirty
}
