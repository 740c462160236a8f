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
	"errors"

	"khue/internal/kernel/errs"
)

// keys are those of the key file, the one that writes first; all of them read.
type keys []key

// key are the two keys that are drawn from one secret.
type key struct {
	index []byte
	seal  cipher.AEAD
}

func newKeys(secrets [][]byte) (k keys, err error) {
	if len(secrets) == 0 {
		return nil, errors.New("person: no key")
	}
	for _, secret := range secrets {
		one, err := newKey(secret)
		if err != nil {
			return nil, err
		}
		k = append(k, one)
	}
	return k, nil
}

func newKey(secret []byte) (k key, err error) {
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

// of is the look-up index of a text of a kind, as it is written: number, old, phone. "" stays "".
func (k keys) of(kind, text string) string { return k[0].of(kind, text) }

// all are the indexes under which a text may stand, since rows are sealed anew one by one.
func (k keys) all(kind, text string) []string {
	out := make([]string, len(k))
	for i, one := range k {
		out[i] = one.of(kind, text)
	}
	return out
}

func (k key) of(kind, text string) string {
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
	seal := k[0].seal
	nonce := make([]byte, seal.NonceSize(), seal.NonceSize()+len(plain)+seal.Overhead())
	_, _ = rand.Read(nonce)
	return seal.Seal(nonce, nonce, plain, rowOf(p.ID)), nil
}

func (k keys) open(p *Person, b []byte) error {
	_, err := k.openWith(p, b)
	return err
}

// openWith opens a row with whichever key sealed it, a wrong one being refused by the seal
// itself, and says which.
func (k keys) openWith(p *Person, b []byte) (at int, err error) {
	n := k[0].seal.NonceSize()
	if len(b) < n {
		return 0, errs.E(errs.Internal, "person.sealed")
	}
	var plain []byte
	for at = range k {
		if plain, err = k[at].seal.Open(nil, b[:n], b[n:], rowOf(p.ID)); err == nil {
			break
		}
	}
	if err != nil {
		return 0, errs.E(errs.Internal, "person.sealed", errs.Cause(err))
	}
	var s sealed
	if err := json.Unmarshal(plain, &s); err != nil {
		return 0, err
	}
	p.Number, p.Facts, p.Claim = s.Number, s.Facts, s.Claim
	return at, nil
}

func rowOf(v ID) []byte { return binary.BigEndian.AppendUint64([]byte("person"), uint64(v)) } //nolint:gosec // bits only
