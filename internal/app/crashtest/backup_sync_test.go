package crashtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"khue/internal/kernel/db/dbtest"
)

// TestABackupNamesNothingThatIsNotSynced reads the system calls of a backup: no file gets its
// name before its bytes are synced, and a base is named last, when all folders with new
// names in them are synced; then its own folder is.
func TestABackupNamesNothingThatIsNotSynced(t *testing.T) {
	t.Parallel()
	strace := dbtest.Strace(t)
	c := found(t, "")
	c.end(syscall.SIGTERM)
	dir := filepath.Join(t.TempDir(), "backup")
	public, err := c.khue("backup", "key", filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "trace")
	args := append([]string{"-f", "-y", "-e", "trace=fsync,rename,renameat,renameat2,mkdir,mkdirat", "-o", log, c.bin, "backup", "run", "--to", dir, "--recipient", strings.TrimSpace(public)}, c.args...)
	if out, err := exec.Command(strace, args...).CombinedOutput(); err != nil { //nolint:gosec // ourselves
		t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	quoted, synced, dirty := regexp.MustCompile(`"([^"]+)"`), map[string]bool{}, map[string]bool{}
	files, based := 0, false
	for _, line := range strings.Split(string(text), "\n") {
		switch {
		case strings.Contains(line, " fsync(") && !strings.Contains(line, " = -1"):
			if _, rest, ok := strings.Cut(line, "<"); ok && strings.HasPrefix(rest, dir) {
				path, _, _ := strings.Cut(rest, ">")
				synced[path] = true
				delete(dirty, path)
			}
		case strings.Contains(line, " rename") && strings.Contains(line, dir):
			names := quoted.FindAllStringSubmatch(line, -1)
			from, to := names[0][1], names[1][1]
			if !synced[from] {
				t.Errorf("%s got its name before its bytes were synced", to)
			}
			files++
			if strings.HasSuffix(to, "base.age") {
				based = true
				if len(dirty) > 0 {
					t.Errorf("a base is named while names in %v are not synced", dirty)
				}
			}
			dirty[filepath.Dir(to)] = true
		}
	}
	if files < 5 || !based || len(dirty) > 0 {
		t.Errorf("%d files, a base %v, at the end not synced: %v", files, based, dirty)
	}
}
