package openid

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Request is what a client asks when it sends a browser.
type Request struct {
	Client    string   `json:"c"`
	Redirect  string   `json:"r"`
	Scopes    []string `json:"s"`
	State     string   `json:"t,omitempty"`
	Nonce     string   `json:"n,omitempty"`
	Challenge string   `json:"k"`
	Prompts   []string `json:"p,omitempty"`
	MaxAge    *int64   `json:"a,omitempty"` // seconds
	Levels    []string `json:"l,omitempty"` // acr_values, in order of preference
	Login     string   `json:"h,omitempty"` // login_hint
	Hint      string   `json:"i,omitempty"` // id_token_hint
	Bound     string   `json:"j,omitempty"` // dpop_jkt
	Lang      string   `json:"u,omitempty"` // ui_locales
	Claims    Claims   `json:"q,omitzero"`
	Pushed    string   `json:"x,omitempty"` // where the request was left before
}

// Claims is the part of the claims parameter that is honoured.
type Claims struct {
	ACR     []string `json:"acr,omitempty"`
	Must    bool     `json:"must,omitempty"` // acr is essential
	Subject string   `json:"sub,omitempty"`
	IDToken []string `json:"id,omitempty"` // claims that the ID token is to hold
}

// maxParam bounds one parameter.
const maxParam = 4000

// one returns the single value of a parameter.
func one(v url.Values, name string) (string, error) {
	list := v[name]
	if len(list) > 1 {
		return "", fault(InvalidRequest, "The parameter "+name+" stands there twice.")
	}
	if len(list) == 0 {
		return "", nil
	}
	if len(list[0]) > maxParam {
		return "", fault(InvalidRequest, "The parameter "+name+" is too long.")
	}
	return list[0], nil
}

// Return says where a refusal goes. Zero: nowhere, a page tells it.
type Return struct{ Redirect, State string }

// ReadRequest reads an authorization request. Its client is known and its address is one that
// was registered as soon as the Return is not zero; before that no fault may be sent there.
func (s *Service) ReadRequest(ctx context.Context, v url.Values) (r Request, back Return, err error) {
	code, err := one(v, "client_id")
	if err != nil {
		return r, back, err
	}
	c, ok := s.Client(code)
	if !ok || !c.Uses(GrantCode) {
		return r, back, fault(InvalidClient, "No such client, or it may not send people here.")
	}
	uri, err := one(v, "request_uri")
	if err != nil {
		return r, back, err
	}
	if uri != "" {
		r, err = s.pushed(ctx, c, uri)
		if err == nil {
			back = Return{r.Redirect, r.State}
		}
		return r, back, err
	}
	r, back, err = parseRequest(c, v)
	if err == nil && c.Pushed {
		err = fault(InvalidRequest, "This client sends its requests to the endpoint for pushed requests.")
	}
	return r, back, err
}

func parseRequest(c *Client, v url.Values) (r Request, back Return, err error) {
	get := func(name string) string {
		text, e := one(v, name)
		if err == nil {
			err = e
		}
		return text
	}
	r.Client, r.Redirect = c.Code, get("redirect_uri")
	if err != nil {
		return r, back, err
	}
	// The whole text is compared: no prefix, no other port, no other case.
	if r.Redirect == "" || !slices.Contains(c.Redirects, r.Redirect) {
		return r, back, fault(InvalidRequest, "redirect_uri is not one that this client registered, letter for letter.")
	}
	back.Redirect = r.Redirect
	if r.State, err = one(v, "state"); err != nil {
		return r, back, err
	}
	back.State = r.State
	kind, mode, method := get("response_type"), get("response_mode"), get("code_challenge_method")
	scope, prompt, levels := get("scope"), get("prompt"), get("acr_values")
	r.Nonce, r.Challenge, r.Login, r.Hint, r.Bound, r.Lang = get("nonce"), get("code_challenge"), get("login_hint"), get("id_token_hint"), get("dpop_jkt"), get("ui_locales")
	age, claims, object := get("max_age"), get("claims"), get("request")
	switch {
	case err != nil:
		return r, back, err
	case object != "":
		return r, back, fault(RequestNotSupported, "Request objects are not read; push the request instead.")
	case kind != "code":
		return r, back, fault(UnsupportedResponse, "response_type must be code.")
	case mode != "" && mode != "query":
		return r, back, fault(InvalidRequest, "response_mode must be query.")
	case r.Challenge == "":
		return r, back, fault(InvalidRequest, "code_challenge is missing: PKCE is required of every client.")
	case method != "S256":
		return r, back, fault(InvalidRequest, "code_challenge_method must be S256.")
	case len(r.Challenge) != 43:
		return r, back, fault(InvalidRequest, "code_challenge is not a SHA-256 in base64url.")
	}
	r.Scopes = strings.Fields(scope)
	if err := c.allows(r.Scopes); err != nil {
		return r, back, err
	}
	r.Prompts, r.Levels = strings.Fields(prompt), strings.Fields(levels)
	if slices.Contains(r.Prompts, "none") && len(r.Prompts) > 1 {
		return r, back, fault(InvalidRequest, "prompt=none stands alone.")
	}
	if age != "" {
		n, e := strconv.ParseInt(age, 10, 32)
		if e != nil || n < 0 {
			return r, back, fault(InvalidRequest, "max_age is not a number of seconds.")
		}
		r.MaxAge = &n
	}
	if claims != "" {
		if r.Claims, err = parseClaims(claims); err != nil {
			return r, back, err
		}
	}
	return r, back, nil
}

// allows holds asked scopes to the registered ones.
func (c *Client) allows(scopes []string) error {
	for _, x := range scopes {
		if !slices.Contains(c.Scopes, x) {
			return fault(InvalidScope, "The scope "+strconv.QuoteToASCII(x)+" was not registered for this client.")
		}
	}
	return nil
}

// claimsIn are those of a person that an ID token may hold where the claims parameter asks.
func claimsIn() map[string]string {
	return map[string]string{
		"name": ScopeProfile, "phone_number": ScopePhone, "phone_number_verified": ScopePhone, "email": ScopeEmail, "email_verified": ScopeEmail,
	}
}

func parseClaims(text string) (c Claims, err error) {
	type ask struct {
		Essential bool     `json:"essential"`
		Value     string   `json:"value"`
		Values    []string `json:"values"`
	}
	var in struct {
		IDToken map[string]*ask `json:"id_token"`
	}
	if json.Unmarshal([]byte(text), &in) != nil {
		return c, fault(InvalidRequest, "claims is not the JSON that OpenID Connect Core, section 5.5, describes.")
	}
	for name, a := range in.IDToken {
		switch name {
		case "acr":
			if a != nil {
				c.ACR, c.Must = a.Values, a.Essential
				if a.Value != "" {
					c.ACR = append(c.ACR, a.Value)
				}
			}
		case "sub":
			if a != nil {
				c.Subject = a.Value
			}
		default:
			if claimsIn()[name] != "" {
				c.IDToken = append(c.IDToken, name)
			}
		}
	}
	slices.Sort(c.IDToken)
	return c, nil
}

// pushedLife is how long a pushed request waits for its browser, signing in included.
const pushedLife = 10 * time.Minute

const pushedPrefix = "urn:ietf:params:oauth:request_uri:"

// Push keeps a request that the client sent itself, and returns the address by which the
// browser brings it (RFC 9126).
func (s *Service) Push(ctx context.Context, c *Client, v url.Values) (uri string, life time.Duration, err error) {
	if !c.Uses(GrantCode) {
		return "", 0, fault(Unauthorized, "This client may not send people here.")
	}
	if v.Has("request_uri") {
		return "", 0, fault(InvalidRequest, "request_uri has no place in a pushed request.")
	}
	r, _, err := parseRequest(c, v)
	if err != nil {
		return "", 0, err
	}
	uri, err = s.keep(ctx, c, r)
	return uri, pushedLife, err
}

func (s *Service) pushed(ctx context.Context, c *Client, uri string) (r Request, err error) {
	refused := fault(RequestURINotAllowed, "No request of this client waits under that request_uri, or no longer.")
	ref, ok := strings.CutPrefix(uri, pushedPrefix)
	if !ok {
		return r, refused
	}
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		body, err := pushedBody(q, ref, c.ID, q.Now())
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(body), &r)
	})
	if errs.Is(err, errs.NotFound) {
		return r, refused
	}
	r.Pushed = ref
	return r, err
}

// Keep leaves a request for the browser that is sent to sign in, where it is too long to go along.
func (s *Service) Keep(ctx context.Context, r Request) (uri string, err error) {
	if r.Pushed != "" {
		return pushedPrefix + r.Pushed, nil
	}
	c, ok := s.Client(r.Client)
	if !ok {
		return "", fault(InvalidClient, "No such client.")
	}
	return s.keep(ctx, c, r)
}

func (s *Service) keep(ctx context.Context, c *Client, r Request) (string, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	ref := rand.Text()
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		return insertPushed(tx, ref, c.ID, string(body), tx.Now().Add(pushedLife))
	})
	return pushedPrefix + ref, err
}
