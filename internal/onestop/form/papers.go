package form

import (
	"slices"
	"strings"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/filecheck"
)

// paper is one compiled paper of the dossier.
type paper struct {
	def  PaperDef
	need PaperNeed
	when cond
	must cond
}

// Kinds of files that a paper takes where it does not say; filecheck knows which others
// it may name. What a file is comes from its content.
//
//nolint:gochecknoglobals // immutable table
var fileKinds = []string{"pdf", "jpg", "png"}

// FileKinds are the kinds of files that a paper takes where it does not say.
func FileKinds() []string { return slices.Clone(fileKinds) }

const (
	defaultMB    = 10
	defaultFiles = 5
)

func (c *compiler) papers(f *Form) {
	for _, d := range c.opt.Papers {
		p := &paper{def: d, need: PaperNeed{
			ID: d.ID, Name: "papers." + d.ID, Code: d.Code, Label: c.paperLabel(d), OneOf: d.OneOf, ShownOnly: d.ShownOnly, Accept: d.Accept,
			From: d.From, MaxFiles: d.MaxFiles, MaxBytes: int64(d.MaxMB) << 20, Originals: d.Originals, Copies: d.Copies,
		}}
		if c.opt.Texts != nil {
			p.need.Hint, _ = c.opt.Texts.Label("paperHint." + d.ID)
			if _, ok := c.opt.Texts.Label("paper." + d.ID); !ok {
				c.fail(d.Pos, "papers."+d.ID, "form.lint.label", "key", "paper."+d.ID)
			}
		}
		if len(d.Accept) == 0 {
			p.need.Accept = fileKinds
		}
		for _, a := range d.Accept {
			if !slices.Contains(filecheck.Kinds(), a) {
				c.fail(d.Pos, "papers."+d.ID, "form.lint.accept", "type", a)
			}
		}
		if d.MaxMB == 0 {
			p.need.MaxBytes = defaultMB << 20
		}
		if d.MaxFiles == 0 {
			p.need.MaxFiles = defaultFiles
		}
		if len(d.From) == 0 {
			p.need.From = []string{"upload"}
		}
		p.when = c.cond(f, d.When, "papers."+d.ID+".when", nil)
		p.must = cond{fixed: true}
		if d.Required.Set() {
			p.must = c.cond(f, d.Required, "papers."+d.ID+".required", nil)
		}
		f.papers = append(f.papers, p)
	}
}

// Papers are the papers that the dossier needs or may hold under these answers.
// A paper that is shown only is never Required of an upload: the counter asks for it.
func (f *Form) Papers(a Answers, env Env) []PaperNeed {
	if f.over != nil {
		f = f.over
	}
	return f.needs(newVars(f, a, &env))
}

func (f *Form) needs(v *vars) []PaperNeed {
	out := make([]PaperNeed, 0, len(f.papers))
	for _, p := range f.papers {
		if !p.when.holds(v) {
			continue
		}
		n := p.need
		n.Required = p.must.holds(v)
		out = append(out, n)
	}
	return out
}

// checkFile checks the nth file that was given for a need.
func checkFile(r *Result, n PaperNeed, file File, nth int) {
	fail := func(key string, kv errs.Params) {
		kv["label"], kv["name"] = n.Label, file.Name
		r.Errors = append(r.Errors, errs.Field{Path: n.Name, Key: "form.error." + key, Params: kv})
	}
	switch {
	case file.ShownOnly: // no file
	case !slices.Contains(n.Accept, file.Type):
		fail("paperType", errs.Params{"accept": strings.Join(n.Accept, ", ")})
	case file.Size > n.MaxBytes:
		fail("paperSize", errs.Params{"max": n.MaxBytes >> 20})
	}
	if nth == n.MaxFiles+1 {
		fail("paperFiles", errs.Params{"max": n.MaxFiles})
	}
}

// checkPapers checks the files given against what is needed. A paper that is only
// shown is asked for at the counter, where its absence is the clerk's to judge.
func (f *Form) checkPapers(r *Result, v *vars) {
	given := map[string]int{}
	needs := f.needs(v)
	for _, file := range v.env.Files {
		i := slices.IndexFunc(needs, func(n PaperNeed) bool { return n.ID == file.Paper })
		if i < 0 && f.anyFile(file.Paper) != nil {
			continue // the field looks after its own
		}
		if i < 0 {
			r.Errors = append(r.Errors, errs.Field{
				Path: "papers." + file.Paper, Key: "form.error.paperUnknown", Params: errs.Params{"paper": file.Paper},
			})
			continue
		}
		n := needs[i]
		given[n.ID]++
		checkFile(r, n, file, given[n.ID])
	}
	groups := map[string]bool{}
	for _, n := range needs {
		if !n.Required || n.ShownOnly || given[n.ID] > 0 {
			continue
		}
		if n.OneOf == "" {
			r.Errors = append(r.Errors, errs.Field{
				Path: "papers." + n.ID, Key: "form.error.paperMissing", Params: errs.Params{"label": n.Label},
			})
			continue
		}
		if groups[n.OneOf] {
			continue
		}
		groups[n.OneOf] = true
		var labels []decl.Label
		have := false
		for _, o := range needs {
			if o.OneOf == n.OneOf {
				labels = append(labels, o.Label)
				have = have || given[o.ID] > 0
			}
		}
		if !have {
			r.Errors = append(r.Errors, errs.Field{
				Path: "papers." + n.ID, Key: "form.error.paperOneOf", Params: errs.Params{"label": joined(labels)},
			})
		}
	}
}
