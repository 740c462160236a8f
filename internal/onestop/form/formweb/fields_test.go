package formweb_test

import (
	"context"
	"strings"
	"testing"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/onestop/form"
	"khue/internal/onestop/form/formweb"
)

func both(s string) decl.Label { return decl.Label{VI: s, EN: s + " (en)"} }

func draw(t *testing.T, l i18n.Lang, fields ...form.Field) string {
	t.Helper()
	b, err := i18n.NewBundle(ui.Messages, form.Messages)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := formweb.Fields("", fields).Render(i18n.WithLang(context.Background(), b, l), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestFields(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		field form.Field
		want  []string
		not   []string
	}{
		"what was typed stays, with its fault": {
			form.Field{Path: "child.dob", Widget: form.WidgetDate, Label: both("Ngày sinh"), Day: "31", Month: "2", Year: "2026",
				Error: []form.Message{{Key: "form.error.date", Params: map[string]any{"label": both("Ngày sinh")}}}},
			[]string{`name="child.dob.day"`, `value="31"`, `name="child.dob.year"`, `value="2026"`, "there is no such day", `aria-invalid="true"`}, nil,
		},
		"a consent is one box": {
			form.Field{Path: "truth", Widget: form.WidgetCheckbox, Label: both("Cam đoan"), Options: []form.Option{{Value: "yes", Label: both("Có")}}, Chosen: []string{"yes"}},
			[]string{`type="checkbox"`, `value="yes"`, "checked"}, []string{`value="no"`},
		},
		"hostile text is text": {
			form.Field{Path: "a", Widget: form.WidgetText, Label: both("A"), Value: `"><script>alert(1)</script>`},
			[]string{"&lt;script&gt;"}, []string{"<script>"},
		},
		"keyboard and autofill": {
			form.Field{Path: "phone", Type: "phone", Widget: form.WidgetText, Label: both("Điện thoại"), InputMode: "tel", Autocomplete: "tel", Required: true},
			[]string{`inputmode="tel"`, `autocomplete="tel"`, `type="tel"`}, []string{"optional"},
		},
		"a group is a fieldset": {
			form.Field{Path: "mother", Widget: form.WidgetGroup, Label: both("Mẹ"), Parts: []form.Field{{Path: "mother.name", Widget: form.WidgetText, Label: both("Họ tên")}}},
			[]string{"<fieldset", "<legend", `name="mother.name"`}, nil,
		},
		"revealed by an answer": {
			form.Field{Path: "b", Widget: form.WidgetText, Label: both("B"), ShownBy: &form.Reveal{Path: "a", Value: "no"}},
			[]string{`data-kh-when="a"`, `data-kh-is="no"`}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			html := draw(t, i18n.EN, tc.field)
			for _, w := range tc.want {
				if !strings.Contains(html, w) {
					t.Errorf("no %s in %s", w, html)
				}
			}
			for _, n := range tc.not {
				if strings.Contains(html, n) {
					t.Errorf("%s in %s", n, html)
				}
			}
			if vi := draw(t, i18n.VI, tc.field); strings.Contains(vi, "(en)") {
				t.Errorf("English on a Vietnamese page: %s", vi)
			}
		})
	}
}
