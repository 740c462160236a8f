package sign

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"
)

// Whole says whether a file is what was signed.
type Whole string

// The answers.
const (
	// Kept: nothing of the file was added or changed after this signature.
	Kept Whole = "kept"
	// Signed: only further signatures were added after this one.
	Signed Whole = "signed"
	// Added: what was signed is there unchanged, but something was added behind it that shows.
	Added Whole = "added"
	// Altered: what was signed is not what is here.
	Altered Whole = "altered"
	// Unread: the signature cannot be read.
	Unread Whole = "unread"
)

// Trust says what stands behind a signer's certificate.
type Trust string

// The answers.
const (
	Trusted  Trust = "trusted"
	Unknown  Trust = "unknown"  // no chain to an authority that is known here
	Expired  Trust = "expired"  // not valid at the time of signing
	Revoked  Trust = "revoked"  // before the time of signing, or that time is not proven
	Misused  Trust = "misused"  // the certificate is not for signing
	WeakKey  Trust = "weak"     // key or digest is not accepted
	RevLater Trust = "revlater" // revoked after the proven time of signing: still good
)

// Signature is one signature of a file, as found.
type Signature struct {
	Format      string // PAdES, CMS, XAdES, XMLDSig
	Whole       Whole
	Trust       Trust
	Certificate *x509.Certificate // nil where unreadable
	Chain       []*x509.Certificate
	Claimed     time.Time // as the signer says
	Stamped     time.Time // as a trusted time stamp proves; zero: none
	Stamper     *x509.Certificate
	RevokedAt   time.Time
	Unasked     bool   // whether the certificate was revoked is not known here
	Reason      string // as the signer says
	Covers      int    // bytes of the file up to the end of what is signed
	Why         error  // diagnosis, not for people
}

// Good reports whether a reader may rely on the signature.
func (s Signature) Good() bool {
	return (s.Whole == Kept || s.Whole == Signed) && (s.Trust == Trusted || s.Trust == RevLater)
}

// Authorities is whom a reader believes, and what they say about revocation.
type Authorities struct {
	Roots, Intermediates *x509.CertPool
	// Revoked returns when a certificate was revoked by the issuer that stands above it in a chain
	// that holds; zero: it was not, or nothing is known. It is asked once a certificate and file.
	Revoked func(ctx context.Context, c, issuer *x509.Certificate) (time.Time, error)
	// Knows reports whether Revoked knows of the revocations of an issuer; nil: of all.
	Knows func(issuer *x509.Certificate) bool
	// Now is the reader's clock.
	Now time.Time

	seen *seen
}

// seen is what was found out of certificates while one file is read: several signatures of a file
// have their authorities in common.
type seen struct {
	revoked map[string]time.Time
	chains  map[string][]*x509.Certificate
}

// once is a with a memory for one file.
func (a Authorities) once() Authorities {
	a.seen = &seen{map[string]time.Time{}, map[string][]*x509.Certificate{}}
	return a
}

// above is a chain from a certificate to a root, good at an instant.
func (a Authorities) above(c *x509.Certificate, at time.Time, with []*x509.Certificate, use x509.ExtKeyUsage) ([]*x509.Certificate, error) {
	key := string(rune(use)) + string(c.Raw)
	if a.seen != nil {
		if chain := a.seen.chains[key]; chain != nil && !slices.ContainsFunc(chain, func(x *x509.Certificate) bool { return at.Before(x.NotBefore) || at.After(x.NotAfter) }) {
			return chain, nil
		}
	}
	chains, err := c.Verify(a.options(at, with, use))
	if err != nil {
		return nil, err
	}
	if a.seen != nil {
		a.seen.chains[key] = chains[0]
	}
	return chains[0], nil
}

// MaxFile is the largest file that is verified.
const MaxFile = 25 << 20

// maxSignatures bounds the signatures of one file.
const maxSignatures = 50

func recovered(err *error) {
	if r := recover(); r != nil { // a parser of others met a hostile file
		*err = fmt.Errorf("sign: parser: %v", r)
	}
}

// checkCMS verifies a detached CMS over content, and the chain behind it.
func (a Authorities) checkCMS(ctx context.Context, der, signed []byte, s *Signature) (err error) {
	defer recovered(&err)
	s.Whole = Unread
	p7, err := pkcs7.Parse(der)
	if err != nil {
		return err
	}
	if len(p7.Signers) != 1 || len(p7.Content) > 0 || len(p7.Certificates) > 20 {
		return errors.New("sign: not one detached signature")
	}
	s.Certificate = p7.GetOnlySigner()
	if s.Certificate == nil {
		return errors.New("sign: no certificate of the signer")
	}
	s.Whole = Altered
	p7.Content = signed
	if err := p7.Verify(); err != nil {
		return err
	}
	if err := boundTo(p7, s.Certificate); err != nil {
		return err
	}
	s.Whole = Kept
	for _, at := range p7.Signers[0].UnauthenticatedAttributes {
		if at.Type.Equal(oidStampToken) {
			a.checkStamp(ctx, at.Value.Bytes, p7.Signers[0].EncryptedDigest, s)
		}
	}
	s.Trust, s.Chain = a.chain(ctx, s, p7.Certificates)
	return nil
}

// boundTo checks that the attributes name the certificate, where they name one: otherwise another
// certificate of the same key could be put in its place.
func boundTo(p7 *pkcs7.PKCS7, c *x509.Certificate) error {
	var list struct {
		Certs []asn1.RawValue
	}
	if err := p7.UnmarshalSignedAttribute(oidSigningCert, &list); err != nil {
		return nil //nolint:nilerr // plain CMS has none
	}
	if len(list.Certs) == 0 {
		return errors.New("sign: the signed certificate is not named")
	}
	sum := sha256.Sum256(c.Raw)
	if !bytes.Contains(list.Certs[0].Bytes, sum[:]) {
		return errors.New("sign: the certificate is not the one that was signed")
	}
	return nil
}

// checkStamp reads the time that a token proves, where its authority is believed.
func (a Authorities) checkStamp(ctx context.Context, token, sig []byte, s *Signature) {
	t, err := timestamp.Parse(token)
	if err != nil || !t.HashAlgorithm.Available() {
		return
	}
	h := t.HashAlgorithm.New()
	_, _ = h.Write(sig)
	if !bytes.Equal(h.Sum(nil), t.HashedMessage) || t.Time.After(a.Now.Add(time.Minute)) {
		return
	}
	p7, err := pkcs7.Parse(token)
	if err != nil || p7.GetOnlySigner() == nil || p7.Verify() != nil {
		return
	}
	c := p7.GetOnlySigner()
	chain, err := a.above(c, t.Time, p7.Certificates, x509.ExtKeyUsageTimeStamping)
	if err != nil {
		return
	}
	if at, err := a.revoked(ctx, c, issuerOf(chain, 0)); err != nil || !at.IsZero() && !at.After(t.Time) {
		return
	}
	s.Stamped, s.Stamper = t.Time, c
}

// issuerOf is who stands above the nth of a chain: a root stands above itself.
func issuerOf(chain []*x509.Certificate, n int) *x509.Certificate {
	return chain[min(n+1, len(chain)-1)]
}

func (a Authorities) revoked(ctx context.Context, c, issuer *x509.Certificate) (time.Time, error) {
	if a.Revoked == nil {
		return time.Time{}, nil
	}
	if a.seen != nil {
		if at, ok := a.seen.revoked[string(c.Raw)]; ok {
			return at, nil
		}
	}
	at, err := a.Revoked(ctx, c, issuer)
	if err == nil && a.seen != nil {
		a.seen.revoked[string(c.Raw)] = at
	}
	return at, err
}

func (a Authorities) options(at time.Time, with []*x509.Certificate, use x509.ExtKeyUsage) x509.VerifyOptions {
	pool := x509.NewCertPool()
	if a.Intermediates != nil {
		pool = a.Intermediates.Clone()
	}
	for _, c := range with {
		pool.AddCert(c)
	}
	roots := a.Roots
	if roots == nil {
		roots = x509.NewCertPool() // nil would mean the machine's own
	}
	return x509.VerifyOptions{Roots: roots, Intermediates: pool, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{use}}
}

// Judge says what stands behind a certificate now; with are those that came with it.
func (a Authorities) Judge(ctx context.Context, c *x509.Certificate, with []*x509.Certificate) Trust {
	t, _ := a.chain(ctx, &Signature{Certificate: c}, with)
	return t
}

// chain says what stands behind the signer at the proven time, or now where none is proven.
func (a Authorities) chain(ctx context.Context, s *Signature, with []*x509.Certificate) (Trust, []*x509.Certificate) {
	c, at := s.Certificate, s.Stamped
	if at.IsZero() {
		at = a.Now
	}
	if Strong(c.PublicKey) != nil {
		return WeakKey, nil
	}
	chain, err := a.above(c, at, with, x509.ExtKeyUsageAny)
	var bad x509.CertificateInvalidError
	switch {
	case errors.As(err, &bad) && bad.Reason == x509.Expired:
		return Expired, nil
	case err != nil:
		return Unknown, nil
	case c.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 || c.IsCA:
		return Misused, chain
	}
	s.Unasked = a.Knows != nil && !a.Knows(issuerOf(chain, 0))
	for i, one := range chain[:len(chain)-1] {
		when, err := a.revoked(ctx, one, chain[i+1])
		if err != nil {
			s.Why = err
			return Unknown, chain
		}
		if when.IsZero() {
			continue
		}
		if s.RevokedAt = when; s.Stamped.IsZero() || !when.After(s.Stamped) || i > 0 {
			return Revoked, chain
		}
		return RevLater, chain
	}
	return Trusted, chain
}
