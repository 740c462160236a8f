package measure

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"khue/internal/kernel/clock"
)

// Figure is one name that is told, with its labels. Labels are closed words (a tier, a kind
// of job), never a code, an account or a path.
type Figure struct {
	Name, Help string
	Labels     []string
	Total      bool // only grows: a counter
}

// Put gives a figure its value. Values of one figure and the same labels are added.
type Put func(name string, value float64, labels ...string)

// Group are figures that are read together.
type Group struct {
	Name    string
	Every   time.Duration // how long a reading holds
	Figures []Figure
	Read    func(ctx context.Context, put Put) error // nil: Now
	Now     func(put Put)                            // counts in memory, told at each scrape
}

// MaxSeries bounds the values of one figure; what comes beyond is dropped and told.
const MaxSeries = 120

// readLimit ends a reading: figures are worth less than the work they count.
const readLimit = 4 * time.Second

// Value is one reading of a figure.
type Value struct {
	Name   string
	Labels []string
	N      float64
}

// Reading is what a group said last.
type Reading struct {
	Group   string
	At      time.Time // zero: never yet
	Took    time.Duration
	Values  []Value
	Failed  bool // the last try failed; Values are older
	Dropped int  // values beyond MaxSeries
}

// Set holds the groups of the program. Safe for concurrent use.
type Set struct {
	clk    clock.Clock
	log    *slog.Logger
	groups []Group
	descs  map[string]*prometheus.Desc
	totals map[string]bool
	age    *prometheus.Desc
	fails  *prometheus.Desc

	mu   sync.Mutex
	last []Reading
}

// New joins groups. Names of figures are unique; a second one of a name is left out by
// Prometheus with an error at the scrape, and by the test of this package's users.
func New(clk clock.Clock, log *slog.Logger, groups ...Group) *Set {
	s := &Set{clk: clk, log: log, groups: groups, descs: map[string]*prometheus.Desc{}, totals: map[string]bool{}, last: make([]Reading, len(groups))}
	for _, g := range groups {
		for _, f := range g.Figures {
			s.descs[f.Name] = prometheus.NewDesc(f.Name, f.Help, f.Labels, nil)
			s.totals[f.Name] = f.Total
		}
	}
	s.age = prometheus.NewDesc("khue_measure_age_seconds", "How old the last reading of a group of figures is.", []string{"group"}, nil)
	s.fails = prometheus.NewDesc("khue_measure_failed", "1 where the last try to read a group of figures failed.", []string{"group"}, nil)
	return s
}

// Names lists every figure that may be told.
func (s *Set) Names() []string {
	out := []string{"khue_measure_age_seconds", "khue_measure_failed"}
	for n := range s.descs {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// Run reads each group when its time has come, until ctx ends.
func (s *Set) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	due := make([]time.Time, len(s.groups))
	for {
		now := clock.System().Now()
		for i, g := range s.groups {
			if g.Read != nil && !now.Before(due[i]) && ctx.Err() == nil {
				due[i] = now.Add(g.Every)
				s.read(ctx, i)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Refresh reads every group now: for a page that somebody opens, and for tests.
func (s *Set) Refresh(ctx context.Context) {
	for i := range s.groups {
		s.read(ctx, i)
	}
}

func (s *Set) read(ctx context.Context, i int) {
	g := s.groups[i]
	if g.Read == nil {
		return // told at each scrape
	}
	began := clock.System().Now()
	limited, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	values, dropped, err := gather(g, func(put Put) error { return g.Read(limited, put) })
	if err != nil && s.log != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "figures could not be read", "group", g.Name, "error", err)
	}
	s.keep(i, values, dropped, err, clock.System().Now().Sub(began))
}

func (s *Set) keep(i int, values []Value, dropped int, err error, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &s.last[i]
	r.Group, r.Took, r.Failed = s.groups[i].Name, took, err != nil
	if err == nil {
		r.At, r.Values, r.Dropped = s.clk.Now(), values, dropped
	}
}

func gather(g Group, read func(Put) error) (out []Value, dropped int, err error) {
	known := make(map[string]int, len(g.Figures)) // labels wanted
	series := map[string]int{}
	for _, f := range g.Figures {
		known[f.Name] = len(f.Labels)
	}
	at := map[string]int{}
	err = read(func(name string, n float64, labels ...string) {
		if want, ok := known[name]; !ok || want != len(labels) {
			dropped++
			return
		}
		key := name + "\x00" + strings.Join(labels, "\x00")
		if i, again := at[key]; again {
			out[i].N += n
			return
		}
		if series[name] >= MaxSeries {
			dropped++
			return
		}
		series[name]++
		at[key] = len(out)
		out = append(out, Value{name, slices.Clone(labels), n})
	})
	return out, dropped, err
}

// Readings are the last readings of all groups, without asking anybody; those that cost
// nothing are read now.
func (s *Set) Readings() []Reading {
	for i, g := range s.groups {
		if g.Read == nil {
			values, dropped, _ := gather(g, func(put Put) error { g.Now(put); return nil })
			s.keep(i, values, dropped, nil, 0)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.last)
}

// Describe says nothing: which series there are is known at the scrape.
func (s *Set) Describe(chan<- *prometheus.Desc) {}

// Collect tells Prometheus the last readings.
func (s *Set) Collect(ch chan<- prometheus.Metric) {
	now := s.clk.Now()
	for i, r := range s.Readings() {
		name := s.groups[i].Name
		failed := 0.0
		if r.Failed {
			failed = 1
		}
		ch <- prometheus.MustNewConstMetric(s.fails, prometheus.GaugeValue, failed, name)
		if r.At.IsZero() {
			continue
		}
		ch <- prometheus.MustNewConstMetric(s.age, prometheus.GaugeValue, now.Sub(r.At).Seconds(), name)
		for _, v := range r.Values {
			kind := prometheus.GaugeValue
			if s.totals[v.Name] {
				kind = prometheus.CounterValue
			}
			ch <- prometheus.MustNewConstMetric(s.descs[v.Name], kind, v.N, v.Labels...)
		}
	}
}

// Counts are counters in memory for words that are known beforehand; others are counted as
// "other". Safe for concurrent use.
type Counts struct {
	mu sync.Mutex
	n  map[[3]string]float64
}

// Add counts n under up to three labels. The words must be closed; beyond MaxSeries of them
// it counts under "other".
func (c *Counts) Add(n float64, labels ...string) {
	var k [3]string
	copy(k[:], labels)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[[3]string]float64{}
	}
	if _, ok := c.n[k]; !ok && len(c.n) >= MaxSeries-1 {
		k = [3]string{}
		for i := range labels {
			k[i] = "other"
		}
	}
	c.n[k] += n
}

// Tell puts every count under name; labels is how many the figure has.
func (c *Counts) Tell(put Put, name string, labels int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, n := range c.n {
		put(name, n, k[:labels]...)
	}
}
