package feel

import (
	"slices"
	"strings"
	"sync"
)

// Expr is a compiled expression. It is immutable and safe for use by many
// goroutines.
type Expr struct {
	src   string
	fn    eval
	t     Type
	reads []string
	notes Errors
	cell  *Cell
	runs  sync.Pool
}

// Compile checks and compiles an expression. The error is Errors: what is
// not FEEL, a name or path that the scope does not declare, or types that
// cannot go together; a Lenient scope refuses only what is not FEEL.
func Compile(src string, scope Scope) (*Expr, error) {
	return compileWith(src, scope, func(p *parser) node { return p.expr() })
}

// CompileTests compiles the unary tests of a decision table's cell: a value,
// a comparison, a range, a list of these, not(…) or "-". Its result is a
// boolean or null; EvalTest and Run.Test give it the input that ? means.
func CompileTests(src string, input Type, scope Scope) (*Expr, error) {
	return compileWith(src, scope, func(p *parser) node {
		p.input, p.tests = input, true
		return p.unaryTests()
	})
}

func compileWith(src string, scope Scope, parse func(*parser) node) (*Expr, error) {
	toks, lexErr := lex(src)
	if lexErr != nil {
		return nil, Errors{lexErr}
	}
	p := &parser{src: src, toks: toks, scope: scope, lib: builtins}
	for _, f := range scope.vars {
		p.noteNames(f, 0)
	}
	n := parse(p)
	if p.fatal == nil && p.peek().kind != tEOF {
		p.unexpected("")
	}
	if p.fatal != nil {
		return nil, Errors{p.fatal}
	}
	if len(p.errs) > 0 && !scope.lenient {
		return nil, p.errs.sorted()
	}
	c := compiler{src: src, lib: builtins, partial: strings.Contains(src, "partial")}
	fn, _ := c.node(n)
	e := &Expr{src: src, fn: fn, t: n.typ(), notes: p.errs.sorted(), reads: p.paths()}
	if t, ok := n.(*testsNode); ok {
		e.cell = c.constCell(t)
	}
	return e, nil
}

// noteNames gathers names of several words, of variables and of the entries
// below them.
func (p *parser) noteNames(f Field, depth int) {
	if parts := splitName(f.Name); len(parts) > 1 {
		if depth == 0 {
			p.rooted = append(p.rooted, parts)
		} else {
			p.members = append(p.members, parts)
		}
	}
	t := f.Type
	for t.Kind() == KindList {
		t = t.Elem()
	}
	if depth < 8 {
		for _, g := range t.Fields() {
			p.noteNames(g, depth+1)
		}
	}
}

// paths are the recorded reads; a whole context stands for its entries.
func (p *parser) paths() []string {
	var out []string
	for _, path := range p.reads {
		t, ok := p.scope.TypeAt(path)
		if !ok || !t.closed() {
			out = append(out, path)
			continue
		}
		sub := NewScope(t.Fields()...)
		for _, s := range sub.Paths() {
			out = append(out, path+"."+s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (p *parser) unaryTests() node {
	pos := p.peek().pos
	n := &testsNode{base: base{BooleanType, pos}}
	if p.is("-") && p.peekAt(1).kind == tEOF {
		p.next()
		n.any = true
		return n
	}
	if p.word("not") && p.peekAt(1).text == "(" {
		saved := *p
		p.next()
		p.next()
		n.tests = p.testList(p.input)
		if p.eat(")") && p.fatal == nil && p.peek().kind == tEOF {
			n.negate = true
			p.checkEqualTests(n.tests)
			return n
		}
		work := p.work
		*p = saved
		p.work = work
	}
	n.tests = p.testList(p.input)
	p.checkEqualTests(n.tests)
	return n
}

// checkEqualTests refuses a test whose value can never equal the input.
func (p *parser) checkEqualTests(tests []node) {
	for _, t := range tests {
		switch t.(type) {
		case *testNode, *rangeNode:
			continue
		}
		k := t.typ().Kind()
		if usesInput(t) || k == KindList || k == KindRange || comparable(p.input, t.typ(), true) {
			continue
		}
		p.complain(t.at(), "feel.test-type", "want", p.input.String(), "got", t.typ().String())
	}
}

// Eval computes the expression. A FEEL error is null (env.Note hears why);
// the error is a budget used up.
func (e *Expr) Eval(vars Vars, env Env) (Value, error) {
	return e.eval(vars, Value{}, env)
}

// EvalTest computes unary tests on an input; read it by IsTrue.
func (e *Expr) EvalTest(vars Vars, input Value, env Env) (Value, error) {
	return e.eval(vars, input, env)
}

func (e *Expr) eval(vars Vars, input Value, env Env) (Value, error) {
	r, _ := e.runs.Get().(*Run)
	if r == nil {
		r = &Run{lib: builtins}
	}
	r.reset(env)
	v := r.Test(e, vars, input)
	err := r.Err()
	r.vars, r.input, r.fr, r.env = nil, Value{}, nil, Env{}
	clear(r.stack[:cap(r.stack)])
	e.runs.Put(r)
	return v, err
}

// Eval computes an expression within the run, on its budget.
func (r *Run) Eval(e *Expr, vars Vars) Value { return r.Test(e, vars, Value{}) }

// Test computes unary tests on an input within the run.
func (r *Run) Test(e *Expr, vars Vars, input Value) Value {
	if vars == nil {
		vars = Values(nil)
	}
	oldVars, oldInput, oldFr, oldSrc := r.vars, r.input, r.fr, r.src
	r.vars, r.input, r.fr, r.src = vars, input, nil, e.src
	v := e.fn(r)
	r.vars, r.input, r.fr, r.src = oldVars, oldInput, oldFr, oldSrc
	if r.steps < 0 {
		r.stop("feel.budget-steps")
	}
	if r.err != nil {
		return Value{}
	}
	return v
}

// Source is the text that was compiled.
func (e *Expr) Source() string { return e.src }

// Type is the type of the result as far as the text tells.
func (e *Expr) Type() Type { return e.t }

// Paths are the dotted paths of the variables that the expression reads,
// sorted. A form recomputes it when one of them changes.
func (e *Expr) Paths() []string { return e.reads }

// Warnings are the mistakes that a lenient scope let pass.
func (e *Expr) Warnings() Errors { return e.notes }

// ParseType reads a type as FEEL writes it: number, list<date>,
// context<name: string>, function<number> -> string.
func ParseType(src string) (Type, error) {
	toks, lexErr := lex(src)
	if lexErr != nil {
		return Type{}, Errors{lexErr}
	}
	p := &parser{src: src, toks: toks, scope: NewScope(), lib: builtins}
	t := p.typeName()
	if p.fatal == nil && p.peek().kind != tEOF {
		p.unexpected("")
	}
	if p.fatal != nil {
		return Type{}, Errors{p.fatal}
	}
	if len(p.errs) > 0 {
		return Type{}, p.errs
	}
	return t, nil
}
