package openidweb_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/register/openid"
)

const password = "khue-trinh-dien"

// back is where clients of these tests have people come back; nothing listens there.
const back = "https://app.example.vn/back"

// today opens a city at the machine's time: foreign clients compare tokens with it.
func today() citytest.Option { return citytest.At(time.Now()) }

// browser is one person's browser. It follows no redirect by itself.
type browser struct {
	t    *testing.T
	c    *citytest.City
	http *http.Client
}

func open(t *testing.T, c *citytest.City) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, c, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (b *browser) do(req *http.Request) answer {
	b.t.Helper()
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Accept-Language", "en")
	res, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.at(path), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(req)
}

func (b *browser) post(path string, form url.Values) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.at(path), strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(req)
}

func (b *browser) at(path string) string {
	if strings.HasPrefix(path, "http") {
		return path
	}
	return b.c.URL + path
}

// signIn types a login and the password of the demo.
func (b *browser) signIn(login, next string) answer {
	b.t.Helper()
	return b.post("/sign-in", url.Values{"login": {login}, "password": {password}, "next": {next}})
}

// signedIn is the browser of a demo's citizen who has signed in.
func signedIn(t *testing.T, c *citytest.City) *browser {
	t.Helper()
	b := open(t, c)
	if a := b.signIn("0912000001", "/"); a.status != http.StatusSeeOther {
		t.Fatalf("sign-in answered %d", a.status)
	}
	return b
}

// client is a registered program with its secret.
type client struct {
	*openid.Client
	secret string
	t      *testing.T
	c      *citytest.City
}

// register adds a program of the city that may do everything; change alters it before.
func register(t *testing.T, c *citytest.City, change ...func(*openid.Client)) client {
	t.Helper()
	n := openid.Client{
		Name: "Bến đỗ", Owner: "Công ty Bến Đỗ", First: true, Redirects: []string{back}, AfterLogout: []string{back + "/out"},
		Grants: []string{openid.GrantCode, openid.GrantRefresh, openid.GrantClient, openid.GrantDevice}, Scopes: openid.Scopes(),
		Auth: openid.AuthBasic, Token: openid.TokenOpaque, Alg: "ES256",
	}
	for _, f := range change {
		f(&n)
	}
	made, secret, err := c.OpenID.AddClient(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return client{made, secret, t, c}
}

// foreign makes it a program of somebody else, which people are asked about.
func foreign(n *openid.Client) {
	n.First, n.Sector = false, "app.example.vn"
	n.Scopes = []string{"openid", "profile", "phone", "offline_access", "dossiers.read"}
}

type pkce struct{ verifier, challenge string }

func newPKCE() pkce {
	v := rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(v))
	return pkce{v, base64.RawURLEncoding.EncodeToString(sum[:])}
}

// ask is an authorization request in order; change alters its parameters.
func (x client) ask(p pkce, change ...string) string {
	v := url.Values{
		"client_id": {x.Code}, "redirect_uri": {back}, "response_type": {"code"}, "scope": {"openid profile"}, "state": {"st-1"}, "nonce": {"no-1"},
		"code_challenge": {p.challenge}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(change); i += 2 {
		if change[i+1] == "" {
			v.Del(change[i])
		} else {
			v.Set(change[i], change[i+1])
		}
	}
	return "/oauth/authorize?" + v.Encode()
}

// came reads the address at which a client gets its answer.
func came(t *testing.T, a answer) url.Values {
	t.Helper()
	to := a.header.Get("Location")
	if a.status == http.StatusOK {
		to = strings.TrimPrefix(a.header.Get("Refresh"), "0;url=")
	} else if a.status != http.StatusSeeOther {
		t.Fatalf("the request came to %d: %.600s", a.status, a.body)
	}
	u, err := url.Parse(to)
	if err != nil || !strings.HasPrefix(to, back+"?") {
		t.Fatalf("the browser was sent to %q", to)
	}
	return u.Query()
}

// code runs a request to its code.
func (x client) code(b *browser, p pkce, change ...string) string {
	x.t.Helper()
	v := came(x.t, b.get(x.ask(p, change...)))
	if v.Get("code") == "" {
		x.t.Fatalf("no code: %v", v)
	}
	return v.Get("code")
}

type reply struct {
	status int
	header http.Header
	m      map[string]any
}

func (r reply) text(name string) string { s, _ := r.m[name].(string); return s }

// call posts to an endpoint as the client; header pairs come after nil.
func (x client) call(path string, form url.Values, header ...string) reply {
	x.t.Helper()
	if x.Auth == openid.AuthNone {
		form.Set("client_id", x.Code)
	}
	req, err := http.NewRequestWithContext(x.t.Context(), http.MethodPost, x.c.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		x.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if x.Auth == openid.AuthBasic {
		req.SetBasicAuth(url.QueryEscape(x.Code), url.QueryEscape(x.secret))
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return send(x.t, req)
}

func send(t *testing.T, req *http.Request) reply {
	t.Helper()
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	r := reply{status: res.StatusCode, header: res.Header}
	if len(body) > 0 && json.Unmarshal(body, &r.m) != nil {
		t.Fatalf("%s answered %d %.300s", req.URL.Path, res.StatusCode, body)
	}
	return r
}

func (x client) redeem(code string, p pkce, header ...string) reply {
	x.t.Helper()
	return x.call("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {back}, "code_verifier": {p.verifier}}, header...)
}

// tokens runs a whole sign-in.
func (x client) tokens(b *browser, change ...string) reply {
	x.t.Helper()
	p := newPKCE()
	r := x.redeem(x.code(b, p, change...), p)
	if r.status != http.StatusOK {
		x.t.Fatalf("the code was refused: %v", r.m)
	}
	return r
}

// bearer asks a path with an access token and returns the status.
func bearer(t *testing.T, c *citytest.City, path, token string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return send(t, req).status
}

// postgres is a fresh database of the house, or skips the test.
func postgres(t *testing.T) string {
	t.Helper()
	return dbtest.PostgresURL(t, app.Migrations())
}
