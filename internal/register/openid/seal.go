package openid

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strconv"

	"khue/internal/kernel/seal"
)

// keys are drawn from the key file, one for each use.
type keys struct {
	seal    seal.Box
	names   []byte // of subjects and sessions as clients see them
	refresh []byte
	index   []byte
}

func newKeys(secret []byte) (k keys, err error) {
	draw := func(use string) []byte {
		b, e := seal.Key(secret, "khue.openid."+use)
		err = errors.Join(err, e)
		return b
	}
	k.names, k.refresh, k.index = draw("names"), draw("refresh"), draw("index")
	if err != nil {
		return k, err
	}
	k.seal, err = seal.New(secret, "khue.openid.seal")
	return k, err
}

var errSealed = errors.New("openid: not sealed here")

// closeTo seals bytes for one use; what was sealed for another does not open.
func (k keys) closeTo(use string, plain []byte) []byte { return k.seal.Close(use, plain) }

func (k keys) openFrom(use string, b []byte) ([]byte, error) { return k.seal.Open(use, b) }

// Seal puts a value into a text that only this city opens, for one use.
func (s *Service) Seal(use string, v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s.keys.closeTo(use, b)), nil
}

// Unseal is the way back; false for what was not sealed here for this use.
func (s *Service) Unseal(use, text string, v any) bool {
	if len(text) > 16<<10 {
		return false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return false
	}
	plain, err := s.keys.openFrom(use, b)
	return err == nil && json.Unmarshal(plain, v) == nil
}

func mac(key []byte, parts ...string) []byte {
	m := hmac.New(sha256.New, key)
	for _, p := range parts {
		_ = binary.Write(m, binary.BigEndian, uint32(len(p))) //nolint:gosec // short texts
		m.Write([]byte(p))
	}
	return m.Sum(nil)
}

func short(b []byte) string { return base64.RawURLEncoding.EncodeToString(b[:20]) }

// SubjectOf is the name under which a client knows an account: its own for each sector, so that
// companies cannot compare what they know of somebody.
func (s *Service) SubjectOf(c *Client, account int64) string {
	return short(mac(s.keys.names, "sub", c.Sector, strconv.FormatInt(account, 10)))
}

// SessionOf is the name under which a client knows a session. It is neither its id nor its token.
func (s *Service) SessionOf(c *Client, session int64) string {
	if session == 0 {
		return ""
	}
	return short(mac(s.keys.names, "sid", c.Code, strconv.FormatInt(session, 10)))
}
