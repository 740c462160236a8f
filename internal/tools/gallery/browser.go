package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// browser drives Chromium by its command line alone: one start for each picture.
type browser struct{ bin string }

type view struct {
	width  int
	height int
	theme  string
	lang   string
}

// views are the widths and themes of a page; one that is pictured in both languages is so
// in the light at both widths.
func views(p page) []view {
	high, wide := 4200, 2600
	if p.both {
		high, wide = 11000, 8200
	}
	out := []view{{360, high, "light", "vi"}, {360, high, "dark", "vi"}, {1280, wide, "light", "vi"}, {1280, wide, "dark", "vi"}}
	if p.both {
		out = append(out, view{360, high, "light", "en"}, view{1280, wide, "dark", "en"})
	}
	return out
}

func (b browser) run(ctx context.Context, v view, args ...string) ([]byte, error) {
	profile, err := os.MkdirTemp("", "gallery-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(profile) //nolint:errcheck // a temporary folder
	all := append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--hide-scrollbars", "--user-data-dir=" + profile,
		"--window-size=" + strconv.Itoa(v.width) + "," + strconv.Itoa(v.height), "--virtual-time-budget=15000",
	}, args...)
	return exec.CommandContext(ctx, b.bin, all...).Output() //nolint:gosec // a development tool
}

func address(base string, p page, v view, more string) string {
	return base + "/" + p.name + "?theme=" + v.theme + "&lang=" + v.lang + more
}

// shoot writes NAME-WIDTH-THEME-LANG.png for every page.
func (b browser) shoot(ctx context.Context, base, dir, only string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // pictures
		return err
	}
	for _, p := range pages() {
		if only != "" && only != p.name {
			continue
		}
		for _, v := range views(p) {
			file := filepath.Join(dir, fmt.Sprintf("%s-%d-%s-%s.png", p.name, v.width, v.theme, v.lang))
			if _, err := b.run(ctx, v, "--screenshot="+file, address(base, p, v, "")); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			fmt.Println(file)
		}
	}
	return nil
}

// runAxe leaves its findings in the page, where --dump-dom reads them.
const runAxe = `
const broken = []
document.addEventListener('securitypolicyviolation', (e) => broken.push({ id: 'csp', help: e.violatedDirective + ' ' + e.blockedURI, nodes: [] }))
addEventListener('load', async () => {
  const found = await axe.run(document, { resultTypes: ['violations'] })
  const wide = document.documentElement.scrollWidth > innerWidth
    ? [{ id: 'overflow', help: 'the page scrolls sideways: ' + document.documentElement.scrollWidth, nodes: [] }] : []
  const list = [...broken, ...wide, ...found.violations].map((v) => ({
    id: v.id, help: v.help, nodes: v.nodes.map((n) => n.html.slice(0, 160) + ' ' + (n.any[0] ? n.any[0].message : ''))
  }))
  const out = document.createElement('pre')
  out.id = 'axe-found'
  out.textContent = JSON.stringify(list)
  document.body.append(out)
})
`

type violation struct {
	ID    string   `json:"id"`
	Help  string   `json:"help"`
	Nodes []string `json:"nodes"`
}

var found = regexp.MustCompile(`(?s)<pre id="axe-found">(.*?)</pre>`)

// checked are the views in which a page is held against axe: every width and theme, each
// once; nothing of a page depends on both.
func checked(p page) []view {
	all := views(p)
	return []view{all[0], all[len(all)-1]}
}

// axe prints the violations of every page and fails when there is one.
func (b browser) axe(ctx context.Context, base, only string) error {
	var problems []error
	for _, p := range pages() {
		if only != "" && only != p.name {
			continue
		}
		for _, v := range checked(p) {
			vs, err := b.check(ctx, address(base, p, v, "&axe=1"), v)
			if err != nil {
				return err
			}
			for _, x := range vs {
				problems = append(problems, fmt.Errorf("%s %d %s %s: %s: %s\n\t%s", p.name, v.width, v.theme, v.lang, x.ID, x.Help, strings.Join(x.Nodes, "\n\t")))
			}
			fmt.Printf("%s %d %s %s: %d violations\n", p.name, v.width, v.theme, v.lang, len(vs))
		}
	}
	return errors.Join(problems...)
}

func (b browser) check(ctx context.Context, url string, v view) ([]violation, error) {
	dom, err := b.run(ctx, v, "--dump-dom", url)
	if err != nil {
		return nil, err
	}
	m := found.FindSubmatch(dom)
	if m == nil {
		return nil, fmt.Errorf("axe did not finish on %s", url)
	}
	var vs []violation
	return vs, json.Unmarshal([]byte(html.UnescapeString(string(m[1]))), &vs)
}
