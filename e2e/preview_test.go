package e2e

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"khue/internal/app"
	"khue/internal/citytest"
)

// previewed is a new package and the address of its preview.
func previewed(t *testing.T) (dir, url string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "marital-status")
	if code := app.Main(t.Context(), "", []string{"service", "new", dir, "--procedure", "1.004873"}, io.Discard, os.Stderr); code != 0 {
		t.Fatal(code)
	}
	r, w := io.Pipe()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan int, 1)
	go func() {
		done <- app.Main(ctx, "", []string{"service", "preview", dir, "--listen", "127.0.0.1:0"}, w, os.Stderr)
		_ = w.Close()
	}()
	t.Cleanup(func() { stop(); <-done })
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url = regexp.MustCompile(`http://[\d.:]+`).FindString(line)
	return dir, url
}

func edit(t *testing.T, name, old, with string) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil || !strings.Contains(string(b), old) {
		t.Fatalf("%s has no %q: %v", name, old, err)
	}
	if err := os.WriteFile(name, []byte(strings.Replace(string(b), old, with, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestPreviewOfAPackage: an author fills the form and reads the rest, with scripts and
// without, in both languages and themes; an open page follows each change of the folder.
func TestPreviewOfAPackage(t *testing.T) {
	for _, l := range []look{
		{width: 1280, js: true, lang: "vi"},
		{width: 360, js: false, lang: "en"},
		{width: 360, js: true, dark: true, lang: "en"},
	} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			dir, url := previewed(t)
			v := visit(t, &citytest.City{URL: url}, l)
			v.open("/")
			v.press("main form[action='/sample'] button")
			v.press(submit)
			v.fill(map[string]string{"requester.id": "12"})
			v.press(submit)
			v.find(".kh-error-summary")
			v.fill(map[string]string{"requester.id": "999196000001"})
			v.press(submit)
			v.press(submit)
			v.press(submit)
			v.sees("Nguyễn Thị Hạnh")
			v.press(submit)
			v.find("svg[role]")
			for _, path := range []string{"/officer/receive/supplement", "/notices", "/result/marital-status", "/help", "/scenarios"} {
				v.open(path)
			}
			v.open("/")
			if !l.js {
				edit(t, filepath.Join(dir, "steps.yaml"), "to: handle", "to: handel")
				return
			}
			wait := v.within().WaitNavigation("load")
			edit(t, filepath.Join(dir, "steps.yaml"), "to: handle", "to: handel")
			wait()
			v.sees("steps.yaml:18", "handel")
			v.check()
		})
	}
}
