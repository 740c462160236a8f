package openid

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"khue/internal/kernel/db"
)

const (
	proofSlack = time.Minute // how far the clocks may differ
	nonceLife  = 5 * time.Minute
	maxReplays = 200_000
)

// ProofAlgs are those of proofs and of keys with which clients prove themselves: never none,
// never one with a shared secret.
func ProofAlgs() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.ES512, jose.EdDSA, jose.PS256, jose.RS256}
}

// replays remembers what came once and must not come again within its time, on this node; the
// table remembers for all of them, and is asked only about what passed here.
type replays struct {
	mu        sync.Mutex
	now, past map[[16]byte]struct{}
	turned    time.Time
}

func newReplays() *replays {
	return &replays{now: map[[16]byte]struct{}{}, past: map[[16]byte]struct{}{}}
}

// fresh reports whether a text was not seen in the last two spans, and remembers it.
func (r *replays) fresh(text string, now time.Time) bool {
	sum := sha256.Sum256([]byte(text))
	key := [16]byte(sum[:16])
	r.mu.Lock()
	defer r.mu.Unlock()
	if age := now.Sub(r.turned); age > 3*proofSlack || len(r.now) >= maxReplays {
		r.past, r.now, r.turned = r.now, map[[16]byte]struct{}{}, now
		if age > 6*proofSlack {
			r.past = map[[16]byte]struct{}{}
		}
	}
	if _, ok := r.now[key]; ok {
		return false
	}
	if _, ok := r.past[key]; ok {
		return false
	}
	r.now[key] = struct{}{}
	return true
}

// first reports whether a proof comes for the first time on any node, and remembers it. Only what
// is signed and in time comes here; the row is its own, so that none waits for another.
func (s *Service) first(ctx context.Context, text string, now time.Time) (bool, error) {
	if !s.proofs.fresh(text, now) {
		return false, nil
	}
	err := s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		return insertSeen(tx, seenBefore{}, digest(text), s.Clock.Now().Add(2*assertionLife))
	})
	if errors.As(err, &seenBefore{}) {
		return false, nil
	}
	return err == nil, err
}

type seenBefore struct{}

func (seenBefore) Error() string { return "openid: seen before" }

type proofClaims struct {
	ID     string `json:"jti"`
	Method string `json:"htm"`
	URL    string `json:"htu"`
	Issued int64  `json:"iat"`
	Token  string `json:"ath"`
	Nonce  string `json:"nonce"`
}

// nonce is a text that proves when we gave it.
func (s *Service) nonce(at time.Time) string {
	t := strconv.FormatInt(at.Unix(), 36)
	return t + "." + short(mac(s.keys.index, "nonce", t))
}

func (s *Service) goodNonce(text string) bool {
	t, _, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(t, 36, 64)
	if err != nil || s.nonce(time.Unix(n, 0)) != text {
		return false
	}
	age := s.Wire.Now().Sub(time.Unix(n, 0))
	return age >= -time.Second && age < nonceLife
}

// CheckProof reads a DPoP proof (RFC 9449) that came with a request to path of this site, and
// returns the thumbprint of its key. token is the access token that came along, or "".
func (s *Service) CheckProof(ctx context.Context, proof, method, path, token string) (thumbprint string, err error) {
	bad := func(text string) error { return fault(InvalidProof, text) }
	if len(proof) > 8<<10 {
		return "", bad("The proof is too long.")
	}
	j, err := jose.ParseSigned(proof, ProofAlgs())
	if err != nil || len(j.Signatures) != 1 {
		return "", bad("The proof is not a JWS with an asymmetric algorithm.")
	}
	h := j.Signatures[0].Protected
	if t, _ := h.ExtraHeaders[jose.HeaderType].(string); t != "dpop+jwt" || h.JSONWebKey == nil || !h.JSONWebKey.Valid() || !h.JSONWebKey.IsPublic() {
		return "", bad("The proof lacks typ dpop+jwt, or its public key.")
	}
	payload, err := j.Verify(h.JSONWebKey)
	if err != nil {
		return "", bad("The signature of the proof does not fit its key.")
	}
	var x proofClaims
	if json.Unmarshal(payload, &x) != nil || x.ID == "" || x.Method != method {
		return "", bad("The proof lacks jti, or is for another method.")
	}
	if !sameAddress(x.URL, s.Issuer()+path) {
		return "", bad("The proof is for another address.")
	}
	if token != "" {
		if x.Token != digest(token) {
			return "", bad("The proof is for another access token.")
		}
	}
	now := s.Wire.Now()
	if off := now.Sub(time.Unix(x.Issued, 0)); x.Nonce == "" && (off > proofSlack || off < -proofSlack) {
		return "", &Fault{Code: UseNonce, Text: "The proof's time is not ours: repeat the nonce.", Nonce: s.nonce(now)}
	}
	if x.Nonce != "" && !s.goodNonce(x.Nonce) {
		return "", &Fault{Code: UseNonce, Text: "The nonce is not one of ours, or it is too old.", Nonce: s.nonce(now)}
	}
	sum, err := h.JSONWebKey.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", bad("The key of the proof has no thumbprint.")
	}
	thumbprint = base64.RawURLEncoding.EncodeToString(sum)
	if ok, err := s.first(ctx, "dpop\x00"+thumbprint+"\x00"+x.ID, now); err != nil || !ok {
		if err == nil {
			err = bad("The proof was used before.")
		}
		return "", err
	}
	return thumbprint, nil
}

// sameAddress compares what a proof names with what was asked, without query and fragment.
func sameAddress(named, asked string) bool {
	a, err := url.Parse(named)
	if err != nil {
		return false
	}
	b, err := url.Parse(asked)
	return err == nil && strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Host, b.Host) && a.EscapedPath() == b.EscapedPath() && a.User == nil
}

// assertion is how a client proves itself by a key (RFC 7523).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

const assertionLife = 5 * time.Minute

// Presented is what a client sent to prove itself.
type Presented struct {
	ID, Secret      string // of a form
	Basic           bool   // ID and Secret came in the header
	Assertion, Type string
}

// Authenticate finds the client that sent a request. It is invalid_client for whoever does not
// prove to be one, in the way that was registered and no other.
func (s *Service) Authenticate(ctx context.Context, p Presented) (*Client, error) {
	refused := fault(InvalidClient, "The client is unknown, or did not prove itself in the way that it registered.")
	if p.Assertion != "" {
		if p.Type != assertionType || p.Secret != "" {
			return nil, refused
		}
		return s.asserted(ctx, p, refused)
	}
	c, ok := s.Client(p.ID)
	switch {
	case !ok:
		return nil, refused
	case c.Auth == AuthNone && p.Secret == "" && !p.Basic:
		return c, nil
	case c.Auth == AuthBasic && c.Fits(p.Secret, s.Clock.Now()):
		return c, nil
	}
	return nil, refused
}

func (s *Service) asserted(ctx context.Context, p Presented, refused error) (*Client, error) {
	j, err := jose.ParseSigned(p.Assertion, ProofAlgs())
	if err != nil || len(j.Signatures) != 1 {
		return nil, refused
	}
	var x struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience any    `json:"aud"`
		Expires  int64  `json:"exp"`
		ID       string `json:"jti"`
	}
	if json.Unmarshal(j.UnsafePayloadWithoutVerification(), &x) != nil || x.Issuer != x.Subject || p.ID != "" && p.ID != x.Subject || x.ID == "" {
		return nil, refused
	}
	c, ok := s.Client(x.Subject)
	if !ok || c.Auth != AuthKey {
		return nil, refused
	}
	set, err := c.keySet()
	if err != nil {
		return nil, refused
	}
	h, verified := j.Signatures[0].Protected, false
	for _, k := range set.Keys {
		if (h.KeyID == "" || k.KeyID == h.KeyID) && (k.Algorithm == "" || k.Algorithm == h.Algorithm) {
			if _, err := j.Verify(k.Key); err == nil {
				verified = true
				break
			}
		}
	}
	now := s.Wire.Now()
	left := time.Unix(x.Expires, 0).Sub(now)
	if !verified || left <= 0 || left > assertionLife || !forUs(x.Audience, s.Issuer(), s.Issuer()+"/oauth/token", s.Issuer()+"/oauth/par") {
		return nil, refused
	}
	if ok, err := s.first(ctx, "assertion\x00"+c.Code+"\x00"+x.ID, now); err != nil || !ok {
		if err == nil {
			err = refused
		}
		return nil, err
	}
	return c, nil
}

// forUs reports whether an audience, one text or several, names one of ours.
func forUs(aud any, ours ...string) bool {
	in := func(text string) bool {
		for _, o := range ours {
			if text == o {
				return true
			}
		}
		return false
	}
	switch x := aud.(type) {
	case string:
		return in(x)
	case []any:
		for _, v := range x {
			if t, ok := v.(string); ok && in(t) {
				return true
			}
		}
	}
	return false
}
