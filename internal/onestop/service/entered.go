package service

import (
	"encoding/json"
	"fmt"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/feel"
	"khue/internal/onestop/form"
)

// Entered is what the register is to hold of one result: values by field, as register/record
// takes them, and until when it is valid.
type Entered struct {
	Values map[string]any
	Until  clock.Date
}

// Enter computes what the result of a dossier is entered with. number and day are of the paper.
func (p *Package) Enter(answers, officer form.Answers, env form.Env, number string, day clock.Date, code string) (out Entered, err error) {
	if p.Register == nil {
		return out, fmt.Errorf("service: %s declares no register", p.ID)
	}
	given := feel.ContextOf(
		feel.Entry{Name: "result", Value: feel.ContextOf(feel.Entry{Name: "number", Value: feel.String(number)}, feel.Entry{Name: "date", Value: feel.Date(day.Year, int(day.Month), day.Day)})},
		feel.Entry{Name: "dossier", Value: feel.ContextOf(feel.Entry{Name: "code", Value: feel.String(code)})},
	)
	forms := []struct {
		scope feel.Scope
		vars  feel.Vars
	}{{p.Form.Scope(), p.Form.Vars(answers, env)}}
	inner := env
	inner.Dossier = answers
	for _, name := range p.Form.Actions() {
		if o := officerForm(p.Form, name); o != nil {
			forms = append(forms, struct {
				scope feel.Scope
				vars  feel.Vars
			}{o.Scope(), o.Vars(officer, inner)})
		}
	}
	fields := p.Register.scope.Fields()
	vars := make(feel.Values, len(fields))
	for i, f := range fields {
		for _, x := range forms {
			if slot, ok := x.scope.Slot(f.Name); ok {
				vars[i] = merged(vars[i], x.vars.At(slot))
			}
		}
		if v, ok := given.Get(f.Name); ok {
			vars[i] = merged(vars[i], v)
		}
	}
	fenv := feel.Env{Now: env.Now}
	out.Values = make(map[string]any, len(p.Register.Fields))
	for _, f := range p.Register.Fields {
		if f.From == nil {
			continue
		}
		v, err := f.From.Eval(vars, fenv)
		if err != nil {
			return out, fmt.Errorf("service: register field %s: %w", f.ID, err)
		}
		if plain := plainOf(f.Type, v); plain != nil {
			out.Values[f.ID] = plain
		}
	}
	if p.Register.Until != nil {
		v, err := p.Register.Until.Eval(vars, fenv)
		if err != nil {
			return out, fmt.Errorf("service: register until: %w", err)
		}
		if s, ok := plainOf("date", v).(string); ok {
			out.Until, err = clock.ParseDate(s)
			return out, err
		}
	}
	return out, nil
}

// merged is a, with what only b knows.
func merged(a, b feel.Value) feel.Value {
	if a.IsNull() {
		return b
	}
	more := b.Entries()
	if len(more) == 0 || a.Kind() != b.Kind() {
		return a
	}
	var out []feel.Entry
	for _, e := range a.Entries() {
		if other, ok := b.Get(e.Name); ok {
			e.Value = merged(e.Value, other)
		}
		out = append(out, e)
	}
	for _, e := range more {
		if _, ok := a.Get(e.Name); !ok {
			out = append(out, e)
		}
	}
	return feel.ContextOf(out...)
}

// plainOf is a value of FEEL as a register of that type keeps it; nil for null.
func plainOf(typ string, v feel.Value) any {
	if v.IsNull() {
		return nil
	}
	switch typ {
	case "date":
		if y, m, d, ok := v.YearMonthDay(); ok {
			return fmt.Sprintf("%04d-%02d-%02d", y, m, d)
		}
		return nil
	case "yesno":
		return v.IsTrue()
	case "number":
		return json.Number(v.String())
	case "list":
		items := v.Items()
		out := make([]any, 0, len(items))
		for _, x := range items {
			out = append(out, wordsOf(x))
		}
		return out
	}
	return wordsOf(v)
}

// wordsOf is a value as one text; of a context, its values.
func wordsOf(v feel.Value) string {
	if s, ok := v.Text(); ok {
		return s
	}
	if es := v.Entries(); len(es) > 0 {
		var s string
		for _, e := range es {
			if w := wordsOf(e.Value); w != "" && w != "null" {
				if s != "" {
					s += ", "
				}
				s += w
			}
		}
		return s
	}
	return v.String()
}

// OfficerForm is the form of an officer's action as form.yaml names it: "accept", "seal.number".
func (p *Package) OfficerForm(name string) (*form.Form, bool) {
	o := officerForm(p.Form, name)
	return o, o != nil
}
