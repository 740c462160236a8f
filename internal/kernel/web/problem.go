package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

// Problem is a refusal in the reader's language, after RFC 9457. Pages and the API show the same.
type Problem struct {
	Type      string       `json:"type" format:"uri-reference" example:"/api#conflict" doc:"Kind of problem; leads to its description."`
	Title     string       `json:"title" doc:"The kind in a few words."`
	Status    int          `json:"status" doc:"HTTP status."`
	Detail    string       `json:"detail" doc:"What happened and what to do."`
	Reference string       `json:"reference" example:"K7FQX-2MZ4T" doc:"Quote this when asking for help."`
	Errors    []FieldError `json:"errors,omitempty" doc:"Inputs that were refused."`
	By        string       `json:"by,omitempty" doc:"With a conflict: who acted first."`
	Level     string       `json:"level,omitempty" enum:"registered,verified" doc:"Where the account is not enough: the level that it needs."`
	At        string       `json:"at,omitempty" format:"date-time" doc:"With a conflict: when."`
}

// FieldError is one input that was refused.
type FieldError struct {
	Path    string `json:"path" example:"body.applicant.phone"`
	Message string `json:"message"`
}

// statuses is the one table from kinds to HTTP.
var statuses = [...]int{
	errs.Internal:        http.StatusInternalServerError,
	errs.Invalid:         http.StatusUnprocessableEntity,
	errs.NotFound:        http.StatusNotFound,
	errs.Forbidden:       http.StatusForbidden,
	errs.Unauthenticated: http.StatusUnauthorized,
	errs.Conflict:        http.StatusConflict,
	errs.Mismatch:        http.StatusUnprocessableEntity,
	errs.TooLarge:        http.StatusRequestEntityTooLarge,
	errs.RateLimited:     http.StatusTooManyRequests,
	errs.Unavailable:     http.StatusServiceUnavailable,
	errs.Gone:            http.StatusGone,
}

// statusClientGone is logged when the reader left before the answer.
const statusClientGone = 499

func tooLarge(limit int64, cause error) error {
	if limit >= 1<<20 {
		return errs.E(errs.TooLarge, "web.error.too_large_mb", errs.P("mb", limit>>20), errs.Cause(cause))
	}
	return errs.E(errs.TooLarge, "web.error.too_large", errs.P("kb", limit>>10), errs.Cause(cause))
}

// ProblemOf says an error to the reader of ctx. The diagnosis stays behind.
func ProblemOf(ctx context.Context, err error) Problem {
	kind, e := errs.KindOf(err), &errs.Error{}
	if house, ok := errs.As(err); ok {
		e = house
	} else if errors.Is(err, context.DeadlineExceeded) {
		kind = errs.Unavailable
	}
	p := newProblem(ctx, statuses[kind], kind.String())
	b, lang := i18n.BundleOf(ctx), i18n.LangOf(ctx)
	if b == nil {
		return p
	}
	if kind != errs.Internal && e.Key != "" && b.Has(e.Key) {
		p.Detail = b.Map(lang, e.Key, e.Params)
	}
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, FieldError{Path: f.Path, Message: b.Map(lang, f.Key, f.Params)})
	}
	if kind == errs.Forbidden || kind == errs.Unauthenticated {
		p.Level, _ = e.Params["level"].(string)
	}
	if kind == errs.Conflict {
		if by, ok := e.Params["by"]; ok {
			p.By, _ = by.(string)
		}
		if at, ok := e.Params["at"].(time.Time); ok {
			p.At = at.Format(time.RFC3339)
		}
	}
	return p
}

func newProblem(ctx context.Context, status int, kind string) Problem {
	key := strings.ReplaceAll(kind, "-", "_")
	return Problem{
		Type: "/api#" + kind, Status: status, Reference: Reference(ctx),
		Title:  i18n.T(ctx, "web.problem."+key+".title"),
		Detail: i18n.T(ctx, "web.problem."+key+".detail"),
	}
}

func (s *Server) problem(r *http.Request, status int, kind string) Problem {
	return newProblem(r.Context(), status, kind)
}

// fail is where every error of a handler ends.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	ctx := r.Context()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		w.WriteHeader(statusClientGone)
		return
	}
	p := ProblemOf(ctx, err)
	noteError(ctx, p.Status, err)
	switch p.Status {
	case http.StatusUnauthorized:
		if wantsPage(r) && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, SignInPath(r.URL.RequestURI()), http.StatusSeeOther)
			return
		}
		w.Header().Set("WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter(err)))
	}
	s.write(w, r, p)
}

// noteError puts the diagnosis of our own faults in the event, and of refusals only the key
// and the policy.
func noteError(ctx context.Context, status int, err error) {
	if status >= http.StatusInternalServerError {
		Note(ctx, slog.String("error", maskNumbers(err.Error())))
		return
	}
	if e, ok := errs.As(err); ok {
		Note(ctx, slog.String("refused", e.Key))
	}
	if action, policy, ok := auth.RefusedBy(err); ok {
		Note(ctx, slog.String("action", string(action)), slog.String("policy", policy))
	}
}

// maskNumbers hides what may be a personal number or a telephone in a diagnosis: runs of 9
// to 12 digits keep three at each end. Our own ids are longer and stay.
func maskNumbers(s string) string {
	b := []byte(s)
	for i := 0; i < len(b); {
		n := 0
		for i+n < len(b) && b[i+n] >= '0' && b[i+n] <= '9' {
			n++
		}
		if n >= 9 && n <= 12 {
			for j := i + 3; j < i+n-3; j++ {
				b[j] = 'x'
			}
		}
		i += max(n, 1)
	}
	return string(b)
}

// retryAfter is the parameter "after" of an error, in whole seconds.
func retryAfter(err error) int {
	if e, ok := errs.As(err); ok {
		if d, ok := e.Params["after"].(time.Duration); ok && d > 0 {
			return int((d + time.Second - 1) / time.Second)
		}
	}
	return 5
}

// SignInPath is the sign-in page that leads back to a path of this site.
func SignInPath(back string) string {
	if back = LocalPath(back); back == "/" {
		return "/sign-in"
	}
	return "/sign-in?next=" + url.QueryEscape(back)
}

// wantsPage reports whether the reader is a browser on a page, not a program.
func wantsPage(r *http.Request) bool {
	if st := stateOf(r.Context()); st != nil && st.api {
		return false
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// write sends a problem as a page or as problem+json.
func (s *Server) write(w http.ResponseWriter, r *http.Request, p Problem) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept")
	if !wantsPage(r) {
		h.Set("Content-Type", "application/problem+json")
		w.WriteHeader(p.Status)
		_ = json.NewEncoder(w).Encode(p)
		return
	}
	ctx := s.withShell(r)
	back, again := r.URL.RequestURI(), ""
	if r.Method != http.MethodGet {
		back = refererPath(r)
	} else if (p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable) && !strings.HasPrefix(back, "//") {
		again = back // what was read, not what was sent: a form is sent again by its own button
	}
	var buf bytes.Buffer
	if err := problemPage(p, back, again).Render(ctx, &buf); err != nil {
		Note(ctx, slog.String("error_page", err.Error()))
		buf.Reset()
		_ = plainPage(p).Render(ctx, &buf)
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(p.Status)
	_, _ = w.Write(buf.Bytes())
}

// refererPath is the page of ours that a form was sent from.
func refererPath(r *http.Request) string {
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host != r.Host {
		return "/"
	}
	return LocalPath(u.RequestURI())
}

// plainPage needs nothing that may be broken.
func plainPage(p Problem) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		_, err := io.WriteString(w, `<!doctype html><html lang="`+string(i18n.LangOf(ctx))+`"><head><meta charset="utf-8"><title>`+
			html.EscapeString(p.Title)+`</title></head><body><main><h1>`+html.EscapeString(p.Title)+`</h1><p>`+
			html.EscapeString(p.Detail)+`</p><p>`+html.EscapeString(p.Reference)+`</p></main></body></html>`)
		return err
	})
}

// Status is the status for an error, for a handler that draws its own page of a refusal.
func Status(err error) int { return statuses[errs.KindOf(err)] }

// Refused prepares an answer that a handler draws itself, such as a form shown again with
// what is wrong: it notes the refusal in the log and sets Retry-After where it applies.
func Refused(w http.ResponseWriter, r *http.Request, err error) {
	status := Status(err)
	noteError(r.Context(), status, err)
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter(err)))
	}
}
