package sign

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// RequestFormat and AnswerFormat name the files that go to a key elsewhere and come back.
const (
	RequestFormat = "khue-sign-request/1"
	AnswerFormat  = "khue-sign-answer/1"
)

// Request is the file that goes to the key. Bytes are signed by ECDSA (ASN.1) or RSA (PKCS #1
// v1.5) over their SHA-256.
type Request struct {
	Format      string         `json:"format"`
	Errand      string         `json:"errand"`
	Certificate string         `json:"certificate"` // SHA-256 of the one that must sign
	Papers      []RequestPaper `json:"papers"`
}

// RequestPaper is one of them.
type RequestPaper struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	File   string `json:"file"`   // SHA-256 of the file that is signed
	Bytes  []byte `json:"bytes"`  // what is hashed and signed
	SHA256 string `json:"sha256"` // of the bytes
}

// Answer is the file that comes back.
type Answer struct {
	Format     string            `json:"format"`
	Errand     string            `json:"errand"`
	Signatures map[string][]byte `json:"signatures"` // by RequestPaper.ID
}

// ErrRequest says that a file is no request, or that it was changed.
var ErrRequest = errors.New("sign: this is no request for signatures")

// ReadRequest reads a request. ErrRequest.
func ReadRequest(b []byte) (r Request, err error) {
	if err := json.Unmarshal(b, &r); err != nil || r.Format != RequestFormat || len(r.Papers) == 0 {
		return r, ErrRequest
	}
	for _, p := range r.Papers {
		if sum := sha256.Sum256(p.Bytes); len(p.Bytes) == 0 || hex.EncodeToString(sum[:]) != p.SHA256 {
			return r, fmt.Errorf("%w: the bytes of %s do not fit their digest", ErrRequest, p.Name)
		}
	}
	return r, nil
}

// Sign answers a request with a key that signs digests; check is the certificate that must fit,
// DER, or nil where it is not at hand.
func (r Request) Sign(ctx context.Context, check []byte, by func(ctx context.Context, digest []byte) ([]byte, error)) (Answer, error) {
	if check != nil {
		if sum := sha256.Sum256(check); hex.EncodeToString(sum[:]) != r.Certificate {
			return Answer{}, errors.New("sign: the request was made for another certificate")
		}
	}
	a := Answer{Format: AnswerFormat, Errand: r.Errand, Signatures: map[string][]byte{}}
	for _, p := range r.Papers {
		sum := sha256.Sum256(p.Bytes)
		sig, err := by(ctx, sum[:])
		if err != nil {
			return a, fmt.Errorf("sign: %s: %w", p.Name, err)
		}
		a.Signatures[p.ID] = bytes.Clone(sig)
	}
	return a, nil
}
