package bpmn_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
