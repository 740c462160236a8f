// Package formtest builds forms for tests and measurements of others.
//
// It owns nothing and stands in no program. What must not come here: checks of forms
// (they are form's own tests).
package formtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/onestop/form"
)

// Texts answers every key with itself in both languages, so that a form needs no texts;
// hints and introductions stay out.
type Texts struct{}

// Label is the key as its own label.
func (Texts) Label(key string) (decl.Label, bool) {
	if strings.HasPrefix(key, "hint.") || strings.HasPrefix(key, "intro.") || strings.HasPrefix(key, "row.") {
		return decl.Label{}, false
	}
	return decl.Label{VI: key, EN: key}, true
}

// Compile compiles the text of a form.yaml with Texts.
func Compile(src string, opt form.Options) (*form.Form, error) {
	var def form.Definition
	if ps := decl.Decode("form.yaml", []byte(src), &def); len(ps) > 0 {
		return nil, problems(ps)
	}
	if opt.Texts == nil {
		opt.Texts = Texts{}
	}
	f, ps := form.Compile(def, opt)
	if ps.Failed() {
		return nil, problems(ps)
	}
	return f, nil
}

func problems(ps decl.Problems) error {
	var all []error
	for _, p := range ps {
		all = append(all, errors.New(p.String()))
	}
	return errors.Join(all...)
}

// Sixty is a form of one page "p" with 60 fields, ten conditions and a rule, and right
// answers to it as a page sends them, near 2 KB.
func Sixty() (*form.Form, form.Answers, form.Env, error) {
	env := form.Env{Now: time.Date(2026, 11, 20, 14, 0, 0, 0, clock.Zone), Case: "normal", Channel: "online"}
	var src strings.Builder
	src.WriteString(`pages:
  - id: p
    fields:
      - {id: home, type: yesno, required: true}
      - {id: born, type: date, required: true, max: today, rules: [{assert: "born >= date(\"2020-01-01\")", msg: late}]}
`)
	answers := map[string]any{"home": true, "born": "2026-10-01"}
	for i := range 58 {
		id := fmt.Sprintf("f%c%c", 'a'+i/26, 'a'+i%26)
		typ := []string{"text", "person-name", "phone", "code, list: sex, widget: radios", "money", "partial-date"}[i%6]
		when := ""
		if i%6 == 0 {
			when = `, when: "home and born > date(\"2000-01-01\")"`
		}
		fmt.Fprintf(&src, "      - {id: %s, type: %s, required: true%s}\n", id, typ, when)
		answers[id] = []any{"Số 12, ngõ 34, phố Ngọc Lâm, Long Biên", "Nguyễn Thị Minh Hạnh", "0912345678", "female", "150.000", "1990-05"}[i%6]
	}
	src.WriteString("  - {id: review, type: review}\n")
	f, err := Compile(src.String(), form.Options{})
	if err != nil {
		return nil, nil, env, err
	}
	raw, err := json.Marshal(answers)
	if err != nil {
		return nil, nil, env, err
	}
	a, err := f.ParseJSON(raw)
	if err != nil {
		return nil, nil, env, err
	}
	if err := f.Validate(a, env).Err(); err != nil {
		return nil, nil, env, err
	}
	return f, a, env, nil
}
