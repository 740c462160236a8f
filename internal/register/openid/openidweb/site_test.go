package openidweb_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/register/openid"
)

// Scripts on a client's own site may call the endpoints; those of other sites may read nothing.
func TestBrowserAppsCallFromTheirOwnSiteOnly(t *testing.T) {
	c := citytest.New(t, today())
	x := register(t, c, func(n *openid.Client) { n.Auth, n.Grants = openid.AuthNone, []string{openid.GrantCode} })
	b := signedIn(t, c)
	p := newPKCE()
	r := x.redeem(x.code(b, p), p, "Origin", "https://app.example.vn", "Sec-Fetch-Site", "cross-site")
	if r.status != http.StatusOK || r.header.Get("Access-Control-Allow-Origin") != "https://app.example.vn" {
		t.Errorf("its own site: %d, may read %q", r.status, r.header.Get("Access-Control-Allow-Origin"))
	}
	if got := r.header.Get("Access-Control-Allow-Credentials"); got != "" {
		t.Errorf("cookies may come along: %q", got)
	}
	p = newPKCE()
	r = x.redeem(x.code(b, p), p, "Origin", "https://evil.example")
	if got := r.header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("another site may read: %q", got)
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodOptions, c.URL+"/oauth/token", nil)
	req.Header.Set("Origin", "https://app.example.vn")
	if r := send(t, req); r.status != http.StatusNoContent || !strings.Contains(r.header.Get("Access-Control-Allow-Headers"), "DPoP") {
		t.Errorf("asking first: %d %v", r.status, r.header)
	}
	// A form that another site posts is asked for anew, with our cookie, and then held to all checks.
	_, query, _ := strings.Cut(x.ask(newPKCE()), "?")
	v, _ := url.ParseQuery(query)
	a := b.post("/oauth/authorize", v)
	if to := a.header.Get("Location"); a.status != http.StatusSeeOther || !strings.HasPrefix(to, "/oauth/authorize?") || came(t, b.get(to)).Get("code") == "" {
		t.Errorf("a posted request: %d to %q", a.status, to)
	}
}

// What a request says of its host changes neither the issuer nor where anybody is sent.
func TestTheIssuerIsNotWhatAHeaderSays(t *testing.T) {
	c := citytest.New(t, today())
	x := register(t, c)
	b := signedIn(t, c)
	p := newPKCE()
	for _, path := range []string{"/.well-known/openid-configuration", x.ask(p)} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, c.URL+path, nil)
		req.Host = "evil.example"
		req.Header.Set("X-Forwarded-Host", "evil.example")
		req.Header.Set("Forwarded", "host=evil.example;proto=https")
		a := b.do(req)
		if strings.Contains(a.body+a.header.Get("Location"), "evil.example") {
			t.Errorf("%s repeats it: %s %.300s", path, a.header.Get("Location"), a.body)
		}
	}
	id := claims(t, x.tokens(b).text("id_token"))
	if id["iss"] != c.URL {
		t.Errorf("the issuer is %v", id["iss"])
	}
}
