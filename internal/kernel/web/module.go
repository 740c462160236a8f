package web

import (
	"net/http"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
)

// HandlerFunc answers a request or returns why it cannot. It writes nothing before an
// error that it returns: Render and the other answers here keep to that.
type HandlerFunc func(w http.ResponseWriter, r *http.Request) error

// Route is one page or one act of a form.
type Route struct {
	Method string      // GET also answers HEAD
	Path   string      // ServeMux pattern without method: "/desk/tasks/{id}"
	Policy auth.Policy // required; auth.Public where everybody may
	Do     HandlerFunc
	// Proof is what the session must have beside the policy; the zero value asks nothing.
	Proof auth.Proof
	// Enrols routes are open to an officer of whom two factors are demanded before there are two:
	// they set one up, show it, or tell nothing.
	Enrols bool
	// MaxBody is the limit of the body in bytes; 0 is Config.MaxBody. Only routes that
	// take files raise it.
	MaxBody int64
	// AtOnce is how many requests of one client this route works on at once; 0 is no limit of its
	// own. For what costs much: drawing papers, exports, uploads.
	AtOnce int
	// Rate is how often one client may ask; the zero Rate is no limit of its own. For what costs
	// much and is open to everybody.
	Rate Rate
	// Scope is what a program that was let in by somebody must have been allowed; "" admits no
	// such program. Who speaks for themselves needs none.
	Scope string
	// Foreign routes take posts from other sites: they go by no cookie.
	Foreign bool
}

// Module is what one module adds to the server.
type Module struct {
	Name   string // as the module's package
	Routes []Route
	API    func(*API) // registers operations with Op; nil without any
}

// PathID reads an id from a path segment. What is no id leads to nothing: NotFound.
func PathID[T any](r *http.Request, name string) (id.Of[T], error) {
	v, err := id.Parse[T](r.PathValue(name))
	if err != nil {
		return 0, errs.E(errs.NotFound, "web.error.not_found", errs.Cause(err))
	}
	return v, nil
}
