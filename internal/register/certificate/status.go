package certificate

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"time"

	"golang.org/x/crypto/ocsp"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/sign"
)

// crl is a list that was signed.
type crl struct {
	der []byte
	at  time.Time
}

const (
	crlEvery = time.Minute    // a list is signed again at most so often
	crlHolds = 24 * time.Hour // until when readers may use it
	// mostRevoked bounds the list; cards that ran out leave it.
	mostRevoked = 50_000
)

// CRL is the list of the cards that were revoked and have not run out, signed.
func (s *Service) CRL(ctx context.Context) (der []byte, err error) {
	defer errs.Op(&err, "certificate.CRL")
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.d.Clock.Now()
	if age := now.Sub(s.list.at); len(s.list.der) > 0 && age >= 0 && age < crlEvery {
		return s.list.der, nil
	}
	var cards []Card
	err = s.d.DB.View(ctx, func(_ context.Context, q *db.View) error {
		cards, err = revoked(q, now, mostRevoked)
		return err
	})
	if err != nil {
		return nil, err
	}
	t := &x509.RevocationList{Number: big.NewInt(now.UnixMilli()), ThisUpdate: now.UTC().Truncate(time.Second), NextUpdate: now.UTC().Add(crlHolds).Truncate(time.Second)}
	for _, c := range cards {
		n, ok := new(big.Int).SetString(c.Serial, 16)
		if !ok {
			continue
		}
		t.RevokedCertificateEntries = append(t.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: n, RevocationTime: c.RevokedAt.UTC().Truncate(time.Second), ReasonCode: c.Reason.code()})
	}
	der, err = x509.CreateRevocationList(rand.Reader, t, s.issuing, sign.Standard(ctx, s.d.Keys.Issuing, s.issuing))
	if err != nil {
		return nil, unheard(err)
	}
	s.list = crl{der, now}
	return der, nil
}

// unheard says that a key of the authority did not sign: it may lie behind a service that is away.
func unheard(err error) error {
	return errs.E(errs.Unavailable, "certificate.error.silent", errs.Cause(err))
}

// bySerial is the card of a serial number; false where this authority issued none.
func (s *Service) bySerial(ctx context.Context, serial *big.Int) (c Card, ok bool, err error) {
	err = s.d.DB.View(ctx, func(_ context.Context, q *db.View) error {
		c, err = ofSerial(q, serialText(serial))
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return c, false, nil
	}
	return c, err == nil, err
}

// Status answers an OCSP request (RFC 6960, DER) with a signed answer. What cannot be read is
// answered as malformed, without a signature.
func (s *Service) Status(ctx context.Context, request []byte) (der []byte, err error) {
	defer errs.Op(&err, "certificate.Status")
	q, err := ocsp.ParseRequest(request)
	if err != nil {
		return ocsp.MalformedRequestErrorResponse, nil //nolint:nilerr // the answer says so
	}
	if !s.ours(q) {
		return ocsp.UnauthorizedErrorResponse, nil
	}
	now := s.d.Clock.Now().UTC().Truncate(time.Second)
	r := ocsp.Response{Status: ocsp.Unknown, SerialNumber: q.SerialNumber, ThisUpdate: now, NextUpdate: now.Add(time.Hour), IssuerHash: q.HashAlgorithm}
	c, ok, err := s.bySerial(ctx, q.SerialNumber)
	if err != nil {
		return nil, err
	}
	switch {
	case ok && c.State == Revoked:
		r.Status, r.RevokedAt, r.RevocationReason = ocsp.Revoked, c.RevokedAt.UTC().Truncate(time.Second), c.Reason.code()
	case ok:
		r.Status = ocsp.Good
	}
	if der, err = ocsp.CreateResponse(s.issuing, s.issuing, r, sign.Standard(ctx, s.d.Keys.Issuing, s.issuing)); err != nil {
		return nil, unheard(err)
	}
	return der, nil
}

// ours reports whether a request asks about this authority.
func (s *Service) ours(q *ocsp.Request) bool {
	if !q.HashAlgorithm.Available() {
		return false
	}
	var info struct {
		Algorithm asn1.RawValue
		PublicKey asn1.BitString
	}
	if _, err := asn1.Unmarshal(s.issuing.RawSubjectPublicKeyInfo, &info); err != nil {
		return false
	}
	h := q.HashAlgorithm.New()
	_, _ = h.Write(info.PublicKey.RightAlign())
	return string(h.Sum(nil)) == string(q.IssuerKeyHash)
}

// policy of the time stamps: an arc of this house under the private enterprise numbers' example.
func policy() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 32473, 1, 1} }

// Time answers a request for a time stamp (RFC 3161, DER). What cannot be answered is refused
// in the answer.
func (s *Service) Time(ctx context.Context, request []byte) (der []byte, err error) {
	defer errs.Op(&err, "certificate.Time")
	q, err := sign.ParseStampRequest(request)
	if err != nil {
		return sign.StampResponse(nil)
	}
	token, err := sign.Stamp(ctx, q, policy(), s.d.Clock.Now(), s.d.Keys.Stamp)
	if err != nil {
		return sign.StampResponse(nil)
	}
	return sign.StampResponse(token)
}

// Stamper stamps what is signed in this house.
func (s *Service) Stamper() sign.Stamper {
	return sign.StampBy(s.d.Keys.Stamp, policy(), s.d.Clock.Now)
}

// Authorities is whom readers in this house believe: this authority, and those that the operator
// trusts, of whose revocations nothing is known here.
func (s *Service) Authorities() sign.Authorities {
	a := sign.Authorities{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), Now: s.d.Clock.Now()}
	a.Roots.AddCert(s.d.Keys.Root)
	for _, c := range s.d.Keys.Trusted {
		a.Roots.AddCert(c)
	}
	a.Knows = func(issuer *x509.Certificate) bool { return bytes.Equal(issuer.Raw, s.issuing.Raw) }
	a.Intermediates.AddCert(s.issuing)
	a.Revoked = func(ctx context.Context, c, issuer *x509.Certificate) (time.Time, error) {
		if !bytes.Equal(issuer.Raw, s.issuing.Raw) {
			return time.Time{}, nil // the root's and other authorities': not known here
		}
		card, ok, err := s.bySerial(ctx, c.SerialNumber)
		if err != nil || !ok || card.State != Revoked {
			return time.Time{}, err
		}
		return card.RevokedAt, nil
	}
	return a
}
