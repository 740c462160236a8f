package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
)

const (
	minCompress   = 1400 // bytes: under one packet nothing is won
	compressLevel = gzip.DefaultCompression
)

var compressible = []string{
	"text/html", "text/css", "text/plain", "text/csv", "text/javascript", "image/svg+xml",
	"application/json", "application/problem+json", "application/openapi+json",
}

// policyHeader lets a page load from this site only, and be framed by nobody. Nothing inline runs.
const policyHeader = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// securityHeaders stand on every answer; a handler may replace one, as Send does.
func securityHeaders(secure bool) http.Header {
	h := http.Header{
		"Content-Security-Policy":      {policyHeader},
		"X-Content-Type-Options":       {"nosniff"},
		"Referrer-Policy":              {"same-origin"}, // addresses hold dossier codes
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Permissions-Policy":           {"camera=(), microphone=(), geolocation=(self), payment=(), usb=()"},
	}
	if secure {
		h["Strict-Transport-Security"] = []string{"max-age=31536000; includeSubDomains"}
	}
	return h
}

// recorder remembers what was answered, for the log and for recovery.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 || w.status < 200 { // an early hint may come first
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach flushing and deadlines.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// ServeHTTP is the whole chain, in one pass: headers, reference, language, subject; then,
// inside compression, the checks, the route and recovery; at the end the one event.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for k, v := range s.heads {
		h[k] = v
	}
	st := &state{server: s, ref: newReference(), started: s.deps.Clock.Now(), api: strings.HasPrefix(r.URL.Path, "/api/")}
	h["X-Request-Id"] = []string{st.ref}
	if s.leaving.Load() {
		h["Connection"] = []string{"close"}
	}
	ctx := context.WithValue(r.Context(), stateKey{}, st)
	if s.deps.Trace.On() {
		ctx, st.span = s.deps.Trace.Request(ctx, s.parentSpan(r))
	}
	r = r.WithContext(ctx)
	if r.URL.Path == livePath { // a stream must not wait until compression pays
		s.dispatch(w, r)
		return
	}
	s.inner.ServeHTTP(w, r)
}

// dispatch runs inside compression.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request) {
	st := stateOf(r.Context())
	rec := &recorder{ResponseWriter: w}
	st.request = r
	defer s.finish(rec, st)
	var err error
	if !isFree(r.URL.Path) {
		leave, full := s.fair.enter(r.Context(), clientAddr(r))
		if full != nil {
			l, _ := language(r, "")
			st.request = r.WithContext(i18n.WithLang(r.Context(), s.deps.Bundle, l))
			s.fail(rec, st.request, full)
			return
		}
		defer leave()
	}
	if st.request, err = s.prepare(rec, r, st); err != nil {
		s.fail(rec, st.request, err)
		return
	}
	s.mux.ServeHTTP(rec, st.request)
}

// finish recovers from a panic and logs the request's event.
func (s *Server) finish(rec *recorder, st *state) {
	r, aborted := st.request, false
	if p := recover(); p != nil {
		if e, ok := p.(error); ok && errors.Is(e, http.ErrAbortHandler) {
			aborted = true
		} else {
			s.deps.Log.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("ref", st.ref),
				slog.String("value", maskNumbers(fmt.Sprint(p))), slog.String("stack", string(debug.Stack())))
			aborted = rec.status != 0 // half an answer went out: cut the connection
			if !aborted {
				s.fail(rec, r, errs.E(errs.Internal, ""))
			}
		}
	}
	if rec.status == 0 && !aborted {
		rec.status = http.StatusOK
	}
	took := s.deps.Clock.Now().Sub(st.started)
	s.metrics.observe(r.Method, st.route, rec.status, took)
	s.event(r, st, rec, took)
	st.endSpan(r.Method, rec.status)
	if aborted {
		panic(http.ErrAbortHandler)
	}
}

func (s *Server) event(r *http.Request, st *state, rec *recorder, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case rec.status == http.StatusServiceUnavailable: // said to those who come too many at once
		level = slog.LevelWarn
	case rec.status >= http.StatusInternalServerError:
		level = slog.LevelError
	}
	if !s.deps.Log.Enabled(r.Context(), level) {
		return
	}
	var buf [12]slog.Attr
	attrs := append(buf[:0], slog.String("ref", st.ref), slog.String("method", r.Method), slog.String("route", st.route),
		slog.Int("status", rec.status), slog.Int64("us", took.Microseconds()), slog.Int64("bytes", rec.bytes))
	if st.account != 0 {
		attrs = append(attrs, slog.Int64("account", st.account))
	}
	s.deps.Log.LogAttrs(r.Context(), level, "request", append(attrs, st.attrs...)...)
}

// prepare refuses what no route should see and settles language, choices and subject.
func (s *Server) prepare(w http.ResponseWriter, r *http.Request, st *state) (*http.Request, error) {
	var lang string
	for _, line := range r.Header["Cookie"] {
		for part := range strings.SplitSeq(line, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			switch name {
			case langCookie:
				lang = value
			case themeCookie:
				st.theme = oneOf(value, "light", "dark")
			case densityCookie:
				st.density = oneOf(value, "compact")
			case pocketName(kioskCookie, s.secure || r.TLS != nil):
				st.kiosk = s.deps.Kiosk != nil && s.deps.Kiosk(r.Context(), value)
			case sessionCookie(s.secure || r.TLS != nil):
				st.token = value
			}
		}
	}
	l, chosen := language(r, lang)
	if chosen && lang != string(l) {
		s.setChoice(w, st, langCookie, string(l))
	}
	ctx := i18n.WithLang(r.Context(), s.deps.Bundle, l)
	proves := st.authorization(r)
	r = r.WithContext(ctx)
	if !cleanPath(r.URL.Path) {
		return r, errs.E(errs.NotFound, "web.error.not_found")
	}
	if err := cleanQuery(r); err != nil {
		return r, err
	}
	if err := s.origins.Check(r); err != nil {
		return r, errs.E(errs.Forbidden, "web.error.other_site", errs.Cause(err))
	}
	if st.token == "" || r.URL.Path == metricsPath { // whose token is no account's
		return r, nil
	}
	resolve := s.deps.Auth.Resolve
	if p, ok := s.deps.Auth.(peeker); ok && (r.URL.Path == livePath || r.Header.Get(byItself) != "") {
		resolve = p.Peek
	}
	sub, err := resolve(ctx, st.token)
	if err == nil {
		err = s.admit(r, st, sub, proves)
	}
	switch {
	case err == nil:
		st.account = sub.Account
		return r.WithContext(auth.With(ctx, sub)), nil
	case errs.Is(err, errs.Unauthenticated) && !st.bearer:
		st.token = ""
		SetSession(w, r, "") // an old cookie: a visitor
		return r, nil
	}
	return r, err
}

// serve runs one route under its policy and its limit.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, route Route, action auth.Action) {
	ctx := r.Context()
	st := stateOf(ctx)
	st.route = route.Path
	if err := mayAsk(w, auth.From(ctx), route); err != nil {
		s.fail(w, r, err)
		return
	}
	if err := s.deps.Policies.Can(ctx, action, auth.Resource{}); err != nil {
		s.fail(w, r, err)
		return
	}
	leave, err := s.limitRoute(r, route)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer leave()
	refused, err := s.limitRate(r, route)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if r.Body != nil && r.Body != http.NoBody {
		limit := route.MaxBody
		if limit <= 0 {
			limit = s.cfg.MaxBody
		}
		if r.ContentLength <= limit {
			r.Body = http.MaxBytesReader(w, s.pace(w, r.Body), limit)
		} else if !s.skip(w, r, route, limit) {
			s.fail(w, r, tooLarge(limit, nil))
			return
		}
	}
	if !st.api {
		r = r.WithContext(s.withShell(r))
	}
	want := s.lacks(auth.From(ctx), route)
	if want == auth.NoProof {
		err = route.Do(w, r)
		refused(err)
		want = auth.Wanted(err) // what it would do showed only now
	}
	if want != auth.NoProof {
		err = s.prove(w, r, want)
	}
	if err != nil {
		s.fail(w, r, err)
	}
}

// lacks is the proof that a session must have for a route and has not.
func (s *Server) lacks(sub auth.Subject, route Route) auth.Proof {
	now := s.deps.Clock.Now()
	if s.deps.Demands != nil && !route.Enrols {
		if p := s.deps.Demands(sub); !p.Met(sub, now) {
			return p
		}
	}
	if !route.Proof.Met(sub, now) {
		return route.Proof
	}
	return auth.NoProof
}

// prove asks a reader of pages for a proof. A program is told what its token lacks (RFC 9470).
func (s *Server) prove(w http.ResponseWriter, r *http.Request, want auth.Proof) error {
	if st := stateOf(r.Context()); st.api || st.bearer || s.deps.Prove == nil {
		w.Header().Set("WWW-Authenticate", challengeOf(want))
		return errs.E(errs.Forbidden, "auth.error.prove")
	}
	return s.deps.Prove(w, r, want)
}

// challengeOf is the header that says so.
func challengeOf(want auth.Proof) string {
	challenge := `Bearer error="insufficient_user_authentication"`
	switch want {
	case auth.ProveTwo, auth.ProveTwoAgain:
		challenge += `, acr_values="registered+mfa verified+mfa"`
	case auth.ProveToSign:
		challenge += `, max_age=` + strconv.Itoa(int(auth.SignFor/time.Second))
	}
	return challenge
}

// withShell puts what surrounds a page in the context.
func (s *Server) withShell(r *http.Request) context.Context {
	ctx := r.Context()
	sub := auth.From(ctx)
	base := ui.Shell{
		Lang: i18n.LangOf(ctx), Theme: ui.ParseTheme(Theme(ctx)), Density: ui.Density(Density(ctx)),
		Path: r.URL.RequestURI(), SignIn: SignInPath(r.URL.RequestURI()),
	}
	if st := stateOf(ctx); st != nil && st.kiosk {
		base.Kiosk, base.Density = true, ui.DensityKiosk
	}
	if sub.SignedIn() {
		base.User = &ui.User{Name: sub.Name, Href: "/account", SignOut: "/sign-out"}
	}
	if s.deps.Shell != nil {
		base = s.deps.Shell(ctx, r, base)
	}
	return ui.WithShell(ctx, base)
}

// missing draws 404, or 405 where the path exists under another method.
func (s *Server) missing(w http.ResponseWriter, r *http.Request) {
	h, pattern := s.known.Handler(r)
	if pattern == "" {
		probe := &headerOnly{h: http.Header{}}
		h.ServeHTTP(probe, r)
		if allow := probe.h.Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
			s.write(w, r, s.problem(r, http.StatusMethodNotAllowed, "method"))
			return
		}
	}
	s.fail(w, r, errs.E(errs.NotFound, "web.error.not_found"))
}

type headerOnly struct{ h http.Header }

func (w *headerOnly) Header() http.Header         { return w.h }
func (w *headerOnly) Write(b []byte) (int, error) { return len(b), nil }
func (w *headerOnly) WriteHeader(int)             {}

func oneOf(v string, allowed ...string) string {
	for _, a := range allowed {
		if v == a {
			return v
		}
	}
	return ""
}

func cleanPath(p string) bool {
	for _, c := range p {
		if c < ' ' || c == 0x7f || c == utf8.RuneError {
			return false
		}
	}
	return true
}

// langParam reads lang from a raw query without parsing the rest.
func langParam(raw string) (i18n.Lang, bool) {
	for raw != "" {
		var part string
		part, raw, _ = strings.Cut(raw, "&")
		if v, ok := strings.CutPrefix(part, langCookie+"="); ok {
			return i18n.ParseLang(v)
		}
	}
	return i18n.VI, false
}
