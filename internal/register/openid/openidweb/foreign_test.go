package openidweb_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"khue/internal/citytest"
	"khue/internal/register/openid"
)

// A relying party that nobody here wrote signs a citizen in.
func TestGoOIDCSignsPeopleIn(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		ctx := t.Context()
		provider, err := oidc.NewProvider(ctx, c.URL)
		if err != nil {
			t.Fatal(err)
		}
		for _, alg := range []string{"ES256", "RS256"} {
			x := register(t, c, func(n *openid.Client) { n.Alg = alg })
			cfg := oauth2.Config{
				ClientID: x.Code, ClientSecret: x.secret, Endpoint: provider.Endpoint(), RedirectURL: back,
				Scopes: []string{oidc.ScopeOpenID, "profile", "phone", oidc.ScopeOfflineAccess},
			}
			verifier := oauth2.GenerateVerifier()
			b := signedIn(t, c)
			got := came(t, b.get(cfg.AuthCodeURL("state-7", oauth2.S256ChallengeOption(verifier), oidc.Nonce("nonce-7"))))
			if got.Get("state") != "state-7" || got.Get("iss") != c.URL {
				t.Fatalf("%s: came back with %v", alg, got)
			}
			token, err := cfg.Exchange(ctx, got.Get("code"), oauth2.VerifierOption(verifier))
			if err != nil {
				t.Fatal(err)
			}
			raw, _ := token.Extra("id_token").(string)
			id, err := provider.Verifier(&oidc.Config{ClientID: x.Code}).Verify(ctx, raw)
			if err != nil {
				t.Fatal(err)
			}
			if id.Nonce != "nonce-7" || id.VerifyAccessToken(token.AccessToken) != nil {
				t.Errorf("%s: nonce %q, or at_hash does not fit", alg, id.Nonce)
			}
			info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
			if err != nil {
				t.Fatal(err)
			}
			var more struct {
				Name  string `json:"name"`
				Phone string `json:"phone_number"`
			}
			if err := info.Claims(&more); err != nil || info.Subject != id.Subject || more.Name != "Nguyễn Thị Hạnh" || more.Phone != "+84912000001" {
				t.Errorf("%s: userinfo says %+v of %s, not of %s", alg, more, info.Subject, id.Subject)
			}
			old := token.RefreshToken
			fresh, err := cfg.TokenSource(ctx, &oauth2.Token{RefreshToken: old}).Token()
			if err != nil || fresh.RefreshToken == old || fresh.AccessToken == token.AccessToken {
				t.Errorf("%s: refreshing gave %v", alg, err)
			}
		}
	}, today())
}

func TestClientCredentialsReachWhatTheyWereGiven(t *testing.T) {
	c := citytest.New(t, today())
	x := register(t, c, func(n *openid.Client) { n.Scopes = []string{"dossiers.read"} })
	cfg := clientcredentials.Config{ClientID: x.Code, ClientSecret: x.secret, TokenURL: c.URL + "/oauth/token", Scopes: []string{"dossiers.read"}}
	res, err := cfg.Client(context.WithoutCancel(t.Context())).Get(c.URL + "/api/v1/my/dossiers")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("its own scope is answered with %d", res.StatusCode)
	}
	r := x.call("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"dossiers.write"}})
	if r.status != http.StatusBadRequest || r.text("error") != "invalid_scope" {
		t.Errorf("a scope that was not registered: %d %v", r.status, r.m)
	}
	token := x.call("/oauth/token", url.Values{"grant_type": {"client_credentials"}}).text("access_token")
	for path, want := range map[string]int{"/api/v1/my/dossiers": 200, "/api/v1/inbox": 403, "/account": 403, "/oauth/userinfo": 403, "/api/v1/procedures": 200} {
		if got := bearer(t, c, path, token); got != want {
			t.Errorf("%s answers %d, not %d", path, got, want)
		}
	}
}
