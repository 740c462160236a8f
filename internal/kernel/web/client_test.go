package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/web"
)

func TestNetworkOfAClient(t *testing.T) {
	t.Parallel()
	show := web.Module{Name: "m", Routes: []web.Route{page("GET", "/net", auth.Public, func(w http.ResponseWriter, r *http.Request) error {
		return web.JSON(w, 200, web.Network(r))
	})}}
	s := newSite(t, web.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, show)
	for _, tt := range []struct{ remote, forwarded, want string }{
		{"203.0.113.9:50000", "", "203.0.113.0/24"},
		{"203.0.113.9:50000", "198.51.100.7", "203.0.113.0/24"}, // nobody asked this peer
		{"10.1.2.3:50000", "198.51.100.7", "198.51.100.0/24"},
		{"10.1.2.3:50000", "6.6.6.6, 198.51.100.7, 10.9.9.9", "198.51.100.0/24"},
		{"10.1.2.3:50000", "garbage", "10.1.2.0/24"},
		{"[2001:db8:1:2:3::4]:50000", "", "2001:db8:1:2::/64"},
		{"[::ffff:203.0.113.9]:50000", "", "203.0.113.0/24"},
		{"nonsense", "", "unknown"},
	} {
		r := httptest.NewRequest("GET", "/net", nil)
		r.RemoteAddr = tt.remote
		r.Header.Set("X-Forwarded-For", tt.forwarded)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if got := w.Body.String(); got != `"`+tt.want+`"` {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}

func TestDeviceNames(t *testing.T) {
	t.Parallel()
	for ua, want := range map[string]string{
		"Mozilla/5.0 (Linux; Android 8.1; SM-J730) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0 Mobile Safari/537.36": "Chrome, Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605 Version/17.0 Mobile/15E148 Safari/604.1":     "Safari, iPhone",
		"Mozilla/5.0 (Windows NT 10.0; rv:139.0) Gecko/20100101 Firefox/139.0":                                               "Firefox, Windows",
		"curl/8.5": "",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("User-Agent", ua)
		if got := web.Device(r); got != want {
			t.Errorf("Device(%s) = %q, want %q", ua, got, want)
		}
	}
}
