package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cb "golang.org/x/crypto/cryptobyte/asn1"
)

// Object identifiers of RFC 5652, 5035, 3161 and 5758.
//
//nolint:gochecknoglobals // constants that Go cannot write as such
var (
	oidData        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidDigest      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningCert = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidStampToken  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}
	oidSHA256      = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidRSA         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	oidECDSA       = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
)

// CMS is a detached signature over a SHA-256 digest as CAdES asks (ETSI EN 319 122): content
// type, digest and the signer's certificate are signed. There is no signing-time attribute:
// PAdES keeps the claimed time in the PDF, and proves it by the time stamp. stamp may be nil.
func CMS(ctx context.Context, digest []byte, by Signer, stamp Stamper) ([]byte, error) {
	chain, err := leaf(ctx, by)
	if err != nil {
		return nil, err
	}
	attrs, err := signedAttributes(oidData, digest, chain[0])
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(attrs)
	sig, err := by.Sign(ctx, sum[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("sign: key: %w", err)
	}
	var token []byte
	if stamp != nil {
		sum := sha256.Sum256(sig)
		if token, err = stamp(ctx, sum[:]); err != nil {
			return nil, fmt.Errorf("sign: time stamp: %w", err)
		}
	}
	return assemble(content{kind: oidData}, attrs, sig, token, chain)
}

// Attributes is what a signer elsewhere signs: the DER of the signed attributes, to be hashed
// with SHA-256. Assemble makes the CMS of the signature that comes back.
func Attributes(digest []byte, cert *x509.Certificate) ([]byte, error) {
	if err := Strong(cert.PublicKey); err != nil {
		return nil, err
	}
	return signedAttributes(oidData, digest, cert)
}

// Assemble makes a CMS of attributes and the signature over them.
func Assemble(ctx context.Context, attrs, sig []byte, stamp Stamper, chain ...*x509.Certificate) ([]byte, error) {
	if err := chain[0].CheckSignature(signatureAlgorithm(chain[0]), attrs, sig); err != nil {
		return nil, fmt.Errorf("sign: the signature is not of this certificate: %w", err)
	}
	var token []byte
	if stamp != nil {
		sum := sha256.Sum256(sig)
		var err error
		if token, err = stamp(ctx, sum[:]); err != nil {
			return nil, fmt.Errorf("sign: time stamp: %w", err)
		}
	}
	return assemble(content{kind: oidData}, attrs, sig, token, chain)
}

func signatureAlgorithm(c *x509.Certificate) x509.SignatureAlgorithm {
	if _, ok := c.PublicKey.(*ecdsa.PublicKey); ok {
		return x509.ECDSAWithSHA256
	}
	return x509.SHA256WithRSA
}

func attribute(oid asn1.ObjectIdentifier, value func(*cryptobyte.Builder)) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddASN1(cb.SET, value)
	})
	return b.Bytes()
}

func signedAttributes(of asn1.ObjectIdentifier, digest []byte, cert *x509.Certificate) ([]byte, error) {
	hash := sha256.Sum256(cert.Raw)
	kind, err1 := attribute(oidContentType, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(of) })
	sum, err2 := attribute(oidDigest, func(b *cryptobyte.Builder) { b.AddASN1OctetString(digest) })
	id, err3 := attribute(oidSigningCert, func(b *cryptobyte.Builder) {
		b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) { // SigningCertificateV2
			b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) { // its list
				b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) { // ESSCertIDv2, SHA-256 by default
					b.AddASN1OctetString(hash[:])
				})
			})
		})
	})
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return nil, err
		}
	}
	list := [][]byte{kind, sum, id}
	slices.SortFunc(list, bytes.Compare)
	var b cryptobyte.Builder
	b.AddASN1(cb.SET, func(b *cryptobyte.Builder) {
		for _, a := range list {
			b.AddBytes(a)
		}
	})
	return b.Bytes()
}

func algorithm(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, null bool) {
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		if null {
			b.AddASN1NULL()
		}
	})
}

// content is what a CMS is about; without bytes it is detached.
type content struct {
	kind  asn1.ObjectIdentifier
	bytes []byte
	bare  bool // without certificates
}

func assemble(c content, attrs, sig, token []byte, chain []*x509.Certificate) ([]byte, error) {
	cert := chain[0]
	implicit := bytes.Clone(attrs)
	implicit[0] = byte(cb.Tag(0).ContextSpecific().Constructed())
	var b cryptobyte.Builder
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidSignedData)
		b.AddASN1(cb.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
				if c.bytes == nil {
					b.AddASN1Int64(1)
				} else {
					b.AddASN1Int64(3)
				}
				b.AddASN1(cb.SET, func(b *cryptobyte.Builder) { algorithm(b, oidSHA256, true) })
				b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(c.kind)
					if c.bytes != nil {
						b.AddASN1(cb.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddASN1OctetString(c.bytes) })
					}
				})
				if len(chain) > 0 && !c.bare {
					b.AddASN1(cb.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
						for _, c := range chain {
							b.AddBytes(c.Raw)
						}
					})
				}
				b.AddASN1(cb.SET, func(b *cryptobyte.Builder) {
					b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1Int64(1)
						b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
							b.AddBytes(cert.RawIssuer)
							b.AddASN1BigInt(cert.SerialNumber)
						})
						algorithm(b, oidSHA256, true)
						b.AddBytes(implicit)
						if _, ok := cert.PublicKey.(*ecdsa.PublicKey); ok {
							algorithm(b, oidECDSA, false)
						} else {
							algorithm(b, oidRSA, true)
						}
						b.AddASN1OctetString(sig)
						if token == nil {
							return
						}
						b.AddASN1(cb.Tag(1).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
							b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
								b.AddASN1ObjectIdentifier(oidStampToken)
								b.AddASN1(cb.SET, func(b *cryptobyte.Builder) { b.AddBytes(token) })
							})
						})
					})
				})
			})
		})
	})
	return b.Bytes()
}
