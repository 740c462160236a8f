package feel

import (
	"slices"
	"strings"
)

// builtinRef is a built-in function as a value.
func (p *parser) builtinRef(pos int, name string) node {
	b := p.lib.byName[name]
	return &constNode{base{FunctionAnyType, pos}, b.value}
}

// argName reads the name of a named argument, or nothing.
func (p *parser) argName() string {
	k := 0
	for {
		t := p.peekAt(k)
		if t.kind == tOp && t.text == ":" && k > 0 {
			break
		}
		if t.kind == tEOF || t.kind == tString || t.kind == tOp && (k == 0 || !strings.Contains("+-*/'.", t.text)) {
			return ""
		}
		k++
	}
	parts := make([]string, k)
	for i := range parts {
		parts[i] = p.next().text
	}
	p.next()
	return joinName(parts)
}

// call reads the arguments after a function.
func (p *parser) call(fn node) node {
	pos := p.next().pos
	if p.depth++; p.depth > maxNesting {
		p.stop(pos, "feel.too-deep", "max", maxNesting)
	}
	var args []node
	var names []string
	for !p.is(")") && p.fatal == nil {
		at := p.peek().pos
		name := p.argName()
		if len(args) > 0 && (name != "") != (names != nil) {
			p.stop(at, "feel.mixed-arguments")
		}
		if name != "" {
			names = append(names, name)
		}
		args = append(args, p.expr())
		if !p.eat(",") {
			break
		}
	}
	p.depth--
	p.expect(")")
	if p.fatal != nil {
		return fn
	}
	if c, ok := fn.(*constNode); ok {
		if f := c.v.function(); f != nil && f.builtin != nil {
			return p.builtinCall(fn.at(), f.builtin, args, names)
		}
	}
	n := &callNode{base{AnyType, fn.at()}, fn, args, names}
	switch t := fn.typ(); t.Kind() {
	case KindFunction:
		p.checkCall(n, t)
	case KindAny, KindNull:
	default:
		p.complain(fn.at(), "feel.not-a-function", "type", t.String())
	}
	return n
}

func (p *parser) checkCall(n *callNode, t Type) {
	n.t = t.Result()
	if t.t.params == nil || n.names != nil {
		return
	}
	if len(n.args) != len(t.t.params) {
		p.complain(n.pos, "feel.arg-count", "name", p.textOf(n.fn), "want", len(t.t.params), "got", len(n.args))
		return
	}
	for i, a := range n.args {
		if !mayBe(a.typ(), t.t.params[i]) {
			p.complain(a.at(), "feel.arg-type", "name", p.textOf(n.fn), "param", i+1,
				"want", t.t.params[i].String(), "got", a.typ().String())
		}
	}
}

// textOf is a function's name for messages.
func (p *parser) textOf(n node) string {
	switch n := n.(type) {
	case *slotNode:
		return n.name
	case *localNode:
		return n.name
	case *pathNode:
		return n.name
	}
	return "function"
}

// builtinCall picks the form of the built-in that the arguments fit.
func (p *parser) builtinCall(pos int, b *builtin, args []node, names []string) node {
	n := &builtinNode{base: base{AnyType, pos}, fn: b, args: args}
	if names != nil {
		return p.namedBuiltin(n, names)
	}
	var fits []*form
	for i := range b.forms {
		if b.forms[i].takes(len(args)) {
			fits = append(fits, &b.forms[i])
		}
	}
	if len(fits) == 0 {
		p.complain(pos, "feel.builtin-count", "name", b.name, "got", len(args), "usage", b.usage())
		return &callNode{base{AnyType, pos}, &constNode{base{FunctionAnyType, pos}, b.value}, args, nil}
	}
	n.form = fits[0]
	wrong := -1
	for _, f := range fits {
		w := slices.IndexFunc(args, func(a node) bool { return false })
		for i, a := range args {
			if !mayBe(a.typ(), f.param(i).Type) {
				w = i
				break
			}
		}
		if w < 0 {
			n.form, wrong = f, -1
			break
		}
		wrong = max(wrong, w)
	}
	if wrong >= 0 {
		f := fits[len(fits)-1]
		p.complain(args[wrong].at(), "feel.arg-type", "name", b.name, "param", f.param(wrong).Name,
			"want", f.param(wrong).Type.String(), "got", args[wrong].typ().String())
	}
	n.t = n.form.resultOf(args)
	for _, f := range fits {
		if f != n.form && f.result.Kind() != n.form.result.Kind() && slices.ContainsFunc(args, func(a node) bool { return unsure(a.typ()) }) {
			n.t = AnyType
		}
	}
	return n
}

func (p *parser) namedBuiltin(n *builtinNode, names []string) node {
	for i := range n.fn.forms {
		f := &n.fn.forms[i]
		args, ok := f.arrange(n.args, names)
		if !ok {
			continue
		}
		n.form, n.args, n.t, n.named = f, args, f.result, true
		for k, a := range args {
			if a != nil && !mayBe(a.typ(), f.param(k).Type) {
				p.complain(a.at(), "feel.arg-type", "name", n.fn.name, "param", f.param(k).Name,
					"want", f.param(k).Type.String(), "got", a.typ().String())
			}
		}
		return n
	}
	p.complain(n.pos, "feel.builtin-names", "name", n.fn.name, "got", strings.Join(names, ", "), "usage", n.fn.usage())
	return p.null(n.pos)
}

// arrange puts named arguments in the order of the parameters.
func (f *form) arrange(args []node, names []string) ([]node, bool) {
	out := make([]node, len(f.params))
	for i, name := range names {
		k := slices.IndexFunc(f.params, func(p Param) bool { return p.Name == name })
		if k < 0 || out[k] != nil {
			return nil, false
		}
		out[k] = args[i]
	}
	for k := range f.required {
		if out[k] == nil && !f.partly {
			return nil, false
		}
	}
	for (len(out) > f.required || f.partly) && len(out) > 0 && out[len(out)-1] == nil {
		out = out[:len(out)-1]
	}
	return out, true
}
