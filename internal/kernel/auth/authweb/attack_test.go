package authweb_test

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"khue/internal/kernel/db"
)

// dump is what the tables of sign-in hold.
func (h house) dump() (out []byte) {
	h.t.Helper()
	err := h.db.View(h.t.Context(), func(_ context.Context, v *db.View) error {
		for _, sql := range []string{
			`SELECT secret FROM auth_totp`, `SELECT address FROM auth_contact`, `SELECT CAST(mark AS BLOB) FROM auth_recovery_code`,
			`SELECT CAST(args AS BLOB) FROM jobs_job`, `SELECT payload FROM journal_entry`,
		} {
			rows, err := db.All(v, db.Value[[]byte], sql)
			if err != nil {
				return err
			}
			for _, b := range rows {
				out = append(append(out, b...), '\n')
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

func TestASessionPlantedBeforeIsWorthNothingAfter(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	thief := h.browser()
	thief.signIn("")
	planted := thief.session
	victim := h.browser()
	victim.session = planted
	victim.send("POST", "/sign-out", url.Values{}) // or signs in over it
	victim.session = planted
	victim.signIn("")
	if victim.session == planted {
		t.Fatal("the planted token was kept")
	}
	thief.send("GET", "/account", nil)
	thief.want(303, "/sign-in?next=%2Faccount")
}

func TestOtherSitesPostNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.browser()
	b.signIn("")
	for _, path := range []string{"/sign-in", "/sign-up", "/sign-out", "/sign-in/recover", "/account/app/remove", "/account/sessions/end-others", "/kiosk", "/not-me", "/sign-in/prove"} {
		for what, header := range map[string]map[string]string{
			"a foreign origin":     {"Origin": "https://evil.example"},
			"the null origin":      {"Origin": "null"},
			"a sibling's origin":   {"Origin": "https://evil.khue.test"},
			"plain http":           {"Origin": "http://khue.test.evil.example"},
			"another site":         {"Sec-Fetch-Site": "cross-site"},
			"a sibling's page":     {"Sec-Fetch-Site": "same-site", "Origin": "https://other.khue.test"},
			"a frame of no origin": {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
		} {
			b.header = header
			b.send("POST", path, url.Values{"login": {"lan.nt"}, "password": {password}})
			if b.last.Code != 403 {
				t.Errorf("%s from %s: %d", path, what, b.last.Code)
			}
		}
	}
	b.header = nil
	if b.send("GET", "/account", nil); b.last.Code != 200 {
		t.Error("the session was touched from outside")
	}
}

func TestNextLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, next := range []string{
		"https://evil.example/", "//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, "/\t/evil.example", "/%09/evil.example",
		"javascript:alert(1)", "data:text/html,x", "https:evil.example", "/./\\evil.example", "\u200b//evil.example", "@evil.example", "/..//evil.example",
	} {
		b := h.browser()
		b.signIn(next)
		to := b.last.Header().Get("Location")
		u, err := url.Parse(to)
		if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.Contains(to, `\`) {
			t.Errorf("next %q led to %q", next, to)
		}
		page := b.send("GET", "/sign-in/prove?next="+url.QueryEscape(next), nil)
		if regexp.MustCompile(`href="(https?:)?//evil|href="javascript:`).MatchString(page) {
			t.Errorf("next %q is linked", next)
		}
	}
}

func TestHostAndForwardedHeadersAreNotBelieved(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.browser()
	b.header = map[string]string{"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "Forwarded": "host=evil.example", "X-Original-URL": "/account"}
	b.signIn("")
	if to := b.last.Header().Get("Location"); strings.Contains(to, "evil") {
		t.Errorf("led to %s", to)
	}
	for _, c := range b.last.Result().Cookies() {
		if c.Name == sessionCookie && (!c.Secure || !c.HttpOnly) {
			t.Errorf("a header made the cookie weak: %v", c)
		}
	}
	if page := b.send("GET", "/account", nil); strings.Contains(page, "evil.example") {
		t.Error("a page names the forged host")
	}
	thief := h.browser() // the same machine, under ever other names
	refused := 0
	for i := range 12 {
		thief.header = map[string]string{"X-Forwarded-For": fmt.Sprintf("198.51.%d.1", i), "X-Real-IP": fmt.Sprintf("198.51.%d.1", i)}
		thief.send("POST", "/sign-in", url.Values{"login": {"lan.nt"}, "password": {"sai mật khẩu"}})
		if thief.last.Code == 429 {
			refused++
		}
	}
	if refused < 6 {
		t.Errorf("only %d of 12 guesses under forged addresses were held back", refused)
	}
}

func TestSignInTellsNotWhoExists(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.citizen("0912345678")
	say := func(login string, i int) (string, time.Duration) {
		b := h.browser()
		b.network = fmt.Sprintf("198.51.%d.%d", i, len(login))
		began := time.Now()
		page := b.send("POST", "/sign-in", url.Values{"login": {login}, "password": {"sai mật khẩu rồi"}})
		return fmt.Sprint(b.last.Code) + strings.ReplaceAll(page, login, "LOGIN"), time.Since(began)
	}
	// In turn, and of each the quickest of many: what else the machine does meets both alike.
	slow, quick := time.Hour, time.Hour
	var there, notThere string
	for i := range 16 {
		var took time.Duration
		there, took = say("0912345678", i)
		slow = min(slow, took)
		notThere, took = say("0987654321", i)
		quick = min(quick, took)
	}
	if there != notThere {
		t.Errorf("the pages differ:\n%s\n%s", there, notThere)
	}
	if quick < slow/3 || slow < quick/3 {
		t.Errorf("an account answers in %v, none in %v", slow, quick)
	}
}

func TestASlowGuessFromEverywhereKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner := h.browser()
	owner.network = "203.0.113.20"
	owner.signIn("")
	h.clk.Advance(13 * time.Hour) // no session of the owner's lives
	guess := func(network string) int {
		x := h.browser()
		x.network = network
		x.send("POST", "/sign-in", url.Values{"login": {"lan.nt"}, "password": {"đoán mò"}})
		return x.last.Code
	}
	var answers []int
	for i := range 64 { // three seconds apart, each from a new network
		h.clk.Advance(3 * time.Second)
		answers = append(answers, guess(fmt.Sprintf("198.%d.%d.1", 18+i/200, i%200)))
	}
	if !slices.Contains(answers, 429) {
		t.Error("64 guesses in three minutes were all answered")
	}
	for range 8 { // and from the owner's own network: an office, a carrier
		guess("203.0.113.99")
	}
	owner.signIn("")
	owner.want(303, "/desk")
	moved := h.browser() // the owner's browser at another network
	moved.cookies, moved.network = owner.cookies, "192.0.2.77"
	moved.signIn("")
	moved.want(303, "/desk")
}
