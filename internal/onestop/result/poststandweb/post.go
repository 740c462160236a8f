// Package poststandweb stands in for a postal service: it takes orders, carries nothing, and tells
// the city what would have become of each parcel. It delays, refuses, doubles, reorders and loses
// what it tells, and sends parcels back, as it is told to. It is for tests and for
// cmd/standin-post; nothing of the city imports it.
package poststandweb

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/onestop/result"
	"khue/internal/onestop/result/postweb"
)

// Faults are what the stand-in does wrong.
type Faults struct {
	Delay       time.Duration // before each answer
	Refuse      string        // orders whose address holds this are refused
	Down        bool          // answers 503
	LoseAnswers int           // so many orders are taken, and their answer is lost
	Double      bool          // each news is told twice
	LoseNews    bool          // no news reaches the city
	Stale       bool          // after each news the one before it is told again
}

// Post is the stand-in.
type Post struct {
	City   string // address of the site
	Secret string
	Log    func(format string, args ...any)
	Clock  clock.Clock // nil: the machine's

	mu     sync.Mutex
	faults Faults
	orders map[string]*postweb.NewsBody
	keys   []string
	taken  int // orders that were asked for, the same twice included
}

// Set changes the faults.
func (p *Post) Set(f Faults) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = f
}

func (p *Post) now() time.Time {
	if p.Clock == nil {
		return clock.System().Now()
	}
	return p.Clock.Now()
}

func (p *Post) log(format string, args ...any) {
	if p.Log != nil {
		p.Log(format, args...)
	}
}

// Orders are the keys of what was ordered, and how often somebody asked for an order.
func (p *Post) Orders() (keys []string, asked int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append(keys, p.keys...), p.taken
}

// Handler serves the order API, and GET / for people.
func (p *Post) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", p.order)
	mux.HandleFunc("GET /orders/{key}", p.ask)
	mux.HandleFunc("POST /move/{key}/{state}", func(w http.ResponseWriter, r *http.Request) { // for demonstrations
		if err := p.Move(r.Context(), r.PathValue("key"), result.ParcelState(r.PathValue("state")), ""); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
		}
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		fmt.Fprintln(w, "A post that is none. Orders (POST /move/KEY/on_way|delivered|returned|lost):")
		for _, k := range p.keys {
			fmt.Fprintf(w, "%s %s %s\n", k, p.orders[k].Tracking, p.orders[k].State)
		}
	})
	return mux
}

func (p *Post) let(w http.ResponseWriter, r *http.Request) (Faults, bool) {
	p.mu.Lock()
	f := p.faults
	p.mu.Unlock()
	if f.Delay > 0 {
		select {
		case <-r.Context().Done():
		case <-time.After(f.Delay):
		}
	}
	switch {
	case r.Header.Get("Authorization") != "Bearer "+p.Secret:
		http.Error(w, "who is that?", http.StatusUnauthorized)
	case f.Down:
		http.Error(w, "down", http.StatusServiceUnavailable)
	default:
		return f, true
	}
	return f, false
}

func answer(w http.ResponseWriter, status int, n postweb.NewsBody) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(n)
}

func (p *Post) order(w http.ResponseWriter, r *http.Request) {
	f, ok := p.let(w, r)
	if !ok {
		return
	}
	var o postweb.OrderBody
	if err := json.NewDecoder(io.LimitReader(r.Body, 16<<10)).Decode(&o); err != nil || o.Key == "" {
		http.Error(w, "no order", http.StatusBadRequest)
		return
	}
	if o.Address == "" || f.Refuse != "" && strings.Contains(o.Address, f.Refuse) {
		answer(w, http.StatusUnprocessableEntity, postweb.NewsBody{Key: o.Key, Note: "Không phát được tới địa chỉ này"})
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken++
	n := p.orders[o.Key]
	if n == nil {
		if p.orders == nil {
			p.orders = map[string]*postweb.NewsBody{}
		}
		n = &postweb.NewsBody{Key: o.Key, Tracking: fmt.Sprintf("STANDIN%06dVN", len(p.keys)+1), State: string(result.Ordered), At: p.now()}
		p.orders[o.Key] = n
		p.keys = append(p.keys, o.Key)
		p.log("order %s: %s to %s", n.Tracking, o.Number, o.Address)
	}
	if p.faults.LoseAnswers > 0 {
		p.faults.LoseAnswers--
		panic(http.ErrAbortHandler) // taken, and nobody was told
	}
	answer(w, http.StatusCreated, *n)
}

func (p *Post) ask(w http.ResponseWriter, r *http.Request) {
	if _, ok := p.let(w, r); !ok {
		return
	}
	p.mu.Lock()
	n := p.orders[r.PathValue("key")]
	p.mu.Unlock()
	if n == nil {
		http.Error(w, "no such order", http.StatusNotFound)
		return
	}
	answer(w, http.StatusOK, *n)
}

// Move brings a parcel to a state and tells the city, as well as the faults let it.
func (p *Post) Move(ctx context.Context, key string, state result.ParcelState, note string) error {
	p.mu.Lock()
	n := p.orders[key]
	if n == nil {
		p.mu.Unlock()
		return fmt.Errorf("no such order: %s", key)
	}
	before := *n
	n.State, n.At, n.Note = string(state), p.now(), note
	now, f := *n, p.faults
	p.mu.Unlock()
	p.log("%s is %s", now.Tracking, now.State)
	if f.LoseNews {
		return nil
	}
	news := []postweb.NewsBody{now}
	if f.Double {
		news = append(news, now)
	}
	if f.Stale {
		news = append(news, before)
	}
	for _, x := range news {
		if err := p.tell(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

func (p *Post) tell(ctx context.Context, n postweb.NewsBody) error {
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(p.City, "/")+"/post/news", bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(postweb.SignatureHeader, postweb.Sign(p.Secret, p.now(), b))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // nothing is read
	if res.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("the city answered %d", res.StatusCode)
	}
	return nil
}
