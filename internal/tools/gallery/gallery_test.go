package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, h http.Handler, path string) string {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	b, err := io.ReadAll(rec.Body)
	if err != nil || rec.Code != http.StatusOK {
		t.Fatal(path, rec.Code, err)
	}
	return string(b)
}

var (
	inline  = regexp.MustCompile(`\s(style|on[a-z]+)="|<style|<script>|javascript:`)
	idOf    = regexp.MustCompile(`\sid="([^"]*)"`)
	refs    = regexp.MustCompile(`\s(?:for|aria-describedby|aria-controls|aria-labelledby|data-kh-reveal)="([^"]*)"`)
	anchors = regexp.MustCompile(`href="#(f-[^"]*|main-content)"`)
)

// What our content security policy forbids would silently not work; what refers to an id
// that is not there leaves a screen reader without a word.
func TestPagesHoldTogether(t *testing.T) {
	t.Parallel()
	h, err := handler("../../../web")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages() {
		for _, lang := range []string{"vi", "en"} {
			out := get(t, h, "/"+p.name+"?lang="+lang)
			if i := strings.Index(out, "⟨"); i >= 0 {
				t.Errorf("%s %s: a text is missing: %.60s", p.name, lang, out[i:])
			}
			if m := inline.FindString(out); m != "" {
				t.Errorf("%s: inline style or script: %s", p.name, m)
			}
			ids := map[string]bool{}
			for _, m := range idOf.FindAllStringSubmatch(out, -1) {
				if ids[m[1]] {
					t.Errorf("%s: two elements have the id %q", p.name, m[1])
				}
				ids[m[1]] = true
			}
			for _, m := range append(refs.FindAllStringSubmatch(out, -1), anchors.FindAllStringSubmatch(out, -1)...) {
				for id := range strings.FieldsSeq(m[1]) {
					if !ids[id] {
						t.Errorf("%s: %s leads nowhere", p.name, m[0])
					}
				}
			}
			if n := strings.Count(out, "<h1"); n != 1 {
				t.Errorf("%s: %d headings of the first rank", p.name, n)
			}
		}
	}
}

// Every page, at both widths, in both themes, under axe, under our policy.
func TestPagesAreAccessible(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a browser and a minute")
	}
	bin, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	h, err := handler("../../../web")
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	for _, p := range pages() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			if err := (browser{bin: bin}).axe(t.Context(), srv.URL, p.name); err != nil {
				t.Error(err)
			}
		})
	}
}
