package dmntck

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/dmn"
	"khue/internal/kernel/feel"
)

// someDay is when the cases run; the suite only asks that now() is a moment.
//
//nolint:gochecknoglobals // immutable
var someDay = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// Report is the outcome of a run. Its JSON is what CI reads.
type Report struct {
	Total    int       `json:"total"`
	Passed   int       `json:"passed"`
	Failed   int       `json:"failed"`
	Failures []Failure `json:"-"`
}

// Failure is one case that did not give what it should.
type Failure struct {
	Case   string // folder/file/id
	Reason string
}

// Run runs every case below dir, in order of name. A line for each failing
// case goes to progress, which may be nil; the totals are the caller's to
// print. The error is a folder that cannot be read.
func Run(dir string, progress io.Writer) (Report, error) {
	var rep Report
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(d.Name(), "-test-") && strings.HasSuffix(d.Name(), ".xml") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		return rep, err
	}
	slices.Sort(files)
	for _, f := range files {
		if err := rep.file(dir, f, progress); err != nil {
			return rep, err
		}
	}
	return rep, nil
}

func (rep *Report) fail(progress io.Writer, name, reason string) {
	rep.Failed++
	rep.Failures = append(rep.Failures, Failure{name, reason})
	if progress != nil {
		_, _ = fmt.Fprintf(progress, "%s: %s\n", name, reason)
	}
}

func (rep *Report) file(root, path string, progress io.Writer) error {
	data, err := os.ReadFile(path) // #nosec G304 -- a folder that the operator names
	if err != nil {
		return err
	}
	name, err := filepath.Rel(root, path)
	if err != nil {
		name = path
	}
	s, err := parseSuite(data)
	if err != nil {
		rep.Total++
		rep.fail(progress, name, err.Error())
		return nil
	}
	model, err := load(filepath.Dir(path), s.Model)
	for _, c := range s.Cases {
		rep.Total++
		reason := ""
		if err != nil {
			reason = err.Error()
		} else {
			reason = runCase(model, c)
		}
		if reason == "" {
			rep.Passed++
		} else {
			rep.fail(progress, filepath.ToSlash(name)+"#"+c.ID, reason)
		}
	}
	return nil
}

// load compiles a model with the other models of its folder at hand.
func load(dir, file string) (*dmn.Model, error) {
	var main *dmn.Definitions
	var others []*dmn.Definitions
	paths, err := filepath.Glob(filepath.Join(dir, "*.dmn"))
	if err != nil {
		return nil, err
	}
	for _, p := range paths {
		data, err := os.ReadFile(p) // #nosec G304 -- a folder that the operator names
		if err != nil {
			return nil, err
		}
		d, err := dmn.Parse(data)
		if filepath.Base(p) == file {
			if err != nil {
				return nil, err
			}
			main = d
		} else if err == nil {
			others = append(others, d)
		}
	}
	if main == nil {
		return nil, fmt.Errorf("the model %s is missing", file)
	}
	return dmn.Compile(main, others...)
}

// runCase is why a case fails, or nothing.
func runCase(m *dmn.Model, c testCase) string {
	in := dmn.Inputs{}
	for _, n := range c.Inputs {
		v, err := n.value()
		if err != nil {
			return err.Error()
		}
		name := feel.Name(n.Name)
		if n.Namespace != "" {
			name = n.Namespace + "#" + name
		}
		in[name] = v
	}
	for _, r := range c.Results {
		want, err := r.Expected.value()
		if err != nil {
			return err.Error()
		}
		var notes []string
		env := feel.Env{Now: someDay, Note: func(e *feel.Error) { notes = append(notes, e.Error()) }}
		name := r.Name
		if c.Invocable != "" {
			name = c.Invocable
		}
		got, err := m.Decide(name, in, env)
		if err != nil {
			return r.Name + ": " + err.Error()
		}
		if c.Invocable != "" && len(c.Results) > 1 {
			got, _ = got.Get(feel.Name(r.Name))
		}
		if !same(got, want) {
			why := ""
			if len(notes) > 0 {
				why = " (" + notes[0] + ")"
			}
			return fmt.Sprintf("%s: want %s, got %s%s", r.Name, text(want), text(got), why)
		}
	}
	return ""
}

func text(v feel.Value) string {
	if v.Kind() == feel.KindString {
		return fmt.Sprintf("%q", v.String())
	}
	return v.String()
}
