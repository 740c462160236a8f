package form

import (
	"context"
	"slices"
	"strings"

	"khue/internal/kernel/decl"
)

// Source knows answers that a person need not type again. Upper floors contribute the
// values: a register of persons, the account's profile, earlier dossiers.
type Source interface {
	// Name is the first word of an entry under suggest: population, profile, previous.
	Name() string
	// Facts are what the source knows for the one who applies, by path below its name:
	// "mother.name" answers "previous.mother". Each carries its origin, its time, and the
	// consent that it was fetched under. An empty set is no error.
	Facts(ctx context.Context, who Applicant) (Answers, error)
}

// Applicant is for whom a source is asked.
type Applicant struct {
	Account int64 // 0: nobody is signed in, and no source is asked
	Service string
	Case    string
	Consent string // reference of the consent given on the page, where one is
}

// knownSources are the names that may stand under suggest.
//
//nolint:gochecknoglobals // immutable table
var knownSources = []string{"population", "profile", "previous", "household", "business", "wallet"}

// sources checks the entries under suggest.
func (c *compiler) sources(fd FieldDef) {
	for _, s := range fd.Suggest {
		name, _, _ := strings.Cut(s, ".")
		switch {
		case !slices.Contains(knownSources, name):
			near := decl.Nearest(name, knownSources)
			if near == "" {
				near = strings.Join(knownSources, ", ")
			}
			c.fail(fd.Pos, fd.ID, "form.lint.source", "source", s, "known", near)
		case c.opt.Sources != nil && !slices.Contains(c.opt.Sources, name):
			c.report(decl.Info, fd.Pos, fd.ID, "form.lint.sourceAbsent", "source", name)
		}
	}
	if fd.AskAgain && len(fd.Suggest) > 0 {
		c.fail(fd.Pos, fd.ID, "form.lint.askAgain")
	}
}

// Sources are the names of the sources that the form would ask, each once.
func (f *Form) Sources() []string {
	var out []string
	for _, fl := range f.fields {
		for _, s := range fl.def.Suggest {
			name, _, _ := strings.Cut(s, ".")
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// AsksAgain reports whether the answer at a path is asked anew each time: a consent or a
// declaration, which no source may fill and no other dossier may lend.
func (f *Form) AsksAgain(path string) bool {
	in := f.leaves[path]
	return in != nil && in.field.def.AskAgain
}

// Suggest fills questions that nobody has answered with what the sources know, the first
// source of a field that knows anything winning for the whole field. It returns a and the
// paths that were filled. facts are by name of the source.
func (f *Form) Suggest(a Answers, facts map[string]Answers, env Env) (Answers, []string) {
	out := a.With(nil)
	var filled []string
	for _, fl := range f.fields {
		if fl.def.AskAgain || len(fl.def.Suggest) == 0 || slices.ContainsFunc(fl.inputs(), func(in *input) bool { return in.answered(out) }) {
			continue
		}
		for _, s := range fl.def.Suggest {
			name, key, _ := strings.Cut(s, ".")
			got := fl.from(facts[name], key, &env)
			if len(got) == 0 {
				continue
			}
			for path, ans := range got {
				out[path] = ans
				filled = append(filled, path)
			}
			break
		}
	}
	slices.Sort(filled)
	return out, filled
}

// from takes what a source knows under a key into the leaves of a field. Without a key the
// source is asked for the field's own path, and for a simple one for its type: profile
// knows a phone. What does not pass the check of its type is left out.
func (fl *field) from(known Answers, key string, env *Env) Answers {
	if len(known) == 0 {
		return nil
	}
	out := Answers{}
	for _, in := range fl.inputs() {
		var names []string
		switch {
		case fl.leaf != nil && key != "":
			names = []string{key}
		case fl.leaf != nil:
			names = []string{in.path, in.typ}
		case key != "":
			names = []string{key + "." + in.part}
		default:
			names = []string{in.path, in.part}
		}
		for _, n := range names {
			ans, ok := known[n]
			if !ok || in.t.check == nil && in.typ != "list" {
				continue
			}
			if in.t.check != nil {
				v, fault := in.t.check(in, ans.Value, env)
				if fault.key != "" {
					continue
				}
				ans.Value = v
			}
			out[in.path] = ans
			break
		}
	}
	return out
}
