// Package standinweb stands in for the national identity, which cannot be reached from here: an
// OpenID provider with its fields, invented people and faults on demand. It is for tests and
// demonstrations and is linked into no release.
package standinweb

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"khue/internal/kernel/clock"
)

// Person is an invented one. Numbers begin with 999, which is no place.
type Person struct {
	Subject, Name, Number, Old, Phone, Mail, Address, Level string
	Business                                                bool
}

// People are those who can be chosen. The first has an account in the demo by her telephone
// number, the second has none.
func People() []Person {
	return []Person{
		{Subject: "nid-0001", Name: "Nguyễn Thị Hạnh", Number: "999196000001", Old: "012345678", Phone: "0912000001", Mail: "hanh@example.vn", Address: "Tổ 4, Phường Ngọc Lâm, Hà Nội", Level: "LoA2"},
		{Subject: "nid-0002", Name: "Lê Minh Châu", Number: "999301000112", Phone: "0987000102", Mail: "chau@example.vn", Address: "12 Hàng Bài, Hà Nội", Level: "LoA2"},
		{Subject: "nid-0003", Name: "Phạm Quốc Dũng", Number: "999090000113", Phone: "0987000103", Address: "5 Láng Hạ, Hà Nội", Level: "LoA1"},
		{Subject: "nid-0004", Name: "Công ty Bến Đỗ", Number: "", Phone: "0987000104", Address: "8 Nguyễn Văn Cừ, Ngọc Lâm, Hà Nội", Level: "LoA2", Business: true},
	}
}

// Faults are what goes wrong. The zero value is nothing.
type Faults struct {
	Delay    time.Duration // before each answer
	Nonce    bool          // another nonce
	Audience bool          // for somebody else
	Issuer   bool          // of somebody else
	Expired  bool          // too old
	Unsigned bool          // alg none
	Stranger bool          // signed by a key that is not published
	Swapped  bool          // userinfo is of somebody else
	Refuses  bool          // the person is refused
}

// Standin is the provider. It is an http.Handler.
type Standin struct {
	issuer, client, secret string
	redirects              []string
	clk                    clock.Clock
	key, stranger          *rsa.PrivateKey
	mux                    *http.ServeMux

	mu     sync.Mutex
	faults Faults
	people []Person
	codes  map[string]grant
	tokens map[string]Person
}

type grant struct {
	Person
	redirect, nonce, challenge, level string
	at                                time.Time
}

// New makes a stand-in for one client.
func New(issuer, client, secret string, clk clock.Clock, redirects ...string) (*Standin, error) {
	s := &Standin{
		issuer: issuer, client: client, secret: secret, redirects: redirects, clk: clk, mux: http.NewServeMux(),
		people: People(), codes: map[string]grant{}, tokens: map[string]Person{},
	}
	var err error
	if s.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	if s.stranger, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	s.mux.HandleFunc("GET /.well-known/openid-configuration", s.discovery)
	s.mux.HandleFunc("GET /oauth2/jwks", s.keys)
	s.mux.HandleFunc("GET /oauth2/authorize", s.authorize)
	s.mux.HandleFunc("GET /oauth2/chosen", s.chosen)
	s.mux.HandleFunc("POST /oauth2/token", s.token)
	s.mux.HandleFunc("GET /oauth2/userinfo", s.userInfo)
	return s, nil
}

// Fail changes what goes wrong from now on.
func (s *Standin) Fail(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

// Rename gives a person another subject, as when an identity is issued anew.
func (s *Standin) Rename(number, subject string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.people {
		if s.people[i].Number == number {
			s.people[i].Subject = subject
		}
	}
}

// ServeHTTP answers, late where that is asked for.
func (s *Standin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d := s.failing().Delay; d > 0 {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
			return
		}
	}
	s.mux.ServeHTTP(w, r)
}

func (s *Standin) failing() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (s *Standin) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer": s.issuer, "authorization_endpoint": s.issuer + "/oauth2/authorize", "token_endpoint": s.issuer + "/oauth2/token",
		"userinfo_endpoint": s.issuer + "/oauth2/userinfo", "jwks_uri": s.issuer + "/oauth2/jwks", "response_types_supported": []string{"code"},
		"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"}, "acr_values_supported": []string{"LoA1", "LoA2", "LoA3"},
		"code_challenge_methods_supported": []string{"S256"},
	})
}

func (s *Standin) keys(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: s.key.Public(), KeyID: "nid-1", Algorithm: "RS256", Use: "sig"}}})
}

// mine reports whether a request is of our client, at an address of its own.
func (s *Standin) mine(q url.Values) bool {
	for _, r := range s.redirects {
		if q.Get("client_id") == s.client && q.Get("redirect_uri") == r {
			return true
		}
	}
	return false
}

const page = `<!doctype html><html lang="vi"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Danh tính quốc gia (giả lập)</title>
<style>body{font:18px/1.5 system-ui,sans-serif;max-width:34em;margin:0 auto;padding:1em}.w{border:4px dashed #b00;padding:.6em 1em;font-weight:bold}
a{display:block;border:1px solid #666;padding:.7em 1em;margin:.6em 0;color:inherit}</style>
<p class="w">GIẢ LẬP. Đây không phải hệ thống danh tính quốc gia. Mọi người dưới đây đều được bịa ra.<br>
STAND-IN. This is not the national identity. Everybody below is invented.</p>
<h1>Bạn là ai? · Who are you?</h1>%s`

func (s *Standin) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !s.mine(q) || q.Get("response_type") != "code" {
		http.Error(w, "stand-in: unknown client or address", http.StatusBadRequest)
		return
	}
	var list strings.Builder
	s.mu.Lock()
	for _, p := range s.people {
		v := url.Values{"who": {p.Subject}}
		for name := range q {
			v.Set(name, q.Get(name))
		}
		fmt.Fprintf(&list, `<a href="/oauth2/chosen?%s">%s · %s</a>`, html.EscapeString(v.Encode()), html.EscapeString(p.Name), p.Level)
	}
	s.mu.Unlock()
	v := url.Values{"who": {""}}
	for name := range q {
		v.Set(name, q.Get(name))
	}
	fmt.Fprintf(&list, `<a href="/oauth2/chosen?%s">Từ chối · Refuse</a>`, html.EscapeString(v.Encode()))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, page, list.String()) //nolint:gosec // escaped above
}

func (s *Standin) chosen(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !s.mine(q) {
		http.Error(w, "stand-in: unknown client or address", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := url.Values{"state": {q.Get("state")}, "error": {"access_denied"}}
	for _, p := range s.people {
		if p.Subject == q.Get("who") && !s.faults.Refuses {
			code := rand.Text()
			s.codes[code] = grant{p, q.Get("redirect_uri"), q.Get("nonce"), q.Get("code_challenge"), q.Get("acr_values"), s.clk.Now()}
			out = url.Values{"state": {q.Get("state")}, "code": {code}}
		}
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+out.Encode(), http.StatusFound) //nolint:gosec // compared above
}

func (s *Standin) token(w http.ResponseWriter, r *http.Request) {
	user, pass, _ := r.BasicAuth()
	code := r.PostFormValue("code")
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.codes[code]
	delete(s.codes, code)
	switch {
	case user != s.client || pass != s.secret:
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	case !ok || g.redirect != r.PostFormValue("redirect_uri") || g.challenge != base64.RawURLEncoding.EncodeToString(sum[:]) || s.clk.Now().Sub(g.at) > time.Minute:
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	access := rand.Text()
	s.tokens[access] = g.Person
	id, err := s.idToken(g)
	if err != nil {
		answer(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		return
	}
	answer(w, http.StatusOK, map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": id})
}

// idToken signs who came, with whatever is to be wrong in it. The lock is held.
func (s *Standin) idToken(g grant) (string, error) {
	now, f := s.clk.Now(), s.faults
	m := map[string]any{"iss": s.issuer, "sub": g.Subject, "aud": s.client, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "nonce": g.nonce, "acr": g.Level}
	if f.Nonce {
		m["nonce"] = rand.Text()
	}
	if f.Audience {
		m["aud"] = "somebody-else"
	}
	if f.Issuer {
		m["iss"] = "https://somebody-else.example"
	}
	if f.Expired {
		m["iat"], m["exp"] = now.Add(-2*time.Hour).Unix(), now.Add(-time.Hour).Unix()
	}
	b, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	if f.Unsigned {
		e := base64.RawURLEncoding
		return e.EncodeToString([]byte(`{"alg":"none","kid":"nid-1"}`)) + "." + e.EncodeToString(b) + ".", nil
	}
	key := s.key
	if f.Stranger {
		key = s.stranger
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", "nid-1"))
	if err != nil {
		return "", err
	}
	j, err := signer.Sign(b)
	if err != nil {
		return "", err
	}
	return j.CompactSerialize()
}

func (s *Standin) userInfo(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	p, ok := s.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	f := s.faults
	s.mu.Unlock()
	if !ok {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token"})
		return
	}
	if f.Swapped {
		p = People()[1]
		p.Subject = "nid-9999"
	}
	kind := "1"
	out := map[string]string{
		"sub": p.Subject, "HoVaTen": p.Name, "SoCMND": p.Old, "SoDinhDanh": p.Number, "DiaChi": p.Address, "SoDienThoai": p.Phone, "ThuDienTu": p.Mail,
		"TechID": "tech-" + p.Subject, "loAs": p.Level, "MaSoThue": "", "MaSoDoanhNghiep": "", "TenDoanhNghiep": "",
	}
	if p.Business {
		kind, out["TenDoanhNghiep"], out["MaSoThue"], out["MaSoDoanhNghiep"] = "2", p.Name, "0109999982", "0109999982"
	}
	out["LoaiTaiKhoan"] = kind
	answer(w, http.StatusOK, out)
}
