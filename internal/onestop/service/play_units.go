package service

import (
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
)

// Places is what a register of units may know beyond forms: where a route leads. Where
// World.Units knows it, a scenario fails at a step that reaches no unit, or one in which
// no post may act in the step's role.
type Places interface {
	Place(ref string, on clock.Date) (form.Unit, bool)
	Staffed(ref, role string, on clock.Date) bool
}

// trail is where the tasks of a scenario stand, and the office time that each tier took.
type trail struct {
	open  map[int]string // route by token
	since time.Time
	spent map[string]time.Duration // by tier
}

// account adds the time since the last event to the tiers where tasks stand. While the
// count stands still, or the result waits for its owner, nobody's time runs.
func (g *game) account() {
	if g.trail.spent == nil {
		g.trail = trail{open: map[int]string{}, since: g.now, spent: map[string]time.Duration{}}
	}
	if g.inst.Paused == 0 && g.inst.State != process.Done && g.w.Calendar != nil {
		worked := g.w.Calendar.Worked(g.trail.since, g.now)
		for _, ref := range g.trail.open {
			g.trail.spent[g.tierOf(ref)] += worked
		}
	}
	g.trail.since = g.now
}

// follow keeps where tasks stand, and fails a step that nobody can take.
func (g *game) follow(e process.Effect) {
	switch e := e.(type) {
	case process.TaskClosed:
		delete(g.trail.open, e.Token)
	case process.TaskOpened:
		if e.Unit == "" {
			return
		}
		g.trail.open[e.Token] = e.Unit
		places, ok := g.w.Units.(Places)
		if !ok {
			return
		}
		on := clock.DateOf(g.now)
		if _, known := places.Place(e.Unit, on); !known {
			g.fail(decl.Pos{}, e.Step, "service.play.noUnit", "unit", e.Unit, "step", e.Step, "date", on)
		} else if !places.Staffed(e.Unit, e.Role, on) {
			g.fail(decl.Pos{}, e.Step, "service.play.noPost", "unit", e.Unit, "step", e.Step, "role", e.Role, "date", on)
		}
	}
}

func (g *game) tierOf(ref string) string {
	if places, ok := g.w.Units.(Places); ok {
		u, _ := places.Place(ref, clock.DateOf(g.now))
		return u.Tier
	}
	return ""
}

// where are the routes of the open tasks, in order of their tokens.
func (g *game) where() string {
	var out []string
	for _, t := range g.inst.Tokens {
		if ref := g.trail.open[t.N]; ref != "" {
			out = append(out, ref)
		}
	}
	return strings.Join(out, " ")
}

// hoursAt is the office time that a tier took, in hours: "28", "3.5".
func (g *game) hoursAt(tier string) string {
	return strconv.FormatFloat(g.trail.spent[tier].Hours(), 'f', -1, 64)
}
