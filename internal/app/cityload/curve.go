package cityload

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/goccy/go-yaml"
)

// Curve is how much of its rate an actor has over the run: points of (part of the run,
// part of the rate), both from 0 to 1, joined by straight lines. In YAML it is a name
// (constant, day, deadline, opening) or a list of points.
type Curve [][2]float64

// named curves; a whole day is played in the length of the run.
func namedCurve(name string) (Curve, bool) {
	switch name {
	case "constant":
		return Curve{{0, 1}, {1, 1}}, true
	case "day": // midnight to midnight, as portals of cities see it
		return Curve{{0, 0.04}, {0.21, 0.02}, {0.31, 0.35}, {0.39, 1}, {0.45, 0.95}, {0.5, 0.45}, {0.56, 0.5}, {0.62, 0.9}, {0.68, 0.7}, {0.73, 0.35}, {0.85, 0.4}, {0.92, 0.2}, {1, 0.05}}, true
	case "deadline": // the last day of a term: the last hour holds a third
		return Curve{{0, 0.05}, {0.4, 0.12}, {0.7, 0.25}, {0.85, 0.5}, {0.95, 0.9}, {0.99, 1}, {1, 0}}, true
	case "opening": // midnight strikes at the beginning
		return Curve{{0, 1}, {0.05, 1}, {0.1, 0.6}, {0.2, 0.3}, {0.5, 0.12}, {1, 0.06}}, true
	}
	return nil, false
}

// UnmarshalYAML reads a name or points.
func (c *Curve) UnmarshalYAML(b []byte) error {
	var name string
	if err := yaml.Unmarshal(b, &name); err == nil {
		named, ok := namedCurve(name)
		if !ok {
			return fmt.Errorf("there is no curve %q", name)
		}
		*c = named
		return nil
	}
	var points [][2]float64
	if err := yaml.Unmarshal(b, &points); err != nil {
		return err
	}
	*c = points
	return nil
}

func (c Curve) check() error {
	for i, p := range c {
		if p[0] < 0 || p[0] > 1 || p[1] < 0 || p[1] > 1 || i > 0 && p[0] < c[i-1][0] {
			return errors.New("a curve is points from 0 to 1, in order")
		}
	}
	return nil
}

// at is the part of the rate at a part of the run.
func (c Curve) at(x float64) float64 {
	if len(c) == 0 {
		return 1
	}
	i, _ := slices.BinarySearchFunc(c, x, func(p [2]float64, x float64) int {
		if p[0] < x {
			return -1
		}
		return 1
	})
	switch i {
	case 0:
		return c[0][1]
	case len(c):
		return c[len(c)-1][1]
	}
	a, b := c[i-1], c[i]
	if b[0] == a[0] {
		return b[1]
	}
	return a[1] + (b[1]-a[1])*(x-a[0])/(b[0]-a[0])
}

// due is one step of one session, and when it is to begin.
type due struct {
	at      time.Duration // since the start of the run
	session *session
	step    int
}

// plan draws every arrival of a run: a Poisson process an actor, thinned along its curve.
// At most limit steps are drawn, from the beginning; cut says that there would be more.
func plan(s Scenario, times float64, length time.Duration, limit int, seed uint64) (all []due, cut bool) {
	for i := range s.Actors {
		a := &s.Actors[i]
		rng := rand.New(rand.NewPCG(seed, uint64(i))) //nolint:gosec // arrivals, no secrets
		c := a.Curve
		if len(c) == 0 {
			c = s.Curve
		}
		rate := a.rate() * times
		n := 0
		for t := 0.0; n <= limit; {
			t += rng.ExpFloat64() / rate
			if t >= length.Seconds() {
				break
			}
			if rng.Float64() >= c.at(t/length.Seconds()) {
				continue
			}
			ses := &session{actor: i, pick: rng.Uint64()}
			at := time.Duration(t * float64(time.Second))
			for k := range a.Steps {
				all = append(all, due{at, ses, k})
				at += time.Duration(rng.ExpFloat64() * float64(a.Pause))
				n++
			}
		}
	}
	slices.SortStableFunc(all, func(a, b due) int { return int(a.at - b.at) })
	if len(all) > limit {
		return all[:limit], true
	}
	return all, false
}
