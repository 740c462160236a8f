package openid

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Info is what the userinfo endpoint tells of a person. Empty where it was not allowed, or is
// not known.
type Info struct {
	Subject       string `json:"sub,omitempty"`
	Name          string `json:"name,omitempty"`
	Phone         string `json:"phone_number,omitempty"`
	PhoneVerified *bool  `json:"phone_number_verified,omitempty"`
	Email         string `json:"email,omitempty"`
	EmailVerified *bool  `json:"email_verified,omitempty"`
}

// only keeps the named claims.
func (i Info) only(names []string) *Info {
	out := &Info{}
	for _, n := range names {
		switch n {
		case "name":
			out.Name = i.Name
		case "phone_number":
			out.Phone = i.Phone
		case "phone_number_verified":
			out.PhoneVerified = i.PhoneVerified
		case "email":
			out.Email = i.Email
		case "email_verified":
			out.EmailVerified = i.EmailVerified
		}
	}
	return out
}

func (s *Service) infoOf(ctx context.Context, c *Client, account int64, scopes []string) (Info, error) {
	out := Info{Subject: s.SubjectOf(c, account)}
	a, err := s.Auth.AccountByID(ctx, account)
	if err != nil {
		return out, err
	}
	if slices.Contains(scopes, ScopeProfile) {
		out.Name = a.Name
	}
	if slices.Contains(scopes, ScopePhone) {
		phone, shown := a.Login, false // the owner typed it
		if s.Phone != nil {
			if confirmed, ok := s.Phone(ctx, account); ok {
				phone, shown = auth.NormLogin(confirmed), true
			}
		}
		if auth.IsPhone(phone) {
			out.Phone, out.PhoneVerified = "+84"+phone[1:], &shown
		}
	}
	if slices.Contains(scopes, ScopeEmail) && s.Email != nil {
		if address, verified := s.Email(ctx, account); address != "" {
			out.Email, out.EmailVerified = address, &verified
		}
	}
	return out, nil
}

// UserInfo tells of the person behind the access token whose subject stands in ctx.
func (s *Service) UserInfo(ctx context.Context) (Info, error) {
	sub := auth.From(ctx)
	c, ok := s.ClientByID(sub.Client)
	if !ok || !slices.Contains(sub.Allowed, ScopeOpenID) {
		return Info{}, fault(InvalidToken, "The access token was not given for this.")
	}
	return s.infoOf(ctx, c, sub.Account, sub.Allowed)
}

// accessClaims is an access token after RFC 9068.
type accessClaims struct {
	Issuer   string        `json:"iss"`
	Subject  string        `json:"sub"`
	Audience []string      `json:"aud"`
	Client   string        `json:"client_id"`
	Expires  int64         `json:"exp"`
	Issued   int64         `json:"iat"`
	ID       string        `json:"jti"`
	Scope    string        `json:"scope"`
	Proved   int64         `json:"auth_time,omitempty"`
	ACR      string        `json:"acr,omitempty"`
	AMR      []string      `json:"amr,omitempty"`
	Confirms *confirmation `json:"cnf,omitempty"`
}

type confirmation struct {
	Thumbprint string `json:"jkt"`
}

func (s *Service) accessJWT(c *Client, p permit) (string, error) {
	now := s.Wire.Now()
	id, err := s.Seal("jti", p.ID) // leads back to the permit, and tells nobody else anything
	if err != nil {
		return "", err
	}
	x := accessClaims{
		Issuer: s.Issuer(), Subject: s.SubjectOf(c, p.Account), Audience: []string{c.Audience, s.Issuer()}, Client: c.Code,
		Issued: now.Unix(), Expires: now.Add(accessLife).Unix(), ID: id, Scope: strings.Join(p.Terms.Scopes, " "),
	}
	if p.Account != c.Account {
		x.Proved, x.ACR, x.AMR = s.wire(db.Time(p.Terms.Proved)).Unix(), ACR(p.Terms.Level, p.Terms.Methods), p.Terms.Methods
	}
	if p.Terms.Bound != "" {
		x.Confirms = &confirmation{p.Terms.Bound}
	}
	b, err := json.Marshal(x)
	if err != nil {
		return "", err
	}
	return s.sign(c.Alg, typAccess, b)
}

// Resolve tells who stands behind an access token that is a JWT. Such a token is for the
// audience that was registered: here it opens only what OpenID Connect itself asks.
func (s *Service) Resolve(ctx context.Context, token string) (auth.Subject, error) {
	c, x, p, ok, err := s.openAccess(ctx, token)
	if err != nil || !ok {
		if err == nil {
			err = errs.E(errs.Unauthenticated, "auth.error.session")
		}
		return auth.Subject{}, err
	}
	sub := auth.Subject{Account: p.Account, Kind: auth.KindSystem, Client: c.ID, Bound: p.Terms.Bound}
	sub.Allowed = slices.DeleteFunc(strings.Fields(x.Scope), func(n string) bool { return slices.Contains(APIScopes(), n) })
	return sub, nil
}

func (s *Service) openAccess(ctx context.Context, token string) (c *Client, x accessClaims, p permit, ok bool, err error) {
	b, ok := s.verify(token, typAccess)
	if !ok || json.Unmarshal(b, &x) != nil || s.Wire.Now().Unix() >= x.Expires || x.Issuer != s.Issuer() {
		return nil, x, p, false, nil
	}
	var id int64
	if c, ok = s.Client(x.Client); !ok || !s.Unseal("jti", x.ID, &id) {
		return nil, x, p, false, nil
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if p, err = permitByID(v, id); err != nil || p.Session == 0 {
			return err
		}
		ok, err = s.Auth.Alive(v, p.Account, p.Session)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return nil, x, p, false, nil
	}
	return c, x, p, ok && p.Client == c.ID && p.Turn != ended, err
}

// Inspected is the answer of the introspection endpoint (RFC 7662).
type Inspected struct {
	Active   bool          `json:"active"`
	Scope    string        `json:"scope,omitempty"`
	Client   string        `json:"client_id,omitempty"`
	Type     string        `json:"token_type,omitempty"`
	Expires  int64         `json:"exp,omitempty"`
	Issued   int64         `json:"iat,omitempty"`
	Subject  string        `json:"sub,omitempty"`
	Audience []string      `json:"aud,omitempty"`
	Issuer   string        `json:"iss,omitempty"`
	ACR      string        `json:"acr,omitempty"`
	Proved   int64         `json:"auth_time,omitempty"`
	Confirms *confirmation `json:"cnf,omitempty"`
}

// Inspect tells a client about a token: its own, or anybody's where it was registered for that.
// Of any other it says only that it is not good.
func (s *Service) Inspect(ctx context.Context, c *Client, token string) (out Inspected, err error) {
	var of *Client
	var p permit
	switch {
	case strings.HasPrefix(token, "khue_r_"):
		id, turn, ok := s.turnOf(c, token)
		if !ok {
			return out, nil
		}
		err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
			p, err = permitByID(v, id)
			return err
		})
		if errs.Is(err, errs.NotFound) || err == nil && (p.Turn != turn || p.Client != c.ID || !s.Clock.Now().Before(p.Expires)) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		of = c
		out.Expires, out.Issued = s.wire(p.Expires).Unix(), s.wire(p.Created).Unix()
	case strings.HasPrefix(token, "khue_"):
		x, sub, e := s.Auth.Delegated(ctx, token)
		if errs.Is(e, errs.Unauthenticated) {
			return out, nil
		}
		if e != nil {
			return out, e
		}
		var ok bool
		if of, ok = s.ClientByID(x.Client); !ok {
			return out, nil
		}
		p = permit{Account: x.Account, Terms: terms{Scopes: x.Scopes, Level: sub.Level, Methods: x.Methods, Proved: x.Proved.UnixMilli(), Bound: x.Bound}}
		out.Type, out.Expires, out.Issued = "Bearer", s.wire(x.Expires).Unix(), s.wire(x.Created).Unix()
	default:
		var x accessClaims
		var ok bool
		if of, x, p, ok, err = s.openAccess(ctx, token); err != nil || !ok {
			return out, err
		}
		p.Terms.Scopes = strings.Fields(x.Scope)
		out.Type, out.Expires, out.Issued, out.Audience = "Bearer", x.Expires, x.Issued, x.Audience
	}
	if of.ID != c.ID && !c.Inspects {
		return Inspected{}, nil
	}
	out.Active, out.Client, out.Issuer, out.Scope = true, of.Code, s.Issuer(), strings.Join(p.Terms.Scopes, " ")
	out.Subject = s.SubjectOf(c, p.Account) // as whoever asks knows them
	if p.Account != of.Account {
		out.ACR, out.Proved = ACR(p.Terms.Level, p.Terms.Methods), s.wire(db.Time(p.Terms.Proved)).Unix()
	}
	if p.Terms.Bound != "" {
		out.Confirms = &confirmation{p.Terms.Bound}
		if out.Type != "" {
			out.Type = "DPoP"
		}
	}
	return out, nil
}

// Revoke ends a token of a client and all that followed from the same consent (RFC 7009). One
// that is unknown, or another client's, is no error.
func (s *Service) Revoke(ctx context.Context, c *Client, token string) error {
	var account, id int64
	switch {
	case strings.HasPrefix(token, "khue_r_"):
		v, _, ok := s.turnOf(c, token)
		if !ok {
			return nil
		}
		id = v
	case strings.HasPrefix(token, "khue_"):
		x, _, err := s.Auth.Delegated(ctx, token)
		if errs.Is(err, errs.Unauthenticated) || err == nil && x.Client != c.ID {
			return nil
		}
		if err != nil {
			return err
		}
		account, id = x.Account, x.Permit
	default:
		of, _, p, ok, err := s.openAccess(ctx, token)
		if err != nil || !ok || of.ID != c.ID {
			return err
		}
		account, id = p.Account, p.ID
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if account == 0 {
			p, err := permitByID(tx, id)
			if errs.Is(err, errs.NotFound) || err == nil && p.Client != c.ID {
				return nil
			}
			if err != nil {
				return err
			}
			account = p.Account
		}
		if err := endPermit(tx, id); err != nil {
			return err
		}
		return s.Auth.EndPermitIn(tx, account, id)
	})
}
