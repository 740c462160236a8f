package dmntck_test

import (
	"os"
	"path/filepath"
	"testing"

	"khue/internal/kernel/dmn/dmntck"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	for level, least := range map[string]int{"compliance-level-2": 116, "compliance-level-3": 1744} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join("..", "..", "..", "..", "..", "shared", "testdata", "dmn-tck", level)
			if _, err := os.Stat(dir); err != nil {
				t.Skip("the DMN TCK is not beside the project")
			}
			rep, err := dmntck.Run(dir, t.Output())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %d of %d cases pass", level, rep.Passed, rep.Total)
			if rep.Passed < least {
				t.Errorf("%d cases pass, fewer than the %d that did", rep.Passed, least)
			}
		})
	}
}
