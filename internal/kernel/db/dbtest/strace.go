package dbtest

import (
	"os"
	"os/exec"
	"testing"
)

// Strace is the program that reads system calls: it skips where it is not installed, or may
// not trace, as in some containers.
func Strace(t testing.TB) string {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed: the order of system calls is not checked (scripts/install-test-tools)")
	}
	if out, err := exec.CommandContext(t.Context(), strace, "-f", "-o", os.DevNull, "true").CombinedOutput(); err != nil { //nolint:gosec // a tool of the tests
		t.Skipf("strace may not trace here: %v: %s", err, out)
	}
	return strace
}
