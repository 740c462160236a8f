package openid

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Lives of what is given out.
const (
	codeLife    = time.Minute
	accessLife  = 10 * time.Minute
	idLife      = 10 * time.Minute
	refreshLife = 90 * 24 * time.Hour
)

// Tokens is the answer of the token endpoint.
type Tokens struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Life    int64  `json:"expires_in"`
	Refresh string `json:"refresh_token,omitempty"`
	ID      string `json:"id_token,omitempty"`
	Scope   string `json:"scope"`
}

// terms are what a permit rests on, as it was when the code was given.
type terms struct {
	Scopes  []string   `json:"s"`
	Level   auth.Level `json:"l"`
	Methods []string   `json:"m,omitempty"`
	Proved  int64      `json:"p"` // epoch ms by the city's clock
	Nonce   string     `json:"n,omitempty"`
	In      []string   `json:"i,omitempty"` // claims of the ID token
	Bound   string     `json:"b,omitempty"`
	Session int64      `json:"z,omitempty"` // in which it was given, also where it outlives it
}

// sealedCode is what a code says. It stands in no table before it is redeemed.
type sealedCode struct {
	ID        int64  `json:"d"`
	Client    int64  `json:"c"`
	Account   int64  `json:"a"`
	Redirect  string `json:"r"` // digest
	Challenge string `json:"k"`
	Until     int64  `json:"e"`
	Terms     terms  `json:"t"`
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Code makes the code that a request ends with. A pushed request is used up by it.
func (s *Service) Code(ctx context.Context, r Request, sub auth.Subject) (string, error) {
	c, ok := s.Client(r.Client)
	if !ok {
		return "", fault(InvalidClient, "No such client.")
	}
	if r.Pushed != "" {
		err := s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			return deletePushed(tx, errs.E(errs.Gone, ""), r.Pushed)
		})
		if errs.Is(err, errs.Gone) {
			return "", fault(RequestURINotAllowed, "That request was used before.")
		}
		if err != nil {
			return "", err
		}
	}
	return s.Seal("code", sealedCode{
		ID: s.Gen.Next(), Client: c.ID, Account: sub.Account, Redirect: digest(r.Redirect), Challenge: r.Challenge,
		Until: s.Clock.Now().Add(codeLife).UnixMilli(),
		Terms: terms{
			Scopes: r.Scopes, Level: sub.Level, Methods: sub.Methods, Proved: sub.Proved.UnixMilli(), Nonce: r.Nonce, In: r.Claims.IDToken, Bound: r.Bound, Session: sub.Session,
		},
	})
}

// permit is a code that was redeemed.
type permit struct {
	ID      int64
	Client  int64
	Account int64
	Session int64
	Terms   terms
	Turn    int64
	Created time.Time
	Expires time.Time
}

const ended = -1

// Redeem gives the tokens of a code, once. bound is the thumbprint of the key that came with
// the request. A code that comes again ends what its first coming gave.
func (s *Service) Redeem(ctx context.Context, c *Client, code, redirect, verifier, bound string) (Tokens, error) {
	var x sealedCode
	refused := fault(InvalidGrant, "The code is not one that this client got for this redirect_uri, or it is too old.")
	if !c.Uses(GrantCode) {
		return Tokens{}, fault(Unauthorized, "This client may not use codes.")
	}
	if !s.Unseal("code", code, &x) || x.Client != c.ID || x.Redirect != digest(redirect) || s.Clock.Now().UnixMilli() >= x.Until {
		return Tokens{}, refused
	}
	if len(verifier) < 43 || len(verifier) > 128 || subtle.ConstantTimeCompare([]byte(digest(verifier)), []byte(x.Challenge)) != 1 {
		return Tokens{}, fault(InvalidGrant, "code_verifier does not fit the code_challenge.")
	}
	if x.Terms.Bound != "" && x.Terms.Bound != bound {
		return Tokens{}, fault(InvalidProof, "The proof is not of the key that the request named.")
	}
	if c.Bound && bound == "" {
		return Tokens{}, fault(InvalidProof, "This client's tokens are bound to a key: send a DPoP proof.")
	}
	x.Terms.Bound = bound
	p := permit{ID: x.ID, Client: c.ID, Account: x.Account, Session: x.Terms.Session, Terms: x.Terms}
	t, err := s.grant(ctx, c, &p)
	switch {
	case db.IsUnique(err):
		if err := s.reused(ctx, c, p.Account, p.ID); err != nil {
			return Tokens{}, err
		}
		return Tokens{}, fault(InvalidGrant, "The code was used before; what it gave has ended.")
	case errs.Is(err, errs.Gone):
		return Tokens{}, fault(InvalidGrant, "The person has signed out meanwhile.")
	}
	return t, err
}

// grant writes a permit with its first tokens.
func (s *Service) grant(ctx context.Context, c *Client, p *permit) (Tokens, error) {
	offline := slices.Contains(p.Terms.Scopes, ScopeOffline) && c.Uses(GrantRefresh)
	asked := *p // the unit may run twice
	var access string
	err := s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		*p = asked
		p.Created, p.Turn, p.Expires = tx.Now(), 0, tx.Now().Add(accessLife)
		if offline {
			// It stays when the browser signs out; the session stood when it was given.
			alive, err := s.Auth.Alive(tx, p.Account, p.Session)
			if err != nil {
				return err
			}
			if !alive {
				return errs.E(errs.Gone, "auth.error.session")
			}
			p.Session, p.Turn, p.Expires = 0, 1, tx.Now().Add(refreshLife)
		}
		if err := insertPermit(tx, *p); err != nil {
			return err
		}
		if c.LogoutURI != "" {
			if err := insertLogin(tx, p.Account, p.Terms.Session, c.ID); err != nil {
				return err
			}
		}
		var err error
		access, err = s.access(tx, c, *p)
		return err
	})
	if err != nil {
		return Tokens{}, err
	}
	return s.answer(ctx, c, *p, access)
}

// access makes the opaque access token of a permit; "" where the client takes JWTs.
func (s *Service) access(tx *db.Tx, c *Client, p permit) (string, error) {
	if c.Token == TokenJWT {
		return "", nil
	}
	return s.Auth.IssueIn(tx, p.Account, c.Name, auth.Delegation{
		Client: c.ID, Scopes: p.Terms.Scopes, Parent: p.Session, Permit: p.ID, Bound: p.Terms.Bound,
	}, p.Terms.Methods, db.Time(p.Terms.Proved), accessLife)
}

// answer signs what a permit gives.
func (s *Service) answer(ctx context.Context, c *Client, p permit, access string) (t Tokens, err error) {
	if c.Token == TokenJWT {
		if access, err = s.accessJWT(c, p); err != nil {
			return t, err
		}
	}
	t = Tokens{Access: access, Type: "Bearer", Life: int64(accessLife / time.Second), Scope: strings.Join(p.Terms.Scopes, " ")}
	if p.Terms.Bound != "" {
		t.Type = "DPoP"
	}
	if p.Turn > 0 {
		t.Refresh = s.refreshToken(c, p.ID, p.Turn)
	}
	if slices.Contains(p.Terms.Scopes, ScopeOpenID) {
		t.ID, err = s.idToken(ctx, c, p, access)
	}
	return t, err
}

// idClaims is an ID token (OpenID Connect Core, section 2).
type idClaims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	Expires  int64    `json:"exp"`
	Issued   int64    `json:"iat"`
	Proved   int64    `json:"auth_time"`
	Nonce    string   `json:"nonce,omitempty"`
	ACR      string   `json:"acr"`
	AMR      []string `json:"amr,omitempty"`
	Azp      string   `json:"azp"`
	Session  string   `json:"sid,omitempty"`
	Access   string   `json:"at_hash,omitempty"`
	*Info
}

func (s *Service) idToken(ctx context.Context, c *Client, p permit, access string) (string, error) {
	now := s.Wire.Now()
	sum := sha256.Sum256([]byte(access))
	x := idClaims{
		Issuer: s.Issuer(), Subject: s.SubjectOf(c, p.Account), Audience: c.Code, Azp: c.Code,
		Issued: now.Unix(), Expires: now.Add(idLife).Unix(), Proved: s.wire(db.Time(p.Terms.Proved)).Unix(),
		Nonce: p.Terms.Nonce, ACR: ACR(p.Terms.Level, p.Terms.Methods), AMR: p.Terms.Methods,
		Session: s.SessionOf(c, p.Terms.Session), Access: base64.RawURLEncoding.EncodeToString(sum[:16]),
	}
	if len(p.Terms.In) > 0 {
		info, err := s.infoOf(ctx, c, p.Account, p.Terms.Scopes)
		if err != nil {
			return "", err
		}
		x.Info = info.only(p.Terms.In)
	}
	b, err := json.Marshal(x)
	if err != nil {
		return "", err
	}
	return s.sign(c.Alg, typID, b)
}

// refreshToken names a turn of a permit. Only this city can make one, for this client.
func (s *Service) refreshToken(c *Client, id, turn int64) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(id)) //nolint:gosec // bits only
	b = binary.BigEndian.AppendUint64(b, uint64(turn))  //nolint:gosec // bits only
	b = append(b, mac(s.keys.refresh, c.Code, string(b))...)
	return "khue_r_" + base64.RawURLEncoding.EncodeToString(b)
}

func (s *Service) turnOf(c *Client, token string) (id, turn int64, ok bool) {
	text, ok := strings.CutPrefix(token, "khue_r_")
	if !ok {
		return 0, 0, false
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != 16+sha256.Size || !hmac.Equal(b[16:], mac(s.keys.refresh, c.Code, string(b[:16]))) {
		return 0, 0, false
	}
	return int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:])), true //nolint:gosec // bits only
}

// Refresh gives new tokens for a refresh token, and the next one in its place. One that was used
// before ends the whole family: either the client or a thief holds the other.
func (s *Service) Renew(ctx context.Context, c *Client, token string, scopes []string, bound string) (Tokens, error) {
	if !c.Uses(GrantRefresh) {
		return Tokens{}, fault(Unauthorized, "This client may not use refresh tokens.")
	}
	refused := fault(InvalidGrant, "The refresh token is not one of this client, or it has ended.")
	id, turn, ok := s.turnOf(c, token)
	if !ok {
		return Tokens{}, refused
	}
	var p permit
	var access string
	stale := errs.E(errs.Conflict, "")
	err := s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		if p, err = permitByID(tx, id); err != nil {
			return err
		}
		if p.Client != c.ID || p.Turn == ended || !tx.Now().Before(p.Expires) {
			return errs.E(errs.NotFound, "")
		}
		if p.Turn != turn {
			return stale
		}
		if p.Terms.Bound != "" && p.Terms.Bound != bound {
			return fault(InvalidProof, "The refresh token is bound to another key.")
		}
		a, err := s.Auth.Known(tx, p.Account)
		if err != nil {
			return err
		}
		if a.Disabled {
			return errs.E(errs.NotFound, "")
		}
		who, now := auth.Subject{Kind: a.Kind, Proved: db.Time(p.Terms.Proved), Methods: p.Terms.Methods}, tx.Now()
		if !s.Demand.Of(who, now).Met(who, now) {
			return errs.E(errs.NotFound, "") // demanded since: they sign in anew
		}
		if err := turnPermit(tx, stale, id, turn); err != nil {
			return err
		}
		p.Turn = turn + 1
		p.Terms.Level = min(p.Terms.Level, a.Level) // what was verified may be so no longer
		if len(scopes) > 0 {
			for _, x := range scopes {
				if !slices.Contains(p.Terms.Scopes, x) {
					return fault(InvalidScope, "The scope "+strconv.QuoteToASCII(x)+" was not given.")
				}
			}
			p.Terms.Scopes = scopes
		}
		access, err = s.access(tx, c, p)
		return err
	})
	switch {
	case errs.Is(err, errs.Conflict):
		if err := s.reused(ctx, c, p.Account, id); err != nil {
			return Tokens{}, err
		}
		return Tokens{}, fault(InvalidGrant, "The refresh token was used before; all that followed from it has ended.")
	case errs.Is(err, errs.NotFound):
		return Tokens{}, refused
	case err != nil:
		return Tokens{}, err
	}
	p.Terms.Nonce = "" // of the first ID token only
	return s.answer(ctx, c, p, access)
}

// reused ends a permit whose code or refresh token came twice.
func (s *Service) reused(ctx context.Context, c *Client, account, id int64) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := endPermit(tx, id); err != nil {
			return err
		}
		if err := s.Auth.EndPermitIn(tx, account, id); err != nil {
			return err
		}
		return s.append(ctx, tx, EventReused, c.ID, Told{Client: c.Code, Name: c.Name})
	})
}

// ForItself gives a client a token for its own account.
func (s *Service) ForItself(ctx context.Context, c *Client, scopes []string, bound string) (t Tokens, err error) {
	if !c.Uses(GrantClient) || c.Account == 0 {
		return t, fault(Unauthorized, "This client may not act for itself.")
	}
	if len(scopes) == 0 {
		scopes = slices.DeleteFunc(slices.Clone(c.Scopes), func(x string) bool { return !slices.Contains(APIScopes(), x) })
	}
	if err := c.allows(scopes); err != nil {
		return t, err
	}
	for _, x := range scopes {
		if !slices.Contains(APIScopes(), x) {
			return t, fault(InvalidScope, "The scope "+strconv.QuoteToASCII(x)+" is about a person, and there is none.")
		}
	}
	if c.Bound && bound == "" {
		return t, fault(InvalidProof, "This client's tokens are bound to a key: send a DPoP proof.")
	}
	p := permit{ID: s.Gen.Next(), Client: c.ID, Account: c.Account, Terms: terms{Scopes: scopes, Bound: bound, Proved: s.Clock.Now().UnixMilli()}}
	var access string
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		p.Created, p.Expires = tx.Now(), tx.Now().Add(accessLife)
		if err := insertPermit(tx, p); err != nil {
			return err
		}
		access, err = s.access(tx, c, p)
		return err
	})
	if err != nil {
		return t, err
	}
	return s.answer(ctx, c, p, access)
}
