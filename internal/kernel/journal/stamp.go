package journal

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Stamper asks an authority for time (RFC 3161) for a token over a SHA-256 digest. It returns the
// token, DER.
type Stamper func(ctx context.Context, digest []byte) ([]byte, error)

// TimeStamp is what an authority said.
type TimeStamp struct {
	At        time.Time
	Authority string // of its certificate
	Trusted   bool   // the certificate leads to one of the given roots
}

// ParseTimeStamp reads a token over a digest. Its own signature must hold; with roots its
// certificate must lead to one of them and be made for time stamps.
func ParseTimeStamp(token, digest []byte, roots *x509.CertPool) (ts TimeStamp, err error) {
	defer func() {
		if p := recover(); p != nil { // a parser of foreign DER
			err = fmt.Errorf("journal: time stamp: %v", p)
		}
	}()
	t, err := timestamp.Parse(token) // checks the signature
	if err != nil {
		return ts, fmt.Errorf("journal: time stamp: %w", err)
	}
	if t.HashAlgorithm != crypto.SHA256 || !bytes.Equal(t.HashedMessage, digest) {
		return ts, fmt.Errorf("journal: the time stamp is about something else")
	}
	p7, err := pkcs7.Parse(token)
	if err != nil {
		return ts, fmt.Errorf("journal: time stamp: %w", err)
	}
	ts.At = t.Time
	signer := p7.GetOnlySigner()
	if signer == nil {
		return ts, fmt.Errorf("journal: the time stamp does not carry its signer's certificate")
	}
	ts.Authority = signer.Subject.CommonName
	if roots == nil {
		return ts, nil
	}
	between := x509.NewCertPool()
	for _, c := range p7.Certificates {
		between.AddCert(c)
	}
	if _, err := signer.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: t.Time, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
	}); err != nil {
		return ts, fmt.Errorf("journal: the certificate of the time stamp: %w", err)
	}
	ts.Trusted = true
	return ts, nil
}

// checkpointDigest is what a token is about: SHA-256 of a checkpoint's text, without signatures.
func checkpointDigest(signed string) []byte {
	text := signed
	if i := strings.LastIndex(signed, "\n\n"); i >= 0 {
		text = signed[:i+1]
	}
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// Stamp asks for a token over the newest checkpoint, preferring one that a witness signed, and
// keeps it. Where nothing new was signed it does nothing. Checkpoints do not wait for it.
func (j *Journal) Stamp(ctx context.Context, ask Stamper) (err error) {
	defer errs.Op(&err, "journal.Stamp")
	var c storedCheckpoint
	err = j.db.View(ctx, func(_ context.Context, v *db.View) error {
		c = storedCheckpoint{}
		last, err := lastStamp(v)
		if err != nil {
			return err
		}
		for _, find := range []func(db.Querier) (storedCheckpoint, error){lastCosigned, lastCheckpoint} {
			x, err := find(v)
			if err != nil {
				return err
			}
			if x.size > last.size {
				c = x
				return nil
			}
		}
		return nil
	})
	if err != nil || c.size == 0 {
		return err
	}
	digest := checkpointDigest(c.note)
	token, err := ask(ctx, digest)
	if err != nil {
		return err
	}
	ts, err := ParseTimeStamp(token, digest, nil)
	if err != nil {
		return err
	}
	return j.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		return insertStamp(tx, stamp{size: c.size, at: db.Millis(ts.At), token: token})
	})
}

// TimeStampOf returns the token over the checkpoint of a size; NotFound journal.noStamp.
func (j *Journal) TimeStampOf(ctx context.Context, size int64) (token []byte, err error) {
	defer errs.Op(&err, "journal.TimeStampOf(%d)", size)
	err = j.db.View(ctx, func(_ context.Context, v *db.View) error {
		t, err := stampFrom(v, size)
		if err == nil && t.size != size {
			err = errs.E(errs.NotFound, "journal.noStamp")
		}
		token = t.token
		return err
	})
	return token, err
}

// Stamped is the newest size that an authority stamped, and when; zero before the first.
func (j *Journal) Stamped(ctx context.Context) (size int64, at time.Time, err error) {
	defer errs.Op(&err, "journal.Stamped")
	err = j.db.View(ctx, func(_ context.Context, v *db.View) error {
		t, err := lastStamp(v)
		if size = t.size; size > 0 {
			at = db.Time(t.at)
		}
		return err
	})
	return size, at, err
}
