package openidweb_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"khue/internal/citytest"
	"khue/internal/register/openid"
)

// Nobody is sent to an address that was not registered letter for letter, not even with an error.
func TestNoAddressButARegisteredOneIsFollowed(t *testing.T) {
	c := citytest.New(t, today())
	x := register(t, c)
	b := signedIn(t, c)
	for _, uri := range []string{
		back + "/", back + "x", back + "/../evil", back + "?a=b", back + "#f", "https://app.example.vn", "https://app.example.vn/Back", "http://app.example.vn/back",
		"https://app.example.vn:443/back", "https://app.example.vn.evil.example/back", "https://app.example.vn@evil.example/back", "https://evil.example/?" + back,
		"https://user@app.example.vn/back", "//app.example.vn/back", "https://app.example.vn/%62ack", "https://app.example.vn%2fback", "https://app.example.vn\\@evil.example/back",
		"https:///app.example.vn/back", "javascript:alert(1)", "data:text/html,x", " " + back, back + "\n", "https://APP.example.vn/back",
	} {
		a := b.get(x.ask(newPKCE(), "redirect_uri", uri))
		if a.status != http.StatusUnprocessableEntity && a.status != http.StatusBadRequest || a.header.Get("Location") != "" || a.header.Get("Refresh") != "" {
			t.Errorf("%q is answered with %d to %q", uri, a.status, a.header.Get("Location"))
		}
	}
	for what, change := range map[string][]string{"none": {"redirect_uri", ""}, "another client": {"client_id", "khue-nobody"}} {
		if a := b.get(x.ask(newPKCE(), change...)); a.header.Get("Location") != "" || a.status < 400 {
			t.Errorf("%s: %d to %q", what, a.status, a.header.Get("Location"))
		}
	}
	twice := x.ask(newPKCE()) + "&redirect_uri=" + url.QueryEscape("https://evil.example/")
	if a := b.get(twice); a.header.Get("Location") != "" {
		t.Errorf("two addresses lead to %q", a.header.Get("Location"))
	}
	other := register(t, c, func(n *openid.Client) { n.Redirects = []string{"https://other.example/back"} })
	if a := b.get(x.ask(newPKCE(), "client_id", other.Code)); a.header.Get("Location") != "" {
		t.Error("one client's address is good for another")
	}
	for _, path := range []string{"/oauth/end-session?post_logout_redirect_uri=https://evil.example/", "/oauth/end-session?client_id=" + x.Code + "&post_logout_redirect_uri=https://evil.example/"} {
		if a := b.get(path); a.header.Get("Location") != "" || a.status < 400 {
			t.Errorf("%s: %d to %q", path, a.status, a.header.Get("Location"))
		}
	}
}

func TestRequestsWithoutProperPKCEAreRefused(t *testing.T) {
	c := citytest.New(t, today())
	x := register(t, c)
	b := signedIn(t, c)
	p := newPKCE()
	for what, change := range map[string][]string{
		"no challenge": {"code_challenge", ""}, "plain": {"code_challenge_method", "plain"}, "no method": {"code_challenge_method", ""}, "short": {"code_challenge", "abc"},
		"token flow": {"response_type", "token"}, "hybrid": {"response_type", "code id_token"}, "fragment": {"response_mode", "fragment"}, "object": {"request", "eyJ"},
		"none and more": {"prompt", "none login"}, "unknown scope": {"scope", "openid admin"},
	} {
		v := came(t, b.get(x.ask(p, change...)))
		if v.Get("error") == "" || v.Get("code") != "" || v.Get("state") != "st-1" || v.Get("iss") != c.URL {
			t.Errorf("%s: came back with %v", what, v)
		}
	}
	code := x.code(b, p)
	if r := x.redeem(code, pkce{verifier: ""}); r.text("error") != "invalid_grant" {
		t.Errorf("without a verifier: %v", r.m)
	}
	if r := x.redeem(code, pkce{verifier: p.challenge}); r.text("error") != "invalid_grant" {
		t.Errorf("the challenge as verifier: %v", r.m)
	}
	if r := x.redeem(code, newPKCE()); r.text("error") != "invalid_grant" {
		t.Errorf("another's verifier: %v", r.m)
	}
	if r := x.redeem(code, p); r.status != http.StatusOK {
		t.Errorf("the right verifier: %v", r.m)
	}
}

// altered is a code with another end.
func altered(code string) string {
	tail := "AA"
	if strings.HasSuffix(code, tail) {
		tail = "BA"
	}
	return code[:len(code)-len(tail)] + tail
}

// A code that is taken from one place does nothing at another, and a second use ends the first.
func TestCodesAreGoodOnceWhereTheyWereGiven(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		x := register(t, c)
		other := register(t, c)
		b := signedIn(t, c)
		p := newPKCE()
		code := x.code(b, p, "scope", "openid offline_access dossiers.read")
		if r := other.redeem(code, p); r.text("error") != "invalid_grant" {
			t.Errorf("another client redeemed it: %v", r.m)
		}
		if r := x.call("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {back + "/out"}, "code_verifier": {p.verifier}}); r.text("error") != "invalid_grant" {
			t.Errorf("with another address: %v", r.m)
		}
		if r := x.redeem(altered(code), p); r.text("error") != "invalid_grant" {
			t.Errorf("altered: %v", r.m)
		}
		first := x.redeem(code, p)
		if first.status != http.StatusOK || bearer(t, c, "/api/v1/my/dossiers", first.text("access_token")) != http.StatusOK {
			t.Fatalf("the first use: %d %v", first.status, first.m)
		}
		if r := x.redeem(code, p); r.status != http.StatusBadRequest || r.text("error") != "invalid_grant" {
			t.Errorf("the second use: %d %v", r.status, r.m)
		}
		if got := bearer(t, c, "/api/v1/my/dossiers", first.text("access_token")); got != http.StatusUnauthorized {
			t.Errorf("after the second use the first's token is answered with %d", got)
		}
		if r := x.call("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.text("refresh_token")}}); r.text("error") != "invalid_grant" {
			t.Errorf("after the second use the first's refresh token gives %v", r.m)
		}
		late := x.code(b, p)
		c.Pass(61 * time.Second)
		if r := x.redeem(late, p); r.text("error") != "invalid_grant" {
			t.Errorf("a code of a minute ago: %v", r.m)
		}
	}, today())
}

func TestARefreshTokenThatComesTwiceEndsItsFamily(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		x, other := register(t, c), register(t, c)
		renew := func(x client, token string) reply {
			return x.call("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
		}
		first := x.tokens(signedIn(t, c), "scope", "openid offline_access dossiers.read")
		if r := renew(other, first.text("refresh_token")); r.text("error") != "invalid_grant" {
			t.Errorf("another client renewed it: %v", r.m)
		}
		second := renew(x, first.text("refresh_token"))
		third := renew(x, second.text("refresh_token"))
		if third.status != http.StatusOK || third.text("id_token") == "" {
			t.Fatalf("renewing twice: %v", third.m)
		}
		if r := x.call("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {third.text("refresh_token")}, "scope": {"openid dossiers.write"}}); r.text("error") != "invalid_scope" {
			t.Errorf("a scope that was not given: %v", r.m)
		}
		if r := renew(x, first.text("refresh_token")); r.text("error") != "invalid_grant" {
			t.Errorf("the first again: %v", r.m)
		}
		if r := renew(x, third.text("refresh_token")); r.text("error") != "invalid_grant" {
			t.Errorf("after that the latest gives %v", r.m)
		}
		for _, r := range []reply{first, second, third} {
			if got := bearer(t, c, "/api/v1/my/dossiers", r.text("access_token")); got != http.StatusUnauthorized {
				t.Errorf("after that an access token is answered with %d", got)
			}
		}
	}, today())
}

// What one client holds opens nothing in the name of another.
func TestTokensAreNotExchangedBetweenClients(t *testing.T) {
	c := citytest.New(t, today())
	x, other := register(t, c, foreign), register(t, c, foreign, func(n *openid.Client) { n.Sector = "other.example" })
	b := signedIn(t, c)
	allow(t, b, x)
	allow(t, b, other)
	tx, to := x.tokens(b, "scope", "openid offline_access"), other.tokens(b, "scope", "openid")
	for what, token := range map[string]string{"access": tx.text("access_token"), "refresh": tx.text("refresh_token")} {
		if r := other.call("/oauth/introspect", url.Values{"token": {token}}); r.status != http.StatusOK || r.m["active"] != false || len(r.m) != 1 {
			t.Errorf("another client learns of the %s token: %v", what, r.m)
		}
		if r := other.call("/oauth/revoke", url.Values{"token": {token}}); r.status != http.StatusOK {
			t.Errorf("revoking another's token tells that it exists: %d", r.status)
		}
		if r := x.call("/oauth/introspect", url.Values{"token": {token}}); r.m["active"] != true {
			t.Errorf("another client revoked the %s token: %v", what, r.m)
		}
	}
	if a, o := claims(t, tx.text("id_token")), claims(t, to.text("id_token")); a["sub"] == o["sub"] || a["sid"] == o["sid"] || a["aud"] == o["aud"] {
		t.Errorf("two sectors know one person by %v and %v, sessions %v and %v", a["sub"], o["sub"], a["sid"], o["sid"])
	}
	twin := register(t, c, foreign)
	allow(t, b, twin)
	if a, o := claims(t, tx.text("id_token")), claims(t, twin.tokens(b, "scope", "openid").text("id_token")); a["sub"] != o["sub"] || a["sid"] == o["sid"] {
		t.Error("two programs of one sector do not know the same person, or share a session's name")
	}
	if a := b.get("/oauth/end-session?client_id=" + other.Code + "&id_token_hint=" + tx.text("id_token")); a.status < 400 {
		t.Errorf("one client signs out with another's ID token: %d", a.status)
	}
	for what, token := range map[string]string{"an ID token": tx.text("id_token"), "a refresh token": tx.text("refresh_token")} {
		if got := bearer(t, c, "/oauth/userinfo", token); got != http.StatusUnauthorized {
			t.Errorf("%s as access token is answered with %d", what, got)
		}
	}
	// A cookie is a session's place, not an access token's.
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, c.URL+"/account", nil)
	req.AddCookie(&http.Cookie{Name: "khue", Value: tx.text("access_token")})
	if a := open(t, c).do(req); a.status != http.StatusSeeOther {
		t.Errorf("an access token in the cookie opens the account: %d", a.status)
	}
}

// allow lets a client in as somebody, through its page.
func allow(t *testing.T, b *browser, x client) {
	t.Helper()
	a := b.get(x.ask(newPKCE(), "scope", strings.Join(x.Scopes, " ")))
	v := came(t, b.post("/oauth/consent", url.Values{"request": {hidden(t, a.body, "request")}, "do": {"allow"}}))
	if v.Get("code") == "" {
		t.Fatalf("allowing gave %v", v)
	}
}

// hidden is the value of a hidden field.
func hidden(t *testing.T, page, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, `name="`+name+`" value="`)
	v, _, ok2 := strings.Cut(rest, `"`)
	if !ok || !ok2 {
		t.Fatalf("no field %s on the page:\n%.2000s", name, page)
	}
	return v
}

func claims(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no JWT", token)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	var m map[string]any
	if err != nil || json.Unmarshal(b, &m) != nil {
		t.Fatalf("%q is no JWT", token)
	}
	return m
}

// Tokens whose header lies about how they are signed are refused where we read them.
func TestAlgorithmsAreNotConfused(t *testing.T) {
	c := citytest.New(t, today())
	x := register(t, c, func(n *openid.Client) {
		n.Token, n.Audience, n.Alg = openid.TokenJWT, "https://api.example.vn", "RS256"
	})
	b := signedIn(t, c)
	r := x.tokens(b)
	good := r.text("access_token")
	if got := bearer(t, c, "/oauth/userinfo", good); got != http.StatusOK {
		t.Fatalf("the token itself is answered with %d", got)
	}
	if got := bearer(t, c, "/api/v1/my/dossiers", good); got != http.StatusForbidden {
		t.Errorf("a token for another API is answered with %d here", got)
	}
	parts := strings.Split(good, ".")
	header := func(h string) string { return base64.RawURLEncoding.EncodeToString([]byte(h)) }
	kid := c.OpenID.PublicKeys().Keys
	var rsKey, esKey jose.JSONWebKey
	for _, k := range kid {
		if k.Algorithm == "RS256" {
			rsKey = k
		} else {
			esKey = k
		}
	}
	public, _ := json.Marshal(rsKey)
	mac := hmac.New(sha256.New, public)
	hs := header(`{"alg":"HS256","typ":"at+jwt","kid":"`+rsKey.KeyID+`"}`) + "." + parts[1]
	mac.Write([]byte(hs))
	mine, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: mine}, (&jose.SignerOptions{EmbedJWK: true}).WithType("at+jwt").WithHeader("kid", esKey.KeyID))
	if err != nil {
		t.Fatal(err)
	}
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	forged, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	own, _ := forged.CompactSerialize()
	for what, token := range map[string]string{
		"alg none":         header(`{"alg":"none","typ":"at+jwt"}`) + "." + parts[1] + ".",
		"alg none, signed": header(`{"alg":"none","typ":"at+jwt","kid":"`+rsKey.KeyID+`"}`) + "." + parts[1] + "." + parts[2],
		"HS256":            hs + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)),
		"another kid":      header(`{"alg":"RS256","typ":"at+jwt","kid":"`+esKey.KeyID+`"}`) + "." + parts[1] + "." + parts[2],
		"unknown kid":      header(`{"alg":"RS256","typ":"at+jwt","kid":"../../dev/null"}`) + "." + parts[1] + "." + parts[2],
		"own key within":   own,
		"an ID token":      r.text("id_token"),
	} {
		if got := bearer(t, c, "/oauth/userinfo", token); got != http.StatusUnauthorized {
			t.Errorf("%s is answered with %d", what, got)
		}
		if r := x.call("/oauth/introspect", url.Values{"token": {token}}); r.m["active"] != false {
			t.Errorf("%s is said to be good", what)
		}
	}
}

// The page that asks is worth nothing in another session or another site's frame.
func TestConsentCannotBeForged(t *testing.T) {
	c := citytest.New(t, today())
	x := register(t, c, foreign)
	b := signedIn(t, c)
	ask := b.get(x.ask(newPKCE()))
	if ask.status != http.StatusOK || !strings.Contains(ask.body, "Công ty Bến Đỗ") || !strings.Contains(ask.body, "know your name") {
		t.Fatalf("the page does not say who asks for what: %d", ask.status)
	}
	if p := ask.header.Get("Content-Security-Policy"); !strings.Contains(p, "frame-ancestors 'none'") || !strings.Contains(p, "form-action 'self'") {
		t.Errorf("the page may be framed: %q", p)
	}
	sealed := hidden(t, ask.body, "request")
	thief := open(t, c)
	thief.signIn("0912000002", "/")
	if a := thief.post("/oauth/consent", url.Values{"request": {sealed}, "do": {"allow"}}); a.status < 400 {
		t.Errorf("another's page is answered with %d", a.status)
	}
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL+"/oauth/consent", strings.NewReader(url.Values{"request": {sealed}, "do": {"allow"}}.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set(name, value)
		if a := b.do(req); a.status != http.StatusForbidden {
			t.Errorf("from another site (%s) it is answered with %d", name, a.status)
		}
	}
	if a := b.post("/oauth/consent", url.Values{"request": {"AAAA"}, "do": {"allow"}}); a.status < 400 {
		t.Errorf("an invented page is answered with %d", a.status)
	}
	if v := came(t, b.post("/oauth/consent", url.Values{"request": {sealed}, "do": {"refuse"}})); v.Get("error") != "access_denied" || v.Get("state") != "st-1" || v.Get("iss") != c.URL {
		t.Errorf("refusing comes back with %v", v)
	}
	if v := came(t, b.get(x.ask(newPKCE(), "prompt", "none"))); v.Get("error") != "consent_required" {
		t.Errorf("after refusing, prompt=none gives %v", v)
	}
}

func TestConsentIsKeptListedAndWithdrawn(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		x := register(t, c, foreign)
		b := signedIn(t, c)
		allow(t, b, x)
		r := x.tokens(b, "scope", "openid offline_access dossiers.read") // nobody is asked again
		if got := bearer(t, c, "/api/v1/my/dossiers", r.text("access_token")); got != http.StatusOK {
			t.Fatalf("what was allowed is answered with %d", got)
		}
		if a := b.get("/account/clients"); !strings.Contains(a.body, "Công ty Bến Đỗ") || !strings.Contains(a.body, "see your dossiers") {
			t.Error("the account does not list what was allowed")
		}
		if a := b.get("/account/data"); !strings.Contains(a.body, "Công ty Bến Đỗ") || !strings.Contains(a.body, "see your dossiers") {
			t.Error("the page of one's rights does not list it")
		}
		if a := b.post("/account/clients/"+x.Code+"/withdraw", url.Values{"from": {"data"}}); a.status != http.StatusSeeOther || a.header.Get("Location") != "/account/data?done=program" {
			t.Fatalf("withdrawing answered %d to %q", a.status, a.header.Get("Location"))
		}
		if a := b.get("/account/data?done=program"); strings.Contains(a.body, "Công ty Bến Đỗ") || !strings.Contains(a.body, "reads nothing of yours") {
			t.Error("withdrawn, it is still listed")
		}
		if got := bearer(t, c, "/api/v1/my/dossiers", r.text("access_token")); got != http.StatusUnauthorized {
			t.Errorf("after withdrawing it is answered with %d", got)
		}
		if r := x.call("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.text("refresh_token")}}); r.text("error") != "invalid_grant" {
			t.Errorf("after withdrawing a refresh token gives %v", r.m)
		}
		if a := b.get(x.ask(newPKCE())); a.status != http.StatusOK || !strings.Contains(a.body, "asks to sign you in") {
			t.Errorf("after withdrawing nobody is asked: %d", a.status)
		}
	}, today())
}

func TestAClientProvesItselfAsItRegistered(t *testing.T) {
	c := citytest.New(t, today())
	x, other := register(t, c), register(t, c)
	post := func(v url.Values, user, pass string) reply {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL+"/oauth/token", strings.NewReader(v.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if user != "" {
			req.SetBasicAuth(user, pass)
		}
		return send(t, req)
	}
	cc := func(kv ...string) url.Values {
		v := url.Values{"grant_type": {"client_credentials"}}
		for i := 0; i < len(kv); i += 2 {
			v.Set(kv[i], kv[i+1])
		}
		return v
	}
	if r := post(cc("client_id", x.Code, "client_secret", x.secret), "", ""); r.status != http.StatusOK {
		t.Errorf("the secret in the form: %v", r.m)
	}
	for what, r := range map[string]reply{
		"no secret": post(cc("client_id", x.Code), "", ""), "empty secret": post(cc(), x.Code, ""), "another's secret": post(cc(), x.Code, other.secret),
		"nobody": post(cc(), "khue-nobody", x.secret), "two ways": post(cc("client_id", x.Code, "client_secret", x.secret), x.Code, x.secret),
		"another's name": post(cc("client_id", other.Code), x.Code, x.secret),
	} {
		if r.status != http.StatusUnauthorized || r.text("error") != "invalid_client" || r.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d %v", what, r.status, r.m)
		}
	}
	fresh, err := c.OpenID.RotateSecret(t.Context(), x.Code, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if post(cc(), x.Code, x.secret).status != http.StatusOK || post(cc(), x.Code, fresh).status != http.StatusOK {
		t.Error("for an hour both secrets should hold")
	}
	c.Pass(61 * time.Minute)
	if post(cc(), x.Code, x.secret).status != http.StatusUnauthorized || post(cc(), x.Code, fresh).status != http.StatusOK {
		t.Error("after an hour only the new secret should hold")
	}
}

// A client that proves itself by its key.
func TestAKeyedClientsAssertionIsGoodOnce(t *testing.T) {
	c := citytest.New(t, today())
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	set, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
	x := register(t, c, func(n *openid.Client) { n.Auth, n.Keys = openid.AuthKey, string(set) })
	assert := func(k any, change map[string]any) string {
		m := map[string]any{"iss": x.Code, "sub": x.Code, "aud": c.URL + "/oauth/token", "jti": rand.Text(), "exp": time.Now().Add(time.Minute).Unix()}
		for n, v := range change {
			m[n] = v
		}
		b, _ := json.Marshal(m)
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: k}, (&jose.SignerOptions{}).WithHeader("kid", "k1"))
		if err != nil {
			t.Fatal(err)
		}
		j, _ := s.Sign(b)
		out, _ := j.CompactSerialize()
		return out
	}
	ask := func(a string) reply {
		return x.call("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_assertion": {a}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}})
	}
	good := assert(key, nil)
	if r := ask(good); r.status != http.StatusOK {
		t.Fatalf("the assertion: %v", r.m)
	}
	stranger, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	for what, a := range map[string]string{
		"again": good, "of another key": assert(stranger, nil), "for another audience": assert(key, map[string]any{"aud": "https://other.example"}),
		"too old": assert(key, map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}), "too long": assert(key, map[string]any{"exp": time.Now().Add(time.Hour).Unix()}),
		"of another issuer": assert(key, map[string]any{"iss": "khue-other"}),
	} {
		if r := ask(a); r.status != http.StatusUnauthorized {
			t.Errorf("%s: %d %v", what, r.status, r.m)
		}
	}
}
