package openidweb_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/register/openid"
)

// Whoever is not signed in signs in and comes back to the client, without JavaScript.
func TestSigningInLeadsBackToTheClient(t *testing.T) {
	c := citytest.New(t, today())
	x := register(t, c)
	b := open(t, c)
	p := newPKCE()
	a := b.get(x.ask(p, "login_hint", "0912000001"))
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), "/sign-in?") {
		t.Fatalf("a visitor is answered with %d to %q", a.status, a.header.Get("Location"))
	}
	page := b.get(a.header.Get("Location"))
	if !strings.Contains(page.body, `value="0912000001"`) {
		t.Error("the hint does not stand in the form")
	}
	a = b.signIn("0912000001", hidden(t, strings.ReplaceAll(page.body, "&amp;", "&"), "next"))
	a = b.get(a.header.Get("Location"))
	v := came(t, a)
	if a.status != http.StatusOK {
		t.Error("the browser is redirected out of a form, which its policy forbids")
	}
	r := x.redeem(v.Get("code"), p)
	id := claims(t, r.text("id_token"))
	if id["acr"] != "verified" || id["amr"].([]any)[0] != "pwd" || id["nonce"] != "no-1" || id["iss"] != c.URL || id["sid"] == nil {
		t.Errorf("the ID token says %v", id)
	}
	for name, v := range id {
		if s, ok := v.(string); ok && strings.HasPrefix(s, "khue_s") {
			t.Errorf("the ID token holds a session's token in %s", name)
		}
	}
}

// setLevel says how sure the city is of the citizen of these tests.
func setLevel(t *testing.T, c *citytest.City, l auth.Level) {
	t.Helper()
	a, err := c.Auth.FindAccount(t.Context(), "0912000001")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.DB.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error { return c.Auth.SetLevelIn(tx, a.ID, l) }); err != nil {
		t.Fatal(err)
	}
}

// next follows a request to the sign-in form and returns where it leads after signing in.
func next(t *testing.T, b *browser, path string) string {
	t.Helper()
	a := b.get(path)
	to, err := url.Parse(a.header.Get("Location"))
	if err != nil || to.Path != "/sign-in" {
		t.Fatalf("%s is answered with %d to %q and not sent to sign in", path, a.status, a.header.Get("Location"))
	}
	if b.get(a.header.Get("Location")).status != http.StatusOK {
		t.Fatal("the sign-in form does not open again")
	}
	return to.Query().Get("next")
}

func TestClientsSayHowFreshAndHowSureASignInMustBe(t *testing.T) {
	c := citytest.New(t, today())
	x := register(t, c)
	b := signedIn(t, c)
	if v := came(t, open(t, c).get(x.ask(newPKCE(), "prompt", "none"))); v.Get("error") != "login_required" {
		t.Errorf("prompt=none for a visitor gives %v", v)
	}
	if v := came(t, b.get(x.ask(newPKCE(), "prompt", "none"))); v.Get("code") == "" {
		t.Errorf("prompt=none for somebody signed in gives %v", v)
	}
	c.Pass(10 * time.Minute)
	if v := came(t, b.get(x.ask(newPKCE(), "max_age", "900"))); v.Get("code") == "" {
		t.Errorf("max_age of more than ten minutes: %v", v)
	}
	for what, change := range map[string][]string{"max_age": {"max_age", "300"}, "prompt=login": {"prompt", "login"}} {
		again := next(t, b, x.ask(newPKCE(), change...))
		if got := next(t, b, again); got == "" { // without signing in anew it asks again
			t.Errorf("%s: no way back", what)
		}
		b.signIn("0912000001", "/")
		if v := came(t, b.get(again)); v.Get("code") == "" {
			t.Errorf("%s: after signing in anew: %v", what, v)
		}
		c.Pass(10 * time.Minute)
	}
	// A mark of another request is none.
	again := next(t, b, x.ask(newPKCE(), "prompt", "login"))
	b.signIn("0912000001", "/")
	other := x.ask(newPKCE(), "prompt", "login", "state", "st-2") + again[strings.Index(again, "&_seen="):]
	next(t, b, other)

	setLevel(t, c, auth.Registered)
	sure := `{"id_token":{"acr":{"essential":true,"values":["verified","verified+mfa"]}}}`
	again = next(t, b, x.ask(newPKCE(), "claims", sure))
	b.signIn("0912000001", "/")
	if v := came(t, b.get(again)); v.Get("error") != "unmet_authentication_requirements" {
		t.Errorf("a level that is not reached gives %v", v)
	}
	again = next(t, b, x.ask(newPKCE(), "acr_values", "verified"))
	b.signIn("0912000001", "/")
	p := newPKCE()
	if v := came(t, b.get(again)); v.Get("code") == "" {
		t.Errorf("a level that is only wished for gives %v", v)
	}
	setLevel(t, c, auth.Verified)
	r := x.redeem(x.code(b, p, "claims", sure), p)
	if id := claims(t, r.text("id_token")); id["acr"] != "verified" {
		t.Errorf("acr is %v", id["acr"])
	}
	// Somebody else than the client means.
	if v := came(t, b.get(x.ask(newPKCE(), "prompt", "none", "claims", `{"id_token":{"sub":{"value":"nobody"}}}`))); v.Get("error") != "login_required" {
		t.Errorf("another subject gives %v", v)
	}
	p = newPKCE()
	if id := claims(t, x.redeem(x.code(b, p, "claims", `{"id_token":{"name":null}}`), p).text("id_token")); id["name"] != "Nguyễn Thị Hạnh" {
		t.Errorf("name in the ID token is %v", id["name"])
	}
}

func TestPushedRequests(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		x := register(t, c, func(n *openid.Client) { n.Pushed = true })
		other := register(t, c)
		b := signedIn(t, c)
		p := newPKCE()
		_, query, _ := strings.Cut(x.ask(p), "?")
		v, _ := url.ParseQuery(query)
		if got := came(t, b.get(x.ask(p))); got.Get("error") != "invalid_request" {
			t.Errorf("unpushed: %v", got)
		}
		r := x.call("/oauth/par", v)
		if r.status != http.StatusCreated {
			t.Fatalf("pushing: %d %v", r.status, r.m)
		}
		uri := url.QueryEscape(r.text("request_uri"))
		if a := b.get("/oauth/authorize?client_id=" + other.Code + "&request_uri=" + uri); a.status < 400 {
			t.Errorf("another client's browser brings it: %d", a.status)
		}
		path := "/oauth/authorize?client_id=" + x.Code + "&request_uri=" + uri
		visitor := open(t, c)
		again := next(t, visitor, path) // signing in does not use it up
		visitor.signIn("0912000001", "/")
		got := came(t, visitor.get(again))
		if r := x.redeem(got.Get("code"), p); r.status != http.StatusOK {
			t.Errorf("its code: %v", r.m)
		}
		if a := b.get(path); a.status < 400 {
			t.Errorf("a second time it is answered with %d", a.status)
		}
		v.Set("redirect_uri", "https://evil.example/")
		if r := x.call("/oauth/par", v); r.status != http.StatusBadRequest {
			t.Errorf("pushing another address: %d", r.status)
		}
		v.Set("request_uri", "urn:x")
		if r := x.call("/oauth/par", v); r.text("error") != "invalid_request" {
			t.Errorf("pushing a request_uri: %v", r.m)
		}
	}, today())
}

// prover makes DPoP proofs.
type prover struct {
	t   *testing.T
	key *ecdsa.PrivateKey
}

func newProver(t *testing.T) prover {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return prover{t, key}
}

func (p prover) proof(method, address, token string, change map[string]any) string {
	p.t.Helper()
	m := map[string]any{"jti": rand.Text(), "htm": method, "htu": address, "iat": time.Now().Unix()}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		m["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	for k, v := range change {
		m[k] = v
	}
	b, _ := json.Marshal(m)
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: p.key}, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	if err != nil {
		p.t.Fatal(err)
	}
	j, err := s.Sign(b)
	if err != nil {
		p.t.Fatal(err)
	}
	out, _ := j.CompactSerialize()
	return out
}

// A token that is bound to a key is worth nothing to whoever stole it.
func TestBoundTokensNeedTheirKey(t *testing.T) {
	c := citytest.New(t, today())
	x := register(t, c, func(n *openid.Client) {
		n.Bound, n.Auth, n.Grants = true, openid.AuthNone, []string{openid.GrantCode, openid.GrantRefresh}
	})
	b := signedIn(t, c)
	mine, thief := newProver(t), newProver(t)
	at := c.URL + "/oauth/token"
	p := newPKCE()
	code := x.code(b, p, "scope", "openid offline_access dossiers.read")
	if r := x.redeem(code, p); r.text("error") != "invalid_dpop_proof" {
		t.Errorf("without a proof: %v", r.m)
	}
	once := mine.proof("POST", at, "", nil)
	r := x.redeem(code, p, "DPoP", once)
	if r.status != http.StatusOK || r.text("token_type") != "DPoP" {
		t.Fatalf("with a proof: %v", r.m)
	}
	p = newPKCE()
	code = x.code(b, p)
	for what, proof := range map[string]string{
		"used before": once, "for another method": mine.proof("GET", at, "", nil), "for another address": mine.proof("POST", c.URL+"/oauth/par", "", nil),
		"for another host": mine.proof("POST", "https://evil.example/oauth/token", "", nil), "no proof at all": "x.y.z", "without jti": mine.proof("POST", at, "", map[string]any{"jti": ""}),
	} {
		if r := x.redeem(code, p, "DPoP", proof); r.text("error") != "invalid_dpop_proof" {
			t.Errorf("a proof %s: %v", what, r.m)
		}
	}
	late := x.redeem(code, p, "DPoP", mine.proof("POST", at, "", map[string]any{"iat": time.Now().Add(-time.Hour).Unix()}))
	if late.text("error") != "use_dpop_nonce" || late.header.Get("DPoP-Nonce") == "" {
		t.Fatalf("a proof of an hour ago: %v", late.m)
	}
	if r := x.redeem(code, p, "DPoP", mine.proof("POST", at, "", map[string]any{"iat": time.Now().Add(-time.Hour).Unix(), "nonce": "abc.def"})); r.text("error") != "use_dpop_nonce" {
		t.Errorf("an invented nonce: %v", r.m)
	}
	if r := x.redeem(code, p, "DPoP", mine.proof("POST", at, "", map[string]any{"iat": time.Now().Add(-time.Hour).Unix(), "nonce": late.header.Get("DPoP-Nonce")})); r.status != http.StatusOK {
		t.Errorf("with our nonce: %v", r.m)
	}

	token, api := r.text("access_token"), c.URL+"/api/v1/my/dossiers"
	ask := func(scheme, proof string) int {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, api, nil)
		req.Header.Set("Authorization", scheme+" "+token)
		if proof != "" {
			req.Header.Set("DPoP", proof)
		}
		return send(t, req).status
	}
	good := mine.proof("GET", api, token, nil)
	if got := ask("DPoP", good); got != http.StatusOK {
		t.Errorf("with its key the API answers %d", got)
	}
	for what, got := range map[string]int{
		"as bearer": ask("Bearer", ""), "as bearer with a proof": ask("Bearer", mine.proof("GET", api, token, nil)), "without a proof": ask("DPoP", ""), "replayed": ask("DPoP", good),
		"another key": ask("DPoP", thief.proof("GET", api, token, nil)), "without ath": ask("DPoP", mine.proof("GET", api, "", nil)), "another token's ath": ask("DPoP", mine.proof("GET", api, "x", nil)),
		"another path": ask("DPoP", mine.proof("GET", c.URL+"/api/v1/inbox", token, nil)),
	} {
		if got != http.StatusUnauthorized {
			t.Errorf("%s the API answers %d", what, got)
		}
	}
	renew := func(p prover) reply {
		return x.call("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.text("refresh_token")}}, "DPoP", p.proof("POST", at, "", nil))
	}
	if r := renew(thief); r.text("error") != "invalid_dpop_proof" {
		t.Errorf("another key renews: %v", r.m)
	}
	if r := renew(mine); r.status != http.StatusOK {
		t.Errorf("the key itself does not renew: %v", r.m)
	}
}

func TestADeviceIsLetInByWhoeverReadsItsCode(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		x, other := register(t, c, foreign), register(t, c)
		b := signedIn(t, c)
		begin := func() reply { return x.call("/oauth/device_authorization", url.Values{"scope": {"openid profile"}}) }
		poll := func(x client, d reply) reply {
			return x.call("/oauth/token", url.Values{"grant_type": {openid.GrantDevice}, "device_code": {d.text("device_code")}})
		}
		d := begin()
		if d.status != http.StatusOK || !strings.HasPrefix(d.text("verification_uri"), c.URL) {
			t.Fatalf("beginning: %v", d.m)
		}
		if r := poll(x, d); r.text("error") != "authorization_pending" {
			t.Errorf("at once: %v", r.m)
		}
		if r := poll(x, d); r.text("error") != "slow_down" {
			t.Errorf("too soon: %v", r.m)
		}
		if r := poll(other, d); r.text("error") != "invalid_grant" {
			t.Errorf("another client: %v", r.m)
		}
		if a := open(t, c).get("/oauth/device?user_code=" + d.text("user_code")); a.status != http.StatusSeeOther {
			t.Errorf("a visitor sees the device: %d", a.status)
		}
		page := b.get("/oauth/device?user_code=" + strings.ToLower(d.text("user_code")))
		if !strings.Contains(page.body, "Bến đỗ") || !strings.Contains(page.body, d.text("user_code")) {
			t.Fatalf("the page does not say which device: %d", page.status)
		}
		if r := poll(x, d); r.status == http.StatusOK {
			t.Error("looking at the page lets it in")
		}
		if a := b.post("/oauth/device", url.Values{"user_code": {d.text("user_code")}, "do": {"allow"}}); a.status != http.StatusOK {
			t.Fatalf("allowing: %d", a.status)
		}
		c.Pass(6 * time.Second)
		r := poll(x, d)
		if r.status != http.StatusOK || claims(t, r.text("id_token"))["sub"] == "" {
			t.Fatalf("after that: %v", r.m)
		}
		if r := poll(x, d); r.text("error") != "invalid_grant" {
			t.Errorf("a second time: %v", r.m)
		}
		d = begin()
		b.post("/oauth/device", url.Values{"user_code": {d.text("user_code")}, "do": {"refuse"}})
		if r := poll(x, d); r.text("error") != "access_denied" {
			t.Errorf("refused: %v", r.m)
		}
		d = begin()
		c.Pass(11 * time.Minute)
		if r := poll(x, d); r.text("error") != "expired_token" {
			t.Errorf("too late: %v", r.m)
		}
		last := 0
		for range 25 {
			last = b.get("/oauth/device?user_code=BBBBBBBB").status
		}
		if last != http.StatusTooManyRequests {
			t.Errorf("after twenty wrong codes the next is answered with %d", last)
		}
	}, today())
}

func TestTokensAreInspectedAndRevoked(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		for _, form := range []string{openid.TokenOpaque, openid.TokenJWT} {
			x := register(t, c, func(n *openid.Client) { n.Token, n.Audience = form, "https://api.example.vn" })
			api := register(t, c, func(n *openid.Client) { n.Inspects = true })
			r := x.tokens(signedIn(t, c), "scope", "openid offline_access")
			got := api.call("/oauth/introspect", url.Values{"token": {r.text("access_token")}})
			if got.m["active"] != true || got.text("client_id") != x.Code || got.text("scope") != "openid offline_access" || got.text("sub") != claims(t, r.text("id_token"))["sub"] {
				t.Errorf("%s: an API learns %v", form, got.m)
			}
			if form == openid.TokenJWT {
				if m := claims(t, r.text("access_token")); m["client_id"] != x.Code || m["aud"].([]any)[0] != "https://api.example.vn" || m["scope"] != "openid offline_access" {
					t.Errorf("the JWT says %v", m)
				}
			}
			if got := bearer(t, c, "/oauth/userinfo", r.text("access_token")); got != http.StatusOK {
				t.Errorf("%s: userinfo answers %d", form, got)
			}
			if got := x.call("/oauth/revoke", url.Values{"token": {r.text("refresh_token")}}); got.status != http.StatusOK {
				t.Errorf("%s: revoking answers %d", form, got.status)
			}
			if got := api.call("/oauth/introspect", url.Values{"token": {r.text("access_token")}}); got.m["active"] != false {
				t.Errorf("%s: after that an API learns %v", form, got.m)
			}
			if got := bearer(t, c, "/oauth/userinfo", r.text("access_token")); got != http.StatusUnauthorized {
				t.Errorf("%s: after that userinfo answers %d", form, got)
			}
			if got := x.call("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.text("refresh_token")}}); got.text("error") != "invalid_grant" {
				t.Errorf("%s: after that renewing gives %v", form, got.m)
			}
		}
	}, today())
}

// Signing out ends what was given in the session, tells the clients that want to hear, and
// leads back only where that was registered.
func TestSigningOutReachesTheClients(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		heard := make(chan string, 10)
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			v, _ := url.ParseQuery(string(body))
			heard <- v.Get("logout_token")
		}))
		t.Cleanup(server.Close)
		x := register(t, c, func(n *openid.Client) { n.LogoutURI = server.URL })
		quiet := register(t, c)
		b := signedIn(t, c)
		r := x.tokens(b, "scope", "openid dossiers.read")
		stays := quiet.tokens(b, "scope", "openid offline_access dossiers.read")
		id := claims(t, r.text("id_token"))
		a := b.get("/oauth/end-session?id_token_hint=" + r.text("id_token") + "&state=bye&post_logout_redirect_uri=" + url.QueryEscape(back+"/out"))
		if a.status != http.StatusSeeOther || a.header.Get("Location") != back+"/out?state=bye" {
			t.Fatalf("signing out is answered with %d to %q", a.status, a.header.Get("Location"))
		}
		if a := b.get("/account"); a.status != http.StatusSeeOther {
			t.Errorf("after signing out the account answers %d", a.status)
		}
		if got := bearer(t, c, "/api/v1/my/dossiers", r.text("access_token")); got != http.StatusUnauthorized {
			t.Errorf("after signing out an access token is answered with %d", got)
		}
		if got := bearer(t, c, "/api/v1/my/dossiers", stays.text("access_token")); got != http.StatusOK {
			t.Errorf("what was given to stay is answered with %d", got)
		}
		var token string
		c.Eventually("the client hears", func() bool {
			select {
			case token = <-heard:
				return true
			default:
				return false
			}
		})
		m := claims(t, token)
		if m["sid"] != id["sid"] || m["sub"] != id["sub"] || m["aud"] != x.Code || m["nonce"] != nil || m["events"].(map[string]any)["http://schemas.openid.net/event/backchannel-logout"] == nil {
			t.Errorf("it hears %v", m)
		}
		// Without a hint the person is asked; another site's form does not sign anybody out.
		b.signIn("0912000001", "/")
		page := b.get("/oauth/end-session?client_id=" + x.Code)
		if page.status != http.StatusOK || b.get("/account").status != http.StatusOK {
			t.Error("without a hint nobody is asked")
		}
		if a := b.post("/oauth/end-session/confirmed", url.Values{"request": {"x"}}); a.status < 400 || b.get("/account").status != http.StatusOK {
			t.Error("an invented form signs out")
		}
		b.post("/oauth/end-session/confirmed", url.Values{"request": {hidden(t, page.body, "request")}})
		if b.get("/account").status == http.StatusOK {
			t.Error("confirming does not sign out")
		}
	}, today())
}

func TestKeysAreRotatedWithoutAGap(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		x := register(t, c)
		b := signedIn(t, c)
		kid := func() string {
			head, _, _ := strings.Cut(x.tokens(b).text("id_token"), ".")
			raw, _ := base64.RawURLEncoding.DecodeString(head)
			var h struct{ Kid, Alg string }
			if json.Unmarshal(raw, &h) != nil || h.Alg != "ES256" {
				t.Fatalf("header %s", raw)
			}
			return h.Kid
		}
		published := func() []string {
			var set jose.JSONWebKeySet
			a := b.get("/oauth/keys")
			if a.header.Get("Cache-Control") != "public, max-age=3600" || json.Unmarshal([]byte(a.body), &set) != nil {
				t.Fatalf("the key set: %v %s", a.header, a.body)
			}
			var out []string
			for _, k := range set.Keys {
				if !k.IsPublic() {
					t.Error("a private key is published")
				}
				out = append(out, k.KeyID)
			}
			return out
		}
		first := kid()
		if err := c.OpenID.Rotate(t.Context(), "ES256", false); err != nil {
			t.Fatal(err)
		}
		if got := published(); len(got) != 2 || kid() != first {
			t.Errorf("a new key signs before everybody has it: %v", got)
		}
		c.Pass(2*time.Hour + time.Minute)
		b.signIn("0912000001", "/")
		if kid() == first || len(published()) != 2 {
			t.Error("two hours later the new key should sign and the old one still be published")
		}
		c.Pass(26 * time.Hour)
		if got := published(); len(got) != 1 || got[0] == first {
			t.Errorf("a day later %v are published", got)
		}
		if err := c.OpenID.Rotate(t.Context(), "ES256", true); err != nil {
			t.Fatal(err)
		}
		b.signIn("0912000001", "/")
		if got := published(); len(got) != 1 || got[0] != kid() {
			t.Errorf("after a loss %v are published", got)
		}
	}, today())
}
