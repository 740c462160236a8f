// Package pushtest is a browser with its push service, for tests: it subscribes, takes what
// is posted, and reads it as RFC 8291 says a browser does.
package pushtest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"khue/internal/kernel/push"
)

// Browser holds the private half of a subscription.
type Browser struct {
	key  *ecdh.PrivateKey
	auth []byte
	mu   sync.Mutex
	got  []string
}

// New returns a browser that has received nothing.
func New() (*Browser, error) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	b := &Browser{key: key, auth: make([]byte, 16)}
	_, _ = rand.Read(b.auth)
	return b, nil
}

// Subscription is what its PushManager would say.
func (b *Browser) Subscription(endpoint string) push.Subscription {
	return push.Subscription{Endpoint: endpoint, P256DH: b.key.PublicKey().Bytes(), Auth: b.auth}
}

// Got are the payloads read, oldest first.
func (b *Browser) Got() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.got...)
}

// Take reads a posted body.
func (b *Browser) Take(body io.Reader) error {
	raw, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if len(raw) < 21 || len(raw) < 21+int(raw[20]) {
		return errors.New("pushtest: no header")
	}
	salt, size, theirs, sealed := raw[:16], binary.BigEndian.Uint32(raw[16:20]), raw[21:21+int(raw[20])], raw[21+int(raw[20]):]
	if int(size) < len(sealed) {
		return errors.New("pushtest: more than one record")
	}
	pub, err := ecdh.P256().NewPublicKey(theirs)
	if err != nil {
		return err
	}
	shared, err := b.key.ECDH(pub)
	if err != nil {
		return err
	}
	ikm, err := hkdf.Key(sha256.New, shared, b.auth, "WebPush: info\x00"+string(b.key.PublicKey().Bytes())+string(theirs), 32)
	if err != nil {
		return err
	}
	cek, err1 := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	nonce, err2 := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	block, err3 := aes.NewCipher(cek)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return err
	}
	plain, err := aead.Open(nil, nonce, sealed, nil)
	if err != nil {
		return err
	}
	if n := len(plain); n == 0 || plain[n-1] != 2 {
		return errors.New("pushtest: the record does not end")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, string(plain[:len(plain)-1]))
	return nil
}
