package web_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/web"
)

// FuzzForm: a body of any form and type is answered, never with our fault, and what a handler
// gets is clean text.
func FuzzForm(f *testing.F) {
	const multi = "multipart/form-data; boundary=x"
	f.Add("application/x-www-form-urlencoded", []byte("a=1&b=%C4%90%C6%A1n&a=2"))
	f.Add("application/x-www-form-urlencoded", []byte("a=%00&%zz"))
	f.Add(multi, []byte("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"../../a.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n--x--\r\n"))
	f.Add(multi, []byte("--x\r\n\r\n--x--"))
	f.Add("multipart/form-data; boundary=\"\xff\"", []byte("--"))
	s := newSite(f, web.Config{MaxBody: 64 << 10}, web.Module{Name: "m", Routes: []web.Route{page("POST", "/any", auth.Public, func(w http.ResponseWriter, r *http.Request) error {
		v, err := web.Form(r)
		if err != nil {
			return err
		}
		for k, list := range v {
			for _, one := range append(list, k) {
				if !utf8.ValidString(one) || bytes.IndexByte([]byte(one), 0) >= 0 {
					panic("unclean: " + one)
				}
			}
		}
		return web.Render(w, r, 200, text("read"))
	})}})
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/any", bytes.NewReader(data))
		r.Header["Content-Type"] = []string{kind}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%q %q: %d", kind, data, w.Code)
		}
	})
}

// FuzzAddress: whatever stands in a request line and its query, the answer is not our fault.
func FuzzAddress(f *testing.F) {
	for _, p := range []string{"/hello?lang=vi", "/a%2f..%2f..", "/hello?%zz", "//evil.example", "/\x00", "/hello?a=%ff;b"} {
		f.Add(p)
	}
	s := newSite(f, web.Config{}, demo())
	f.Fuzz(func(t *testing.T, path string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		u, err := r.URL.Parse(path)
		if err != nil || u.Path == "" || u.Path[0] != '/' || u.Path == "/panic" || u.Path == "/broken" || u.Path == "/keyed" || len(u.Path) > 7 && u.Path[:7] == "/error/" {
			return
		}
		r.URL = u
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%q: %d", path, w.Code)
		}
		if to := w.Header().Get("Location"); len(to) > 1 && (to[:2] == "//" || to[0] != '/') {
			t.Errorf("%q leads to %q", path, to)
		}
	})
}
