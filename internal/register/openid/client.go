package openid

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Grants that a client may use.
const (
	GrantCode    = "authorization_code"
	GrantRefresh = "refresh_token"
	GrantClient  = "client_credentials"
	GrantDevice  = "urn:ietf:params:oauth:grant-type:device_code"
)

// Ways in which a client proves itself.
const (
	AuthNone  = "none"
	AuthBasic = "client_secret_basic" // client_secret_post too
	AuthKey   = "private_key_jwt"
)

// Scopes that clients may be registered for.
const (
	ScopeOpenID  = "openid"
	ScopeProfile = "profile"
	ScopeEmail   = "email"
	ScopePhone   = "phone"
	ScopeOffline = "offline_access"
)

// Scopes lists every scope: those of OpenID Connect, then those of the API.
func Scopes() []string {
	return append([]string{ScopeOpenID, ScopeProfile, ScopeEmail, ScopePhone, ScopeOffline}, APIScopes()...)
}

// APIScopes are those that operations of the API ask for.
func APIScopes() []string {
	return []string{"dossiers.read", "dossiers.write", "tasks.read", "tasks.write"}
}

// Client is a registered program.
type Client struct {
	ID      int64     `json:"-"`
	Code    string    `json:"-"` // client_id
	Account int64     `json:"-"`
	Created time.Time `json:"-"`
	Removed bool      `json:"-"`
	secrets []secret

	Name        string   `json:"name"`
	Owner       string   `json:"owner"` // company or agency that answers for it
	First       bool     `json:"first,omitempty"`
	Redirects   []string `json:"redirects,omitempty"`
	AfterLogout []string `json:"afterLogout,omitempty"`
	Grants      []string `json:"grants"`
	Scopes      []string `json:"scopes"`
	Auth        string   `json:"auth"`
	Keys        string   `json:"keys,omitempty"`   // JWKS of private_key_jwt
	Sector      string   `json:"sector,omitempty"` // of pairwise subjects; "": the city's own, alike for all its programs
	LogoutURI   string   `json:"logoutURI,omitempty"`
	Token       string   `json:"token"` // TokenOpaque or TokenJWT
	Audience    string   `json:"audience,omitempty"`
	Alg         string   `json:"alg"`              // of ID tokens
	Pushed      bool     `json:"pushed,omitempty"` // takes pushed requests only
	Bound       bool     `json:"bound,omitempty"`  // takes tokens bound to a key only
	Inspects    bool     `json:"inspects,omitempty"`
}

// Forms of access tokens.
const (
	TokenOpaque = "opaque"
	TokenJWT    = "jwt"
)

type secret struct {
	Digest string `json:"digest"`
	Until  int64  `json:"until,omitempty"` // 0: open
}

// Public reports a client that can keep no secret.
func (c *Client) Public() bool { return c.Auth == AuthNone }

// Uses reports whether the client may use a grant.
func (c *Client) Uses(grant string) bool { return slices.Contains(c.Grants, grant) }

// Fits reports whether a secret is one of the client's.
func (c *Client) Fits(text string, now time.Time) bool {
	sum := sha256.Sum256([]byte(text))
	digest := []byte(base64.RawURLEncoding.EncodeToString(sum[:]))
	fits := 0
	for _, x := range c.secrets {
		if x.Until == 0 || now.UnixMilli() < x.Until {
			fits |= subtle.ConstantTimeCompare(digest, []byte(x.Digest))
		}
	}
	return fits == 1
}

// Origins are the sites from which browsers may call the endpoints for this client.
func (c *Client) Origins() []string {
	var out []string
	for _, r := range c.Redirects {
		if u, err := url.Parse(r); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
			out = append(out, u.Scheme+"://"+u.Host)
		}
	}
	return out
}

// Check says what is wrong with a registration, field by field.
func (c *Client) Check() error {
	var bad []errs.Field
	add := func(path, key string, kv ...any) {
		e := errs.E(errs.Invalid, key, errs.P(kv...))
		bad = append(bad, errs.Field{Path: path, Key: key, Params: e.Params})
	}
	if n := len([]rune(c.Name)); n < 1 || n > 100 {
		add("name", "openid.error.name")
	}
	if n := len([]rune(c.Owner)); n < 1 || n > 200 {
		add("owner", "openid.error.owner")
	}
	for _, g := range c.Grants {
		if !slices.Contains([]string{GrantCode, GrantRefresh, GrantClient, GrantDevice}, g) {
			add("grants", "openid.error.grant", "grant", g)
		}
	}
	if len(c.Grants) == 0 || c.Public() && c.Uses(GrantClient) || c.Uses(GrantRefresh) && !c.Uses(GrantCode) && !c.Uses(GrantDevice) {
		add("grants", "openid.error.grants")
	}
	if c.Uses(GrantCode) == (len(c.Redirects) == 0) {
		add("redirects", "openid.error.redirects")
	}
	for _, list := range []struct {
		path string
		of   []string
	}{{"redirects", c.Redirects}, {"afterLogout", c.AfterLogout}} {
		for _, r := range list.of {
			if !goodRedirect(r) {
				add(list.path, "openid.error.redirect", "uri", r)
			}
		}
	}
	for _, x := range c.Scopes {
		if !slices.Contains(Scopes(), x) || !c.First && strings.HasPrefix(x, "tasks.") {
			add("scopes", "openid.error.scope", "scope", x)
		}
	}
	if !c.First && c.Sector == "" {
		add("sector", "openid.error.sector")
	}
	if c.LogoutURI != "" && !goodServer(c.LogoutURI) {
		add("logoutURI", "openid.error.redirect", "uri", c.LogoutURI)
	}
	if c.Token != TokenOpaque && c.Token != TokenJWT || c.Token == TokenJWT && c.Audience == "" {
		add("token", "openid.error.token")
	}
	if c.Alg != string(jose.ES256) && c.Alg != string(jose.RS256) {
		add("alg", "openid.error.alg")
	}
	switch c.Auth {
	case AuthNone, AuthBasic:
	case AuthKey:
		if _, err := c.keySet(); err != nil {
			add("keys", "openid.error.keys")
		}
	default:
		add("auth", "openid.error.auth")
	}
	if len(bad) > 0 {
		return errs.E(errs.Invalid, "openid.error.client", errs.WithFields(bad...))
	}
	return nil
}

func (c *Client) keySet() (set jose.JSONWebKeySet, err error) {
	if err = json.Unmarshal([]byte(c.Keys), &set); err != nil {
		return set, err
	}
	if len(set.Keys) == 0 {
		return set, errSealed
	}
	for _, k := range set.Keys {
		if !k.Valid() || !k.IsPublic() {
			return set, errSealed
		}
	}
	return set, nil
}

// goodRedirect admits https, http on the machine itself, and schemes of apps in the reversed
// form of a domain. No address may hold a user, a fragment, a wildcard or dots to climb.
func goodRedirect(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Fragment != "" || strings.ContainsAny(text, "#*\\ \t\r\n") || len(text) > 1000 || strings.Contains(u.Path, "..") {
		return false
	}
	switch u.Scheme {
	case "https":
		return u.Host != ""
	case "http":
		return onMachine(u.Hostname())
	case "javascript", "data", "file", "blob", "about", "vbscript":
		return false
	}
	return u.Scheme != "" && strings.Contains(u.Scheme, ".")
}

func goodServer(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && goodRedirect(text)
}

func onMachine(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

func newSecret() (text string, s secret) {
	text = "khue_c_" + rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(text))
	return text, secret{Digest: base64.RawURLEncoding.EncodeToString(sum[:])}
}

// AddClient registers a program. The secret is shown only here; "" for a client without one.
// Errors: Invalid with the fields.
func (s *Service) AddClient(ctx context.Context, c Client) (out *Client, text string, err error) {
	defer errs.Op(&err, "openid.AddClient")
	if err := c.Check(); err != nil {
		return nil, "", err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if c, err = s.addIn(ctx, tx, c); err != nil || c.Auth != AuthBasic {
			return err
		}
		var x secret
		text, x = newSecret()
		return updateSecrets(tx, c.ID, []secret{x})
	})
	if err != nil {
		return nil, "", err
	}
	if err := s.Refresh(ctx); err != nil {
		return nil, "", err
	}
	if _, ok := s.signer(c.Alg); !ok {
		err = s.Rotate(ctx, c.Alg, true) // the first of its algorithm
	}
	return &c, text, err
}

// addIn registers a program, without a secret, as part of a unit.
func (s *Service) addIn(ctx context.Context, tx *db.Tx, c Client) (_ Client, err error) {
	c.ID, c.Created, c.Account, c.secrets = s.Gen.Next(), tx.Now(), 0, []secret{}
	c.Code = "khue-" + strings.ToLower(rand.Text()[:12])
	if c.Uses(GrantClient) {
		if c.Account, err = s.Auth.CreateIn(tx, auth.NewAccount{Login: c.Code, Name: c.Name, Kind: auth.KindSystem}); err != nil {
			return c, err
		}
	}
	if err := insertClient(tx, c); err != nil {
		return c, err
	}
	if err := s.append(ctx, tx, EventAdded, c.ID, Told{Client: c.Code, Name: c.Name, Owner: c.Owner}); err != nil {
		return c, err
	}
	return c, bump(tx)
}

// RotateSecret gives a client a new secret; the old ones hold for keep longer. NotFound.
func (s *Service) RotateSecret(ctx context.Context, code string, keep time.Duration) (text string, err error) {
	defer errs.Op(&err, "openid.RotateSecret(%s)", code)
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		text, err = s.rotateIn(ctx, tx, code, keep)
		return err
	})
	if err != nil {
		return "", err
	}
	return text, s.Refresh(ctx)
}

func (s *Service) rotateIn(ctx context.Context, tx *db.Tx, code string, keep time.Duration) (string, error) {
	text, fresh := newSecret()
	c, err := clientByCode(tx, code)
	if err != nil {
		return "", err
	}
	if c.Auth != AuthBasic {
		return "", errs.E(errs.Invalid, "openid.error.no_secret")
	}
	until := tx.Now().Add(keep).UnixMilli()
	list := []secret{fresh}
	for _, x := range c.secrets {
		if x.Until == 0 || x.Until > until {
			x.Until = until
		}
		if x.Until > tx.Now().UnixMilli() {
			list = append(list, x)
		}
	}
	if err := updateSecrets(tx, c.ID, list); err != nil {
		return "", err
	}
	if err := s.append(ctx, tx, EventRotated, c.ID, Told{Client: c.Code, Name: c.Name}); err != nil {
		return "", err
	}
	return text, bump(tx)
}

// RemoveClient ends a client and every token that it holds. NotFound.
func (s *Service) RemoveClient(ctx context.Context, code string) (err error) {
	defer errs.Op(&err, "openid.RemoveClient(%s)", code)
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return s.removeIn(ctx, tx, code) })
	if err != nil {
		return err
	}
	return s.Refresh(ctx)
}

func (s *Service) removeIn(ctx context.Context, tx *db.Tx, code string) error {
	c, err := clientByCode(tx, code)
	if err != nil {
		return err
	}
	if err := removeClient(tx, c.ID, tx.Now()); err != nil {
		return err
	}
	if err := endPermitsOf(tx, c.ID, 0); err != nil {
		return err
	}
	if err := s.Auth.EndClientIn(tx, c.ID, 0); err != nil {
		return err
	}
	if err := s.append(ctx, tx, EventRemoved, c.ID, Told{Client: c.Code, Name: c.Name}); err != nil {
		return err
	}
	return bump(tx)
}

// Clients lists those that stand, by name.
func (s *Service) Clients() []*Client {
	var out []*Client
	for _, c := range s.known().clients {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *Client) int { return strings.Compare(a.Name+a.Code, b.Name+b.Code) })
	return out
}

// KnowsOrigin reports whether a site is one of a client's.
func (s *Service) KnowsOrigin(o string) bool { return s.known().origins[o] }

// Client finds one that stands.
func (s *Service) Client(code string) (*Client, bool) {
	c, ok := s.known().clients[code]
	return c, ok
}

// ClientByID finds one that stands.
func (s *Service) ClientByID(v int64) (*Client, bool) {
	c, ok := s.known().byID[v]
	return c, ok
}
