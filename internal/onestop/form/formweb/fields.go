package formweb

import (
	"context"
	"strings"

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
	parts := make([]string, len(ms))
	for i, m := range ms {
		parts[i] = Sentence(ctx, m.Key, m.Params)
	}
	return strings.Join(parts, " ")
}

// widths by type of field; what is not here fills its column.
var widths = map[string]ui.Width{
	"number": ui.Width5, "money": ui.Width10, "person-id": ui.Width20, "tax-code": ui.Width20, "phone": ui.Width20, "time": ui.Width5,
	"person-name": ui.WidthTwo, "email": ui.WidthTwo, "vehicle-plate": ui.Width10, "text": ui.WidthTwo,
}

// field puts a question into the reader's language.
func field(ctx context.Context, scope string, f form.Field) ui.Field {
	out := ui.Field{
		Name: f.Path, Scope: scope, Small: scope != "", Label: say(ctx, f.Label), Hint: say(ctx, f.Hint), Error: sentences(ctx, f.Error), Value: f.Value, Values: f.Chosen,
		Optional: !f.Required, ReadOnly: f.Locked, Width: widths[f.Type], Mode: f.InputMode, Complete: f.Autocomplete, MaxLength: f.MaxLength,
	}
	switch f.Widget {
	case form.WidgetDate, form.WidgetPartialDate:
		out.Value = f.Day + "/" + f.Month + "/" + f.Year
	case form.WidgetRadios:
		out.Inline = len(f.Options) == 2
	}
	if f.Type == "phone" {
		out.Type = "tel"
	}
	if f.Type == "email" {
		out.Type = "email"
	}
	for _, o := range f.Options {
		out.Options = append(out.Options, ui.Option{Value: o.Value, Label: say(ctx, o.Label)})
	}
	if f.From != form.Typed && f.From != form.Computed && f.Value != "" {
		out.Source = i18n.T(ctx, "form.from."+f.From.String())
	}
	return out
}
