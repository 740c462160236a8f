package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/launcher/flags"
	"github.com/go-rod/rod/lib/proto"

	"khue/internal/citytest"
)

// chromium is started once for all journeys.
var chromium = sync.OnceValues(func() (*rod.Browser, error) {
	bin, err := exec.LookPath("chromium")
	if err != nil {
		return nil, fmt.Errorf("no Chromium: scripts/install-test-tools installs it: %w", err)
	}
	l := launcher.New().Bin(bin).Leakless(false).Headless(true).NoSandbox(true)
	for _, f := range []string{"disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"} {
		l = l.Set(flags.Flag(f))
	}
	url, err := l.Launch()
	if err != nil {
		return nil, err
	}
	b := rod.New().ControlURL(url)
	return b, b.Connect()
})

func TestMain(m *testing.M) {
	code := m.Run()
	if b, err := chromium(); err == nil {
		_ = b.Close()
	}
	os.Exit(code)
}

// visitor is one person at one browser window, with cookies of their own.
type visitor struct {
	t    *testing.T
	city *citytest.City
	page *rod.Page
	look look
	shot int
}

// look is how a visitor sees the pages.
type look struct {
	width int
	dark  bool
	js    bool
	lang  string
}

func (l look) String() string {
	js, theme := "nojs", "light"
	if l.js {
		js = "js"
	}
	if l.dark {
		theme = "dark"
	}
	return fmt.Sprintf("%d-%s-%s-%s", l.width, theme, js, l.lang)
}

// visit opens a window.
func visit(t *testing.T, city *citytest.City, l look) *visitor {
	t.Helper()
	b, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	box, err := b.Incognito()
	if err != nil {
		t.Fatal(err)
	}
	p, err := box.Page(proto.TargetCreateTarget{URL: "about:blank"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	v := &visitor{t: t, city: city, page: p, look: l}
	v.must(p.SetViewport(&proto.EmulationSetDeviceMetricsOverride{Width: l.width, Height: 900, DeviceScaleFactor: 1, Mobile: l.width < 500}))
	theme := "light"
	if l.dark {
		theme = "dark"
	}
	v.must(proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: theme}}}.Call(p))
	if !l.js {
		v.must(proto.EmulationSetScriptExecutionDisabled{Value: true}.Call(p))
	}
	_, err = p.SetExtraHeaders([]string{"Accept-Language", l.lang})
	v.must(err)
	return v
}

func (v *visitor) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatalf("%v at %s", err, v.path())
	}
}

func (v *visitor) path() string {
	info, err := v.page.Info()
	if err != nil {
		return "?"
	}
	return strings.TrimPrefix(info.URL, v.city.URL)
}

// open goes to a path and checks the page.
func (v *visitor) open(path string) {
	v.t.Helper()
	wait := v.page.WaitNavigation(proto.PageLifecycleEventNameLoad)
	v.must(v.page.Navigate(v.city.URL + path))
	wait()
	v.check()
}

// press clicks what a selector finds and waits for the page that follows.
func (v *visitor) press(selector string) {
	v.t.Helper()
	el, err := v.page.Element(selector)
	v.must(err)
	wait := v.page.WaitNavigation(proto.PageLifecycleEventNameLoad)
	v.must(el.Click(proto.InputMouseButtonLeft, 1))
	wait()
	v.check()
}

// fill types into the field with a name, or picks its option.
func (v *visitor) fill(values map[string]string) {
	v.t.Helper()
	for name, value := range values {
		el, err := v.page.Element(fmt.Sprintf("[name=%q]", name))
		if err != nil {
			v.t.Fatalf("no field %s at %s", name, v.path())
		}
		kind, err := el.Property("type")
		v.must(err)
		switch kind.Str() {
		case "radio", "checkbox":
			box, err := v.page.Element(fmt.Sprintf("[name=%q][value=%q]", name, value))
			v.must(err)
			v.must(box.Click(proto.InputMouseButtonLeft, 1))
		case "select-one":
			v.must(el.Select([]string{fmt.Sprintf("[value=%q]", value)}, true, rod.SelectorTypeCSSSector))
		case "file":
			v.must(el.SetFiles([]string{value}))
		default:
			v.must(el.SelectAllText())
			v.must(el.Input(value))
		}
	}
}

// text is what the page says.
func (v *visitor) text() string {
	v.t.Helper()
	el, err := v.page.Element("body")
	v.must(err)
	s, err := el.Text()
	v.must(err)
	return s
}

// sees fails the test where the page lacks a text.
func (v *visitor) sees(texts ...string) {
	v.t.Helper()
	page := v.text()
	for _, want := range texts {
		if !strings.Contains(page, want) {
			v.t.Fatalf("%s does not say %q; it says:\n%.3000s", v.path(), want, page)
		}
	}
}

// signIn signs a demo person in.
func (v *visitor) signIn(role string) {
	v.t.Helper()
	v.open("/sign-in")
	v.fill(map[string]string{"login": v.city.Account(role).Login, "password": v.city.Demo.Password})
	v.press("main form button[type=submit], main form button:not([type])")
}

var axeSource = sync.OnceValues(func() (string, error) {
	b, err := os.ReadFile(filepath.FromSlash("../web/node_modules/axe-core/axe.min.js"))
	return string(b), err
})

// check runs axe over the page (rules of WCAG 2.2 AA and best practice), looks for
// missing texts and sideways scrolling, and keeps a picture where asked to.
func (v *visitor) check() {
	v.t.Helper()
	v.picture()
	if strings.Contains(v.text(), "⟨") {
		v.t.Errorf("%s shows a missing text:\n%.1500s", v.path(), v.text())
	}
	if !v.look.js {
		return // axe is a script
	}
	source, err := axeSource()
	v.must(err)
	_, err = v.page.Evaluate(rod.Eval("src => { if (!window.axe) { (0, Function)(src).call(window) } }", source).ByUser())
	if err != nil {
		_, err = proto.RuntimeEvaluate{Expression: source}.Call(v.page)
		v.must(err)
	}
	res, err := proto.RuntimeEvaluate{
		Expression:   `axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.map(x => x.id + ": " + x.help + " " + x.nodes.map(n => n.target.join(" ") + " " + n.html.slice(0, 160)).join(" | "))))`,
		AwaitPromise: true, ReturnByValue: true,
	}.Call(v.page)
	v.must(err)
	var found []string
	v.must(json.Unmarshal([]byte(res.Result.Value.Str()), &found))
	for _, f := range found {
		v.t.Errorf("axe at %s (%s): %s", v.path(), v.look, f)
	}
	wide, err := v.page.Eval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`)
	v.must(err)
	if n := wide.Value.Int(); n > 0 {
		v.t.Errorf("%s scrolls sideways by %d px at %d px", v.path(), n, v.look.width)
	}
}

func (v *visitor) picture() {
	dir := os.Getenv("KHUE_SHOTS")
	if dir == "" {
		return
	}
	v.must(os.MkdirAll(dir, 0o755))
	b, err := v.page.Screenshot(true, &proto.PageCaptureScreenshot{Format: proto.PageCaptureScreenshotFormatPng})
	v.must(err)
	v.shot++
	name := strings.NewReplacer("/", "_", "?", "_", "=", "_", "&", "_").Replace(strings.Trim(v.path(), "/"))
	if len(name) > 60 {
		name = name[:60]
	}
	v.must(os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%02d-%s-%s.png", strings.ReplaceAll(v.t.Name(), "/", "_"), v.shot, name, v.look)), b, 0o600))
}
