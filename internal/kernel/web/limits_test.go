package web_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/web"
)

// started serves a site on a port of its own.
func started(t *testing.T, cfg web.Config, modules ...web.Module) string {
	t.Helper()
	cfg.Listen = "127.0.0.1:0"
	s := newSite(t, cfg, modules...)
	ctx, stop := context.WithCancel(context.Background())
	addr, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func(a net.Addr) { addr <- a }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return (<-addr).String()
}

// raw sends bytes as they are and returns the first answer.
func raw(t *testing.T, addr, text string) *http.Response {
	t.Helper()
	c, err := net.Dial("tcp", addr) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute)) // a bound for what hangs
	if _, err := c.Write([]byte(text)); err != nil {
		t.Log(err) // cut off while we were writing
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return &http.Response{Header: http.Header{}}
	}
	return r
}

// TestHostileRequests: each is refused with a sentence, or cut off, and the next reader is served.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	addr := started(t, web.Config{MaxBody: 256 << 10, BodyGrace: 50 * time.Millisecond}, demo())
	post := func(kind, body string) string {
		return fmt.Sprintf("POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\nAccept-Language: en\r\nContent-Length: %d\r\n\r\n%s", kind, len(body), body)
	}
	api := func(body string) string {
		return fmt.Sprintf("POST /api/v1/things HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer lan\r\nIdempotency-Key: key-00001\r\nAccept-Language: en\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	fields := url.Values{"_key": {"key-00001"}}
	for i := range 3000 {
		fields.Set(fmt.Sprint("f", i), "x")
	}
	var parts bytes.Buffer
	m := multipart.NewWriter(&parts)
	for i := range 1500 {
		_ = m.WriteField(fmt.Sprint("f", i), "")
	}
	_ = m.Close()
	const form = "application/x-www-form-urlencoded"
	for _, tt := range []struct {
		name, sent string
		status     int
		says       string
	}{
		{"a header of 30 KB", "GET /hello HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 30<<10) + "\r\n\r\n", 431, ""},
		{"a body said to be too long", "POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: " + form + "\r\nContent-Length: 99999999\r\n\r\n", 413, "256 KB"},
		{"a body that is too long and does not say so", "POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: " + form + "\r\nTransfer-Encoding: chunked\r\nAccept-Language: en\r\n\r\n" + strings.Repeat("1000\r\n"+strings.Repeat("a", 4096)+"\r\n", 80) + "0\r\n\r\n", 413, "256 KB"},
		{"3,000 fields", post(form, fields.Encode()), 413, "fields"},
		{"1,500 parts", post(m.FormDataContentType(), parts.String()), 413, "fields"},
		{"a form in pieces that never end", post("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhalf"), 422, "arrived only in part"},
		{"200 brackets", api(strings.Repeat(`{"name":`, 100) + strings.Repeat(`[`, 100)), 400, "brackets within brackets"},
		{"brackets in a text are no brackets", api(`{"name":"[[[[[[{{{{{{"}`), 201, ""},
		{"half a request", "POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: " + form + "\r\nContent-Length: 50000\r\nAccept-Language: en\r\n\r\na=", 422, "too slowly"},
		{"two lengths", "POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\naaaaaa", 400, ""},
		{"length and chunks", "POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501, ""},
		{"no HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, ""},
		{"a header that never ends", "GET /hello HTTP/1.1\r\nHost: a\r\nX: ", 0, ""}, // cut off after five seconds
	} {
		r := raw(t, addr, tt.sent)
		b := &bytes.Buffer{}
		if r.Body != nil {
			_, _ = b.ReadFrom(r.Body)
			_ = r.Body.Close()
		}
		if r.StatusCode != tt.status || !strings.Contains(b.String(), tt.says) {
			t.Errorf("%s: %d %.300s, want %d %q", tt.name, r.StatusCode, b, tt.status, tt.says)
		}
		if next := raw(t, addr, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"); next.StatusCode != 200 {
			t.Errorf("after %s: %d", tt.name, next.StatusCode)
		}
	}
}

// TestAClientThatAsksTooMuchAtOnce is told so, with when to come again, while another is served.
func TestAClientThatAsksTooMuchAtOnce(t *testing.T) {
	t.Parallel()
	in, out := make(chan struct{}), make(chan struct{})
	costly := page("GET", "/paper", auth.Public, func(w http.ResponseWriter, r *http.Request) error {
		in <- struct{}{}
		<-out
		return web.Render(w, r, 200, text("paper"))
	})
	costly.AtOnce = 2
	s := newSite(t, web.Config{}, web.Module{Name: "m", Routes: []web.Route{costly}}, demo())
	done := make(chan int, 2)
	for range 2 {
		go func() { done <- s.do(t, call{"GET", "/paper", "", nil}).StatusCode }()
		<-in
	}
	r := s.do(t, call{"GET", "/paper", "", map[string]string{"Accept-Language": "en", "Accept": "application/json"}})
	if r.StatusCode != 429 || r.Header.Get("Retry-After") != "5" {
		t.Errorf("%d %v", r.StatusCode, r.Header)
	}
	if r := s.do(t, call{"GET", "/hello", "", nil}); r.StatusCode != 200 {
		t.Errorf("another route: %d", r.StatusCode)
	}
	close(out)
	for range 2 {
		if got := <-done; got != 200 {
			t.Error(got)
		}
	}
}

// TestAnOperationThatGoes says so on each answer and in the document.
func TestAnOperationThatGoes(t *testing.T) {
	t.Parallel()
	since, sunset := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 12, 1, 0, 0, 0, 0, time.UTC)
	s := newSite(t, web.Config{}, web.Module{Name: "m", API: func(a *web.API) {
		op := huma.Operation{OperationID: "oldThings", Method: http.MethodGet, Path: "/api/v1/old-things", Summary: "Old"}
		web.Op(a, web.Deprecated(op, since, sunset, "/api/v1/things"), auth.Public, func(context.Context, *struct{}) (*struct{ Body struct{} }, error) {
			return &struct{ Body struct{} }{}, nil
		})
	}}, demo())
	h := s.do(t, call{"GET", "/api/v1/old-things", "", nil}).Header
	if h.Get("Deprecation") != "@1796083200" || h.Get("Sunset") != "Wed, 01 Dec 2027 00:00:00 GMT" || h.Get("Link") != `</api/v1/things>; rel="successor-version"` {
		t.Error(h)
	}
	if h := s.do(t, call{"GET", "/hello", "", nil}).Header; h.Get("Sunset") != "" || h.Get("Deprecation") != "" {
		t.Error(h)
	}
	if doc := body(t, s.do(t, call{"GET", "/api/openapi.json", "", nil})); !strings.Contains(doc, `"deprecated":true`) || !strings.Contains(doc, `"x-sunset":"2027-12-01T00:00:00Z"`) {
		t.Errorf("%.500s", doc)
	}
}
