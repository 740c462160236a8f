package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"khue/internal/kernel/web"
)

// TestFiguresAreForWhoeverWatches: without a token this machine and trusted networks, with one
// only who sends it; what a proxy forwards is a stranger's.
func TestFiguresAreForWhoeverWatches(t *testing.T) {
	t.Parallel()
	open := newSite(t, web.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}, demo())
	closed := newSite(t, web.Config{MetricsToken: "figures-for-the-watch"}, demo())
	for _, x := range []struct {
		what string
		site site
		from string
		head map[string]string
		want int
	}{
		{"this machine", open, "127.0.0.1:4000", nil, 200},
		{"this machine, by IPv6", open, "[::1]:4000", nil, 200},
		{"a trusted network", open, "10.1.2.3:4000", nil, 200},
		{"a stranger", open, "203.0.113.9:4000", nil, 404},
		{"a stranger through a proxy on this machine", open, "127.0.0.1:4000", map[string]string{"X-Forwarded-For": "203.0.113.9"}, 404},
		{"a stranger who forges the way", open, "10.1.2.3:4000", map[string]string{"X-Forwarded-For": "127.0.0.1"}, 404},
		{"this machine without the token", closed, "127.0.0.1:4000", nil, 404},
		{"a wrong token", closed, "127.0.0.1:4000", map[string]string{"Authorization": "Bearer figures"}, 404},
		{"the token from anywhere", closed, "203.0.113.9:4000", map[string]string{"Authorization": "Bearer figures-for-the-watch"}, 200},
	} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.RemoteAddr = x.from
		for k, v := range x.head {
			r.Header.Set(k, v)
		}
		rec := httptest.NewRecorder()
		x.site.ServeHTTP(rec, r)
		if rec.Code != x.want {
			t.Errorf("%s: %d, want %d", x.what, rec.Code, x.want)
		}
	}
}
