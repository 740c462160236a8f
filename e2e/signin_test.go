package e2e

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/mail"
	"khue/internal/kernel/sms/smstest"
)

// namedCity is a city at a name, to which passkeys can be bound.
func namedCity(t *testing.T, opts ...citytest.Option) *citytest.City {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := ln.Addr().String()
	_, port, _ := net.SplitHostPort(listen)
	_ = ln.Close()
	named := "http://localhost:" + port
	city := citytest.New(t, append(opts, citytest.With(func(c *app.Config) { c.Listen, c.PublicURL = listen, named }))...)
	city.URL = named
	return city
}

// authenticator gives the visitor's browser a telephone with a fingerprint reader.
func (v *visitor) authenticator() {
	v.t.Helper()
	v.must(proto.WebAuthnEnable{}.Call(v.page))
	_, err := proto.WebAuthnAddVirtualAuthenticator{Options: &proto.WebAuthnVirtualAuthenticatorOptions{
		Protocol: proto.WebAuthnAuthenticatorProtocolCtap2, Transport: proto.WebAuthnAuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}.Call(v.page)
	v.must(err)
}

// reach waits until the page is at a path, which a script leads to.
func (v *visitor) reach(path string) {
	v.t.Helper()
	v.city.Eventually(path+" is reached", func() bool { return strings.HasPrefix(v.path(), path) })
	v.must(v.within().WaitLoad())
	v.check()
}

// codeOf is what an application shows for a secret at the city's time.
func codeOf(t *testing.T, secret string, at time.Time) string {
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

// TestAPasskeyOpensTheAccount: one is made, named, signs in without a login typed, is the
// second factor after the password, and goes again.
func TestAPasskeyOpensTheAccount(t *testing.T) {
	t.Parallel()
	city := namedCity(t)
	v := visit(t, city, look{360, true, true, "vi"})
	v.authenticator()
	v.signIn("citizen")
	v.open("/account")
	v.press("a[href='/account/passkeys/new']")
	v.fill(map[string]string{"label": "Điện thoại của tôi"})
	v.click(v.find("form[data-kh-passkey] button"))
	v.city.Eventually("the passkey is made", func() bool { return strings.Contains(v.text(), "Đã thêm khóa truy cập") })
	v.check()
	v.press("a.kh-button[href='/account']")
	v.sees("Điện thoại của tôi", "Chưa dùng lần nào", "Còn 10 mã")
	v.signOut()

	v.open("/sign-in") // the browser offers it in the list of the login, and the virtual reader takes it
	v.reach("/")
	v.open("/account")
	v.sees("khóa truy cập")
	if strings.Contains(v.text(), "Chưa dùng lần nào") {
		t.Error("the use of the passkey is not shown")
	}
	v.signOut()

	p := visit(t, city, look{1280, false, false, "en"}) // another browser, without scripts
	p.open("/sign-in?next=/account")
	p.fill(map[string]string{"login": city.Account("citizen").Login, "password": city.Demo.Password})
	p.press("form[action='/sign-in'] button[type=submit]")
	p.sees("One more step", "Passkeys need JavaScript")
	p.fill(map[string]string{"code": "123456"})
	p.press("form[action='/sign-in/second'] button")
	p.sees("The code is wrong")
}

// TestACodeApplicationAndAFreshProof: an application is set up without scripts; the password
// alone opens nothing then; a recovery code works once; after a while a change asks for a
// proof, and what was typed is not typed again.
func TestACodeApplicationAndAFreshProof(t *testing.T) {
	t.Parallel()
	for _, l := range []look{{1280, false, false, "vi"}, {360, true, true, "en"}} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			city := citytest.New(t)
			v := visit(t, city, l)
			v.signIn("citizen")
			v.open("/account/app")
			v.click(v.find("main details summary"))
			secret, err := v.find(".kh-means__secret").Property("textContent")
			v.must(err)
			v.fill(map[string]string{"code": codeOf(t, secret.Str(), city.Clock.Now())})
			v.press("form[action='/account/app'] button")
			recovery := regexp.MustCompile(`[2-9a-z]{5}-[2-9a-z]{5}`).FindAllString(v.text(), -1)
			if len(recovery) != 10 {
				t.Fatalf("%d recovery codes are shown", len(recovery))
			}
			v.signOut()

			enter := func(code string) {
				t.Helper()
				v.open("/sign-in?next=/account")
				v.fill(map[string]string{"login": city.Account("citizen").Login, "password": city.Demo.Password})
				v.press("form[action='/sign-in'] button[type=submit]")
				v.fill(map[string]string{"code": code})
				v.press("form[action='/sign-in/second'] button[type=submit]")
			}
			city.Pass(time.Minute)
			enter(recovery[0])
			v.signOut()
			enter(recovery[0]) // used
			if !v.has("#f-code-error") {
				t.Error("a recovery code opened the account twice")
			}
			v.fill(map[string]string{"code": codeOf(t, secret.Str(), city.Clock.Now())})
			v.press("form[action='/sign-in/second'] button[type=submit]")
			v.open("/account")

			city.Pass(20 * time.Minute) // the proof is not fresh any more
			v.fillIn("form[action='/account/password']", map[string]string{"old": city.Demo.Password, "password": "năm con ngựa qua cầu"})
			v.press("form[action='/account/password'] button[type=submit]")
			v.fill(map[string]string{"password": city.Demo.Password, "code": codeOf(t, secret.Str(), city.Clock.Now())})
			v.press("form[action='/sign-in/prove'] button[type=submit]")
			if !strings.HasPrefix(v.path(), "/account?done=password") {
				t.Errorf("the change was not done after the proof: %s\n%s", v.path(), v.text())
			}
		})
	}
}

// TestTheWayBack: who has the telephone and the confirmed address sets a new password; who
// has the telephone alone does not. The owner reads of it.
func TestTheWayBack(t *testing.T) {
	t.Parallel()
	carrier, err := smstest.Start("127.0.0.1:0", smstest.Faults{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(carrier.Close)
	city := citytest.New(t, citytest.With(func(c *app.Config) { c.SMS = "smpp://khue:matkhau@" + carrier.Addr() + "?from=HANOI" }))
	v := visit(t, city, look{360, false, true, "vi"})
	v.signIn("citizen")
	v.open("/account/contact/email")
	v.fill(map[string]string{"address": "hanh@example.com"})
	v.press("form[action='/account/contact/email'] button")
	v.fill(map[string]string{"code": mailed(city, 1)})
	v.press("form[action='/account/contact/email/confirm'] button")
	v.sees("h…@example.com")

	o := visit(t, city, look{1280, true, false, "vi"})
	o.open("/sign-in")
	o.press("a[href='/sign-in/recover']")
	o.fill(map[string]string{"login": city.Account("citizen").Login})
	o.press("form[action='/sign-in/recover'] button")
	phone := texted(city, carrier)
	o.fill(map[string]string{"phone": phone, "other": "234567"})
	o.press("form[action='/sign-in/recover/codes'] button")
	o.sees("Chưa xác nhận được")
	o.fill(map[string]string{"phone": phone, "other": mailed(city, 2)})
	o.press("form[action='/sign-in/recover/codes'] button")
	o.fill(map[string]string{"password": "sáu con trâu đen"})
	o.press("form[action='/sign-in/recover/password'] button")
	o.sees("Cách đăng nhập")
	v.open("/account")
	if !strings.HasPrefix(v.path(), "/sign-in") {
		t.Error("the session from before lives on")
	}
	city.Eventually("the owner is told in the inbox", func() bool {
		o.open("/inbox")
		return strings.Contains(o.text(), "Đã lấy lại tài khoản")
	})
	o.check()
}

// TestACounterBeginsAndTheOwnerSaysNo: a clerk who saw the card begins a recovery; the owner
// reads of it on the account page and cancels it.
func TestACounterBeginsAndTheOwnerSaysNo(t *testing.T) {
	t.Parallel()
	city := citytest.New(t)
	clerk := visit(t, city, look{1280, false, true, "vi"})
	clerk.signIn("clerk")
	clerk.open("/desk/recovery")
	clerk.fill(map[string]string{"login": city.Account("citizen").Login})
	clerk.press("form[action='/desk/recovery'] button")
	clerk.sees("Hãy xem thẻ căn cước trước")
	clerk.fill(map[string]string{"seen": "yes"})
	clerk.press("form[action='/desk/recovery'] button")
	clerk.sees("Đưa mã này cho người dân", "08:10 ngày 24/06/2025")
	owner := visit(t, city, look{360, true, false, "en"})
	owner.signIn("citizen")
	owner.open("/account")
	owner.sees("Somebody is recovering this account")
	owner.press("form[action='/account/recovery/cancel'] button")
	owner.sees("The recovery was cancelled")
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// mailed is the code in the nth mail that the city sent with one.
func mailed(city *citytest.City, nth int) (code string) {
	city.Eventually("a code comes by mail", func() bool {
		n := 0
		for _, m := range city.Mail.(*mail.Recorder).Sent() {
			if found := sixDigits.FindString(m.Text); found != "" && strings.HasPrefix(m.Subject, "Mã xác nhận") {
				n++
				code = found
			}
		}
		return n >= nth
	})
	return code
}

// texted is the code in the last SMS with one.
func texted(city *citytest.City, carrier *smstest.Server) (code string) {
	city.Eventually("a code comes by SMS", func() bool {
		for _, m := range carrier.Got() {
			if found := sixDigits.FindString(m.Text); found != "" {
				code = found
			}
		}
		return code != ""
	})
	return code
}

// TestAKioskForgets: a browser becomes a kiosk; its person finishes with one press; nothing
// is left, and a page left alone ends by itself.
func TestAKioskForgets(t *testing.T) {
	t.Parallel()
	city := citytest.New(t)
	admin := visit(t, city, look{1280, false, true, "vi"})
	admin.signIn("designer")
	admin.open("/admin/kiosks")
	admin.fill(map[string]string{"label": "Một cửa, máy số 2"})
	admin.press("form[action='/admin/kiosks'] button")
	code := regexp.MustCompile(`[2-9a-z]{5}-[2-9a-z]{5}`).FindString(admin.text())
	for _, l := range []look{{1280, false, true, "vi"}, {1280, true, false, "vi"}} {
		k := visit(t, city, l)
		k.open("/kiosk")
		k.fill(map[string]string{"code": code})
		k.press("form[action='/kiosk'] button")
		if l.js == false { // a code is good once
			k.sees("Mã không đúng")
			continue
		}
		k.signIn("citizen")
		if k.find("form.kh-finish") == nil {
			t.Fatal("no way out")
		}
		k.open("/account")
		k.press("form.kh-finish button")
		k.sees("Đã kết thúc")
		k.open("/account")
		if !strings.HasPrefix(k.path(), "/sign-in") {
			t.Error("the session lives on")
		}
		k.signIn("citizen")
		city.Pass(3 * time.Minute)
		k.open("/account")
		if !strings.HasPrefix(k.path(), "/sign-in") {
			t.Error("a session at a kiosk outlived its two minutes")
		}
	}
}
