package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestWhatSecurityPagesNameExists: a page that says "shown by" must not name a test or a file
// that is gone.
func TestWhatSecurityPagesNameExists(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	tests := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for _, dir := range []string{"internal", "e2e", "services", "web"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.Name() == "node_modules" {
				if err == nil {
					err = filepath.SkipDir
				}
				return err
			}
			if d.IsDir() || !strings.HasSuffix(p, "_test.go") {
				return nil
			}
			b, err := os.ReadFile(p)
			for _, m := range declared.FindAllSubmatch(b, -1) {
				tests[string(m[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	pages, err := filepath.Glob(filepath.Join(root, "docs", "security", "*.md"))
	if err != nil || len(pages) < 4 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	test, file := regexp.MustCompile("`(Test\\w+)`"), regexp.MustCompile("`(internal/[\\w/.-]+)`")
	adr, guide := regexp.MustCompile(`adr/(\d{4})`), regexp.MustCompile(`guides/([\w-]+\.md)`)
	for _, page := range pages {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(page)
		for _, m := range test.FindAllSubmatch(b, -1) {
			if !tests[string(m[1])] {
				t.Errorf("%s names the test %s, which is not there", name, m[1])
			}
		}
		for _, m := range file.FindAllSubmatch(b, -1) {
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(string(m[1])))); err != nil {
				t.Errorf("%s names %s: %v", name, m[1], err)
			}
		}
		for _, m := range adr.FindAllSubmatch(b, -1) {
			if found, _ := filepath.Glob(filepath.Join(root, "docs", "adr", string(m[1])+"-*.md")); len(found) == 0 {
				t.Errorf("%s names the decision %s, which is not there", name, m[1])
			}
		}
		for _, m := range guide.FindAllSubmatch(b, -1) {
			if _, err := os.Stat(filepath.Join(root, "docs", "guides", string(m[1]))); err != nil {
				t.Errorf("%s names the guide %s: %v", name, m[1], err)
			}
		}
	}
}
