package dmn

import (
	"errors"
	"slices"

	"khue/internal/kernel/feel"
)

// Compile links a document with the documents that it imports, and compiles
// all logic. The error is a *Problem: an import that is missing, or decisions
// that depend on each other in a circle. Lesser mistakes are in Problems.
func Compile(main *Definitions, imports ...*Definitions) (*Model, error) {
	m := &Model{defs: main, all: map[string]*Definitions{}, types: map[*Definitions]*typeTable{}}
	own := copyDefinitions(main)
	m.defs = own
	m.all[own.Namespace] = own
	for _, d := range imports {
		if d.Namespace != own.Namespace {
			m.all[d.Namespace] = copyDefinitions(d)
		}
	}
	var order []*Definitions
	if err := m.reach(own, &order); err != nil {
		return nil, err
	}
	for _, d := range order {
		m.types[d] = newTypeTable(m, d)
	}
	for _, d := range order {
		for _, p := range d.parts {
			p.index = len(m.parts)
			m.parts = append(m.parts, p)
			m.typePart(p)
		}
	}
	if err := m.cycles(); err != nil {
		return nil, err
	}
	for _, p := range m.inOrder() {
		m.compilePart(p)
	}
	return m, nil
}

// copyDefinitions keeps a parsed document usable for several models.
func copyDefinitions(d *Definitions) *Definitions {
	c := *d
	c.parts, c.byID = make([]*part, len(d.parts)), make(map[string]*part, len(d.byID))
	for i, p := range d.parts {
		q := *p
		q.defs = &c
		c.parts[i] = &q
		if q.id != "" {
			c.byID[q.id] = &q
		}
	}
	return &c
}

// reach lists the documents that are imported, directly or not.
func (m *Model) reach(d *Definitions, order *[]*Definitions) error {
	if slices.Contains(*order, d) {
		return nil
	}
	*order = append(*order, d)
	for _, im := range d.Imports {
		other := m.all[im.Namespace]
		if other == nil {
			return problemError("dmn.import-missing", 0, "name", im.Name, "namespace", im.Namespace)
		}
		if err := m.reach(other, order); err != nil {
			return err
		}
	}
	return nil
}

func (m *Model) problem(d *Definitions, p *Problem) {
	if d == m.defs && len(m.problems) < 500 {
		m.problems = append(m.problems, p)
	}
}

// feelProblem records what FEEL found, all of it, at one place.
func (m *Model) feelProblem(d *Definitions, at Problem, err error) {
	var list feel.Errors
	if !errors.As(err, &list) {
		return
	}
	for _, e := range list {
		p := at
		p.Key, p.Params, p.Cause = e.Key, e.Params, e
		m.problem(d, &p)
	}
}

func (m *Model) typePart(p *part) {
	types := m.types[p.defs]
	p.typ = types.lookup(p.typeRef, p.line)
	if p.kind == decisionPart && p.typeRef == "" && p.logic != nil {
		p.typ = types.lookup(p.logic.at().typeRef, p.line)
	}
	if p.kind == bkmPart && p.fn != nil {
		p.typ.t = m.functionType(p.defs, p.fn)
		p.typ.allowed, p.typ.limited = nil, false
	}
	if p.kind == servicePart {
		var params []feel.Type
		for _, in := range m.serviceInputs(p) {
			params = append(params, m.types[in.defs].lookup(in.typeRef, in.line).t)
		}
		p.typ = typeInfo{t: feel.FunctionType(params, feel.AnyType)}
	}
	p.seen = p.typ.t
}

func (m *Model) functionType(d *Definitions, f *functionBox) feel.Type {
	params := []feel.Type{}
	for _, prm := range f.params {
		params = append(params, m.types[d].lookup(prm.typeRef, f.line).t)
	}
	result := feel.AnyType
	if f.body != nil {
		result = m.types[d].lookup(f.body.at().typeRef, f.line).t
	}
	return feel.FunctionType(params, result)
}

// serviceInputs are the parts that a decision service is given, in the
// order of its parameters: input data, then decisions.
func (m *Model) serviceInputs(p *part) []*part {
	var out []*part
	for _, h := range append(slices.Clone(p.service.inputs), p.service.inputDecisions...) {
		if q := m.resolve(p.defs, h); q != nil {
			out = append(out, q)
		}
	}
	return out
}

// required are the parts that a part's requirements name.
func (m *Model) required(p *part) []*part {
	var out []*part
	for _, h := range p.requires {
		if q := m.resolve(p.defs, h); q != nil && !slices.Contains(out, q) {
			out = append(out, q)
		}
	}
	return out
}

// cycles refuses decisions that need each other; functions may.
func (m *Model) cycles() error {
	state := make([]uint8, len(m.parts))
	var path []string
	var visit func(p *part) error
	visit = func(p *part) error {
		if p.kind != decisionPart || state[p.index] == 2 {
			return nil
		}
		path = append(path, p.name)
		if state[p.index] == 1 || len(path) > 1000 {
			return problemError("dmn.cycle", p.line, "path", joinPath(path))
		}
		state[p.index] = 1
		for _, q := range m.required(p) {
			if err := visit(q); err != nil {
				return err
			}
		}
		state[p.index] = 2
		path = path[:len(path)-1]
		return nil
	}
	for _, p := range m.parts {
		if err := visit(p); err != nil {
			return err
		}
	}
	return nil
}

func joinPath(path []string) string {
	first := slices.Index(path, path[len(path)-1])
	out := ""
	for i, p := range path[first:] {
		if i > 0 {
			out += " → "
		}
		out += p
	}
	return out
}

// inOrder is the parts with what they require first, so that the types of
// results are known where they are read.
func (m *Model) inOrder() []*part {
	seen := make([]bool, len(m.parts))
	var out []*part
	var visit func(p *part)
	visit = func(p *part) {
		if seen[p.index] {
			return
		}
		seen[p.index] = true
		for _, q := range m.required(p) {
			visit(q)
		}
		if p.kind == servicePart {
			for _, h := range p.service.outputs {
				if q := m.resolve(p.defs, h); q != nil {
					visit(q)
				}
			}
		}
		out = append(out, p)
	}
	for _, p := range m.parts {
		visit(p)
	}
	return out
}

// scopeOf declares what a part may read, and notes where it comes from.
func (m *Model) scopeOf(p *part) feel.Scope {
	var fields []feel.Field
	groups := map[string]int{} // import's name to place in needs
	for _, h := range p.requires {
		if q := m.resolve(p.defs, h); q == nil {
			m.problem(p.defs, &Problem{Key: "dmn.href", Params: map[string]any{"href": h}, Decision: p.name, Line: p.line})
		}
	}
	for _, q := range m.required(p) {
		prefix := m.prefix(p.defs, q.defs)
		if prefix == "" {
			p.needs = append(p.needs, need{slot: len(fields), part: q})
			fields = append(fields, feel.Field{Name: q.name, Type: q.seen})
			continue
		}
		g, ok := groups[prefix]
		if !ok {
			g = len(p.needs)
			groups[prefix] = g
			p.needs = append(p.needs, need{slot: len(fields)})
			fields = append(fields, feel.Field{Name: prefix})
		}
		n := &p.needs[g]
		n.group = append(n.group, q)
		f := &fields[n.slot]
		f.Type = feel.ContextType(append(slices.Clone(f.Type.Fields()), feel.Field{Name: q.name, Type: q.seen})...)
	}
	if p.kind == bkmPart && !slices.ContainsFunc(fields, func(f feel.Field) bool { return f.Name == p.name }) {
		p.self = len(fields)
		fields = append(fields, feel.Field{Name: p.name, Type: p.seen})
	}
	return feel.NewScope(fields...).WithTypes(m.types[p.defs].all()).Lenient()
}

// prefix is the name under which one document knows another's parts.
func (m *Model) prefix(from, to *Definitions) string {
	if from == to {
		return ""
	}
	for _, im := range from.Imports {
		if im.Namespace == to.Namespace {
			return feel.Name(im.Name)
		}
	}
	return ""
}

func (m *Model) compilePart(p *part) {
	switch p.kind {
	case decisionPart:
		sc := m.scopeOf(p)
		if p.logic == nil {
			m.problem(p.defs, &Problem{Key: "dmn.no-logic", Severity: Warning, Decision: p.name, Line: p.line})
			p.code = null
			return
		}
		c := &compiler{m: m, defs: p.defs, part: p}
		if _, ok := p.logic.(*tableBox); ok {
			c.out = &p.typ
		}
		code, t := c.box(p.logic, sc)
		if p.typ.t.Kind() == feel.KindAny {
			p.seen = t
		}
		p.code = c.conforming(code, p.typ, p.name)
	case bkmPart:
		sc := m.scopeOf(p)
		if p.fn == nil {
			p.code = null
			return
		}
		c := &compiler{m: m, defs: p.defs, part: p}
		p.code = c.function(p.fn, sc, p.name)
	case servicePart:
		var outs []*part
		for _, h := range p.service.outputs {
			if q := m.resolve(p.defs, h); q != nil {
				outs = append(outs, q)
			}
		}
		p.code = m.service(p, m.serviceInputs(p), outs)
	}
}
