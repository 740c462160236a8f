package web_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/web"
)

// largeForm is a form with a field before and after a file of so many bytes.
func largeForm(t *testing.T, size int) (kind string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("words", "Giấy khai sinh của tôi")
	f, err := m.CreateFormFile("paper", "anh.pdf")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Write(bytes.Repeat([]byte("x"), size))
	_ = m.WriteField("after", "2")
	_ = m.Close()
	return m.FormDataContentType(), b.Bytes()
}

// TestWhoSendsTooMuchHearsWhy posts, as a browser does, without reading before all is sent: the
// connection stands until it is, the handler knows what was typed, and that the file was too large.
func TestWhoSendsTooMuchHearsWhy(t *testing.T) {
	t.Parallel()
	takes := page("POST", "/papers", auth.Public, func(w http.ResponseWriter, r *http.Request) error {
		sent, err := web.Form(r)
		if err != nil {
			return err
		}
		if _, err := web.Files(r, "other"); err != nil {
			return err // nothing was sent there
		}
		_, err = web.Files(r, "paper")
		if !errs.Is(err, errs.TooLarge) {
			return fmt.Errorf("the file was taken: %v", err)
		}
		return web.Render(w, r, http.StatusRequestEntityTooLarge, text("typed: "+sent.Get("words")+sent.Get("after")+"; "+web.ProblemOf(r.Context(), err).Detail))
	})
	takes.MaxBody = 1 << 20
	addr := started(t, web.Config{MaxBody: 64 << 10}, web.Module{Name: "m", Routes: []web.Route{takes, page("POST", "/words", auth.Public, func(http.ResponseWriter, *http.Request) error {
		return fmt.Errorf("a handler without files was asked")
	})}})
	kind, body := largeForm(t, 40<<20)
	for path, want := range map[string]string{"/papers": "typed: Giấy khai sinh của tôi2; anh.pdf: more than the 1 MB", "/words": "64 KB allowed"} {
		conn, err := net.Dial("tcp", addr) //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(time.Minute)) // a bound for what hangs, not a measure
		head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nAccept-Language: en\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", path, kind, len(body))
		if _, err := io.Copy(conn, io.MultiReader(strings.NewReader(head), bytes.NewReader(body))); err != nil {
			t.Errorf("%s: the connection broke while it was sent: %v", path, err)
		}
		got, err := io.ReadAll(conn)
		_ = conn.Close()
		if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 413") || !strings.Contains(string(got), want) {
			t.Errorf("%s: %v, %.300s … want %q", path, err, got, want)
		}
	}
}
