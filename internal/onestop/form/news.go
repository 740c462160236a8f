package form

import (
	"net/url"
	"slices"
	"strings"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
)

const (
	// SeenName is the hidden input that tells which of the questions that come and go,
	// and which warnings, the page showed.
	SeenName = "_seen"
	// RefreshName asks for the page drawn again with what was typed so far.
	RefreshName = "_refresh"
)

// News is what a page that was sent did not show and now must: questions that an answer of
// the same page made apply, and warnings.
type News struct {
	Asked  []decl.Label // questions
	Warned []errs.Field // warnings that nobody has seen
	paths  []string
}

// Any reports whether the page must be shown once more.
func (n News) Any() bool { return len(n.Asked) > 0 || len(n.Warned) > 0 }

// Known drops the faults of questions that were not shown yet: nobody can have answered them.
func (n News) Known(found []errs.Field) []errs.Field {
	if len(n.paths) == 0 {
		return found
	}
	return slices.DeleteFunc(slices.Clone(found), func(f errs.Field) bool {
		return slices.ContainsFunc(n.paths, func(p string) bool { return f.Path == p || strings.HasPrefix(f.Path, p+".") })
	})
}

// News compares what was sent with what the page should have shown under the answers that
// ValidatePage made of it. A sender that does not say what was shown has seen it all.
func (f *Form) News(page string, sent url.Values, res Result, env Env) News {
	var n News
	if !sent.Has(SeenName) {
		return n
	}
	seen := strings.Fields(sent.Get(SeenName))
	v := newVars(f, res.Answers, &env)
	for _, p := range f.pages {
		if p.info.ID != page {
			continue
		}
		for _, fl := range p.fields {
			if fl.comes() && !fl.silent() && fl.when.holds(v) && !slices.Contains(seen, fl.def.ID) {
				n.Asked = append(n.Asked, fl.label)
				n.paths = append(n.paths, fl.def.ID)
			}
		}
	}
	for _, w := range res.Warnings {
		if !slices.Contains(seen, "!"+w.Path) {
			n.Warned = append(n.Warned, w)
		}
	}
	return n
}

// comes reports whether the field comes and goes with other answers, and the page cannot
// tell by itself.
func (fl *field) comes() bool { return fl.when.expr != nil && fl.reveal == nil }

func (fl *field) silent() bool { return fl.leaf != nil && fl.leaf.typ == "computed" }

// DroppedLabels names the questions whose answers were dropped, each once, in the order of
// the form; answers that the form does not know any more are counted.
func (f *Form) DroppedLabels(paths []string) (labels []decl.Label, unknown int) {
	for _, fl := range f.fields {
		if slices.ContainsFunc(fl.inputs(), func(in *input) bool { return slices.Contains(paths, in.path) }) {
			labels = append(labels, fl.label)
		}
	}
	for _, p := range paths {
		if f.leaves[p] == nil {
			unknown++
		}
	}
	return labels, unknown
}

// liveNames are the inputs of a page that its conditions, computed values and warnings
// read: a page with scripts is drawn again when one changes.
func (p *page) liveNames(f *Form) []string {
	var out []string
	read := func(c cond) {
		if c.expr == nil {
			return
		}
		for _, path := range c.expr.Paths() {
			for at := path; at != ""; at = at[:max(strings.LastIndexByte(at, '.'), 0)] {
				in := f.leaves[at]
				if in == nil {
					continue
				}
				if in.field.page == p && in.typ != "computed" && !slices.Contains(out, at) {
					out = append(out, at)
				}
				break
			}
		}
	}
	for _, fl := range p.fields {
		if fl.reveal == nil {
			read(fl.when)
		}
		read(fl.need)
		for _, r := range fl.rules {
			if r.warn {
				read(r.assert)
			}
		}
		if fl.silent() {
			read(fl.leaf.value)
		}
	}
	return out
}
