package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	assets "khue/web"
)

// own are the routes of the server itself.
func (s *Server) own() Module {
	m := Module{Name: "web", Routes: []Route{
		{Method: http.MethodPost, Path: "/preferences", Policy: auth.Public, Enrols: true, Do: s.preferences},
		{Method: http.MethodGet, Path: "/healthz", Policy: auth.Public, Enrols: true, Do: s.healthz},
		{Method: http.MethodGet, Path: "/readyz", Policy: auth.Public, Enrols: true, Do: s.readyz},
		{Method: http.MethodGet, Path: "/api", Policy: auth.Public, Enrols: true, Do: s.serveDocs},
		{Method: http.MethodGet, Path: assets.Prefix, Policy: auth.Public, Enrols: true, Do: serveAssets},
		{Method: http.MethodGet, Path: "/api/openapi.json", Policy: auth.Public, Enrols: true, Do: func(w http.ResponseWriter, r *http.Request) error {
			return s.api.serveDoc(w, r)
		}},
	}}
	if s.deps.Live != nil {
		m.Routes = append(m.Routes, Route{Method: http.MethodGet, Path: livePath, Policy: auth.SignedIn, Enrols: true, Do: s.live})
	}
	if s.metrics.handler != nil {
		m.Routes = append(m.Routes, Route{Method: http.MethodGet, Path: metricsPath, Policy: auth.Public, Enrols: true, Do: s.serveMetrics})
	}
	return m
}

// preferences keeps the reader's language, theme and density, and goes back.
func (s *Server) preferences(w http.ResponseWriter, r *http.Request) error {
	f, err := Form(r)
	if err != nil {
		return err
	}
	if l, ok := i18n.ParseLang(f.Get("lang")); ok {
		s.setChoice(w, stateOf(r.Context()), langCookie, string(l))
	}
	if f.Has("theme") {
		s.setChoice(w, stateOf(r.Context()), themeCookie, oneOf(f.Get("theme"), "light", "dark"))
	}
	if f.Has("density") {
		s.setChoice(w, stateOf(r.Context()), densityCookie, oneOf(f.Get("density"), "compact"))
	}
	return Redirect(w, r, withoutLang(LocalPath(f.Get("back"))))
}

// withoutLang drops lang from an address, or the choice just made would be undone by it.
func withoutLang(path string) string {
	p, query, found := strings.Cut(path, "?")
	if !found {
		return path
	}
	parts := slices.DeleteFunc(strings.Split(query, "&"), func(s string) bool { return strings.HasPrefix(s, langCookie+"=") })
	if len(parts) == 0 {
		return p
	}
	return p + "?" + strings.Join(parts, "&")
}

// serveAssets answers with a built file. Its name changes with its content, so a browser
// keeps it for a year and never asks whether it changed.
func serveAssets(w http.ResponseWriter, r *http.Request) error {
	if strings.HasSuffix(r.URL.Path, "/") {
		return errs.E(errs.NotFound, "web.error.not_found")
	}
	assets.Handler().ServeHTTP(w, r)
	return nil
}

// healthz says that the program answers at all.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) error {
	return JSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readyz asks every check, at most two seconds, and says which failed but not why: the
// reason is in the log.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	results := make([]error, len(s.deps.Checks))
	var wg sync.WaitGroup
	for i, c := range s.deps.Checks {
		wg.Go(func() { results[i] = c.Do(ctx) })
	}
	wg.Wait()
	status, out := http.StatusOK, make(map[string]string, len(results))
	if s.leaving.Load() {
		status, out["web.leaving"] = http.StatusServiceUnavailable, "failed" // stops soon: send the others
	}
	for i, c := range s.deps.Checks {
		out[c.Name] = "ok"
		if results[i] != nil {
			status, out[c.Name] = http.StatusServiceUnavailable, "failed"
			s.deps.Log.WarnContext(ctx, "not ready", "check", c.Name, "error", results[i])
		}
	}
	return JSON(w, status, map[string]any{"ready": status == http.StatusOK, "checks": out})
}
