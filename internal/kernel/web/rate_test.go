package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/web"
)

// TestARouteHoldsItsRate: one client asks as often as the route says, is told in words and in
// seconds when to come again, and is taken then; another client is not held; where only refusals
// count, who asks rightly is never held.
func TestARouteHoldsItsRate(t *testing.T) {
	t.Parallel()
	clk := clock.NewFake(clock.MustDate("2026-11-20").At(9, 0))
	answer := func(w http.ResponseWriter, r *http.Request) error {
		if r.URL.Query().Has("forged") {
			return errs.E(errs.Forbidden, "auth.error.session")
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	s := newSiteAt(t, clk, web.Config{}, web.Module{Name: "m", Routes: []web.Route{
		{Method: "GET", Path: "/dear", Policy: auth.Public, Do: answer, Rate: web.Rate{Most: 3, Each: 10 * time.Second}},
		{Method: "GET", Path: "/told", Policy: auth.Public, Do: answer, Rate: web.Rate{Most: 3, Each: 10 * time.Second, Refused: true}},
	}})
	ask := func(path, from string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		r.RemoteAddr = from
		r.Header.Set("Accept-Language", "en")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	want := func(status int, path, from string) *httptest.ResponseRecorder {
		t.Helper()
		w := ask(path, from)
		if w.Code != status {
			t.Fatalf("%s from %s: %d, want %d", path, from, w.Code, status)
		}
		return w
	}
	for range 3 {
		want(204, "/dear", "192.0.2.1:1")
	}
	w := want(429, "/dear", "192.0.2.1:2")
	if w.Header().Get("Retry-After") != "10" || !strings.Contains(w.Body.String(), "wait 10 seconds") {
		t.Errorf("Retry-After %q: %s", w.Header().Get("Retry-After"), w.Body)
	}
	want(204, "/dear", "192.0.2.2:1")
	clk.Advance(10 * time.Second)
	want(204, "/dear", "192.0.2.1:1")
	want(429, "/dear", "192.0.2.1:1")
	// Of IPv6 one network is one client.
	for i := range 3 {
		want(204, "/dear", fmt.Sprintf("[2001:db8::%d]:1", i+1))
	}
	want(429, "/dear", "[2001:db8::99]:1")
	want(204, "/dear", "[2001:db8:0:1::1]:1")

	for range 50 {
		want(204, "/told", "192.0.2.3:1")
	}
	for range 3 {
		want(403, "/told?forged", "192.0.2.3:1")
	}
	want(429, "/told?forged", "192.0.2.3:1")
	want(429, "/told", "192.0.2.3:1") // for a while nothing is taken from there
	clk.Advance(time.Minute)
	want(204, "/told", "192.0.2.3:1")
}
