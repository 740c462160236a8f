package feel

import "slices"

// matchParts tells whether the tokens from the next one on spell the name.
func (p *parser) matchParts(parts []string) bool {
	if len(parts) == 0 || p.i+len(parts) >= len(p.toks) {
		return false
	}
	for k, part := range parts {
		t := p.toks[p.i+k]
		if t.kind == tString || t.kind == tEOF || t.text != part {
			return false
		}
	}
	return true
}

// longNameHere tells whether a declared name of several words starts here;
// such a name may begin with what is otherwise a word of the language.
func (p *parser) longNameHere() bool {
	for _, lv := range p.levels {
		for _, l := range lv.locals {
			if len(l.parts) > 1 && p.matchParts(l.parts) {
				return true
			}
		}
	}
	for _, parts := range p.rooted {
		if p.matchParts(parts) {
			return true
		}
	}
	return false
}

func (p *parser) nameOrWord() node {
	t := p.peek()
	if !p.longNameHere() {
		switch t.text {
		case "true", "false":
			p.next()
			return &constNode{base{BooleanType, t.pos}, Bool(t.text == "true")}
		case "null":
			p.next()
			return &constNode{base{NullType, t.pos}, Value{}}
		case "function":
			if p.peekAt(1).text == "(" {
				return p.functionLiteral()
			}
		case "for", "if":
			return p.exprHere()
		case "some", "every":
			if p.peekAt(1).kind == tName {
				return p.exprHere()
			}
		case "then", "else", "return", "satisfies", "in", "between", "and", "or":
			p.unexpected("")
			return p.null(t.pos)
		case "?":
			if p.tests {
				p.next()
				return &inputNode{base{p.input, t.pos}}
			}
		}
	}
	return p.resolve()
}

// found is one meaning that a name may have.
type found struct {
	n     int // tokens it takes
	name  string
	build func() node
}

// resolve reads a name by the longest one declared; of equally long ones the
// innermost counts.
func (p *parser) resolve() node {
	t := p.peek()
	best := found{}
	better := func(parts []string, name string, build func() node) {
		if len(parts) > best.n && p.matchParts(parts) {
			best = found{len(parts), name, build}
		}
	}
	var dynamic []int // untyped elements in scope of which the best is not
	for up := 0; up < len(p.levels); up++ {
		lv := p.levels[len(p.levels)-1-up]
		before := best.n
		for i := len(lv.locals) - 1; i >= 0; i-- {
			l, idx := lv.locals[i], i
			better(l.parts, l.name, func() node { return &localNode{base{l.t, t.pos}, up, idx, l.name} })
		}
		if !lv.filter {
			continue
		}
		item := lv.item
		for _, f := range item.Fields() {
			better(splitName(f.Name), f.Name, func() node {
				return &pathNode{base{f.Type, t.pos}, &localNode{base{item, t.pos}, up, 0, "item"}, f.Name, -1}
			})
		}
		if k := item.Kind(); best.n == before && (k == KindAny || k == KindContext && !item.closed() || k == KindNull) {
			dynamic = append(dynamic, up)
		}
	}
	if i, ok := p.scope.index[t.text]; ok && best.n == 0 {
		best = found{1, t.text, func() node { return p.slot(t.pos, i) }}
	}
	for _, parts := range p.rooted {
		better(parts, "", func() node {
			name := joinName(parts)
			if i, ok := p.scope.index[name]; ok {
				return p.slot(t.pos, i)
			}
			return p.builtinRef(t.pos, name)
		})
	}
	if best.n <= 1 {
		for _, parts := range p.lib.long[t.text] {
			if p.peekAt(len(parts)).text == "(" || len(parts) > 1 && best.n == 0 {
				better(parts, "", func() node { return p.builtinRef(t.pos, joinName(parts)) })
			}
		}
	}
	if best.n == 0 && p.lib.byName[t.text] != nil {
		best = found{1, t.text, func() node { return p.builtinRef(t.pos, t.text) }}
	}
	if len(dynamic) > 0 && best.n <= 1 {
		return p.dynamic(dynamic, best)
	}
	if best.n == 0 {
		p.next()
		p.unknown(t.pos, t.text)
		return p.null(t.pos)
	}
	p.skip(best.n)
	return best.build()
}

func (p *parser) skip(n int) {
	for range n {
		p.next()
	}
}

// dynamic is a name inside a filter over elements of unknown type: the
// element's entry where it has one, else what the name means outside.
func (p *parser) dynamic(items []int, outer found) node {
	t := p.peek()
	n := &dynamicNode{base: base{AnyType, t.pos}, items: items}
	long := p.longestMember()
	if outer.n > 0 && outer.n >= len(long) {
		n.name = outer.name
		if outer.name == "" {
			n.name = t.text
		}
		p.skip(outer.n)
		n.outer = outer.build()
		if b, ok := n.outer.(*constNode); ok && b.v.kind == KindFunction {
			return b // a built-in's name is not looked for in elements
		}
		return n
	}
	if len(long) > 0 {
		n.name = joinName(long)
		p.skip(len(long))
		return n
	}
	n.name = t.text
	p.next()
	return n
}

// longestMember matches entry names of several words seen in this text or its types.
func (p *parser) longestMember() []string {
	var best []string
	for _, parts := range p.members {
		if len(parts) > len(best) && p.matchParts(parts) {
			best = parts
		}
	}
	return best
}

func (p *parser) slot(pos, i int) node {
	f := p.scope.vars[i]
	p.reads = append(p.reads, f.Name)
	return &slotNode{base{f.Type, pos}, i, f.Name, len(p.reads) - 1}
}

func (p *parser) unknown(pos int, name string) {
	var names []string
	for _, lv := range p.levels {
		for _, l := range lv.locals {
			names = append(names, l.name)
		}
		for _, f := range lv.item.Fields() {
			names = append(names, f.Name)
		}
	}
	for _, f := range p.scope.vars {
		names = append(names, f.Name)
	}
	if p.is("(") {
		names = append(names, p.lib.names...)
	}
	p.complainNear(pos, "feel.unknown-name", name, names)
}

func (p *parser) complainNear(pos int, key, name string, candidates []string, kv ...any) {
	kv = append(kv, "name", name)
	if near := nearest(name, candidates); near != "" {
		p.complain(pos, key+"-near", append(kv, "near", near)...)
		return
	}
	p.complain(pos, key, kv...)
}

// path reads the name after a dot.
func (p *parser) path(x node) node {
	t := p.peek()
	if t.kind != tName {
		p.unexpected("")
		return x
	}
	of := x.typ()
	list := of.Kind() == KindList
	if list {
		of = of.Elem()
	}
	name, n := t.text, 1
	try := func(candidate string) {
		if parts := splitName(candidate); len(parts) > n && p.matchParts(parts) || candidate == t.text && n == 1 {
			name, n = candidate, len(parts)
		}
	}
	for _, f := range of.Fields() {
		try(f.Name)
	}
	for _, s := range longProperties {
		try(s)
	}
	if long := p.longestMember(); len(long) > n && !of.closed() {
		name, n = joinName(long), len(long)
	}
	p.skip(n)
	out := &pathNode{base{AnyType, t.pos}, x, name, -1}
	out.t = p.pathType(t.pos, of, name)
	if list {
		out.t = ListTypeOf(out.t)
	}
	p.extendRead(out)
	return out
}

// extendRead makes the variable's recorded path as long as the text's.
func (p *parser) extendRead(n *pathNode) {
	if n.x.typ().Kind() == KindList {
		return
	}
	switch x := n.x.(type) {
	case *slotNode:
		n.read = x.read
	case *pathNode:
		n.read = x.read
	}
	if n.read >= 0 {
		p.reads[n.read] += "." + n.name
	}
}

func (p *parser) filter(pos int, x node) node {
	item := x.typ()
	if item.Kind() == KindList {
		item = item.Elem()
	}
	lv := p.push(&level{filter: true, item: item, locals: []local{{"item", []string{"item"}, item}}})
	by := p.expr()
	p.pop()
	p.expect("]")
	n := &filterNode{base{AnyType, pos}, x, by, lv.makesFn}
	switch by.typ().Kind() {
	case KindNumber:
		n.t = item
	case KindBoolean, KindNull:
		n.t = ListTypeOf(item)
	case KindAny:
	default:
		p.complain(by.at(), "feel.filter-type", "type", by.typ().String())
	}
	return n
}

func (p *parser) ifExpr() node {
	pos := p.next().pos
	cond := p.expr()
	p.expectWord("then")
	then := p.expr()
	p.expectWord("else")
	els := p.expr()
	p.wantBoolean(cond, "if")
	return &ifNode{base{common(then.typ(), els.typ()), pos}, cond, then, els}
}

// iterations reads name in domain, … and leaves the level pushed.
func (p *parser) iterations(stop string) ([]iteration, *level) {
	lv := p.push(&level{})
	var its []iteration
	for {
		parts := p.freshName("in")
		p.expectWord("in")
		it := iteration{in: p.expr()}
		elem := Type{}
		if p.eat("..") {
			it.to = p.expr()
			p.wantRangeEnds(it.in, it.to)
			elem = it.in.typ()
		} else if k := it.in.typ().Kind(); k == KindList || k == KindRange {
			elem = it.in.typ().Elem()
		} else if k != KindAny {
			elem = it.in.typ()
		}
		its = append(its, it)
		lv.locals = append(lv.locals, local{joinName(parts), parts, elem})
		if !p.eat(",") {
			break
		}
	}
	p.expectWord(stop)
	return its, lv
}

func (p *parser) forExpr() node {
	pos := p.next().pos
	its, lv := p.iterations("return")
	lv.locals = append(lv.locals, local{"partial", []string{"partial"}, ListType})
	body := p.expr()
	p.pop()
	return &forNode{base{ListTypeOf(body.typ()), pos}, its, body, lv.makesFn}
}

func (p *parser) quantified() node {
	t := p.next()
	its, lv := p.iterations("satisfies")
	body := p.expr()
	p.pop()
	p.wantBoolean(body, t.text)
	return &quantNode{base{BooleanType, t.pos}, t.text == "every", its, body, lv.makesFn}
}

func (p *parser) functionLiteral() node {
	pos := p.next().pos
	p.expect("(")
	for _, lv := range p.levels {
		lv.makesFn = true
	}
	n := &functionNode{base: base{pos: pos}}
	lv := p.push(&level{})
	for !p.is(")") && p.fatal == nil {
		parts := p.freshName(":", ",", ")")
		prm := Param{Name: joinName(parts)}
		if p.eat(":") {
			prm.Type = p.typeName()
		}
		n.params = append(n.params, prm)
		lv.locals = append(lv.locals, local{prm.Name, parts, prm.Type})
		if !p.eat(",") {
			break
		}
	}
	p.expect(")")
	types := make([]Type, len(n.params))
	for i, prm := range n.params {
		types[i] = prm.Type
	}
	result := AnyType
	if p.eatWord("external") {
		p.expr()
	} else {
		n.body = p.expr()
		result = n.body.typ()
	}
	p.pop()
	n.t = FunctionType(types, result)
	return n
}

// typeName reads a type as instance of and parameters have it.
func (p *parser) typeName() Type {
	if p.depth++; p.depth > maxNesting {
		p.stop(p.peek().pos, "feel.too-deep", "max", maxNesting)
	}
	defer func() { p.depth-- }()
	t := p.peek()
	if t.kind != tName {
		p.unexpected("")
		return Type{}
	}
	for name, named := range p.scope.types {
		if parts := splitName(name); p.matchParts(parts) {
			p.skip(len(parts))
			return named
		}
	}
	for _, st := range simpleTypes {
		if p.matchParts(st.parts) {
			p.skip(len(st.parts))
			return st.t
		}
	}
	p.next()
	switch t.text {
	case "list":
		if !p.eat("<") {
			return ListType
		}
		e := p.typeName()
		p.expect(">")
		return ListTypeOf(e)
	case "range":
		if !p.eat("<") {
			return rangeAnyType
		}
		e := p.typeName()
		p.expect(">")
		return RangeTypeOf(e)
	case "context":
		return p.contextTypeName()
	case "function":
		return p.functionTypeName()
	}
	var names []string
	for n := range p.scope.types {
		names = append(names, n)
	}
	for _, st := range simpleTypes {
		names = append(names, joinName(st.parts))
	}
	slices.Sort(names)
	p.complainNear(t.pos, "feel.unknown-type", t.text, names)
	return Type{}
}

func (p *parser) contextTypeName() Type {
	if !p.eat("<") {
		return OpenContextType
	}
	var fields []Field
	for !p.is(">") && p.fatal == nil {
		name := joinName(p.freshName(":"))
		p.expect(":")
		fields = append(fields, Field{name, p.typeName()})
		if !p.eat(",") {
			break
		}
	}
	p.expect(">")
	return ContextType(fields...)
}

func (p *parser) functionTypeName() Type {
	if !p.eat("<") {
		return FunctionAnyType
	}
	params := []Type{}
	for !p.is(">") && p.fatal == nil {
		params = append(params, p.typeName())
		if !p.eat(",") {
			break
		}
	}
	p.expect(">")
	p.expect("->")
	return FunctionType(params, p.typeName())
}

var simpleTypes = []struct {
	parts []string
	t     Type
}{
	{[]string{"date", "and", "time"}, DateTimeType},
	{[]string{"years", "and", "months", "duration"}, YearsMonthsType},
	{[]string{"year", "month", "duration"}, YearsMonthsType},
	{[]string{"days", "and", "time", "duration"}, DaysTimeType},
	{[]string{"day", "time", "duration"}, DaysTimeType},
	{[]string{"Any"}, AnyType},
	{[]string{"Null"}, NullType},
	{[]string{"number"}, NumberType},
	{[]string{"string"}, StringType},
	{[]string{"boolean"}, BooleanType},
	{[]string{"date"}, DateType},
	{[]string{"time"}, TimeType},
	{[]string{"duration"}, DaysTimeType},
}
