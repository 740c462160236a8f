package app_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"khue/internal/app"
)

// TestMain lets scripts call the program as authors do: `khue service …`.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"khue": func() { os.Exit(app.Main(context.Background(), "", os.Args[1:], os.Stdout, os.Stderr)) },
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

// TestTheGuideForAuthors follows docs/guides/service-author.md: its commands answer what it
// shows, and its changes make the package that it promises.
func TestTheGuideForAuthors(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/guides/service-author.md")
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	dir := filepath.Join(home, "marital-status")
	for i, part := range strings.Split(string(raw), "\n```") {
		if i%2 == 0 {
			continue
		}
		info, body, _ := strings.Cut(part, "\n")
		kind, rest, _ := strings.Cut(info, " ")
		switch {
		case kind == "sh":
			typed(t, home, body)
		case strings.HasPrefix(rest, "file="):
			if err := os.WriteFile(filepath.Join(dir, strings.TrimPrefix(rest, "file=")), []byte(body+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		case strings.HasPrefix(rest, "replace="):
			m := edits.FindStringSubmatch(rest)
			files, err := filepath.Glob(filepath.Join(dir, m[1]))
			if err != nil || len(files) == 0 {
				t.Fatal(rest, err)
			}
			for _, f := range files {
				splice(t, f, m[2], m[3], body)
			}
		}
	}
}

var edits = regexp.MustCompile(`^replace=(\S+) from="([^"]*)" to="([^"]*)"`)

// typed runs the commands of a block; the lines under a command stand in its answer.
func typed(t *testing.T, home, block string) {
	t.Helper()
	var out bytes.Buffer
	for line := range strings.Lines(block) {
		line = strings.TrimSpace(line)
		cmd, is := strings.CutPrefix(line, "$ ")
		if !is {
			if line != "" && !strings.Contains(out.String(), line) {
				t.Errorf("the answer lacks %q:\n%s", line, out.String())
			}
			continue
		}
		cmd, fails := strings.CutPrefix(cmd, "! ")
		args := strings.Fields(strings.Replace(cmd, "marital-status", filepath.Join(home, "marital-status"), 1))
		if strings.Contains(cmd, "--check") && testing.Short() {
			return
		}
		out.Reset()
		if code := app.Main(t.Context(), "", args[1:], &out, &out); (code != 0) != fails {
			t.Fatalf("%s: exit %d\n%s", cmd, code, out.String())
		}
		text := strings.ReplaceAll(out.String(), home+string(filepath.Separator), "")
		out.Reset()
		out.WriteString(text)
	}
}

// splice puts text in place of the lines from one that begins so to before one that begins
// so; to the next empty line where that is empty.
func splice(t *testing.T, file, from, to, text string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(b), "\n")
	begins := func(l, with string) bool { // "with$" is the whole line
		whole, all := strings.CutSuffix(with, "$")
		return all && l == whole || !all && strings.HasPrefix(l, with)
	}
	first := slices.IndexFunc(lines, func(l string) bool { return begins(l, from) })
	if first < 0 {
		t.Fatalf("%s has no line %q", file, from)
	}
	last := slices.IndexFunc(lines[first:], func(l string) bool { return to == "" && l == "" || to != "" && begins(l, to) })
	if last < 0 {
		t.Fatalf("%s has no line %q after %q", file, to, from)
	}
	var between []string
	if text != "" {
		between = strings.Split(text, "\n")
	}
	out := slices.Concat(lines[:first], between, lines[first+last:])
	if err := os.WriteFile(file, []byte(strings.Join(out, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
}
