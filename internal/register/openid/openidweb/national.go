package openidweb

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/openid"
)

// National is the identity above the city, an OpenID provider. The zero value is none.
type National struct {
	Issuer string
	Client string
	Secret string
	Level  string        // acr_values that are asked for; "" is LoA2
	Wait   time.Duration // for one answer of it; 0 is 10 s
}

// On reports whether one is set up.
func (n National) On() bool { return n.Issuer != "" && n.Client != "" }

// SignIn is the link on the sign-in page; none where no identity is set up.
func (n National) SignIn(ctx context.Context, next string) []ui.Anchor {
	if !n.On() {
		return nil
	}
	return []ui.Anchor{{Label: say(ctx, "national.sign_in"), Href: "/sign-in/national?next=" + url.QueryEscape(next)}}
}

// endpoints are what the discovery document says, kept for an hour.
type endpoints struct {
	Issuer    string `json:"issuer"`
	Authorize string `json:"authorization_endpoint"`
	Token     string `json:"token_endpoint"`
	UserInfo  string `json:"userinfo_endpoint"`
	Keys      string `json:"jwks_uri"`
	set       jose.JSONWebKeySet
	at        time.Time
}

type national struct {
	National
	svc  *openid.Service
	auth *auth.Service
	http *http.Client
	mu   sync.Mutex
	at   endpoints
}

func newNational(n National, svc *openid.Service, a *auth.Service) *national {
	if n.Wait <= 0 {
		n.Wait = 10 * time.Second
	}
	if n.Level == "" {
		n.Level = "LoA2"
	}
	n.Issuer = strings.TrimSuffix(n.Issuer, "/")
	return &national{National: n, svc: svc, auth: a, http: &http.Client{
		Timeout: n.Wait, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (n *national) routes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/sign-in/national", Policy: auth.Public, Enrols: true, Do: n.begin},
		{Method: http.MethodGet, Path: "/sign-in/national/callback", Policy: auth.Public, Enrols: true, Do: n.callback},
		{Method: http.MethodGet, Path: "/sign-in/national/link", Policy: auth.SignedIn, Do: n.linkForm},
		{Method: http.MethodPost, Path: "/sign-in/national/link", Policy: auth.SignedIn, Do: n.link},
	}
}

// Cookies of a sign-in under way. They are sealed, and lax so that they come back with the
// browser from the other site.
const (
	trailCookie = "khue-national"
	claimCookie = "khue-national-link"
	trailLife   = 10 * time.Minute
)

// trail is what must come back unchanged.
type trail struct {
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"`
	Next     string `json:"x"`
	At       int64  `json:"t"`
}

// claim is an identity whose account is not proved yet.
type claim struct {
	openid.Upstream
	Next string `json:"x"`
	At   int64  `json:"t"`
}

func (n *national) keep(w http.ResponseWriter, name string, v any) error {
	c := &http.Cookie{
		Name: name, Path: "/sign-in/national", HttpOnly: true, Secure: strings.HasPrefix(n.svc.Issuer(), "https:"), SameSite: http.SameSiteLaxMode, MaxAge: -1,
	}
	if v != nil {
		sealed, err := n.svc.Seal(name, v)
		if err != nil {
			return err
		}
		c.Value, c.MaxAge = sealed, int(trailLife/time.Second)
	}
	http.SetCookie(w, c)
	return nil
}

func (n *national) kept(r *http.Request, name string, v any) bool {
	c, err := r.Cookie(name)
	return err == nil && n.svc.Unseal(name, c.Value, v)
}

func (n *national) callbackURL() string { return n.svc.Issuer() + "/sign-in/national/callback" }

func (n *national) begin(w http.ResponseWriter, r *http.Request) error {
	if !n.On() {
		return errs.E(errs.NotFound, "openidweb.error.national_off")
	}
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	at, err := n.discover(r.Context(), false)
	if err != nil {
		return unanswered(err)
	}
	t := trail{State: rand.Text(), Nonce: rand.Text(), Verifier: rand.Text() + rand.Text(), Next: web.LocalPath(q.Get("next")), At: n.svc.Clock.Now().UnixMilli()}
	if err := n.keep(w, trailCookie, t); err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(t.Verifier))
	return redirect(w, r, with(at.Authorize, "response_type", "code", "client_id", n.Client, "redirect_uri", n.callbackURL(), "scope", "openid",
		"state", t.State, "nonce", t.Nonce, "acr_values", n.Level, "code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]), "code_challenge_method", "S256"))
}

func unanswered(err error) error {
	return errs.E(errs.Unavailable, "openidweb.error.national", errs.Cause(err))
}

func (n *national) callback(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	var t trail
	if !n.On() || !n.kept(r, trailCookie, &t) || n.svc.Clock.Now().Sub(time.UnixMilli(t.At)) > trailLife ||
		subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(t.State)) != 1 {
		return errs.E(errs.Invalid, "openid.error.link_gone")
	}
	if err := n.keep(w, trailCookie, nil); err != nil { // good once
		return err
	}
	if iss := q.Get("iss"); iss != "" && iss != n.Issuer || q.Get("error") != "" || q.Get("code") == "" {
		return errs.E(errs.Invalid, "openidweb.error.national_refused", errs.Cause(fmt.Errorf("openidweb: %.100s", q.Get("error"))))
	}
	u, err := n.fetch(ctx, q.Get("code"), t)
	if err != nil {
		return unanswered(err)
	}
	account, found, err := n.svc.Linked(ctx, u)
	if err != nil {
		return err
	}
	if !found && (u.TaxCode != "" || !auth.From(ctx).SignedIn()) {
		account, err = n.svc.Join(ctx, u)
		if found = err == nil; !found && (u.TaxCode != "" || !errs.Is(err, errs.Conflict)) {
			return err
		}
	}
	if !found {
		// An account with this number exists, or somebody is signed in: it is linked by whoever
		// proves that it is theirs.
		if err := n.keep(w, claimCookie, claim{u, t.Next, n.svc.Clock.Now().UnixMilli()}); err != nil {
			return err
		}
		return web.Render(w, r, http.StatusOK, proveFirstPage("/sign-in?again=1&next="+url.QueryEscape("/sign-in/national/link")))
	}
	token, _, err := n.auth.Open(ctx, account, auth.How{Methods: []string{auth.ByNational}, Network: web.Network(r), Device: web.Device(r), Old: web.Token(ctx)})
	if err != nil {
		return err
	}
	web.SetSession(w, r, token)
	return web.Redirect(w, r, t.Next)
}

func (n *national) claimed(r *http.Request) (c claim, err error) {
	if !n.kept(r, claimCookie, &c) || n.svc.Clock.Now().Sub(time.UnixMilli(c.At)) > trailLife {
		return c, errs.E(errs.Invalid, "openid.error.link_gone")
	}
	return c, nil
}

func (n *national) linkForm(w http.ResponseWriter, r *http.Request) error {
	c, err := n.claimed(r)
	if err != nil {
		return err
	}
	if !auth.From(r.Context()).Fresh(n.svc.Clock.Now(), trailLife) {
		return redirect(w, r, "/sign-in?again=1&next="+url.QueryEscape("/sign-in/national/link"))
	}
	return web.Render(w, r, http.StatusOK, linkPage(c, auth.From(r.Context())))
}

func (n *national) link(w http.ResponseWriter, r *http.Request) error {
	c, err := n.claimed(r)
	if err != nil {
		return err
	}
	if err := n.svc.Link(r.Context(), c.Upstream); err != nil {
		return err
	}
	if err := n.keep(w, claimCookie, nil); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, linkedPage(c.Next))
}

// discover reads the provider's document and keys, once an hour, or anew where a key is missing.
func (n *national) discover(ctx context.Context, anew bool) (endpoints, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.svc.Wire.Now()
	if age := now.Sub(n.at.at); !n.at.at.IsZero() && age < time.Hour && (!anew || age < time.Minute) {
		return n.at, nil
	}
	var at endpoints
	if err := n.call(ctx, http.MethodGet, n.Issuer+"/.well-known/openid-configuration", nil, "", &at); err != nil {
		return at, err
	}
	if strings.TrimSuffix(at.Issuer, "/") != n.Issuer {
		return at, fmt.Errorf("openidweb: the document is of %q", at.Issuer)
	}
	if err := n.call(ctx, http.MethodGet, at.Keys, nil, "", &at.set); err != nil {
		return at, err
	}
	at.at = now
	n.at = at
	return at, nil
}

// people is what userinfo of the national identity says; names are its own.
type people struct {
	Sub    string `json:"sub"`
	Kind   any    `json:"LoaiTaiKhoan"` // 1: a person; else a business
	Name   string `json:"HoVaTen"`
	Number string `json:"SoDinhDanh"`
	Phone  string `json:"SoDienThoai"`
	Level  string `json:"loAs"`
	// Of a business.
	Business string `json:"TenDoanhNghiep"`
	TaxCode  string `json:"MaSoThue"`
	Address  string `json:"DiaChi"`
}

// fetch redeems a code and reads who came.
func (n *national) fetch(ctx context.Context, code string, t trail) (u openid.Upstream, err error) {
	at, err := n.discover(ctx, false)
	if err != nil {
		return u, err
	}
	var got struct {
		Access string `json:"access_token"`
		ID     string `json:"id_token"`
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {n.callbackURL()}, "code_verifier": {t.Verifier}}
	if err := n.call(ctx, http.MethodPost, at.Token, form, "", &got); err != nil {
		return u, err
	}
	subject, acr, ok := n.svc.VerifyUpstream(got.ID, at.set, at.Issuer, n.Client, t.Nonce)
	if !ok {
		if at, err = n.discover(ctx, true); err != nil { // its keys may have turned
			return u, err
		}
		if subject, acr, ok = n.svc.VerifyUpstream(got.ID, at.set, at.Issuer, n.Client, t.Nonce); !ok {
			return u, fmt.Errorf("openidweb: the ID token is not good")
		}
	}
	var p people
	if err := n.call(ctx, http.MethodGet, at.UserInfo, nil, got.Access, &p); err != nil {
		return u, err
	}
	if p.Sub != subject {
		return u, fmt.Errorf("openidweb: userinfo is of somebody else")
	}
	level := p.Level
	if level == "" {
		level = acr
	}
	u = openid.Upstream{
		Issuer: n.Issuer, Subject: subject, Number: strings.TrimSpace(p.Number), Name: strings.TrimSpace(p.Name), Phone: p.Phone, Sure: level >= "LoA2" && strings.HasPrefix(level, "LoA"),
	}
	if kind := fmt.Sprint(p.Kind); kind != "1" {
		// What it says of a person is of whoever holds the business's account, and not kept.
		u.Number, u.Phone, u.Name, u.TaxCode, u.Address = "", "", strings.TrimSpace(p.Business), strings.TrimSpace(p.TaxCode), strings.TrimSpace(p.Address)
		if u.Name == "" || u.TaxCode == "" {
			return u, fmt.Errorf("openidweb: a business without its name or tax code")
		}
	}
	return u, nil
}

func (n *national) call(ctx context.Context, method, address string, form url.Values, token string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth(url.QueryEscape(n.Client), url.QueryEscape(n.Secret))
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := n.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("openidweb: the national identity answered %d", res.StatusCode)
	}
	return json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(into)
}
