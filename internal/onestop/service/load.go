package service

import (
	"bytes"
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

	content  map[string][]byte   // the files, as digested
	src      *source             // service.yaml
	def      form.Definition     // form.yaml
	steps    *process.Source     // steps.yaml
	register *registerDef        // register.yaml
	places   map[string]decl.Pos // of the texts
	conds    *conditions
	sound    bool // it compiled; what follows are the linter's checks
}

// Load reads, compiles and lints the package in a folder. All problems are found in
// one reading, with file, line, element and mend. The package is nil where one is an
// error.
func Load(fsys fs.FS, dir string) (*Package, decl.Problems) {
	t := newIntake()
	t.folder(fsys, dir)
	return loadFiles(fsys, dir, t)
}

// loadFiles goes on where the files are in memory: what is digested is what is compiled.
func loadFiles(fsys fs.FS, dir string, t *intake) (*Package, decl.Problems) {
	l := &loader{fsys: fsys, dir: dir, content: t.files, problems: t.problems, src: &source{}, pkg: &Package{
		Notices: map[string]Notice{}, Layouts: map[string]pdf.Layout{}, help: map[i18n.Lang]template.HTML{},
	}}
	if fsys == nil {
		l.fsys, l.dir = memory(t.files), "."
	}
	l.compile()
	l.dir = dir
	if l.problems.Failed() {
		return nil, l.done()
	}
	for i := range l.pkg.Scenarios {
		l.pkg.Scenarios[i].File = path.Join(dir, l.pkg.Scenarios[i].File)
	}
	return l.pkg, l.done()
}

// trusted compiles an archive that the city had checked when it took it: what a later
// linter would say of it stops nothing. nil where it cannot be compiled at all.
func trusted(archive []byte) *Package {
	t := unpack(archive)
	if t.problems.Failed() {
		return nil
	}
	l := &loader{fsys: memory(t.files), dir: ".", content: t.files, src: &source{}, pkg: &Package{
		Notices: map[string]Notice{}, Layouts: map[string]pdf.Layout{}, help: map[i18n.Lang]template.HTML{},
	}}
	l.compile()
	if !l.sound {
		return nil
	}
	return l.pkg
}

func (l *loader) compile() {
	if l.problems.Failed() {
		return
	}
	l.pkg.Manifest = Digests(l.content)
	l.pkg.Digest = digestOf(l.pkg.Manifest)
	l.signed()
	src := l.src
	l.decode("service.yaml", src)
	l.texts()
	if l.problems.Failed() {
		return
	}
	l.facts(src)
	l.form()
	l.process()
	l.notices()
	l.layouts()
	l.help()
	l.scenarios()
	if !l.problems.Failed() {
		l.sound = true
		l.lint(src)
	}
}

func (l *loader) done() decl.Problems {
	for i := range l.problems {
		l.problems[i].File = path.Join(l.dir, l.problems[i].File)
	}
	l.problems.Sort()
	if more := len(l.problems) - maxProblems; more > 0 {
		// The errors first: a reader mends the first of them, and reads again.
		slices.SortStableFunc(l.problems, func(a, b decl.Problem) int { return int(a.Level) - int(b.Level) })
		l.problems = l.problems[:maxProblems]
		last := l.problems[maxProblems-1]
		l.problems = append(l.problems, decl.Problem{File: last.File, Pos: last.Pos, Level: last.Level, Key: "service.lint.more", Params: params([]any{"n", more})})
	}
	return l.problems
}

// maxProblems are as many as a person reads.
const maxProblems = 200

func (l *loader) fail(file string, pos decl.Pos, element, key string, kv ...any) {
	l.problems = append(l.problems, decl.Problem{File: file, Pos: pos, Element: element, Key: key, Params: params(kv)})
}

func (l *loader) warn(file string, pos decl.Pos, element, key string, kv ...any) {
	l.problems = append(l.problems, decl.Problem{File: file, Pos: pos, Element: element, Level: decl.Warning, Key: key, Params: params(kv)})
}

func (l *loader) decode(file string, into any) bool {
	b, ok := l.read(file)
	if !ok {
		l.fail(file, decl.Pos{Line: 1, Col: 1}, file, "service.lint.missingFile", "file", file)
		return false
	}
	ps := decl.Decode(file, b, into)
	l.problems = append(l.problems, ps...)
	return !ps.Failed()
}

// read is a file of the package, and whether there is one.
func (l *loader) read(file string) ([]byte, bool) {
	b, ok := l.content[file]
	return b, ok
}

// files lists a folder of the package by suffix; a folder that is absent is empty.
func (l *loader) files(folder, ext string) []string {
	var out []string
	for _, name := range sortedNames(l.content) {
		if path.Dir(name) == folder && path.Ext(name) == ext {
			out = append(out, name)
		}
	}
	return out
}

// texts reads both languages; a key that only one has is refused.
func (l *loader) texts() {
	vi, en := decl.Flat{}, decl.Flat{}
	whole := l.decode("i18n/vi.yaml", &vi)
	if !l.decode("i18n/en.yaml", &en) || !whole {
		return // what one of them lacks is not known
	}
	t := make(texts, len(vi))
	l.places = make(map[string]decl.Pos, len(vi))
	for k, v := range vi {
		if en[k].S == "" {
			l.fail("i18n/en.yaml", beside(en, k), k, "service.lint.textOther", "key", k, "lang", "English", "other", fmt.Sprintf("i18n/vi.yaml:%d", v.Pos.Line))
		}
		l.label("i18n/vi.yaml", v.Pos, k, v.S)
		t[k], l.places[k] = decl.Label{VI: v.S, EN: en[k].S}, v.Pos
	}
	for k, v := range en {
		if vi[k].S == "" {
			l.fail("i18n/vi.yaml", beside(vi, k), k, "service.lint.textOther", "key", k, "lang", "Tiếng Việt", "other", fmt.Sprintf("i18n/en.yaml:%d", v.Pos.Line))
		}
		l.label("i18n/en.yaml", v.Pos, k, v.S)
	}
	l.pkg.texts = t
}

// beside is where a missing text belongs: at its empty key, else at the last text before
// it of the same group.
func beside(have decl.Flat, key string) decl.Pos {
	if at, ok := have[key]; ok && at.Pos.Line > 0 {
		return at.Pos
	}
	best, shared := decl.Pos{Line: 1, Col: 1}, 0
	for k, v := range have {
		n := 0
		for i := 0; i < len(k) && i < len(key) && k[i] == key[i]; i++ {
			if k[i] == '.' {
				n = i + 1
			}
		}
		if n > shared || n == shared && n > 0 && v.Pos.Line > best.Line {
			best, shared = decl.Pos{Line: v.Pos.Line, Col: 1}, n
		}
	}
	return best
}

// connected are the sources of suggestions that the program has; a form may name others,
// and its author is told that they are not there yet.
func connected() []string { return []string{"profile", "previous"} }

func (l *loader) form() {
	if !l.decode("form.yaml", &l.def) || !l.bounded() {
		return
	}
	f, ps := form.Compile(l.def, form.Options{File: "form.yaml", Texts: l.pkg.texts, Papers: l.pkg.Papers, Cases: l.pkg.Cases, Sources: connected()})
	for _, p := range ps {
		if strings.HasPrefix(p.Element, "papers.") {
			p.File = "service.yaml"
		}
		l.problems = append(l.problems, p)
	}
	l.pkg.Form = f
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
		raw, ok := l.read(file)
		if !ok {
			l.fail(file, decl.Pos{Line: 1, Col: 1}, file, "service.lint.missingFile", "file", file)
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
			s.File = file
			l.pkg.Scenarios = append(l.pkg.Scenarios, s)
		}
	}
}

func list(words []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(words), func(s string) bool { return s == "" }), ", ")
}
