package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

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
	return b.NoDefaultDevice(), b.Connect()
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
	info, err := b.Version()
	v.must(err)
	v.must(p.SetUserAgent(&proto.NetworkSetUserAgentOverride{UserAgent: info.UserAgent, AcceptLanguage: l.lang}))
	return v
}

// bound is how long one look at a page may take; a miss fails the test with the page's text.
const bound = 15 * time.Second

// within is the page with a fresh bound.
func (v *visitor) within() *rod.Page { return v.page.Timeout(bound) }

func (v *visitor) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatalf("%v at %s (%s)", err, v.path(), v.look)
	}
}

func (v *visitor) path() string {
	info, err := v.within().Info()
	if err != nil {
		return "?"
	}
	return strings.TrimPrefix(info.URL, v.city.URL)
}

// find is the first element of a selector that is on the page now.
func (v *visitor) find(selector string) *rod.Element {
	v.t.Helper()
	es, err := v.within().Elements(selector)
	if err != nil || len(es) == 0 {
		v.t.Fatalf("nothing is %s at %s (%s): %v; the page says:\n%.2500s", selector, v.path(), v.look, err, v.text())
	}
	return es[0]
}

// has reports whether the page has an element now.
func (v *visitor) has(selector string) bool {
	v.t.Helper()
	es, err := v.within().Elements(selector)
	v.must(err)
	return len(es) > 0
}

func (v *visitor) all(selector string) rod.Elements {
	v.t.Helper()
	es, err := v.within().Elements(selector)
	v.must(err)
	return es
}

// again asks for the page on the screen once more.
func (v *visitor) again() {
	v.t.Helper()
	v.open(v.path())
}

// open goes to a path and checks the page.
func (v *visitor) open(path string) {
	v.t.Helper()
	p := v.within()
	wait := p.WaitNavigation(proto.PageLifecycleEventNameLoad)
	v.must(p.Navigate(v.city.URL + path))
	wait()
	v.check()
}

// click presses what a person could press: it fails where the element has no shape or
// something lies over it. Nothing here waits by a script in the page, so that it works with scripts off.
func (v *visitor) click(el *rod.Element) {
	v.t.Helper()
	res, err := el.Eval(`() => {
		this.scrollIntoView({block: "center"})
		const box = this.getClientRects()[0]
		if (!box || box.width === 0) { return "has no shape" }
		const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2)
		if (this.labels?.length && [...this.labels].some(l => l.contains(top))) { this.click(); return "" }
		if (!top || !(this.contains(top) || top.contains(this))) { return "lies under " + (top ? top.outerHTML.slice(0, 120) : "nothing") }
		this.click()
		return ""
	}`)
	v.must(err)
	if why := res.Value.Str(); why != "" {
		v.t.Fatalf("%s at %s (%s) %s", el, v.path(), v.look, why)
	}
}

// press clicks what a selector finds and waits for the page that follows.
func (v *visitor) press(selector string) {
	v.t.Helper()
	el := v.find(selector)
	before := v.loaded()
	wait := v.within().WaitNavigation(proto.PageLifecycleEventNameLoad)
	v.click(el)
	wait()
	if v.loaded() == before {
		v.t.Fatalf("%s led nowhere from %s (%s); the page says:\n%.2500s", selector, v.path(), v.look, v.text())
	}
	v.check()
}

// loaded tells one loading of a page from another.
func (v *visitor) loaded() string {
	res, err := v.within().Eval("() => String(performance.timeOrigin)")
	if err != nil {
		return ""
	}
	return res.Value.Str()
}

// fill types into the field with a name, or picks its option.
func (v *visitor) fill(values map[string]string) { v.t.Helper(); v.fillIn("", values) }

// fillIn fills the fields of one form.
func (v *visitor) fillIn(form string, values map[string]string) {
	v.t.Helper()
	for name, value := range values {
		el := v.find(fmt.Sprintf("%s [name=%q]:not([type=hidden])", form, name))
		kind, err := el.Property("type")
		v.must(err)
		switch kind.Str() {
		case "radio", "checkbox":
			v.click(v.find(fmt.Sprintf("%s [name=%q][value=%q]", form, name, value)))
		case "file":
			v.must(el.SetFiles([]string{value}))
		case "select-one":
			res, err := el.Eval("v => { this.value = v; this.dispatchEvent(new Event('change', {bubbles: true})); return this.value === v }", value)
			v.must(err)
			if !res.Value.Bool() {
				v.t.Fatalf("%s has no option %s at %s", name, value, v.path())
			}
		default:
			if v.look.js {
				v.must(el.SelectAllText())
				v.must(el.Input(value))
				continue
			}
			_, err := el.Eval("v => { this.value = v }", value)
			v.must(err)
		}
	}
}

// text is what the page says.
func (v *visitor) text() string {
	v.t.Helper()
	res, err := v.within().Eval("() => document.body.innerText")
	v.must(err)
	return res.Value.Str()
}

// sees fails the test where the page lacks a text.
func (v *visitor) sees(texts ...string) {
	v.t.Helper()
	page := v.text()
	for _, want := range texts {
		if !strings.Contains(page, want) {
			v.t.Fatalf("%s (%s) does not say %q; it says:\n%.3000s", v.path(), v.look, want, page)
		}
	}
}

// signIn signs a demo person in.
func (v *visitor) signIn(role string) {
	v.t.Helper()
	v.open("/sign-in")
	v.fill(map[string]string{"login": v.city.Account(role).Login, "password": v.city.Demo.Password})
	v.press("main form button")
}

// signOut leaves by the menu under the person's name.
func (v *visitor) signOut() {
	v.t.Helper()
	const button = "form[action='/sign-out'] button"
	if fold := "details:not([open]):has(" + button + ")"; v.has(fold) {
		v.click(v.find(fold + " > summary"))
	}
	v.press(button)
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
	wide, err := v.within().Eval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`)
	v.must(err)
	if n := wide.Value.Int(); n > 0 {
		v.t.Errorf("%s scrolls sideways by %d px at %d px", v.path(), n, v.look.width)
	}
	v.axe(v.kind())
}

// axe examines the page on the screen, unless one of its kind was examined before.
func (v *visitor) axe(kind string) {
	v.t.Helper()
	if !v.look.js {
		return // axe is a script
	}
	_, theme := examined.LoadOrStore(fmt.Sprint(v.look.dark, kind), true)
	_, width := examined.LoadOrStore(fmt.Sprint(v.look.width, kind), true)
	if theme && width {
		return
	}
	source, err := axeSource()
	v.must(err)
	p := v.within()
	_, err = proto.RuntimeEvaluate{Expression: source + "\n;0"}.Call(p)
	v.must(err)
	// A colour on its way to another has the contrast of neither.
	res, err := proto.RuntimeEvaluate{
		Expression:   `Promise.allSettled(document.getAnimations().filter(a => a instanceof CSSTransition).map(a => a.finished)).then(() => axe.run(document, {resultTypes: ["violations"]})).then(r => JSON.stringify(r.violations.map(x => x.id + ": " + x.help + " " + x.nodes.map(n => n.target.join(" ") + " " + n.html.slice(0, 160)).join(" | "))))`,
		AwaitPromise: true, ReturnByValue: true,
	}.Call(p)
	v.must(err)
	var found []string
	v.must(json.Unmarshal([]byte(res.Result.Value.Str()), &found))
	for _, f := range found {
		v.t.Errorf("axe at %s (%s): %s", v.path(), v.look, f)
	}
}

// examined are the kinds of pages that axe has read: once a theme and once a width is
// enough, since nothing depends on both, nor on the language.
var examined sync.Map

var moving = regexp.MustCompile(`[0-9A-Z]{20,}|\d{6,}|H26[^/?]*|k=[^&]*`)

// kind names what a page consists of: its path without keys, its headings, its fields.
func (v *visitor) kind() string {
	v.t.Helper()
	res, err := v.within().Eval(`() => [...document.querySelectorAll("h2, summary, [class*=error], [class*=banner], input, textarea, select")].map(e => e.tagName + e.className + (e.name || "")).join()`)
	v.must(err)
	return moving.ReplaceAllString(v.path(), "*") + res.Value.Str()
}

func (v *visitor) picture() {
	dir := os.Getenv("KHUE_SHOTS")
	if dir == "" {
		return
	}
	v.must(os.MkdirAll(dir, 0o755))
	b, err := v.within().Screenshot(true, &proto.PageCaptureScreenshot{Format: proto.PageCaptureScreenshotFormatPng})
	v.must(err)
	v.shot++
	name := strings.NewReplacer("/", "_", "?", "_", "=", "_", "&", "_").Replace(strings.Trim(v.path(), "/"))
	if len(name) > 60 {
		name = name[:60]
	}
	v.must(os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%02d-%s-%s.png", strings.ReplaceAll(v.t.Name(), "/", "_"), v.shot, name, v.look)), b, 0o600))
}
