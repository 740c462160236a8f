package measure_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/measure"
)

// A scrape asks nobody: it tells the last reading with its age, also while reading fails.
func TestAScrapeTellsTheLastReading(t *testing.T) {
	t.Parallel()
	clk := clock.NewFake(clock.MustDate("2026-11-23").At(9, 0))
	reads, broken := 0, false
	set := measure.New(clk, nil, measure.Group{
		Name: "queue", Every: time.Minute, Figures: []measure.Figure{{Name: "khue_waiting", Help: "h", Labels: []string{"tier"}}},
		Read: func(_ context.Context, put measure.Put) error {
			reads++
			put("khue_waiting", 2, "commune")
			put("khue_waiting", 3, "commune")
			put("khue_unknown", 1)
			if broken {
				return errors.New("no")
			}
			return nil
		},
	})
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(set)
	if got := told(t, reg); len(got) != 1 || reads != 0 {
		t.Errorf("before a reading: %v after %d", got, reads)
	}
	set.Refresh(t.Context())
	broken = true
	set.Refresh(t.Context())
	clk.Set(clk.Now().Add(30 * time.Second))
	for range 3 {
		got := told(t, reg)
		if got["khue_waiting commune"] != 5 || got["khue_measure_age_seconds queue"] != 30 || got["khue_measure_failed queue"] != 1 {
			t.Error(got)
		}
	}
	if reads != 2 {
		t.Errorf("%d readings for three scrapes", reads)
	}
}

// However many words a module makes up, the figures stay few.
func TestSeriesAreBounded(t *testing.T) {
	t.Parallel()
	var c measure.Counts
	for i := range 10 * measure.MaxSeries {
		c.Add(1, fmt.Sprint("word", i))
	}
	set := measure.New(clock.System(), nil, measure.Group{
		Name: "g", Figures: []measure.Figure{{Name: "a", Labels: []string{"x"}}, {Name: "b", Labels: []string{"x"}}},
		Now: func(put measure.Put) {
			c.Tell(put, "a", 1)
			for i := range 2 * measure.MaxSeries {
				put("b", 1, fmt.Sprint(i))
			}
		},
	})
	r := set.Readings()[0]
	if len(r.Values) != 2*measure.MaxSeries || r.Dropped != measure.MaxSeries {
		t.Errorf("%d values, %d dropped", len(r.Values), r.Dropped)
	}
	sum := 0.0
	for _, v := range r.Values {
		if v.Name == "a" {
			sum += v.N
		}
	}
	if sum != 10*measure.MaxSeries {
		t.Errorf("counted %v: none may be lost", sum)
	}
}

func told(t *testing.T, g prometheus.Gatherer) map[string]float64 {
	t.Helper()
	fams, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range fams {
		for _, m := range f.GetMetric() {
			key := f.GetName()
			for _, l := range m.GetLabel() {
				key += " " + l.GetValue()
			}
			out[key] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return out
}
