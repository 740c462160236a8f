package citybench

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What the server may answer with is read as it was written, one answer after the other.
func TestAnswersAreReadWhole(t *testing.T) {
	long := strings.Repeat("dài ", 20_000)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/pieces":
			for range 3 {
				_, _ = io.WriteString(w, "mảnh ")
				w.(http.Flusher).Flush()
			}
		case "/long":
			_, _ = io.WriteString(w, long)
		default:
			http.Error(w, r.Header.Get("Authorization"), http.StatusTeapot)
		}
	}))
	defer srv.Close()
	c, err := Dial(strings.TrimPrefix(srv.URL, "http://"), false)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, want := range []struct {
		path   string
		status int
		body   string
	}{
		{"/pieces", http.StatusOK, "mảnh mảnh mảnh "},
		{"/none", http.StatusNoContent, ""},
		{"/long", http.StatusOK, long},
		{"/", http.StatusTeapot, "Bearer t\n"},
	} {
		if err := c.Send(Request{Method: http.MethodGet, Path: want.path, Token: "t"}); err != nil {
			t.Fatal(err)
		}
		status, body, err := c.Answer()
		if err != nil || status != want.status || string(body) != want.body {
			t.Errorf("%s: %d, %d bytes, %v; want %d, %d bytes", want.path, status, len(body), err, want.status, len(want.body))
		}
	}
}
