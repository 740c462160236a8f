package form_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
	"khue/internal/onestop/form"
	"khue/internal/onestop/form/formtest"
)

// old knows one ward's name of before.
type old struct{ units }

func (u old) Find(name, _ string, on clock.Date) []form.Match {
	now, _ := u.Unit("00118", on)
	switch i18n.Fold(name) {
	case "bo de", "phuong bo de":
		return []form.Match{{Unit: now, Exact: true}}
	case "phuong ngoc lam":
		return []form.Match{{Unit: now, Was: "Phường Ngọc Lâm", Exact: true}}
	case "bo":
		return []form.Match{{Unit: now}}
	}
	return nil
}

func one(t testing.TB, field string) *form.Form {
	t.Helper()
	f, err := formtest.Compile("pages:\n  - id: p\n    fields:\n      - "+field+"\n  - {id: review, type: review}\n", form.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Each type brings what people write to one form, and says of the rest what is wrong.
func TestTypes(t *testing.T) {
	t.Parallel()
	e := env()
	e.Units = old{}
	for typ, tc := range map[string]struct {
		right map[string]string // typed: canonical
		wrong map[string]string // typed: key of the fault
	}{
		"text":      {map[string]string{" một  hai ": "một  hai"}, map[string]string{strings.Repeat("ă", 501): "tooLong", "a\x00b": "garbled", "a\u202eb": "garbled", "a\xffb": "garbled"}},
		"long-text": {map[string]string{"một\r\nhai": "một\nhai"}, map[string]string{strings.Repeat("ă", 4001): "tooLong"}},
		"number":    {map[string]string{"12,5": "12.5", "-3": "-3"}, map[string]string{"1e9": "number", "9999999999999999": "number", "12 cái": "number"}},
		"money":     {map[string]string{"150.000 đ": "150000", "1 500 000 đồng": "1500000"}, map[string]string{"-5": "money", "1,5": "money", "1234567890123456": "money"}},
		"time":      {map[string]string{"14:30": "14:30", "9h5": "09:05", "7 giờ": "07:00", "14.30": "14:30"}, map[string]string{"24:00": "time", "9": "time"}},
		"person-id": {map[string]string{"999 196 000 001": "999196000001"}, map[string]string{"000196000001": "personId", "99919600000": "personId"}},
		"tax-code": {map[string]string{"0100109106": "0100109106", "0100109106001": "0100109106-001", "999196000001": "999196000001"},
			map[string]string{"0100109107": "taxCode", "01001091": "taxCode"}},
		"phone":         {map[string]string{"+84 912 345 678": "0912345678", "024 3825 3536": "02438253536", "+1 202 555 0101": "+12025550101"}, map[string]string{"0112345678": "phone"}},
		"email":         {map[string]string{"ten@vidu.vn": "ten@vidu.vn"}, map[string]string{"ten@vidu": "email", "A <a@b.vn>": "email"}},
		"vehicle-plate": {map[string]string{"30a12345": "30A-123.45", "29-B1 123.45": "29B1-123.45", "29A-1234": "29A-1234", "29MĐ1 123.45": "29MĐ1-123.45", "tm 12 34": "TM-12-34", "80 123 NG 01": "80-123-NG-01"}, map[string]string{"ABC": "plate", "05A-123.45": "plate", "30A-12": "plate"}},
		"geo-point": {map[string]string{"21.03, 105.85": "21.03,105.85", "21,03; 105,85": "21.03,105.85", "105.85 21.03": "21.03,105.85", "21.0285112345 105.8542": "21.028511,105.8542"},
			map[string]string{"48.85, 2.35": "pointOutside", "hà nội": "point", "21.03": "point"}},
		"unit": {map[string]string{"00118": "00118", "bồ đề": "00118"}, map[string]string{"99999": "unitGone", "Phường Ngọc Lâm": "unitOld", "bo": "unitWhich", "Không Có": "unitName"}},
		"date": {map[string]string{"2026-10-01": "2026-10-01"}, map[string]string{"2026-02-30": "date", "1.10.2026": "date"}},
		"partial-date": {map[string]string{"1990": "1990", "1990-05": "1990-05", "1990-05-07": "1990-05-07"},
			map[string]string{"90": "partialDate", "1990-13": "partialDate"}},
		"yesno":                       {map[string]string{"yes": "true", "no": "false"}, map[string]string{"có lẽ": "yesno"}},
		"code, list: bank":            {map[string]string{"970436": "970436"}, map[string]string{"1": "code"}},
		"person-name":                 {map[string]string{"Nguyễn  Văn An": "Nguyễn Văn An", "D'Artagnan": "D'Artagnan"}, map[string]string{"Nguyễn V¨n A": "name", "A": "nameShort", "Иван": "name"}},
		"multi-code, list: sex":       {map[string]string{"male": `["male"]`}, map[string]string{"x": "code"}},
		"bank-account":                {nil, nil},
		"organisation":                {nil, nil},
		"person":                      {nil, nil},
		"person-brief":                {nil, nil},
		"address":                     {nil, nil},
		"file":                        {nil, nil},
		"list, item: code, list: sex": {nil, nil},
	} {
		f := one(t, "{id: a, type: "+typ+"}")
		for typed, want := range tc.right {
			res := f.Validate(f.ParsePage("p", url.Values{"a": {typed}}, nil, e), e)
			got := res.Answers.Text("a")
			if l := res.Answers.Strings("a"); len(l) > 0 {
				b, _ := json.Marshal(l)
				got = string(b)
			}
			if !res.OK() || got != want {
				t.Errorf("%s %q: %q %v, want %q", typ, typed, got, keys(res.Errors), want)
			}
		}
		b, _ := i18n.NewBundle(form.Messages)
		for typed, want := range tc.wrong {
			a := f.ParsePage("p", url.Values{"a": {typed}}, nil, e)
			res := f.Validate(a, e)
			if got := keys(res.Errors); !slices.Equal(got, []string{"a error." + want}) {
				t.Errorf("%s %q: %v, want %s", typ, typed, got, want)
				continue
			}
			for _, l := range i18n.Langs {
				if s := b.Map(l, res.Errors[0].Key, res.Errors[0].Params); strings.Contains(s, "{") || strings.Contains(s, "⟨") {
					t.Errorf("%s: %s", want, s)
				}
			}
			if p, ok := f.Render("p", a, res.Errors, e); !ok || len(p.Fields) != 1 || len(p.Fields[0].Error) == 0 {
				t.Errorf("%s %q: the fault does not stand at the field", typ, typed)
			}
		}
	}
}

func TestAccountAndOrganisation(t *testing.T) {
	t.Parallel()
	f := one(t, "{id: pay, type: bank-account, required: true}\n      - {id: firm, type: organisation, required: true}")
	res := f.Validate(f.ParsePage("p", url.Values{
		"pay.bank": {"970436"}, "pay.number": {"0011 0012 34567"}, "pay.holder": {"Nguyễn Thị Hòa"}, "firm.name": {"Công ty TNHH Mái Ấm"}, "firm.taxCode": {"0100109106"},
	}, nil, env()), env())
	if !res.OK() || res.Answers.Text("pay.number") != "0011001234567" || res.Answers.Text("pay.holder") != "NGUYEN THI HOA" {
		t.Error(keys(res.Errors), res.Answers)
	}
	if d := cmp.Diff([]string{"pay.bank error.required", "pay.number error.required", "pay.holder error.required", "firm.name error.required"}, keys(f.Validate(nil, env()).Errors)); d != "" {
		t.Error(d)
	}
}

const repeating = `{id: kids, type: list, item: person, parts: [name, dob, id, residence], min: "1", max: "3"}
      - {id: rooms, type: list, columns: [{id: use, type: text, required: true}, {id: area, type: number}, {id: at, type: address}]}
      - {id: total, type: computed, value: "sum(for r in rooms return r.area)"}
      - {id: when, type: text, when: "count(kids) > 1"}`

func TestRows(t *testing.T) {
	t.Parallel()
	f := one(t, repeating)
	e := env()
	press := func(a form.Answers, v url.Values) form.Answers {
		if !form.Stays(v) {
			t.Error("the button leaves the page")
		}
		return f.ParsePage("p", v, a, e)
	}
	rows := func(a form.Answers, path string) int {
		p, _ := f.Render("p", a, nil, e)
		for _, x := range p.Fields {
			if x.Path == path {
				return len(x.Rows)
			}
		}
		return -1
	}
	if rows(nil, "kids") != 1 || rows(nil, "rooms") != 0 {
		t.Error("a list draws the rows that it must have, and no more")
	}
	a := press(nil, url.Values{form.EditName: {"add kids"}, "kids.rows": {"1"}, "kids.0.name": {"Nguyễn An"}})
	if rows(a, "kids") != 2 {
		t.Error("no row was added")
	}
	a = press(a, url.Values{form.EditName: {"add kids"}, "kids.rows": {"2"}, "kids.0.name": {"Nguyễn An"}, "kids.1.name": {"Nguyễn Bình"}, "kids.1.residence.line": {"Số 5"}})
	a = press(a, url.Values{form.EditName: {"add kids"}, "kids.rows": {"3"}, "kids.0.name": {"Nguyễn An"}, "kids.1.name": {"Nguyễn Bình"}, "kids.1.residence.line": {"Số 5"}})
	if rows(a, "kids") != 3 {
		t.Errorf("%d rows of three", rows(a, "kids"))
	}
	a = press(a, url.Values{form.EditName: {"remove kids 0"}, "kids.rows": {"3"}, "kids.0.name": {"Nguyễn An"}, "kids.1.name": {"Nguyễn Bình"}, "kids.1.residence.line": {"Số 5"}})
	res := f.Validate(a.With(parse(t, f, `{"rooms": [{"use": "Bếp", "area": 12.5, "at": {"line": "Tầng 1"}}, {"use": "Ngủ", "area": "10"}]}`)), e)
	if !res.OK() {
		t.Fatal(keys(res.Errors))
	}
	want := []any{map[string]any{"name": "Nguyễn Bình", "residence.line": "Số 5"}}
	if d := cmp.Diff(want, res.Answers["kids"].Value); d != "" {
		t.Error(d)
	}
	if got := res.Answers.Text("total"); got != "22.5" {
		t.Errorf("total %q", got)
	}
	for name, tc := range map[string]struct{ raw, want string }{
		"too few":          {`{"kids": []}`, "kids error.tooFew"},
		"blank":            {`{"kids": [{}, {"name": ""}]}`, "kids error.tooFew"},
		"too many":         {`{"kids": [{"name":"An An"},{"name":"An An"},{"name":"An An"},{"name":"An An"}]}`, "kids error.tooMany"},
		"number is enough": {`{"kids": [{"id": "999196000001"}]}`, ""},
		"a column":         {`{"kids": [{"name":"An An"}], "rooms": [{"area": 5}]}`, "rooms.0.use error.required"},
		"a part":           {`{"kids": [{"name":"An An", "residence": {"unit": "00118"}}]}`, "kids.0.residence.line error.required"},
	} {
		got := strings.Join(keys(f.Validate(parse(t, f, tc.raw), e).Errors), " ")
		if got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// What an answer of the same page brings up is asked before the page is left; the page
// with the new question, and a sender that sees no pages, go on.
func TestNews(t *testing.T) {
	t.Parallel()
	f := one(t, `{id: n, type: number, required: true}
      - {id: big, type: text, required: true, when: "n > 5"}
      - {id: day, type: date, rules: [{assert: "day >= date(\"2026-01-01\")", msg: late, level: warn}]}`)
	e := env()
	news := func(v url.Values) (form.News, []string) {
		a := f.ParsePage("p", v, nil, e)
		res := f.ValidatePage("p", a, e)
		n := f.News("p", v, res, e)
		return n, keys(n.Known(res.Errors))
	}
	p, _ := f.Render("p", nil, nil, e)
	if !p.Follow || !slices.Equal(p.Live, []string{"n", "day"}) {
		t.Errorf("%v %v", p.Follow, p.Live)
	}
	if n, errs := news(url.Values{form.SeenName: {""}, "n": {"9"}}); len(n.Asked) != 1 || len(errs) != 0 {
		t.Error("not asked, or held against its reader", n, errs)
	}
	if n, errs := news(url.Values{form.SeenName: {"big"}, "n": {"9"}}); n.Any() || len(errs) != 1 {
		t.Error("asked twice, or not required", n, errs)
	}
	if n, errs := news(url.Values{"n": {"9"}}); n.Any() || len(errs) != 1 {
		t.Error(n, errs)
	}
	late := url.Values{form.SeenName: {""}, "n": {"1"}, "day.year": {"2025"}, "day.month": {"1"}, "day.day": {"1"}}
	if n, _ := news(late); len(n.Warned) != 1 {
		t.Error("the warning is not news")
	}
	late.Set(form.SeenName, "!day")
	if n, _ := news(late); n.Any() {
		t.Error("the warning is news again")
	}
	p, _ = f.Render("p", f.ParsePage("p", late, nil, e), nil, e)
	if i := slices.IndexFunc(p.Fields, func(x form.Field) bool { return x.Path == "day" }); len(p.Fields[i].Warning) != 1 || !slices.Contains(p.Seen, "!day") {
		t.Error("the warning does not stand at its field")
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	f, err := formtest.Compile(`pages:
  - id: p
    fields:
      - {id: mother, type: person, suggest: [population, previous.mother, profile.spouse]}
      - {id: phone, type: phone, suggest: [profile]}
      - {id: home, type: address, suggest: [previous]}
      - {id: typed, type: text, suggest: [previous]}
      - {id: ward, type: unit, suggest: [previous.home.unit]}
      - {id: truth, type: yesno, widget: checkbox, askAgain: true}
  - {id: review, type: review}
`, form.Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 0, 0, 0, 0, clock.Zone)
	facts := map[string]form.Answers{
		"previous": {
			"mother.name": {Value: "Nguyễn Thị Hạnh", From: form.Earlier, At: at, Consent: "C-1"}, "mother.id": {Value: "12"},
			"home.line": {Value: "Số 5", From: form.Earlier}, "typed": {Value: "khác"}, "home.unit": {Value: "99999"}, "truth": {Value: true},
		},
		"profile": {"phone": {Value: "0912 345 678", From: form.Profile}, "spouse.name": {Value: "Trần Thị Bình"}},
	}
	a, filled := f.Suggest(form.Answers{"typed": {Value: "của tôi"}}, facts, env())
	if d := cmp.Diff([]string{"home.line", "mother.name", "phone"}, filled); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(form.Answer{Value: "Nguyễn Thị Hạnh", From: form.Earlier, At: at, Consent: "C-1"}, a["mother.name"]); d != "" {
		t.Error(d)
	}
	if a.Text("typed") != "của tôi" || a.Text("phone") != "0912345678" {
		t.Errorf("%+v", a)
	}
	if got := f.Sources(); !slices.Equal(got, []string{"population", "previous", "profile"}) {
		t.Error(got)
	}
	if !f.AsksAgain("truth") || f.AsksAgain("phone") {
		t.Error("askAgain")
	}
	// Edited and sent back, the answer is the person's own; left alone, it stays the source's.
	b := f.ParsePage("p", url.Values{"mother.name": {"Nguyễn Thị Hạnh"}, "phone": {"0987654321"}}, a, env())
	if b["mother.name"].From != form.Earlier || b["phone"].From != form.Typed {
		t.Errorf("%+v", b)
	}
}

// A source that is not connected is told to the author and stops nothing.
func TestAbsentSourceIsInformation(t *testing.T) {
	t.Parallel()
	var def form.Definition
	if ps := decl.Decode("form.yaml", []byte("pages:\n  - id: p\n    fields:\n      - {id: a, type: text, suggest: [population, previous]}\n  - {id: review, type: review}\n"), &def); ps.Failed() {
		t.Fatal(ps)
	}
	f, ps := form.Compile(def, form.Options{Texts: anyText{}, Sources: []string{"previous"}})
	if f == nil || len(ps) != 1 || ps[0].Level != decl.Info || ps[0].Key != "form.lint.sourceAbsent" {
		t.Error(ps)
	}
}

func TestFileField(t *testing.T) {
	t.Parallel()
	f := one(t, `{id: photo, type: file, accept: [jpg], maxMB: 1, required: true}
      - {id: why, type: text, when: "not(photo)", required: true}`)
	e := env()
	e.Files = nil
	if d := cmp.Diff([]string{"photo error.fileMissing", "why error.required"}, keys(f.Validate(nil, e).Errors)); d != "" {
		t.Error(d)
	}
	e.Files = []form.File{{Paper: "photo", Name: "a.jpg", Type: "jpg", Size: 2 << 20}, {Paper: "photo", Name: "b.pdf", Type: "pdf"}}
	if d := cmp.Diff([]string{"photo error.paperSize", "photo error.paperType", "photo error.paperFiles"}, keys(f.Validate(nil, e).Errors)); d != "" {
		t.Error(d)
	}
	e.Files = []form.File{{Paper: "photo", Name: "a.jpg", Type: "jpg", Size: 1 << 10}}
	if res := f.Validate(form.Answers{"why": {Value: "cũ"}}, e); !res.OK() || !slices.Equal(res.Dropped, []string{"why"}) {
		t.Error(keys(res.Errors), res.Dropped)
	}
	if def, ok := f.FilePaper("photo"); !ok || def.MaxMB != 1 {
		t.Error(def)
	}
	if needs := f.Files("p", nil, e); len(needs) != 1 || !needs[0].Required || needs[0].Name != "photo" {
		t.Errorf("%+v", needs)
	}
}

// hostile is a form of every kind of field that a hostile page may post to.
func hostile(t testing.TB) *form.Form {
	t.Helper()
	return one(t, `{id: kids, type: list, item: person, max: "20"}
      - {id: rooms, type: list, columns: [{id: use, type: text}, {id: area, type: number}]}
      - {id: firm, type: organisation}
      - {id: pay, type: bank-account}
      - {id: plate, type: vehicle-plate}
      - {id: spot, type: geo-point}
      - {id: ward, type: unit, tier: commune}
      - {id: day, type: date, max: today}
      - {id: since, type: partial-date}
      - {id: fee, type: money}
      - {id: ties, type: multi-code, list: relation}
      - {id: text, type: long-text, maxLength: 200}
      - {id: more, type: text, when: "fee > 5 and count(kids) > 1"}`)
}

// Each is refused by a sentence at its field, or has no effect at all.
func TestBindHostile(t *testing.T) {
	t.Parallel()
	f := hostile(t)
	many := url.Values{"kids.rows": {"999999999999999999999"}}
	for i := range 10_000 {
		many.Set(fmt.Sprintf("kids.%d.name", i), "Nguyễn An")
	}
	for name, tc := range map[string]struct {
		sent url.Values
		want string
	}{
		"10,000 rows":       {many, "kids error.tooMany"},
		"deep names":        {url.Values{strings.Repeat("kids.0.", 5000) + "name": {"x"}}, ""},
		"huge number":       {url.Values{"fee": {strings.Repeat("9", 50_000)}}, "fee error.money"},
		"huge point":        {url.Values{"spot": {strings.Repeat("9", 5000) + ", 1"}}, "spot error.point"},
		"huge date":         {url.Values{"day.day": {"99999999999"}, "day.month": {"-1"}, "day.year": {"२०२०"}}, "day error.date"},
		"NUL":               {url.Values{"text": {"a\x00b"}}, "text error.garbled"},
		"turned writing":    {url.Values{"text": {"hóa đơn \u202Etxt.exe"}}, "text error.garbled"},
		"no UTF-8":          {url.Values{"firm.name": {"\xff\xfe"}}, "firm.name error.garbled"},
		"other digits":      {url.Values{"pay.number": {"𝟎𝟏𝟐𝟑𝟒"}, "pay.bank": {"970436"}, "pay.holder": {"AN"}}, "pay.number error.account"},
		"a megabyte":        {url.Values{"text": {strings.Repeat("ă", 500_000)}}, "text error.tooLong"},
		"unknown code":      {url.Values{"ties": {"x", "y"}}, "ties error.code"},
		"row out of reach":  {url.Values{form.EditName: {"remove kids 99999999999999999999"}}, ""},
		"a list of no form": {url.Values{form.EditName: {"add " + strings.Repeat("kids.", 5000)}}, ""},
		"add to no list":    {url.Values{form.EditName: {"add text"}}, ""},
		"rows below zero":   {url.Values{"kids.rows": {"-5"}}, ""},
		"a ward of bytes":   {url.Values{form.EditName: {"find ward"}, "ward.find": {"\x00"}}, "ward error.unitName"},
	} {
		e := env()
		e.Units = old{}
		a := f.ParsePage("p", tc.sent, nil, e)
		got := strings.Join(keys(f.ValidatePage("p", a, e).Errors), " ")
		if got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
		if kept, _ := json.Marshal(a); len(kept) > 300_000 {
			t.Errorf("%s: %d bytes kept", name, len(kept))
		}
	}
	for name, raw := range map[string]string{
		"deep object": strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000),
		"deep name":   `{"` + strings.Repeat("a.", 5000) + `": 1}`,
		"rows deep":   `{"kids": [` + strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200) + `]}`,
	} {
		a, err := f.ParseJSON([]byte(raw))
		if err == nil {
			err = f.Validate(a, env()).Err()
		}
		if err == nil || len(err.Error()) > 2000 {
			t.Errorf("%s: %.200v", name, err)
		}
	}
}

// FuzzBind throws what a page may post at the same form: nothing
// panics, what is kept is bounded, and every refusal is a sentence.
func FuzzBind(f *testing.F) {
	fm := hostile(f)
	bundle, err := i18n.NewBundle(form.Messages)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		"kids.0.name=An&kids.1.name=B%C3%ACnh&kids.1.residence.line=5&kids.rows=3",
		"kids.rows=-5&_edit=add+kids&kids.0.name=%00%E2%80%AE%FF",
		"_edit=remove+kids+99999999999999999999&kids.rows=3",
		"_edit=add+" + strings.Repeat("kids.", 50),
		strings.Repeat("a.", 100) + "=1&text=" + strings.Repeat("%E2%80%8F", 30),
		"fee=" + strings.Repeat("9", 100) + "&spot=" + strings.Repeat("9", 50) + ",1&plate=%FF%FE",
		"day.day=99999999999&day.month=-1&day.year=%E0%A5%A6&since.year=0000&ward=%D9%A1%D9%A2",
		"ties=x&ties=y&pay.number=%F0%9D%9F%8E&_edit=find+ward&ward.find=%00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		sent, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		e := env()
		e.Units = old{}
		a := fm.ParsePage("p", sent, nil, e)
		res := fm.ValidatePage("p", a, e)
		kept, _ := json.Marshal(a)
		if len(kept) > 12*len(raw)+8_000 {
			t.Errorf("%d bytes kept of %d", len(kept), len(raw))
		}
		for _, x := range append(res.Errors, res.Warnings...) {
			for _, l := range i18n.Langs {
				if s := bundle.Map(l, x.Key, x.Params); s == "" || strings.Contains(s, "⟨") {
					t.Errorf("%s is no sentence: %q", x.Key, s)
				}
			}
		}
		if res.OK() {
			again := fm.ValidatePage("p", res.Answers, e)
			if d := cmp.Diff(res.Answers, again.Answers); d != "" || !again.OK() {
				t.Errorf("not canonical: %s %v", d, keys(again.Errors))
			}
		}
		fm.News("p", sent, res, e)
		if _, ok := fm.Render("p", a, res.Errors, e); !ok {
			t.Error("the page cannot be drawn")
		}
		fm.Lines(res.Answers, e)
	})
}
