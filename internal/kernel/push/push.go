// Package push makes web push messages: the payload encrypted to one browser (RFC 8291 with
// the coding of RFC 8188) and the signature by which a push service knows this city (VAPID,
// RFC 8292). Sending is pushweb.
//
// Owns no table and no event. What must not come here: whom to tell, subscriptions
// (onestop/notify).
package push

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"embed"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"khue/internal/kernel/errs"
)

// Messages are this package's sentences (keys under "push").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Subscription is where one browser takes messages, as its PushManager says it.
type Subscription struct {
	Endpoint string `json:"endpoint"`
	P256DH   []byte `json:"p256dh"` // the browser's public key, uncompressed
	Auth     []byte `json:"auth"`   // 16 bytes that only the browser and we know
}

// MaxPayload is what every push service takes.
const MaxPayload = 3900

const recordSize = 4096

// Check refuses what no browser gives: Invalid push.badSubscription.
func (s Subscription) Check() error {
	u, err := url.Parse(s.Endpoint)
	if err == nil && (u.Host == "" || u.User != nil || len(s.Endpoint) > 1000) {
		err = errors.New("push: no endpoint")
	}
	if err == nil && len(s.Auth) != 16 {
		err = errors.New("push: auth is not 16 bytes")
	}
	if err == nil {
		_, err = ecdh.P256().NewPublicKey(s.P256DH)
	}
	if err != nil {
		return errs.E(errs.Invalid, "push.badSubscription", errs.Cause(err))
	}
	return nil
}

// Encrypt makes the body of a message: only the browser can read it.
func Encrypt(s Subscription, payload []byte) ([]byte, error) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	salt := make([]byte, 16)
	_, _ = rand.Read(salt)
	return encrypt(s, payload, key, salt)
}

func encrypt(s Subscription, payload []byte, key *ecdh.PrivateKey, salt []byte) ([]byte, error) {
	if len(payload) > MaxPayload {
		return nil, errs.E(errs.Invalid, "push.tooLong")
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	theirs, err := ecdh.P256().NewPublicKey(s.P256DH)
	if err != nil {
		return nil, err
	}
	shared, err := key.ECDH(theirs)
	if err != nil {
		return nil, err
	}
	ours := key.PublicKey().Bytes()
	ikm, err := hkdf.Key(sha256.New, shared, s.Auth, "WebPush: info\x00"+string(s.P256DH)+string(ours), 32)
	if err != nil {
		return nil, err
	}
	cek, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(cek)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	out := append([]byte{}, salt...)
	out = binary.BigEndian.AppendUint32(out, recordSize)
	out = append(out, byte(len(ours))) //nolint:gosec // 65
	out = append(out, ours...)
	return aead.Seal(out, nonce, append(payload[:len(payload):len(payload)], 2), nil), nil // 2 ends the last record
}

// Keys are the city's pair for push services.
type Keys struct {
	key    *ecdsa.PrivateKey
	public []byte
}

// LoadKeys reads the pair from a file, or makes it. A browser's subscription hangs at the
// pair: where it is lost, all must subscribe again.
func LoadKeys(file string) (*Keys, error) {
	b, err := os.ReadFile(file) //nolint:gosec // our own folder
	if errors.Is(err, fs.ErrNotExist) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		if b, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, b, 0o600); err != nil {
			return nil, fmt.Errorf("push: %w", err)
		}
		return newKeys(key)
	}
	if err != nil {
		return nil, fmt.Errorf("push: %w", err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(b)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("push: %s is no key for push services; restore it from a backup", file)
	}
	return newKeys(key)
}

func newKeys(key *ecdsa.PrivateKey) (*Keys, error) {
	public, err := key.PublicKey.ECDH()
	if err != nil {
		return nil, err
	}
	return &Keys{key: key, public: public.Bytes()}, nil
}

// Public is what a browser subscribes with (applicationServerKey).
func (k *Keys) Public() string { return base64.RawURLEncoding.EncodeToString(k.public) }

// Authorization is the header by which a push service knows the sender. It holds for twelve
// hours from now, which is the true time also in a demo: the service compares.
func (k *Keys) Authorization(endpoint, subject string, now time.Time) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{"aud": u.Scheme + "://" + u.Host, "exp": now.Add(12 * time.Hour).Unix(), "sub": subject})
	if err != nil {
		return "", err
	}
	enc := base64.RawURLEncoding
	text := enc.EncodeToString([]byte(`{"typ":"JWT","alg":"ES256"}`)) + "." + enc.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, k.key, sum[:])
	if err != nil {
		return "", err
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return "vapid t=" + text + "." + enc.EncodeToString(sig) + ", k=" + k.Public(), nil
}
