package factor

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6238: what every application reads
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/skip2/go-qrcode"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// App is an application that shows codes (RFC 6238).
type App struct {
	Created time.Time
	Used    time.Time // zero: never
	secret  []byte
	step    int64
}

const (
	period    = 30 // seconds
	appSecret = 20 // bytes, as SHA-1 gives

	stepApp = "app"
)

// codeAt is the code of a period.
func codeAt(secret []byte, step int64) string {
	m := hmac.New(sha1.New, secret)
	_ = binary.Write(m, binary.BigEndian, step)
	sum := m.Sum(nil)
	at := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000)
}

// fits returns the period whose code was typed: this one, or one beside it, for clocks that
// differ a little. 0 where none is.
func fits(secret []byte, typed string, now time.Time) int64 {
	at := now.Unix() / period
	for _, step := range [...]int64{at, at - 1, at + 1} {
		if subtle.ConstantTimeCompare([]byte(codeAt(secret, step)), []byte(typed)) == 1 {
			return step
		}
	}
	return 0
}

// digitsOf keeps the figures of what was typed.
func digitsOf(typed string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, typed)
}

// Setup is what an application needs to begin: the same secret as a picture, as an address
// and as text.
type Setup struct {
	Step   string
	Secret string // in groups of four
	URL    string
	QR     [][]bool
}

type setupData struct {
	Secret []byte `json:"secret"`
}

// BeginApp begins the setting up of an application for who acts.
func (s *Service) BeginApp(ctx context.Context, browser string) (out Setup, err error) {
	defer errs.Op(&err, "factor.BeginApp")
	sub, err := s.own(ctx)
	if err != nil {
		return out, err
	}
	secret := make([]byte, appSecret)
	_, _ = rand.Read(secret) // never fails
	if out.Step, err = s.beginFor(Step{Kind: stepApp, Account: sub.Account}, browser, setupData{secret}, 15*time.Minute); err != nil {
		return out, err
	}
	return s.drawn(out, sub.Login, secret)
}

// AgainApp is the same setting up once more, after a code that did not fit.
func (s *Service) AgainApp(ctx context.Context, browser, step string) (out Setup, err error) {
	sub, err := s.own(ctx)
	if err != nil {
		return out, err
	}
	var d setupData
	st, err := s.step(stepApp, step, browser, &d)
	if err != nil || st.Account != sub.Account {
		return s.BeginApp(ctx, browser)
	}
	out.Step = step
	return s.drawn(out, sub.Login, d.Secret)
}

func (s *Service) drawn(out Setup, login string, secret []byte) (Setup, error) {
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + s.House + ":" + login, RawQuery: "secret=" + text + "&issuer=" + url.QueryEscape(s.House)}
	out.URL = u.String()
	for i := 0; i < len(text); i += 4 {
		out.Secret += text[i:min(i+4, len(text))] + " "
	}
	out.Secret = strings.TrimSpace(out.Secret)
	q, err := qrcode.New(out.URL, qrcode.Medium)
	if err != nil {
		return out, err
	}
	q.DisableBorder = true
	out.QR = q.Bitmap()
	return out, nil
}

// AddApp keeps the application once it showed a right code, and returns fresh recovery codes
// where the account has none. Errors: Gone; Invalid with the field code; RateLimited.
func (s *Service) AddApp(ctx context.Context, browser, step, code, network string) (codes []string, err error) {
	defer errs.Op(&err, "factor.AddApp")
	sub, err := s.own(ctx)
	if err != nil {
		return nil, err
	}
	var d setupData
	st, err := s.step(stepApp, step, browser, &d)
	if err != nil {
		return nil, err
	}
	if st.Account != sub.Account {
		return nil, stale()
	}
	var at int64
	ok, err := s.Auth.Guess("app", sub.Login, network, func() (bool, error) {
		at = fits(d.Secret, digitsOf(code), s.Clock.Now())
		return at != 0, nil
	})
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, wrongCode()
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := spend(tx, st.spentKey(), db.Time(st.Until)); err != nil {
			return err
		}
		if err := upsertApp(tx, s.k, sub.Account, d.Secret, at); err != nil {
			return err
		}
		if err := s.refresh(tx, sub.Account); err != nil {
			return err
		}
		if codes, err = s.firstCodes(tx, sub.Account); err != nil {
			return err
		}
		if err := s.provedIn(tx, sub, []string{auth.ByCode}); err != nil {
			return err
		}
		return s.note(tx, KindAdded, sub.Account, sub.Account, Told{Way: "totp"})
	})
	return codes, err
}

func wrongCode() error {
	return errs.E(errs.Invalid, "factor.wrong_code", errs.WithFields(errs.Field{Path: "code", Key: "factor.wrong_code"}))
}

// RemoveApp takes the application of who acts away.
func (s *Service) RemoveApp(ctx context.Context) (err error) {
	defer errs.Op(&err, "factor.RemoveApp")
	sub, err := s.own(ctx)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := deleteApp(tx, gone("factor.no_app"), sub.Account); err != nil {
			return err
		}
		if err := s.refresh(tx, sub.Account); err != nil {
			return err
		}
		return s.note(tx, KindRemoved, sub.Account, sub.Account, Told{Way: "totp"})
	})
}

const (
	codeCount = 10
	// Letters and figures that nobody misreads; ten of them are 50 bits.
	codeLetters = "23456789abcdefghjkmnpqrstuvwxyz"
	codeLength  = 10
)

// RenewCodes gives who acts ten new recovery codes; the old ones are worth nothing any more.
// They are shown only here.
func (s *Service) RenewCodes(ctx context.Context) (codes []string, err error) {
	defer errs.Op(&err, "factor.RenewCodes")
	sub, err := s.own(ctx)
	if err != nil {
		return nil, err
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if codes, err = s.newCodes(tx, sub.Account); err != nil {
			return err
		}
		return s.note(tx, KindAdded, sub.Account, sub.Account, Told{Way: "codes"})
	})
	return codes, err
}

// firstCodes makes recovery codes for an account that has none.
func (s *Service) firstCodes(tx *db.Tx, account int64) ([]string, error) {
	w, err := waysOf(tx, s.k, account)
	if err != nil || w.Codes > 0 {
		return nil, err
	}
	return s.newCodes(tx, account)
}

func (s *Service) newCodes(tx *db.Tx, account int64) ([]string, error) {
	codes, marks := make([]string, codeCount), make([]string, codeCount)
	for i := range codes {
		code := randomCode(codeLength)
		marks[i] = s.codeMark(account, code)
		codes[i] = code[:5] + "-" + code[5:]
	}
	return codes, replaceCodes(tx, account, marks)
}

func randomCode(n int) string {
	out := make([]byte, 0, n)
	var b [1]byte
	for len(out) < n {
		_, _ = rand.Read(b[:])
		if v := int(b[0]); v < 256/len(codeLetters)*len(codeLetters) { // no letter is likelier
			out = append(out, codeLetters[v%len(codeLetters)])
		}
	}
	return string(out)
}

func plainCode(typed string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(codeLetters, r) {
			return r
		}
		return -1
	}, strings.ToLower(typed))
}

func (s *Service) codeMark(account int64, typed string) string {
	return s.k.mark(placeOf("code", account), plainCode(typed))
}
