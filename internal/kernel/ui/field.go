package ui

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

// Field is one question of a form: every input component takes it. Name, Label and
// (where there is one) Value are always given; the rest as needed. All texts are in the
// reader's language already.
type Field struct {
	Name  string // form name; the id is ID(Name)
	Scope string // goes before the name in the id, "refuse-", where two forms of a page ask for the same name
	Label string
	Hint  string
	Error string // what is wrong and how to mend it; "" when fine
	// Warning is what the person should look at again; it stops nothing.
	Warning string

	// Value is what was typed, as text. DateInput takes an ISO date ("2026-10-01"), or
	// what was typed into the three boxes as "day/month/year" with any part empty.
	Value  string
	Values []string // Checkboxes: the options that are ticked
	// Options of Radios, Checkboxes and Select.
	Options []Option

	Optional bool   // says so after the label; required is never marked
	Heading  bool   // the label is the page's h1: one question a page
	Source   string // where a suggested value came from ("Hồ sơ H26.16-…"); shown beneath the field
	ReadOnly bool   // shown, sent, not editable
	Disabled bool   // shown, not sent

	Width     Width  // how long the answer is expected to be
	Type      string // "text" when empty; tel, email, password, search, number is never right
	Mode      string // inputmode: "numeric", "decimal", "tel", "email"
	Complete  string // autocomplete token of the HTML standard: "name", "bday", "tel"; "" leaves it out
	Capitals  string // autocapitalize: "words", "characters", "none"; "" leaves it to the device
	Prefix    string // before the box: "+84"
	Suffix    string // after the box: "đồng"
	MaxLength int    // characters; Textarea shows how many are left
	Rows      int    // of Textarea; 0 means 5
	Inline    bool   // Radios: side by side
	Small     bool   // Radios, Checkboxes: small, for filters; at the desk they always are
	Accept    string // FileUpload: ".pdf,.jpg,.png"
	MaxBytes  int64  // FileUpload: a larger file is refused before it is sent, where a script runs
	Multiple  bool   // FileUpload: several files; Select: several options
}

// Option is one choice of Radios, Checkboxes or Select.
type Option struct {
	Value    string
	Label    string
	Hint     string
	Divider  string          // a word before this option: "hoặc"
	Disabled bool            // shown, not selectable
	Reveal   templ.Component // shown beneath while the option is chosen; always shown without JavaScript
}

// Width is the visible width of a box.
type Width string

// The widths: a count of characters, or a share of the column. The zero value fills it.
const (
	WidthFull  Width = ""
	Width2     Width = "2"
	Width3     Width = "3"
	Width4     Width = "4"
	Width5     Width = "5"
	Width10    Width = "10"
	Width20    Width = "20"
	WidthHalf  Width = "half"
	WidthThird Width = "third"
	WidthTwo   Width = "two-thirds"
)

// ID is the id of the element that takes the focus for a field; error summaries link to it.
func ID(name string) string { return "f-" + name }

func (f Field) id() string { return ID(f.Scope + f.Name) }

// describedBy lists the ids of the hint, error and source of f, and of extra.
func (f Field) describedBy(extra ...string) string {
	var b strings.Builder
	add := func(id string) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(id)
	}
	if f.Hint != "" {
		add(f.id() + "-hint")
	}
	if f.Error != "" {
		add(f.id() + "-error")
	}
	if f.Source != "" {
		add(f.id() + "-source")
	}
	for _, id := range extra {
		add(id)
	}
	return b.String()
}

func (f Field) attrs(extra ...string) templ.Attributes {
	a := templ.Attributes{}
	if d := f.describedBy(extra...); d != "" {
		a["aria-describedby"] = d
	}
	if f.Error != "" {
		a["aria-invalid"] = "true"
	}
	if f.Mode != "" {
		a["inputmode"] = f.Mode
	}
	if f.Complete != "" {
		a["autocomplete"] = f.Complete
	}
	return a
}

func (f Field) inputType() string {
	if f.Type == "" {
		return "text"
	}
	return f.Type
}

func (f Field) rows() string {
	if f.Rows == 0 {
		return "5"
	}
	return strconv.Itoa(f.Rows)
}

func (f Field) ticked(value string) bool {
	for _, v := range f.Values {
		if v == value {
			return true
		}
	}
	return false
}

// dateParts reads Value for the three boxes of a date.
func (f Field) dateParts() (day, month, year string) {
	if p := strings.Split(f.Value, "-"); len(p) == 3 && len(p[0]) == 4 {
		return strings.TrimLeft(p[2], "0"), strings.TrimLeft(p[1], "0"), p[0]
	}
	p := strings.SplitN(f.Value, "/", 3)
	for len(p) < 3 {
		p = append(p, "")
	}
	return p[0], p[1], p[2]
}

// Problem is one entry of an error summary. Field is the form name that it belongs to,
// "" for the whole form.
type Problem struct{ Field, Text string }

// Problems is what is wrong with a form, in the order of its fields.
type Problems []Problem

// ProblemsOf says in the reader's language what an error found wrong with the input:
// its fields, or its own sentence where it names none. It is nil for a nil error.
func ProblemsOf(ctx context.Context, err error) Problems {
	if err == nil {
		return nil
	}
	e, ok := errs.As(err)
	if !ok {
		return Problems{{Text: i18n.T(ctx, "ui.error.unexpected")}}
	}
	say := func(key string, p errs.Params) string {
		if b := i18n.BundleOf(ctx); b != nil {
			return b.Map(i18n.LangOf(ctx), key, p)
		}
		return i18n.T(ctx, key)
	}
	if len(e.Fields) == 0 {
		return Problems{{Text: say(e.Key, e.Params)}}
	}
	ps := make(Problems, 0, len(e.Fields))
	for _, f := range e.Fields {
		ps = append(ps, Problem{Field: f.Path, Text: say(f.Key, f.Params)})
	}
	return ps
}

// Only keeps the problems of some fields, where a page has several forms.
func (ps Problems) Only(fields ...string) Problems {
	return slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return !slices.Contains(fields, p.Field) })
}

// For is the first problem of a field, "" when it has none.
func (ps Problems) For(field string) string {
	for _, p := range ps {
		if p.Field == field {
			return p.Text
		}
	}
	return ""
}
