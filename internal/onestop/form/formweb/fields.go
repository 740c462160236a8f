package formweb

import (
	"context"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/onestop/form"
)

func say(ctx context.Context, l decl.Label) string { return l.In(i18n.LangOf(ctx)) }

// Sentence says a message of a form; labels among its parameters are put into the
// reader's language.
func Sentence(ctx context.Context, key string, params map[string]any) string {
	kv := make([]any, 0, 2*len(params))
	for name, v := range params {
		if l, ok := v.(decl.Label); ok {
			v = say(ctx, l)
		}
		kv = append(kv, name, v)
	}
	return i18n.T(ctx, key, kv...)
}

func sentences(ctx context.Context, ms []form.Message) string {
	switch len(ms) {
	case 0:
		return ""
	case 1:
		return Sentence(ctx, ms[0].Key, ms[0].Params)
	}
	parts := make([]string, len(ms))
	for i, m := range ms {
		parts[i] = Sentence(ctx, m.Key, m.Params)
	}
	return strings.Join(parts, " ")
}

// looks are what a type of field adds to its box; what is not here fills its column.
//
//nolint:gochecknoglobals // immutable table
var looks = map[string]ui.Field{
	"number":         {Width: ui.Width5},
	"money":          {Width: ui.Width10, Suffix: "đồng"},
	"person-id":      {Width: ui.Width20},
	"tax-code":       {Width: ui.Width20},
	"phone":          {Width: ui.Width20, Type: "tel"},
	"time":           {Width: ui.Width5},
	"person-name":    {Width: ui.WidthTwo, Capitals: "words"},
	"email":          {Width: ui.WidthTwo, Type: "email", Capitals: "none"},
	"vehicle-plate":  {Width: ui.Width10, Capitals: "characters"},
	"account-number": {Width: ui.Width20, Capitals: "characters"},
	"account-holder": {Width: ui.WidthTwo, Capitals: "characters"},
	"geo-point":      {Width: ui.Width20},
	"text":           {Width: ui.WidthTwo},
}

// ofSelf are types whose box a browser would fill with the reader's own data: switched off
// where the question is about somebody else.
//
//nolint:gochecknoglobals // immutable table
var ofSelf = map[string]bool{"person-name": true, "phone": true, "email": true}

// field puts a question into the reader's language.
func field(ctx context.Context, scope string, f *form.Field) ui.Field {
	out := looks[f.Type]
	out.Name, out.Scope, out.Small = f.Path, scope, scope != ""
	out.Label, out.Hint = say(ctx, f.Label), say(ctx, f.Hint)
	out.Error, out.Warning = sentences(ctx, f.Error), sentences(ctx, f.Warning)
	out.Value, out.Values = f.Value, f.Chosen
	out.Optional, out.ReadOnly = !f.Required, f.Locked
	out.Mode, out.Complete, out.MaxLength = f.InputMode, f.Autocomplete, f.MaxLength
	if out.Complete == "" && ofSelf[f.Type] {
		out.Complete = "off"
	}
	switch f.Widget {
	case form.WidgetDate, form.WidgetPartialDate:
		out.Value = f.Day + "/" + f.Month + "/" + f.Year
	case form.WidgetRadios:
		out.Inline = len(f.Options) == 2
	}
	if len(f.Options) > 0 {
		out.Options = make([]ui.Option, len(f.Options))
		for i, o := range f.Options {
			out.Options[i].Value, out.Options[i].Label = o.Value, say(ctx, o.Label)
		}
	}
	out.Source = source(ctx, f)
	return out
}

// Origin says where an answer came from, when, and under which consent; empty for one that
// was typed with the form.
func Origin(ctx context.Context, l form.Line) string {
	switch l.From {
	case form.Typed:
		return ""
	case form.Computed:
		return i18n.T(ctx, "form.from.computed")
	}
	s := origin(ctx, l.From, l.At)
	if l.Consent != "" {
		s += ", " + i18n.T(ctx, "form.ui.consent", "ref", l.Consent)
	}
	return i18n.T(ctx, "ui.source", "source", s)
}

func origin(ctx context.Context, from form.Origin, at time.Time) string {
	s := i18n.T(ctx, "form.from."+from.String())
	if at.IsZero() {
		return s
	}
	return i18n.T(ctx, "form.ui.source", "source", s, "date", i18n.Date(i18n.LangOf(ctx), clock.DateOf(at)))
}

// NewsText says what a page that was sent has not shown yet; empty where it showed all.
func NewsText(ctx context.Context, n form.News) string {
	switch {
	case len(n.Asked) > 0:
		names := make([]string, len(n.Asked))
		for i, l := range n.Asked {
			names[i] = say(ctx, l)
		}
		return i18n.T(ctx, "form.ui.news", "fields", strings.Join(names, ", "))
	case len(n.Warned) > 0:
		return i18n.T(ctx, "form.ui.warned")
	}
	return ""
}

// Anchor is the place of a page to return to after a button that changed it: "#f-siblings.2".
func Anchor(sent url.Values, a form.Answers) string {
	words := strings.Fields(sent.Get(form.EditName))
	if len(words) < 2 {
		return ""
	}
	at := words[1]
	if rows, ok := a[at].Value.([]any); ok && words[0] == form.EditAdd && len(rows) > 0 {
		at += "." + strconv.Itoa(len(rows)-1)
	}
	return "#" + url.PathEscape(ui.ID(at))
}

// source says where a value came from, and when: "hồ sơ trước, 12/10/2026".
func source(ctx context.Context, f *form.Field) string {
	if f.From == form.Typed || f.From == form.Computed || f.Value == "" && len(f.Chosen) == 0 && len(f.Rows) == 0 {
		return ""
	}
	return origin(ctx, f.From, f.At)
}

// one draws one question.
func one(scope string, f *form.Field) templ.Component {
	switch f.Widget {
	case form.WidgetGroup:
		return composite(scope, f)
	case form.WidgetRows:
		return rows(scope, f)
	case form.WidgetUnit:
		return unit(scope, f)
	case form.WidgetPoint:
		return point(scope, f)
	case form.WidgetFile:
		return file(scope, f)
	case form.WidgetOutput:
		return output(scope, f)
	}
	return simple{scope, f}
}

// simple is a question of one box, or of one set of boxes.
type simple struct {
	scope string
	f     *form.Field
}

// Render draws it.
func (s simple) Render(ctx context.Context, w io.Writer) error {
	f := field(ctx, s.scope, s.f)
	switch s.f.Widget {
	case form.WidgetTextarea:
		return ui.Textarea(f).Render(ctx, w)
	case form.WidgetDate, form.WidgetPartialDate:
		return ui.DateInput(f).Render(ctx, w)
	case form.WidgetRadios:
		return ui.Radios(f).Render(ctx, w)
	case form.WidgetSelect:
		return ui.Select(f).Render(ctx, w)
	case form.WidgetCheckbox, form.WidgetCheckboxes:
		return ui.Checkboxes(f).Render(ctx, w)
	}
	return ui.Input(f).Render(ctx, w)
}

func regionID(scope string) string { return scope + "questions" }

func joined(words []string) string { return strings.Join(words, " ") }

// editable reports whether a page has buttons of its own before the one that goes on.
func editable(fs []form.Field) bool {
	return slices.ContainsFunc(fs, func(f form.Field) bool {
		return f.Widget == form.WidgetRows || f.Finds || len(f.Files) > 0 || editable(f.Parts)
	})
}

func rowID(scope string, f *form.Field, i int) string {
	return ui.ID(scope + f.Path + "." + strconv.Itoa(i))
}

func rowTitle(ctx context.Context, f *form.Field, i int) string {
	return strings.ReplaceAll(say(ctx, f.RowLabel), "{n}", strconv.Itoa(i+1))
}

func rowsDescribed(scope string, f *form.Field) string {
	var ids []string
	if !f.Hint.IsZero() {
		ids = append(ids, ui.ID(scope+f.Path)+"-hint")
	}
	if len(f.Error) > 0 {
		ids = append(ids, ui.ID(scope+f.Path)+"-error")
	}
	return joined(ids)
}

// matches are the units that a typed name may mean.
func matches(ctx context.Context, scope string, f *form.Field) ui.Field {
	out := field(ctx, scope, f)
	out.Hint = i18n.T(ctx, "form.ui.findResult", "name", f.Query)
	out.Inline, out.Options = false, nil
	for _, m := range f.Matches {
		o := ui.Option{Value: m.Unit.Code, Label: m.Unit.Name}
		if m.Was != "" {
			o.Hint = i18n.T(ctx, "form.ui.formerly", "was", m.Was)
		}
		out.Options = append(out.Options, o)
	}
	return out
}

func files(ctx context.Context, f *form.Field) []ui.File {
	out := make([]ui.File, 0, len(f.Files))
	for _, x := range f.Files {
		out = append(out, ui.File{Name: x.Name, Size: FileSize(ctx, x.Size), Remove: f.Path + "/" + x.SHA256})
	}
	return out
}

func upload(ctx context.Context, scope string, f *form.Field) ui.Field {
	out := field(ctx, scope, f)
	if f.File == nil {
		return out
	}
	what := i18n.T(ctx, "form.ui.accept", "types", strings.ToUpper(strings.Join(f.File.Accept, ", ")), "mb", int(f.File.MaxBytes>>20))
	out.Hint = strings.TrimSpace(out.Hint + " " + what)
	out.Accept, out.Multiple = Accept(f.File.Accept), f.File.MaxFiles > 1
	return out
}

func outputText(ctx context.Context, f *form.Field) string {
	if s := say(ctx, f.Text); s != "" {
		return s
	}
	return i18n.T(ctx, "form.ui.notGiven")
}
