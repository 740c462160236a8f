package dmnbench_test

import (
	"testing"

	"khue/internal/kernel/dmn/dmnbench"
)

func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("measures for three seconds")
	}
	rows, err := dmnbench.Run()
	if err != nil || len(rows) != 4 {
		t.Fatal(rows, err)
	}
	for _, r := range rows {
		t.Logf("%s %.3g %s (n=%d)", r.Name, r.Value, r.Unit, r.N)
	}
}
