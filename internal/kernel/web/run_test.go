package web_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/web"
)

func TestRunLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	slow := web.Module{Name: "m", Routes: []web.Route{page("GET", "/slow", auth.Public, func(w http.ResponseWriter, r *http.Request) error {
		close(entered)
		<-release
		return web.Render(w, r, 200, text("done"))
	})}}
	s := newSite(t, web.Config{Listen: "127.0.0.1:0"}, slow)
	ctx, stop := context.WithCancel(context.Background())
	addr, ended, got := make(chan net.Addr, 1), make(chan error, 1), make(chan string, 1)
	go func() { ended <- s.Run(ctx, func(a net.Addr) { addr <- a }) }()
	url := "http://" + (<-addr).String()
	go func() {
		r, err := http.Get(url + "/slow") //nolint:noctx // ends with the server
		if err != nil {
			got <- err.Error()
			return
		}
		defer func() { _ = r.Body.Close() }()
		b, _ := io.ReadAll(r.Body)
		got <- string(b)
	}()
	<-entered
	stop()
	close(release)
	if b := <-got; b != "done" {
		t.Errorf("the request under way got %q", b)
	}
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	if _, err := net.DialTimeout("tcp", strings.TrimPrefix(url, "http://"), time.Second); err == nil {
		t.Error("the server still listens")
	}
}

func TestRunSaysWhyItCannotListen(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	s := newSite(t, web.Config{Listen: ln.Addr().String()})
	if err := s.Run(context.Background(), nil); err == nil || !strings.Contains(err.Error(), ln.Addr().String()) {
		t.Errorf("Run on a taken port: %v", err)
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	var fault error
	d, _ := deps(t)
	d.Checks = []web.Check{{Name: "storage", Do: func(context.Context) error { return fault }}}
	srv, err := web.New(web.Config{}, d)
	if err != nil {
		t.Fatal(err)
	}
	s := site{Server: srv}
	if r := s.do(t, call{path: "/readyz"}); r.StatusCode != 200 {
		t.Errorf("ready: %d", r.StatusCode)
	}
	fault = io.ErrUnexpectedEOF
	r := s.do(t, call{path: "/readyz"})
	if b := body(t, r); r.StatusCode != 503 || !strings.Contains(b, `"storage":"failed"`) || strings.Contains(b, "EOF") {
		t.Errorf("not ready: %d %s", r.StatusCode, b)
	}
}

// TestANodeThatLeavesSaysSoFirst: told to stop, it is no longer ready, ends the connections of
// those that still come, answers them, and only then closes the door.
func TestANodeThatLeavesSaysSoFirst(t *testing.T) {
	t.Parallel()
	m := web.Module{Name: "m", Routes: []web.Route{page("GET", "/here", auth.Public, func(w http.ResponseWriter, r *http.Request) error {
		return web.Render(w, r, 200, text("here"))
	})}}
	s := newSite(t, web.Config{Listen: "127.0.0.1:0", Leave: 3 * time.Second}, m)
	ctx, stop := context.WithCancel(context.Background())
	addr, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func(a net.Addr) { addr <- a }) }()
	url := "http://" + (<-addr).String()
	get := func(path string) (int, bool) {
		t.Helper()
		r, err := http.Get(url + path) //nolint:noctx // ends with the server
		if err != nil {
			t.Fatalf("%s while it leaves: %v", path, err)
		}
		_ = r.Body.Close()
		return r.StatusCode, r.Close
	}
	if status, closes := get("/readyz"); status != 200 || closes {
		t.Errorf("ready: %d, closes %t", status, closes)
	}
	stop()
	for end := time.Now().Add(2 * time.Second); ; {
		if status, _ := get("/readyz"); status == http.StatusServiceUnavailable {
			break
		}
		if time.Now().After(end) {
			t.Fatal("it leaves and says that it is ready")
		}
	}
	if status, closes := get("/here"); status != 200 || !closes {
		t.Errorf("who still comes gets %d, the connection closes: %t", status, closes)
	}
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}
