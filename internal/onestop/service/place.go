package service

import (
	"errors"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/feel"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
)

// limits of the expression that names a unit: packages come from many hands.
const (
	unitSteps  = 20_000
	unitMemory = 1 << 20
)

const cityTier = "city"

// Agencies fills in which unit receives, which decides and which district lies above, as
// conditions and steps name them: the code of a territory, or CODE/KEY for the office of
// its agency that holds a function. Without a register the answer itself is taken. A unit
// that is not known reads as empty.
func (p *Package) Agencies(a form.Answers, env form.Env) form.Env {
	place := a.Text(p.Competent.By)
	env.District = ""
	if env.Units != nil {
		day := clock.DateOf(env.Now)
		if up, ok := env.Units.Above(place, p.Competent.Tier, day); ok {
			place = up.Code
		}
		if up, ok := env.Units.Above(place, "district", day); ok {
			env.District = up.Code
		}
	}
	env.Receiving, env.Competent = place, place
	if p.decides == nil {
		return env
	}
	env.Competent = ""
	v, err := p.decides.Eval(p.Form.Vars(a, env), feel.Env{Now: env.Now.In(clock.Zone), Steps: unitSteps, Memory: unitMemory})
	if err == nil {
		env.Competent, _ = v.Text()
	}
	if p.Competent.Tier == cityTier { // its committee keeps no one-stop: the department that decides receives
		env.Receiving = env.Competent
	}
	return env
}

// unit compiles FEEL that names a unit; nil where none is declared.
func (l *loader) unit(t decl.Text, element string) *feel.Expr {
	if !t.Set() {
		return nil
	}
	e, err := feel.Compile(t.S, l.pkg.Form.Scope())
	if err != nil {
		reason := decl.Label{VI: err.Error(), EN: err.Error()}
		var fe *feel.Error
		if errors.As(err, &fe) {
			reason = decl.Label{VI: fe.In("vi"), EN: fe.In("en")}
		}
		l.fail("service.yaml", t.Pos, element, "process.lint.feel", "reason", reason)
		return nil
	}
	if k := e.Type().Kind(); k != feel.KindString && k != feel.KindAny {
		l.fail("service.yaml", t.Pos, element, "process.lint.kind", "want", feel.KindString.String(), "got", k.String())
	}
	return e
}

// Stop is a step and where it falls to under given answers; Place is empty where the step is
// the applicant's or its unit is not known.
type Stop struct {
	process.StepInfo
	Place string
}

// Route lists the steps of the process with where each falls to. env names the agencies.
func (p *Package) Route(a form.Answers, env form.Env) []Stop {
	vars, steps := p.Form.Vars(a, env), p.Process.Steps()
	out := make([]Stop, 0, len(steps))
	for _, st := range steps {
		stop := Stop{StepInfo: st}
		if e, err := feel.Compile(st.Unit, p.Form.Scope()); err == nil && st.Unit != "" {
			if v, err := e.Eval(vars, feel.Env{Now: env.Now.In(clock.Zone), Steps: unitSteps, Memory: unitMemory}); err == nil {
				stop.Place, _ = v.Text()
			}
		}
		out = append(out, stop)
	}
	return out
}
