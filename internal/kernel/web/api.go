package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/i18n"
)

// apiRoot is where every operation of the JSON API lives.
const apiRoot = "/api/v1/"

// API collects the operations of the JSON API. Modules add theirs with Op.
type API struct {
	server *Server
	huma   huma.API
	errors errorSpeaker
	module string      // whose operations are being collected
	policy auth.Policy // of the operation being registered
	path   string      // and its path
	scope  string      // and its scope
	ends   ending      // where it goes out of use
	faults []error
	ops    []*huma.Operation
	doc    []byte // OpenAPI 3.1, made once
	etag   string
	docs   []docOp // the same for people
	bodies buffers
}

// Keyed is embedded in the input of every command: the client's request id.
type Keyed struct {
	Key string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$" patternDescription:"letters, digits, - and _" doc:"Made by the client, one for each intent. The same key with the same body is answered again without acting again; with another body it is refused. A UUID of version 7 is best: such keys are kept together."`
}

func newAPI(s *Server) *API {
	a := &API{server: s, errors: newErrorSpeaker()}
	cfg := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: s.deps.About.Title, Version: s.deps.About.Version, Description: s.deps.About.Description},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", schemaNamer()),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"bearer":  {Type: "http", Scheme: "bearer", Description: "A token from `khue token --as ACCOUNT`."},
					"oauth":   {Type: "openIdConnect", OpenIDConnectURL: "/.well-known/openid-configuration", Description: "A token that somebody gave to a registered program, with its scopes."},
					"session": {Type: "apiKey", In: "cookie", Name: sessionCookie(s.secure), Description: "The session of somebody signed in to the pages."},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{a.speak},
	}
	a.huma = huma.NewAPI(cfg, humago.NewAdapter(apiMux{a}, ""))
	return a
}

// apiMux puts each of huma's handlers behind the same policy check, limit and log as a page.
type apiMux struct{ a *API }

func (m apiMux) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	method, _, _ := strings.Cut(pattern, " ")
	err := m.a.server.route(m.a.module, Route{
		Method: method, Path: m.a.path, Policy: m.a.policy, Scope: m.a.scope,
		Do: m.a.ends.over(func(w http.ResponseWriter, r *http.Request) error { return m.a.handle(w, r, handler) }),
	})
	if err != nil {
		m.a.faults = append(m.a.faults, err)
	}
}

// handle cleans a JSON body before huma sees it.
func (a *API) handle(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) error {
	if r.Body == nil || r.Body == http.NoBody || !isJSON(r.Header.Get("Content-Type")) {
		next(w, r)
		return nil
	}
	done, refused, err := a.cleanBody(r)
	defer done()
	if err != nil {
		return err
	}
	if refused != "" {
		p := newProblem(r.Context(), http.StatusBadRequest, "malformed")
		p.Errors = []FieldError{{Path: "body", Message: i18n.T(r.Context(), refused)}}
		a.server.write(w, r, p)
		return nil
	}
	next(w, r)
	return nil
}

func (m apiMux) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.a.server.ServeHTTP(w, r) }

// Op adds an operation. I has path, query and header parameters and a Body; O has a Body
// and headers (huma's tags). Keys that I does not name are refused. op needs OperationID,
// Method, Path and Summary; Summary and Description may be message keys, which the page at
// /api says in the reader's language. The policy stands in the document as x-policy.
//
// fn returns errors of the house; they are answered as problem+json. Commands embed Keyed.
func Op[I, O any](a *API, op huma.Operation, policy auth.Policy, fn func(context.Context, *I) (*O, error)) {
	if policy == auth.Nobody {
		a.faults = append(a.faults, fmt.Errorf("web: %s: %s %s has no policy", a.module, op.Method, op.Path))
		return
	}
	if !strings.HasPrefix(op.Path, apiRoot) || op.OperationID == "" {
		a.faults = append(a.faults, fmt.Errorf("web: %s: %s %s: an operation has an id and a path under %s", a.module, op.Method, op.Path, apiRoot))
		return
	}
	a.policy, a.path = policy, op.Path
	a.scope, _ = op.Extensions[scopeName].(string)
	a.ends = endingOf(op)
	if op.Extensions == nil {
		op.Extensions = map[string]any{}
	}
	op.Extensions["x-policy"] = policy.String()
	if policy != auth.Public {
		op.Security = []map[string][]string{{"bearer": {}}, {"session": {}}}
		if a.scope != "" {
			op.Security = append(op.Security, map[string][]string{"oauth": {a.scope}})
		}
	}
	if len(op.Tags) == 0 {
		op.Tags = []string{a.module}
	}
	// huma's own five seconds go on after the body is there: a command that waits longer for the
	// database would lose its context, and its sender the answer.
	op.BodyReadTimeout = readTimeout
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = a.server.cfg.MaxBody
	}
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	op.Responses["default"] = &huma.Response{
		Description: "Problem (RFC 9457)",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: a.problemSchema()}},
	}
	a.ops = append(a.ops, &op)
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := fn(ctx, in)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return out, nil
	})
}

// collect runs one module's registration and returns what is wrong with it.
func (a *API) collect(module string, register func(*API)) (faults []error) {
	a.module, a.faults = module, nil
	defer func() {
		if p := recover(); p != nil { // huma panics over a type it cannot describe
			faults = append(a.faults, fmt.Errorf("web: %s: %s: %v", module, a.path, p))
		}
	}()
	register(a)
	return a.faults
}

// finish makes the document, the same bytes for the same program.
func (a *API) finish() error {
	schemas := a.huma.OpenAPI().Components.Schemas.Map()
	delete(schemas, "ErrorModel") // huma's own, not what we answer
	delete(schemas, "ErrorDetail")
	a.docs = a.describe()
	b, err := a.english().MarshalJSON()
	if err != nil {
		return fmt.Errorf("web: the OpenAPI document: %w", err)
	}
	a.doc = b
	sum := sha256.Sum256(b)
	a.etag = `W/"` + hex.EncodeToString(sum[:8]) + `"` // weak: it is also sent compressed
	return nil
}

// english replaces message keys of summaries and descriptions by their English text.
func (a *API) english() *huma.OpenAPI {
	for _, item := range a.huma.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch} {
			if op != nil {
				op.Summary, op.Description = a.say(i18n.EN, op.Summary), a.say(i18n.EN, op.Description)
			}
		}
	}
	return a.huma.OpenAPI()
}

// say reads a text that may be a message key.
func (a *API) say(l i18n.Lang, text string) string {
	if a.server.deps.Bundle.Has(text) {
		return a.server.deps.Bundle.T(l, text)
	}
	return text
}

// serveDoc answers with the OpenAPI document; one that the client has is not sent again.
func (a *API) serveDoc(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", a.etag)
	if r.Header.Get("If-None-Match") == a.etag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", "application/openapi+json")
	_, _ = w.Write(a.doc)
	return nil
}

// apiProblem is a Problem as huma sends an error.
type apiProblem struct {
	Problem
	headers http.Header
}

func (p *apiProblem) Error() string             { return p.Detail }
func (p *apiProblem) GetStatus() int            { return p.Status }
func (p *apiProblem) GetHeaders() http.Header   { return p.headers }
func (p *apiProblem) ContentType(string) string { return "application/problem+json" }

func refuse(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return &apiProblem{Problem: Problem{Status: statusClientGone}}
	}
	p := &apiProblem{Problem: ProblemOf(ctx, err)}
	noteError(ctx, p.Status, err)
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		p.headers = http.Header{"Retry-After": {fmt.Sprint(retryAfter(err))}}
	case http.StatusUnauthorized:
		p.headers = http.Header{"Www-Authenticate": {"Bearer"}}
	case http.StatusForbidden:
		if want := auth.Wanted(err); want != auth.NoProof {
			p.headers = http.Header{"Www-Authenticate": {challengeOf(want)}}
		}
	}
	return p
}

// sortedOps lists the operations by path and method, for the page at /api.
func (a *API) sortedOps() []*huma.Operation {
	out := slices.Clone(a.ops)
	slices.SortFunc(out, func(x, y *huma.Operation) int {
		return strings.Compare(x.Path+" "+x.Method, y.Path+" "+y.Method)
	})
	return out
}
