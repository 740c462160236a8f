package feel

import "slices"

// form is one way to call a built-in.
type form struct {
	params   []Param
	required int
	variadic bool // the last parameter repeats
	nulls    bool // the function sees null arguments itself
	partly   bool // named arguments may be missing
	result   Type
	fn       func(r *Run, a []Value) Value
	typed    func(args []Type) Type // of the result, where it depends on the arguments
}

func (f *form) takes(n int) bool {
	return n >= f.required && (n <= len(f.params) || f.variadic)
}

func (f *form) param(i int) Param { return f.params[min(i, len(f.params)-1)] }

func (f *form) resultOf(args []node) Type {
	if f.typed == nil {
		return f.result
	}
	ts := make([]Type, len(args))
	for i, a := range args {
		ts[i] = a.typ()
	}
	return f.typed(ts)
}

// builtin is a function of the standard library.
type builtin struct {
	name   string
	parts  []string
	forms  []form
	impure bool // now and today
	value  Value
}

// usage shows how the built-in may be called.
func (b *builtin) usage() string {
	out := ""
	for i, f := range b.forms {
		if i > 0 {
			out += ", "
		}
		out += b.name + "("
		for k, p := range f.params {
			if k > 0 {
				out += ", "
			}
			out += p.Name
			if k >= f.required {
				out += "?"
			}
		}
		if f.variadic {
			out += "…"
		}
		out += ")"
	}
	return out
}

// fit conforms arguments to a form in place; the index of the first that does
// not fit, or -1.
func (f *form) fit(args []Value, left *int) int {
	for i := range args {
		t := f.param(i).Type
		if t.t == nil || args[i].kind == t.t.kind && t.t.elem.t == nil {
			continue
		}
		v, ok := t.coerce(args[i], left)
		if !ok {
			return i
		}
		args[i] = v
	}
	return -1
}

func (f *form) invoke(r *Run, args []Value) Value {
	if !f.nulls {
		for i := range args {
			if args[i].kind == KindNull {
				return Value{}
			}
		}
	}
	if !r.Spend(1) {
		return Value{}
	}
	return f.fn(r, args)
}

// applyBuiltin calls a built-in by the first form that the values fit.
func (r *Run) applyBuiltin(b *builtin, args []Value, pos int) Value {
	return r.applyForms(b, args, pos, func(*form) bool { return true })
}

// applyForms is applyBuiltin among some of the forms.
func (r *Run) applyForms(b *builtin, args []Value, pos int, among func(*form) bool) Value {
	bad, counted := -1, false
	for i := range b.forms {
		f := &b.forms[i]
		if !f.takes(len(args)) || !among(f) {
			continue
		}
		counted = true
		try := slices.Clone(args)
		if bad = f.fit(try, &r.steps); bad < 0 {
			return r.orNote(f.invoke(r, try), pos, "feel.null-builtin")
		}
	}
	if !counted {
		return r.note(pos, "feel.builtin-count", "name", b.name, "got", len(args), "usage", b.usage())
	}
	return r.note(pos, "feel.arg-type", "name", b.name, "param", bad+1, "want", b.usage(), "got", args[bad].kind.String())
}

func (c *compiler) builtin(n *builtinNode) (eval, bool) {
	args, all := make([]eval, len(n.args)), true
	for i, a := range n.args {
		if a == nil {
			args[i] = constant(Value{})
			continue
		}
		var k bool
		args[i], k = c.node(a)
		all = all && k
	}
	f, b, pos := n.form, n.fn, n.pos
	if len(args) == 0 {
		if b.impure {
			return func(r *Run) Value { return f.fn(r, nil) }, false
		}
	}
	sameNames := func(g *form) bool {
		for i := range args {
			if n.named && g.param(i).Name != f.param(i).Name {
				return false
			}
		}
		return true
	}
	fn := func(r *Run) Value {
		base := len(r.stack)
		for _, a := range args {
			v := a(r)
			r.stack = append(r.stack, v)
		}
		got := r.stack[base:len(r.stack):len(r.stack)]
		var v Value
		if f.fit(got, &r.steps) >= 0 {
			v = r.applyForms(b, got, pos, sameNames)
		} else if v = f.invoke(r, got); v.kind == KindNull && r.env.Note != nil {
			v = r.note(pos, "feel.null-builtin", "name", b.name)
		}
		r.stack = r.stack[:base]
		return v
	}
	if all && !b.impure {
		return c.folded(fn)
	}
	return fn, false
}

func (c *compiler) call(n *callNode) eval {
	fn, _ := c.node(n.fn)
	args, _ := c.nodes(n.args)
	names, pos := n.names, n.pos
	return func(r *Run) Value {
		v := fn(r)
		f := v.function()
		if f == nil {
			if r.env.Note != nil {
				r.note(pos, "feel.not-a-function", "type", v.kind.String())
			}
			return Value{}
		}
		base := len(r.stack)
		for _, a := range args {
			v := a(r)
			r.stack = append(r.stack, v)
		}
		got := r.stack[base:len(r.stack):len(r.stack)]
		var out Value
		if names == nil {
			out = r.apply(f, got, pos)
		} else if ordered, ok := f.arrange(got, names); ok {
			out = r.apply(f, ordered, pos)
		} else {
			out = r.note(pos, "feel.arg-names", "name", f.name)
		}
		r.stack = r.stack[:base]
		return out
	}
}

// arrange puts named arguments in the order of the parameters.
func (f *Function) arrange(args []Value, names []string) ([]Value, bool) {
	params := f.params
	if f.builtin != nil {
		for i := range f.builtin.forms {
			if ps := f.builtin.forms[i].params; len(ps) == len(names) {
				params = ps
				if slices.IndexFunc(ps, func(p Param) bool { return p.Name == names[0] }) >= 0 {
					break
				}
			}
		}
	}
	if len(names) != len(params) {
		return nil, false
	}
	out := make([]Value, len(params))
	for i, name := range names {
		k := slices.IndexFunc(params, func(p Param) bool { return p.Name == name })
		if k < 0 {
			return nil, false
		}
		out[k] = args[i]
	}
	return out, true
}
