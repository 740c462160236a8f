// Package seal keeps bytes from whoever has the database and not the key file: AES-256-GCM
// under a key that is drawn from a secret for one use, bound to the place where they stand.
//
// What must not come here: which secrets a city has and how they change (app), what is sealed
// (its owner), and signatures (package sign).
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
)

// errShort refuses what nobody can have sealed.
var errShort = errors.New("seal: too short to be sealed")

// Key draws a key of 32 bytes for one use: keys of other uses tell nothing about it.
func Key(secret []byte, use string) ([]byte, error) {
	return hkdf.Key(sha256.New, secret, nil, use, 32)
}

// Box seals and opens. Safe for concurrent use; the zero value is none.
type Box struct{ aead cipher.AEAD }

// New makes the box of one use of a secret.
func New(secret []byte, use string) (b Box, err error) {
	key, err := Key(secret, use)
	if err != nil {
		return b, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return b, err
	}
	b.aead, err = cipher.NewGCM(block)
	return b, err
}

// Close seals to a place: what is moved to another place does not open. Twice the same bytes
// do not look the same.
func (b Box) Close(place string, plain []byte) []byte {
	nonce := make([]byte, b.aead.NonceSize(), b.aead.NonceSize()+len(plain)+b.aead.Overhead())
	_, _ = rand.Read(nonce)
	return b.aead.Seal(nonce, nonce, plain, []byte(place))
}

// Open is the way back. An error says only that it does not open.
func (b Box) Open(place string, sealed []byte) ([]byte, error) {
	n := b.aead.NonceSize()
	if len(sealed) < n {
		return nil, errShort
	}
	return b.aead.Open(nil, sealed[:n], sealed[n:], []byte(place))
}
