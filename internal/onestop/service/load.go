package service

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/pdf"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// Limits of a package.
const (
	maxFiles = 200
	maxFile  = 1 << 20
)

var (
	idForm      = regexp.MustCompile(`^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$`)
	versionForm = regexp.MustCompile(`^\d{1,4}\.\d{1,4}\.\d{1,4}$`)
)

// texts are a package's own texts by key.
type texts map[string]decl.Label

// Label is a text by key, and whether it exists.
func (t texts) Label(key string) (decl.Label, bool) {
	l, ok := t[key]
	return l, ok
}

type loader struct {
	fsys     fs.FS
	dir      string
	pkg      *Package
	problems decl.Problems
	overrun  bool // a deadline states why the steps may add up to more
}

// Load reads, compiles and lints the package in a folder. All problems are found in
// one reading, with file, line, element and mend. The package is nil where one is an
// error.
func Load(fsys fs.FS, dir string) (*Package, decl.Problems) {
	l := &loader{fsys: fsys, dir: dir, pkg: &Package{
		Notices: map[string]Notice{}, Layouts: map[string]pdf.Layout{}, help: map[i18n.Lang]template.HTML{},
	}}
	l.manifest()
	var src source
	l.decode("service.yaml", &src)
	l.texts()
	if l.problems.Failed() {
		return nil, l.done()
	}
	l.facts(&src)
	l.form()
	l.steps()
	l.notices()
	l.layouts()
	l.help()
	l.scenarios()
	if !l.problems.Failed() {
		l.lint(&src)
	}
	if l.problems.Failed() {
		return nil, l.done()
	}
	return l.pkg, l.done()
}

func (l *loader) done() decl.Problems {
	for i := range l.problems {
		l.problems[i].File = path.Join(l.dir, l.problems[i].File)
	}
	l.problems.Sort()
	return l.problems
}

func (l *loader) fail(file string, pos decl.Pos, element, key string, kv ...any) {
	l.problems = append(l.problems, decl.Problem{File: file, Pos: pos, Element: element, Key: key, Params: params(kv)})
}

func (l *loader) warn(file string, pos decl.Pos, element, key string, kv ...any) {
	l.problems = append(l.problems, decl.Problem{File: file, Pos: pos, Element: element, Level: decl.Warning, Key: key, Params: params(kv)})
}

// manifest digests every file. A file that has no place in a package is refused.
func (l *loader) manifest() {
	var sums []FileDigest
	err := fs.WalkDir(l.fsys, l.dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel := strings.TrimPrefix(strings.TrimPrefix(name, l.dir), "/")
		if !slices.Contains([]string{".yaml", ".md", ".dmn", ".bpmn", ".pdf", ".png", ".jpg", ""}, path.Ext(rel)) {
			l.fail(rel, decl.Pos{}, "", "service.lint.file", "file", rel)
			return nil
		}
		if info, err := d.Info(); err == nil && info.Size() > maxFile || len(sums) >= maxFiles {
			l.fail(rel, decl.Pos{}, "", "service.lint.size", "max", maxFile, "files", maxFiles)
			return fs.SkipAll
		}
		b, err := fs.ReadFile(l.fsys, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		sums = append(sums, FileDigest{Path: rel, Size: int64(len(b)), SHA256: hex.EncodeToString(sum[:])})
		return nil
	})
	if err != nil {
		l.fail("", decl.Pos{}, "", "service.lint.unreadable", "reason", err.Error())
	}
	slices.SortFunc(sums, func(a, b FileDigest) int { return strings.Compare(a.Path, b.Path) })
	h := sha256.New()
	for _, s := range sums {
		fmt.Fprintf(h, "%s  %s\n", s.SHA256, s.Path)
	}
	l.pkg.Manifest, l.pkg.Digest = sums, hex.EncodeToString(h.Sum(nil))
}

func (l *loader) decode(file string, into any) bool {
	b, err := fs.ReadFile(l.fsys, path.Join(l.dir, file))
	if err != nil {
		l.fail(file, decl.Pos{}, "", "service.lint.missingFile", "file", file)
		return false
	}
	ps := decl.Decode(file, b, into)
	l.problems = append(l.problems, ps...)
	return !ps.Failed()
}

// files lists a folder of the package by suffix; a folder that is absent is empty.
func (l *loader) files(folder, ext string) []string {
	entries, err := fs.ReadDir(l.fsys, path.Join(l.dir, folder))
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() && path.Ext(e.Name()) == ext {
			out = append(out, path.Join(folder, e.Name()))
		}
	}
	return out
}

// texts reads both languages; a key that only one has is refused.
func (l *loader) texts() {
	vi, en := map[string]string{}, map[string]string{}
	for file, into := range map[string]map[string]string{"i18n/vi.yaml": vi, "i18n/en.yaml": en} {
		tree := map[string]any{}
		if l.decode(file, &tree) {
			l.flatten(file, "", tree, into)
		}
	}
	t := make(texts, len(vi))
	for k, v := range vi {
		if en[k] == "" {
			l.fail("i18n/en.yaml", decl.Pos{}, k, "service.lint.text", "key", k, "lang", "English")
		}
		t[k] = decl.Label{VI: v, EN: en[k]}
	}
	for k := range en {
		if vi[k] == "" {
			l.fail("i18n/vi.yaml", decl.Pos{}, k, "service.lint.text", "key", k, "lang", "Tiếng Việt")
		}
	}
	l.pkg.texts = t
}

func (l *loader) flatten(file, prefix string, tree map[string]any, into map[string]string) {
	for k, v := range tree {
		if prefix != "" {
			k = prefix + "." + k
		}
		switch v := v.(type) {
		case string:
			into[k] = v
		case map[string]any:
			l.flatten(file, k, v, into)
		case nil:
		default:
			into[k] = fmt.Sprint(v)
		}
	}
}

func (l *loader) form() {
	var def form.Definition
	if !l.decode("form.yaml", &def) {
		return
	}
	f, ps := form.Compile(def, form.Options{File: "form.yaml", Texts: l.pkg.texts, Papers: l.pkg.Papers, Cases: l.pkg.Cases})
	for _, p := range ps {
		if strings.HasPrefix(p.Element, "papers.") {
			p.File = "service.yaml"
		}
		l.problems = append(l.problems, p)
	}
	l.pkg.Form = f
}

func (l *loader) steps() {
	var src process.Source
	if l.pkg.Form == nil || !l.decode("steps.yaml", &src) {
		return
	}
	d, ps := process.Compile(src, process.Options{
		File: "steps.yaml", Scope: l.pkg.Form.Scope(), Texts: l.pkg.texts, Terms: l.pkg.Terms,
		Roles: func(r string) bool { _, ok := orgunit.RoleOf(orgunit.Role(r)); return ok },
	})
	l.problems = append(l.problems, ps...)
	l.pkg.Process = d
}

func (l *loader) notices() {
	for _, file := range l.files("notify", ".yaml") {
		var n noticeDef
		if !l.decode(file, &n) {
			continue
		}
		if n.Subject.VI == "" || n.Subject.EN == "" || n.Body.VI == "" || n.Body.EN == "" {
			l.fail(file, n.Pos, n.Event.S, "service.lint.notice")
		}
		if _, twice := l.pkg.Notices[n.Event.S]; twice {
			l.fail(file, n.Event.Pos, n.Event.S, "service.lint.noticeTwice", "event", n.Event.S)
		}
		l.pkg.Notices[n.Event.S] = Notice{Event: n.Event.S, To: n.To, Subject: n.Subject, Body: n.Body}
	}
}

func (l *loader) layouts() {
	for _, r := range append([]Result{l.pkg.Result}, l.pkg.More...) {
		var lay pdf.Layout
		if l.decode(r.Layout, &lay) {
			l.pkg.Layouts[r.Kind] = lay
		}
	}
}

// help reads the guidance as Markdown and lets only plain elements through.
func (l *loader) help() {
	md := goldmark.New(goldmark.WithExtensions(extension.Table))
	policy := bluemonday.NewPolicy()
	policy.AllowElements("h2", "h3", "p", "ul", "ol", "li", "strong", "em", "table", "thead", "tbody", "tr", "th", "td", "br", "blockquote")
	policy.AllowAttrs("href").OnElements("a")
	policy.AllowURLSchemes("https", "mailto", "tel")
	policy.AllowRelativeURLs(true)
	policy.RequireNoFollowOnLinks(true)
	for _, lang := range i18n.Langs {
		file := "help/" + string(lang) + ".md"
		raw, err := fs.ReadFile(l.fsys, path.Join(l.dir, file))
		if err != nil {
			l.fail(file, decl.Pos{}, "", "service.lint.missingFile", "file", file)
			continue
		}
		var b bytes.Buffer
		if err := md.Convert(raw, &b); err != nil {
			l.fail(file, decl.Pos{}, "", "service.lint.unreadable", "reason", err.Error())
			continue
		}
		l.pkg.help[lang] = template.HTML(policy.SanitizeBytes(b.Bytes())) //nolint:gosec // cleaned by the allow-list
	}
}

func (l *loader) scenarios() {
	for _, file := range l.files("tests", ".yaml") {
		var s Scenario
		if l.decode(file, &s) {
			s.File = path.Join(l.dir, file)
			l.pkg.Scenarios = append(l.pkg.Scenarios, s)
		}
	}
}

func list(words []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(words), func(s string) bool { return s == "" }), ", ")
}
