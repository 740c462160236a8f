package archtest_test

import (
	_ "embed"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"khue/internal/archtest"
)

//go:embed deps.txt
var deps string

func TestTheHouse(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	found, err := archtest.Check(os.DirFS(root), "khue", deps)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Error(v)
	}
}

// TestPlantedViolations proves that each rule can fail: every archive in
// testdata plants one and names the rule that must find it.
func TestPlantedViolations(t *testing.T) {
	t.Parallel()
	plants, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(plants) == 0 {
		t.Fatal("no plants", err)
	}
	for _, p := range plants {
		t.Run(strings.TrimSuffix(filepath.Base(p), ".txtar"), func(t *testing.T) {
			t.Parallel()
			ar, err := txtar.ParseFile(p)
			if err != nil {
				t.Fatal(err)
			}
			tree := fstest.MapFS{}
			deps := ""
			for _, f := range ar.Files {
				if f.Name == "deps.txt" {
					deps = string(f.Data)
					continue
				}
				tree[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			found, err := archtest.Check(tree, "khue", deps)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, v := range found {
				got = append(got, v.Rule+" "+v.Pos)
			}
			want := slices.DeleteFunc(strings.Split(strings.TrimSpace(string(ar.Comment)), "\n"), func(s string) bool {
				return s == "" || strings.HasPrefix(s, "#")
			})
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("found\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
			}
		})
	}
}

func TestLengthRule(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{"internal/kernel/x/x.go": {Data: []byte("package x\n" + strings.Repeat("// line\n", 600))}}
	found, err := archtest.Check(tree, "khue", "")
	if err != nil || len(found) != 1 || found[0].Rule != "length" {
		t.Errorf("found %v, %v", found, err)
	}
}
