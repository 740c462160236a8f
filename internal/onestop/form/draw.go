package form

import (
	"regexp"
	"slices"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
)

// Pages are the pages that apply under these answers, in order.
func (f *Form) Pages(a Answers, env Env) []PageInfo {
	v := newVars(f, a, &env)
	out := make([]PageInfo, 0, len(f.pages))
	for _, p := range f.pages {
		if p.when.holds(v) {
			out = append(out, p.info)
		}
	}
	return out
}

// PageOf is the page that asks for a path, so that an error can link to it; papers
// are on the page of papers.
func (f *Form) PageOf(path string) string {
	if strings.HasPrefix(path, "papers.") {
		for _, p := range f.pages {
			if p.info.Kind == Papers {
				return p.info.ID
			}
		}
	}
	for path != "" {
		if in := f.leaves[path]; in != nil {
			return in.field.page.info.ID
		}
		i := strings.LastIndexByte(path, '.')
		path = path[:max(i, 0)]
	}
	return ""
}

// Officer is the form of an action at a step: "verify.approve", else "approve"; false
// where nothing is asked. It has one page, named "action".
func (f *Form) Officer(step, action string) (*Form, bool) {
	if o, ok := f.acts[step+"."+action]; ok {
		return o, true
	}
	o, ok := f.acts[action]
	return o, ok
}

// Actions are the names of the officers' forms, for the linter.
func (f *Form) Actions() []string {
	out := make([]string, 0, len(f.acts))
	for name := range f.acts {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Leaf reports whether the form has a leaf at path and of which type.
func (f *Form) Leaf(path string) (typ string, ok bool) {
	in := f.leaves[path]
	if in == nil {
		return "", false
	}
	return in.typ, true
}

// Render is a page ready to be drawn, with the faults that Validate found; false
// where the page does not exist or does not apply. A question that an answer of the
// same page reveals is drawn also while hidden, with ShownBy set.
func (f *Form) Render(id string, a Answers, found []errs.Field, env Env) (Page, bool) {
	i := slices.IndexFunc(f.pages, func(p *page) bool { return p.info.ID == id })
	if i < 0 {
		return Page{}, false
	}
	p := f.pages[i]
	v := newVars(f, a, &env)
	if !p.when.holds(v) {
		return Page{}, false
	}
	d := drawer{f: f, a: a, v: v, env: &env, found: found}
	out := Page{PageInfo: p.info, Intro: p.intro, Live: p.live, Fields: make([]Field, 0, len(p.fields))}
	if p.warns {
		d.warned = f.ValidatePage(id, a, env).Warnings
	}
	for _, fl := range p.fields {
		if fl.reveal == nil && !fl.when.holds(v) {
			continue
		}
		if fl.comes() {
			out.Seen = append(out.Seen, fl.def.ID)
		}
		out.Fields = append(out.Fields, d.field(fl))
	}
	for _, w := range d.warned {
		out.Seen = append(out.Seen, "!"+w.Path)
	}
	out.Follow = p.warns || slices.ContainsFunc(p.fields, (*field).comes)
	if p.info.Kind == Papers {
		out.Papers = f.needs(v)
	}
	return out, true
}

type drawer struct {
	f     *Form
	a     Answers
	v     *vars
	env   *Env
	found []errs.Field
	// warned are the warnings of the page under the answers so far.
	warned []errs.Field
}

func (d *drawer) field(fl *field) Field {
	needed := fl.need.holds(d.v)
	var out Field
	if fl.leaf != nil {
		out = d.input(fl.leaf, needed)
	} else {
		out = d.group(fl, &fl.tree, needed)
		out.Type, out.Hint = fl.typ, fl.hint
	}
	out.ShownBy = fl.reveal
	return out
}

func (d *drawer) group(fl *field, g *group, needed bool) Field {
	out := Field{Path: g.path, Type: "address", Widget: WidgetGroup, Label: g.label, Required: needed, Parts: make([]Field, 0, len(g.items))}
	for _, it := range g.items {
		if it.sub != nil {
			out.Parts = append(out.Parts, d.group(fl, it.sub, false))
			continue
		}
		out.Parts = append(out.Parts, d.input(it.leaf, it.leaf.must && needed || fl.requires(it.leaf, nil, needed)))
	}
	return out
}

func (d *drawer) input(in *input, needed bool) Field {
	ans := d.a[in.path]
	out := Field{
		Path: in.path, Type: in.typ, Widget: in.widget, Label: in.label, Hint: in.hint, Required: needed,
		From: ans.From, Locked: in.locked && ans.From == Register, Autocomplete: in.auto, MaxLength: in.maxLen, InputMode: in.t.mode,
		Plain: in.t.plain, At: ans.At,
	}
	d.value(&out, in, ans.Value)
	out.Error, out.Warning = d.messages(in.path)
	if out.Query != "" && len(out.Matches) == 0 && len(out.Error) == 0 {
		_, f := in.unitByName(out.Query, d.env)
		out.Error = []Message{{Key: f.key, Params: map[string]any{"label": in.say, "name": out.Query}}}
	}
	if out.Locked && (out.Widget == WidgetSelect || out.Widget == WidgetRadios || out.Widget == WidgetUnit) {
		out.Widget, out.Text = WidgetOutput, d.f.words.say(in, ans.Value, d.env)
	}
	switch in.typ {
	case "list":
		d.rows(&out, in, ans.Value, needed)
	case "file":
		d.files(&out, in)
	case "computed":
		out.Text = d.f.words.say(in, d.computed(in), d.env)
	}
	return out
}

// computed is the value of a computed field under what was typed so far.
func (d *drawer) computed(in *input) any { return fromFEEL(in.value.eval(d.v)) }

func (d *drawer) files(out *Field, in *input) {
	need := in.file
	out.File = &need
	for _, f := range d.env.Files {
		if f.Paper == in.path {
			out.Files = append(out.Files, f)
		}
	}
}

func (d *drawer) value(out *Field, in *input, v any) {
	out.Value = textOf(v)
	switch in.widget {
	case WidgetDate, WidgetPartialDate:
		out.Day, out.Month, out.Year = splitDate(out.Value)
	case WidgetCheckboxes:
		out.Chosen = stringsOf(v)
	}
	switch {
	case in.typ == "yesno":
		out.Options = []Option{{"yes", d.f.words.label("form.ui.yes")}, {"no", d.f.words.label("form.ui.no")}}
		if v == true {
			out.Value = "yes"
		} else if v == false {
			out.Value = "no"
		}
		if in.widget == WidgetCheckbox { // one box: ticked or not
			out.Options = out.Options[:1]
			if v == true {
				out.Chosen = []string{"yes"}
			}
		}
	case in.typ == "unit":
		d.units(out, in)
	default:
		if in.list != nil {
			out.Options = make([]Option, len(in.list))
			for i, it := range in.list {
				out.Options[i] = Option{it.Code, it.Label}
			}
		}
	}
}

// units are the choices of a unit field: all of its tier, or what the typed name may mean.
func (d *drawer) units(out *Field, in *input) {
	if d.env.Units == nil {
		return
	}
	_, out.Finds = d.env.Units.(Finder)
	if out.Value != "" && !digits(out.Value) {
		out.Query = out.Value
		out.Matches = in.matches(out.Query, d.env)
		out.Value = ""
		if len(out.Matches) == 1 {
			out.Value = out.Matches[0].Unit.Code
		}
	}
	choices := d.env.Units.Choices(in.tier, clock.DateOf(d.env.Now))
	out.Options = make([]Option, len(choices))
	for i, u := range choices {
		out.Options[i] = Option{u.Code, decl.Label{VI: u.Name, EN: u.Name}}
	}
}

func (d *drawer) messages(path string) (faults, warnings []Message) {
	for _, f := range d.found {
		if f.Path == path {
			faults = append(faults, says(f))
		}
	}
	for _, f := range d.warned {
		if f.Path == path {
			warnings = append(warnings, says(f))
		}
	}
	return faults, warnings
}

var (
	revealNo   = regexp.MustCompile(`^not\(\s*([\w.]+)\s*\)$`)
	revealYes  = regexp.MustCompile(`^([\w.]+)(?:\s*=\s*true)?$`)
	revealCode = regexp.MustCompile(`^([\w.]+)\s*=\s*"([\w-]+)"$`)
)

// revealOf finds the one choice of the same page that decides whether a field applies.
func (f *Form) revealOf(fl *field) *Reveal {
	if fl.when.expr == nil || fl.page == nil {
		return nil
	}
	src := strings.TrimSpace(fl.when.expr.Source())
	var r Reveal
	if m := revealNo.FindStringSubmatch(src); m != nil {
		r = Reveal{Path: m[1], Value: "no"}
	} else if m := revealCode.FindStringSubmatch(src); m != nil {
		r = Reveal{Path: m[1], Value: m[2]}
	} else if m := revealYes.FindStringSubmatch(src); m != nil {
		r = Reveal{Path: m[1], Value: "yes"}
	} else {
		return nil
	}
	by := f.leaves[r.Path]
	if by == nil || by.field.page != fl.page || by.widget != WidgetRadios {
		return nil
	}
	if r.Value == "no" && by.field.def.Required.S != "true" {
		return nil // an empty answer shows it too, which no choice can tell
	}
	return &r
}
