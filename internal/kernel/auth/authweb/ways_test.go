package authweb_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6238
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
)

// device is an authenticator in software: it makes keys and signs as a telephone does.
type device struct {
	key      *ecdsa.PrivateKey
	id       []byte
	user     []byte
	count    uint32
	verified bool
	origin   string
}

func newDevice(t *testing.T) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &device{key: key, id: []byte(rand.Text()), verified: true, origin: "https://khue.test"}
}

var enc = base64.RawURLEncoding

func (d *device) data(made bool) []byte {
	host := sha256.Sum256([]byte("khue.test"))
	flags := byte(1)
	if d.verified {
		flags |= 4
	}
	if made {
		flags |= 0x40
	}
	d.count++
	return binary.BigEndian.AppendUint32(append(host[:], flags), d.count)
}

func (d *device) client(kind, challenge string) []byte {
	b, _ := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.origin, "crossOrigin": false})
	return b
}

func (d *device) make(challenge string) string {
	pub, _ := d.key.PublicKey.Bytes() // 4, x, y
	cose := slices.Concat([]byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32}, pub[1:33], []byte{0x22, 0x58, 32}, pub[33:])
	data := append(d.data(true), make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(d.id)))
	data = slices.Concat(data, d.id, cose)
	att := slices.Concat([]byte{0xa3, 0x63}, []byte("fmt"), []byte{0x64}, []byte("none"), []byte{0x67}, []byte("attStmt"), []byte{0xa0, 0x68}, []byte("authData"),
		[]byte{0x58, byte(len(data))}, data)
	b, _ := json.Marshal(map[string]any{
		"id": enc.EncodeToString(d.id), "rawId": enc.EncodeToString(d.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": enc.EncodeToString(d.client("webauthn.create", challenge)), "attestationObject": enc.EncodeToString(att)},
	})
	return string(b)
}

func (d *device) sign(challenge string) string {
	data, client := d.data(false), d.client("webauthn.get", challenge)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(slices.Clone(data), hash[:]...))
	sig, _ := ecdsa.SignASN1(rand.Reader, d.key, sum[:])
	b, _ := json.Marshal(map[string]any{
		"id": enc.EncodeToString(d.id), "rawId": enc.EncodeToString(d.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{
			"clientDataJSON": enc.EncodeToString(client), "authenticatorData": enc.EncodeToString(data),
			"signature": enc.EncodeToString(sig), "userHandle": enc.EncodeToString(d.user),
		},
	})
	return string(b)
}

// asked reads the options that a page's script would.
func (b *browser) asked(path string) (challenge, step, user string) {
	b.t.Helper()
	var out struct {
		Options struct {
			Challenge string
			User      struct{ ID string }
		}
		Step string
	}
	if err := json.Unmarshal([]byte(b.send("POST", path, url.Values{})), &out); err != nil {
		b.t.Fatalf("%s answered %d: %v", path, b.last.Code, err)
	}
	return out.Options.Challenge, out.Step, out.Options.User.ID
}

// passkey registers a device for who is signed in.
func (b *browser) passkey(d *device) {
	b.t.Helper()
	challenge, step, user := b.asked("/account/passkeys/options")
	d.user, _ = enc.DecodeString(user)
	page := b.send("POST", "/account/passkeys", url.Values{"key": {step}, "answer": {d.make(challenge)}, "label": {"Máy của Lan"}})
	if b.last.Code != 200 && b.last.Code != 303 {
		b.t.Fatalf("the passkey was refused: %d %s", b.last.Code, page)
	}
}

func methods(t *testing.T, h house, b *browser) string {
	t.Helper()
	sub, err := h.auth.Resolve(context.Background(), b.session)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(sub.Methods, " ")
}

func TestAPasskeySignsInAndStandsBesideThePassword(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		b := h.browser()
		b.signIn("")
		d := newDevice(t)
		b.passkey(d)
		if codes := shown(b.last.Body.String()); len(codes) != 10 {
			t.Errorf("%d recovery codes are shown with the first passkey", len(codes))
		}

		free := h.browser()
		challenge, step, _ := free.asked("/sign-in/passkey/options")
		answer := url.Values{"key": {step}, "answer": {d.sign(challenge)}, "next": {"/inbox"}}
		free.send("POST", "/sign-in/passkey", answer)
		free.want(303, "/inbox")
		if got := methods(t, h, free); got != "hwk mfa" {
			t.Errorf("recognised by %q", got)
		}
		free.send("POST", "/sign-in/passkey", answer) // again
		if free.last.Code != 410 {
			t.Errorf("an answer counted twice: %d", free.last.Code)
		}

		second := h.browser()
		second.signIn("/inbox")
		second.want(303, "/sign-in/second?next=%2Finbox")
		if second.session != "" {
			t.Fatal("the password alone opened a session")
		}
		d.verified = false // a key without a fingerprint reader
		challenge, step, _ = second.asked("/sign-in/second/options")
		second.send("POST", "/sign-in/second/passkey", url.Values{"key": {step}, "answer": {d.sign(challenge)}, "next": {"/inbox"}})
		second.want(303, "/inbox")
		if got := methods(t, h, second); got != "pwd hwk mfa" {
			t.Errorf("recognised by %q", got)
		}

		alone := h.browser()
		challenge, step, _ = alone.asked("/sign-in/passkey/options")
		alone.send("POST", "/sign-in/passkey", url.Values{"key": {step}, "answer": {d.sign(challenge)}})
		if alone.session != "" {
			t.Error("a key that verified nobody signed in by itself")
		}
	})
}

func TestPasskeysOfThievesAreRefused(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		b := h.browser()
		b.signIn("")
		d := newDevice(t)
		b.passkey(d)
		refused := func(what string, d *device, change func(b *browser, f url.Values)) {
			t.Helper()
			x := h.browser()
			challenge, step, _ := x.asked("/sign-in/passkey/options")
			f := url.Values{"key": {step}, "answer": {d.sign(challenge)}}
			if change != nil {
				change(x, f)
			}
			x.send("POST", "/sign-in/passkey", f)
			if x.session != "" {
				t.Errorf("%s signed in", what)
			}
		}
		phished := *d
		phished.origin = "https://khue.test.example"
		refused("an answer given to another site", &phished, nil)
		d.count = phished.count
		refused("an answer carried to another browser", d, func(b *browser, _ url.Values) { b.cookies = map[string]string{} })
		refused("a late answer", d, func(*browser, url.Values) { h.clk.Advance(6 * time.Minute) })
		other := newDevice(t)
		other.id, other.user = d.id, d.user
		refused("another key under the same name", other, nil)

		d.count = 100
		free := h.browser()
		challenge, step, _ := free.asked("/sign-in/passkey/options")
		free.send("POST", "/sign-in/passkey", url.Values{"key": {step}, "answer": {d.sign(challenge)}})
		free.want(303, "/desk")
		d.count = 1 // a copy that was made earlier speaks
		refused("a copied key", d, nil)
		d.count = 500
		refused("a key of which a copy has spoken", d, nil)
		b.signIn("")
		h.clk.Advance(time.Minute)
		if got, err := h.ways.Ways(context.Background(), accountOf(t, h)); err != nil || !got.Passkeys[0].Cloned {
			t.Errorf("the owner is not told of the copy: %v %v", got, err)
		}
	})
}

func accountOf(t *testing.T, h house) int64 {
	t.Helper()
	a, err := h.auth.FindAccount(context.Background(), "lan.nt")
	if err != nil {
		t.Fatal(err)
	}
	return a.ID
}

func appCode(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(secret, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	m := hmac.New(sha1.New, key)
	_ = binary.Write(m, binary.BigEndian, at.Unix()/30)
	sum := m.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

// shown are the codes that a page shows.
func shown(page string) (out []string) {
	for _, m := range regexp.MustCompile(`kh-code[^>]*>([2-9a-z]{5}-[2-9a-z]{5})<`).FindAllStringSubmatch(page, -1) {
		out = append(out, m[1])
	}
	return out
}

// app sets up a code application and returns its secret and the recovery codes.
func (b *browser) app(h house) (secret string, codes []string) {
	b.t.Helper()
	page := b.send("GET", "/account/app", nil)
	secret = regexp.MustCompile(`kh-means__secret">([A-Z2-7 ]+)<`).FindStringSubmatch(page)[1]
	step := regexp.MustCompile(`name="step" value="([^"]+)"`).FindStringSubmatch(page)[1]
	page = b.send("POST", "/account/app", url.Values{"step": {step}, "code": {appCode(b.t, secret, h.clk.Now())}})
	if b.last.Code != 200 {
		b.t.Fatalf("setting up answered %d: %s", b.last.Code, page)
	}
	return secret, shown(page)
}

func TestACodeIsTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		b := h.browser()
		b.signIn("")
		secret, codes := b.app(h)
		if len(codes) != 10 {
			t.Fatalf("%d recovery codes", len(codes))
		}
		try := func(code string) *browser {
			t.Helper()
			x := h.browser()
			x.network = "203.0.113.9"
			x.signIn("")
			x.want(303, "/sign-in/second")
			x.send("POST", "/sign-in/second", url.Values{"code": {code}})
			return x
		}
		if x := try(appCode(t, secret, h.clk.Now())); x.session != "" {
			t.Error("the code that set the application up was taken again")
		}
		h.clk.Advance(time.Minute)
		code := appCode(t, secret, h.clk.Now())
		if x := try(code); x.session == "" || methods(t, h, x) != "pwd otp mfa" {
			t.Error("a fresh code was refused")
		}
		if x := try(code); x.session != "" {
			t.Error("a code was taken twice")
		}
		if x := try(strings.ToUpper(codes[3])); x.session == "" {
			t.Error("a recovery code was refused")
		}
		if x := try(codes[3]); x.session != "" {
			t.Error("a recovery code was taken twice")
		}
	})
}

func TestGuessingACodeEnds(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		b := h.browser()
		b.signIn("")
		secret, _ := b.app(h)
		h.clk.Advance(time.Minute)
		thief := h.browser()
		limited := 0
		for i := range 30 { // from ever other networks, with ever new steps
			thief.network = fmt.Sprintf("198.51.%d.7", i)
			thief.signIn("")
			thief.send("POST", "/sign-in/second", url.Values{"code": {fmt.Sprintf("%06d", i)}})
			if thief.last.Code == 429 {
				limited++
			}
		}
		if limited < 15 {
			t.Errorf("only %d of 30 guesses were held back", limited)
		}
		if thief.session != "" {
			t.Error("a guess came in")
		}
		h.clk.Advance(20 * time.Minute)
		b = h.browser()
		b.signIn("")
		b.send("POST", "/sign-in/second", url.Values{"code": {appCode(t, secret, h.clk.Now())}})
		if b.session == "" {
			t.Errorf("the owner is kept out: %d", b.last.Code)
		}
	})
}

func (h house) citizen(login string) {
	h.t.Helper()
	_, err := h.auth.CreateAccount(h.t.Context(), auth.NewAccount{Login: login, Name: "Trần Minh", Kind: auth.KindCitizen, Password: password})
	if err != nil {
		h.t.Fatal(err)
	}
}

// confirm gives an account a confirmed e-mail address.
func (b *browser) confirm(h house, address string) {
	b.t.Helper()
	page := b.send("POST", "/account/contact/email", url.Values{"address": {address}})
	step := regexp.MustCompile(`name="step" value="([^"]+)"`).FindStringSubmatch(page)[1]
	b.send("POST", "/account/contact/email/confirm", url.Values{"step": {step}, "code": {h.code(address)}})
	b.want(303, "/account?done=contact")
}

func TestTheTelephoneAloneRecoversNothing(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		h.citizen("0912345678")
		b := h.browser()
		b.send("POST", "/sign-in", url.Values{"login": {"0912345678"}, "password": {password}})
		b.confirm(h, "minh@example.com")

		thief := h.browser()
		thief.send("POST", "/sign-in/recover", url.Values{"login": {"0912345678"}})
		thief.want(303, "/sign-in/recover/codes")
		phone := h.code("0912345678")
		if phone == "" {
			t.Fatal("no code came")
		}
		for _, other := range []string{"", phone, "000000", "aaaaa-bbbbb"} {
			thief.send("POST", "/sign-in/recover/codes", url.Values{"phone": {phone}, "other": {other}})
			if thief.last.Code != 422 {
				t.Fatalf("with %q: %d to %s", other, thief.last.Code, thief.last.Header().Get("Location"))
			}
		}
		thief.send("POST", "/sign-in/recover/password", url.Values{"password": {"mật khẩu của kẻ trộm"}})
		if thief.session != "" {
			t.Fatal("a password was set without a proof")
		}

		h.clk.Advance(20 * time.Minute)
		owner := h.browser()
		owner.send("POST", "/sign-in/recover", url.Values{"login": {"0912 345 678"}})
		phone, mail := h.code("0912345678"), h.code("minh@example.com")
		owner.send("POST", "/sign-in/recover/codes", url.Values{"phone": {phone}, "other": {mail}})
		owner.want(303, "/sign-in/recover/password")
		owner.send("POST", "/sign-in/recover/password", url.Values{"password": {"năm con trâu đen"}})
		owner.want(303, "/account")
		b.send("GET", "/account", nil)
		b.want(303, "/sign-in?next=%2Faccount") // the sessions from before have ended
	})
}

func TestACounterWaitsADayAndTheOwnerMaySayNo(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		h.citizen("0912345678")
		owner := h.browser()
		owner.send("POST", "/sign-in", url.Values{"login": {"0912345678"}, "password": {password}})
		if err := h.auth.AddGrant(t.Context(), accountOf(t, h), auth.GrantPeriod{Grant: auth.Grant{Role: "clerk", Scope: "unit:1"}}); err != nil {
			t.Fatal(err)
		}
		clerk := h.browser()
		clerk.signIn("")
		begin := func() string {
			t.Helper()
			page := clerk.send("POST", "/desk/recovery", url.Values{"login": {"0912345678"}, "seen": {"yes"}})
			return strings.Join(shown(page), "")
		}
		try := func(code string) int {
			t.Helper()
			x := h.browser()
			x.send("POST", "/sign-in/recover", url.Values{"login": {"0912345678"}})
			x.send("POST", "/sign-in/recover/codes", url.Values{"phone": {h.code("0912345678")}, "other": {code}})
			return x.last.Code
		}
		code := begin()
		if code == "" || try(code) != 422 {
			t.Fatalf("the code %q of the counter opened at once", code)
		}
		if page := owner.send("GET", "/account", nil); !strings.Contains(page, "Somebody is recovering") {
			t.Error("the owner does not see it")
		}
		owner.send("POST", "/account/recovery/cancel", url.Values{})
		h.clk.Advance(25 * time.Hour)
		if got := try(code); got != 422 {
			t.Errorf("a cancelled recovery went on: %d", got)
		}
		clerk.signIn("")
		code = begin()
		h.clk.Advance(25 * time.Hour)
		if got := try(code); got != 303 {
			t.Errorf("after a day: %d", got)
		}
	})
}

func TestAStrangerLearnsNothingFromRecovery(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		h.citizen("0912345678")
		var said []string
		for _, login := range []string{"0912345678", "0987654321", "lan.nt", "khong-co"} {
			x := h.browser()
			page := x.send("POST", "/sign-in/recover", url.Values{"login": {login}})
			page += fmt.Sprint(x.last.Code, x.last.Header().Get("Location"), len(x.cookies["__Host-khue-step"]))
			page += x.send("GET", "/sign-in/recover/codes", nil)
			page += x.send("POST", "/sign-in/recover/codes", url.Values{"phone": {"123456"}, "other": {"654321"}})
			said = append(said, fmt.Sprint(x.last.Code)+page)
		}
		for _, s := range said[1:] {
			if s != said[0] {
				t.Errorf("answers differ:\n%s\n%s", said[0], s)
			}
		}
	})
}

func TestAnAlarmEndsEverything(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		b, thief := h.browser(), h.browser()
		b.signIn("")
		thief.signIn("")
		path, err := h.ways.AlarmPath(accountOf(t, h), 77, h.clk.Now())
		if err != nil {
			t.Fatal(err)
		}
		mail := h.browser()
		if page := mail.send("GET", path, nil); !strings.Contains(page, "Was it not you?") {
			t.Fatalf("the link opens nothing: %s", page)
		}
		token := strings.TrimPrefix(path, "/not-me?t=")
		mail.send("POST", "/not-me", url.Values{"t": {token}})
		thief.send("GET", "/account", nil)
		thief.want(303, "/sign-in?next=%2Faccount")
		thief.signIn("")
		if thief.session != "" && thief.last.Code == 303 {
			t.Fatal("the old password still signs in")
		}
		again := h.browser()
		again.send("POST", "/not-me", url.Values{"t": {token}})
		if again.last.Code != 410 {
			t.Errorf("the link worked twice: %d", again.last.Code)
		}
		mail.send("POST", "/not-me/password", url.Values{"old": {password}, "password": {"năm con trâu đen ngòm"}})
		mail.want(303, "/sign-in")
		thief.signIn("")
		if thief.last.Code == 303 {
			t.Error("the old password signs in after the new one was set")
		}
	})
}

func TestAFreshProofIsAskedAndTheFormIsKept(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		b := h.browser()
		b.signIn("")
		h.clk.Advance(15 * time.Minute)
		b.header = map[string]string{"Referer": "https://khue.test/account"}
		page := b.send("POST", "/account/password", url.Values{"old": {password}, "password": {"năm con trâu đen"}})
		b.header = nil
		if b.last.Code != 403 || !strings.Contains(page, "is kept") || strings.Contains(page, "năm con trâu đen") {
			t.Fatalf("answered %d: %s", b.last.Code, page)
		}
		form := url.Values{}
		for _, m := range regexp.MustCompile(`type="hidden" name="(next|kept|step)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			form.Set(m[1], m[2])
		}
		thief := h.browser()
		thief.signIn("")
		stolen := url.Values{"next": form["next"], "kept": form["kept"], "step": form["step"], "password": {password}}
		thief.send("POST", "/sign-in/prove", stolen)
		if thief.last.Code == 303 {
			t.Error("what one browser kept went on in another")
		}
		form.Set("password", "không phải")
		if page = b.send("POST", "/sign-in/prove", form); b.last.Code != 422 {
			t.Fatalf("a wrong password: %d", b.last.Code)
		}
		form.Set("password", password)
		b.send("POST", "/sign-in/prove", form)
		b.want(303, "/account?done=password")
		b.send("POST", "/sign-in/prove", form)
		if b.last.Code == 303 {
			t.Error("a kept form ran twice")
		}
		b.send("GET", "/account/app", nil)
		if b.last.Code != 200 {
			t.Errorf("the proof does not count for the next page: %d", b.last.Code)
		}
	})
}

func TestAKioskRemembersNobody(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		ctx := auth.With(t.Context(), auth.Subject{Account: accountOf(t, h), Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: "designer", Scope: "unit:1"}}})
		code, err := h.ways.NewKiosk(ctx, "Máy số 2")
		if err != nil {
			t.Fatal(err)
		}
		k := h.browser()
		k.send("POST", "/kiosk", url.Values{"code": {code}})
		k.want(303, "/kiosk")
		k.send("POST", "/preferences", url.Values{"theme": {"dark"}, "back": {"/kiosk"}})
		for _, c := range k.last.Result().Cookies() {
			if c.MaxAge > 0 {
				t.Errorf("%s is kept for %d s", c.Name, c.MaxAge)
			}
		}
		page := k.send("GET", "/sign-in", nil)
		if strings.Contains(page, `autocomplete="username`) || strings.Contains(page, "data-kh-passkey") {
			t.Error("the browser is invited to remember")
		}
		k.signIn("")
		if k.session == "" {
			t.Fatal("nobody can sign in")
		}
		if page := k.send("GET", "/account", nil); k.last.Header().Get("Cache-Control") != "no-store" || !strings.Contains(page, `content="120;url=/kiosk/end"`) {
			t.Error("a page left alone stays")
		}
		token := k.session
		k.send("POST", "/kiosk/end", url.Values{})
		k.want(303, "/kiosk?done=1")
		if got := k.last.Header().Get("Clear-Site-Data"); got != `"cache", "storage"` {
			t.Errorf("Clear-Site-Data: %s", got)
		}
		if _, err := h.auth.Resolve(ctx, token); err == nil {
			t.Error("the session lives on")
		}
		for name := range k.cookies {
			if name != "__Host-khue-kiosk" {
				t.Errorf("cookie %s is left", name)
			}
		}
		k.signIn("")
		h.clk.Advance(121 * time.Second)
		k.send("GET", "/account", nil)
		k.want(303, "/sign-in?next=%2Faccount")
		if h.ways.IsKiosk(ctx, k.cookies["__Host-khue-kiosk"]+"A") {
			t.Error("a forged cookie makes a kiosk")
		}
		list, _ := h.ways.Kiosks(ctx)
		if err := h.ways.EndKiosk(ctx, list[0].ID); err != nil {
			t.Fatal(err)
		}
		h.clk.Advance(time.Minute)
		if h.ways.IsKiosk(ctx, k.cookies["__Host-khue-kiosk"]) {
			t.Error("a kiosk that was taken away is one still")
		}
	})
}

func TestNothingReadableLiesInTheTables(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.browser()
	b.signIn("")
	secret, codes := b.app(h)
	b.confirm(h, "lan@example.com")
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(secret, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	dump := h.dump()
	for what, text := range map[string]string{"the secret": string(raw), "a code": strings.ReplaceAll(codes[0], "-", ""), "an address": "lan@example.com"} {
		if bytes.Contains(dump, []byte(text)) {
			t.Errorf("%s stands in the tables", what)
		}
	}
}

func TestWhatTwoPeopleResetOpensNothingAnyMore(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		b := h.browser()
		b.signIn("")
		_, codes := b.app(h)
		account := accountOf(t, h)
		if err := h.db.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error { return h.ways.ResetIn(tx, account, 1) }); err != nil {
			t.Fatal(err)
		}
		b.send("GET", "/account", nil)
		b.want(303, "/sign-in?next=%2Faccount")
		b.signIn("")
		if b.last.Code != 401 {
			t.Errorf("the old password answered %d", b.last.Code)
		}
		ways, err := h.ways.Ways(t.Context(), account)
		if err != nil || ways.Second() || ways.Codes != 0 || len(codes) != 10 {
			t.Errorf("left: %+v %v", ways, err)
		}
	})
}
