package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"khue/internal/app"
)

// TestThePartsAreListed: each module that is linked in and each npm package of the pages stands
// in the list with its version and a licence that lets a city use it. Written anew by
// go run ./internal/tools/licences.
func TestThePartsAreListed(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}go {{.Path}} {{.Version}}{{end}}{{end}}", "./cmd/khue")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("there is no go command here to ask for the modules")
	}
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(string(out)), "\n")
	packed, err := os.ReadFile("../../web/package.json")
	if err != nil {
		t.Fatal(err)
	}
	var p struct{ Dependencies map[string]string }
	if err := json.Unmarshal(packed, &p); err != nil {
		t.Fatal(err)
	}
	for name, version := range p.Dependencies {
		want = append(want, "npm "+name+" "+version)
	}
	slices.Sort(want)
	want = slices.Compact(want)
	text, err := os.ReadFile("licences.txt")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	good := []string{"MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC", "0BSD", "MPL-2.0", "OFL-1.1", "Unlicense", "CC0-1.0", "MIT_AND_OFL-1.1"}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) != 4 || !slices.Contains(good, f[3]) {
			t.Errorf("%q: a licence that nobody has read", line)
			continue
		}
		got = append(got, strings.Join(f[:3], " "))
	}
	want = slices.DeleteFunc(want, func(s string) bool { return s == "" })
	if !slices.Equal(got, want) {
		for _, w := range want {
			if !slices.Contains(got, w) {
				t.Errorf("not in licences.txt: %s", w)
			}
		}
		for _, g := range got {
			if !slices.Contains(want, g) {
				t.Errorf("not in the program any more: %s", g)
			}
		}
	}
}

func TestTheBillOfMaterials(t *testing.T) {
	t.Parallel()
	var out, errOut bytes.Buffer
	if code := app.Main(context.Background(), "khue", []string{"about", "--sbom"}, &out, &errOut); code != 0 {
		t.Fatal(errOut.String())
	}
	var b struct {
		BOMFormat, SpecVersion string
		Components             []struct {
			Name, Version, PURL string
			Licenses            []any
		}
	}
	if err := json.Unmarshal(out.Bytes(), &b); err != nil || b.BOMFormat != "CycloneDX" || b.SpecVersion != "1.6" {
		t.Fatal(err, out.String())
	}
	found := map[string]bool{}
	for _, c := range b.Components {
		found[c.Name] = len(c.Licenses) == 1 && strings.HasPrefix(c.PURL, "pkg:")
	}
	for _, name := range []string{"std", "github.com/jackc/pgx/v5", "zombiezen.com/go/sqlite", "govuk-frontend", "htmx.org"} {
		if !found[name] {
			t.Errorf("%s is not told with its licence", name)
		}
	}
}
