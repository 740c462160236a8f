package crashtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"khue/internal/kernel/db/dbtest"
)

// previousRelease is what a city runs that upgrades to this program: the newest commit whose
// program this one promises to stand beside: the first that has the birth of today, since nodes
// of before did not know packages of another release (docs/adr/0240). KHUE_PREVIOUS names another.
const previousRelease = "7235803"

// previous builds the program of another commit; the test is skipped where the history is not
// there.
func previous(t *testing.T) string {
	t.Helper()
	commit := previousRelease
	if v := os.Getenv("KHUE_PREVIOUS"); v != "" {
		commit = v
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	git := func(args ...string) error {
		out, err := exec.Command("git", append([]string{"-C", root}, args...)...).CombinedOutput() //nolint:gosec // ours
		if err != nil {
			t.Logf("git %s: %s", args[0], out)
		}
		return err
	}
	if git("cat-file", "-e", commit+"^{commit}") != nil {
		t.Skipf("the history here does not reach %s", commit)
	}
	src := filepath.Join(t.TempDir(), "src")
	if err := git("worktree", "add", "--detach", src, commit); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = git("worktree", "remove", "--force", src) })
	// Scripts, styles and the type of papers are built, not committed; those of today do for both.
	dist := filepath.Join(src, "web", "dist")
	if err := os.RemoveAll(dist); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dist, os.DirFS(filepath.Join(root, "web", "dist"))); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "khue-previous")
	build := exec.Command("go", "build", "-o", bin, "./cmd/khue")
	build.Dir = src
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v: %s", commit, err, out)
	}
	return bin
}

// TestRollingUpgradeShowsNoError founds a city with the previous release, runs two nodes of it
// under load, migrates, exchanges one node after the other, and then restarts the new ones by
// SIGTERM alone. No client sees an error: none repeats a request.
func TestRollingUpgradeShowsNoError(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a second program")
	}
	t.Parallel()
	old := previous(t)
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	url := dbtest.PostgresURL(t, nil)
	c := foundBy(t, old, url)
	before := c.entries()
	b := newBalancer(t)
	front := *c
	front.url, front.bin = b.url, bin
	var nodes []*backend
	for range 2 {
		nodes = append(nodes, b.add(c.node(old)))
	}
	d := &drill{city: &front}
	d.learn()
	load := d.crowd(false)
	load.more(200)
	// Expand: the tables of the new release, while the old one works on them.
	if out, err := exec.Command(bin, append([]string{"migrate"}, c.args...)...).CombinedOutput(); err != nil { //nolint:gosec // ourselves
		t.Fatalf("khue migrate: %v: %s", err, out)
	}
	load.more(200)
	for _, n := range nodes {
		b.takeOut(n) // the old release does not yet say that it leaves
		n.end(syscall.SIGTERM)
		n.bin = bin
		b.back(n, "--leave", "1s")
		load.more(200)
	}
	for _, n := range nodes {
		n.end(syscall.SIGTERM) // the new one does: the balancer asks /readyz and nothing else
		b.back(n, "--leave", "1s")
		load.more(200)
	}
	load.finish()
	for _, n := range nodes {
		n.end(syscall.SIGTERM)
	}
	load.whole(before)
	t.Logf("two upgrades and two restarts: %d transitions, no error", d.acked.Load())
}
