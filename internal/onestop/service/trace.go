package service

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
)

// Trace is a scenario as it was played.
type Trace struct {
	Scenario Scenario
	Acts     []Act
	Problems decl.Problems // of all acts

	Answers    form.Answers // of the applicant, as they stood at the end
	Officer    form.Answers // of the officers' forms
	Env        form.Env
	Milestones []string // in order
}

// Act is one line of a trace: what was done, and where the dossier stood after it.
// The first is submit; the last is then, where the scenario says how it ends.
type Act struct {
	Pos      decl.Pos
	Do       string
	As       string
	From     string    // where the dossier stood before
	Refusal  string    // key of the refusal that was expected
	At       time.Time // the scenario's clock, Hanoi time
	Step     string    // open steps after it
	State    string
	Due      time.Time     // zero: none is promised
	Problems decl.Problems // what was expected and is not so
}

// note closes an act: what failed since before belongs to it.
func (g *game) note(a Act, before int) {
	a.At, a.Step, a.State = g.now.In(clock.Zone), g.at(), g.inst.State.String()
	if g.inst.Due != 0 {
		a.Due = g.inst.Due.Time().In(clock.Zone)
	}
	a.Problems = slices.Clone(g.problems[before:])
	g.acts = append(g.acts, a)
}

// at names the open steps: where somebody, another system or an instant is waited for. A
// branch that only waits for the others stands at none.
func (g *game) at() string {
	var steps []string
	for _, t := range g.inst.Tokens {
		if t.Wait != process.ForJoin && t.Wait != process.ForInner && t.Wait != process.ForMany {
			steps = append(steps, t.Step)
		}
	}
	return strings.Join(steps, " ")
}

// nowhere refuses an action that no open step has, and names what could be done.
func (g *game) nowhere(do string) error {
	at, can := g.at(), []string{}
	if at == "" {
		return errs.E(errs.Invalid, "service.play.over", errs.P("do", do, "state", g.inst.State.String()))
	}
	for _, t := range g.inst.Tokens {
		info, _ := g.p.Process.Step(t.Step)
		for _, a := range info.Actions {
			can = append(can, a.Do)
		}
	}
	return errs.E(errs.Invalid, "service.play.nowhere", errs.P("do", do, "at", at, "can", strings.Join(can, ", ")))
}

// inFile are the keys of a map in the order in which its author wrote them.
func inFile(m map[string]decl.Value) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(cmp.Compare(m[a].Pos.Line, m[b].Pos.Line), cmp.Compare(m[a].Pos.Col, m[b].Pos.Col), strings.Compare(a, b))
	})
}

// placeOf is where a map begins.
func placeOf(m map[string]decl.Value, otherwise decl.Pos) decl.Pos {
	if keys := inFile(m); len(keys) > 0 {
		return m[keys[0]].Pos
	}
	return otherwise
}

// Sample is the trace of the scenario that goes furthest: what previews are filled with.
// False where no scenario could be filed.
func (p *Package) Sample(w World) (Trace, bool) {
	best, found := Trace{}, false
	for _, s := range p.Scenarios {
		t := p.Trace(s, w)
		if len(t.Answers) > 0 && (!found || t.further(best)) {
			best, found = t, true
		}
	}
	return best, found
}

// Due is the first promised date of the trace, else when it began.
func (t Trace) Due() time.Time {
	for _, a := range t.Acts {
		if !a.Due.IsZero() {
			return a.Due
		}
	}
	return t.Env.Now
}

// further: a dossier that came to more officers' answers, or to more acts, shows more.
func (t Trace) further(o Trace) bool {
	return cmp.Or(cmp.Compare(ended(t), ended(o)), cmp.Compare(len(t.Officer), len(o.Officer)), cmp.Compare(len(t.Milestones), len(o.Milestones))) > 0
}

// ended is 1 where the result was returned.
func ended(t Trace) int {
	if n := len(t.Acts); n > 0 && t.Acts[n-1].State == process.Returned.String() {
		return 1
	}
	return 0
}

// refusedAsAsked judges a filing that the scenario wants refused: where it was, for the
// reason that is named among others, nothing is wrong.
func (g *game) refusedAsAsked(filed bool) {
	wanted := slices.ContainsFunc(g.problems, func(p decl.Problem) bool { return p.Key == g.s.Fails })
	switch {
	case filed:
		g.fail(g.s.Pos, "fails", "service.play.notRefused", "want", g.s.Fails, "got", g.inst.State.String())
	case wanted:
		g.problems = nil
	}
}
