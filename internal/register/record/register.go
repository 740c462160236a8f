package record

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

// Register is a register as it is declared.
type Register struct {
	ID     string
	Name   decl.Label
	Fields []Field
	Unique [][]string // of fields whose values, taken together, no two entries in force share
}

// Field is one field of a register.
type Field struct {
	ID        string
	Type      string // text, number, date, yesno, list
	Label     decl.Label
	Personal  bool
	Retention string
	Choices   []Choice // what a text may be, where it was chosen from a list; empty: anything
	Unit      bool     // a text that is the code of an administrative unit
}

// Choice is one code that a field may hold, and how people read it.
type Choice struct {
	Code  string
	Label decl.Label
}

// typedDay is a date as people of the city write it: 2/11/2026.
const typedDay = "2/1/2006"

// Read is a text or date as people read it: the words of what was chosen, the day as it is
// written here. What is none of them stays.
func (f Field) Read(l i18n.Lang, s string) string {
	if d, err := clock.ParseDate(s); err == nil && f.Type == "date" {
		return i18n.Date(l, d)
	}
	for _, c := range f.Choices {
		if c.Code == s {
			return c.Label.In(l)
		}
	}
	return s
}

// Typed is what stands in a form for a value: a date as people write it.
func (f Field) Typed(s string) string {
	if d, err := clock.ParseDate(s); err == nil && f.Type == "date" {
		return d.At(0, 0).Format(typedDay)
	}
	return s
}

// Untyped is the value of what was typed into a form, the other way round of Typed. What is no
// date stays, and is refused with the others.
func (f Field) Untyped(s string) string {
	s = strings.TrimSpace(s)
	if f.Type == "date" {
		if t, err := time.ParseInLocation(typedDay, s, clock.Zone); err == nil {
			return clock.DateOf(t).String()
		}
	}
	return s
}

// Field finds a field by its id.
func (r Register) Field(name string) (Field, bool) {
	i := slices.IndexFunc(r.Fields, func(f Field) bool { return f.ID == name })
	if i < 0 {
		return Field{}, false
	}
	return r.Fields[i], true
}

// Personal reports whether the register holds personal data.
func (r Register) Personal() bool {
	return slices.ContainsFunc(r.Fields, func(f Field) bool { return f.Personal })
}

// Values are the values of an entry by field: text and dates (2026-11-02) as strings, numbers
// as json.Number, yes and no as booleans, lists as they are. A field without a value is left out.
type Values map[string]any

// Text is a value in words that are the same in both languages.
func (v Values) Text(field string) string {
	switch x := v[field].(type) {
	case nil:
		return ""
	case string:
		return x
	case json.Number:
		return x.String()
	case bool:
		return strconv.FormatBool(x)
	case []any:
		parts := make([]string, 0, len(x))
		for _, one := range x {
			if raw, err := json.Marshal(one); err == nil {
				parts = append(parts, strings.Trim(string(raw), `"`))
			}
		}
		return strings.Join(parts, "; ")
	default:
		return ""
	}
}

// check normalises values and refuses what the register does not declare.
func (r Register) check(in Values) (Values, error) {
	out := Values{}
	var bad []errs.Field
	for name, v := range in {
		f, ok := r.Field(name)
		if !ok {
			bad = append(bad, errs.Field{Path: name, Key: "record.unknownField"})
			continue
		}
		n, ok := f.value(v)
		switch {
		case !ok:
			bad = append(bad, errs.Field{Path: name, Key: "record.type." + f.Type})
		case n != nil:
			out[name] = n
		}
	}
	if len(bad) > 0 {
		slices.SortFunc(bad, func(a, b errs.Field) int { return strings.Compare(a.Path, b.Path) })
		return nil, errs.E(errs.Invalid, "record.invalid", errs.P("n", len(bad)), errs.WithFields(bad...))
	}
	return out, nil
}

// value is a value in the one form that its type has; nil where there is none.
func (f Field) value(v any) (any, bool) {
	if v == nil {
		return nil, true
	}
	if s, ok := v.(string); ok {
		if s = i18n.NFC(strings.TrimSpace(s)); s == "" {
			return nil, true
		}
		v = s
	}
	switch f.Type {
	case "text":
		s, ok := v.(string)
		return s, ok
	case "date":
		s, ok := v.(string)
		if !ok {
			return nil, false
		}
		_, err := clock.ParseDate(s)
		return s, err == nil
	case "number":
		switch x := v.(type) {
		case int:
			return json.Number(strconv.Itoa(x)), true
		case int64:
			return json.Number(strconv.FormatInt(x, 10)), true
		case json.Number:
			return x, true
		case string:
			n := json.Number(x)
			_, err := n.Float64()
			return n, err == nil
		}
		return nil, false
	case "yesno":
		switch x := v.(type) {
		case bool:
			return x, true
		case string:
			return x == "true", x == "true" || x == "false"
		}
		return nil, false
	case "list":
		switch x := v.(type) {
		case []any:
			return x, true
		case string:
			return []any{x}, true
		}
		return nil, false
	}
	return nil, false
}

// keys are the values that no other entry may share, by the fields that they are of. A key of
// which a part is missing binds nobody.
func (r Register) keys(v Values) map[string]string {
	out := map[string]string{}
	for _, fields := range r.Unique {
		parts := make([]string, len(fields))
		whole := true
		for i, f := range fields {
			parts[i] = i18n.Fold(v.Text(f))
			whole = whole && parts[i] != ""
		}
		if whole {
			out[strings.Join(fields, "+")] = strings.Join(parts, "\x1f")
		}
	}
	return out
}

// called are fields, joined by "+", as people call them.
func (r Register) called(fields string) names {
	var out names
	for _, name := range strings.Split(fields, "+") {
		f, _ := r.Field(name)
		if f.Label.IsZero() {
			f.Label = decl.Label{VI: name, EN: name}
		}
		out = append(out, f.Label)
	}
	return out
}

// names are labels that a sentence lists in its reader's language.
type names []decl.Label

// In joins them.
func (n names) In(l i18n.Lang) string {
	out := make([]string, len(n))
	for i, x := range n {
		out[i] = x.In(l)
	}
	return strings.Join(out, ", ")
}

// maxWords bounds what one entry is found by.
const maxWords = 60

// words are what an entry is found by: its key, its source's code, every word of its texts.
func (r Register) words(e Entry) []string {
	var out []string
	add := func(text string) {
		for _, w := range strings.Fields(i18n.Fold(text)) {
			if w = strings.Trim(w, ".,;:()\""); w != "" && len(w) <= 60 {
				out = append(out, w)
			}
		}
	}
	add(e.Key)
	add(e.Source.Code)
	for _, f := range r.Fields {
		if f.Type == "text" || f.Type == "number" {
			add(e.Values.Text(f.ID))
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), maxWords)]
}
