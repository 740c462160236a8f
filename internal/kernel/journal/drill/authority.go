package drill

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"time"

	"github.com/digitorus/timestamp"

	"khue/internal/kernel/clock"
)

// Authority is an authority for time (RFC 3161) in this process, with a root of its own: it
// stands in for a real one in drills and tests.
type Authority struct {
	clk  clock.Clock
	root *x509.Certificate
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes one whose certificates hold for ten years from the clock's day.
func NewAuthority(clk clock.Clock) (*Authority, error) {
	make := func(cn string, serial int64, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		t := &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: cn}, NotBefore: clk.Now().AddDate(0, 0, -1), NotAfter: clk.Now().AddDate(10, 0, 0),
			BasicConstraintsValid: true,
		}
		if parent == nil {
			t.IsCA, t.KeyUsage = true, x509.KeyUsageCertSign
			parent, signer = t, key
		} else {
			// The extension is critical (RFC 3161, 2.3), which x509 makes no field of.
			usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
			if err != nil {
				return nil, nil, err
			}
			t.KeyUsage = x509.KeyUsageDigitalSignature
			t.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}}
		}
		der, err := x509.CreateCertificate(rand.Reader, t, parent, &key.PublicKey, signer)
		if err != nil {
			return nil, nil, err
		}
		c, err := x509.ParseCertificate(der)
		return c, key, err
	}
	root, rootKey, err := make("Drill root", 1, nil, nil)
	if err != nil {
		return nil, err
	}
	a := &Authority{clk: clk, root: root}
	a.cert, a.key, err = make("Drill time stamps", 2, root, rootKey)
	return a, err
}

// Roots are what a checker trusts.
func (a *Authority) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.root)
	return pool
}

// RootPEM is the root as a file.
func (a *Authority) RootPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})
}

// Respond answers a request as it comes over HTTP, DER for DER.
func (a *Authority) Respond(request []byte) ([]byte, error) {
	req, err := timestamp.ParseRequest(request)
	if err != nil {
		return timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.BadDataFormat)
	}
	return a.response(req.HashAlgorithm, req.HashedMessage, req.Nonce)
}

func (a *Authority) response(h crypto.Hash, digest []byte, nonce *big.Int) ([]byte, error) {
	t := timestamp.Timestamp{
		HashAlgorithm: h, HashedMessage: digest, Time: a.clk.Now().UTC().Truncate(time.Second), Nonce: nonce,
		Policy: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, AddTSACertificate: true, Certificates: []*x509.Certificate{a.root},
	}
	return t.CreateResponseWithOpts(a.cert, a.key, crypto.SHA256)
}

// Stamp is a journal.Stamper.
func (a *Authority) Stamp(_ context.Context, digest []byte) ([]byte, error) {
	raw, err := a.response(crypto.SHA256, digest, nil)
	if err != nil {
		return nil, err
	}
	t, err := timestamp.ParseResponse(raw)
	if err != nil {
		return nil, err
	}
	return t.RawToken, nil
}
