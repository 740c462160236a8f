package cityload

import (
	"cmp"
	"encoding/json"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Report is what a run measured. Latencies are milliseconds from the intended start.
type Report struct {
	Scenario string            `json:"scenario"`
	About    map[string]string `json:"about"`
	Times    float64           `json:"times"`
	Target   string            `json:"target"`
	Engine   string            `json:"engine,omitempty"`
	Version  string            `json:"version,omitempty"`
	Began    time.Time         `json:"began"`
	Seconds  float64           `json:"seconds"` // planned
	Took     float64           `json:"took"`    // until the last answer
	Cut      bool              `json:"cut,omitempty"`
	Seed     uint64            `json:"seed"`

	Processors  int       `json:"processors"`
	Load        [2]string `json:"load"` // of the machine, before and after
	Connections int       `json:"connections"`
	ServerCPU   float64   `json:"server_cpu_s,omitempty"` // seconds of processor, of a demo of our own
	OwnCPU      float64   `json:"load_cpu_s"`             // and of the load

	Asked      int     `json:"asked"`
	Served     int     `json:"served"`
	Refused    int     `json:"refused"`
	Unanswered int     `json:"unanswered"`
	Idle       int     `json:"idle"` // nothing to do: not sent
	Unserved   int     `json:"unserved"`
	Again      int     `json:"again"` // times that a post was sent again
	PerSecond  float64 `json:"per_second"`

	All     Row            `json:"all"`
	Actors  []Row          `json:"actors"`
	Acts    []Row          `json:"acts"`
	Faults  []Row          `json:"faults,omitempty"`
	Goals   []Verdict      `json:"goals,omitempty"`
	Windows []Window       `json:"windows"`
	Spread  []Point        `json:"distribution"`
	Errors  map[string]int `json:"errors,omitempty"`
	Notes   []string       `json:"notes,omitempty"` // what must not happen at all
	Check   *Comparison    `json:"ledger,omitempty"`
}

// CPU is processor time a request, in microseconds: the server's and the load's.
func (r *Report) CPU() (server, own float64) {
	n := max(1, float64(r.Served+r.Refused))
	return r.ServerCPU * 1e6 / n, r.OwnCPU * 1e6 / n
}

// Row is the latency of some requests.
type Row struct {
	Name   string  `json:"name"`
	N      int     `json:"n"`
	Wrong  int     `json:"wrong"`
	P50    float64 `json:"p50_ms"`
	P95    float64 `json:"p95_ms"`
	P99    float64 `json:"p99_ms"`
	Max    float64 `json:"max_ms"`
	Sent95 float64 `json:"sent_p95_ms"` // from the moment of sending: without the load's own queue
}

// Verdict holds a published figure beside ours.
type Verdict struct {
	Goal
	Ours Row
	Met  bool
}

// Window is a part of the run.
type Window struct {
	At             float64 `json:"at"`
	Asked, Done    float64 // a second
	Wrong          int
	P50, P95, P99v float64
}

// Point is a share of requests that were no slower than so many milliseconds.
type Point struct {
	Q  float64 `json:"q"`
	MS float64 `json:"ms"`
}

func rowOf(name string, all []sample) Row {
	r := Row{Name: name}
	lat, sent := make([]time.Duration, 0, len(all)), make([]time.Duration, 0, len(all))
	for _, s := range all {
		if s.how == idle {
			continue
		}
		r.N++
		if s.how != served {
			r.Wrong++
			continue
		}
		lat, sent = append(lat, s.latency()), append(sent, s.took)
	}
	slices.Sort(lat)
	slices.Sort(sent)
	r.P50, r.P95, r.P99, r.Max = quantile(lat, 0.5), quantile(lat, 0.95), quantile(lat, 0.99), quantile(lat, 1)
	r.Sent95 = quantile(sent, 0.95)
	return r
}

// rowsBy groups samples by a name and keeps the order in which they came.
func rowsBy(all []sample, name func(sample) string) (out []Row) {
	groups, order := map[string][]sample{}, []string{}
	for _, s := range all {
		n := name(s)
		if n == "" {
			continue
		}
		if groups[n] == nil {
			order = append(order, n)
		}
		groups[n] = append(groups[n], s)
	}
	slices.Sort(order)
	for _, n := range order {
		out = append(out, rowOf(n, groups[n]))
	}
	return out
}

// fill computes the report. Requests that something was done to on purpose stand apart.
func (p *player) fill(r *Report, steps []due, cut bool) {
	p.stats.mu.Lock()
	defer p.stats.mu.Unlock()
	all, sc := p.stats.all, p.o.Scenario
	r.Scenario, r.About, r.Times, r.Target, r.Seed, r.Cut = sc.Name, sc.About, p.o.Times, p.o.City.URL, p.o.Seed, cut
	r.Began, r.Seconds, r.Processors, r.Connections = p.began, p.o.For.Seconds(), runtime.NumCPU(), p.o.Connections
	r.Asked, r.Notes, r.Errors = len(steps), p.stats.notes, map[string]int{}
	var plain []sample
	for _, s := range all {
		r.Again += s.again
		switch s.how {
		case served:
			r.Served++
		case refused:
			r.Refused++
		case unanswered:
			r.Unanswered++
		case idle:
			r.Idle++
		}
		said, _, _ := strings.Cut(s.said, `,"reference"`) // each has another
		if said != "" && (s.how == refused || s.how == unanswered) && (len(r.Errors) < 50 || r.Errors[said] > 0) {
			r.Errors[said]++
		}
		if s.fault == noFault {
			plain = append(plain, s)
		}
		r.Took = max(r.Took, (s.at + s.latency()).Seconds())
	}
	r.Unserved = len(steps) - len(all)
	r.PerSecond = float64(r.Served) / max(r.Took, 0.001)
	r.All = rowOf("", plain)
	r.Actors = rowsBy(plain, func(s sample) string { return sc.Actors[s.actor].Name })
	r.Acts = rowsBy(plain, func(s sample) string { return s.act })
	r.Faults = rowsBy(all, func(s sample) string { return s.fault.String() })
	for _, g := range sc.Goals {
		var of []sample
		for _, s := range plain {
			if len(g.Actors) == 0 || slices.Contains(g.Actors, sc.Actors[s.actor].Name) {
				of = append(of, s)
			}
		}
		v := Verdict{Goal: g, Ours: rowOf(g.Name, of)}
		v.Met = v.Ours.N > 0 && v.Ours.Wrong == 0 && v.Ours.P95 <= g.P95 && r.Unserved == 0
		r.Goals = append(r.Goals, v)
	}
	r.windows(all, steps)
	r.spread(plain)
}

// windowCount is how many parts a run is drawn in, at most.
const windowCount = 120

func (r *Report) windows(all []sample, steps []due) {
	width := max(1, r.Seconds/windowCount)
	n := int(r.Took/width) + 1
	lat := make([][]time.Duration, n)
	r.Windows = make([]Window, n)
	for i := range r.Windows {
		r.Windows[i].At = float64(i) * width
	}
	for _, d := range steps {
		if i := int(d.at.Seconds() / width); i < n {
			r.Windows[i].Asked += 1 / width
		}
	}
	for _, s := range all {
		if s.how == idle {
			continue
		}
		if i := int((s.at + s.latency()).Seconds() / width); i < n {
			r.Windows[i].Done += 1 / width
		}
		i := min(n-1, int(s.at.Seconds()/width))
		switch {
		case s.how != served:
			r.Windows[i].Wrong++
		case s.fault == noFault:
			lat[i] = append(lat[i], s.latency())
		}
	}
	for i, l := range lat {
		slices.Sort(l)
		r.Windows[i].P50, r.Windows[i].P95, r.Windows[i].P99v = quantile(l, 0.5), quantile(l, 0.95), quantile(l, 0.99)
	}
}

// spread lists latencies by percentile, denser towards the slowest.
func (r *Report) spread(plain []sample) {
	var lat []time.Duration
	for _, s := range plain {
		if s.how == served {
			lat = append(lat, s.latency())
		}
	}
	slices.SortFunc(lat, cmp.Compare[time.Duration])
	for q, step := 0.0, 0.05; q < 1 && 1-q >= 1/float64(max(1, len(lat))); {
		r.Spread = append(r.Spread, Point{q, quantile(lat, q)})
		if q+step > 1-step/2+1e-12 || (1-q) <= step*2+1e-12 {
			step /= 2
		}
		q += step
	}
	if len(lat) > 0 {
		r.Spread = append(r.Spread, Point{1, quantile(lat, 1)})
	}
}

// JSON writes the report as one object.
func (r *Report) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}
