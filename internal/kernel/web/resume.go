package web

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
)

// Resume runs a form that was held up until its sender proved who they are, as if it came
// now: with the policy, the proof and the checks of its route. The path is one of this site.
func Resume(w http.ResponseWriter, r *http.Request, path string, form url.Values) error {
	st := stateOf(r.Context())
	if st == nil || LocalPath(path) != path {
		return errs.E(errs.Internal, "web.error.internal")
	}
	sub, err := st.server.deps.Auth.Resolve(r.Context(), st.token)
	if err != nil {
		return err
	}
	u, err := url.Parse(path)
	if err != nil {
		return errs.E(errs.NotFound, "web.error.not_found", errs.Cause(err))
	}
	again := *st
	again.form, again.server = nil, st.server
	ctx := context.WithValue(auth.With(r.Context(), sub), stateKey{}, &again)
	next := r.Clone(ctx)
	next.Method, next.URL, next.RequestURI, next.Pattern = http.MethodPost, u, path, ""
	next.Form, next.PostForm, next.MultipartForm = nil, nil, nil
	body := form.Encode()
	next.Body, next.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	next.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	st.server.mux.ServeHTTP(w, next)
	st.route = again.route
	return nil
}
