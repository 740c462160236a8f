package form

import (
	"strconv"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
)

// Lines are the answers in words, in order of the pages; what was not answered or
// does not apply is left out. Codes and units are written by their names.
func (f *Form) Lines(a Answers, env Env) []Line {
	v := newVars(f, a, &env)
	var out []Line
	for _, p := range f.pages {
		if !p.when.holds(v) {
			continue
		}
		for _, fl := range p.fields {
			if !fl.when.holds(v) {
				continue
			}
			for _, in := range fl.inputs() {
				if !in.answered(a) {
					continue
				}
				ans := a[in.path]
				l := Line{Path: in.path, Page: p.info.ID, Label: in.label, From: ans.From, At: ans.At, Consent: ans.Consent, Text: f.words.say(in, ans.Value, &env)}
				if fl.leaf == nil {
					l.Group = fl.label
				}
				out = append(out, l)
			}
		}
	}
	return out
}

// Say is one answer in words; empty where nothing is answered.
func (f *Form) Say(path string, a Answers, env Env) decl.Label {
	in := f.leaves[path]
	if in == nil || !in.answered(a) {
		return decl.Label{}
	}
	return f.words.say(in, a[path].Value, &env)
}

// say is one answer in both languages.
func (w words) say(in *input, v any, env *Env) decl.Label {
	s := textOf(v)
	one := decl.Label{VI: s, EN: s}
	switch in.typ {
	case "yesno":
		switch v {
		case true:
			return w.label("form.ui.yes")
		case false:
			return w.label("form.ui.no")
		}
	case "geo-point":
		return decl.Label{VI: strings.Replace(s, ",", ", ", 1), EN: strings.Replace(s, ",", ", ", 1)}
	case "date", "partial-date":
		return sayDate(s)
	case "money":
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return decl.Label{VI: i18n.Money(i18n.VI, n), EN: i18n.Money(i18n.EN, n)}
		}
	case "code":
		if l, ok := in.codes[s]; ok {
			return l
		}
	case "unit":
		if env.Units != nil {
			if u, ok := env.Units.Unit(s, clock.DateOf(env.Now)); ok {
				return decl.Label{VI: u.Full, EN: u.Full}
			}
		}
	case "multi-code", "checklist", "pick-papers":
		var labels []decl.Label
		for _, c := range stringsOf(v) {
			labels = append(labels, in.codes[c])
		}
		return joined(labels)
	case "list":
		rows, _ := v.([]any)
		var labels []decl.Label
		for _, row := range rows {
			m, _ := row.(map[string]any)
			var cells []decl.Label
			for _, cell := range in.rows {
				if m := flatRow(m); m[cell.path] != nil {
					cells = append(cells, w.say(cell, m[cell.path], env))
				}
			}
			labels = append(labels, commas(cells))
		}
		return joined(labels)
	}
	return one
}

func commas(cells []decl.Label) decl.Label {
	var l decl.Label
	for i, c := range cells {
		if i > 0 {
			l.VI, l.EN = l.VI+", ", l.EN+", "
		}
		l.VI, l.EN = l.VI+c.VI, l.EN+c.EN
	}
	return l
}

// OfficerLines are the answers that officers gave in the forms of their acts, in words, in
// the order of the acts' names; Page is the act, "verify.approve".
func (f *Form) OfficerLines(officer Answers, env Env) []Line {
	var out []Line
	said := map[string]bool{}
	for _, name := range f.Actions() {
		for _, l := range f.acts[name].Lines(officer, env) {
			if !said[l.Path] {
				said[l.Path] = true
				l.Page = name
				out = append(out, l)
			}
		}
	}
	return out
}

// sayDate writes a whole or partial date as each language does.
func sayDate(s string) decl.Label {
	if d, err := clock.ParseDate(s); err == nil {
		return decl.Label{VI: i18n.Date(i18n.VI, d), EN: i18n.Date(i18n.EN, d)}
	}
	if y, m, ok := strings.Cut(s, "-"); ok && !strings.Contains(m, "-") {
		return decl.Label{VI: m + "/" + y, EN: m + "/" + y}
	}
	return decl.Label{VI: s, EN: s}
}

// Words are all answers in words by path, those that officers gave in their forms
// included: what documents and notices are filled with.
func (f *Form) Words(a, officer Answers, env Env) map[string]decl.Label {
	out := make(map[string]decl.Label, len(a)+len(officer))
	for path := range a {
		if l := f.Say(path, a, env); !l.IsZero() {
			out[path] = l
		}
	}
	for path := range officer {
		for _, act := range f.acts {
			if l := act.Say(path, officer, env); !l.IsZero() {
				out[path] = l
				break
			}
		}
	}
	return out
}

// InputInfo is one leaf of the form, for those who fill it by program.
type InputInfo struct {
	Path     string
	Page     string
	Type     string
	Label    decl.Label // with the composite's name
	Required string     // true, false or FEEL
	When     string     // FEEL; empty: always
	Codes    []string   // of a list
	Items    []Item     // the same with their words
}

// Inputs are the leaves in order of the pages; computed ones are left out.
func (f *Form) Inputs() []InputInfo {
	var out []InputInfo
	for _, fl := range f.fields {
		when := fl.def.When.S
		if page := fl.page.def.When.S; page != "" {
			when = page
			if fl.def.When.Set() {
				when = "(" + page + ") and (" + fl.def.When.S + ")"
			}
		}
		for _, in := range fl.inputs() {
			if in.typ == "computed" || in.typ == "file" {
				continue
			}
			i := InputInfo{Path: in.path, Page: fl.page.info.ID, Type: in.typ, Label: in.say, When: when, Required: "false"}
			switch {
			case fl.leaf != nil && fl.def.Required.Set():
				i.Required = fl.def.Required.S
			case fl.leaf == nil && fl.requires(in, nil, fl.def.Required.S == "true"):
				i.Required = "true"
			}
			i.Items = in.list
			for _, it := range in.list {
				i.Codes = append(i.Codes, it.Code)
			}
			out = append(out, i)
		}
	}
	return out
}
