package feel

// eval computes a part of an expression.
type eval func(r *Run) Value

// compiler turns the typed tree into closures. A part whose operands are all
// constant is computed once, here.
type compiler struct {
	src     string
	partial bool // the text speaks of partial
	fold    *Run
	lib     *library
}

// foldSteps bounds what is computed while compiling.
const foldSteps = 2_000

func constant(v Value) eval { return func(*Run) Value { return v } }

// folded computes fn now if it is known to depend on nothing.
func (c *compiler) folded(fn eval) (eval, bool) {
	if c.fold == nil {
		c.fold = &Run{lib: c.lib}
	}
	c.fold.reset(Env{Steps: foldSteps, Memory: 1 << 16, Depth: 1})
	v := fn(c.fold)
	if c.fold.err != nil {
		return fn, false
	}
	return constant(v), true
}

// node compiles one part; the second result tells whether it is constant.
func (c *compiler) node(n node) (eval, bool) {
	switch n := n.(type) {
	case *constNode:
		return constant(n.v), true
	case *slotNode:
		slot := n.slot
		return func(r *Run) Value { return r.vars.At(slot) }, false
	case *localNode:
		return local0(n.up, n.idx), false
	case *inputNode:
		return func(r *Run) Value { return r.input }, false
	case *dynamicNode:
		return c.dynamic(n), false
	case *pathNode:
		return c.path(n)
	case *negNode:
		return c.foldIf1(n.x, func(x eval) eval {
			return func(r *Run) Value { return r.orNote(negate(x(r)), n.pos, "feel.null-arith") }
		})
	case *arithNode:
		return c.arith(n)
	case *logicNode:
		return c.logic(n)
	case *compareNode:
		return c.compare(n)
	case *betweenNode:
		return c.between(n)
	case *inNode:
		return c.in(n)
	case *rangeNode:
		return c.rng(n)
	case *ifNode:
		return c.ifElse(n)
	case *forNode:
		return c.forLoop(n), false
	case *quantNode:
		return c.quantified(n), false
	case *listNode:
		return c.list(n)
	case *contextNode:
		return c.context(n)
	case *filterNode:
		return c.filter(n), false
	case *callNode:
		return c.call(n), false
	case *builtinNode:
		return c.builtin(n)
	case *functionNode:
		return c.function(n), false
	case *instanceNode:
		want := n.want
		return c.foldIf1(n.x, func(x eval) eval {
			return func(r *Run) Value {
				v := x(r)
				if want.Kind() == KindNull {
					return Bool(v.kind == KindNull)
				}
				return Bool(v.kind != KindNull && want.instance(v, &r.steps))
			}
		})
	case *testsNode:
		return c.unaryTests(n), false
	case *testNode:
		t := c.test(n)
		return func(r *Run) Value { return t(r, r.input).value() }, false
	}
	return constant(Value{}), true
}

func local0(up, idx int) eval {
	switch up {
	case 0:
		return func(r *Run) Value { return r.fr.vals[idx] }
	case 1:
		return func(r *Run) Value { return r.fr.up.vals[idx] }
	}
	return func(r *Run) Value {
		f := r.fr
		for range up {
			f = f.up
		}
		return f.vals[idx]
	}
}

// orNote tells why an operation gave null.
func (r *Run) orNote(v Value, pos int, key string) Value {
	if v.kind == KindNull && r.env.Note != nil {
		return r.note(pos, key)
	}
	return v
}

func (c *compiler) foldIf1(x node, build func(eval) eval) (eval, bool) {
	fx, k := c.node(x)
	if fn := build(fx); k {
		return c.folded(fn)
	} else {
		return fn, false
	}
}

func (c *compiler) foldIf2(l, r node, build func(l, r eval) eval) (eval, bool) {
	fl, kl := c.node(l)
	fr, kr := c.node(r)
	fn := build(fl, fr)
	if kl && kr {
		return c.folded(fn)
	}
	return fn, false
}

func (c *compiler) dynamic(n *dynamicNode) eval {
	outer := constant(Value{})
	if n.outer != nil {
		outer, _ = c.node(n.outer)
	}
	name, items := n.name, n.items
	return func(r *Run) Value {
		f, up := r.fr, 0
		for _, at := range items {
			for ; up < at; up++ {
				f = f.up
			}
			if v, ok := property(f.vals[0], name); ok {
				return v
			}
		}
		return outer(r)
	}
}

func (c *compiler) path(n *pathNode) (eval, bool) {
	name, pos := n.name, n.pos
	if s, ok := n.x.(*slotNode); ok {
		slot := s.slot
		return func(r *Run) Value {
			v := r.vars.At(slot)
			if ctx, ok := v.ref.(*Context); ok {
				if i := ctx.find(name); i >= 0 {
					return ctx.entries[i].Value
				}
			}
			return r.pathOf(v, name, pos)
		}, false
	}
	return c.foldIf1(n.x, func(x eval) eval {
		return func(r *Run) Value {
			v := x(r)
			if v.kind == KindContext {
				if e, ok := v.Get(name); ok {
					return e
				}
			}
			return r.pathOf(v, name, pos)
		}
	})
}

func (c *compiler) arith(n *arithNode) (eval, bool) {
	op, pos := n.op, n.pos
	return c.foldIf2(n.l, n.r, func(l, rr eval) eval {
		return func(r *Run) Value {
			a, b := l(r), rr(r)
			if op == '+' && a.kind == KindString && b.kind == KindString {
				s := a.str()
				if !r.alloc(len(s) + len(b.str())) {
					return Value{}
				}
				return String(s + b.str())
			}
			return r.orNote(arith(op, a, b), pos, "feel.null-arith")
		}
	})
}

func (c *compiler) logic(n *logicNode) (eval, bool) {
	decides := n.or
	return c.foldIf2(n.l, n.r, func(l, rr eval) eval {
		return func(r *Run) Value {
			a := l(r)
			if a.kind == KindBoolean && (a.n == 1) == decides {
				return a
			}
			b := rr(r)
			if b.kind == KindBoolean && (b.n == 1) == decides {
				return b
			}
			if a.kind == KindBoolean && b.kind == KindBoolean {
				return a
			}
			return Value{}
		}
	})
}

func (c *compiler) compare(n *compareNode) (eval, bool) {
	op, pos := n.op, n.pos
	if k, ok := n.r.(*constNode); ok && op <= opNe && k.v.kind == KindString {
		want, l := k.v.str(), n.l
		return c.foldIf1(l, func(l eval) eval {
			return func(r *Run) Value {
				a := l(r)
				if a.kind == KindString {
					return Bool((a.str() == want) == (op == opEq))
				}
				if t := r.compare(op, a, k.v); t != isNull {
					return t.value()
				}
				return r.orNote(Value{}, pos, "feel.null-compare")
			}
		})
	}
	return c.foldIf2(n.l, n.r, func(l, rr eval) eval {
		return func(r *Run) Value {
			a, b := l(r), rr(r)
			t := r.compare(op, a, b)
			if t == isNull {
				if op <= opNe && !r.Spend(1) {
					return Value{}
				}
				return r.orNote(Value{}, pos, "feel.null-compare")
			}
			return t.value()
		}
	})
}

func (c *compiler) between(n *betweenNode) (eval, bool) {
	x, kx := c.node(n.x)
	lo, kl := c.node(n.lo)
	hi, kh := c.node(n.hi)
	fn := func(r *Run) Value {
		v, a, b := x(r), lo(r), hi(r)
		t, u := r.compare(opGe, v, a), r.compare(opLe, v, b)
		switch {
		case t == isFalse || u == isFalse:
			if t == isNull || u == isNull {
				return Value{}
			}
			return Bool(false)
		case t == isNull || u == isNull:
			return r.orNote(Value{}, n.pos, "feel.null-compare")
		}
		return Bool(true)
	}
	if kx && kl && kh {
		return c.folded(fn)
	}
	return fn, false
}

func (c *compiler) rng(n *rangeNode) (eval, bool) {
	side := func(x node) (eval, bool) {
		if x == nil {
			return constant(Value{}), true
		}
		return c.node(x)
	}
	lo, kl := side(n.lo)
	hi, kh := side(n.hi)
	fn := func(r *Run) Value {
		a, b := lo(r), hi(r)
		if n.op == rangeBounds && a.kind != KindNull && b.kind != KindNull && a.kind != b.kind {
			return r.note(n.pos, "feel.null-range")
		}
		if n.op == rangeBounds && (a.kind > KindDaysTime || b.kind > KindDaysTime || a.kind == KindBoolean || b.kind == KindBoolean) {
			return r.note(n.pos, "feel.null-range")
		}
		if !r.alloc(4 * valueSize) {
			return Value{}
		}
		return Value{kind: KindRange, ref: &Range{a, b, n.loIncl, n.hiIncl, n.op}}
	}
	if kl && kh {
		return c.folded(fn)
	}
	return fn, false
}

func (c *compiler) ifElse(n *ifNode) (eval, bool) {
	cond, k1 := c.node(n.cond)
	then, k2 := c.node(n.then)
	els, k3 := c.node(n.els)
	fn := func(r *Run) Value {
		if v := cond(r); v.kind == KindBoolean && v.n == 1 {
			return then(r)
		}
		return els(r)
	}
	if k1 && k2 && k3 {
		return c.folded(fn)
	}
	return fn, false
}

func (c *compiler) nodes(ns []node) ([]eval, bool) {
	out, all := make([]eval, len(ns)), true
	for i, n := range ns {
		var k bool
		out[i], k = c.node(n)
		all = all && k
	}
	return out, all
}

func (c *compiler) list(n *listNode) (eval, bool) {
	items, k := c.nodes(n.items)
	fn := func(r *Run) Value {
		if !r.Spend(len(items)) || !r.alloc(len(items)*valueSize+valueSize) {
			return Value{}
		}
		out := make([]Value, len(items))
		for i, it := range items {
			out[i] = it(r)
		}
		return listOf(out)
	}
	if k {
		return c.folded(fn)
	}
	return fn, false
}

func (c *compiler) context(n *contextNode) (eval, bool) {
	vals, k := c.nodes(n.vals)
	if n.twice {
		return constant(Value{}), true
	}
	fn := func(r *Run) Value {
		if !r.Spend(len(vals)) || !r.alloc(len(vals)*2*valueSize+valueSize) {
			return Value{}
		}
		r.fr = newFrame(r.fr, len(vals))
		out := &Context{entries: make([]Entry, 0, len(vals))}
		for i, x := range vals {
			v := x(r)
			r.fr.vals[i] = v
			out.put(n.names[i], v)
		}
		r.fr = r.fr.up
		return out.value()
	}
	if k {
		return c.folded(fn)
	}
	return fn, false
}

func (c *compiler) function(n *functionNode) eval {
	if n.body == nil {
		return func(r *Run) Value { return r.note(n.pos, "feel.external") }
	}
	body, _ := c.node(n.body)
	params := n.params
	return func(r *Run) Value {
		if !r.alloc(4 * valueSize) {
			return Value{}
		}
		fr, vars, input := r.fr, r.vars, r.input
		f := &Function{name: "function", params: params}
		f.call = func(r *Run, args []Value) Value {
			oldFr, oldVars, oldInput := r.fr, r.vars, r.input
			r.fr, r.vars, r.input = newFrame(fr, len(args)), vars, input
			copy(r.fr.vals, args)
			v := body(r)
			r.fr, r.vars, r.input = oldFr, oldVars, oldInput
			return v
		}
		return Value{kind: KindFunction, ref: f}
	}
}
