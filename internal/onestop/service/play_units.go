package service

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
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

// What a scenario does with a child dossier: it ends, or ends without its result.
const (
	doChildEnds  = "childEnds"
	doChildStops = "childStops"
)

// trail is where the tasks of a scenario stand, and the office time that each tier took.
type trail struct {
	open  map[int]string              // route by token
	by    map[int]time.Time           // when the term of a task ends, by token
	kids  map[int]process.ChildOpened // child dossiers that the scenario waits for, by token
	since time.Time
	spent map[string]time.Duration // by tier
}

// account adds the time since the last event to the tiers where tasks stand. While the
// count stands still, or the result waits for its owner, nobody's time runs.
func (g *game) account() {
	if g.trail.spent == nil {
		g.trail = trail{open: map[int]string{}, by: map[int]time.Time{}, kids: map[int]process.ChildOpened{}, since: g.now, spent: map[string]time.Duration{}}
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
	case process.ChildOpened:
		g.trail.kids[e.Token] = e
		if places, ok := g.w.Units.(Places); ok && e.Unit != "" {
			if on := clock.DateOf(g.now); !known(places, e.Unit, on) {
				g.fail(decl.Pos{}, e.Step, "service.play.noUnit", "unit", e.Unit, "step", e.Step, "date", on)
			}
		}
	case process.ChildStopped:
		delete(g.trail.kids, e.Token)
	case process.TaskClosed:
		delete(g.trail.open, e.Token)
	case process.TaskOpened:
		g.trail.by[e.Token] = e.By
		if e.Unit == "" {
			return
		}
		g.trail.open[e.Token] = e.Unit
		places, ok := g.w.Units.(Places)
		if !ok {
			return
		}
		on := clock.DateOf(g.now)
		if !known(places, e.Unit, on) {
			g.fail(decl.Pos{}, e.Step, "service.play.noUnit", "unit", e.Unit, "step", e.Step, "date", on)
		} else if !places.Staffed(e.Unit, e.Role, on) {
			g.fail(decl.Pos{}, e.Step, "service.play.noPost", "unit", e.Unit, "step", e.Step, "role", e.Role, "date", on)
		}
	}
}

func known(places Places, ref string, on clock.Date) bool {
	_, ok := places.Place(ref, on)
	return ok
}

// child lets a child dossier end: with what it gives back, or without its result.
func (g *game) child(st ScenarioStep) error {
	for _, t := range g.inst.Tokens {
		kid, ok := g.trail.kids[t.N]
		if !ok || kid.Step != st.Child {
			continue
		}
		ev := process.Event{Kind: process.ChildEnded, Token: t.N}
		if st.Do == doChildStops {
			ev.Code = process.ChildStoppedCode
		}
		for name, v := range st.With {
			raw, err := json.Marshal(v.V)
			if err != nil {
				return err
			}
			x := process.Var{Name: name}
			if err := json.Unmarshal(raw, &x.Value); err != nil {
				return err
			}
			ev.Data = append(ev.Data, x)
		}
		slices.SortFunc(ev.Data, func(a, b process.Var) int { return strings.Compare(a.Name, b.Name) })
		if err := g.fire(ev); err != nil {
			return err
		}
		delete(g.trail.kids, t.N)
		return nil
	}
	return errs.E(errs.Invalid, "service.play.noChild", errs.P("child", st.Child, "open", g.children()))
}

// children are the child dossiers that the scenario waits for, each with step, service and unit.
func (g *game) children() string {
	var out []string
	for _, t := range g.inst.Tokens {
		if kid, ok := g.trail.kids[t.N]; ok {
			out = append(out, strings.TrimSpace(kid.Step+" "+kid.Service+" "+kid.Unit))
		}
	}
	return strings.Join(out, ", ")
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

// by is when the term of an open task ends, the earliest of several.
func (g *game) by() process.Millis {
	var first time.Time
	for _, t := range g.inst.Tokens {
		if at := g.trail.by[t.N]; !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	if first.IsZero() {
		return 0
	}
	return process.Millis(first.UnixMilli())
}

// hoursAt is the office time that a tier took, in hours: "28", "3.5".
func (g *game) hoursAt(tier string) string {
	return strconv.FormatFloat(g.trail.spent[tier].Hours(), 'f', -1, 64)
}
