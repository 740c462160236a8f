package waitingweb_test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
)

const line = "/line/" + citytest.Enrolment

// browser is somebody at a browser without scripts.
type browser struct {
	t    *testing.T
	c    *citytest.City
	http *http.Client
	lang string
}

func visit(t *testing.T, c *citytest.City, lang, login string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t, c, &http.Client{Jar: jar}, lang}
	if login != "" {
		b.post("/sign-in", "login", login, "password", c.Demo.Password)
	}
	return b
}

func (b *browser) do(req *http.Request, err error) (path, body string) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Accept-Language", b.lang)
	res, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.Request.URL.RequestURI(), html.UnescapeString(string(text))
}

func (b *browser) get(path string) string {
	b.t.Helper()
	_, body := b.do(http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.c.URL+path, nil))
	return body
}

func (b *browser) post(path string, kv ...string) (at, body string) {
	b.t.Helper()
	v := url.Values{"_key": {"a-key-of-this-test"}}
	for i := 0; i+1 < len(kv); i += 2 {
		v.Add(kv[i], kv[i+1])
	}
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.c.URL+path, strings.NewReader(v.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return b.do(req, err)
}

// ticket is what the browser keeps.
func (b *browser) ticket() string {
	u, _ := url.Parse(b.c.URL)
	for _, c := range b.http.Jar.Cookies(u) {
		if strings.HasPrefix(c.Name, "khue-line-") {
			return c.Value
		}
	}
	return ""
}

func (b *browser) keep(ticket string) {
	u, _ := url.Parse(b.c.URL)
	for _, c := range b.http.Jar.Cookies(u) {
		if strings.HasPrefix(c.Name, "khue-line-") {
			c.Value, c.Path = ticket, "/"
			b.http.Jar.SetCookies(u, []*http.Cookie{c})
		}
	}
}

func (b *browser) sees(body string, words ...string) {
	b.t.Helper()
	for _, w := range words {
		if !strings.Contains(body, w) {
			b.t.Errorf("the page does not say %q:\n%.3000s", w, regexp.MustCompile(`(?s)^.*<main`).ReplaceAllString(body, ""))
		}
	}
}

var refresh = regexp.MustCompile(`<noscript><meta http-equiv="refresh" content="\d+"`)

func tick(t *testing.T, city *citytest.City, d time.Duration) {
	t.Helper()
	city.Clock.Advance(d)
	if err := city.Places.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
}

type words struct {
	lang, join, before, ahead, in, lapsed, refused string
}

// TestALineWithoutScripts: a family comes before midnight, sees the page refresh itself, opens
// a second browser that shares the place, is let in, lets its time run out and joins again; a
// stranger with its ticket, and one with a forged one, gain nothing.
func TestALineWithoutScripts(t *testing.T) {
	t.Parallel()
	for _, w := range []words{
		{"vi", "Vào hàng chờ", "Bạn đã có chỗ trong hàng chờ", "Số người trước bạn", "Đã đến lượt bạn", "Lượt của bạn đã hết giờ", "không qua hàng chờ"},
		{"en", "Join the line", "You have a place in the line", "Before you", "It is your turn", "Your time to file ran out", "without a line"},
	} {
		t.Run(w.lang, func(t *testing.T) {
			t.Parallel()
			c := citytest.New(t, citytest.Quota(1, "  quota: 600", "  quota: 2")...)
			family, other, third := visit(t, c, w.lang, "0912000001"), visit(t, c, w.lang, "0912000002"), visit(t, c, w.lang, "")
			if at, _ := third.post(line); !strings.HasPrefix(at, "/sign-in") {
				t.Errorf("a visitor who joins is led to %s", at)
			}
			tick(t, c, 0)
			family.sees(family.get("/apply/"+citytest.Enrolment), line)
			if at, _ := family.post("/apply/" + citytest.Enrolment); at != line {
				t.Errorf("who begins while a line stands is led to %s", at)
			}
			family.sees(family.get(line), w.join)
			_, body := family.post(line)
			family.sees(body, w.before)
			if !refresh.MatchString(body) {
				t.Error("the page does not refresh itself without scripts")
			}
			if strings.Contains(body, "content=\"0\"") {
				t.Error("the page refreshes without a pause")
			}
			second := visit(t, c, w.lang, "0912000001")
			second.sees(second.get(line), w.before)
			if second.ticket() == "" || second.ticket() != family.ticket() {
				t.Errorf("two browsers of one account keep %q and %q", family.ticket(), second.ticket())
			}
			other.post(line)
			c.Clock.Set(citytest.Midnight().Add(3 * time.Second))
			tick(t, c, 0)
			// One a second: one of the two is in, the other sees who is before.
			one, two := family, other
			if !strings.Contains(one.get(line), w.in) {
				one, two = other, family
			}
			one.sees(one.get(line), w.in, "/apply/")
			two.sees(two.get(line), w.ahead)
			taken := two.ticket()
			two.keep(one.ticket()) // a stolen ticket is another account's: nothing of it counts
			if strings.Contains(two.get(line), w.in) {
				t.Error("somebody else's ticket lets in")
			}
			two.keep(strings.Repeat("A", len(taken)))
			two.sees(two.get(line), w.ahead)
			if at, _ := one.post("/apply/" + citytest.Enrolment); !strings.HasPrefix(at, "/apply/d/") {
				t.Errorf("whose turn it is cannot begin: led to %s", at)
			}
			tick(t, c, 21*time.Minute)
			one.sees(one.get(line), w.lapsed)
			one.post(line)
			if strings.Contains(one.get(line), w.lapsed) {
				t.Error("who joins again is still too late")
			}
			clerk := visit(t, c, w.lang, c.Account("clerk").Login)
			_, body = clerk.post(line)
			clerk.sees(body, w.refused)
		})
	}
}

// TestWhoComesToAFullLine is told so before they join it, and after.
func TestWhoComesToAFullLine(t *testing.T) {
	t.Parallel()
	for lang, w := range map[string]struct{ taken, end, keeps, over string }{
		"vi": {"Mọi chỗ đã có người nộp hoặc đang nộp", "Bạn vẫn có thể vào cuối hàng", "Bạn vẫn giữ thứ tự trong hàng", "Đợt nhận hồ sơ đã kết thúc"},
		"en": {"All places are taken", "You can join the end of the line", "You keep your place in the line", "Dossiers are taken no more"},
	} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			c := citytest.New(t, citytest.Quota(5, "  quota: 600", "  quota: 1")...)
			first, late := visit(t, c, lang, "0912000001"), visit(t, c, lang, "0912000002")
			tick(t, c, 0)
			first.post(line)
			c.Clock.Set(citytest.Midnight().Add(3 * time.Second))
			tick(t, c, 0)
			late.sees(late.get(line), w.taken, w.end)
			_, body := late.post(line)
			late.sees(body, w.taken, w.keeps)
			c.Clock.Set(citytest.Midnight().AddDate(0, 0, 4))
			tick(t, c, 0)
			late.sees(late.get(line), w.over)
		})
	}
}
