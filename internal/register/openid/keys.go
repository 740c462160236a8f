package openid

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

const (
	algFirst = string(jose.ES256)
	// announced is how long a key stands in the key set before it signs: longer than anybody
	// may keep the set (its max-age).
	announced = 2 * time.Hour
	// trailing is how long a key stands there after it signed last: longer than any token lives.
	trailing = 25 * time.Hour
	keyLife  = 90 * 24 * time.Hour
)

type signingKey struct {
	id     string
	alg    string
	starts time.Time
	ends   time.Time // zero: open
	public jose.JSONWebKey
	signer map[string]jose.Signer // by typ
}

type keyRow struct {
	id, alg            string
	sealed             []byte
	starts, ends, made int64
}

// openKeys reads the keys, the youngest first.
func (s *Service) openKeys(q db.Querier) ([]*signingKey, error) {
	rows, err := keyRows(q)
	if err != nil {
		return nil, err
	}
	out := make([]*signingKey, 0, len(rows))
	for _, r := range rows {
		k, err := s.openKey(r)
		if err != nil {
			return nil, errs.E(errs.Internal, "openid.error.key_file", errs.Cause(err), errs.P("key", r.id))
		}
		out = append(out, k)
	}
	slices.SortStableFunc(out, func(a, b *signingKey) int { return b.starts.Compare(a.starts) })
	return out, nil
}

// types of what a key signs, as the header says them.
const (
	typID     = "JWT"
	typAccess = "at+jwt"
	typLogout = "logout+jwt"
)

func (s *Service) openKey(r keyRow) (*signingKey, error) {
	plain, err := s.keys.openFrom("key "+r.id, r.sealed)
	if err != nil {
		return nil, err
	}
	private, err := x509.ParsePKCS8PrivateKey(plain)
	if err != nil {
		return nil, err
	}
	signs, ok := private.(crypto.Signer)
	if !ok {
		return nil, errSealed
	}
	k := &signingKey{id: r.id, alg: r.alg, starts: db.Time(r.starts), signer: map[string]jose.Signer{}}
	if r.ends != 0 {
		k.ends = db.Time(r.ends)
	}
	k.public = jose.JSONWebKey{Key: signs.Public(), KeyID: r.id, Algorithm: r.alg, Use: "sig"}
	for _, typ := range []string{typID, typAccess, typLogout} {
		opts := (&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("kid", r.id)
		if k.signer[typ], err = jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(r.alg), Key: private}, opts); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// signer is the key of an algorithm that signs now.
func (s *Service) signer(alg string) (*signingKey, bool) {
	now := s.Clock.Now()
	for _, k := range s.known().signing {
		if k.alg == alg && !k.starts.After(now) && (k.ends.IsZero() || now.Before(k.ends)) {
			return k, true
		}
	}
	return nil, false
}

// PublicKeys is the key set: what signs, what will, and what did lately.
func (s *Service) PublicKeys() jose.JSONWebKeySet {
	now, set := s.Clock.Now(), jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, k := range s.known().signing {
		if k.ends.IsZero() || now.Before(k.ends) {
			set.Keys = append(set.Keys, k.public)
		}
	}
	return set
}

// Rotate makes a new key of an algorithm. It is published now and signs once everybody who
// keeps the key set has it; its forerunner stays published as long as its tokens live. At once
// takes the older keys away instead: for a key that was lost.
func (s *Service) Rotate(ctx context.Context, alg string, atOnce bool) (err error) {
	defer errs.Op(&err, "openid.Rotate(%s)", alg)
	var private any
	if alg == string(jose.RS256) {
		private, err = rsa.GenerateKey(rand.Reader, 3072)
	} else {
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		return err
	}
	plain, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	kid := short(s.keys.closeTo("kid", nil))[:16]
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := tx.Now()
		starts, ends := now.Add(announced), now.Add(announced+trailing)
		if atOnce {
			starts, ends = now, now
		}
		if err := closeKeys(tx, alg, ends); err != nil {
			return err
		}
		v := s.Gen.Next()
		row := keyRow{id: kid, alg: alg, sealed: s.keys.closeTo("key "+kid, plain), starts: starts.UnixMilli(), made: now.UnixMilli()}
		if err := insertKey(tx, row); err != nil {
			return err
		}
		if err := s.append(ctx, tx, EventKey, v, Told{Key: kid}); err != nil {
			return err
		}
		return bump(tx)
	})
	if err != nil {
		return err
	}
	return s.Refresh(ctx)
}

// rotateDue makes the next key of each algorithm whose youngest has signed long enough.
func (s *Service) rotateDue(ctx context.Context) error {
	seen := map[string]bool{}
	for _, k := range s.known().signing { // the youngest first
		if seen[k.alg] {
			continue
		}
		seen[k.alg] = true
		if s.Clock.Now().Sub(k.starts) >= keyLife {
			if err := s.Rotate(ctx, k.alg, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// sign makes a compact JWS over claims.
func (s *Service) sign(alg, typ string, claims []byte) (string, error) {
	k, ok := s.signer(alg)
	if !ok {
		return "", errs.E(errs.Unavailable, "openid.error.no_key")
	}
	j, err := k.signer[typ].Sign(claims)
	if err != nil {
		return "", err
	}
	return j.CompactSerialize()
}

// verify opens a JWS that this city signed, of one type; it says nothing of its times. Tokens of
// keys that are no longer published do not open.
func (s *Service) verify(text, typ string) ([]byte, bool) {
	j, err := jose.ParseSigned(text, []jose.SignatureAlgorithm{jose.ES256, jose.RS256})
	if err != nil || len(j.Signatures) != 1 {
		return nil, false
	}
	h := j.Signatures[0].Protected
	if t, _ := h.ExtraHeaders[jose.HeaderType].(string); t != typ {
		return nil, false
	}
	for _, k := range s.PublicKeys().Keys {
		if k.KeyID == h.KeyID && k.Algorithm == h.Algorithm {
			payload, err := j.Verify(k.Key)
			return payload, err == nil
		}
	}
	return nil, false
}
