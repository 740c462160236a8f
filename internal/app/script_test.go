package app_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"khue/internal/app"
)

// TestMain lets scripts call the program as authors do: `khue service …`.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"khue": func() { os.Exit(app.Main(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

// TestScripts are what an author of a service types, and what is answered.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			bin, _, _ := strings.Cut(e.Getenv("PATH"), string(filepath.ListSeparator))
			e.Setenv("BIN", bin) // only the program, no browser
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"replace": replace},
	})
}

// replace OLD NEW FILE changes the first OLD of a file, as a hand in an editor would; \t is a tab, \n a new line.
func replace(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("replace OLD NEW FILE")
	}
	was := ts.ReadFile(args[2])
	if !strings.Contains(was, args[0]) {
		ts.Fatalf("%s has no %q", args[2], args[0])
	}
	is := strings.Replace(was, args[0], strings.NewReplacer(`\t`, "\t", `\n`, "\n").Replace(args[1]), 1)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(is), 0o600))
}
