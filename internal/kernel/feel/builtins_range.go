package feel

import "strings"

// bounds reads a point as the range of itself, so that each relation is
// written once (DMN 1.5, table 78).
func bounds(v Value) (Range, bool) {
	if g := v.rng(); g != nil {
		if g.op == rangeNotEqual {
			return Range{}, false
		}
		return *g, true
	}
	if !ordered(v.kind) {
		return Range{}, false
	}
	return Range{lo: v, hi: v, loIncl: true, hiIncl: true}, true
}

// cmpEnd compares two bounds; a null bound is endless on its side.
func cmpEnd(a, b Value, aInf, bInf int) (int, bool) {
	switch {
	case a.kind == KindNull && b.kind == KindNull:
		return aInf - bInf, true
	case a.kind == KindNull:
		return aInf, true
	case b.kind == KindNull:
		return -bInf, true
	}
	return order(a, b)
}

type relation func(a, b Range) (Value, bool)

func lows(a, b Range) (int, bool)  { return cmpEnd(a.lo, b.lo, -1, -1) }
func highs(a, b Range) (int, bool) { return cmpEnd(a.hi, b.hi, 1, 1) }

// gap compares a's upper end with b's lower.
func gap(a, b Range) (int, bool) { return cmpEnd(a.hi, b.lo, 1, -1) }

func relBefore(a, b Range) (Value, bool) {
	c, ok := gap(a, b)
	return Bool(c < 0 || c == 0 && (!a.hiIncl || !b.loIncl)), ok
}

func relMeets(a, b Range) (Value, bool) {
	c, ok := gap(a, b)
	return Bool(c == 0 && a.hiIncl && b.loIncl), ok
}

// touches tells whether a reaches into b from below: neither is before the other.
func relOverlaps(a, b Range) (Value, bool) {
	x, ok1 := relBefore(a, b)
	y, ok2 := relBefore(b, a)
	return Bool(x.n == 0 && y.n == 0), ok1 && ok2
}

func relOverlapsBefore(a, b Range) (Value, bool) {
	lo, ok1 := lows(a, b)
	hi, ok2 := highs(a, b)
	over, ok3 := relOverlaps(a, b)
	return Bool((lo < 0 || lo == 0 && a.loIncl && !b.loIncl) && (hi < 0 || hi == 0 && (!a.hiIncl || b.hiIncl)) && over.n == 1), ok1 && ok2 && ok3
}

func relOverlapsAfter(a, b Range) (Value, bool) {
	lo, ok1 := lows(b, a)
	hi, ok2 := highs(b, a)
	over, ok3 := relOverlaps(a, b)
	return Bool((lo < 0 || lo == 0 && b.loIncl && !a.loIncl) && (hi < 0 || hi == 0 && (!b.hiIncl || a.hiIncl)) && over.n == 1), ok1 && ok2 && ok3
}

func relFinishes(a, b Range) (Value, bool) {
	lo, ok1 := lows(a, b)
	hi, ok2 := highs(a, b)
	return Bool(hi == 0 && a.hiIncl == b.hiIncl && (lo > 0 || lo == 0 && (!a.loIncl || b.loIncl))), ok1 && ok2
}

func relStarts(a, b Range) (Value, bool) {
	lo, ok1 := lows(a, b)
	hi, ok2 := highs(a, b)
	return Bool(lo == 0 && a.loIncl == b.loIncl && (hi < 0 || hi == 0 && (!a.hiIncl || b.hiIncl))), ok1 && ok2
}

func relIncludes(a, b Range) (Value, bool) {
	lo, ok1 := lows(a, b)
	hi, ok2 := highs(a, b)
	return Bool((lo < 0 || lo == 0 && (a.loIncl || !b.loIncl)) && (hi > 0 || hi == 0 && (a.hiIncl || !b.hiIncl))), ok1 && ok2
}

func relCoincides(a, b Range) (Value, bool) {
	lo, ok1 := lows(a, b)
	hi, ok2 := highs(a, b)
	return Bool(lo == 0 && hi == 0 && a.loIncl == b.loIncl && a.hiIncl == b.hiIncl), ok1 && ok2
}

func flipped(rel relation) relation {
	return func(a, b Range) (Value, bool) { return rel(b, a) }
}

func rangeBuiltins() []builtin {
	relations := []struct {
		name           string
		rel            relation
		first, second  string
		pointA, pointB bool // a point may stand for the range
	}{
		{"before", relBefore, "", "", true, true},
		{"after", flipped(relBefore), "", "", true, true},
		{"meets", relMeets, "range1", "range2", false, false},
		{"met by", flipped(relMeets), "range1", "range2", false, false},
		{"overlaps", relOverlaps, "range1", "range2", false, false},
		{"overlaps before", relOverlapsBefore, "range1", "range2", false, false},
		{"overlaps after", relOverlapsAfter, "range1", "range2", false, false},
		{"finishes", relFinishes, "", "", true, false},
		{"finished by", flipped(relFinishes), "", "", false, true},
		{"includes", relIncludes, "", "", false, true},
		{"during", flipped(relIncludes), "", "", true, false},
		{"starts", relStarts, "", "", true, false},
		{"started by", flipped(relStarts), "", "", false, true},
		{"coincides", relCoincides, "", "", true, true},
	}
	var out []builtin
	for _, rel := range relations {
		call := func(_ *Run, a []Value) Value {
			if a[0].kind != KindRange && !rel.pointA || a[1].kind != KindRange && !rel.pointB {
				return Value{}
			}
			x, ok1 := bounds(a[0])
			y, ok2 := bounds(a[1])
			if !ok1 || !ok2 {
				return Value{}
			}
			v, ok := rel.rel(x, y)
			if !ok {
				return Value{}
			}
			return v
		}
		b := builtin{name: rel.name}
		pair := func(x, y string) {
			b.forms = append(b.forms, fixed(BooleanType, call, prm(x, AnyType), prm(y, AnyType)))
		}
		pair("range1", "range2")
		if rel.pointA {
			pair("point", "range")
		}
		if rel.pointB {
			pair("range", "point")
		}
		if rel.pointA && rel.pointB {
			pair("point1", "point2")
		}
		out = append(out, b)
	}
	return append(out, builtin{name: "range", forms: []form{fixed(rangeAnyType, rangeFrom, prm("from", StringType))}})
}

// rangeFrom reads a range of literals from text, as "[18..21)".
func rangeFrom(r *Run, a []Value) Value {
	s := strings.TrimSpace(a[0].str())
	if len(s) > 512 {
		return Value{}
	}
	toks, lexErr := lex(s)
	if lexErr != nil {
		return Value{}
	}
	p := &parser{src: s, toks: toks, scope: NewScope(), lib: r.lib}
	n := p.primary()
	g, ok := n.(*rangeNode)
	if !ok || p.fatal != nil || len(p.errs) > 0 || p.peek().kind != tEOF || !literalEnd(g.lo) || !literalEnd(g.hi) {
		return Value{}
	}
	c := compiler{src: s, lib: r.lib}
	fn, _ := c.node(n)
	v := fn(&Run{lib: r.lib, steps: foldSteps, memory: 1 << 16})
	if b := v.rng(); b == nil || b.lo.kind == KindNull && b.hi.kind == KindNull {
		return Value{}
	} else if c, ok := order(b.lo, b.hi); ok && c > 0 {
		return Value{}
	}
	return v
}

// literalEnd allows literals and the constructors of dates and durations.
func literalEnd(n node) bool {
	switch n := n.(type) {
	case nil:
		return true
	case *constNode:
		return true
	case *builtinNode:
		if len(n.args) != 1 {
			return false
		}
		c, ok := n.args[0].(*constNode)
		return ok && c.v.kind == KindString && n.fn.name != "string"
	}
	return false
}
