package cityload

import (
	"fmt"
	"math"
	"strings"
)

// plot is a drawing in a box of 1000 by 1000 that is stretched to its place; its words
// stand around it as text, so that they are readable at any width.
type plot struct {
	Title, Unit string
	Lines       []plotLine
	X, Y        []tick
}

type plotLine struct {
	Name, Class, Points string
}

type tick struct {
	At    float64 // percent from the left, or from the top
	Label string
}

// Deep is the tick's place in the box.
func (t tick) Deep() float64 { return 10 * t.At }

// scale maps a value to 0..1.
type scale func(v float64) float64

func linear(top float64) scale { return func(v float64) float64 { return v / top } }

func logarithmic(from, to float64) scale {
	return func(v float64) float64 {
		if v <= 0 {
			return math.NaN()
		}
		return math.Log(max(v, from)/from) / math.Log(to/from)
	}
}

func polyline(n int, x, y func(int) float64) string {
	var b strings.Builder
	for i := range n {
		if math.IsNaN(y(i)) {
			continue // nothing was measured there
		}
		fmt.Fprintf(&b, "%.1f,%.1f ", 1000*min(1, max(0, x(i))), 1000*(1-min(1, max(0, y(i)))))
	}
	return b.String()
}

// round125 is the least of 1, 2, 5 times a power of ten that is not under v.
func round125(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(max(v, 1e-9))))
	for _, m := range [...]float64{1, 2, 5} {
		if v <= m*p*(1+1e-9) {
			return m * p
		}
	}
	return 10 * p
}

func number(v float64) string {
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.2f", v), "0"), ".")
}

func linearTicks(top float64) (out []tick) {
	for i := 0; i <= 4; i++ {
		out = append(out, tick{100 - 25*float64(i), number(top * float64(i) / 4)})
	}
	return out
}

// decades are ticks of a logarithmic axis.
func decades(from, to float64) (out []tick) {
	s := logarithmic(from, to)
	for v := from; v <= to*1.001; v *= 10 {
		out = append(out, tick{100 - 100*s(v), number(v)})
	}
	return out
}

// bounds of a logarithmic axis that holds all values.
func bounds(values ...float64) (from, to float64) {
	from, to = math.Inf(1), 0
	for _, v := range values {
		if v > 0 {
			from, to = min(from, v), max(to, v)
		}
	}
	if to == 0 {
		return 0.1, 1000
	}
	from, to = math.Pow(10, math.Floor(math.Log10(from))), math.Pow(10, math.Ceil(math.Log10(to)))
	if from == to {
		to *= 10
	}
	return from, to
}

func (r *Report) timeTicks() (out []tick, end float64) {
	end = max(r.Took, r.Seconds, 1)
	step := round125(end / 5)
	for v := 0.0; v <= end; v += step {
		out = append(out, tick{100 * v / end, number(v)})
	}
	return out, end
}

// plots draws the report. say gives the words.
func (r *Report) plots(say func(string) string) []plot {
	xt, end := r.timeTicks()
	at := func(i int) float64 { return r.Windows[i].At / end }
	n := len(r.Windows)
	var lat, rates []float64
	wrong := 1.0
	for _, w := range r.Windows {
		lat = append(lat, w.P50, w.P95, w.P99v)
		rates = append(rates, w.Asked, w.Done)
		wrong = max(wrong, float64(w.Wrong))
	}
	from, to := bounds(lat...)
	top := 1.0
	for _, v := range rates {
		top = max(top, v)
	}
	top, wrong = round125(top), round125(wrong)
	ls := logarithmic(from, to)
	line := func(name, class string, s scale, v func(Window) float64) plotLine {
		return plotLine{name, class, polyline(n, at, func(i int) float64 { return s(v(r.Windows[i])) })}
	}
	out := []plot{
		{Title: say("latency"), Unit: "ms", X: xt, Y: decades(from, to), Lines: []plotLine{
			line("p99", "c", ls, func(w Window) float64 { return w.P99v }), line("p95", "b", ls, func(w Window) float64 { return w.P95 }),
			line("p50", "a", ls, func(w Window) float64 { return w.P50 }),
		}},
		{Title: say("throughput"), Unit: "1/s", X: xt, Y: linearTicks(top), Lines: []plotLine{
			line(say("asked"), "b", linear(top), func(w Window) float64 { return w.Asked }), line(say("done"), "a", linear(top), func(w Window) float64 { return w.Done }),
		}},
		{Title: say("errors"), Unit: say("per_window"), X: xt, Y: linearTicks(wrong), Lines: []plotLine{
			line(say("errors"), "c", linear(wrong), func(w Window) float64 { return float64(w.Wrong) }),
		}},
	}
	if len(r.Spread) > 1 {
		out = append(out, r.spreadPlot(say))
	}
	return out
}

// spreadPlot stretches the slow end: each step to the right is ten times rarer.
func (r *Report) spreadPlot(say func(string) string) plot {
	var ms []float64
	for _, p := range r.Spread {
		ms = append(ms, p.MS)
	}
	from, to := bounds(ms...)
	rare := func(q float64) float64 { return -math.Log10(max(1-q, 1/float64(max(2, r.All.N)))) }
	most := rare(1)
	s := logarithmic(from, to)
	p := plot{Title: say("distribution"), Unit: "ms", Y: decades(from, to)}
	for k := 0; float64(k) <= most; k++ {
		p.X = append(p.X, tick{100 * float64(k) / most, [...]string{"0", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %", "99.9999 %"}[min(k, 6)]})
	}
	p.Lines = []plotLine{{say("all"), "a", polyline(len(r.Spread), func(i int) float64 { return rare(r.Spread[i].Q) / most }, func(i int) float64 { return s(r.Spread[i].MS) })}}
	return p
}
