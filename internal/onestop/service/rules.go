package service

import (
	"errors"
	"strings"

	"khue/internal/kernel/calendar"
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

// table is a decision of a package's rules/ folder, compiled.
type table struct {
	model    *dmn.Model
	decision string
}

// decide runs the table over the answers within its budget.
func (p *Package) decide(t *table, a form.Answers, env form.Env) (feel.Value, error) {
	vars, in := p.Form.Vars(a, env), dmn.Inputs{}
	for _, f := range t.model.InputData() {
		head, rest, deep := strings.Cut(f.Name, ".")
		if slot, ok := p.Form.Scope().Slot(head); ok {
			v := vars.At(slot)
			if deep {
				v = v.Path(rest)
			}
			in[f.Name] = v
		}
	}
	return t.model.Decide(t.decision, in, feel.Env{Now: env.Now, Steps: ruleSteps, Memory: ruleMemory})
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
	v, err := p.decide(p.feeTable, a, env)
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

// TermByTable reports whether a decision table may give the term.
func (p *Package) TermByTable() bool { return p.termTable != nil }

// TermOf is the term that the table gives under these answers; nil where there is no
// table or it gives none: then the declared term stands. The table gives a context of
// kind and n. The error is a budget used up.
func (p *Package) TermOf(a form.Answers, env form.Env) (*calendar.Deadline, error) {
	if p.termTable == nil {
		return nil, nil
	}
	v, err := p.decide(p.termTable, a, env)
	if err != nil {
		return nil, err
	}
	var dl calendar.Deadline
	kind, ok := v.Get("kind")
	if !ok {
		return nil, nil
	}
	word, _ := kind.Text()
	if dl.Kind.UnmarshalText([]byte(word)) != nil {
		return nil, nil
	}
	if n, ok := v.Get("n"); ok {
		whole, _ := n.Int()
		dl.N = int(min(max(whole, 0), calendar.MaxN+1))
	}
	if dl.Check() != nil {
		return nil, nil
	}
	return &dl, nil
}

// rule compiles a table; its mistakes are told with line, decision and rule. The
// decision named want counts, else the last one. nil where there is none.
func (l *loader) rule(file string, pos decl.Pos, element, want string) *table {
	b, readable := l.read(file)
	if !readable {
		l.fail("service.yaml", pos, element, "service.lint.missingFile", "file", file)
		return nil
	}
	tell := func(p *dmn.Problem) {
		told := l.fail
		if p.Severity == dmn.Warning {
			told = l.warn
		}
		at := decl.Pos{Line: p.Line, Col: 1}
		if p.Line == 0 {
			at = decisionPlace(b, p.Decision)
		}
		told(file, at, p.Decision, "service.lint.rule", "reason", decl.Label{VI: p.In("vi"), EN: p.In("en")})
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
		return nil
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
		l.warn("service.yaml", pos, element, "service.lint.feeRule")
		return nil
	}
	t := &table{m, names[len(names)-1]}
	for _, n := range names {
		if strings.EqualFold(n, want) {
			t.decision = n
		}
	}
	l.gives(file, want, m, t.decision)
	return t
}
