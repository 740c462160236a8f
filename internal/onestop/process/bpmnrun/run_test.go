package bpmnrun_test

import (
	"os"
	"strings"
	"testing"

	"khue/internal/kernel/decl"
	"khue/internal/onestop/process/bpmnrun"
)

const suite = "../../../../../shared/testdata/bpmn-engines"

// TestEngineModels plays the test models of two other engines.
func TestEngineModels(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(suite); err != nil {
		t.Skip("the engines' models are not here: ", suite)
	}
	var out strings.Builder
	rep, err := bpmnrun.Run(suite, func(p decl.Problem) string { return p.Key }, &out)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v\n%s", rep, out.String())
	if rep.Failed > 0 || rep.Files < 169 || rep.Accepted < 150 {
		t.Errorf("%+v", rep)
	}
}
