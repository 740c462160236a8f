package web

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
)

// AnyScope is the scope of a route that every program of a client may call.
const AnyScope = "*"

// scopeName is where an operation's scope stands in the OpenAPI document.
const scopeName = "x-scope"

// Scoped gives an operation the scope with which programs of clients may call it. Without one
// it is for those who speak for themselves.
func Scoped(op huma.Operation, scope string) huma.Operation {
	if op.Extensions == nil {
		op.Extensions = map[string]any{}
	}
	op.Extensions[scopeName] = scope
	return op
}

// authorization takes the token of a program from its header. proves reports the scheme DPoP,
// whose token is worth nothing without the proof of a key.
func (st *state) authorization(r *http.Request) (proves bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok {
		return false
	}
	switch {
	case strings.EqualFold(scheme, "DPoP"):
		proves = true
	case !strings.EqualFold(scheme, "Bearer"):
		return false
	}
	st.token, st.bearer = strings.TrimSpace(token), true
	return proves
}

// admit refuses a token that came another way than it was given for: one of a client in a
// cookie, one that is bound to a key without its proof.
func (s *Server) admit(r *http.Request, st *state, sub auth.Subject, proves bool) error {
	if sub.Client != 0 && !st.bearer {
		return errs.E(errs.Unauthenticated, "auth.error.session")
	}
	if !proves && sub.Bound == "" {
		return nil
	}
	if !proves || sub.Bound == "" || s.deps.Proves == nil {
		return errs.E(errs.Unauthenticated, "web.error.proof")
	}
	return s.deps.Proves(r, st.token, sub.Bound)
}

// mayAsk holds a program that was let in by somebody to what it was allowed.
func mayAsk(w http.ResponseWriter, sub auth.Subject, route Route) error {
	if route.Scope == AnyScope || sub.May(route.Scope) {
		return nil
	}
	challenge := `Bearer error="insufficient_scope"`
	if route.Scope != "" {
		challenge += `, scope="` + route.Scope + `"`
	}
	w.Header().Set("WWW-Authenticate", challenge)
	return errs.E(errs.Forbidden, "web.error.scope", errs.P("scope", route.Scope))
}
