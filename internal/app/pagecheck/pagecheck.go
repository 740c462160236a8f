// Package pagecheck looks at pages as a person with a browser would: it opens each in
// Debian's Chromium at several widths, in both languages and themes, and says what axe
// finds, what is wider than the screen, and which texts are missing.
//
// It owns nothing. What must not come here: which pages there are (the caller's), journeys
// through forms (e2e).
package pagecheck

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/launcher/flags"
	"github.com/go-rod/rod/lib/proto"
)

// Look is how a page is looked at.
type Look struct {
	Width int    `json:"width"`
	Dark  bool   `json:"dark"`
	Lang  string `json:"lang"`
}

// String names a look: "360 px, vi, light".
func (l Look) String() string {
	theme := "light"
	if l.Dark {
		theme = "dark"
	}
	return fmt.Sprintf("%d px, %s, %s", l.Width, l.Lang, theme)
}

// Looks are a telephone and a desk, each in both languages, each language in both themes.
func Looks() []Look {
	return []Look{{360, false, "vi"}, {360, true, "en"}, {1280, true, "vi"}, {1280, false, "en"}}
}

// Finding is one fault of one element on one page.
type Finding struct {
	Page    string `json:"page"`
	Look    Look   `json:"look"`
	Rule    string `json:"rule"`    // of axe, or wider-than-screen, missing-text
	Impact  string `json:"impact"`  // minor, moderate, serious, critical
	Help    string `json:"help"`    // what the rule asks for, in English
	Element string `json:"element"` // CSS selector
	HTML    string `json:"html"`    // how it begins
}

// ErrNoBrowser: there is no Chromium on this machine.
var ErrNoBrowser = errors.New("pagecheck: no Chromium on this machine")

// Browser is one Chromium. Close it.
type Browser struct {
	rod *rod.Browser
	axe string
}

// Open starts Chromium; bin names it, empty looks in the usual places. ErrNoBrowser where
// there is none.
func Open(ctx context.Context, bin string, axe []byte) (*Browser, error) {
	for _, name := range []string{bin, "chromium", "chromium-browser", "google-chrome"} {
		if name == "" {
			continue
		}
		path, err := exec.LookPath(name)
		if err != nil {
			if name == bin {
				return nil, fmt.Errorf("%w: %w", ErrNoBrowser, err)
			}
			continue
		}
		l := launcher.New().Context(ctx).Bin(path).Leakless(false).Headless(true).NoSandbox(os.Geteuid() == 0)
		for _, f := range []string{"disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"} {
			l = l.Set(flags.Flag(f))
		}
		url, err := l.Launch()
		if err != nil {
			return nil, fmt.Errorf("pagecheck: %w", err)
		}
		b := rod.New().Context(ctx).ControlURL(url).NoDefaultDevice()
		if err := b.Connect(); err != nil {
			return nil, fmt.Errorf("pagecheck: %w", err)
		}
		return &Browser{rod: b, axe: string(axe)}, nil
	}
	return nil, ErrNoBrowser
}

// Close ends the browser.
func (b *Browser) Close() error { return b.rod.Close() }

// bound is how long one page may take.
const bound = 20 * time.Second

// Examine opens pages of one site, by path, under a look.
func (b *Browser) Examine(site string, look Look, paths []string) (found []Finding, err error) {
	box, err := b.rod.Incognito()
	if err != nil {
		return nil, fmt.Errorf("pagecheck: %w", err)
	}
	defer func() { _ = proto.TargetDisposeBrowserContext{BrowserContextID: box.BrowserContextID}.Call(box) }()
	p, err := box.Page(proto.TargetCreateTarget{URL: "about:blank"})
	if err != nil {
		return nil, fmt.Errorf("pagecheck: %w", err)
	}
	info, err := b.rod.Version()
	if err != nil {
		return nil, fmt.Errorf("pagecheck: %w", err)
	}
	theme := "light"
	if look.Dark {
		theme = "dark"
	}
	for _, err := range []error{
		p.SetViewport(&proto.EmulationSetDeviceMetricsOverride{Width: look.Width, Height: 900, DeviceScaleFactor: 1, Mobile: look.Width < 500}),
		proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: theme}}}.Call(p),
		p.SetUserAgent(&proto.NetworkSetUserAgentOverride{UserAgent: info.UserAgent, AcceptLanguage: look.Lang}),
	} {
		if err != nil {
			return nil, fmt.Errorf("pagecheck: %w", err)
		}
	}
	for _, path := range paths {
		fs, err := b.one(p.Timeout(bound), strings.TrimSuffix(site, "/")+path)
		if err != nil {
			return found, fmt.Errorf("pagecheck: %s (%s): %w", path, look, err)
		}
		for _, f := range fs {
			f.Page, f.Look = path, look
			found = append(found, f)
		}
	}
	return found, nil
}

// script runs in the page; it returns findings as JSON.
const script = `(async () => {
	const out = []
	const root = document.documentElement
	if (root.scrollWidth > root.clientWidth) {
		const wide = [...document.body.querySelectorAll("*")].find(e => e.getBoundingClientRect().right > root.clientWidth + 1)
		out.push({rule: "wider-than-screen", impact: "serious", help: "The page scrolls sideways by " + (root.scrollWidth - root.clientWidth) + " px",
			element: wide ? wide.tagName.toLowerCase() + "." + [...wide.classList].join(".") : "html", html: wide ? wide.outerHTML.slice(0, 160) : ""})
	}
	const text = document.body.innerText
	const gap = text.indexOf("⟨")
	if (gap >= 0) {
		out.push({rule: "missing-text", impact: "serious", help: "A text is missing: " + text.slice(gap, gap + 60), element: "body", html: ""})
	}
	// A colour on its way to another has the contrast of neither.
	await Promise.allSettled(document.getAnimations().filter(a => a instanceof CSSTransition).map(a => a.finished))
	const res = await axe.run(document, {resultTypes: ["violations"]})
	for (const v of res.violations) {
		for (const n of v.nodes) {
			out.push({rule: v.id, impact: v.impact || "", help: v.help, element: n.target.join(" "), html: n.html.slice(0, 160)})
		}
	}
	return JSON.stringify(out)
})()`

func (b *Browser) one(p *rod.Page, url string) ([]Finding, error) {
	wait := p.WaitNavigation(proto.PageLifecycleEventNameLoad)
	if err := p.Navigate(url); err != nil {
		return nil, err
	}
	wait()
	if _, err := (proto.RuntimeEvaluate{Expression: b.axe + "\n;0"}).Call(p); err != nil {
		return nil, err
	}
	res, err := proto.RuntimeEvaluate{Expression: script, AwaitPromise: true, ReturnByValue: true}.Call(p)
	if err != nil {
		return nil, err
	}
	if res.ExceptionDetails != nil {
		return nil, fmt.Errorf("axe: %s", res.ExceptionDetails.Text)
	}
	var found []Finding
	return found, json.Unmarshal([]byte(res.Result.Value.Str()), &found)
}
