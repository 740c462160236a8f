package web

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"khue/internal/kernel/i18n"
)

// state is what the edge knows of one request. It lives in the context; only the
// request's own goroutine touches it.
type state struct {
	server  *Server
	ref     string
	theme   string
	density string
	token   string // of the session or the program, as sent
	bearer  bool   // the token came in Authorization
	route   string // pattern that matched
	account int64
	api     bool // answers as problem+json
	form    url.Values
	attrs   []slog.Attr
	started time.Time
	request *http.Request // with the context as prepared
}

type stateKey struct{}

func stateOf(ctx context.Context) *state {
	st, _ := ctx.Value(stateKey{}).(*state)
	return st
}

// Reference is the short name of this request that a reader can quote and an operator
// finds in the log; empty outside a request.
func Reference(ctx context.Context) string {
	if st := stateOf(ctx); st != nil {
		return st.ref
	}
	return ""
}

// Theme is the reader's choice: "light", "dark", or "" as the device says.
func Theme(ctx context.Context) string {
	if st := stateOf(ctx); st != nil {
		return st.theme
	}
	return ""
}

// Density is the reader's choice: "compact", or "" as the page says.
func Density(ctx context.Context) string {
	if st := stateOf(ctx); st != nil {
		return st.density
	}
	return ""
}

// Token is the session or API token of the request, for signing out; empty for a visitor.
func Token(ctx context.Context) string {
	if st := stateOf(ctx); st != nil {
		return st.token
	}
	return ""
}

// Note adds facts to the request's one event in the log: codes and counts, never a
// personal number or a name.
func Note(ctx context.Context, attrs ...slog.Attr) {
	if st := stateOf(ctx); st != nil {
		st.attrs = append(st.attrs, attrs...)
	}
}

// newReference is ten letters and digits that cannot be misread, in two groups.
func newReference() string {
	t := rand.Text()
	return t[:5] + "-" + t[5:10]
}

// Cookies that hold a choice, not a person. They last a year.
const (
	langCookie    = "lang"
	themeCookie   = "theme"
	densityCookie = "density"
	choiceAge     = 365 * 24 * 3600
)

func (s *Server) setChoice(w http.ResponseWriter, name, value string) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: choiceAge, HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// SetSession hands the browser its session token, or takes it away when token is empty.
func SetSession(w http.ResponseWriter, r *http.Request, token string) {
	secure := r.TLS != nil
	if st := stateOf(r.Context()); st != nil {
		secure = secure || st.server.secure
	}
	c := &http.Cookie{Name: sessionCookie(secure), Value: token, Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// sessionCookie is bound to this very host where the connection is safe.
func sessionCookie(secure bool) string {
	if secure {
		return "__Host-khue"
	}
	return "khue"
}

// browserAge is how long a browser is known by its cookie without having signed in.
const browserAge = 30 * 24 * 3600

// Browser is the token of the browser that asks, "" where it has none. It tells browsers
// apart, not people, and opens only what was begun in this browser without signing in.
func Browser(r *http.Request) string {
	secure := r.TLS != nil
	if st := stateOf(r.Context()); st != nil {
		secure = secure || st.server.secure
	}
	c, err := r.Cookie(browserCookie(secure))
	if err != nil || !goodKey(c.Value) {
		return ""
	}
	return c.Value
}

// KnowBrowser is Browser, and gives the browser a token, or its token another thirty days.
// Use it where something is begun.
func KnowBrowser(w http.ResponseWriter, r *http.Request) string {
	token := Browser(r)
	if token == "" {
		token = NewKey()
	}
	secure := r.TLS != nil
	if st := stateOf(r.Context()); st != nil {
		secure = secure || st.server.secure
	}
	http.SetCookie(w, &http.Cookie{Name: browserCookie(secure), Value: token, Path: "/", MaxAge: browserAge, HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode})
	return token
}

func browserCookie(secure bool) string {
	if secure {
		return "__Host-khue-browser"
	}
	return "khue-browser"
}

// language picks the reader's language: ?lang=, then the cookie, then what the browser
// asks for, then Vietnamese. chosen reports that the address named it.
func language(r *http.Request, cookie string) (l i18n.Lang, chosen bool) {
	if l, ok := langParam(r.URL.RawQuery); ok {
		return l, true
	}
	if l, ok := i18n.ParseLang(cookie); ok {
		return l, false
	}
	return i18n.Match(r.Header.Get("Accept-Language")), false
}
