package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"
)

func built() *bundle {
	return load(fstest.MapFS{
		"dist/manifest.json":         {Data: []byte(`{"assets":{"app.css":{"file":"app-A.css","size":5},"text.woff2":{"file":"text-B.woff2"}}}`)},
		"dist/assets/app-A.css":      {Data: []byte("plain")},
		"dist/assets/app-A.css.gz":   {Data: []byte("gz")},
		"dist/assets/app-A.css.br":   {Data: []byte("br")},
		"dist/assets/text-B.woff2":   {Data: []byte("font")},
		"dist/assets/not-listed.txt": {Data: []byte("secret")},
	})
}

func TestHandlerSendsTheBestForm(t *testing.T) {
	t.Parallel()
	h := handler(built())
	for _, c := range []struct {
		path, accept   string
		status         int
		body, encoding string
	}{
		{"/assets/app-A.css", "gzip, deflate, br", 200, "br", "br"},
		{"/assets/app-A.css", "gzip", 200, "gz", "gzip"},
		{"/assets/app-A.css", "br;q=0, gzip", 200, "gz", "gzip"},
		{"/assets/app-A.css", "", 200, "plain", ""},
		{"/assets/text-B.woff2", "br", 200, "font", ""},
		{"/assets/app.css", "", 404, "404 page not found\n", ""},
		{"/assets/not-listed.txt", "", 404, "404 page not found\n", ""},
		{"/assets/../web.go", "", 404, "404 page not found\n", ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.URL.Path = c.path
		r.Header.Set("Accept-Encoding", c.accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.status || w.Body.String() != c.body || w.Header().Get("Content-Encoding") != c.encoding {
			t.Errorf("%s for %q: %d %q %q", c.path, c.accept, w.Code, w.Body, w.Header().Get("Content-Encoding"))
		}
	}
}

func TestPagesComeWithoutAssetsToo(t *testing.T) {
	t.Parallel()
	b := load(fstest.MapFS{"dist/.keep": {}})
	w := httptest.NewRecorder()
	handler(b).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/assets/app.css", nil))
	if w.Code != http.StatusNotFound || len(b.paths) != 0 {
		t.Errorf("an empty build answers %d", w.Code)
	}
}
