package main

import (
	"embed"
	"net/http"
	"time"

	"github.com/a-h/templ"
	"github.com/goccy/go-yaml"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/onestop/form"
	"khue/internal/onestop/form/formweb"
)

//go:embed fields
var fieldFiles embed.FS

// fields is a form with every type of field, in the states that a page can be in.
type fields struct {
	form *form.Form
	env  form.Env
}

// labels are the texts of the form: Vietnamese and English by key.
type labels map[string][2]string

// Label is the text of a key.
func (l labels) Label(key string) (decl.Label, bool) {
	t, ok := l[key]
	return decl.Label{VI: t[0], EN: t[1]}, ok
}

// wards is a small register of units.
type wards struct{}

//nolint:gochecknoglobals // immutable table
var someWards = []form.Unit{
	{Code: "00118", Name: "Phường Bồ Đề", Full: "Phường Bồ Đề, Thành phố Hà Nội", Tier: "commune"},
	{Code: "00133", Name: "Phường Việt Hưng", Full: "Phường Việt Hưng, Thành phố Hà Nội", Tier: "commune"},
	{Code: "00190", Name: "Phường Văn Miếu - Quốc Tử Giám", Full: "Phường Văn Miếu - Quốc Tử Giám, Thành phố Hà Nội", Tier: "commune"},
}

// Unit is the ward with a code.
func (wards) Unit(code string, _ clock.Date) (form.Unit, bool) {
	for _, u := range someWards {
		if u.Code == code {
			return u, true
		}
	}
	return form.Unit{}, false
}

// Above is the ward itself.
func (w wards) Above(code, _ string, on clock.Date) (form.Unit, bool) { return w.Unit(code, on) }

// Choices are all wards.
func (wards) Choices(string, clock.Date) []form.Unit { return someWards }

// Find knows one name of old.
func (wards) Find(name, _ string, _ clock.Date) []form.Match {
	folded := i18n.Fold(name)
	if folded == "ngoc lam" || folded == "phuong ngoc lam" {
		return []form.Match{{Unit: someWards[0], Was: "Phường Ngọc Lâm", Exact: true}, {Unit: someWards[1], Was: "Phường Ngọc Lâm", Exact: true}}
	}
	var out []form.Match
	for _, u := range someWards {
		if i18n.Fold(u.Name) == folded || i18n.Fold(u.Name) == "phuong "+folded {
			out = append(out, form.Match{Unit: u, Exact: true})
		}
	}
	return out
}

func newFields() (*fields, error) {
	raw, err := fieldFiles.ReadFile("fields/form.yaml")
	if err != nil {
		return nil, err
	}
	words, err := fieldFiles.ReadFile("fields/texts.yaml")
	if err != nil {
		return nil, err
	}
	var texts labels
	if err := yaml.Unmarshal(words, &texts); err != nil {
		return nil, err
	}
	var def form.Definition
	if ps := decl.Decode("form.yaml", raw, &def); ps.Failed() {
		return nil, ps.Err()
	}
	f, ps := form.Compile(def, form.Options{File: "form.yaml", Texts: texts, Papers: []form.PaperDef{{ID: "slip"}, {ID: "card"}}})
	if ps.Failed() {
		return nil, ps.Err()
	}
	env := form.Env{Now: time.Date(2025, 6, 23, 9, 0, 0, 0, clock.Zone), Case: "normal", Channel: "online", Units: wards{}}
	return &fields{form: f, env: env}, nil
}

// filled are right answers, some of them from elsewhere, one of them with a warning.
func filled() form.Answers {
	at := time.Date(2025, 3, 2, 8, 0, 0, 0, clock.Zone)
	a := form.Answers{}
	for path, v := range map[string]any{
		"title": "Sửa mái nhà sau bão", "story": "Mái tôn bị gió cuốn một góc.", "people": "4", "amount": "150.000.000", "born": "2025-03-27", "wed": "2019-05",
		"meet": "14h30", "home": true, "midwife": "Nguyễn Thị Lành", "rented": true, "landlord": "Trần Văn Phú", "sex": "female", "people54": "02", "ties": []any{"mother", "guardian"},
		"number": "999190000001", "tax": "0100109106", "phone": "0912 345 678", "ward": "00118", "place.unit": "00133", "place.line": "Số 12, ngõ 34, phố Ngọc Lâm",
		"mother.id": "999196000001", "mother.residence.unit": "00118", "mother.residence.line": "Số 5 phố Ái Mộ",
		"witness.name": "Lê Văn Chứng", "witness.dob": "1980", "firm.name": "Công ty TNHH Mái Ấm", "firm.taxCode": "0100109106",
		"plate": "30A-123.45", "account.bank": "970436", "account.number": "0011001234567", "account.holder": "NGUYEN THI HOA", "spot": "21.0297, 105.8355", "truth": true,
		"siblings": []any{map[string]any{"name": "Nguyễn Minh Bình", "dob": "2020-01-05"}, map[string]any{"name": "Nguyễn Minh Cường"}},
		"rooms":    []any{map[string]any{"use": "Bếp", "area": "12,5"}},
	} {
		a[path] = form.Answer{Value: v}
	}
	a["name"] = form.Answer{Value: "Nguyễn Thị Hòa", From: form.Profile}
	a["mail"] = form.Answer{Value: "hoa@vidu.vn", From: form.Earlier, At: at}
	a["mother.name"] = form.Answer{Value: "Nguyễn Thị Hạnh", From: form.Register, At: at, Consent: "C-1"}
	a["mother.dob"] = form.Answer{Value: "1996-08-09", From: form.Register, At: at, Consent: "C-1"}
	a["mother.sex"] = form.Answer{Value: "female", From: form.Register, At: at, Consent: "C-1"}
	return a
}

// wrong are answers that nothing of will do.
func wrong() form.Answers {
	a := form.Answers{}
	for path, v := range map[string]any{
		"people": "50", "amount": "nhiều", "born": "2025-02-31", "wed": "20x9", "meet": "25:00", "home": "có lẽ", "sex": "khác", "people54": "99", "ties": []any{"bạn"},
		"name": "Nguyễn V¨n A", "number": "123", "tax": "0100109107", "phone": "12", "mail": "hoa@", "ward": "Ngọc Lâm", "place.unit": "Không Có", "place.line": "",
		"mother.id": "12", "witness.dob": "năm ngoái", "firm.taxCode": "1", "plate": "ABC", "account.bank": "970436", "account.number": "1", "spot": "48.85, 2.35",
		"siblings": []any{map[string]any{"dob": "2020-13-01"}}, "rooms": []any{map[string]any{"area": "rộng"}}, "truth": false,
	} {
		a[path] = form.Answer{Value: v}
	}
	return a
}

// shown is a page of the form in a state, and what was wrong with it.
func (x *fields) shown(a form.Answers, checked bool, env form.Env) (form.Page, error) {
	var found []errs.Field
	var refused error
	if checked {
		res := x.form.ValidatePage("all", a, env)
		found, refused = res.Errors, res.Err()
	}
	p, _ := x.form.Render("all", a, found, env)
	return p, refused
}

func (x *fields) pages() []page {
	withPhoto := x.env
	withPhoto.Files = []form.File{{Paper: "photo", Name: "mai-nha.jpg", Type: "jpg", Size: 1_200_000, SHA256: "ab12"}}
	empty, _ := x.shown(form.Answers{}, false, x.env)
	full, _ := x.shown(filled(), false, withPhoto)
	bad, refused := x.shown(wrong(), true, x.env)
	return []page{
		{name: "fields", body: fieldsPage(empty, nil), both: true},
		{name: "fields-filled", body: fieldsPage(full, nil), both: true},
		{name: "fields-errors", body: fieldsPage(bad, refused), both: true},
		{name: "fields-officer", body: x.officer(), density: ui.DensityCompact, both: true},
	}
}

// officer shows the forms of two acts on one page, as a task does.
func (x *fields) officer() templ.Component {
	env := x.env
	env.Dossier = filled()
	accept, _ := x.form.Officer("verify", "accept")
	ask, _ := x.form.Officer("verify", "supplement")
	one, _ := accept.Render("action", form.Answers{"complete": {Value: []any{"slip"}}, "valued": {Value: "nhiều"}}, accept.ValidatePage("action", form.Answers{"valued": {Value: "nhiều"}}, env).Errors, env)
	two, _ := ask.Render("action", form.Answers{"copies": {Value: []any{map[string]any{"what": "Sổ hồng"}}}}, nil, env)
	return officerFieldsPage(one, two)
}

// post takes the page of every field as a program would, and keeps nothing.
func (x *fields) post(w http.ResponseWriter, r *http.Request, render func(templ.Component)) {
	if r.ParseMultipartForm(1<<20) != nil && r.PostForm == nil {
		http.Error(w, "form", http.StatusBadRequest)
		return
	}
	a := x.form.ParsePage("all", r.PostForm, form.Answers{}, x.env)
	if form.Stays(r.PostForm) {
		p, _ := x.shown(a, false, x.env)
		if r.PostForm.Has(form.RefreshName) {
			render(formweb.Questions("", p))
			return
		}
		render(fieldsPage(p, nil))
		return
	}
	res := x.form.ValidatePage("all", a, x.env)
	n := x.form.News("all", r.PostForm, res, x.env)
	res.Errors = n.Known(res.Errors)
	p, _ := x.form.Render("all", a, res.Errors, x.env)
	render(newsPage(p, res.Err(), formweb.NewsText(r.Context(), n)))
}
