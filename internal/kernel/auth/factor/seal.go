package factor

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/seal"
)

// keys are drawn from the key file: one for marks and codes, one for what is sealed.
type keys struct {
	mac  []byte
	seal seal.Box
}

func newKeys(secret []byte) (k keys, err error) {
	if k.mac, err = seal.Key(secret, "khue.factor.mark"); err != nil {
		return k, err
	}
	k.seal, err = seal.New(secret, "khue.factor.seal")
	return k, err
}

// close seals to a place: what is moved to another place does not open.
func (k keys) close(place string, plain []byte) []byte { return k.seal.Close(place, plain) }

func (k keys) open(place string, b []byte) ([]byte, error) {
	plain, err := k.seal.Open(place, b)
	if err != nil {
		return nil, errs.E(errs.Internal, "factor.sealed", errs.Cause(err))
	}
	return plain, nil
}

// mark is a keyed hash of a text of a kind.
func (k keys) mark(kind, text string) string { return hex.EncodeToString(k.sum(kind, text)[:20]) }

func (k keys) sum(kind, text string) []byte {
	m := hmac.New(sha256.New, k.mac)
	m.Write([]byte(kind + "\x00" + text))
	return m.Sum(nil)
}

// digits is the code of six figures of something; who has no key cannot know it.
func (k keys) digits(kind string, v int64) string {
	n := binary.BigEndian.Uint64(k.sum(kind, strconv.FormatInt(v, 10)))
	return fmt.Sprintf("%06d", n%1_000_000)
}

// Step is a sign-in, or another ceremony, that was begun: sealed, it lies in the browser that
// began it, opens for five minutes in that browser only, and counts once.
type Step struct {
	ID      int64           `json:"id"`
	Kind    string          `json:"kind"`
	Account int64           `json:"account,omitempty"`
	Browser string          `json:"browser"`
	Until   int64           `json:"until"`
	Methods []string        `json:"methods,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
}

const (
	stepLife = 5 * time.Minute
	stepPad  = 512 // bytes
)

// begin seals a step to a browser.
func (s *Service) begin(st Step, browser string, data any) (string, error) {
	return s.beginFor(st, browser, data, stepLife)
}

func (s *Service) beginFor(st Step, browser string, data any, life time.Duration) (text string, err error) {
	st.ID, st.Browser, st.Until = s.Gen.Next(), s.k.mark("browser", browser), s.Clock.Now().Add(life).UnixMilli()
	if data != nil {
		if st.Data, err = json.Marshal(data); err != nil {
			return "", err
		}
	}
	plain, err := json.Marshal(st)
	if err != nil {
		return "", err
	}
	// Of one length, so that it does not tell whether there is an account behind it.
	for len(plain)%stepPad != 0 {
		plain = append(plain, ' ')
	}
	return base64.RawURLEncoding.EncodeToString(s.k.close("step."+st.Kind, plain)), nil
}

func stale() error { return errs.E(errs.Gone, "factor.stale") }

// step opens what begin sealed. Gone where it is of another kind or browser, or too late.
func (s *Service) step(kind, text, browser string, data any) (st Step, err error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return st, stale()
	}
	plain, err := s.k.open("step."+kind, b)
	if err != nil || json.Unmarshal(plain, &st) != nil {
		return st, stale()
	}
	if browser == "" || st.Kind != kind || st.Browser != s.k.mark("browser", browser) || s.Clock.Now().UnixMilli() > st.Until {
		return st, stale()
	}
	if data != nil && json.Unmarshal(st.Data, data) != nil {
		return st, stale()
	}
	return st, nil
}

func (st Step) spentKey() string { return "step." + strconv.FormatInt(st.ID, 10) }

func (k keys) closeJSON(place string, v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return k.close(place, plain), nil
}

func (k keys) openJSON(place string, b []byte, v any) error {
	plain, err := k.open(place, b)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, v)
}
