package scaffold

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"text/template"
	"time"

	"golang.org/x/tools/txtar"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/onestop/service"
	"khue/internal/register/catalog"
)

// Messages are this package's sentences (keys under "scaffold").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed templates
var templates embed.FS

// Options say what a package begins from.
type Options struct {
	Name      string             // of the folder: the last word of the service's id
	From      string             // simple, chain, consultation
	Code      string             // of the procedure; empty: a placeholder that is listed
	Procedure *catalog.Procedure // its record; nil where none is known
	Comments  i18n.Lang
	Today     clock.Date
	World     service.World
}

// Package is what was made, not yet written.
type Package struct {
	ID      string
	Files   []txtar.File // in order of reading
	Unknown []string     // keys of sentences: what the author has to settle
	Papers  int
}

// Kinds are the templates, the plainest first.
func Kinds() []string { return []string{"simple", "chain", "consultation"} }

// New makes a package. It is loaded and its scenarios are played before it is returned,
// so that it holds; that it does not is an error of this program.
func New(o Options) (Package, error) {
	f, unknown := gather(o)
	files, err := render(f)
	if err != nil {
		return Package{}, err
	}
	// The scenarios state the dates that the calendar gives: first play, then write them.
	pkg, err := load(files)
	if err != nil {
		return Package{}, err
	}
	for _, s := range pkg.Scenarios {
		for _, a := range pkg.Trace(s, o.World).Acts {
			if !a.Due.IsZero() && a.Do != "then" {
				f.Due[strings.TrimSuffix(strings.TrimPrefix(s.File, "tests/"), ".yaml")] = a.Due.Format("2006-01-02T15:04Z07:00")
				break
			}
		}
	}
	if files, err = render(f); err != nil {
		return Package{}, err
	}
	if pkg, err = load(files); err != nil {
		return Package{}, err
	}
	for _, s := range pkg.Scenarios {
		if ps := pkg.Play(s, o.World); ps.Failed() {
			return Package{}, fmt.Errorf("scaffold: %s: %v", o.From, ps)
		}
	}
	return Package{ID: f.ID, Files: files, Unknown: unknown, Papers: len(f.Papers)}, nil
}

func load(files []txtar.File) (*service.Package, error) {
	fsys, err := txtar.FS(&txtar.Archive{Files: files})
	if err != nil {
		return nil, err
	}
	pkg, ps := service.Load(fsys, ".")
	if pkg == nil {
		return nil, fmt.Errorf("scaffold: %v", ps)
	}
	return pkg, nil
}

// gather brings the record into the words of a package, and lists what it does not say.
func gather(o Options) (facts, []string) {
	f := facts{
		From: o.From, Version: "1.0.0", Today: o.Today.String(), Code: o.Code, Agency: "H26", Tier: "commune", UnitCode: "00118",
		UnitVI: "Xã, phường giải quyết", UnitEN: "Commune or ward that decides", Receive: "any-commune",
		Applicants: []string{"citizen"}, Channels: []string{"online", "counter", "post"}, Role: "specialist",
		Term: named("workingDays", 5), Fee: fee{Kind: "unknown"}, Due: map[string]string{}, comments: o.Comments,
	}
	f.Term.Known = false
	field, name := "services", slug(strings.TrimLeft(i18n.Fold(o.Name), "0123456789.-_ "), "-")
	if name == "" {
		name = "service"
	}
	f.Kind = name
	var unknown []string
	if p := o.Procedure; p != nil {
		if s := slug(p.FieldEN, "-"); s != "" {
			field = s
		}
		f.take(p)
		if p.NameEN == "" {
			unknown = append(unknown, "scaffold.unknown.english")
		}
	} else {
		if f.Code == "" {
			f.Code = "1.000000"
		}
		f.VI, f.EN = "Tên thủ tục", "Name of the procedure"
		f.ResultVI, f.ResultEN = "Kết quả giải quyết", "Result"
		f.Papers = []paper{{ID: "request", VI: "Giấy tờ kèm theo", EN: "Supporting paper", Originals: 1}}
		unknown = append(unknown, "scaffold.unknown.record")
	}
	f.ID = "hanoi." + field + "." + name
	f.Title = strings.ToUpper(f.ResultVI)
	f.Hours, f.Ask = f.Term.hours(), f.Term.ask()
	f.Clock = monday(o.Today)
	if !f.Term.Known {
		unknown = append(unknown, "scaffold.unknown.term")
	}
	if f.Fee.Kind == "unknown" {
		unknown = append(unknown, "scaffold.unknown.fee")
	}
	if len(f.Papers) > 0 {
		unknown = append(unknown, "scaffold.unknown.papers")
	}
	return f, append(unknown, "scaffold.unknown.questions")
}

// take reads the record.
func (f *facts) take(p *catalog.Procedure) {
	f.Code = string(p.Code)
	f.VI = capital(strings.TrimPrefix(p.Name, "Thủ tục "))
	f.EN = p.NameEN
	if f.EN == "" {
		f.EN = f.VI
	}
	if p.Detail == nil {
		p.Detail = &catalog.Detail{}
	}
	f.Papers, f.Term, f.Fee, f.Role = papersOf(p.Detail), termOf(p), feeOf(p), roleOf(p.Field.Name)
	f.ResultVI, f.ResultEN = f.VI, f.EN
	if rs := p.Detail.Results; len(rs) > 0 && rs[0].Name != "" {
		f.ResultVI, f.ResultCode = short(rs[0].Name, 120), rs[0].Code
	}
	if !p.HasTier(catalog.Commune) {
		f.Tier, f.UnitCode, f.Receive = "city", "01", "competent-only"
		f.Role = "specialist" // a department has no officers of a commune
		f.UnitVI, f.UnitEN = "Nơi giải quyết", "Where it is decided"
	}
	if len(p.Subjects) > 0 && business.MatchString(i18n.Fold(strings.Join(p.Subjects, " "))) {
		f.Applicants = []string{"citizen", "business"}
		if !slices.ContainsFunc(p.Subjects, func(s string) bool { return !business.MatchString(i18n.Fold(s)) }) {
			f.Applicants = []string{"business"}
		}
	}
	if p.CounterOnly {
		f.Channels = []string{"counter"}
	}
}

// monday is the first working morning of the week after a day, as scenarios write it.
func monday(today clock.Date) string {
	d := today.AddDays(1)
	for d.Weekday() != time.Monday {
		d = d.AddDays(1)
	}
	return d.At(9, 0).Format("2006-01-02T15:04Z07:00")
}

// render fills the archive of templates that all kinds share with that of one kind.
func render(f facts) ([]txtar.File, error) {
	var out []txtar.File
	shared := template.New("").Delims("[[", "]]").Option("missingkey=error").Funcs(template.FuncMap{
		"q": quote, "list": func(s []string) string { return "[" + strings.Join(s, ", ") + "]" },
	})
	for _, name := range []string{"common", f.From} {
		raw, err := fs.ReadFile(templates, "templates/"+name+".txtar")
		if err != nil {
			return nil, errs.E(errs.Invalid, "scaffold.kind", errs.P("kind", f.From, "known", strings.Join(Kinds(), ", ")))
		}
		parts := txtar.Parse(raw).Files
		for _, part := range parts { // _name is a piece that files use
			if piece, ok := strings.CutPrefix(part.Name, "_"); ok {
				if _, err := shared.New(piece).Parse(string(part.Data)); err != nil {
					return nil, fmt.Errorf("scaffold: %w", err)
				}
			}
		}
		for _, part := range parts {
			if strings.HasPrefix(part.Name, "_") {
				continue
			}
			own, err := shared.Clone()
			if err != nil {
				return nil, fmt.Errorf("scaffold: %w", err)
			}
			t, err := own.New(part.Name).Parse(string(part.Data))
			if err != nil {
				return nil, fmt.Errorf("scaffold: %w", err)
			}
			var b bytes.Buffer
			if err := t.Execute(&b, f); err != nil {
				return nil, fmt.Errorf("scaffold: %w", err)
			}
			data := lines(b.Bytes())
			if i := slices.IndexFunc(out, func(f txtar.File) bool { return f.Name == part.Name }); i >= 0 {
				out[i].Data = append(out[i].Data, data...) // a kind adds to a common file
				continue
			}
			out = append(out, txtar.File{Name: part.Name, Data: data})
		}
	}
	return out, nil
}

// lines drops the lines that held nothing but template words.
func lines(b []byte) []byte {
	var out bytes.Buffer
	blank := true // no blank line at the start, and no two
	for l := range strings.Lines(string(b)) {
		l = strings.TrimRight(l, " \t\n")
		if l == "" && blank {
			continue
		}
		blank = l == ""
		out.WriteString(l + "\n")
	}
	return append(bytes.TrimRight(out.Bytes(), "\n"), '\n')
}

// quote writes a text for YAML: in double quotes, on one line.
func quote(s string) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(strings.Join(strings.Fields(s), " "))
	return strings.TrimSpace(b.String()), err
}
