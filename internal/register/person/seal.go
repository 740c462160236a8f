package person

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"

	"khue/internal/kernel/errs"
)

// keys are the two keys that are drawn from the key file.
type keys struct {
	index []byte
	seal  cipher.AEAD
}

func newKeys(secret []byte) (k keys, err error) {
	if k.index, err = hkdf.Key(sha256.New, secret, nil, "khue.person.index", 32); err != nil {
		return k, err
	}
	b, err := hkdf.Key(sha256.New, secret, nil, "khue.person.seal", 32)
	if err != nil {
		return k, err
	}
	block, err := aes.NewCipher(b)
	if err != nil {
		return k, err
	}
	k.seal, err = cipher.NewGCM(block)
	return k, err
}

// of is the look-up index of a text of a kind: number, old, phone. "" stays "".
func (k keys) of(kind, text string) string {
	if text == "" {
		return ""
	}
	m := hmac.New(sha256.New, k.index)
	m.Write([]byte(kind + "\x00" + text))
	return hex.EncodeToString(m.Sum(nil)[:20])
}

type sealed struct {
	Number Number `json:"number"`
	Facts
	Claim Facts `json:"claim,omitzero"`
}

// close seals a person to their row: what is moved to another row does not open.
func (k keys) close(p Person) ([]byte, error) {
	plain, err := json.Marshal(sealed{p.Number, p.Facts, p.Claim})
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, k.seal.NonceSize(), k.seal.NonceSize()+len(plain)+k.seal.Overhead())
	_, _ = rand.Read(nonce)
	return k.seal.Seal(nonce, nonce, plain, rowOf(p.ID)), nil
}

func (k keys) open(p *Person, b []byte) error {
	n := k.seal.NonceSize()
	if len(b) < n {
		return errs.E(errs.Internal, "person.sealed")
	}
	plain, err := k.seal.Open(nil, b[:n], b[n:], rowOf(p.ID))
	if err != nil {
		return errs.E(errs.Internal, "person.sealed", errs.Cause(err))
	}
	var s sealed
	if err := json.Unmarshal(plain, &s); err != nil {
		return err
	}
	p.Number, p.Facts, p.Claim = s.Number, s.Facts, s.Claim
	return nil
}

func rowOf(v ID) []byte { return binary.BigEndian.AppendUint64([]byte("person"), uint64(v)) } //nolint:gosec // bits only
