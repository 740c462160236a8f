package openidweb_test

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/mail"
)

// figures are what an application shows for a secret (RFC 6238).
func figures(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(secret, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	m := hmac.New(sha1.New, key)
	_ = binary.Write(m, binary.BigEndian, at.Unix()/30)
	sum := m.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[19]&15:]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%1_000_000)
}

// cut is the first text of a page between two others.
func cut(t *testing.T, page, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, from)
	out, _, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("no %q on the page:\n%.2000s", from, page)
	}
	return html.UnescapeString(out)
}

// From the day on which two factors are demanded, an officer who shows one reaches the page that
// sets up the second and nothing else: no page, no API, no program of somebody else, and no
// token given before. With two everything opens.
func TestTwoFactorsAreDemandedOfOfficers(t *testing.T) {
	t.Parallel()
	tomorrow := clock.DateOf(citytest.Opened()).AddDays(1)
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		x := register(t, c)
		b := open(t, c)
		goes := func(what string, a answer, to string) {
			t.Helper()
			if got := a.header.Get("Location"); a.status != http.StatusSeeOther || !strings.HasPrefix(got, to) {
				t.Errorf("%s: %d to %q, not to %s", what, a.status, got, to)
			}
		}
		goes("before the day", b.signIn("motcua", ""), "/desk")
		if a := b.get("/desk"); a.status != http.StatusOK {
			t.Fatalf("the desk answers %d before the day", a.status)
		}
		before := x.tokens(b, "scope", "openid offline_access tasks.read")

		c.Pass(24 * time.Hour)
		r := x.call("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {before.text("refresh_token")}})
		if r.text("error") != "invalid_grant" {
			t.Errorf("a refresh token of before gives %v", r.m)
		}
		b.signIn("motcua", "")
		for _, path := range []string{"/desk", "/account", "/account/contact/email", "/inbox", "/desk/recovery"} {
			goes(path, b.get(path), "/account/second?next="+url.QueryEscape(path))
		}
		goes("a form", b.post("/account/notices", url.Values{"email": {"x@example.vn"}}), "/account/second")
		api := b.get("/api/v1/tasks")
		if got := api.header.Get("WWW-Authenticate"); api.status != http.StatusForbidden || !strings.Contains(got, "insufficient_user_authentication") || !strings.Contains(got, "mfa") {
			t.Errorf("the API answers %d %q", api.status, got)
		}
		if v := came(t, b.get(x.ask(newPKCE(), "prompt", "none"))); v.Get("error") != "interaction_required" {
			t.Errorf("a program gets %v", v)
		}
		ask := x.ask(newPKCE(), "scope", "openid offline_access")
		way := b.get(ask)
		goes("signing in to a program", way, "/account/second?next=")
		page := b.get(way.header.Get("Location")).body
		if !strings.Contains(page, "The city demands") || !strings.Contains(page, "/account/app") {
			t.Fatalf("the page does not say what to do: %.1500s", page)
		}
		// A citizen is asked for nothing.
		if a := signedIn(t, c).get("/account"); a.status != http.StatusOK {
			t.Errorf("a citizen's account answers %d", a.status)
		}

		page = b.get("/account/app").body
		secret := cut(t, page, `kh-means__secret">`, "<")
		page = b.post("/account/app", url.Values{"step": {cut(t, page, `name="step" value="`, `"`)}, "code": {figures(t, secret, c.Clock.Now())}}).body
		if !regexp.MustCompile(`href="/account/second"`).MatchString(page) {
			t.Fatalf("no way on from the codes: %.3000s", page)
		}
		on := b.get("/account/second")
		goes("set up", on, "/oauth/authorize?")
		if v := came(t, b.get(on.header.Get("Location"))); v.Get("code") == "" {
			t.Errorf("the program gets %v", v)
		}
		for _, path := range []string{"/desk", "/account"} {
			if a := b.get(path); a.status != http.StatusOK {
				t.Errorf("with two factors %s answers %d", path, a.status)
			}
		}
		if a := x.tokens(b, "scope", "openid tasks.read"); bearer(t, c, "/api/v1/tasks", a.text("access_token")) != http.StatusOK {
			t.Error("a token that was given after two factors opens nothing")
		}
	}, citytest.With(func(cfg *app.Config) { cfg.Demand = auth.Demand{Officers: true, From: tomorrow} }))
}

// An address that was only typed is told as such; one to which a code came, as confirmed.
func TestConfirmedAddressesAreToldAsSuch(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		x, b := register(t, c), signedIn(t, c)
		told := func() map[string]any {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.URL+"/oauth/userinfo", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+x.tokens(b, "scope", "openid email phone").text("access_token"))
			return send(t, req).m
		}
		if a := b.post("/account/notices", url.Values{"email": {"hanh@example.vn"}, "lang": {"vi"}, "_key": {"key-of-this-choice-1"}}); a.status != http.StatusSeeOther {
			t.Fatalf("the address is not taken: %d %.800s", a.status, a.body)
		}
		if m := told(); m["email"] != "hanh@example.vn" || m["email_verified"] != false || m["phone_number_verified"] != false {
			t.Errorf("typed: %v", m)
		}
		page := b.post("/account/contact/email", url.Values{"address": {"hanh.moi@example.vn"}}).body
		step, code := cut(t, page, `name="step" value="`, `"`), ""
		c.Eventually("the code comes", func() bool {
			for _, m := range c.Mail.(*mail.Recorder).Sent() {
				if found := regexp.MustCompile(`\b\d{6}\b`).FindString(m.Text); m.To == "hanh.moi@example.vn" && found != "" {
					code = found
				}
			}
			return code != ""
		})
		if a := b.post("/account/contact/email/confirm", url.Values{"step": {step}, "code": {code}}); a.status != http.StatusSeeOther {
			t.Fatalf("the code is not taken: %d %.800s", a.status, a.body)
		}
		if m := told(); m["email"] != "hanh.moi@example.vn" || m["email_verified"] != true {
			t.Errorf("confirmed: %v", m)
		}
	}, today())
}
