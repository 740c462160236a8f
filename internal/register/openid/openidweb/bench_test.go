package openidweb_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"khue/internal/citytest"
	"khue/internal/register/openid"
)

// BenchmarkCodeFlow is one sign-in through a client without the network: authorization request,
// code, tokens, on SQLite. cpu-us counts the whole process.
func BenchmarkCodeFlow(b *testing.B) {
	c := citytest.New(b, today())
	made, secret, err := c.OpenID.AddClient(b.Context(), openid.Client{
		Name: "Bench", Owner: "Bench", First: true, Redirects: []string{back}, Grants: []string{openid.GrantCode},
		Scopes: []string{"openid", "profile"}, Auth: openid.AuthBasic, Token: openid.TokenOpaque, Alg: "ES256",
	})
	if err != nil {
		b.Fatal(err)
	}
	do := func(r *http.Request) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		c.Server.ServeHTTP(w, r)
		return w
	}
	post := func(path string, v url.Values) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(v.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return do(r)
	}
	session := post("/sign-in", url.Values{"login": {"0912000001"}, "password": {password}}).Result().Cookies()
	x := client{Client: made}
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	for b.Loop() {
		p := newPKCE()
		r := httptest.NewRequest(http.MethodGet, x.ask(p), nil)
		for _, k := range session {
			r.AddCookie(k)
		}
		u, _ := url.Parse(do(r).Header().Get("Location"))
		w := post("/oauth/token", url.Values{
			"grant_type": {"authorization_code"}, "code": {u.Query().Get("code")}, "redirect_uri": {back}, "code_verifier": {p.verifier}, "client_id": {made.Code}, "client_secret": {secret},
		})
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "id_token") {
			b.Fatal(w.Code, w.Body.String())
		}
	}
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	spent := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(float64(spent)/1e3/float64(b.N), "cpu-us/op")
}
