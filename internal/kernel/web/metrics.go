package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are few: how many, how long, with what outcome, by route pattern. Never by
// reader, and never by a path with a code in it.
type metrics struct {
	took    *prometheus.HistogramVec
	handler http.Handler
}

func newMetrics(reg *prometheus.Registry) *metrics {
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
	reg.MustRegister(m.took)
	return m
}

func (m *metrics) observe(method, route string, status int, took time.Duration) {
	if m.took == nil {
		return
	}
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions:
	default:
		method = "other" // a stranger must not invent labels
	}
	m.took.WithLabelValues(method, route, strconv.Itoa(status/100)+"xx").Observe(took.Seconds())
}
