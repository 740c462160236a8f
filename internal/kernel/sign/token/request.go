package token

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"

	"khue/internal/kernel/sign"
)

// Request makes the request for a certificate (CSR, PKCS #10, PEM) of a key that stays in the token.
// Errors: those of the key; sign.ErrWeak.
func (t *Token) Request(ctx context.Context, ref, name string) ([]byte, error) {
	pub, err := t.Public(ctx, ref)
	if err != nil {
		return nil, err
	}
	if err := sign.Strong(pub); err != nil {
		return nil, err
	}
	by := held{pub, func(digest []byte) ([]byte, error) { return t.Sign(ctx, ref, digest) }}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: name}}, by)
	if err != nil {
		return nil, fmt.Errorf("token: request of %s: %w", ref, err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), nil
}

// held is a key of the token as the standard library wants one.
type held struct {
	pub  crypto.PublicKey
	sign func(digest []byte) ([]byte, error)
}

func (h held) Public() crypto.PublicKey { return h.pub }

func (h held) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() != crypto.SHA256 {
		return nil, fmt.Errorf("token: signs SHA-256 only, not %v", opts.HashFunc())
	}
	return h.sign(digest)
}
