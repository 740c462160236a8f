package citybench_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"khue/internal/app/citybench"
)

//nolint:gochecknoglobals // a flag of the test
var update = flag.Bool("update", false, "write the peers' copy of the submission again")

// TestPeersCarryTheSameForm keeps the comparison honest: what the peers of bench/peers are given,
// a module of its own that cannot import this one, is what Khue is given.
func TestPeersCarryTheSameForm(t *testing.T) {
	t.Parallel()
	want, _, err := citybench.Script("00133", "2025-06-01")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join("..", "..", "..", "bench", "peers", "load", "submission.json")
	if *update {
		if err := os.WriteFile(name, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the bench files; write it again with -update", name)
	}
}
