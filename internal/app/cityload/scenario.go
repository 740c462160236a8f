package cityload

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

const scenarioFormat = "khue-load/1"

//go:embed scenarios/*.yaml
var scenarios embed.FS

// Scenario is a declared load. Rates are those at the top of the curve.
type Scenario struct {
	Format string            `yaml:"format"` // khue-load/1
	Name   string            `yaml:"name"`
	About  map[string]string `yaml:"about"` // a paragraph a language (vi, en); of a published mix, how its gaps are filled
	Curve  Curve             `yaml:"curve"`
	For    time.Duration     `yaml:"for"`
	Before int               `yaml:"before"` // dossiers filed before the clock starts, spread over the stages of a life
	Faults float64           `yaml:"faults"` // share of posts that something happens to, 0 to 1
	Actors []Actor           `yaml:"actors"`
	Goals  []Goal            `yaml:"goals"`
}

// Actor is a kind of person or program. Its sessions begin Rate times a second; or there
// are Users who each begin again after an exponential pause of mean Think.
type Actor struct {
	Name  string        `yaml:"name"`
	Steps []string      `yaml:"steps"` // acts, in order
	Rate  float64       `yaml:"rate"`
	Users int           `yaml:"users"`
	Think time.Duration `yaml:"think"`
	Pause time.Duration `yaml:"pause"` // mean think time between two steps
	Curve Curve         `yaml:"curve"` // empty: the scenario's
}

// Goal is a published figure to be compared with.
type Goal struct {
	Name   string   `yaml:"name"`
	Actors []string `yaml:"actors"` // empty: all
	P95    float64  `yaml:"p95_ms"`
	Source string   `yaml:"source"`
}

// rate is the sessions a second at the top of the curve.
func (a Actor) rate() float64 {
	if a.Users > 0 {
		return float64(a.Users) / a.Think.Seconds()
	}
	return a.Rate
}

// Along is the scenario with a named curve for every actor.
func (s Scenario) Along(curve string) Scenario {
	if c, ok := namedCurve(curve); ok {
		s.Curve, s.Actors = c, slices.Clone(s.Actors)
		for i := range s.Actors {
			s.Actors[i].Curve = nil
		}
	}
	return s
}

// Mixes lists the scenarios that come with the program.
func Mixes() []string {
	files, _ := scenarios.ReadDir("scenarios") // embedded: it is there
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = strings.TrimSuffix(f.Name(), ".yaml")
	}
	return out
}

// ReadScenario reads one of Mixes, or a file.
func ReadScenario(name string) (Scenario, error) {
	b, err := scenarios.ReadFile("scenarios/" + name + ".yaml")
	if err != nil {
		if b, err = os.ReadFile(name); err != nil { //nolint:gosec // the operator names it
			return Scenario{}, fmt.Errorf("there is no scenario %q (%s, or a file): %w", name, strings.Join(Mixes(), ", "), err)
		}
	}
	return ParseScenario(b)
}

// ParseScenario reads a scenario and says all that is wrong with it.
func ParseScenario(b []byte) (s Scenario, err error) {
	if err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(&s); err != nil {
		return s, fmt.Errorf("scenario: %w", err)
	}
	return s, s.check()
}

func (s Scenario) check() error {
	var wrong []error
	no := func(format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("scenario "+s.Name+": "+format, args...))
	}
	if s.Format != scenarioFormat {
		no("format is %q, not %q", s.Format, scenarioFormat)
	}
	if s.Faults < 0 || s.Faults > 1 {
		no("faults is a share from 0 to 1")
	}
	if len(s.Actors) == 0 || len(s.Actors) > 200 {
		no("it needs 1 to 200 actors")
	}
	if err := s.Curve.check(); err != nil {
		no("%w", err)
	}
	names := map[string]bool{}
	for _, a := range s.Actors {
		if names[a.Name] {
			no("two actors are called %q", a.Name)
		}
		names[a.Name] = true
		if a.rate() <= 0 || a.Users > 0 && (a.Rate > 0 || a.Think <= 0) {
			no("actor %s: either rate, or users with think", a.Name)
		}
		if err := a.Curve.check(); err != nil {
			no("actor %s: %w", a.Name, err)
		}
		if len(a.Steps) == 0 {
			no("actor %s has no steps", a.Name)
		}
		for _, st := range a.Steps {
			if !slices.ContainsFunc(acts(), func(x act) bool { return x.name == st }) {
				no("actor %s: there is no act %q", a.Name, st)
			}
		}
	}
	for _, g := range s.Goals {
		for _, a := range g.Actors {
			if !names[a] {
				no("goal %s: there is no actor %q", g.Name, a)
			}
		}
	}
	return errors.Join(wrong...)
}
