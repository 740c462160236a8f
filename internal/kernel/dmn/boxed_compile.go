package dmn

import (
	"slices"

	"khue/internal/kernel/feel"
)

// code computes a boxed expression.
type code func(e *env) feel.Value

// env is the variables that one part sees while it runs.
type env struct {
	run  *feel.Run
	g    *graph
	vars []feel.Value
}

// At makes env the variables of FEEL expressions.
func (e *env) At(slot int) feel.Value {
	if slot < len(e.vars) {
		return e.vars[slot]
	}
	return feel.Null()
}

func (e *env) set(slot int, v feel.Value) {
	for len(e.vars) <= slot {
		e.vars = append(e.vars, feel.Null())
	}
	e.vars[slot] = v
}

// child is a copy whose changes are its own.
func (e *env) child() *env {
	return &env{run: e.run, g: e.g, vars: append(make([]feel.Value, 0, len(e.vars)+4), e.vars...)}
}

func null(*env) feel.Value { return feel.Null() }

// compiler compiles the logic of one part.
type compiler struct {
	m    *Model
	defs *Definitions
	part *part
	out  *typeInfo // of the part, for the outputs of its table
}

func (c *compiler) at(line int, cell string) Problem {
	return Problem{Decision: c.part.name, Line: line, Cell: cell}
}

// feel compiles a text; a text that is not FEEL is null and a problem.
func (c *compiler) feel(text string, sc feel.Scope, at Problem) (*feel.Expr, bool) {
	x, err := feel.Compile(text, sc)
	if err != nil {
		c.m.feelProblem(c.defs, at, err)
		return nil, false
	}
	if w := x.Warnings(); len(w) > 0 {
		c.m.feelProblem(c.defs, at, w)
	}
	return x, true
}

func (c *compiler) typ(name string, line int) typeInfo { return c.m.types[c.defs].lookup(name, line) }

// conforming makes a result fit its declared type.
func (c *compiler) conforming(in code, info typeInfo, cell string) code {
	if info.t.Kind() == feel.KindAny && !info.constrained() {
		return in
	}
	return func(e *env) feel.Value {
		v, ok := info.conform(e.run, in(e))
		if !ok {
			e.run.Note("feel.not-of-type", "want", info.t.String(), "name", cell)
		}
		return v
	}
}

// box compiles any boxed expression to code and the type of its result.
func (c *compiler) box(b boxed, sc feel.Scope) (code, feel.Type) {
	if b == nil {
		return null, feel.AnyType
	}
	if _, ok := b.(*tableBox); !ok {
		defer func(out *typeInfo) { c.out = out }(c.out)
		c.out = nil
	}
	fn, t := c.plain(b, sc)
	base := b.at()
	if base.typeRef == "" {
		return fn, t
	}
	if _, ok := b.(*functionBox); ok {
		return fn, t
	}
	info := c.typ(base.typeRef, base.line)
	if info.t.Kind() != feel.KindAny {
		if !t.MayBe(info.t) {
			p := c.at(base.line, "")
			p.Key, p.Params = "dmn.result-type", map[string]any{"want": info.t.String(), "got": t.String()}
			c.m.problem(c.defs, &p)
		}
		t = info.t
	}
	return c.conforming(fn, info, base.typeRef), t
}

func (c *compiler) plain(b boxed, sc feel.Scope) (code, feel.Type) {
	switch b := b.(type) {
	case *literalBox:
		if b.text == "" {
			return null, feel.AnyType
		}
		x, ok := c.feel(b.text, sc, c.at(b.line, ""))
		if !ok {
			return null, feel.AnyType
		}
		return func(e *env) feel.Value { return e.run.Eval(x, e) }, x.Type()
	case *contextBox:
		return c.context(b, sc)
	case *invocationBox:
		return c.invocation(b, sc), feel.AnyType
	case *listBox:
		items := make([]code, len(b.items))
		for i, x := range b.items {
			items[i], _ = c.box(x, sc)
		}
		return func(e *env) feel.Value { return evalList(e, items) }, feel.ListType
	case *relationBox:
		return c.relation(b, sc)
	case *functionBox:
		return c.function(b, sc, "function"), c.m.functionType(c.defs, b)
	case *conditionalBox:
		cond, _ := c.box(b.cond, sc)
		then, t1 := c.box(b.then, sc)
		els, t2 := c.box(b.els, sc)
		t := feel.AnyType
		if t1.String() == t2.String() {
			t = t1
		}
		return func(e *env) feel.Value {
			if cond(e).IsTrue() {
				return then(e)
			}
			return els(e)
		}, t
	case *loopBox:
		return c.loop(b, sc)
	case *tableBox:
		return c.table(b.Table, sc)
	}
	return null, feel.AnyType
}

func evalList(e *env, items []code) feel.Value {
	if !e.run.Spend(len(items)) {
		return feel.Null()
	}
	out := make([]feel.Value, len(items))
	for i, x := range items {
		out[i] = x(e)
	}
	return feel.ListOf(out...)
}

// context has entries that see those before them; one without a name is the
// result.
func (c *compiler) context(b *contextBox, sc feel.Scope) (code, feel.Type) {
	type step struct {
		name string
		slot int
		code code
	}
	var steps []step
	var fields []feel.Field
	result := feel.AnyType
	final := false
	for _, en := range b.entries {
		fn, t := c.box(en.value, sc)
		if en.typeRef != "" {
			info := c.typ(en.typeRef, b.line)
			fn = c.conforming(fn, info, en.name)
			if info.t.Kind() != feel.KindAny {
				t = info.t
			}
		}
		if en.name == "" {
			steps = append(steps, step{slot: -1, code: fn})
			result, final = t, true
			break
		}
		slot := len(sc.Fields())
		sc = sc.With(feel.Field{Name: en.name, Type: t})
		steps = append(steps, step{en.name, slot, fn})
		fields = append(fields, feel.Field{Name: en.name, Type: t})
	}
	if !final {
		result = feel.ContextType(fields...)
	}
	return func(e *env) feel.Value {
		if !e.run.Spend(len(steps)) {
			return feel.Null()
		}
		entries := make([]feel.Entry, 0, len(steps))
		for _, s := range steps {
			v := s.code(e)
			if s.slot < 0 {
				return v
			}
			e.set(s.slot, v)
			entries = append(entries, feel.Entry{Name: s.name, Value: v})
		}
		return feel.ContextOf(entries...)
	}, result
}

func (c *compiler) invocation(b *invocationBox, sc feel.Scope) code {
	fn, _ := c.box(b.fn, sc)
	args := make([]code, len(b.bindings))
	names := make([]string, len(b.bindings))
	for i, en := range b.bindings {
		x, _ := c.box(en.value, sc)
		if en.typeRef != "" {
			x = c.conforming(x, c.typ(en.typeRef, b.line), en.name)
		}
		args[i], names[i] = x, en.name
	}
	return func(e *env) feel.Value {
		f := fn(e)
		vals := make([]feel.Value, len(args))
		for i, a := range args {
			vals[i] = a(e)
		}
		return e.run.CallNamed(f, names, vals)
	}
}

func (c *compiler) relation(b *relationBox, sc feel.Scope) (code, feel.Type) {
	var fields []feel.Field
	infos := make([]typeInfo, len(b.columns))
	for i, col := range b.columns {
		infos[i] = c.typ(col.typeRef, b.line)
		fields = append(fields, feel.Field{Name: col.name, Type: infos[i].t})
	}
	rows := make([][]code, len(b.rows))
	for i, row := range b.rows {
		for k, cell := range row {
			fn, _ := c.box(cell, sc)
			if k < len(infos) {
				fn = c.conforming(fn, infos[k], b.columns[k].name)
			}
			rows[i] = append(rows[i], fn)
		}
	}
	return func(e *env) feel.Value {
		if !e.run.Spend(len(rows) * (1 + len(b.columns))) {
			return feel.Null()
		}
		out := make([]feel.Value, len(rows))
		for i, row := range rows {
			entries := make([]feel.Entry, 0, len(b.columns))
			for k, col := range b.columns {
				v := feel.Null()
				if k < len(row) {
					v = row[k](e)
				}
				entries = append(entries, feel.Entry{Name: col.name, Value: v})
			}
			out[i] = feel.ContextOf(entries...)
		}
		return feel.ListOf(out...)
	}, feel.ListTypeOf(feel.ContextType(fields...))
}

// function compiles a function definition; its value sees the variables of
// the moment when it was made.
func (c *compiler) function(f *functionBox, sc feel.Scope, name string) code {
	if f.kind != "" && f.kind != "FEEL" {
		p := c.at(f.line, "")
		p.Key, p.Params = "dmn.external", map[string]any{"name": name}
		c.m.problem(c.defs, &p)
		return null
	}
	params := make([]feel.Param, len(f.params))
	infos := make([]typeInfo, len(f.params))
	var fields []feel.Field
	for i, prm := range f.params {
		infos[i] = c.typ(prm.typeRef, f.line)
		params[i] = feel.Param{Name: prm.name, Type: infos[i].t}
		fields = append(fields, feel.Field{Name: prm.name, Type: infos[i].t})
	}
	first := len(sc.Fields())
	inner := sc.With(fields...)
	slots := make([]int, len(fields))
	for i := range fields {
		slots[i] = first + i
	}
	var body code
	var t feel.Type
	body, t = c.box(f.body, inner)
	if f.body != nil && f.body.at().typeRef != "" {
		t = c.typ(f.body.at().typeRef, f.line).t
	}
	if f.typeRef != "" {
		if info := c.typ(f.typeRef, f.line); info.t.Kind() != feel.KindFunction {
			body, t = c.conforming(body, info, name), info.t
		}
	}
	return func(e *env) feel.Value {
		saved := slices.Clone(e.vars)
		g := e.g
		return feel.NewFunction(name, params, t, func(r *feel.Run, args []feel.Value) feel.Value {
			in := &env{run: r, g: g, vars: append(make([]feel.Value, 0, first+len(args)+4), saved...)}
			for i, a := range args {
				if infos[i].constrained() && !infos[i].allows(r, a, 0) {
					a = feel.Null()
				}
				in.set(slots[i], a)
			}
			return body(in)
		})
	}
}

// loop compiles the boxed for, every, some and filter.
func (c *compiler) loop(b *loopBox, sc feel.Scope) (code, feel.Type) {
	in, t := c.box(b.in, sc)
	elem := feel.AnyType
	if t.Kind() == feel.KindList {
		elem = t.Elem()
	}
	name := b.variable
	if b.kind == "filter" {
		name = "item"
	}
	fields := []feel.Field{{Name: name, Type: elem}}
	if b.kind == "for" {
		fields = append(fields, feel.Field{Name: "partial", Type: feel.ListType})
	}
	slot := len(sc.Fields())
	body, bt := c.box(b.body, sc.With(fields...))
	switch b.kind {
	case "for":
		return func(e *env) feel.Value { return forEach(e, in, body, slot) }, feel.ListTypeOf(bt)
	case "filter":
		if elem.Kind() == feel.KindContext {
			body, _ = c.box(b.body, sc.With(append(fields, elem.Fields()...)...))
		}
		entries := elem.Fields()
		return func(e *env) feel.Value { return filterEach(e, in, body, slot, entries) }, t
	}
	every := b.kind == "every"
	return func(e *env) feel.Value { return quantify(e, in, body, slot, every) }, feel.BooleanType
}

func itemsOf(v feel.Value) []feel.Value {
	switch v.Kind() {
	case feel.KindList:
		return v.Items()
	case feel.KindNull:
		return nil
	}
	return []feel.Value{v}
}

func forEach(e *env, in, body code, slot int) feel.Value {
	v := in(e)
	if v.IsNull() {
		return v
	}
	out := []feel.Value{}
	inner := e.child()
	for _, it := range itemsOf(v) {
		if !e.run.Spend(1) {
			return feel.Null()
		}
		inner.set(slot, it)
		inner.set(slot+1, feel.ListOf(out[:len(out):len(out)]...))
		out = append(out, body(inner))
	}
	return feel.ListOf(out...)
}

func filterEach(e *env, in, body code, slot int, entries []feel.Field) feel.Value {
	v := in(e)
	out := []feel.Value{}
	inner := e.child()
	for _, it := range itemsOf(v) {
		if !e.run.Spend(1) {
			return feel.Null()
		}
		inner.set(slot, it)
		for i, f := range entries {
			x, _ := it.Get(f.Name)
			inner.set(slot+1+i, x)
		}
		switch t := body(inner); t.Kind() {
		case feel.KindBoolean:
			if t.IsTrue() {
				out = append(out, it)
			}
		case feel.KindNull:
		default:
			return feel.Null()
		}
	}
	return feel.ListOf(out...)
}

func quantify(e *env, in, body code, slot int, every bool) feel.Value {
	v := in(e)
	if v.IsNull() {
		return v
	}
	inner := e.child()
	unknown := false
	for _, it := range itemsOf(v) {
		if !e.run.Spend(1) {
			return feel.Null()
		}
		inner.set(slot, it)
		switch t := body(inner); {
		case t.Kind() != feel.KindBoolean:
			unknown = true
		case t.IsTrue() != every:
			return t
		}
	}
	if unknown {
		return feel.Null()
	}
	return feel.Bool(every)
}
