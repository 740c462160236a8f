package feel

// domains compiles what the iterations of one loop range over.
type domain struct {
	in, to eval
}

func (c *compiler) domains(its []iteration) []domain {
	out := make([]domain, len(its))
	for i, it := range its {
		out[i].in, _ = c.node(it.in)
		if it.to != nil {
			out[i].to, _ = c.node(it.to)
		}
	}
	return out
}

// each calls visit with every element of the domain until it returns false;
// ok is false where the domain is none, or the budget is used up.
func (r *Run) each(d domain, visit func(Value) bool) (ok bool) {
	v := d.in(r)
	if d.to != nil {
		return r.eachBetween(v, d.to(r), visit)
	}
	switch v.kind {
	case KindNull:
		return false
	case KindRange:
		g := v.rng()
		lo, hi := g.lo, g.hi
		if !g.loIncl {
			lo = step(lo, 1)
		}
		if !g.hiIncl {
			hi = step(hi, -1)
		}
		if lo.kind == KindNumber && hi.kind == KindNumber && numCmp(lo, hi) > 0 {
			return true
		}
		return r.eachBetween(lo, hi, visit)
	case KindList:
		for _, e := range v.Items() {
			if !r.Spend(1) {
				return false
			}
			if !visit(e) {
				return true
			}
		}
		return true
	}
	return r.Spend(1) && (visit(v) || true)
}

// step is the next or previous whole number or day.
func step(v Value, by int64) Value {
	switch v.kind {
	case KindNumber:
		return numAdd(v, Number(by))
	case KindDate:
		return shiftSeconds(v, by*secPerDay, 0)
	}
	return Value{}
}

// eachBetween counts from one number or date to another, down as well as up.
func (r *Run) eachBetween(lo, hi Value, visit func(Value) bool) bool {
	if lo.kind != hi.kind || lo.kind != KindNumber && lo.kind != KindDate {
		return false
	}
	if _, whole := lo.Int(); lo.kind == KindNumber && !whole {
		return false
	}
	if _, whole := hi.Int(); hi.kind == KindNumber && !whole {
		return false
	}
	c, _ := order(lo, hi)
	by := int64(1)
	if c > 0 {
		by = -1
	}
	for v := lo; ; v = step(v, by) {
		if !r.Spend(1) {
			return false
		}
		if !visit(v) || r.equal(v, hi) == isTrue {
			return true
		}
	}
}

func (c *compiler) forLoop(n *forNode) eval {
	ds := c.domains(n.its)
	body, _ := c.node(n.body)
	vars := len(ds)
	partial := c.partial
	return func(r *Run) Value {
		out := []Value{}
		old := r.fr
		f := newFrame(old, vars+1)
		good := true
		var nest func(k int)
		nest = func(k int) {
			if k == vars {
				if n.keep {
					f = newFrame(old, vars+1)
					copy(f.vals, r.fr.vals)
				}
				r.fr = f
				if partial {
					f.vals[vars] = listOf(out[:len(out):len(out)])
				}
				if r.alloc(valueSize) {
					out = append(out, body(r))
				}
				return
			}
			if !r.each(ds[k], func(v Value) bool {
				r.fr.vals[k] = v
				nest(k + 1)
				return r.err == nil
			}) {
				good = false
			}
		}
		r.fr = f
		nest(0)
		r.fr = old
		if !good {
			return r.orNote(Value{}, n.pos, "feel.null-iterate")
		}
		return listOf(out)
	}
}

func (c *compiler) quantified(n *quantNode) eval {
	ds := c.domains(n.its)
	body, _ := c.node(n.body)
	vars := len(ds)
	return func(r *Run) Value {
		old := r.fr
		r.fr = newFrame(old, vars)
		result, good := truthOf(n.every), true
		var nest func(k int) bool
		nest = func(k int) bool {
			if k == vars {
				v := body(r)
				if v.kind != KindBoolean {
					result = isNull
				} else if (v.n == 1) != n.every {
					result = truthOf(!n.every)
					return false
				}
				return true
			}
			more := true
			if !r.each(ds[k], func(v Value) bool {
				r.fr.vals[k] = v
				more = nest(k + 1)
				return more && r.err == nil
			}) {
				good = false
			}
			return more
		}
		nest(0)
		r.fr = old
		if !good {
			return r.orNote(Value{}, n.pos, "feel.null-iterate")
		}
		return result.value()
	}
}

func (c *compiler) filter(n *filterNode) eval {
	x, _ := c.node(n.x)
	by, k := c.node(n.by)
	index := n.by.typ().Kind() == KindNumber
	if k {
		at := by(nil)
		if at.kind == KindNumber {
			return func(r *Run) Value { return pick(asList(x(r)), at) }
		}
	}
	keep := n.keep
	return func(r *Run) Value {
		v := x(r)
		if v.kind == KindNull && index {
			return Value{}
		}
		items := asList(v)
		old := r.fr
		f := newFrame(old, 1)
		r.fr = f
		defer func() { r.fr = old }()
		if index {
			return pick(items, by(r))
		}
		out := []Value{}
		for i, e := range items {
			if !r.Spend(1) {
				return Value{}
			}
			if keep {
				f = newFrame(old, 1)
				r.fr = f
			}
			f.vals[0] = e
			t := by(r)
			if i == 0 && t.kind == KindNumber {
				return pick(items, t)
			}
			if t.kind == KindBoolean && t.n == 1 {
				if !r.alloc(valueSize) {
					return Value{}
				}
				out = append(out, e)
			}
		}
		return listOf(out)
	}
}

// asList is a list's elements; another value counts as a list of one, null as none.
func asList(v Value) []Value {
	switch v.kind {
	case KindList:
		return v.Items()
	case KindNull:
		return nil
	}
	return []Value{v}
}

// pick is the element at a place counted from 1, or from the end by -1.
func pick(items []Value, at Value) Value {
	i, ok := at.Int()
	switch {
	case !ok:
		return Value{}
	case i > 0 && i <= int64(len(items)):
		return items[i-1]
	case i < 0 && -i <= int64(len(items)):
		return items[int64(len(items))+i]
	}
	return Value{}
}

// tester applies one test to a value.
type tester func(r *Run, v Value) truth

// test compiles one test of in, or of a decision table's cell.
func (c *compiler) test(n node) tester {
	switch n := n.(type) {
	case *testNode:
		x, _ := c.node(n.x)
		op := n.op
		return func(r *Run, v Value) truth { return r.compare(op, v, x(r)) }
	case *constNode:
		want := n.v
		return func(r *Run, v Value) truth { return r.passes(v, want, 0) }
	}
	x, _ := c.node(n)
	return func(r *Run, v Value) truth {
		t := x(r)
		if !r.Spend(1) {
			return isNull
		}
		return r.passes(v, t, 0)
	}
}

func (c *compiler) in(n *inNode) (eval, bool) {
	x, _ := c.node(n.x)
	tests := make([]tester, len(n.tests))
	for i, t := range n.tests {
		tests[i] = c.test(t)
	}
	return func(r *Run) Value {
		v := x(r)
		result := isFalse
		for _, t := range tests {
			switch t(r, v) {
			case isTrue:
				return Bool(true)
			case isNull:
				result = isNull
			}
		}
		return result.value()
	}, false
}

// usesInput tells whether the text of a test speaks of ? itself; then its
// value decides rather than the comparison with it.
func usesInput(n node) bool {
	switch n := n.(type) {
	case *inputNode:
		return true
	case *pathNode:
		return usesInput(n.x)
	case *negNode:
		return usesInput(n.x)
	case *arithNode:
		return usesInput(n.l) || usesInput(n.r)
	case *logicNode:
		return usesInput(n.l) || usesInput(n.r)
	case *compareNode:
		return usesInput(n.l) || usesInput(n.r)
	case *betweenNode:
		return usesInput(n.x) || usesInput(n.lo) || usesInput(n.hi)
	case *inNode:
		return usesInput(n.x) || anyUsesInput(n.tests)
	case *rangeNode:
		return n.lo != nil && usesInput(n.lo) || n.hi != nil && usesInput(n.hi)
	case *testNode:
		return usesInput(n.x)
	case *ifNode:
		return usesInput(n.cond) || usesInput(n.then) || usesInput(n.els)
	case *forNode:
		return usesInput(n.body) || iterationUsesInput(n.its)
	case *quantNode:
		return usesInput(n.body) || iterationUsesInput(n.its)
	case *listNode:
		return anyUsesInput(n.items)
	case *contextNode:
		return anyUsesInput(n.vals)
	case *filterNode:
		return usesInput(n.x) || usesInput(n.by)
	case *callNode:
		return usesInput(n.fn) || anyUsesInput(n.args)
	case *builtinNode:
		return anyUsesInput(n.args)
	case *functionNode:
		return n.body != nil && usesInput(n.body)
	case *instanceNode:
		return usesInput(n.x)
	}
	return false
}

func anyUsesInput(ns []node) bool {
	for _, n := range ns {
		if n != nil && usesInput(n) {
			return true
		}
	}
	return false
}

func iterationUsesInput(its []iteration) bool {
	for _, it := range its {
		if usesInput(it.in) || it.to != nil && usesInput(it.to) {
			return true
		}
	}
	return false
}

func (c *compiler) unaryTests(n *testsNode) eval {
	if n.any {
		return constant(Bool(true))
	}
	tests := make([]tester, len(n.tests))
	for i, t := range n.tests {
		if usesInput(t) {
			x, _ := c.node(t)
			tests[i] = func(r *Run, v Value) truth {
				got := x(r)
				if got.kind == KindBoolean {
					return truthOf(got.n == 1)
				}
				return r.passes(v, got, 0)
			}
			continue
		}
		tests[i] = c.test(t)
	}
	negate := n.negate
	return func(r *Run) Value {
		v := r.input
		result := isFalse
		for _, t := range tests {
			switch t(r, v) {
			case isTrue:
				return Bool(!negate)
			case isNull:
				result = isNull
			}
		}
		if negate && result == isFalse {
			return Bool(true)
		}
		return result.value()
	}
}
