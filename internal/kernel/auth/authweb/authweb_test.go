package authweb_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/auth/authweb"
	"khue/internal/kernel/auth/factor"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
)

const password = "bốn con ngựa qua cầu"

// browser follows nothing by itself and keeps its session cookie.
type browser struct {
	t       *testing.T
	h       http.Handler
	session string
	cookies map[string]string
	network string
	header  map[string]string
	last    *httptest.ResponseRecorder
}

type house struct {
	t    *testing.T
	h    http.Handler
	auth *auth.Service
	ways *factor.Service
	clk  *clock.Fake
	post *post
	db   *db.DB
	jobs *jobs.Queue
}

func newHouse(t *testing.T) house { return houseOn(t, dbtest.New) }

// each runs a test over SQLite and over PostgreSQL.
func each(t *testing.T, test func(t *testing.T, h house)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); test(t, houseOn(t, dbtest.New)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); test(t, houseOn(t, dbtest.NewPostgres)) })
}

func houseOn(t *testing.T, open func(testing.TB, []db.Migrations, ...dbtest.Option) *db.DB) house {
	t.Helper()
	clk := clock.NewFake(clock.MustDate("2025-06-23").At(8, 10))
	d := open(t, []db.Migrations{journal.Migrations(), jobs.Migrations(), auth.Migrations()}, dbtest.WithClock(clk))
	s := auth.New(d, id.NewGen(1, clk), clk, slog.New(slog.DiscardHandler), auth.Config{})
	bundle, err := i18n.NewBundle(web.Messages, ui.Messages, auth.Messages, factor.Messages, authweb.Messages)
	if err != nil {
		t.Fatal(err)
	}
	home := func(s auth.Subject) string {
		if s.Kind == auth.KindOfficer {
			return "/desk"
		}
		return "/"
	}
	signer, err := journal.LoadKey(filepath.Join(t.TempDir(), "journal.key"), "test")
	if err != nil {
		t.Fatal(err)
	}
	gen := id.NewGen(2, clk)
	post := &post{}
	queue := jobs.New(d, gen, jobs.Config{})
	policies, err := auth.NewPolicies(nowhere{}, nil, factor.Policies())
	if err != nil {
		t.Fatal(err)
	}
	ways, err := factor.New(factor.Deps{
		Auth: s, DB: d, Gen: gen, Clock: clk, Journal: journal.New(d, gen, signer, slog.New(slog.DiscardHandler)),
		Jobs: queue, Courier: post, Secret: bytes.Repeat([]byte{7}, 32), Address: "https://khue.test", House: "Khuê", Policies: policies, Government: func() string { return "unit:1" },
	})
	if err != nil {
		t.Fatal(err)
	}
	pages := authweb.New(authweb.Deps{Auth: s, Ways: ways, Home: home, Admins: auth.AnyRole("designer"), Counter: auth.AnyRole("clerk"), Helpers: auth.Officer})
	h, err := web.New(web.Config{PublicURL: "https://khue.test"}, web.Deps{
		Bundle: bundle, Auth: s, Clock: clk, Log: slog.New(slog.DiscardHandler), Prove: pages.Prove, Kiosk: ways.IsKiosk,
	}, pages.Module())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateAccount(context.Background(), auth.NewAccount{Login: "lan.nt", Name: "Nguyễn Thị Lan", Kind: auth.KindOfficer, Password: password}); err != nil {
		t.Fatal(err)
	}
	return house{t: t, h: h, auth: s, ways: ways, clk: clk, post: post, db: d, jobs: queue}
}

// nowhere is a city of one unit.
type nowhere struct{}

func (nowhere) Covers(context.Context, string, string) bool { return false }

// post keeps what the city would have sent.
type post struct {
	mu   sync.Mutex
	sent []string // channel, address, text
}

func (p *post) Has(factor.Channel) bool { return true }

func (p *post) Send(_ context.Context, c factor.Channel, to, _, _, text, _ string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, string(c)+" "+to+" "+text)
	return nil
}

// code is the last code sent to an address, once the jobs are done.
func (h house) code(to string) string {
	h.t.Helper()
	if _, err := h.jobs.Drain(h.t.Context(), h.ways.Module().Jobs); err != nil {
		h.t.Fatal(err)
	}
	h.post.mu.Lock()
	defer h.post.mu.Unlock()
	for _, line := range slices.Backward(h.post.sent) {
		if strings.Contains(line, " "+to+" ") {
			return regexp.MustCompile(`\b\d{6}\b`).FindString(line)
		}
	}
	return ""
}

const sessionCookie = "__Host-khue"

func (h house) browser() *browser { return &browser{t: h.t, h: h.h, cookies: map[string]string{}} }

func (b *browser) send(method, path string, form url.Values) string {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, path, body)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Accept-Language", "en")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if b.session != "" {
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: b.session})
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	if b.network != "" {
		r.RemoteAddr = b.network + ":4711"
	}
	for name, value := range b.header {
		r.Header.Set(name, value)
	}
	b.last = httptest.NewRecorder()
	b.h.ServeHTTP(b.last, r)
	for _, c := range b.last.Result().Cookies() {
		switch {
		case c.Name == sessionCookie:
			b.session = c.Value
		case c.MaxAge < 0:
			delete(b.cookies, c.Name)
		default:
			b.cookies[c.Name] = c.Value
		}
	}
	page := b.last.Body.String()
	if strings.Contains(page, "⟨") || strings.Contains(page, password) {
		b.t.Errorf("%s %s shows a missing message or a password:\n%s", method, path, page)
	}
	return page
}

func (b *browser) want(status int, location string) {
	b.t.Helper()
	if b.last.Code != status || b.last.Header().Get("Location") != location {
		b.t.Fatalf("answered %d to %q, want %d to %q", b.last.Code, b.last.Header().Get("Location"), status, location)
	}
}

func (b *browser) signIn(next string) {
	b.t.Helper()
	b.send("POST", "/sign-in", url.Values{"login": {" Lan.NT "}, "password": {password}, "next": {next}})
}

func TestSignInLeadsWhereOneWanted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.browser()
	b.send("GET", "/account?tab=1", nil)
	b.want(303, "/sign-in?next=%2Faccount%3Ftab%3D1")
	if page := b.send("GET", "/sign-in?next=%2Faccount%3Ftab%3D1", nil); !strings.Contains(page, `value="/account?tab=1"`) {
		t.Error("the form forgets where the reader wanted to go")
	}
	b.signIn("/account?tab=1")
	b.want(303, "/account?tab=1")
	if page := b.send("GET", "/account", nil); !strings.Contains(page, "Nguyễn Thị Lan") {
		t.Error("not signed in")
	}
	for next, want := range map[string]string{"": "/desk", "https://evil.test/": "/desk", "//evil.test": "/desk", "/x": "/x"} {
		b := h.browser()
		b.signIn(next)
		b.want(303, want)
	}
}

func TestWrongPasswordKeepsTheLogin(t *testing.T) {
	t.Parallel()
	b := newHouse(t).browser()
	page := b.send("POST", "/sign-in", url.Values{"login": {`lan"><script>`}, "password": {"sai rồi sai rồi"}})
	b.want(401, "")
	if !strings.Contains(page, `value="lan&#34;&gt;&lt;script&gt;"`) || strings.Contains(page, "sai rồi") {
		t.Errorf("the form must keep the login, escaped, and not the password:\n%s", page)
	}
	if !strings.Contains(page, "The login or the password is wrong") || b.session != "" {
		t.Error("the refusal is not said, or a session was opened")
	}
	for range 5 {
		page = b.send("POST", "/sign-in", url.Values{"login": {"lan.nt"}, "password": {"sai rồi sai rồi"}})
	}
	b.signIn("")
	b.want(429, "")
	if b.last.Header().Get("Retry-After") == "" || !strings.Contains(page, "wrong") {
		t.Error("the limit does not say when to come back")
	}
}

func TestSignUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.browser()
	page := b.send("POST", "/sign-up", url.Values{"name": {"Trần Minh"}, "login": {"12"}, "password": {"12345678"}})
	b.want(422, "")
	for _, want := range []string{`value="Trần Minh"`, `value="12"`, "Vietnamese telephone number", "well known", `href="#f-password"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the form lacks %q", want)
		}
	}
	good := url.Values{"name": {"Tra\u0302\u0300n Minh"}, "login": {"+84 912 345 678"}, "password": {password}, "next": {"/apply"}}
	b.send("POST", "/sign-up", good)
	b.want(303, "/apply")
	if page := b.send("GET", "/account", nil); !strings.Contains(page, "Trần Minh") || !strings.Contains(page, "0912345678") {
		t.Error("the new citizen is not signed in, or the name is not normalised")
	}
	twice := h.browser()
	twice.send("POST", "/sign-up", good)
	twice.want(303, "/apply")
	stranger := h.browser()
	good.Set("password", "mật khẩu của người khác")
	if page := stranger.send("POST", "/sign-up", good); !strings.Contains(page, "already an account") || stranger.session != "" {
		t.Error("a stranger with the same number was let in")
	}
	stranger.want(409, "")
}

func TestSessionsAreSeenAndEnded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	phone, office := h.browser(), h.browser()
	phone.signIn("")
	office.signIn("")
	page := office.send("GET", "/account", nil)
	ends := regexp.MustCompile(`/account/sessions/\d+/end`).FindAllString(page, -1)
	if len(ends) != 1 || !strings.Contains(page, "This device") {
		t.Fatalf("one session can be ended, not this one: %v", ends)
	}
	office.send("POST", ends[0], url.Values{})
	office.want(303, "/account?done=ended")
	phone.send("GET", "/account", nil)
	phone.want(303, "/sign-in?next=%2Faccount")
	old := office.session
	office.send("POST", "/sign-out", url.Values{})
	office.want(303, "/")
	office.session = old
	office.send("GET", "/account", nil)
	office.want(303, "/sign-in?next=%2Faccount")
}

func TestChangedPasswordEndsTheOthers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b, thief := h.browser(), h.browser()
	b.signIn("")
	thief.signIn("")
	page := b.send("POST", "/account/password", url.Values{"old": {"không phải"}, "password": {"năm con trâu đen"}})
	b.want(422, "")
	if !strings.Contains(page, "wrong") {
		t.Error("the refusal is not said")
	}
	b.send("POST", "/account/password", url.Values{"old": {password}, "password": {"năm con trâu đen"}})
	b.want(303, "/account?done=password")
	b.send("GET", "/account", nil)
	b.want(200, "")
	thief.send("GET", "/account", nil)
	thief.want(303, "/sign-in?next=%2Faccount")
}
