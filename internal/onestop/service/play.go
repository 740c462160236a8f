package service

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// World is what scenarios are played in.
type World struct {
	Calendar *calendar.Calendar
	Units    form.Units // nil: codes are checked by shape only
}

// Play runs a scenario against the pure engine and reports each expectation that
// failed, at its place in the file. No problem means that the scenario holds.
func (p *Package) Play(s Scenario, w World) decl.Problems { return p.Trace(s, w).Problems }

// Trace plays a scenario and keeps what happened at each act.
func (p *Package) Trace(s Scenario, w World) Trace {
	g := &game{p: p, s: s, w: w}
	g.play()
	return Trace{
		Scenario: s, Acts: g.acts, Problems: g.problems, Answers: g.answers, Officer: g.officer, Env: g.env, Milestones: g.reached,
	}
}

type game struct {
	p        *Package
	s        Scenario
	w        World
	now      time.Time
	env      form.Env
	answers  form.Answers
	officer  form.Answers
	inst     process.Instance
	reached  []string // milestones
	problems decl.Problems
	acts     []Act
	trail    trail
}

func (g *game) fail(pos decl.Pos, element, key string, kv ...any) {
	g.problems = append(g.problems, decl.Problem{File: g.s.File, Pos: pos, Element: element, Key: key, Params: params(kv)})
}

// scenarioTime is the form 2026-11-20T14:00+07:00, with or without seconds.
func scenarioTime(s string) (time.Time, error) {
	t, err := time.Parse("2006-01-02T15:04Z07:00", s)
	if err != nil {
		t, err = time.Parse(time.RFC3339, s)
	}
	return t.In(clock.Zone), err
}

func (g *game) play() {
	t, err := scenarioTime(g.s.Given.Clock)
	if err != nil {
		g.fail(g.s.Pos, "given.clock", "service.play.clock", "value", g.s.Given.Clock)
		return
	}
	g.now = t
	filed := g.submit()
	if g.s.Fails != "" {
		g.refusedAsAsked(filed)
		g.note(Act{Pos: placeOf(g.s.Submit, g.s.Pos), Do: "submit", As: g.s.Given.Applicant, Refusal: g.s.Fails}, 0)
		return
	}
	for _, m := range g.s.Expect {
		if filed {
			g.expect("expect", m)
		}
	}
	g.note(Act{Pos: placeOf(g.s.Submit, g.s.Pos), Do: "submit", As: g.s.Given.Applicant}, 0)
	if !filed {
		return
	}
	for i, st := range g.s.Steps {
		before, from := len(g.problems), g.at()
		on := g.step(st)
		if !on && i+1 < len(g.s.Steps) {
			g.fail(st.Pos, fmt.Sprintf("steps[%d]", i), "service.play.stopped", "n", len(g.s.Steps)-i-1)
		}
		g.note(Act{Pos: st.Pos, Do: st.Do, As: st.As, From: from, Refusal: st.Fails}, before)
		if !on {
			return
		}
	}
	before := len(g.problems)
	g.expect("then", g.s.Then)
	if len(g.s.Then) > 0 {
		g.note(Act{Pos: placeOf(g.s.Then, g.s.Pos), Do: "then"}, before)
	}
}

// filing are the keys of submit that are no answers.
//
//nolint:gochecknoglobals // immutable table
var filing = []string{"case", "channel", "papers", "unit"}

func (g *game) submit() bool {
	answers := map[string]decl.Value{}
	for k, v := range g.s.Submit {
		if !slices.Contains(filing, k) {
			answers[k] = v
		}
	}
	kase, _ := g.s.Submit["case"].V.(string)
	if kase == "" && len(g.p.Cases) > 0 {
		kase = g.p.Cases[0]
	}
	channel := g.s.Given.Channel
	if c, ok := g.s.Submit["channel"].V.(string); ok {
		channel = c
	}
	if channel == "" {
		channel = string(g.p.Channels[0])
	}
	g.env = form.Env{Now: g.now, Case: kase, Channel: channel, Units: g.w.Units, Files: g.files(g.s.Submit["papers"].V)}
	a, err := g.read(g.p.Form, answers)
	if err != nil {
		g.refused(g.s.Pos, "submit", err, g.s.Submit)
		return false
	}
	res := g.p.Form.Validate(a, g.env)
	if err := res.Err(); err != nil {
		g.refused(g.s.Pos, "submit", err, g.s.Submit)
		return false
	}
	g.answers = res.Answers
	g.env = g.p.Agencies(g.answers, g.env)
	if err := g.fire(process.Event{Kind: process.Submit}); err != nil {
		g.refused(g.s.Pos, "submit", err, g.s.Submit)
		return false
	}
	return true
}

func (g *game) read(f *form.Form, m map[string]decl.Value) (form.Answers, error) {
	plain := make(map[string]any, len(m))
	for k, v := range m {
		plain[k] = v.V
	}
	raw, err := json.Marshal(plain)
	if err != nil {
		return nil, err
	}
	return f.ParseJSON(raw)
}

func (g *game) files(v any) []form.File {
	m, _ := v.(map[string]any)
	var out []form.File
	for id, name := range m {
		for _, n := range oneOrMany(name) {
			file := form.File{Paper: id, Name: n, Type: strings.TrimPrefix(path.Ext(n), "."), Size: 1 << 10}
			if n == "shown" {
				file = form.File{Paper: id, ShownOnly: true}
			}
			out = append(out, file)
		}
	}
	slices.SortFunc(out, func(a, b form.File) int { return strings.Compare(a.Paper, b.Paper) })
	return out
}

func oneOrMany(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// refused tells why an act could not be done: each answer at its own line of the file.
func (g *game) refused(pos decl.Pos, element string, err error, given map[string]decl.Value) {
	e, ok := errs.As(err)
	if !ok {
		g.fail(pos, element, "service.play.refused", "reason", err.Error())
		return
	}
	if len(e.Fields) == 0 {
		g.problems = append(g.problems, decl.Problem{File: g.s.File, Pos: pos, Element: element, Key: e.Key, Params: e.Params})
		return
	}
	for _, f := range e.Fields {
		at := pos
		if v, ok := given[f.Path]; ok {
			at = v.Pos
		} else if strings.HasPrefix(f.Path, "papers.") && given["papers"].Pos.Line > 0 {
			at = given["papers"].Pos
		}
		g.problems = append(g.problems, decl.Problem{File: g.s.File, Pos: at, Element: element + "." + f.Path, Key: f.Key, Params: f.Params})
	}
}

func (g *game) fire(ev process.Event) error {
	g.env.Now = g.now
	g.account()
	inst, effects, err := process.Step(g.p.Process, g.inst, ev, process.Env{
		Now: g.now, Calendar: g.w.Calendar, UnitDate: clock.DateOf(g.now), Case: g.env.Case, Channel: g.env.Channel,
		Facts: g.p.Form.Vars(g.answers, g.env),
	})
	if err != nil {
		return err
	}
	g.inst = inst
	for _, e := range effects {
		g.follow(e)
		if h, ok := e.(process.Happened); ok {
			g.reached = append(g.reached, h.Name)
		}
	}
	return nil
}

// step plays one act; false where the scenario cannot go on.
func (g *game) step(st ScenarioStep) bool {
	if st.At != "" {
		t, err := scenarioTime(st.At)
		if err != nil || t.Before(g.now) {
			g.fail(st.Pos, "at", "service.play.clock", "value", st.At)
			return false
		}
		g.now = t
	}
	err := g.do(st)
	switch {
	case st.Fails != "":
		e, ok := errs.As(err)
		if !ok || e.Key != st.Fails && !slices.ContainsFunc(e.Fields, func(f errs.Field) bool { return f.Key == st.Fails }) {
			g.fail(st.Pos, st.Do, "service.play.notRefused", "want", st.Fails, "got", fmt.Sprint(err))
		}
	case err != nil:
		g.refused(st.Pos, st.Do, err, st.With)
		return false
	}
	g.expect(st.Do, st.Expect)
	return true
}

func (g *game) do(st ScenarioStep) error {
	switch st.Do {
	case "wait":
		return g.wait(st)
	case "supply":
		more, err := g.read(g.p.Form, st.With)
		if err != nil {
			return err
		}
		g.env.Now = g.now
		g.env.Files = append(slices.Clone(g.env.Files), g.files(st.Papers)...)
		res := g.p.Form.Validate(g.answers.With(more), g.env)
		if err := res.Err(); err != nil {
			return err
		}
		g.answers = res.Answers
		return g.fire(process.Event{Kind: process.Supply})
	case "withdraw":
		return g.fire(process.Event{Kind: process.Withdraw})
	case doChildEnds, doChildStops:
		return g.child(st)
	}
	step, act, dotted := strings.Cut(st.Do, ".")
	if !dotted {
		act = st.Do
	}
	for _, t := range g.inst.Tokens {
		info, ok := g.p.Process.Step(t.Step)
		if t.Wait == process.ForOpinion && (act == process.DoAgree || act == process.DoObject) && (!dotted || t.Step == step) {
			return g.fire(process.Event{Kind: process.Act, Token: t.N, Action: act})
		}
		if !ok || t.Wait != process.ForTask && t.Wait != process.ForApplicant || dotted && t.Step != step || !slices.ContainsFunc(info.Actions, func(a process.ActionInfo) bool { return a.Do == act }) {
			continue
		}
		if err := g.mayAct(st, info); err != nil {
			return err
		}
		if f, asks := g.p.Form.Officer(t.Step, act); asks {
			a, err := g.read(f, st.With)
			if err != nil {
				return err
			}
			env := g.env
			env.Now, env.Dossier = g.now, g.answers
			res := f.Validate(a, env)
			if err := res.Err(); err != nil {
				return err
			}
			g.officer = g.officer.With(res.Answers)
		}
		return g.fire(process.Event{Kind: process.Act, Token: t.N, Action: act, Units: st.Units})
	}
	return g.nowhere(st.Do)
}

// mayAct checks that the one who acts holds the step's role, or is the applicant.
func (g *game) mayAct(st ScenarioStep, info process.StepInfo) error {
	switch {
	case st.As == "":
	case info.Role == process.RoleApplicant:
		if st.As != g.s.Given.Applicant && st.As != process.RoleApplicant {
			return errs.E(errs.Forbidden, "service.play.role", errs.P("as", st.As, "role", info.Role))
		}
	case !orgunit.Role(st.As).Acts(orgunit.Role(info.Role)):
		return errs.E(errs.Forbidden, "service.play.role", errs.P("as", st.As, "role", info.Role))
	}
	return nil
}

// wait lets time pass; timers that end within it fire at their instant.
func (g *game) wait(st ScenarioStep) error {
	until := g.now
	if st.For != "" {
		period, err := calendar.ParseTerm(st.For)
		if err != nil {
			return errs.E(errs.Invalid, "process.lint.period", errs.P("value", st.For))
		}
		if until, err = period.End(g.now, g.w.Calendar); err != nil {
			return err
		}
	}
	for {
		n, at := g.inst.NextTimer()
		if n == 0 || at.After(until) {
			g.now = until
			return nil
		}
		g.now = at
		if err := g.fire(process.Event{Kind: process.Fire, Token: n}); err != nil {
			return err
		}
	}
}

// outcomes are the keys of expect and then.
//
//nolint:gochecknoglobals // immutable table
var outcomes = []string{"state", "due", "receiveBy", "step", "fee", "journal", "result.text", "unit", "by", "children", "hours.commune", "hours.district", "hours.city"}

// expect compares what is with what a map of the scenario says, in order of the file.
func (g *game) expect(element string, want map[string]decl.Value) {
	for _, key := range inFile(want) {
		w, pos, got := want[key].V, want[key].Pos, any(nil)
		switch key {
		case "state":
			got = g.inst.State.String()
		case "due":
			got = when(g.inst.Due, w)
		case "receiveBy":
			got = when(g.inst.ReceiveBy, w)
		case "fee":
			due, err := g.p.FeeOf(g.answers, g.env)
			if got = due.State; err == nil && due.Amount > 0 {
				got = due.Amount
			}
		case "step":
			got = g.at()
		case "unit":
			got = g.where()
		case "by":
			got = when(g.by(), w)
		case "children":
			if got = g.children(); got == "" {
				got = nil
			}
		case "hours.commune", "hours.district", "hours.city":
			g.account()
			got = g.hoursAt(strings.TrimPrefix(key, "hours."))
		case "journal":
			if !inOrder(g.reached, oneOrMany(w)) {
				g.differs(pos, element, key, strings.Join(oneOrMany(w), " "), strings.Join(g.reached, " "))
			}
			continue
		case "result.text":
			if text := g.p.resultText(g.answers, g.officer, g.env); !strings.Contains(strings.ToUpper(text), strings.ToUpper(fmt.Sprint(w))) {
				g.differs(pos, element, key, w, text)
			}
			continue
		default:
			g.fail(pos, element, "service.play.key", "key", key, "known", strings.Join(outcomes, ", "))
			continue
		}
		if fmt.Sprint(got) != fmt.Sprint(w) {
			g.differs(pos, element, key, w, got)
		}
	}
}

func (g *game) differs(pos decl.Pos, element, what string, want, got any) {
	say := func(v any) string {
		if v == nil || v == "" {
			return "∅"
		}
		return fmt.Sprint(v)
	}
	g.fail(pos, element+"."+what, "service.play.differs", "what", what, "want", say(want), "got", say(got))
}

// when writes an instant in the form that the scenario used.
func when(m process.Millis, want any) any {
	if m == 0 {
		return nil
	}
	t := m.Time().In(clock.Zone)
	if s, ok := want.(string); ok && len(s) == len(time.DateOnly) {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02T15:04Z07:00")
}

func inOrder(have, want []string) bool {
	for _, w := range want {
		i := slices.Index(have, w)
		if i < 0 {
			return false
		}
		have = have[i+1:]
	}
	return true
}
