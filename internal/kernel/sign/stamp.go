package sign

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"math/big"
	"time"

	"github.com/digitorus/timestamp"
	"golang.org/x/crypto/cryptobyte"
	cb "golang.org/x/crypto/cryptobyte/asn1"
)

//nolint:gochecknoglobals // constants that Go cannot write as such
var (
	oidTSTInfo = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	digestOIDs = map[crypto.Hash]asn1.ObjectIdentifier{
		crypto.SHA256: oidSHA256,
		crypto.SHA384: {2, 16, 840, 1, 101, 3, 4, 2, 2},
		crypto.SHA512: {2, 16, 840, 1, 101, 3, 4, 2, 3},
	}
)

// StampRequest is what somebody asks of a time-stamp authority.
type StampRequest struct {
	Hash   crypto.Hash
	Digest []byte
	Nonce  *big.Int
	Certs  bool // with the authority's certificates
	Policy asn1.ObjectIdentifier
}

// ErrStampRequest says that a request for a time stamp cannot be answered.
var ErrStampRequest = errors.New("sign: request for a time stamp")

// ParseStampRequest reads a TimeStampReq (RFC 3161, DER).
func ParseStampRequest(der []byte) (r StampRequest, err error) {
	defer recovered(&err)
	q, err := timestamp.ParseRequest(der)
	if err != nil {
		return r, errors.Join(ErrStampRequest, err)
	}
	r = StampRequest{q.HashAlgorithm, q.HashedMessage, q.Nonce, q.Certificates, q.TSAPolicyOID}
	if _, ok := digestOIDs[r.Hash]; !ok || len(r.Digest) != r.Hash.Size() || len(q.Extensions) > 0 {
		return r, ErrStampRequest
	}
	return r, nil
}

// Stamp makes a time-stamp token. The signer's certificate must be for time stamps only.
func Stamp(ctx context.Context, r StampRequest, policy asn1.ObjectIdentifier, at time.Time, by Signer) ([]byte, error) {
	chain, err := leaf(ctx, by)
	if err != nil {
		return nil, err
	}
	oid, ok := digestOIDs[r.Hash]
	if !ok || len(r.Digest) != r.Hash.Size() || len(r.Policy) > 0 && !r.Policy.Equal(policy) {
		return nil, ErrStampRequest
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1ObjectIdentifier(policy)
		b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
			algorithm(b, oid, true)
			b.AddASN1OctetString(r.Digest)
		})
		b.AddASN1BigInt(serial)
		b.AddASN1GeneralizedTime(at.UTC().Truncate(time.Second))
		b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Int64(1) }) // exact to a second
		if r.Nonce != nil {
			b.AddASN1BigInt(r.Nonce)
		}
	})
	info, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(info)
	attrs, err := signedAttributes(oidTSTInfo, sum[:], chain[0])
	if err != nil {
		return nil, err
	}
	sum = sha256.Sum256(attrs)
	sig, err := by.Sign(ctx, sum[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	return assemble(content{kind: oidTSTInfo, bytes: info, bare: !r.Certs}, attrs, sig, nil, chain)
}

// StampResponse wraps a token into a TimeStampResp; none says that the request was refused.
func StampResponse(token []byte) ([]byte, error) {
	if token == nil {
		return timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.BadRequest)
	}
	var b cryptobyte.Builder
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Int64(0) })
		b.AddBytes(token)
	})
	return b.Bytes()
}

// StampBy is a Stamper of a key in this house.
func StampBy(by Signer, policy asn1.ObjectIdentifier, now func() time.Time) Stamper {
	return func(ctx context.Context, digest []byte) ([]byte, error) {
		return Stamp(ctx, StampRequest{Hash: crypto.SHA256, Digest: digest, Certs: true}, policy, now(), by)
	}
}
