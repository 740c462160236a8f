package person

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/seal"
)

// keys are those of the key file, the one that writes first; all of them read.
type keys []key

// key are the two keys that are drawn from one secret.
type key struct {
	index []byte
	seal  seal.Box
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
	if k.index, err = seal.Key(secret, "khue.person.index"); err != nil {
		return k, err
	}
	k.seal, err = seal.New(secret, "khue.person.seal")
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
	return k[0].seal.Close(rowOf(p.ID), plain), nil
}

func (k keys) open(p *Person, b []byte) error {
	_, err := k.openWith(p, b)
	return err
}

// openWith opens a row with whichever key sealed it, a wrong one being refused by the seal
// itself, and says which.
func (k keys) openWith(p *Person, b []byte) (at int, err error) {
	var plain []byte
	for at = range k {
		if plain, err = k[at].seal.Open(rowOf(p.ID), b); err == nil {
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

func rowOf(v ID) string {
	return string(binary.BigEndian.AppendUint64([]byte("person"), uint64(v))) //nolint:gosec // bits only
}
