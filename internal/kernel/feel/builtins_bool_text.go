package feel

import (
	"strings"
	"unicode/utf8"
)

func booleanBuiltins() []builtin {
	return []builtin{
		{name: "not", forms: []form{fixed(BooleanType, func(_ *Run, a []Value) Value {
			if a[0].kind != KindBoolean {
				return Value{}
			}
			return Bool(a[0].n == 0)
		}, prm("negand", BooleanType))}},
		{name: "all", forms: junction(false)},
		{name: "any", forms: junction(true)},
	}
}

// junction is all and any: three-valued, over a list or over the arguments.
func junction(decides bool) []form {
	over := func(r *Run, items []Value) Value {
		if !r.Spend(len(items)) {
			return Value{}
		}
		out := Bool(!decides)
		for _, v := range items {
			switch {
			case v.kind != KindBoolean:
				out = Value{}
			case (v.n == 1) == decides:
				return v
			}
		}
		return out
	}
	return []form{
		{params: params(prm("list", ListType)), required: 1, nulls: true, result: BooleanType, fn: func(r *Run, a []Value) Value {
			if a[0].kind == KindNull {
				return Value{}
			}
			return over(r, a[0].Items())
		}},
		{params: params(prm("b1", AnyType), prm("b2", AnyType)), required: 2, variadic: true, nulls: true, result: BooleanType, fn: over},
	}
}

func stringBuiltins() []builtin {
	str := func(name string) Param { return prm(name, StringType) }
	num := func(name string) Param { return prm(name, NumberType) }
	one := func(name string, fn func(string) Value) builtin {
		return builtin{name: name, forms: []form{fixed(StringType, func(r *Run, a []Value) Value {
			if !r.alloc(2 * len(a[0].str())) {
				return Value{}
			}
			return fn(a[0].str())
		}, str("string"))}}
	}
	two := func(name string, result Type, fn func(s, t string) Value) builtin {
		return builtin{name: name, forms: []form{fixed(result, func(_ *Run, a []Value) Value { return fn(a[0].str(), a[1].str()) }, str("string"), str("match"))}}
	}
	length := one("string length", func(s string) Value { return Number(int64(utf8.RuneCountInString(s))) })
	length.forms[0].result = NumberType
	return []builtin{
		{name: "substring", forms: []form{optional(StringType, substring, str("string"), num("start position"), num("length"))}},
		length,
		one("upper case", func(s string) Value { return String(strings.ToUpper(s)) }),
		one("lower case", func(s string) Value { return String(strings.ToLower(s)) }),
		one("trim", func(s string) Value { return String(strings.TrimSpace(s)) }),
		two("substring before", StringType, func(s, t string) Value {
			before, _, found := strings.Cut(s, t)
			if !found {
				return String("")
			}
			return String(before)
		}),
		two("substring after", StringType, func(s, t string) Value {
			_, after, found := strings.Cut(s, t)
			if !found {
				return String("")
			}
			return String(after)
		}),
		two("contains", BooleanType, func(s, t string) Value { return Bool(strings.Contains(s, t)) }),
		two("starts with", BooleanType, func(s, t string) Value { return Bool(strings.HasPrefix(s, t)) }),
		two("ends with", BooleanType, func(s, t string) Value { return Bool(strings.HasSuffix(s, t)) }),
		{name: "matches", forms: []form{optional(BooleanType, matches, str("input"), str("pattern"), str("flags")).seesNulls()}},
		{name: "replace", forms: []form{optional(StringType, replace, str("input"), str("pattern"), str("replacement"), str("flags")).seesNulls()}},
		{name: "split", forms: []form{fixed(ListTypeOf(StringType), split, str("string"), str("delimiter"))}},
		{name: "string join", forms: []form{optional(StringType, stringJoin, prm("list", ListTypeOf(StringType)), str("delimiter")).seesNulls()}},
	}
}

// substring counts characters from 1, or from the end by -1.
func substring(_ *Run, a []Value) Value {
	s := a[0].str()
	start, ok := a[1].truncInt()
	if !ok || start == 0 {
		return Value{}
	}
	n := int64(utf8.RuneCountInString(s))
	if start < 0 {
		start += n + 1
	}
	if start < 1 || start > n+1 {
		return String("")
	}
	length := n
	if len(a) > 2 {
		if length, ok = a[2].truncInt(); !ok || length < 1 {
			return Value{}
		}
	}
	from := runeOffset(s, start-1)
	to := from + runeOffset(s[from:], min(length, n))
	return String(s[from:to])
}

// runeOffset is the byte at which character n starts.
func runeOffset(s string, n int64) int {
	at := 0
	for ; n > 0 && at < len(s); n-- {
		_, w := utf8.DecodeRuneInString(s[at:])
		at += w
	}
	return at
}

func stringJoin(r *Run, a []Value) Value {
	if a[0].kind != KindList {
		return Value{}
	}
	sep := ""
	if len(a) > 1 {
		sep = a[1].str()
	}
	items := a[0].Items()
	if !r.Spend(len(items)) {
		return Value{}
	}
	var b strings.Builder
	first := true
	for _, v := range items {
		if v.kind == KindNull {
			continue
		}
		if !r.alloc(len(sep) + len(v.str())) {
			return Value{}
		}
		if !first {
			b.WriteString(sep)
		}
		first = false
		b.WriteString(v.str())
	}
	return String(b.String())
}
