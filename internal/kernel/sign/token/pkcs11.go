//go:build cgo

package token

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"sync"

	"github.com/miekg/pkcs11"
)

// Token is a PKCS#11 token that was opened. Safe for concurrent use: one call at a time.
type Token struct {
	mu  sync.Mutex
	ctx *pkcs11.Ctx
	at  pkcs11.SessionHandle
}

// Open logs in to a token.
func Open(c Config) (*Token, error) {
	t := &Token{ctx: pkcs11.New(c.Module)}
	if t.ctx == nil {
		return nil, fmt.Errorf("token: %s is no PKCS#11 library", c.Module)
	}
	if err := t.ctx.Initialize(); err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	slots, err := t.ctx.GetSlotList(true)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	for _, slot := range slots {
		info, err := t.ctx.GetTokenInfo(slot)
		if err != nil || info.Label != c.Label {
			continue
		}
		if t.at, err = t.ctx.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION); err != nil {
			return nil, fmt.Errorf("token: %w", err)
		}
		if err := t.ctx.Login(t.at, pkcs11.CKU_USER, c.PIN); err != nil {
			return nil, fmt.Errorf("token: %w", err)
		}
		return t, nil
	}
	return nil, fmt.Errorf("token: no token is called %q", c.Label)
}

// Close logs out.
func (t *Token) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	_ = t.ctx.Logout(t.at)
	_ = t.ctx.CloseSession(t.at)
	_ = t.ctx.Finalize()
	t.ctx.Destroy()
}

func (t *Token) find(class uint, ref string) (pkcs11.ObjectHandle, error) {
	if ref == "" {
		return 0, errors.New("token: no key is named")
	}
	if err := t.ctx.FindObjectsInit(t.at, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, class), pkcs11.NewAttribute(pkcs11.CKA_LABEL, ref)}); err != nil {
		return 0, err
	}
	found, _, err := t.ctx.FindObjects(t.at, 2)
	if end := t.ctx.FindObjectsFinal(t.at); err == nil {
		err = end
	}
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("token: %d keys are called %q", len(found), ref)
	}
	if err != nil {
		return 0, err
	}
	return found[0], nil
}

// Public is the public half of the key with a label.
func (t *Token) Public(_ context.Context, ref string) (crypto.PublicKey, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	o, err := t.find(pkcs11.CKO_PUBLIC_KEY, ref)
	if err != nil {
		return nil, err
	}
	kind, err := t.kind(o)
	if err != nil {
		return nil, err
	}
	if kind == pkcs11.CKK_RSA {
		a, err := t.ctx.GetAttributeValue(t.at, o, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_MODULUS, nil), pkcs11.NewAttribute(pkcs11.CKA_PUBLIC_EXPONENT, nil)})
		if err != nil {
			return nil, err
		}
		return &rsa.PublicKey{N: new(big.Int).SetBytes(a[0].Value), E: int(new(big.Int).SetBytes(a[1].Value).Int64())}, nil
	}
	a, err := t.ctx.GetAttributeValue(t.at, o, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_EC_POINT, nil), pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, nil)})
	if err != nil {
		return nil, err
	}
	var point []byte
	if _, err := asn1.Unmarshal(a[0].Value, &point); err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	p256, err := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7})
	if err != nil || !bytes.Equal(a[1].Value, p256) {
		return nil, errors.New("token: only P-256 and RSA keys sign")
	}
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
}

func (t *Token) kind(o pkcs11.ObjectHandle) (uint, error) {
	a, err := t.ctx.GetAttributeValue(t.at, o, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, nil)})
	if err != nil {
		return 0, err
	}
	var n uint
	for i := len(a[0].Value) - 1; i >= 0; i-- { // CK_ULONG of this machine, little-endian
		n = n<<8 | uint(a[0].Value[i])
	}
	return n, nil
}

// sha256Info goes before a digest in PKCS #1 v1.5 (RFC 8017, 9.2).
func sha256Info() []byte {
	return []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}
}

// Sign signs a SHA-256 digest with the key of a label; ECDSA as ASN.1.
func (t *Token) Sign(_ context.Context, ref string, digest []byte) ([]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	o, err := t.find(pkcs11.CKO_PRIVATE_KEY, ref)
	if err != nil {
		return nil, err
	}
	kind, err := t.kind(o)
	if err != nil {
		return nil, err
	}
	mechanism, data := uint(pkcs11.CKM_ECDSA), digest
	if kind == pkcs11.CKK_RSA {
		mechanism, data = pkcs11.CKM_RSA_PKCS, append(sha256Info(), digest...)
	}
	if err := t.ctx.SignInit(t.at, []*pkcs11.Mechanism{pkcs11.NewMechanism(mechanism, nil)}, o); err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	sig, err := t.ctx.Sign(t.at, data)
	if err != nil || kind == pkcs11.CKK_RSA {
		return sig, err
	}
	n := len(sig) / 2
	return asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(sig[:n]), new(big.Int).SetBytes(sig[n:])})
}
