package web_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"khue/internal/kernel/web"
)

func (s site) post(t testing.TB, body string, extra ...string) *http.Response {
	t.Helper()
	h := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer lan", "Idempotency-Key": "key-00001", "Accept-Language": "en"}
	for i := 0; i+1 < len(extra); i += 2 {
		h[extra[i]] = extra[i+1]
	}
	return s.do(t, call{"POST", "/api/v1/things", body, h})
}

func TestOperations(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Config{}, demo())
	r := s.post(t, `{"name":"Đơn"}`)
	if b := body(t, r); r.StatusCode != 201 || b != `{"name":"Đơn"}` || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("created: %d %q %s", r.StatusCode, r.Header.Get("Content-Type"), b)
	}
	tests := []struct {
		name, body string
		extra      []string
		status     int
		path       string // of the one input refused
		message    string
	}{
		{"an unknown key", `{"name":"a","colour":"red"}`, nil, 422, "body.colour", "no field of this name"},
		{"a key in another case", `{"name":"a","NAME":"` + strings.Repeat("x", 50) + `"}`, nil, 422, "body.NAME", "case matters"},
		{"a wrong type", `{"name":5}`, nil, 422, "body.name", "A text is needed"},
		{"too long", `{"name":"` + strings.Repeat("x", 21) + `"}`, nil, 422, "body.name", "At most 20"},
		{"too large a number", `{"name":"a","count":11}`, nil, 422, "body.count", "10 or less"},
		{"a required field missing", `{}`, nil, 422, "body", "required field name is missing"},
		{"a key that stands twice", `{"name":"a","name":"b"}`, nil, 400, "body", "not readable JSON"},
		{"no JSON", `{"name":`, nil, 400, "body", "not readable JSON"},
		{"no object", `[1]`, nil, 422, "body", "An object is needed"},
		{"nothing", ``, nil, 400, "", ""},
		{"NUL behind an escape", `{"name":"a\u0000"}`, nil, 400, "body", "control characters"},
		{"a lone surrogate", `{"name":"\ud800"}`, nil, 400, "body", "not Unicode"},
		{"bytes that are no UTF-8", "{\"name\":\"\xc3\x28\"}", nil, 400, "body", "not Unicode"},
		{"TCVN3", `{"name":"NguyÔn V¨n An"}`, nil, 400, "body", "old font"},
		{"no key", `{"name":"a"}`, []string{"Idempotency-Key", ""}, 422, "header.Idempotency-Key", "required parameter is missing"},
		{"a bad key", `{"name":"a"}`, []string{"Idempotency-Key", "a b c d e"}, 422, "header.Idempotency-Key", "right form"},
		{"another media type", `name=a`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "body", ""},
		{"another origin", `{"name":"a"}`, []string{"Sec-Fetch-Site", "cross-site"}, 403, "", ""},
		{"nobody", `{"name":"a"}`, []string{"Authorization", ""}, 401, "", ""},
	}
	for _, tt := range tests {
		p := problem(t, s.post(t, tt.body, tt.extra...))
		if p.Status != tt.status || p.Reference == "" || strings.Contains(p.Title+p.Detail, "⟨") {
			t.Errorf("%s: %+v", tt.name, p)
		}
		if tt.path == "" {
			continue
		}
		if len(p.Errors) != 1 || p.Errors[0].Path != tt.path || !strings.Contains(p.Errors[0].Message, tt.message) {
			t.Errorf("%s: refused %+v, want %s: %s", tt.name, p.Errors, tt.path, tt.message)
		}
	}
}

func TestOperationsSayConflictsAndFaults(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Config{}, demo())
	if p := problem(t, s.post(t, `{"name":"taken"}`)); p.Status != 409 || p.By != "Trần Minh" || p.At == "" {
		t.Errorf("conflict: %+v", p)
	}
	for _, name := range []string{"boom", "panic"} {
		p := problem(t, s.post(t, `{"name":"`+name+`"}`, "Accept-Language", "vi"))
		if p.Status != 500 || strings.Contains(p.Detail, "secret") || p.Title != "Hệ thống gặp lỗi" {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if !strings.Contains(s.log.String(), "secret diagnosis") {
		t.Error("the diagnosis is not in the log")
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Config{MaxBody: 1 << 10}, demo())
	big := `{"name":"` + strings.Repeat("x", 2<<10) + `"}`
	p := problem(t, s.post(t, big))
	if p.Status != 413 || !strings.Contains(p.Detail, "1 KB") {
		t.Errorf("announced: %+v", p)
	}
	h := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer lan", "Idempotency-Key": "key-00001"}
	r := httptest.NewRequest("POST", "/api/v1/things", io.MultiReader(strings.NewReader(big))) // of unknown length
	for k, v := range h {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if p = problem(t, w.Result()); p.Status != 413 {
		t.Errorf("not announced: %+v", p)
	}
	r = httptest.NewRequest("POST", "/form", io.MultiReader(strings.NewReader("_key=abcdefgh&name="+big)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w = httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if p = problem(t, w.Result()); p.Status != 413 {
		t.Errorf("a form, not announced: %+v", p)
	}
	p = problem(t, s.do(t, call{"POST", "/form", "_key=abcdefgh&name=" + big, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}))
	if p.Status != 413 {
		t.Errorf("a form: %+v", p)
	}
}

func TestBodiesAreNormalised(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Config{}, demo())
	for name, in := range map[string]string{
		"NFD": "{\"name\":\"\u0110\u01a1n xin ca\u0302\u0301p\"}", "NFD behind escapes": `{"name":"\u0110\u01a1n xin ca\u0302\u0301p"}`, "NFC": `{"name":"Đơn xin cấp"}`,
	} {
		if got := body(t, s.post(t, in)); got != `{"name":"Đơn xin cấp"}` {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := body(t, s.post(t, `{"name":"a\r\n\"b\"\\\u0022"}`)); got != `{"name":"a\n\"b\"\\\""}` {
		t.Errorf("escapes: %s", got)
	}
}

func TestListsAndCursors(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Config{}, demo())
	r := s.do(t, call{path: "/api/v1/boxes/5/things?cursor=" + web.NewCursor("a")})
	if b := body(t, r); b != `{"items":[{"name":"after a"}],"next":"`+web.NewCursor("b")+`"}` {
		t.Errorf("list: %s", b)
	}
	for _, cursor := range []string{"%", "xxxx", web.NewCursor("a", "b"), web.NewCursor(5), web.NewCursor(nil)} {
		if p := problem(t, s.do(t, call{path: "/api/v1/boxes/5/things?cursor=" + cursor})); p.Status != 422 {
			t.Errorf("cursor %q: %+v", cursor, p)
		}
	}
	if p := problem(t, s.do(t, call{path: "/api/v1/boxes/x/things?limit=1000"})); p.Status != 422 || len(p.Errors) != 2 {
		t.Errorf("bad parameters: %+v", p)
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Config{}, demo())
	r := s.do(t, call{path: "/api/openapi.json"})
	text := body(t, r)
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			Summary   string
			Policy    string `json:"x-policy"`
			Security  []map[string][]string
			Responses map[string]any
		}
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	op := doc.Paths["/api/v1/things"]["post"]
	if doc.OpenAPI != "3.1.0" || op.Policy != "signed in" || len(op.Security) != 2 || op.Responses["default"] == nil || op.Responses["201"] == nil {
		t.Errorf("the operation reads %+v", op)
	}
	if got := doc.Paths["/api/v1/boxes/{id}/things"]["get"].Summary; got != "Somebody acted first" {
		t.Errorf("a summary that is a message key reads %q", got)
	}
	if doc.Components.Schemas["Problem"] == nil || doc.Components.Schemas["ErrorModel"] != nil {
		t.Error("the document must describe our problem and not huma's")
	}
	if strings.Contains(text, "⟨") {
		t.Error("a message key is missing")
	}
	if r := s.do(t, call{path: "/api/openapi.json", head: map[string]string{"If-None-Match": r.Header.Get("ETag")}}); r.StatusCode != 304 {
		t.Errorf("asked whether the document changed: %d", r.StatusCode)
	}
	if again := body(t, newSite(t, web.Config{}, demo()).do(t, call{path: "/api/openapi.json"})); again != text {
		t.Error("the same program writes two documents")
	}
}

func TestDocumentForPeople(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Config{}, demo())
	for lang, title := range map[string]string{"vi": "Giao diện lập trình", "en": "Programming interface"} {
		r := s.do(t, call{path: "/api", head: html("Accept-Language", lang)})
		b := body(t, r)
		for _, want := range []string{title, `lang="` + lang, `href="#make-thing"`, `id="make-thing"`, "POST /api/v1/things", "signed in", `id="conflict"`, "Idempotency-Key", "items[].name"} {
			if !strings.Contains(b, want) {
				t.Errorf("%s: the page lacks %q", lang, want)
			}
		}
		if strings.Contains(b, "⟨") || strings.Contains(b, "<script>") || strings.Contains(b, "style=") {
			t.Errorf("%s: a missing message, an inline script or an inline style", lang)
		}
	}
}
