package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/i18n"
)

// own are the routes of the server itself.
func (s *Server) own() Module {
	m := Module{Name: "web", Routes: []Route{
		{Method: http.MethodPost, Path: "/preferences", Policy: auth.Public, Do: s.preferences},
		{Method: http.MethodGet, Path: "/healthz", Policy: auth.Public, Do: s.healthz},
		{Method: http.MethodGet, Path: "/readyz", Policy: auth.Public, Do: s.readyz},
		{Method: http.MethodGet, Path: "/api/openapi.json", Policy: auth.Public, Do: func(w http.ResponseWriter, r *http.Request) error {
			return s.api.serveDoc(w, r)
		}},
	}}
	if s.metrics.handler != nil {
		m.Routes = append(m.Routes, Route{Method: http.MethodGet, Path: "/metrics", Policy: auth.Public, Do: s.serveMetrics})
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
		s.setChoice(w, langCookie, string(l))
	}
	if f.Has("theme") {
		s.setChoice(w, themeCookie, oneOf(f.Get("theme"), "light", "dark"))
	}
	if f.Has("density") {
		s.setChoice(w, densityCookie, oneOf(f.Get("density"), "compact"))
	}
	return Redirect(w, r, LocalPath(f.Get("next")))
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
	for i, c := range s.deps.Checks {
		out[c.Name] = "ok"
		if results[i] != nil {
			status, out[c.Name] = http.StatusServiceUnavailable, "failed"
			s.deps.Log.WarnContext(ctx, "not ready", "check", c.Name, "error", results[i])
		}
	}
	return JSON(w, status, map[string]any{"ready": status == http.StatusOK, "checks": out})
}

func (s *Server) serveMetrics(w http.ResponseWriter, r *http.Request) error {
	s.metrics.handler.ServeHTTP(w, r)
	return nil
}
