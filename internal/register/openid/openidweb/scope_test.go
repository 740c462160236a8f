package openidweb_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/web"
	"khue/internal/register/openid"
)

// A program that somebody let in reaches the routes that name a scope it has, and no other page or
// operation of the whole city.
func TestNoRouteIsOpenToProgramsUnlessItSaysSo(t *testing.T) {
	c := citytest.New(t, today())
	all := register(t, c)
	b := signedIn(t, c)
	everything := all.tokens(b, "scope", strings.Join(openid.Scopes(), " ")).text("access_token")
	nothing := all.tokens(b, "scope", "openid").text("access_token")
	param := regexp.MustCompile(`\{[^}]*\}`)
	call := func(method, path, token string) int {
		req, err := http.NewRequestWithContext(t.Context(), method, c.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Accept", "application/json")
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	closed, open := 0, 0
	for _, r := range c.Server.Routes() {
		path := param.ReplaceAllString(strings.TrimSuffix(r.Path, "{$}"), "1")
		switch r.Scope {
		case web.AnyScope, "openid":
		case "":
			closed++
			if r.Path == "/live" || r.Path == "/metrics" {
				continue // a stream; figures, which go by the address or a token of their own
			}
			if got := call(r.Method, path, everything); got != http.StatusForbidden {
				t.Errorf("%s %s names no scope and answers a program with %d", r.Method, r.Path, got)
			}
		default:
			open++
			if got := call(r.Method, path, nothing); got != http.StatusForbidden {
				t.Errorf("%s %s needs %s and answers a program without it with %d", r.Method, r.Path, r.Scope, got)
			}
		}
		if strings.HasPrefix(r.Path, "/api/v1/tasks") && !strings.HasPrefix(r.Scope, "tasks.") {
			t.Errorf("%s %s is an officer's and names the scope %q", r.Method, r.Path, r.Scope)
		}
	}
	if closed < 100 || open < 20 {
		t.Errorf("%d closed and %d open routes were tried", closed, open)
	}
	// Scopes of officers are not for programs of others.
	_, _, err := c.OpenID.AddClient(t.Context(), openid.Client{
		Name: "x", Owner: "x", Sector: "x.example", Redirects: []string{back}, Grants: []string{openid.GrantCode}, Scopes: []string{"openid", "tasks.write"}, Auth: openid.AuthBasic, Token: openid.TokenOpaque, Alg: "ES256",
	})
	if err == nil {
		t.Error("a company's program was registered for the work of officers")
	}
}

func TestRegistrationsThatCannotBeSafeAreRefused(t *testing.T) {
	c := citytest.New(t, today())
	good := openid.Client{
		Name: "x", Owner: "x", First: true, Redirects: []string{back}, Grants: []string{openid.GrantCode}, Scopes: []string{"openid"}, Auth: openid.AuthBasic, Token: openid.TokenOpaque, Alg: "ES256",
	}
	for what, change := range map[string]func(*openid.Client){
		"http elsewhere": func(n *openid.Client) { n.Redirects = []string{"http://app.example.vn/back"} }, "a wildcard": func(n *openid.Client) { n.Redirects = []string{"https://*.example.vn/back"} },
		"a fragment": func(n *openid.Client) { n.Redirects = []string{back + "#x"} }, "a user": func(n *openid.Client) { n.Redirects = []string{"https://a@app.example.vn/back"} },
		"a script": func(n *openid.Client) { n.Redirects = []string{"javascript:alert(1)"} }, "a path that climbs": func(n *openid.Client) { n.Redirects = []string{"https://app.example.vn/a/../b"} },
		"a bare scheme": func(n *openid.Client) { n.Redirects = []string{"myapp:/back"} }, "no address": func(n *openid.Client) { n.Redirects = nil },
		"credentials without a secret": func(n *openid.Client) {
			n.Auth, n.Grants = openid.AuthNone, []string{openid.GrantCode, openid.GrantClient}
		},
		"keys that are none": func(n *openid.Client) { n.Auth, n.Keys = openid.AuthKey, `{"keys":[]}` }, "HS256": func(n *openid.Client) { n.Alg = "HS256" },
		"others without a sector": func(n *openid.Client) { n.First = false }, "jwt for nobody": func(n *openid.Client) { n.Token = openid.TokenJWT }, "an unknown scope": func(n *openid.Client) { n.Scopes = []string{"admin"} },
	} {
		n := good
		change(&n)
		if _, _, err := c.OpenID.AddClient(t.Context(), n); err == nil {
			t.Errorf("%s is registered", what)
		}
	}
	if _, _, err := c.OpenID.AddClient(t.Context(), good); err != nil {
		t.Error(err)
	}
	app := good
	app.Redirects, app.Auth = []string{"vn.example.app:/back", "http://127.0.0.1:8999/back", "http://[::1]/back"}, openid.AuthNone
	if _, _, err := c.OpenID.AddClient(t.Context(), app); err != nil {
		t.Error(err)
	}
}
