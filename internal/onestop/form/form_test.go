package form_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/onestop/form"
)

const sample = `
pages:
  - id: child
    fields:
      - {id: child.registrationUnit, type: unit, tier: commune, required: true}
      - {id: child.name, type: person-name, required: true}
      - {id: child.dob, type: date, required: true, max: today, rules: [{assert: "child.dob >= today() - duration(\"P60D\")", msg: late, level: warn}]}
      - {id: child.sex, type: code, list: sex, widget: radios, required: true}
      - {id: child.homeBirth, type: yesno, required: true}
      - {id: child.birthPlace, type: address, when: "not(child.homeBirth)"}
  - id: parents
    when: case != "abandoned"
    fields:
      - {id: mother, type: person, required: true, suggest: [population], lock: [name, dob]}
      - {id: siblings, type: list, item: person-brief, max: 2}
      - {id: fee, type: money}
      - {id: born, type: computed, value: "string length(child.name)"}
  - id: contact
    fields:
      - {id: phone, type: phone, suggest: [profile]}
      - {id: email, type: email}
      - {id: notes, type: long-text, maxLength: 20}
      - {id: truth, type: yesno, widget: checkbox, required: true, askAgain: true}
  - {id: papers, type: papers}
  - {id: review, type: review}
officer:
  supplement: {fields: [{id: items, type: pick-papers, required: true}, {id: reason, type: text, required: "child.homeBirth"}]}
`

func papers() []form.PaperDef {
	yes := decl.Text{S: "true", Pos: decl.Pos{Line: 1}}
	return []form.PaperDef{
		{ID: "birthSlip", When: decl.Text{S: `not(child.homeBirth)`, Pos: decl.Pos{Line: 1}}, Required: yes, OneOf: "proof", MaxMB: 1},
		{ID: "witness", Required: yes, OneOf: "proof"},
		{ID: "identity", Required: yes, ShownOnly: true},
	}
}

// anyText answers every key with itself, so that tests need no texts.
type anyText struct{}

func (anyText) Label(key string) (decl.Label, bool) {
	if strings.HasPrefix(key, "hint.") || strings.HasPrefix(key, "intro.") || strings.Contains(key, "mother.") || strings.Contains(key, "birthPlace.") {
		return decl.Label{}, false
	}
	return decl.Label{VI: key, EN: key}, true
}

type units struct{}

func (units) Unit(code string, _ clock.Date) (form.Unit, bool) {
	switch code {
	case "00118":
		return form.Unit{Code: code, Name: "Phường Bồ Đề", Full: "Phường Bồ Đề, Thành phố Hà Nội", Tier: "commune"}, true
	case "01":
		return form.Unit{Code: code, Name: "Thành phố Hà Nội", Tier: "city"}, true
	}
	return form.Unit{}, false
}

func (u units) Choices(string, clock.Date) []form.Unit {
	v, _ := u.Unit("00118", clock.Date{})
	return []form.Unit{v}
}

func (u units) Above(code, tier string, on clock.Date) (form.Unit, bool) {
	v, ok := u.Unit(code, on)
	return v, ok && v.Tier == tier
}

func compile(t testing.TB, src string) (*form.Form, decl.Problems) {
	t.Helper()
	var def form.Definition
	if ps := decl.Decode("form.yaml", []byte(src), &def); len(ps) > 0 {
		t.Fatal(ps)
	}
	return form.Compile(def, form.Options{File: "form.yaml", Texts: anyText{}, Papers: papers()})
}

func must(t testing.TB) *form.Form {
	t.Helper()
	f, ps := compile(t, sample)
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	return f
}

func env() form.Env {
	return form.Env{
		Now: time.Date(2026, 11, 20, 14, 0, 0, 0, clock.Zone), Case: "normal", Channel: "online", Units: units{},
		Files: []form.File{{Paper: "birthSlip", Name: "a.pdf", Type: "pdf", Size: 1000}},
	}
}

const good = `{"child.registrationUnit": "00118", "child": {"name": "Nguyễn Minh An", "dob": "2026-10-01", "sex": "female", "homeBirth": false},
	"mother.id": "999 196 000001", "phone": "+84 912 345 678", "fee": "150.000", "truth": true}`

func parse(t testing.TB, f *form.Form, raw string) form.Answers {
	t.Helper()
	a, err := f.ParseJSON([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func keys(fields []errs.Field) []string {
	var out []string
	for _, f := range fields {
		out = append(out, f.Path+" "+strings.TrimPrefix(f.Key, "form."))
	}
	return out
}

func TestValidateGivesCanonicalAnswers(t *testing.T) {
	t.Parallel()
	f := must(t)
	r := f.Validate(parse(t, f, good), env())
	if r.Err() != nil {
		t.Fatal(keys(r.Errors))
	}
	got := map[string]string{}
	for _, p := range r.Answers.Paths() {
		got[p] = r.Answers.Text(p)
	}
	want := map[string]string{
		"child.registrationUnit": "00118", "child.name": "Nguyễn Minh An", "child.dob": "2026-10-01", "child.sex": "female", "child.homeBirth": "false",
		"mother.id": "999196000001", "phone": "0912345678", "fee": "150000", "truth": "true", "born": "14",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	raw, err := json.Marshal(r.Answers)
	if err != nil {
		t.Fatal(err)
	}
	var back form.Answers
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r.Answers, back); d != "" {
		t.Errorf("JSON: %s", d)
	}
	again, _ := json.Marshal(back)
	if string(again) != string(raw) {
		t.Errorf("JSON is not stable: %s %s", raw, again)
	}
}

func TestValidateNamesEveryFault(t *testing.T) {
	t.Parallel()
	f := must(t)
	for name, tc := range map[string]struct {
		change string // laid over the good answers; null takes one away
		env    func(*form.Env)
		want   []string
		warn   []string
	}{
		"nothing wrong":        {change: `{}`},
		"required":             {change: `{"child.name": null, "mother.id": null}`, want: []string{"child.name error.required", "mother.name error.required"}},
		"legacy letters":       {change: `{"child.name": "NguyÔn V¨n A"}`, want: []string{"child.name error.name"}},
		"future":               {change: `{"child.dob": "2026-11-21"}`, want: []string{"child.dob error.future"}},
		"no such day":          {change: `{"child.dob": "2026-02-30"}`, want: []string{"child.dob error.date"}},
		"late is a warning":    {change: `{"child.dob": "2026-09-01"}`, warn: []string{"child.dob rule"}},
		"unit of another tier": {change: `{"child.registrationUnit": "01"}`, want: []string{"child.registrationUnit error.unit"}},
		"unit of another time": {change: `{"child.registrationUnit": "00133"}`, want: []string{"child.registrationUnit error.unitGone"}},
		"code":                 {change: `{"child.sex": "x"}`, want: []string{"child.sex error.code"}},
		"kind":                 {change: `{"child.name": 5}`, want: []string{"child.name error.type"}},
		"number of a person":   {change: `{"mother.id": "123"}`, want: []string{"mother.id error.personId"}},
		"year and number":      {change: `{"mother.dob": "1990"}`, warn: []string{"mother.dob warn.idYear"}},
		"too long":             {change: `{"notes": "123456789012345678901"}`, want: []string{"notes error.tooLong"}},
		"declaration refused":  {change: `{"truth": false}`, want: []string{"truth error.required"}},
		"rows":                 {change: `{"siblings": [{"name": "Nguyễn An", "dob": "20x0"}, {"nam": "b"}]}`, want: []string{"siblings.0.dob error.partialDate", "siblings.1.name error.required", "siblings.1.nam error.unknownField"}},
		"too many rows":        {change: `{"siblings": [{"name": "An An"}, {"name": "An An"}, {"name": "An An"}]}`, want: []string{"siblings error.tooMany"}},
		"one of the papers":    {change: `{}`, env: func(e *form.Env) { e.Files = nil }, want: []string{"papers.birthSlip error.paperOneOf"}},
		"the other paper":      {change: `{"child.homeBirth": true}`, want: []string{"papers.birthSlip error.paperUnknown", "papers.witness error.paperOneOf"}},
		"paper too large":      {change: `{}`, env: func(e *form.Env) { e.Files[0].Size = 2 << 20 }, want: []string{"papers.birthSlip error.paperSize"}},
		"paper of wrong kind":  {change: `{}`, env: func(e *form.Env) { e.Files[0].Type = "exe" }, want: []string{"papers.birthSlip error.paperType"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := parse(t, f, good)
			var change map[string]any
			if err := json.Unmarshal([]byte(tc.change), &change); err != nil {
				t.Fatal(err)
			}
			for k, v := range change {
				delete(a, k)
				if v == nil {
					delete(change, k)
				}
			}
			raw, _ := json.Marshal(change)
			e := env()
			if tc.env != nil {
				tc.env(&e)
			}
			r := f.Validate(a.With(parse(t, f, string(raw))), e)
			if d := cmp.Diff(tc.want, keys(r.Errors)); d != "" {
				t.Errorf("errors: %s", d)
			}
			if d := cmp.Diff(tc.warn, keys(r.Warnings)); d != "" {
				t.Errorf("warnings: %s", d)
			}
		})
	}
}

func TestHiddenAnswersAreDroppedAndNamed(t *testing.T) {
	t.Parallel()
	f := must(t)
	a := parse(t, f, good).With(parse(t, f, `{"child.homeBirth": true, "child.birthPlace.line": "Bệnh viện"}`))
	e := env()
	e.Files[0].Paper = "witness"
	r := f.Validate(a, e)
	if d := cmp.Diff([]string{"child.birthPlace.line"}, r.Dropped); d != "" || len(r.Errors) > 0 {
		t.Error(d, keys(r.Errors))
	}
	if _, kept := r.Answers["child.birthPlace.line"]; kept {
		t.Error("the answer is named as dropped and kept all the same")
	}
	if _, kept := a["child.birthPlace.line"]; !kept {
		t.Error("Validate wrote to its argument")
	}
	e.Case = "abandoned"
	if r = f.Validate(a, e); !slices.Contains(r.Dropped, "mother.id") || len(r.Errors) > 0 {
		t.Errorf("a page that does not apply: dropped %v, errors %v", r.Dropped, keys(r.Errors))
	}
	for _, p := range f.Pages(a, e) {
		if p.ID == "parents" {
			t.Error("the page is still offered")
		}
	}
}

func TestParseJSONRefuses(t *testing.T) {
	t.Parallel()
	f := must(t)
	for raw, want := range map[string]string{
		`{"child.nam": "x"}`:            "child.nam error.unknownFieldNear",
		`{"zzz": {"deep": {"er": 1}}}`:  "zzz.deep.er error.unknownField",
		`{"born": 3}`:                   "born error.unknownField",
		`[1]`:                           "",
		`{"child.name": "x"} {}`:        "",
		`{"child": {"name": "x"}, "":1`: "",
	} {
		_, err := f.ParseJSON([]byte(raw))
		e, ok := errs.As(err)
		if !ok || e.Kind != errs.Invalid || want != "" && (len(e.Fields) != 1 || !strings.HasPrefix(keys(e.Fields)[0], want)) {
			t.Errorf("%s: %v", raw, err)
		}
	}
	a := parse(t, f, `{"mother.name": {"v": "An", "from": "register"}, "child.name": "Nguyễn An\u200b\ufeff"}`)
	if a["mother.name"].From != form.Typed {
		t.Error("a sender may not claim an origin")
	}
	if got := a.Text("child.name"); got != "Nguyễn An" {
		t.Errorf("not normalised: %q", got)
	}
}

func TestParsePageKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	f := must(t)
	prev := form.Answers{
		"mother.name": {Value: "Nguyễn Thị Hạnh", From: form.Register},
		"mother.dob":  {Value: "1996", From: form.Register},
		"phone":       {Value: "0912345678", From: form.Profile},
		"notes":       {Value: "một"},
	}
	a := f.ParsePage("child", url.Values{
		"child.name": {" Nguyễn  An "}, "child.dob.day": {"31"}, "child.dob.month": {"2"}, "child.dob.year": {"2026"},
		"child.homeBirth": {"no"}, "notes": {"của trang khác"}, "evil": {"x"},
	}, prev, env())
	if a.Text("child.dob") != "2026-02-31" || a["child.homeBirth"].Value != false || a.Text("notes") != "một" || a.Text("evil") != "" {
		t.Errorf("%+v", a)
	}
	page, ok := f.Render("child", a, f.ValidatePage("child", a, env()).Errors, env())
	if !ok {
		t.Fatal("no page")
	}
	for _, fl := range page.Fields {
		switch fl.Path {
		case "child.dob":
			if fl.Day != "31" || fl.Month != "2" || fl.Year != "2026" || len(fl.Error) != 1 {
				t.Errorf("%+v", fl)
			}
		case "child.birthPlace":
			if fl.ShownBy == nil || *fl.ShownBy != (form.Reveal{Path: "child.homeBirth", Value: "no"}) || len(fl.Parts) != 2 {
				t.Errorf("%+v", fl)
			}
		}
	}

	a = f.ParsePage("parents", url.Values{"mother.name": {"Giả Mạo"}, "mother.dob.year": {"1996"}, "siblings.0.name": {"Nguyễn Bình"}}, prev, env())
	if a.Text("mother.name") != "Nguyễn Thị Hạnh" || a["mother.name"].From != form.Register {
		t.Error("typed over what a register had filled")
	}
	a = f.ParsePage("contact", url.Values{"phone": {"0912 345 678"}, "notes": {"hai"}}, prev, env())
	if a["phone"].From != form.Profile || a["notes"].Value != "hai" {
		t.Errorf("an unchanged answer lost its origin, or a changed one kept its value: %+v", a)
	}
}

func TestOfficerReadsTheApplicantsAnswers(t *testing.T) {
	t.Parallel()
	f := must(t)
	o, ok := f.Officer("verify", "supplement")
	if !ok {
		t.Fatal("no form")
	}
	e := env()
	e.Dossier = form.Answers{"child.homeBirth": {Value: true}}
	r := o.Validate(parse(t, o, `{"items": ["birthSlip"]}`), e)
	if d := cmp.Diff([]string{"reason error.required"}, keys(r.Errors)); d != "" {
		t.Error(d)
	}
	e.Dossier = nil
	if r = o.Validate(parse(t, o, `{"items": ["birthSlip"]}`), e); !r.OK() {
		t.Error(keys(r.Errors))
	}
	if r = o.Validate(parse(t, o, `{"items": ["other"]}`), e); r.OK() {
		t.Error("took a paper that the dossier does not have")
	}
}

func TestLinesSayAnswersInBothLanguages(t *testing.T) {
	t.Parallel()
	f := must(t)
	r := f.Validate(parse(t, f, good), env())
	got := map[string]string{}
	for _, l := range f.Lines(r.Answers, env()) {
		got[l.Path] = l.Text.VI + " | " + l.Text.EN
	}
	for path, want := range map[string]string{
		"child.sex": "Nữ | Female", "child.registrationUnit": "Phường Bồ Đề, Thành phố Hà Nội | Phường Bồ Đề, Thành phố Hà Nội", "truth": "Có | Yes",
	} {
		if got[path] != want {
			t.Errorf("%s: %q, want %q", path, got[path], want)
		}
	}
}

func TestCompileSaysWhatAndWhere(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ fields, want string }{
		"type":         {`{id: a, type: persn}`, "form.yaml:5:9: error: a: form.lint.typeNear nearest=person type=persn"},
		"inner type":   {`{id: a, type: account-number}`, "form.lint.type"},
		"source":       {`{id: a, type: text, suggest: [populaton]}`, "form.lint.source known=population source=populaton"},
		"ask again":    {`{id: a, type: yesno, askAgain: true, suggest: [profile]}`, "form.lint.askAgain"},
		"rows":         {`{id: a, type: list, item: person-brief, min: 3, max: 2}`, "form.lint.rowCount"},
		"item":         {`{id: a, type: list, item: computed}`, "form.lint.item"},
		"column":       {`{id: a, type: list, columns: [{id: b.c, type: text}]}`, "form.lint.columnId"},
		"plain column": {`{id: a, type: list, columns: [{id: b, type: text, when: "true"}]}`, "form.lint.columnPlain"},
		"id":           {`{id: a-b, type: text}`, "form.lint.id id=a-b"},
		"twice":        {"{id: a, type: text}\n      - {id: a, type: text}", "form.yaml:6:9: error: a: form.lint.idTwice"},
		"group":        {"{id: a, type: text}\n      - {id: a.b, type: text}", "form.lint.idPrefix"},
		"list":         {`{id: a, type: code, list: colours}`, "form.lint.list list=colours"},
		"path":         {"{id: a, type: yesno}\n      - {id: b, type: text, when: \"not(aa)\"}", "error: b.when: form.lint.feel"},
		"not boolean":  {"{id: a, type: yesno}\n      - {id: b, type: text, when: \"1 + 1\"}", "form.lint.notCondition"},
		"asked later":  {"{id: b, type: text, when: a}\n      - {id: a, type: yesno}", "form.lint.forward path=a"},
		"never":        {`{id: a, type: text, when: false}`, "form.lint.never"},
		"bound":        {`{id: a, type: date, max: tomorow}`, "form.lint.bound value=tomorow"},
		"unknown part": {`{id: a, type: person, need: [age]}`, "form.lint.part"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, ps := compile(t, "pages:\n  - id: p\n    fields:\n\n      - "+tc.fields+"\n  - {id: review, type: review}\n")
			if f != nil || !slices.ContainsFunc(ps, func(p decl.Problem) bool { return strings.Contains(p.String(), tc.want) }) {
				t.Errorf("got %v, want %s", ps, tc.want)
			}
		})
	}
}

func TestMessagesInBothLanguages(t *testing.T) {
	t.Parallel()
	b, err := i18n.NewBundle(form.Messages)
	if err != nil {
		t.Fatal(err)
	}
	f := must(t)
	for _, e := range f.Validate(form.Answers{}, env()).Errors {
		if s := b.Map(i18n.VI, e.Key, e.Params); strings.Contains(s, "{") || s == e.Key {
			t.Errorf("%s: %q", e.Key, s)
		}
	}
}

func FuzzParseAndValidate(f *testing.F) {
	fm := must(f)
	f.Add(good)
	f.Add(`{"siblings":[[],{"dob":{}}],"child":{"dob":"0000-00-00"},"fee":-1e400}`)
	f.Add(`{"siblings":[{"of no question":"x"}]}`)
	f.Fuzz(func(t *testing.T, raw string) {
		a, err := fm.ParseJSON([]byte(raw))
		if err != nil {
			return
		}
		r := fm.Validate(a, env())
		again := fm.Validate(r.Answers, env())
		if d := cmp.Diff(r.Answers, again.Answers); d != "" {
			t.Errorf("not canonical: %s", d)
		}
		for _, p := range fm.Pages(r.Answers, env()) {
			fm.Render(p.ID, a, r.Errors, env())
		}
		fm.Lines(a, env())
	})
}

// sixty is a form of 60 fields with conditions and rules, near 2 KB of answers.
func sixty(b *testing.B) (*form.Form, []byte) {
	b.Helper()
	var src strings.Builder
	src.WriteString("pages:\n  - id: p\n    fields:\n      - {id: home, type: yesno, required: true}\n      - {id: born, type: date, required: true, max: today, rules: [{assert: \"born >= date(\\\"2020-01-01\\\")\", msg: late}]}\n")
	answers := map[string]any{"home": true, "born": "2026-10-01"}
	for i := range 58 {
		id := "f" + string(rune('a'+i/26)) + string(rune('a'+i%26))
		typ := []string{"text", "person-name", "phone", "code, list: ethnicity"}[i%4]
		when := ""
		if i%6 == 0 {
			when = ", when: \"home and born > date(\\\"2000-01-01\\\")\""
		}
		src.WriteString("      - {id: " + id + ", type: " + typ + ", required: true" + when + "}\n")
		answers[id] = []any{"Số 12, ngõ 34, phố Ngọc Lâm, Long Biên", "Nguyễn Thị Minh Hạnh", "0912345678", "01"}[i%4]
	}
	src.WriteString("  - {id: review, type: review}\n")
	var def form.Definition
	if ps := decl.Decode("form.yaml", []byte(src.String()), &def); len(ps) > 0 {
		b.Fatal(ps)
	}
	f, ps := form.Compile(def, form.Options{Texts: anyText{}})
	if len(ps) > 0 {
		b.Fatal(ps)
	}
	raw, err := json.Marshal(answers)
	if err != nil {
		b.Fatal(err)
	}
	return f, raw
}

func BenchmarkForm(b *testing.B) {
	f, raw := sixty(b)
	a, err := f.ParseJSON(raw)
	if err != nil {
		b.Fatal(err)
	}
	e := form.Env{Now: env().Now, Case: "normal"}
	if r := f.Validate(a, e); !r.OK() {
		b.Fatal(keys(r.Errors))
	}
	b.Logf("%d bytes", len(raw))
	b.Run("validate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.Validate(a, e)
		}
	})
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := f.ParseJSON(raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("store", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(a); err != nil {
				b.Fatal(err)
			}
		}
	})
}
