package sign

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
)

// Signer is a key that signs, wherever it lies: a file, a token (PKCS#11), another machine.
type Signer interface {
	// Certificate returns the signer's certificate, then those above it.
	Certificate(ctx context.Context) ([]*x509.Certificate, error)
	// Sign signs a digest; ECDSA as ASN.1, RSA as PKCS #1 v1.5.
	Sign(ctx context.Context, digest []byte, opts crypto.SignerOpts) ([]byte, error)
}

// Stamper returns a time-stamp token (RFC 3161, DER) over a SHA-256 digest.
type Stamper func(ctx context.Context, digest []byte) ([]byte, error)

// ErrWeak says that a key is too small, or of a kind that is not accepted.
var ErrWeak = errors.New("sign: key is neither ECDSA P-256 or larger nor RSA of 2048 bits or more")

// Strong reports whether signatures of a key are accepted.
func Strong(pub crypto.PublicKey) error {
	switch k := pub.(type) {
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() || k.Curve == elliptic.P384() || k.Curve == elliptic.P521() {
			return nil
		}
	case *rsa.PublicKey:
		if k.N.BitLen() >= 2048 && k.N.BitLen() <= 8192 {
			return nil
		}
	}
	return ErrWeak
}

// Local is a key in this process.
func Local(key crypto.Signer, chain ...*x509.Certificate) Signer { return local{key, chain} }

type local struct {
	key   crypto.Signer
	chain []*x509.Certificate
}

func (l local) Certificate(context.Context) ([]*x509.Certificate, error) {
	if len(l.chain) == 0 {
		return nil, errors.New("sign: key without certificate")
	}
	return l.chain, nil
}

func (l local) Sign(_ context.Context, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return l.key.Sign(rand.Reader, digest, opts)
}

// Standard lets a Signer be used by libraries that know crypto.Signer only. The certificate must
// be the signer's.
func Standard(ctx context.Context, s Signer, cert *x509.Certificate) crypto.Signer {
	return standard{ctx, s, cert.PublicKey}
}

type standard struct {
	ctx context.Context //nolint:containedctx // crypto.Signer has none
	s   Signer
	pub crypto.PublicKey
}

func (s standard) Public() crypto.PublicKey { return s.pub }

func (s standard) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return s.s.Sign(s.ctx, digest, opts)
}

// leaf is the signer's certificate, where its key is strong.
func leaf(ctx context.Context, by Signer) ([]*x509.Certificate, error) {
	chain, err := by.Certificate(ctx)
	if err != nil {
		return nil, fmt.Errorf("sign: certificate: %w", err)
	}
	if len(chain) == 0 {
		return nil, errors.New("sign: signer without certificate")
	}
	return chain, Strong(chain[0].PublicKey)
}

// CheckDigest reports whether a signature over a SHA-256 digest is of a certificate's key.
func CheckDigest(c *x509.Certificate, digest, sig []byte) error {
	switch k := c.PublicKey.(type) {
	case *ecdsa.PublicKey:
		if ecdsa.VerifyASN1(k, digest, sig) {
			return nil
		}
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(k, crypto.SHA256, digest, sig)
	}
	return errors.New("sign: the signature is not of this certificate")
}
