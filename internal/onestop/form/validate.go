package form

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/feel"
)

// Validate checks all answers and papers. It reports every fault at once, in order
// of the pages.
func (f *Form) Validate(a Answers, env Env) Result { return f.validate(a, &env, "") }

// ValidatePage checks one page only; the answers of the others are kept as they are,
// save those that no longer apply.
func (f *Form) ValidatePage(page string, a Answers, env Env) Result { return f.validate(a, &env, page) }

func (f *Form) validate(a Answers, env *Env, only string) Result {
	out := make(Answers, len(a)+4)
	for path, ans := range a {
		out[path] = ans
	}
	r := Result{Answers: out}
	v := newVars(f, out, env)
	for _, p := range f.pages {
		shown := p.when.holds(v)
		check := only == "" || only == p.info.ID
		for _, fl := range p.fields {
			if !shown || !fl.when.holds(v) {
				fl.drop(&r, v)
				continue
			}
			fl.validate(&r, v, check)
		}
		if p.info.Kind == Papers && shown && check {
			f.checkPapers(&r, v)
		}
	}
	for path := range a {
		if f.leaves[path] == nil {
			delete(out, path)
			r.Dropped = append(r.Dropped, path)
		}
	}
	return r
}

// drop takes the answers of a question that does not apply.
func (fl *field) drop(r *Result, v *vars) {
	for _, in := range fl.inputs() {
		if _, ok := r.Answers[in.path]; ok {
			delete(r.Answers, in.path)
			r.Dropped = append(r.Dropped, in.path)
			v.forget(in.path)
		}
	}
}

func (r *Result) add(in *input, path string, f found) {
	params := f.params
	if params == nil {
		params = make(errs.Params, 1)
	}
	params["label"] = in.say
	field := errs.Field{Path: path, Key: f.key, Params: params}
	if f.warn {
		r.Warnings = append(r.Warnings, field)
		return
	}
	r.Errors = append(r.Errors, field)
}

func (fl *field) validate(r *Result, v *vars, check bool) {
	needed := fl.need.holds(v)
	if fl.leaf != nil {
		in := fl.leaf
		switch in.typ {
		case "computed":
			in.compute(r, v)
			return
		case "file":
			if check {
				fl.validateFile(r, v, needed)
			}
			return
		}
		if !in.answered(r.Answers) {
			switch {
			case !check:
			case in.min > 0:
				r.add(in, in.path, fault("tooFew", "min", in.min))
			case needed:
				r.add(in, in.path, fault("required"))
			}
			if in.typ == "list" && r.Answers[in.path].Value != nil {
				delete(r.Answers, in.path) // blank rows
				v.forget(in.path)
			}
			return
		}
		ok := in.validate(r, v, check)
		if !check {
			return
		}
		if needed && ok && in.typ == "yesno" && in.widget == WidgetCheckbox {
			if yes, _ := r.Answers.Bool(in.path); !yes {
				r.add(in, in.path, fault("required"))
			}
		}
		if ok {
			fl.check(r, v, in)
		}
		return
	}
	inputs := fl.inputs()
	any := false
	for _, in := range inputs {
		any = any || in.answered(r.Answers)
	}
	if !any && !needed {
		return
	}
	for _, in := range inputs {
		switch {
		case in.answered(r.Answers):
			in.validate(r, v, check)
		case check && fl.requires(in, r.Answers, needed):
			r.add(in, in.path, fault("required"))
		}
	}
	if check {
		fl.check(r, v, inputs[0])
		fl.agree(r)
	}
}

// requires reports whether a part must be answered. A person may be named by their
// personal number alone: a register knows the rest.
func (fl *field) requires(in *input, a Answers, needed bool) bool {
	if in.must {
		return true
	}
	if !needed || !slices.Contains(chief[fl.typ], in.part) {
		return false
	}
	return in.part != "name" || a.Text(fl.def.ID+".id") == ""
}

// agree warns where the year of birth contradicts the personal number.
func (fl *field) agree(r *Result) {
	if fl.typ != "person" {
		return
	}
	dob, number := r.Answers.Text(fl.def.ID+".dob"), r.Answers.Text(fl.def.ID+".id")
	year := BirthYear(number)
	if year == 0 || len(dob) < 4 {
		return
	}
	if y, err := strconv.Atoi(dob[:4]); err == nil && y != year {
		for _, in := range fl.inputs() {
			if in.part == "dob" {
				r.add(in, in.path, found{key: "form.warn.idYear", warn: true})
			}
		}
	}
}

func (fl *field) check(r *Result, v *vars, at *input) {
	for _, rule := range fl.rules {
		// A rule over an answer that is missing is null, and no fault.
		if rule.assert.expr == nil || !rule.assert.eval(v).IsFalse() {
			continue
		}
		r.add(at, at.path, found{key: "form.rule", params: errs.Params{"message": rule.msg}, warn: rule.warn})
	}
}

// answered reports whether a leaf holds anything.
func (in *input) answered(a Answers) bool {
	switch v := a[in.path].Value.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case []any:
		return slices.ContainsFunc(v, filled)
	default:
		return true
	}
}

// validate checks a leaf that is answered and writes its canonical value.
func (in *input) validate(r *Result, v *vars, check bool) bool {
	ans := r.Answers[in.path]
	if in.typ == "list" {
		return in.validateRows(r, v, check)
	}
	value, f := in.t.check(in, ans.Value, v.env)
	if f.key != "" {
		if check {
			r.add(in, in.path, f)
		}
		return false
	}
	if !same(value, ans.Value) {
		ans.Value = value
		r.Answers[in.path] = ans
		v.forget(in.path)
	}
	return true
}

// sameValue compares values of any shape.
func sameValue(a, b any) bool { return same(a, b) || reflect.DeepEqual(a, b) }

func same(a, b any) bool {
	switch x := a.(type) {
	case string:
		y, ok := b.(string)
		return ok && x == y
	case bool:
		y, ok := b.(bool)
		return ok && x == y
	case json.Number:
		y, ok := b.(json.Number)
		return ok && x == y
	}
	return false
}

// compute fills a computed field.
func (in *input) compute(r *Result, v *vars) {
	value := fromFEEL(in.value.eval(v))
	if value == nil {
		delete(r.Answers, in.path)
	} else {
		r.Answers[in.path] = Answer{Value: value, From: Computed}
	}
	v.forget(in.path)
}

func fromFEEL(v feel.Value) any {
	switch v.Kind() {
	case feel.KindBoolean:
		return v.IsTrue()
	case feel.KindNumber:
		return json.Number(v.String())
	case feel.KindNull, feel.KindContext, feel.KindFunction, feel.KindRange, feel.KindList:
		return nil
	case feel.KindDate:
		y, m, d, _ := v.YearMonthDay()
		return clock.DateOf(clock.MustDate("2000-01-01").Time().AddDate(y-2000, m-1, d-1)).String()
	}
	return v.String()
}

// Says is a field's message with its label, as the bundle takes it.
func says(f errs.Field) Message { return Message{Key: f.Key, Params: f.Params} }

// joined writes labels as a list.
func joined(labels []decl.Label) decl.Label {
	var out decl.Label
	for i, l := range labels {
		if i > 0 {
			out.VI += "; "
			out.EN += "; "
		}
		out.VI += l.VI
		out.EN += l.EN
	}
	return out
}
