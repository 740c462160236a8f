package web

import (
	"crypto/subtle"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"khue/internal/kernel/errs"
)

// metrics are few: how many, how long, with what outcome, by route pattern. Never by
// reader, and never by a path with a code in it.
type metrics struct {
	took    *prometheus.HistogramVec
	refused *prometheus.CounterVec
	handler http.Handler
}

// refusals are the answers that say no, as they are counted.
//
//nolint:gochecknoglobals // a table
var refusals = map[int]string{
	http.StatusBadRequest: "malformed", http.StatusUnauthorized: "unknown", http.StatusForbidden: "forbidden",
	http.StatusRequestEntityTooLarge: "too_large", http.StatusTooManyRequests: "too_many", http.StatusServiceUnavailable: "busy",
}

const metricsPath = "/metrics"

// serveMetrics tells the figures to whoever watches the program. To others the path is not
// there: figures say how busy a city is, and what fails.
func (s *Server) serveMetrics(w http.ResponseWriter, r *http.Request) error {
	if !s.watches(r) {
		return errs.E(errs.NotFound, "web.error.not_found")
	}
	s.metrics.handler.ServeHTTP(w, r)
	return nil
}

// watches reports whether a request may read the figures. What a proxy forwards comes from
// elsewhere, whoever the proxy is.
func (s *Server) watches(r *http.Request) bool {
	if want := s.cfg.MetricsToken; want != "" {
		scheme, got, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
	}
	for _, h := range []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	addr := clientAddr(r)
	return addr.IsLoopback() || s.trusts(addr)
}

func newMetrics(reg *prometheus.Registry, f *fair) *metrics {
	if reg == nil {
		return &metrics{}
	}
	m := &metrics{
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "khue_http_request_seconds", Help: "Time to answer a request, by method, route and class of status.",
			Buckets: []float64{.001, .003, .01, .03, .06, .1, .3, 1, 3, 10},
		}, []string{"method", "route", "status"}),
		handler: promhttp.HandlerFor(reg, promhttp.HandlerOpts{}),
	}
	m.refused = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "khue_http_refused_total", Help: "Requests that were refused, by why.",
	}, []string{"why"})
	for _, why := range refusals {
		m.refused.WithLabelValues(why) // a counter that was never told cannot be watched
	}
	reg.MustRegister(m.took, m.refused, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "khue_http_busy", Help: "Requests that are worked on.",
	}, func() float64 { busy, _ := f.load(); return float64(busy) }), prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "khue_http_queued", Help: "Requests that wait for their turn.",
	}, func() float64 { _, waiting := f.load(); return float64(waiting) }))
	return m
}

func (m *metrics) observe(method, route string, status int, took time.Duration) {
	if m.took == nil {
		return
	}
	method = knownMethod(method)
	m.took.WithLabelValues(method, route, strconv.Itoa(status/100)+"xx").Observe(took.Seconds())
	if why := refusals[status]; why != "" {
		m.refused.WithLabelValues(why).Inc()
	}
}

// knownMethod keeps strangers from inventing words.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions:
		return method
	}
	return "other"
}
