package previewweb_test

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/onestop/service/previewweb"
	"khue/internal/register/holiday"
)

type nobody struct{}

func (nobody) Resolve(context.Context, string) (auth.Subject, error) {
	return auth.Subject{}, errs.E(errs.Unauthenticated, "web.error.internal")
}

// desk is a preview of the sample package over HTTP, with files that a test may change.
type desk struct {
	t     *testing.T
	url   string
	pv    *previewweb.Preview
	mu    sync.Mutex
	files fstest.MapFS
}

func open(t *testing.T) *desk {
	t.Helper()
	b, err := i18n.NewBundle(ui.Messages, web.Messages, auth.Messages, calendar.Messages, decl.Messages, bpmn.Messages, form.Messages, process.Messages, service.Messages, previewweb.Messages)
	if err != nil {
		t.Fatal(err)
	}
	cal, err := holiday.Load()
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, files: fstest.MapFS{}}
	root := os.DirFS("../testdata/sample")
	if err := fs.WalkDir(root, ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			raw, _ := fs.ReadFile(root, name)
			d.files[name] = &fstest.MapFile{Data: raw}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	clk := clock.NewFake(time.Date(2026, 11, 23, 9, 0, 0, 0, clock.Zone))
	d.pv = previewweb.New(previewweb.Deps{
		Dir: "sample", World: service.World{Calendar: cal}, Bundle: b, Clock: clk, Watched: true, Stop: t.Context().Done(),
		Load: func() (*service.Package, decl.Problems) {
			d.mu.Lock()
			defer d.mu.Unlock()
			return service.Load(d.files, ".")
		},
	})
	s, err := web.New(web.Config{}, web.Deps{Bundle: b, Auth: nobody{}, Clock: clk, Log: slog.New(slog.DiscardHandler), Shell: d.pv.Shell}, d.pv.Routes())
	if err != nil {
		t.Fatal(err)
	}
	hs := httptest.NewServer(s)
	t.Cleanup(hs.Close)
	d.url = hs.URL
	return d
}

func (d *desk) change(file, old, with string) {
	d.t.Helper()
	d.mu.Lock()
	was := string(d.files[file].Data)
	if !strings.Contains(was, old) {
		d.t.Fatalf("%s has no %s", file, old)
	}
	d.files[file] = &fstest.MapFile{Data: []byte(strings.Replace(was, old, with, 1))}
	d.mu.Unlock()
	d.pv.Reload()
}

func (d *desk) get(path string) string { return d.read(http.Get(d.url + path)) }

func (d *desk) read(res *http.Response, err error) string {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= http.StatusInternalServerError {
		d.t.Fatalf("%s: %s %v", res.Request.URL.Path, res.Status, err)
	}
	return string(b)
}

func (d *desk) sees(html string, wants ...string) {
	d.t.Helper()
	for _, w := range wants {
		if !strings.Contains(html, w) {
			d.t.Errorf("no %q in %.3000s", w, html)
		}
	}
}

func TestEveryPageInBothLanguages(t *testing.T) {
	t.Parallel()
	d := open(t)
	paths := d.pv.Paths()
	if len(paths) < 10 {
		t.Fatal(paths)
	}
	for _, p := range paths {
		for _, l := range []string{"vi", "en"} {
			html := d.get(p + "?lang=" + l)
			d.sees(html, `<html lang="`+l+`"`, "data-kh-version")
			if strings.Contains(html, "⟨") {
				t.Errorf("%s (%s) lacks a text", p, l)
			}
		}
	}
}

// TestAnswersAreCheckedAsInTheCity: what was typed stays, right or wrong, and the review
// follows what is right.
func TestAnswersAreCheckedAsInTheCity(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.sees(d.get("/form/child?lang=en"), `value="Nguyễn Minh An"`)
	html := d.read(http.PostForm(d.url+"/form/child?lang=en", url.Values{"child.name": {"Lê Gia Bảo"}, "child.dob.day": {"31"}, "child.dob.month": {"2"}, "child.dob.year": {"2026"}}))
	d.sees(html, "there is no such day", `value="Lê Gia Bảo"`, `value="31"`)
	d.sees(d.get("/form/review"), "Lê Gia Bảo")
}

// TestChangesOfTheFolder: the page follows the folder; a folder that does not load leaves
// the last that did, and says file and line.
func TestChangesOfTheFolder(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.change("i18n/en.yaml", `name: "`, `name: "Renamed: `)
	d.sees(d.get("/?lang=en"), "Renamed: ")
	d.change("form.yaml", "type: person-name", "type: person-nmae")
	d.sees(d.get("/?lang=en"), "Renamed: ", "sample/form.yaml:", "Did you mean person-name?")
	d.sees(d.get("/form/child?lang=en"), "cannot be loaded as it is now")
	d.change("form.yaml", "type: person-nmae", "type: person-name")
	if html := d.get("/?lang=en"); strings.Contains(html, "cannot be loaded") {
		t.Error("the folder is mended and the page does not say so")
	}
}

// TestOpenPagesHearOfAChange reads the stream of events.
func TestOpenPagesHearOfAChange(t *testing.T) {
	t.Parallel()
	d := open(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url+"/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	next := func() string {
		buf := make([]byte, 200)
		n, err := res.Body.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
	before := next()
	d.change("i18n/en.yaml", `name: "`, `name: "Again `)
	if after := next(); !strings.HasPrefix(after, "data: ") || after == before {
		t.Errorf("%q after %q", after, before)
	}
}
