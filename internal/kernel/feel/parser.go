package feel

import "slices"

// maxNesting bounds brackets and other nesting of one expression.
const maxNesting = 200

// parser reads tokens into the typed tree in one pass: which words make a
// name, and what a path leads to, depend on the types read before.
type parser struct {
	src    string
	toks   []token
	i      int
	scope  Scope
	lib    *library
	input  Type // of ?
	tests  bool // ? is allowed
	levels []*level
	reads  []string
	// members are names of entries seen anywhere, for paths into values of
	// unknown type whose names have several words.
	members [][]string
	errs    Errors
	fatal   *Error
	depth   int
	work    int  // tokens read, backtracking included
	tight   bool // a [ ends a range here rather than starting a filter
	rooted  [][]string
}

// level is a scope inside the expression; each has a frame when it runs.
type level struct {
	locals  []local
	filter  bool // frame slot 0 is the element
	item    Type
	makesFn bool // a function literal inside captures the frame
}

type local struct {
	name  string
	parts []string
	t     Type
}

func (p *parser) next() token {
	t := p.toks[p.i]
	if t.kind != tEOF {
		p.i++
	}
	if p.work++; p.work > 8*len(p.toks)+4096 {
		p.stop(t.pos, "feel.too-complex")
	}
	return t
}

func (p *parser) peek() token { return p.toks[p.i] }

func (p *parser) peekAt(n int) token { return p.toks[min(p.i+n, len(p.toks)-1)] }

// is tells whether the next token is this operator.
func (p *parser) is(op string) bool {
	t := p.toks[p.i]
	return t.kind == tOp && t.text == op && p.fatal == nil
}

// word tells whether the next token is this word.
func (p *parser) word(w string) bool {
	t := p.toks[p.i]
	return t.kind == tName && t.text == w && p.fatal == nil
}

func (p *parser) eat(op string) bool {
	if p.is(op) {
		p.next()
		return true
	}
	return false
}

func (p *parser) eatWord(w string) bool {
	if p.word(w) {
		p.next()
		return true
	}
	return false
}

func (p *parser) expect(op string) {
	if !p.eat(op) {
		p.unexpected(op)
	}
}

func (p *parser) expectWord(w string) {
	if !p.eatWord(w) {
		p.unexpected(w)
	}
}

// stop ends the parse: a text that is not FEEL has no second mistake.
func (p *parser) stop(pos int, key string, kv ...any) {
	if p.fatal == nil {
		p.fatal = errAt(p.src, pos, key, kv...)
		p.i = len(p.toks) - 1
	}
}

func (p *parser) unexpected(want string) {
	t := p.peek()
	found := t.text
	switch {
	case t.kind == tEOF:
		if want == "" {
			p.stop(t.pos, "feel.unfinished")
		} else {
			p.stop(t.pos, "feel.unfinished-want", "want", want)
		}
		return
	case t.kind == tString:
		found = `"` + found + `"`
	}
	if want == "" {
		p.stop(t.pos, "feel.unexpected", "found", found)
		return
	}
	p.stop(t.pos, "feel.unexpected-want", "found", found, "want", want)
}

// complain records a mistake that does not end the parse.
func (p *parser) complain(pos int, key string, kv ...any) {
	if len(p.errs) < 50 {
		p.errs = append(p.errs, errAt(p.src, pos, key, kv...))
	}
}

func (p *parser) null(pos int) node { return &constNode{base{AnyType, pos}, Value{}} }

func (p *parser) expr() node {
	if p.depth++; p.depth > maxNesting {
		p.stop(p.peek().pos, "feel.too-deep", "max", maxNesting)
	}
	tight := p.tight
	p.tight = false
	n := p.exprHere()
	p.tight = tight
	p.depth--
	return n
}

func (p *parser) exprHere() node {
	t := p.peek()
	if p.fatal != nil {
		return p.null(t.pos)
	}
	if t.kind == tName && !p.longNameHere() {
		switch t.text {
		case "for":
			return p.forExpr()
		case "if":
			return p.ifExpr()
		case "some", "every":
			if p.peekAt(1).kind == tName {
				return p.quantified()
			}
		}
	}
	return p.or()
}

func (p *parser) or() node {
	l := p.and()
	for p.word("or") {
		pos := p.next().pos
		l = p.logic(pos, true, l, p.and())
	}
	return l
}

func (p *parser) and() node {
	l := p.comparison()
	for p.word("and") {
		pos := p.next().pos
		l = p.logic(pos, false, l, p.comparison())
	}
	return l
}

func (p *parser) compareOp() (compareOp, bool) {
	t := p.peek()
	if t.kind != tOp || p.fatal != nil {
		return 0, false
	}
	switch t.text {
	case "=":
		return opEq, true
	case "!=":
		return opNe, true
	case "<":
		return opLt, true
	case "<=":
		return opLe, true
	case ">":
		return opGt, true
	case ">=":
		return opGe, true
	case "==":
		p.stop(t.pos, "feel.double-equals")
	}
	return 0, false
}

func (p *parser) comparison() node {
	l := p.additive()
	for p.fatal == nil {
		pos := p.peek().pos
		if op, ok := p.compareOp(); ok {
			p.next()
			l = p.compare(pos, op, l, p.additive())
			continue
		}
		switch {
		case p.eatWord("between"):
			lo := p.additive()
			p.expectWord("and")
			l = p.between(pos, l, lo, p.additive())
		case p.eatWord("in"):
			l = p.inTests(pos, l)
		default:
			return l
		}
	}
	return l
}

// inTests reads what follows in: one test, or several in brackets.
func (p *parser) inTests(pos int, x node) node {
	n := &inNode{base: base{BooleanType, pos}, x: x}
	if p.is("(") {
		saved := *p
		p.next()
		tests := p.testList(x.typ())
		if p.eat(")") && p.fatal == nil && !p.continues() {
			n.tests = tests
			return n
		}
		work := p.work
		*p = saved
		p.work = work
	}
	// Outside brackets the test ends before and, or and the next comparison.
	n.tests = []node{p.positiveTestBy(x.typ(), p.additive)}
	return n
}

// continues tells whether the next token carries an operand on, so that the
// bracket just closed was part of a larger expression.
func (p *parser) continues() bool {
	t := p.peek()
	if t.kind == tOp {
		return slices.Contains([]string{"+", "-", "*", "/", "**", ".", "[", "(", ".."}, t.text)
	}
	return t.kind == tName && t.text == "instance"
}

func (p *parser) testList(input Type) []node {
	tests := []node{p.positiveTest(input)}
	for p.eat(",") {
		tests = append(tests, p.positiveTest(input))
	}
	return tests
}

// positiveTest reads an operator with its operand, or an expression.
func (p *parser) positiveTest(input Type) node { return p.positiveTestBy(input, p.expr) }

func (p *parser) positiveTestBy(input Type, expr func() node) node {
	pos := p.peek().pos
	if op, ok := p.compareOp(); ok {
		p.next()
		return p.test(pos, op, input, p.additive())
	}
	n := expr()
	if r, ok := n.(*rangeNode); ok {
		p.checkTest(r.pos, input, r.t.Elem())
	}
	return n
}

func (p *parser) additive() node {
	l := p.multiplicative()
	for p.is("+") || p.is("-") {
		t := p.next()
		l = p.arith(t.pos, t.text[0], l, p.multiplicative())
	}
	return l
}

func (p *parser) multiplicative() node {
	l := p.exponent()
	for p.is("*") || p.is("/") {
		t := p.next()
		l = p.arith(t.pos, t.text[0], l, p.exponent())
	}
	return l
}

func (p *parser) exponent() node {
	l := p.unary()
	for p.is("**") {
		t := p.next()
		l = p.arith(t.pos, '^', l, p.unary())
	}
	return l
}

func (p *parser) unary() node {
	if !p.is("-") {
		return p.postfix()
	}
	if p.depth++; p.depth > maxNesting {
		p.stop(p.peek().pos, "feel.too-deep", "max", maxNesting)
	}
	pos := p.next().pos
	n := p.negate(pos, p.unary())
	p.depth--
	return n
}

func (p *parser) postfix() node {
	n := p.primary()
	for p.fatal == nil {
		t := p.peek()
		switch {
		case t.kind == tName && t.text == "instance" && p.peekAt(1).text == "of":
			p.next()
			p.next()
			n = &instanceNode{base{BooleanType, t.pos}, n, p.typeName()}
		case t.kind != tOp:
			return n
		case t.text == ".":
			p.next()
			n = p.path(n)
		case t.text == "[" && !p.tight:
			p.next()
			n = p.filter(t.pos, n)
		case t.text == "(":
			n = p.call(n)
		default:
			return n
		}
	}
	return n
}

func (p *parser) primary() node {
	t := p.peek()
	switch t.kind {
	case tNumber:
		p.next()
		v, ok := ParseNumber(t.text)
		if !ok {
			p.complain(t.pos, "feel.bad-number", "text", t.text)
		}
		return &constNode{base{NumberType, t.pos}, v}
	case tString:
		p.next()
		return &constNode{base{StringType, t.pos}, String(t.text)}
	case tName:
		return p.nameOrWord()
	case tOp:
		switch t.text {
		case "(":
			return p.bracket()
		case "[":
			return p.list()
		case "]":
			p.next()
			return p.rangeRest(t.pos, p.expr(), false)
		case "{":
			return p.context()
		case "@":
			return p.atLiteral()
		}
	}
	p.unexpected("")
	return p.null(t.pos)
}

func (p *parser) atLiteral() node {
	pos := p.next().pos
	t := p.peek()
	if t.kind != tString {
		p.unexpected(`"`)
		return p.null(pos)
	}
	p.next()
	v := parseTemporal(t.text)
	if v.IsNull() {
		p.complain(pos, "feel.bad-temporal", "text", t.text)
		return p.null(pos)
	}
	return &constNode{base{typeOfKind(v.kind), pos}, v}
}

func (p *parser) bracket() node {
	pos := p.next().pos
	if op, ok := p.compareOp(); ok {
		p.next()
		x := p.unaryRange(pos, op, p.operand())
		p.expect(")")
		return x
	}
	n := p.expr()
	if p.is("..") {
		return p.rangeRest(pos, n, false)
	}
	p.expect(")")
	return n
}

// operand is an additive expression inside brackets of its own.
func (p *parser) operand() node {
	tight := p.tight
	p.tight = false
	n := p.additive()
	p.tight = tight
	return n
}

func (p *parser) list() node {
	pos := p.next().pos
	n := &listNode{base: base{pos: pos}}
	if p.eat("]") {
		n.t = ListTypeOf(NullType)
		return n
	}
	first := p.expr()
	if p.is("..") {
		return p.rangeRest(pos, first, true)
	}
	n.items = append(n.items, first)
	for p.eat(",") {
		n.items = append(n.items, p.expr())
	}
	p.expect("]")
	n.t = ListTypeOf(commonType(n.items))
	return n
}

// rangeRest reads .. and the upper end.
func (p *parser) rangeRest(pos int, lo node, loIncl bool) node {
	p.expect("..")
	p.tight = true
	if p.depth++; p.depth > maxNesting {
		p.stop(pos, "feel.too-deep", "max", maxNesting)
	}
	hi := p.exprHere()
	p.depth--
	p.tight = false
	n := &rangeNode{lo: lo, hi: hi, loIncl: loIncl}
	switch {
	case p.eat("]"):
		n.hiIncl = true
	case p.eat(")"), p.eat("["):
	default:
		p.unexpected("]")
	}
	n.base = base{RangeTypeOf(p.rangeElem(pos, lo.typ(), hi.typ())), pos}
	return n
}

func (p *parser) context() node {
	pos := p.next().pos
	n := &contextNode{base: base{pos: pos}}
	lv := p.push(&level{})
	var fields []Field
	for !p.is("}") && p.fatal == nil {
		t := p.peek()
		var parts []string
		if t.kind == tString {
			p.next()
			parts = []string{t.text}
		} else {
			parts = p.freshName(":")
		}
		name := joinName(parts)
		p.expect(":")
		if slices.Contains(n.names, name) {
			p.complain(t.pos, "feel.duplicate-entry", "name", name)
			n.twice = true
		}
		x := p.expr()
		n.names = append(n.names, name)
		n.vals = append(n.vals, x)
		fields = append(fields, Field{name, x.typ()})
		if t.kind == tString {
			parts = splitName(name)
		}
		lv.locals = append(lv.locals, local{name, parts, x.typ()})
		if len(parts) > 1 {
			p.members = append(p.members, parts)
		}
		if !p.eat(",") {
			break
		}
	}
	p.expect("}")
	p.pop()
	n.t = ContextType(fields...)
	return n
}

// freshName reads the words of a name that is being declared, up to a stop.
func (p *parser) freshName(stops ...string) []string {
	var parts []string
	for p.fatal == nil {
		t := p.peek()
		if t.kind == tEOF || t.kind == tString || slices.Contains(stops, t.text) && (t.kind == tOp || len(parts) > 0) {
			break
		}
		if t.kind == tOp && (len(parts) == 0 || !slices.Contains([]string{"+", "-", "*", "/", ".", "'", "**"}, t.text)) {
			break
		}
		parts = append(parts, t.text)
		p.next()
	}
	if len(parts) == 0 {
		p.unexpected("")
		return []string{""}
	}
	return parts
}

func (p *parser) push(l *level) *level {
	p.levels = append(p.levels, l)
	return l
}

func (p *parser) pop() { p.levels = p.levels[:len(p.levels)-1] }
