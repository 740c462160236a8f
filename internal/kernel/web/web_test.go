package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
)

// people stands in for accounts: a token is a name.
type people map[string]auth.Subject

func (p people) Resolve(_ context.Context, token string) (auth.Subject, error) {
	if s, ok := p[token]; ok {
		return s, nil
	}
	if token == "down" {
		return auth.Subject{}, errs.E(errs.Unavailable, "")
	}
	return auth.Subject{}, errs.E(errs.Unauthenticated, "auth.error.session")
}

func who() people {
	return people{
		"lan":  {Account: 7, Name: "Nguyễn Thị Lan", Kind: auth.KindCitizen},
		"minh": {Account: 8, Name: "Trần Minh", Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: "clerk", Scope: "unit:00133"}}},
	}
}

type site struct {
	*web.Server
	log *bytes.Buffer
}

func deps(t testing.TB) (web.Deps, *bytes.Buffer) {
	t.Helper()
	bundle, err := i18n.NewBundle(web.Messages, auth.Messages, ui.Messages)
	if err != nil {
		t.Fatal(err)
	}
	log := &bytes.Buffer{}
	return web.Deps{
		Bundle: bundle, Auth: who(), Clock: clock.System(), Log: slog.New(slog.NewJSONHandler(log, nil)),
		Metrics: prometheus.NewRegistry(), About: web.About{Title: "Khue", Version: "1"},
	}, log
}

func text(s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	})
}

func page(method, path string, policy auth.Policy, do web.HandlerFunc) web.Route {
	return web.Route{Method: method, Path: path, Policy: policy, Do: do}
}

func newSite(t testing.TB, cfg web.Config, modules ...web.Module) site {
	t.Helper()
	d, log := deps(t)
	s, err := web.New(cfg, d, modules...)
	if err != nil {
		t.Fatal(err)
	}
	return site{s, log}
}

// newSiteAt is newSite by a clock of the test.
func newSiteAt(t testing.TB, clk clock.Clock, cfg web.Config, modules ...web.Module) site {
	t.Helper()
	d, log := deps(t)
	d.Clock = clk
	s, err := web.New(cfg, d, modules...)
	if err != nil {
		t.Fatal(err)
	}
	return site{s, log}
}

func demo() web.Module {
	return web.Module{Name: "demo", Routes: []web.Route{
		page("GET", "/hello", auth.Public, func(w http.ResponseWriter, r *http.Request) error {
			return web.Render(w, r, 200, text("<p>"+string(i18n.LangOf(r.Context()))+" "+auth.From(r.Context()).Name+"</p>"))
		}),
		page("GET", "/mine", auth.SignedIn, func(w http.ResponseWriter, r *http.Request) error {
			return web.Render(w, r, 200, text(auth.From(r.Context()).Name))
		}),
		page("GET", "/desk", auth.AnyRole("clerk"), func(w http.ResponseWriter, r *http.Request) error {
			return web.Render(w, r, 200, text("desk"))
		}),
		page("GET", "/long", auth.Public, func(w http.ResponseWriter, r *http.Request) error {
			return web.Render(w, r, 200, text(strings.Repeat("<p>đơn xin cấp giấy</p>", 500)))
		}),
		page("GET", "/panic", auth.Public, func(http.ResponseWriter, *http.Request) error { panic("số 001085012345") }),
		page("GET", "/broken", auth.Public, func(w http.ResponseWriter, r *http.Request) error {
			return web.Render(w, r, 200, templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
				_, _ = io.WriteString(w, "half a page")
				return errors.New("the other half failed for 001085012345")
			}))
		}),
		page("GET", "/keyed", auth.Public, func(http.ResponseWriter, *http.Request) error {
			return errs.E(errs.Internal, "web.error.json") // a key on a fault of ours is not for the reader
		}),
		page("GET", "/error/{kind}", auth.Public, func(_ http.ResponseWriter, r *http.Request) error {
			for k := errs.Internal; k <= errs.Gone; k++ {
				if k.String() == r.PathValue("kind") {
					return errs.E(k, "", errs.P("by", "Trần Minh", "at", time.Date(2025, 6, 23, 8, 10, 0, 0, clock.Zone)))
				}
			}
			return nil
		}),
		page("POST", "/form", auth.Public, func(w http.ResponseWriter, r *http.Request) error {
			key, err := web.ClientKey(r)
			if err != nil {
				return err
			}
			f, err := web.Form(r)
			if err != nil {
				return err
			}
			return web.JSON(w, 200, map[string]string{"key": key, "name": f.Get("name")})
		}),
		page("POST", "/files", auth.Public, func(w http.ResponseWriter, r *http.Request) error {
			if _, err := web.Form(r); err != nil {
				return err
			}
			files, err := web.Files(r, "paper")
			if err != nil {
				return err
			}
			var names []string
			for _, f := range files {
				names = append(names, f.Name+" "+f.Type)
			}
			return web.JSON(w, 200, names)
		}),
	}, API: demoAPI}
}

type thing struct {
	Name  string   `json:"name" minLength:"1" maxLength:"20"`
	Count int      `json:"count,omitempty" minimum:"0" maximum:"10"`
	Tags  []string `json:"tags,omitempty" maxItems:"3"`
}

type makeIn struct {
	web.Keyed
	Body thing
}

type makeOut struct {
	Status int
	Body   thing
}

type listIn struct {
	web.Page
	ID int64 `path:"id"`
}

type listOut struct{ Body web.List[thing] }

func demoAPI(a *web.API) {
	web.Op(a, huma.Operation{OperationID: "make-thing", Method: "POST", Path: "/api/v1/things", Summary: "Make a thing", DefaultStatus: 201},
		auth.SignedIn, func(_ context.Context, in *makeIn) (*makeOut, error) {
			switch in.Body.Name {
			case "taken":
				return nil, errs.E(errs.Conflict, "", errs.P("by", "Trần Minh", "at", time.Date(2025, 6, 23, 8, 10, 0, 0, clock.Zone)))
			case "boom":
				return nil, errors.New("secret diagnosis")
			case "panic":
				panic("out")
			}
			return &makeOut{Status: 201, Body: in.Body}, nil
		})
	web.Op(a, huma.Operation{OperationID: "list-things", Method: "GET", Path: "/api/v1/boxes/{id}/things", Summary: "web.problem.conflict.title"},
		auth.Public, func(_ context.Context, in *listIn) (*listOut, error) {
			var after string
			if _, err := web.ReadCursor(in.Cursor, &after); err != nil {
				return nil, err
			}
			return &listOut{web.List[thing]{Items: []thing{{Name: "after " + after}}, Next: web.NewCursor("b")}}, nil
		})
}

type call struct {
	method, path, body string
	head               map[string]string
}

func (s site) do(t testing.TB, c call) *http.Response {
	t.Helper()
	if c.method == "" {
		c.method = "GET"
	}
	r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
	for k, v := range c.head {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func body(t testing.TB, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func problem(t testing.TB, r *http.Response) web.Problem {
	t.Helper()
	var p web.Problem
	if ct := r.Header.Get("Content-Type"); ct != "application/problem+json" {
		t.Fatalf("content type %q: %s", ct, body(t, r))
	}
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p
}

func html(extra ...string) map[string]string {
	h := map[string]string{"Accept": "text/html"}
	for i := 0; i+1 < len(extra); i += 2 {
		h[extra[i]] = extra[i+1]
	}
	return h
}

func TestServerDoesNotStartWithAHole(t *testing.T) {
	t.Parallel()
	ok := func(http.ResponseWriter, *http.Request) error { return nil }
	op := func(id, path string, p auth.Policy) func(*web.API) {
		return func(a *web.API) {
			web.Op(a, huma.Operation{OperationID: id, Method: "GET", Path: path}, p,
				func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
		}
	}
	tests := map[string]struct {
		m    []web.Module
		want string
	}{
		"no policy":    {[]web.Module{{Name: "m", Routes: []web.Route{{Method: "GET", Path: "/a", Do: ok}}}}, "GET /a has no policy"},
		"no handler":   {[]web.Module{{Name: "m", Routes: []web.Route{{Method: "GET", Path: "/a", Policy: auth.Public}}}}, "no handler"},
		"no method":    {[]web.Module{{Name: "m", Routes: []web.Route{{Path: "/a", Policy: auth.Public, Do: ok}}}}, "not a method and a path"},
		"clash":        {[]web.Module{{Name: "m", Routes: []web.Route{page("GET", "/a/{x}", auth.Public, ok)}}, {Name: "n", Routes: []web.Route{page("GET", "/a/{y}", auth.Public, ok)}}}, "conflicts"},
		"bad pattern":  {[]web.Module{{Name: "m", Routes: []web.Route{page("GET", "/a/{x", auth.Public, ok)}}}, "GET /a/{x"},
		"op no policy": {[]web.Module{{Name: "m", API: op("x", "/api/v1/a", auth.Nobody)}}, "no policy"},
		"op outside":   {[]web.Module{{Name: "m", API: op("x", "/elsewhere", auth.Public)}}, "under /api/v1/"},
		"op clash":     {[]web.Module{{Name: "m", API: op("x", "/api/v1/a", auth.Public)}, {Name: "n", API: op("y", "/api/v1/a", auth.Public)}}, "conflicts"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, _ := deps(t)
			if _, err := web.New(web.Config{}, d, tt.m...); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New: %v, want %q", err, tt.want)
			}
		})
	}
}

func TestEveryAnswerHasTheHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Config{PublicURL: "https://dvc.example.vn"}, demo())
	for _, c := range []call{
		{path: "/hello"}, {path: "/mine"}, {path: "/none", head: html()}, {path: "/panic", head: html()}, {path: "/healthz"}, {path: "/metrics"},
		{path: "/api/openapi.json"}, {path: "/api", head: html()}, {path: "/api/v1/boxes/1/things"}, {method: "DELETE", path: "/hello"}, {path: "/error/conflict"},
		{method: "POST", path: "/form", head: map[string]string{"Sec-Fetch-Site": "cross-site"}}, {path: "/long", head: html("Accept-Encoding", "gzip")},
	} {
		r := s.do(t, c)
		for _, want := range []struct{ name, part string }{
			{"Content-Security-Policy", "default-src 'self'"}, {"Content-Security-Policy", "frame-ancestors 'none'"},
			{"Content-Security-Policy", "form-action 'self'"}, {"X-Content-Type-Options", "nosniff"}, {"Referrer-Policy", "same-origin"},
			{"Strict-Transport-Security", "max-age="}, {"Cross-Origin-Opener-Policy", "same-origin"}, {"X-Request-Id", "-"},
		} {
			if !strings.Contains(r.Header.Get(want.name), want.part) {
				t.Errorf("%s %s: %s is %q", c.method, c.path, want.name, r.Header.Get(want.name))
			}
		}
		if strings.Contains(r.Header.Get("Content-Security-Policy"), "unsafe-") {
			t.Errorf("%s: unsafe content policy", c.path)
		}
	}
}

func TestOtherOriginsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Config{PublicURL: "https://dvc.example.vn"}, demo())
	tests := []struct {
		name string
		head map[string]string
		ok   bool
	}{
		{"a program sends neither", nil, true},
		{"typed or bookmarked", map[string]string{"Sec-Fetch-Site": "none"}, true},
		{"our page", map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "http://example.com"}, true},
		{"a sibling of ours", map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "https://other.example.vn"}, false},
		{"another site", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"}, false},
		{"a sandboxed frame", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "null"}, false},
		{"an old browser, our page", map[string]string{"Origin": "http://example.com"}, true},
		{"an old browser, another site", map[string]string{"Origin": "https://evil.test"}, false},
		{"an old browser, origin hidden", map[string]string{"Origin": "null"}, false},
		{"behind the city's proxy", map[string]string{"Origin": "https://dvc.example.vn"}, true},
	}
	for _, tt := range tests {
		head := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
		for k, v := range tt.head {
			head[k] = v
		}
		r := s.do(t, call{"POST", "/form", "_key=abcdefgh&name=x", head})
		if ok := r.StatusCode == 200; ok != tt.ok || !ok && r.StatusCode != 403 {
			t.Errorf("%s: status %d", tt.name, r.StatusCode)
		}
	}
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Config{}, demo())
	tests := []struct {
		path, token string
		head        map[string]string
		status      int
		location    string
	}{
		{"/mine?x=1", "", html(), 303, "/sign-in?next=%2Fmine%3Fx%3D1"},
		{"/mine", "", nil, 401, ""},
		{"/mine", "lan", html(), 200, ""},
		{"/desk", "lan", html(), 403, ""},
		{"/desk", "minh", html(), 200, ""},
		{"/hello", "expired", html(), 200, ""},
		{"/hello", "down", html(), 503, ""},
	}
	for _, tt := range tests {
		head := map[string]string{"Cookie": "khue=" + tt.token}
		for k, v := range tt.head {
			head[k] = v
		}
		r := s.do(t, call{path: tt.path, head: head})
		if r.StatusCode != tt.status || r.Header.Get("Location") != tt.location {
			t.Errorf("%s as %q: %d %q, want %d %q", tt.path, tt.token, r.StatusCode, r.Header.Get("Location"), tt.status, tt.location)
		}
		if gone := strings.Contains(r.Header.Get("Set-Cookie"), "khue=;"); gone != (tt.token == "expired") {
			t.Errorf("%s as %q: cookie taken away: %t", tt.path, tt.token, gone)
		}
	}
	if !strings.Contains(s.log.String(), "policy=default") && !strings.Contains(s.log.String(), `"policy":"default"`) {
		t.Errorf("the log does not say which policy refused: %s", s.log.String())
	}
	if r := s.do(t, call{path: "/hello", head: map[string]string{"Authorization": "Bearer stolen"}}); r.StatusCode != 401 || r.Header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("a bad bearer token on a public page: %d", r.StatusCode)
	}
}

func TestRefusalsSpeakTheReadersLanguage(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Config{}, demo())
	for k, status := range map[errs.Kind]int{
		errs.Internal: 500, errs.Invalid: 422, errs.NotFound: 404, errs.Forbidden: 403, errs.Unauthenticated: 401, errs.Conflict: 409,
		errs.Mismatch: 422, errs.TooLarge: 413, errs.RateLimited: 429, errs.Unavailable: 503, errs.Gone: 410,
	} {
		said := map[string]string{}
		for _, l := range []string{"vi", "en"} {
			p := problem(t, s.do(t, call{path: "/error/" + k.String(), head: map[string]string{"Accept-Language": l}}))
			if p.Status != status || p.Type != "/api#"+k.String() || p.Reference == "" || p.Title == "" || strings.Contains(p.Title+p.Detail, "⟨") {
				t.Errorf("%v in %s: %+v", k, l, p)
			}
			if (p.By == "Trần Minh" && p.At == "2025-06-23T08:10:00+07:00") != (k == errs.Conflict) {
				t.Errorf("%v says by %q at %q", k, p.By, p.At)
			}
			said[l] = p.Title + p.Detail
		}
		if said["vi"] == said["en"] {
			t.Errorf("%v reads the same in both languages: %s", k, said["vi"])
		}
	}
}

// TestABusyPageLeadsToItself: who is told to come again has a link to what they asked for; what was
// refused for good has none.
func TestABusyPageLeadsToItself(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Config{}, demo())
	for k, again := range map[errs.Kind]bool{errs.RateLimited: true, errs.Unavailable: true, errs.Forbidden: false, errs.Internal: false} {
		path := "/error/" + k.String() + "?code=H26"
		b := body(t, s.do(t, call{path: path, head: html("Accept-Language", "vi")}))
		if (strings.Contains(b, `href="`+path+`"`) && strings.Contains(b, "Thử lại")) != again {
			t.Errorf("%v: %s", k, b)
		}
	}
}

func TestMissingPages(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Config{}, demo())
	r := s.do(t, call{path: "/không-có", head: html()})
	if b := body(t, r); r.StatusCode != 404 || !strings.Contains(b, "Không tìm thấy") || !strings.Contains(b, r.Header.Get("X-Request-Id")) {
		t.Errorf("404: %d %s", r.StatusCode, b)
	}
	r = s.do(t, call{method: "POST", path: "/hello"})
	if p := problem(t, r); p.Status != 405 || !strings.Contains(r.Header.Get("Allow"), "GET") {
		t.Errorf("405: %+v allow %q", p, r.Header.Get("Allow"))
	}
	if r := s.do(t, call{path: "/api/v1/none", head: html()}); problem(t, r).Status != 404 {
		t.Error("a missing operation is a page")
	}
	if r := s.do(t, call{path: "/hello%00", head: html()}); r.StatusCode != 404 {
		t.Errorf("NUL in the path: %d", r.StatusCode)
	}
}

func TestFaultsLeaveAWholePageAndAQuietLog(t *testing.T) {
	t.Parallel()
	for path, diagnosis := range map[string]string{"/panic": "stack", "/broken": "the other half failed"} {
		s := newSite(t, web.Config{}, demo())
		r := s.do(t, call{path: path, head: html()})
		b := body(t, r)
		if r.StatusCode != 500 || strings.Contains(b, "half") || strings.Contains(b, "001085") || !strings.Contains(b, "</html>") {
			t.Errorf("%s: %d %s", path, r.StatusCode, b)
		}
		if strings.Contains(s.log.String(), "001085012345") {
			t.Errorf("%s: a personal number in the log: %s", path, s.log)
		}
		if !strings.Contains(s.log.String(), diagnosis) || !strings.Contains(s.log.String(), r.Header.Get("X-Request-Id")) {
			t.Errorf("%s: the log lacks the diagnosis or the reference: %s", path, s.log)
		}
	}
}

func TestOurFaultsAreNotExplained(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Config{}, demo())
	if p := problem(t, s.do(t, call{path: "/keyed", head: map[string]string{"Accept-Language": "en"}})); p.Status != 500 || strings.Contains(p.Detail, "JSON") {
		t.Errorf("%+v", p)
	}
}

func TestOneEventPerRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Config{}, demo())
	s.do(t, call{path: "/hello?phone=0912345678", head: map[string]string{"Cookie": "khue=lan", "User-Agent": "x"}})
	var event map[string]any
	if err := json.Unmarshal(s.log.Bytes(), &event); err != nil {
		t.Fatalf("not one event: %v\n%s", err, s.log)
	}
	for k, want := range map[string]any{"msg": "request", "method": "GET", "route": "/hello", "status": 200.0, "account": 7.0} {
		if event[k] != want {
			t.Errorf("%s is %v, want %v", k, event[k], want)
		}
	}
	for _, secret := range []string{"0912345678", "Lan", "khue=lan"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log holds %q: %s", secret, s.log)
		}
	}
}

func TestLanguageAndChoices(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Config{}, demo())
	for _, tt := range []struct {
		path, accept, cookie, want, sets string
	}{
		{"/hello", "", "", "vi", ""},
		{"/hello", "en-GB,en;q=0.9", "", "en", ""},
		{"/hello", "fr,en;q=0.5", "", "en", ""},
		{"/hello", "en", "lang=vi", "vi", ""},
		{"/hello?lang=en", "", "lang=vi", "en", "lang=en"},
		{"/hello?lang=xx", "", "", "vi", ""},
	} {
		r := s.do(t, call{path: tt.path, head: map[string]string{"Accept-Language": tt.accept, "Cookie": tt.cookie}})
		if got := body(t, r); !strings.Contains(got, "<p>"+tt.want) || !strings.HasPrefix(r.Header.Get("Set-Cookie"), tt.sets) {
			t.Errorf("%+v: %s, sets %q", tt, got, r.Header.Get("Set-Cookie"))
		}
	}
	r := s.do(t, call{"POST", "/preferences", "lang=en&theme=dark&density=bogus&back=/mine%3Flang%3Dvi%26a%3D1", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}})
	cookies := strings.Join(r.Header["Set-Cookie"], "\n")
	if r.StatusCode != 303 || r.Header.Get("Location") != "/mine?a=1" || !strings.Contains(cookies, "theme=dark") || strings.Contains(cookies, "bogus") {
		t.Errorf("preferences: %d %q %s", r.StatusCode, r.Header.Get("Location"), cookies)
	}
	for _, evil := range []string{"https://evil.test", "//evil.test", "/\\evil.test", "\\evil", "/\tevil", "javascript:alert(1)", "", "/a\nb"} {
		if got := web.LocalPath(evil); got != "/" {
			t.Errorf("LocalPath(%q) = %q", evil, got)
		}
	}
}

func TestSessionCookieIsBoundToTheHost(t *testing.T) {
	t.Parallel()
	set := web.Module{Name: "m", Routes: []web.Route{page("POST", "/in", auth.Public, func(w http.ResponseWriter, r *http.Request) error {
		web.SetSession(w, r, "lan")
		return nil
	})}}
	for public, want := range map[string][]string{"https://dvc.example.vn": {"__Host-khue=lan", "Secure"}, "": {"khue=lan"}} {
		c := newSite(t, web.Config{PublicURL: public}, set).do(t, call{method: "POST", path: "/in"}).Header.Get("Set-Cookie")
		for _, part := range append(want, "HttpOnly", "SameSite=Lax", "Path=/") {
			if !strings.Contains(c, part) {
				t.Errorf("with %q the cookie is %q, want %s", public, c, part)
			}
		}
	}
}

func TestAnswersAreCompressed(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Config{}, demo())
	for path, want := range map[string]string{"/long": "gzip", "/hello": ""} {
		if got := s.do(t, call{path: path, head: html("Accept-Encoding", "gzip")}).Header.Get("Content-Encoding"); got != want {
			t.Errorf("%s: encoding %q, want %q", path, got, want)
		}
	}
}

func TestRoutesCanBeAudited(t *testing.T) {
	t.Parallel()
	routes := newSite(t, web.Config{}, demo()).Routes()
	want := web.RouteInfo{Module: "demo", Method: "POST", Path: "/api/v1/things", Policy: auth.SignedIn}
	if !slices.Contains(routes, want) {
		t.Errorf("the list of routes lacks %+v", want)
	}
}
