package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/prometheus/client_golang/prometheus"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/trace"
	"khue/internal/kernel/ui"
)

// Config is what an operator may set. The zero value works.
type Config struct {
	Listen    string        // host:port; empty is 127.0.0.1:8080
	PublicURL string        // https://dichvucong.example.vn as readers see it; makes cookies Secure and sends HSTS
	MaxBody   int64         // bytes of a request body where a route sets no limit; 0 is 1 MiB
	Drain     time.Duration // how long a stop waits for requests under way; 0 is 15 s
	// Leave is how long, before the door closes, /readyz already says no and every answer ends
	// its connection: a balancer sends the others instead. 0 closes at once.
	Leave time.Duration
	// TrustedProxies are the networks whose X-Forwarded-For is believed; empty believes none.
	TrustedProxies []netip.Prefix
	// MetricsToken opens /metrics to whoever sends it as a bearer token, and to nobody else.
	// Empty: to requests from this machine and from TrustedProxies that nobody forwarded.
	MetricsToken string
	// Busy is how many requests are worked on at once, an eighth of it for one client; 0 is 512.
	Busy int
	// BodyGrace is how long a body may take before it must keep the least rate; 0 is 15 s.
	BodyGrace time.Duration
	// TLSCert and TLSKey are PEM files, read again when they change; empty: plain HTTP, for
	// loopback and behind a proxy that ends TLS.
	TLSCert, TLSKey string
}

// Authenticator tells who stands behind a token; auth.Service does.
type Authenticator interface {
	// Resolve returns the subject of a session or an API token. The error is
	// Unauthenticated for a token that is unknown, expired or revoked.
	Resolve(ctx context.Context, token string) (auth.Subject, error)
}

// Prover checks that a request proves the key to which its token is bound (RFC 9449).
type Prover func(r *http.Request, token, thumbprint string) error

// Check is one condition of readiness.
type Check struct {
	Name string
	Do   func(ctx context.Context) error
}

// Deps is what the server needs from below and from app. Bundle, Auth, Clock and Log are required.
type Deps struct {
	Bundle *i18n.Bundle
	Auth   Authenticator
	// Policies decide on each route; nil: a set of the routes alone.
	Policies *auth.Policies
	Clock    clock.Clock
	Log      *slog.Logger
	Metrics  *prometheus.Registry // nil: no /metrics
	Trace    *trace.Tracer        // a span for each request; nil makes none
	Checks   []Check              // asked by /readyz
	Nodes    func() int           // how many serve the city; bounds for one client are shared among them; nil: one
	// Shell completes what surrounds a page: app adds navigation, the unit of an officer, the
	// ribbon of a demo. base has language, theme, density, path and user. nil changes nothing.
	// It is not called for the API.
	Shell func(ctx context.Context, r *http.Request, base ui.Shell) ui.Shell
	// Proves checks tokens that are bound to a key; nil refuses them.
	Proves Prover
	// Live tells open pages of changes; nil: no /live.
	Live *Live
	// Prove answers a request whose session lacks the proof that its route wants; nil refuses it.
	Prove func(w http.ResponseWriter, r *http.Request, want auth.Proof) error
	// Demands is the proof without which a subject may use Enrols routes only; nil: none.
	Demands func(s auth.Subject) auth.Proof
	// Kiosk reports whether a browser's cookie says that it stands in a public place; nil: none does.
	Kiosk func(ctx context.Context, token string) bool
	// About names the API in its document.
	About About
}

// About is the head of the OpenAPI document.
type About struct{ Title, Version, Description string }

// Server is the HTTP edge of the program. It is an http.Handler; Run listens.
type Server struct {
	cfg     Config
	deps    Deps
	mux     *http.ServeMux // with the catch-all that draws 404 and 405
	known   *http.ServeMux // without it, to tell the two apart
	api     *API
	origins *http.CrossOriginProtection
	inner   http.Handler // compression around the mux
	heads   http.Header  // set on every answer
	secure  bool
	certs   *certificates // nil: plain HTTP
	pages   buffers
	metrics *metrics
	fair    *fair
	narrow  narrow
	rates   rates
	routes  []RouteInfo
	leaving atomic.Bool
}

// RouteInfo is one line of the list of routes that an auditor reads.
type RouteInfo struct {
	Module, Method, Path string
	Policy               auth.Policy
	Proof                auth.Proof
	Scope                string // with which programs of clients may call it; "" refuses them
}

// Action is the route as policies name it.
func (r RouteInfo) Action() auth.Action { return actionOf(r.Method, r.Path) }

func actionOf(method, path string) auth.Action { return auth.Action(method + " " + path) }

// New builds the server. It fails, naming every fault, when a route has no policy, no
// handler or a broken path, or when two routes clash.
func New(cfg Config, deps Deps, modules ...Module) (*Server, error) {
	if deps.Bundle == nil || deps.Auth == nil || deps.Clock == nil || deps.Log == nil {
		return nil, errors.New("web: Bundle, Auth, Clock and Log are required")
	}
	if deps.Policies == nil {
		deps.Policies, _ = auth.NewPolicies(nil, nil) // without a source nothing can be wrong
	}
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:8080"
	}
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = 1 << 20
	}
	if cfg.Drain <= 0 {
		cfg.Drain = 15 * time.Second
	}
	s := &Server{cfg: cfg, deps: deps, mux: http.NewServeMux(), known: http.NewServeMux(), fair: newFair(cfg.Busy), origins: http.NewCrossOriginProtection()}
	s.fair.nodes = deps.Nodes
	if cfg.PublicURL != "" {
		u, err := url.Parse(cfg.PublicURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("web: the public URL %q is not http(s)://host", cfg.PublicURL)
		}
		s.secure = u.Scheme == "https"
		if err := s.origins.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
	}
	if (cfg.TLSCert == "") != (cfg.TLSKey == "") {
		return nil, errors.New("web: a certificate needs its key, and a key its certificate")
	}
	if cfg.TLSCert != "" {
		s.secure = true
		var err error
		if s.certs, err = newCertificates(cfg.TLSCert, cfg.TLSKey, deps.Clock.Now, deps.Log); err != nil {
			return nil, err
		}
	}
	s.heads = securityHeaders(s.secure)
	s.metrics = newMetrics(deps.Metrics, s.fair)
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(minCompress), gzhttp.CompressionLevel(compressLevel),
		gzhttp.RandomJitter(32, 0, false), gzhttp.ContentTypes(compressible))
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	s.inner = compress(http.HandlerFunc(s.dispatch))

	var faults []error
	s.api = newAPI(s)
	for _, m := range append([]Module{s.own()}, modules...) {
		for _, r := range m.Routes {
			faults = append(faults, s.route(m.Name, r))
		}
		if m.API != nil {
			faults = append(faults, s.api.collect(m.Name, m.API)...)
		}
	}
	faults = append(faults, s.api.finish())
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	guarded := make([]auth.Guarded, len(s.routes))
	for i, r := range s.routes {
		guarded[i] = auth.Guarded{Action: r.Action(), Policy: r.Policy}
	}
	if err := s.deps.Policies.AddRoutes(guarded); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	s.mux.HandleFunc("/", s.missing)
	return s, nil
}

// route mounts one route on both multiplexers.
func (s *Server) route(module string, r Route) error {
	switch {
	case r.Policy == auth.Nobody:
		return fmt.Errorf("web: %s: %s %s has no policy", module, r.Method, r.Path)
	case r.Do == nil:
		return fmt.Errorf("web: %s: %s %s has no handler", module, r.Method, r.Path)
	case r.Method == "" || !strings.HasPrefix(r.Path, "/"):
		return fmt.Errorf("web: %s: %q %q is not a method and a path", module, r.Method, r.Path)
	}
	if r.Foreign {
		s.origins.AddInsecureBypassPattern(r.Method + " " + r.Path)
	}
	action := actionOf(r.Method, r.Path)
	h := func(w http.ResponseWriter, req *http.Request) { s.serve(w, req, r, action) }
	if err := s.mount(r.Method+" "+r.Path, h); err != nil {
		return fmt.Errorf("web: %s: %w", module, err)
	}
	s.routes = append(s.routes, RouteInfo{module, r.Method, r.Path, r.Policy, r.Proof, r.Scope})
	return nil
}

// mount turns the panic of ServeMux over a clash into an error.
func (s *Server) mount(pattern string, h http.HandlerFunc) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: %v", pattern, p)
		}
	}()
	s.known.HandleFunc(pattern, h)
	s.mux.HandleFunc(pattern, h)
	return nil
}

// Routes lists what is mounted, pages and API, in the order of mounting.
func (s *Server) Routes() []RouteInfo { return s.routes }

// readTimeout bounds the reading of a request: an upload over a slow line. What is answered later
// than that has lost its sender.
const readTimeout = 2 * time.Minute

// Run listens and serves until ctx ends, leaves, and lets requests under way finish. ready, when
// not nil, is told the address as soon as connections are accepted.
func (s *Server) Run(ctx context.Context, ready func(net.Addr)) error {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("web: cannot listen on %s: %w", s.cfg.Listen, err)
	}
	hs := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second, // a body has its own time: see paced
		WriteTimeout:      answerIn,
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.deps.Log.Handler(), slog.LevelDebug), // noise of broken clients
	}
	if s.deps.Live != nil {
		hs.RegisterOnShutdown(s.deps.Live.Close)
	}
	done := make(chan error, 1)
	go func() {
		if s.certs == nil {
			done <- hs.Serve(ln)
			return
		}
		hs.TLSConfig = s.certs.config()
		done <- hs.ServeTLS(ln, "", "")
	}()
	if ready != nil {
		ready(ln.Addr())
	}
	select {
	case err := <-done:
		return fmt.Errorf("web: %w", err)
	case <-ctx.Done():
	}
	s.leaving.Store(true)
	if s.cfg.Leave > 0 {
		t := time.NewTimer(s.cfg.Leave)
		defer t.Stop()
		select {
		case err := <-done:
			return fmt.Errorf("web: %w", err)
		case <-t.C:
		}
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Drain)
	defer cancel()
	if err := hs.Shutdown(drain); err != nil {
		_ = hs.Close()
		return fmt.Errorf("web: requests were cut off after %s: %w", s.cfg.Drain, err)
	}
	return nil
}
