package feel

import (
	"slices"
	"sort"

	"github.com/cockroachdb/apd/v3"
)

// overList makes the two ways of a statistic: of a list, and of the arguments.
func overList(name string, result Type, fn func(r *Run, items []Value) Value, typed func([]Type) Type) builtin {
	call := func(r *Run, items []Value) Value {
		if !r.Spend(len(items)) {
			return Value{}
		}
		return fn(r, items)
	}
	return builtin{name: name, forms: []form{
		{params: params(prm("list", ListType)), required: 1, result: result, typed: typed, fn: func(r *Run, a []Value) Value { return call(r, a[0].Items()) }},
		{params: params(prm("n1", AnyType), prm("n2", AnyType)), required: 2, variadic: true, nulls: true, result: result, typed: typed,
			fn: func(r *Run, a []Value) Value { return call(r, a) }},
	}}
}

func allNumbers(items []Value) bool {
	for _, v := range items {
		if v.kind != KindNumber {
			return false
		}
	}
	return true
}

func statisticBuiltins() []builtin {
	numeric := func(fn func(items []Value) Value) func(*Run, []Value) Value {
		return func(_ *Run, items []Value) Value {
			if len(items) == 0 || !allNumbers(items) {
				return Value{}
			}
			return fn(items)
		}
	}
	return []builtin{
		overList("min", AnyType, func(_ *Run, items []Value) Value { return extreme(items, -1) }, elemOf),
		overList("max", AnyType, func(_ *Run, items []Value) Value { return extreme(items, 1) }, elemOf),
		overList("sum", AnyType, func(_ *Run, items []Value) Value { return sum(items) }, elemOf),
		overList("mean", NumberType, numeric(mean), nil),
		overList("product", NumberType, numeric(func(items []Value) Value {
			p := Number(1)
			for _, v := range items {
				if p = numMul(p, v); p.kind == KindNull {
					break
				}
			}
			return p
		}), nil),
		overList("median", NumberType, numeric(func(items []Value) Value {
			s := slices.SortedFunc(slices.Values(items), numCmp)
			mid := len(s) / 2
			if len(s)%2 == 1 {
				return s[mid]
			}
			return numDiv(numAdd(s[mid-1], s[mid]), Number(2))
		}), nil),
		overList("stddev", NumberType, numeric(stddev), nil),
		overList("mode", ListTypeOf(NumberType), func(_ *Run, items []Value) Value {
			if !allNumbers(items) {
				return Value{}
			}
			return mode(items)
		}, nil),
	}
}

func extreme(items []Value, sign int) Value {
	if len(items) == 0 {
		return Value{}
	}
	best := items[0]
	if !ordered(best.kind) {
		return Value{}
	}
	for _, v := range items[1:] {
		c, ok := order(v, best)
		if !ok {
			return Value{}
		}
		if c*sign > 0 {
			best = v
		}
	}
	return best
}

func sum(items []Value) Value {
	if len(items) == 0 {
		return Value{}
	}
	total := items[0]
	switch total.kind {
	case KindNumber, KindYearsMonths, KindDaysTime:
	default:
		return Value{}
	}
	for _, v := range items[1:] {
		if v.kind != total.kind {
			return Value{}
		}
		total = arith('+', total, v)
	}
	return total
}

func mean(items []Value) Value {
	s := sum(items)
	if s.kind != KindNumber {
		return Value{}
	}
	return numDiv(s, Number(int64(len(items))))
}

// stddev is of a sample, so of one number there is none.
func stddev(items []Value) Value {
	if len(items) < 2 {
		return Value{}
	}
	m := mean(items)
	total := Number(0)
	for _, v := range items {
		d := numSub(v, m)
		if d.kind != KindNumber || total.kind != KindNumber {
			return Value{}
		}
		if d = numMul(d, d); d.kind != KindNumber {
			return Value{}
		}
		total = numAdd(total, d)
	}
	if total.kind != KindNumber {
		return Value{}
	}
	return bigFn(decimal128.Sqrt, numDiv(total, Number(int64(len(items)-1))))
}

func mode(items []Value) Value {
	s := slices.Clone(items)
	sort.SliceStable(s, func(i, j int) bool { return numCmp(s[i], s[j]) < 0 })
	out, best := []Value{}, 0
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && numCmp(s[i], s[j]) == 0 {
			j++
		}
		if j-i > best {
			out, best = out[:0], j-i
		}
		if j-i == best {
			out = append(out, s[i])
		}
		i = j
	}
	return listOf(out)
}

func numberBuiltins() []builtin {
	n := prm("n", NumberType)
	number := prm("number", NumberType)
	rounding := func(name string, mode apd.Rounder, scale bool) builtin {
		b := builtin{name: name, forms: []form{fixed(NumberType, func(_ *Run, a []Value) Value { return rounded(a[0], a[1], mode) }, n, prm("scale", NumberType))}}
		if scale {
			b.forms = append([]form{fixed(NumberType, func(_ *Run, a []Value) Value { return rounded(a[0], Number(0), mode) }, n)}, b.forms...)
		}
		return b
	}
	unary := func(name string, p Param, fn func(Value) Value) builtin {
		return builtin{name: name, forms: []form{fixed(NumberType, func(_ *Run, a []Value) Value { return fn(a[0]) }, p)}}
	}
	parity := func(name string, want int64) builtin {
		return builtin{name: name, forms: []form{fixed(BooleanType, func(_ *Run, a []Value) Value {
			m := modulo(a[0], Number(2))
			return Bool(m.kind == KindNumber && numCmp(m, Number(want)) == 0)
		}, number)}}
	}
	abs := func(t Type) form {
		return fixed(t, func(_ *Run, a []Value) Value {
			if a[0].kind == KindNumber && numCmp(a[0], Number(0)) >= 0 || a[0].kind != KindNumber && a[0].n >= 0 {
				return a[0]
			}
			return negate(a[0])
		}, prm("n", t))
	}
	return []builtin{
		rounding("decimal", apd.RoundHalfEven, false),
		rounding("floor", apd.RoundFloor, true),
		rounding("ceiling", apd.RoundCeiling, true),
		rounding("round up", apd.RoundUp, false),
		rounding("round down", apd.RoundDown, false),
		rounding("round half up", apd.RoundHalfUp, false),
		rounding("round half down", apd.RoundHalfDown, false),
		{name: "abs", forms: []form{abs(NumberType), abs(YearsMonthsType), abs(DaysTimeType)}},
		{name: "modulo", forms: []form{fixed(NumberType, func(_ *Run, a []Value) Value { return modulo(a[0], a[1]) },
			prm("dividend", NumberType), prm("divisor", NumberType))}},
		unary("sqrt", number, func(v Value) Value {
			if numCmp(v, Number(0)) < 0 {
				return Value{}
			}
			return bigFn(decimal128.Sqrt, v)
		}),
		unary("log", number, func(v Value) Value {
			if numCmp(v, Number(0)) <= 0 {
				return Value{}
			}
			return bigFn(decimal128.Ln, v)
		}),
		unary("exp", number, func(v Value) Value {
			if numCmp(v, Number(20000)) > 0 || numCmp(v, Number(-20000)) < 0 {
				return Value{}
			}
			return bigFn(decimal128.Exp, v)
		}),
		parity("odd", 1),
		parity("even", 0),
	}
}

// rounded keeps so many decimals; DMN allows a scale of -6111 to 6176.
func rounded(v, scale Value, mode apd.Rounder) Value {
	s, ok := scale.truncInt()
	if !ok || s < -6111 || s > 6176 {
		return Value{}
	}
	if v.ref == nil && int64(-v.exp) <= s {
		return v
	}
	d := new(apd.Decimal)
	ctx := decimal128
	ctx.Rounding = mode
	x := v.dec()
	if int64(-x.Exponent) <= s {
		return v
	}
	// The digits that stay are fewer than those there are, so they fit.
	if _, err := ctx.Quantize(d, x, int32(-s)); err != nil { // #nosec G115 -- checked above
		return Value{}
	}
	return big(d)
}

// modulo has the sign of the divisor: dividend - divisor*floor(dividend/divisor).
func modulo(a, b Value) Value {
	if x, y, e, ok := align(a, b); ok {
		if y == 0 {
			return Value{}
		}
		m := x % y
		if m != 0 && (m < 0) != (y < 0) {
			m += y
		}
		return small(m, e)
	}
	if numCmp(b, Number(0)) == 0 {
		return Value{}
	}
	var q apd.Decimal
	x, y := a.dec(), b.dec()
	if x.NumDigits()+int64(x.Exponent)-y.NumDigits()-int64(y.Exponent) > precision {
		return Value{}
	}
	if _, err := decimal128.Rem(&q, x, y); err != nil {
		return Value{}
	}
	m := big(&q)
	if m.kind == KindNumber && numCmp(m, Number(0)) != 0 && (numCmp(m, Number(0)) < 0) != (numCmp(b, Number(0)) < 0) {
		m = numAdd(m, b)
	}
	return m
}
