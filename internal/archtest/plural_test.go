package archtest_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// counted is a number before a noun in the plural: "{n} open dossiers".
var counted = regexp.MustCompile(`\{n\} (?:[a-z-]+ ){0,3}?[a-z]*(?:[^s]s|people|copies)\b`) //nolint:gochecknoglobals // a pattern

// neverOne are texts whose number is never one, or that do not count what follows it.
func neverOne() []string {
	return []string{
		"app.doctor.keys", "app.doctor.fewFiles", "counterweb.start.several", "dossierweb.today.leadMore", "dossierweb.rate.few",
		"service.lint.smsLong", "signature.error.many", "health.span.ms",
	}
}

// onlyMany lists the texts that count and have no form for one, by key, in files of texts.
func onlyMany(tree map[string]any, key string) (out []string) {
	for _, k := range slices.Sorted(maps.Keys(tree)) {
		at := strings.TrimPrefix(key+"."+k, ".")
		switch v := tree[k].(type) {
		case string:
			if counted.MatchString(v) && !slices.Contains(neverOne(), at) {
				out = append(out, at)
			}
		case map[string]any:
			if _, one := v["one"].(string); one {
				continue
			}
			out = append(out, onlyMany(v, at)...)
		}
	}
	return out
}

// TestCountsHaveAFormForOne: no English reader is told of "1 days".
func TestCountsHaveAFormForOne(t *testing.T) {
	t.Parallel()
	read := func(text []byte) []string {
		var tree map[string]any
		if err := yaml.Unmarshal(text, &tree); err != nil {
			t.Fatal(err)
		}
		return onlyMany(tree, "")
	}
	planted := read([]byte("a: {x: \"{n} open dossiers\", y: {one: \"{n} day\", other: \"{n} days\"}, z: \"{n} of {all}\"}"))
	if !slices.Equal(planted, []string{"a.x"}) {
		t.Fatalf("of the planted texts it finds %v", planted)
	}
	files := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() != "en.yaml" || filepath.Base(filepath.Dir(path)) != "i18n" || strings.Contains(path, "testdata") {
			return err
		}
		text, err := os.ReadFile(path) //nolint:gosec // ours
		if err != nil {
			return err
		}
		files++
		for _, key := range read(text) {
			t.Errorf("%s: %s counts and has no form for one: {one: …, other: …}", path, key)
		}
		return nil
	})
	if err != nil || files < 20 {
		t.Errorf("%d files of texts, %v", files, err)
	}
}
