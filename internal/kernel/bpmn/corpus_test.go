package bpmn_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// corpus are the files of a folder of outside models beside the project.
func corpus(t testing.TB, name string) map[string][]byte {
	t.Helper()
	out := corpusIfThere(name)
	if len(out) == 0 {
		t.Skipf("the outside models %s are not beside the project", name)
	}
	return out
}

func corpusIfThere(name string) map[string][]byte {
	paths, _ := filepath.Glob(filepath.Join("../../../../shared/testdata", name, "*.*"))
	out := make(map[string][]byte, len(paths))
	for _, p := range paths {
		if !strings.HasSuffix(p, ".bpmn") && !strings.HasSuffix(p, ".xml") {
			continue
		}
		if data, err := os.ReadFile(p); err == nil {
			out[filepath.Base(p)] = data
		}
	}
	return out
}

// within holds f against a time; the best of three, since the machine may be busy.
func within(t *testing.T, name string, limit time.Duration, f func()) {
	t.Helper()
	best := time.Hour
	for range 3 {
		began := time.Now()
		f()
		if best = min(best, time.Since(began)); best < limit {
			return
		}
	}
	t.Errorf("%s took %v", name, best)
}
