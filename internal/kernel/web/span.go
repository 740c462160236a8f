package web

import "net/http"

// parentSpan is the span of whoever forwarded the request, where that is one of the city's
// own proxies: a stranger must not join traces of the city, or begin them all.
func (s *Server) parentSpan(r *http.Request) string {
	if !s.trusts(clientAddr(r)) {
		return ""
	}
	return r.Header.Get("Traceparent")
}

// endSpan tells the route's pattern and the status: never the path, which may hold a code.
func (st *state) endSpan(method string, status int) {
	route := st.route
	if route == "" {
		route = "none"
	}
	st.span.Name(knownMethod(method) + " " + route)
	st.span.Word("http.route", route)
	st.span.Count("http.response.status_code", status)
	st.span.Word("khue.reference", st.ref)
	st.span.End(status >= http.StatusInternalServerError)
}
