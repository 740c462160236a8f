package service

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/dmn"
	"khue/internal/kernel/feel"
	"khue/internal/onestop/form"
)

// limits of one decision: packages come from many hands.
const (
	ruleSteps  = 50_000
	ruleMemory = 4 << 20
)

// FeeDue is what one dossier pays: State is free, amount, set-by-council or unknown,
// Amount đồng where State is amount.
type FeeDue struct {
	State  string
	Amount int64
	Source string
}

// FeeOf is the fee under these answers: the declared one, or what the table gives. The
// table gives a number of đồng, or a context of state and amount. Null, a zero without a
// state, and anything else is unknown. The error is a budget used up.
func (p *Package) FeeOf(a form.Answers, env form.Env) (FeeDue, error) {
	due := FeeDue{State: p.Fee.Kind, Amount: p.Fee.Amount, Source: p.Fee.Source}
	if p.feeTable == nil {
		return due, nil
	}
	due.State, due.Amount = "unknown", 0
	vars, in := p.Form.Vars(a, env), dmn.Inputs{}
	for _, f := range p.feeTable.InputData() {
		head, rest, deep := strings.Cut(f.Name, ".")
		if slot, ok := p.Form.Scope().Slot(head); ok {
			v := vars.At(slot)
			if deep {
				v = v.Path(rest)
			}
			in[f.Name] = v
		}
	}
	v, err := p.feeTable.Decide(p.feeDecision, in, feel.Env{Now: env.Now, Steps: ruleSteps, Memory: ruleMemory})
	if err != nil {
		return due, err
	}
	amount := v
	if s, ok := v.Get("state"); ok {
		word, _ := s.Text()
		if word == "free" || word == "set-by-council" {
			due.State = word
			return due, nil
		}
		amount, _ = v.Get("amount")
	}
	if n, ok := amount.Int(); ok && n > 0 {
		due.State, due.Amount = "amount", n
	}
	return due, nil
}

// feeRule compiles the fee's table; its mistakes are told with line, decision and rule.
func (l *loader) feeRule() {
	file := l.pkg.Fee.Rule
	b, err := fs.ReadFile(l.fsys, path.Join(l.dir, file))
	if err != nil {
		l.fail("service.yaml", l.pkg.Fee.Pos, "fee.rule", "service.lint.missingFile", "file", file)
		return
	}
	tell := func(p *dmn.Problem) {
		told := l.fail
		if p.Severity == dmn.Warning {
			told = l.warn
		}
		told(file, decl.Pos{Line: p.Line, Col: 1}, p.Decision, "service.lint.rule", "reason", decl.Label{VI: p.In("vi"), EN: p.In("en")})
	}
	defs, err := dmn.Parse(b)
	var m *dmn.Model
	if err == nil {
		m, err = dmn.Compile(defs)
	}
	if err != nil {
		p := &dmn.Problem{}
		if errors.As(err, &p) {
			tell(p)
		}
		return
	}
	for _, p := range m.Problems() {
		tell(p)
	}
	scope := l.pkg.Form.Scope()
	for _, f := range m.InputData() {
		if _, ok := scope.TypeAt(f.Name); !ok {
			l.fail(file, decl.Pos{Line: 1, Col: 1}, f.Name, "service.lint.ruleInput", "name", f.Name, "nearest", decl.Nearest(f.Name, scope.Paths()))
		}
	}
	names := m.Decisions()
	if len(names) == 0 {
		l.warn("service.yaml", l.pkg.Fee.Pos, "fee.rule", "service.lint.feeRule")
		return
	}
	l.pkg.feeTable, l.pkg.feeDecision = m, names[len(names)-1]
	for _, n := range names {
		if strings.EqualFold(n, "fee") {
			l.pkg.feeDecision = n
		}
	}
}
