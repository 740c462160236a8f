package web

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/trace"
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
	kiosk   bool // a browser in a public place
	form    url.Values
	over    *oversized // the form was too large, and its files were skipped
	attrs   []slog.Attr
	started time.Time
	span    trace.Span
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

func (s *Server) setChoice(w http.ResponseWriter, st *state, name, value string) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: choiceAge, HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode}
	if st != nil && st.kiosk {
		c.MaxAge = 0 // for this person only: it goes when they finish
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// SetSession hands the browser its session token, or takes it away when token is empty.
func SetSession(w http.ResponseWriter, r *http.Request, token string) {
	setCookie(w, r, sessionCookie(isSecure(r)), token, 0, http.SameSiteLaxMode)
}

// sessionCookie is bound to this very host where the connection is safe.
func sessionCookie(secure bool) string { return pocketName("khue", secure) }

func pocketName(name string, secure bool) string {
	if secure {
		return "__Host-" + name
	}
	return name
}

// isSecure goes by the connection and by what the operator set, never by a header.
func isSecure(r *http.Request) bool {
	st := stateOf(r.Context())
	return r.TLS != nil || st != nil && st.server.secure
}

func setCookie(w http.ResponseWriter, r *http.Request, name, value string, age int, site http.SameSite) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: isSecure(r), SameSite: site}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// Pocket keeps something short in the browser, for so many seconds (0: until it closes),
// where scripts and other sites do not see it; "" takes it away. The name begins with khue-.
func Pocket(w http.ResponseWriter, r *http.Request, name, value string, seconds int) {
	setCookie(w, r, pocketName(name, isSecure(r)), value, seconds, http.SameSiteStrictMode)
}

// InPocket is what Pocket kept; "" where there is nothing.
func InPocket(r *http.Request, name string) string {
	c, err := r.Cookie(pocketName(name, isSecure(r)))
	if err != nil {
		return ""
	}
	return c.Value
}

const (
	browserName = "khue-browser"
	kioskCookie = "khue-kiosk"
	// browserAge is how long a browser is known by its cookie without having signed in.
	browserAge = 30 * 24 * 3600
	kioskAge   = 365 * 24 * 3600
)

// Browser is the token of the browser that asks, "" where it has none. It tells browsers
// apart, not people, and opens only what was begun in this browser without signing in.
func Browser(r *http.Request) string {
	value := InPocket(r, browserName)
	if !goodKey(value) {
		return ""
	}
	return value
}

// KnowBrowser is Browser, and gives the browser a token, or its token another thirty days; at
// a kiosk until its person finishes. Use it where something is begun.
func KnowBrowser(w http.ResponseWriter, r *http.Request) string {
	token := Browser(r)
	if token == "" {
		token = NewKey()
	}
	age := browserAge
	if Kiosk(r.Context()) {
		age = 0
	}
	setCookie(w, r, pocketName(browserName, isSecure(r)), token, age, http.SameSiteLaxMode)
	return token
}

// Kiosk reports whether the browser stands in a public place.
func Kiosk(ctx context.Context) bool {
	st := stateOf(ctx)
	return st != nil && st.kiosk
}

// SetKiosk marks the browser as one that stands in a public place.
func SetKiosk(w http.ResponseWriter, r *http.Request, token string) {
	Pocket(w, r, kioskCookie, token, kioskAge)
}

// ForgetPerson takes from the browser whatever it kept of the person before it: cookies but
// the kiosk's own, storage, and pages that the back button would bring again.
func ForgetPerson(w http.ResponseWriter, r *http.Request) {
	for _, c := range r.Cookies() {
		if c.Name != pocketName(kioskCookie, isSecure(r)) {
			setCookie(w, r, c.Name, "", -1, http.SameSiteLaxMode)
		}
	}
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
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
