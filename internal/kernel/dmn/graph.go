package dmn

import "khue/internal/kernel/feel"

// Inputs are the values that a decision is made on, by the name of the input
// data; of an imported one, by its own name or "namespace#name". A decision's
// name gives its result instead of computing it.
type Inputs map[string]feel.Value

// graph is one evaluation of the requirement graph: each part once.
type graph struct {
	run    *feel.Run
	m      *Model
	values []feel.Value
	done   []bool
}

func (m *Model) newGraph(run *feel.Run) *graph {
	return &graph{run: run, m: m, values: make([]feel.Value, len(m.parts)), done: make([]bool, len(m.parts))}
}

func (g *graph) give(p *part, v feel.Value) {
	info := &p.typ
	if c, ok := info.conform(g.run, v); ok {
		v = c
	} else {
		v = feel.Null()
		g.run.Note("feel.not-of-type", "want", info.t.String(), "name", p.name)
	}
	g.values[p.index], g.done[p.index] = v, true
}

// value is a part's value: of input data what was given, of a decision its
// result, of a business knowledge model or a service its function.
func (g *graph) value(p *part) feel.Value {
	if g.done[p.index] {
		return g.values[p.index]
	}
	if p.kind == inputPart || !g.run.Enter() {
		return feel.Null()
	}
	var v feel.Value
	if p.kind == bkmPart {
		v = g.knowledge(p)
	} else {
		v = p.code(g.envFor(p))
	}
	g.run.Leave()
	g.values[p.index], g.done[p.index] = v, true
	return v
}

func (g *graph) envFor(p *part) *env {
	e := &env{run: g.run, g: g, vars: make([]feel.Value, len(p.needs), len(p.needs)+4)}
	for _, n := range p.needs {
		e.set(n.slot, g.need(n))
	}
	return e
}

func (g *graph) need(n need) feel.Value {
	if n.part != nil {
		return g.value(n.part)
	}
	entries := make([]feel.Entry, len(n.group))
	for i, q := range n.group {
		entries[i] = feel.Entry{Name: q.name, Value: g.value(q)}
	}
	return feel.ContextOf(entries...)
}

// knowledge is the function of a business knowledge model. Its own name is
// bound before its requirements are, so that models may call each other.
func (g *graph) knowledge(p *part) feel.Value {
	var made feel.Value
	fn := feel.NewFunction(p.name, p.params(), p.typ.t.Result(), func(r *feel.Run, args []feel.Value) feel.Value {
		if made.IsNull() {
			e := g.envFor(p)
			if p.self >= 0 {
				e.set(p.self, g.values[p.index])
			}
			made = p.code(e)
		}
		return r.Call(made, args...)
	})
	return fn
}

func (p *part) params() []feel.Param {
	if p.fn == nil {
		return nil
	}
	out := make([]feel.Param, len(p.fn.params))
	for i, prm := range p.fn.params {
		out[i] = feel.Param{Name: prm.name}
	}
	return out
}

// service is the function of a decision service: its parameters take the
// place of its inputs, and its result is that of its output decision, or a
// context of several.
func (m *Model) service(p *part, inputs, outs []*part) code {
	params := make([]feel.Param, len(inputs))
	for i, q := range inputs {
		params[i] = feel.Param{Name: q.name, Type: q.typ.t}
	}
	result := m.types[p.defs].lookup(p.typeRef, p.line)
	if result.t.Kind() == feel.KindFunction {
		result = typeInfo{t: result.t.Result()}
	}
	return func(e *env) feel.Value {
		return feel.NewFunction(p.name, params, feel.AnyType, func(r *feel.Run, args []feel.Value) feel.Value {
			g := m.newGraph(r)
			for i, a := range args {
				g.give(inputs[i], a)
			}
			v, _ := result.conform(r, g.results(outs))
			return v
		})
	}
}

func (g *graph) results(outs []*part) feel.Value {
	if len(outs) == 1 {
		return g.value(outs[0])
	}
	entries := make([]feel.Entry, len(outs))
	for i, q := range outs {
		entries[i] = feel.Entry{Name: q.name, Value: g.value(q)}
	}
	return feel.ContextOf(entries...)
}

// fill gives the graph the inputs that have a value.
func (g *graph) fill(in Inputs) {
	for _, p := range g.m.parts {
		if p.kind != inputPart && p.kind != decisionPart {
			continue
		}
		v, ok := in[p.defs.Namespace+"#"+p.name]
		if !ok && (p.kind == inputPart || p.defs == g.m.defs) {
			v, ok = in[p.name]
		}
		if ok {
			g.give(p, v)
		}
	}
}

// Decide computes one decision, or calls a decision service with the inputs
// as its arguments. What goes wrong in it is null; the error is a name that
// the model does not have, or a budget used up.
func (m *Model) Decide(name string, in Inputs, env feel.Env) (feel.Value, error) {
	p := m.find(name)
	if p == nil {
		return feel.Null(), problemError("dmn.no-decision", 0, "name", name)
	}
	run := feel.NewRun(env)
	g := m.newGraph(run)
	g.fill(in)
	v := g.value(p)
	if p.kind != decisionPart {
		v = g.invoke(p, v, in)
	}
	return v, run.Err()
}

// invoke calls a service or business knowledge model by its parameters' names.
func (g *graph) invoke(p *part, fn feel.Value, in Inputs) feel.Value {
	params := fn.Params()
	args := make([]feel.Value, len(params))
	for i, prm := range params {
		args[i] = in[prm.Name]
	}
	return g.run.Call(fn, args...)
}

// DecideAll computes several decisions on one set of inputs and one budget.
func (m *Model) DecideAll(names []string, in Inputs, env feel.Env) (map[string]feel.Value, error) {
	run := feel.NewRun(env)
	g := m.newGraph(run)
	g.fill(in)
	out := make(map[string]feel.Value, len(names))
	for _, name := range names {
		p := m.find(name)
		if p == nil {
			return nil, problemError("dmn.no-decision", 0, "name", name)
		}
		out[name] = g.value(p)
	}
	return out, run.Err()
}
