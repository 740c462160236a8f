package web

import (
	"net/http"
	"sync"
	"time"

	"khue/internal/kernel/errs"
)

// Rate bounds how often one client (one address; of IPv6 one network of 64 bits) asks a route:
// Most requests at once, and one more each Each. Every node counts for itself.
type Rate struct {
	Most int
	Each time.Duration
	// Refused counts only requests that the route refuses: who asks rightly is never held.
	Refused bool
}

// ratesKept bounds how many clients are remembered; then those go that may ask at once again.
const ratesKept = 50_000

// rates remembers of each client of a route when all that it asked would have been asked one by
// one (GCRA): an instant each, and nothing of who keeps to the rate for a while.
type rates struct {
	mu sync.Mutex
	of map[narrowKey]time.Time
}

// take counts one request in, or says how long to wait before the next is taken.
func (r *rates) take(k narrowKey, rate Rate, now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	due := r.of[k]
	if due.Before(now) {
		due = now
	}
	if wait := due.Sub(now) - time.Duration(rate.Most-1)*rate.Each; wait > 0 {
		return wait
	}
	r.put(k, due.Add(rate.Each), now)
	return 0
}

// full says how long to wait where the next request would not be taken.
func (r *rates) full(k narrowKey, rate Rate, now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	due, ok := r.of[k]
	if !ok || !due.After(now) {
		return 0
	}
	return max(0, due.Sub(now)-time.Duration(rate.Most-1)*rate.Each)
}

// put remembers an instant. Under mu.
func (r *rates) put(k narrowKey, due, now time.Time) {
	if r.of == nil {
		r.of = map[narrowKey]time.Time{}
	}
	if len(r.of) >= ratesKept {
		for old, at := range r.of {
			if !at.After(now) {
				delete(r.of, old)
			}
		}
		if len(r.of) >= ratesKept { // many addresses at once: the fair queue holds them
			clear(r.of)
		}
	}
	r.of[k] = due
}

func tooOften(wait time.Duration) error {
	return errs.E(errs.RateLimited, "web.error.too_often", errs.P("after", wait), errs.P("n", int((wait+time.Second-1)/time.Second)))
}

// rateKey is a client of a route.
func rateKey(r *http.Request, route Route) narrowKey {
	addr := clientAddr(r)
	if addr.Is6() && !addr.Is4In6() {
		if p, err := addr.Prefix(64); err == nil {
			addr = p.Addr()
		}
	}
	return narrowKey{route.Method + " " + route.Path, addr}
}

// limitRate holds a route to its Rate; refused is told how the request ended.
func (s *Server) limitRate(r *http.Request, route Route) (refused func(error), err error) {
	if route.Rate.Most <= 0 {
		return func(error) {}, nil
	}
	k, now := rateKey(r, route), s.deps.Clock.Now
	if !route.Rate.Refused {
		if wait := s.rates.take(k, route.Rate, now()); wait > 0 {
			return nil, tooOften(wait)
		}
		return func(error) {}, nil
	}
	if wait := s.rates.full(k, route.Rate, now()); wait > 0 {
		return nil, tooOften(wait)
	}
	return func(err error) {
		switch errs.KindOf(err) {
		case errs.Forbidden, errs.Invalid, errs.TooLarge, errs.Unauthenticated:
			if err != nil {
				s.rates.take(k, route.Rate, now())
			}
		}
	}, nil
}
