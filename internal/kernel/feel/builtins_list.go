package feel

import (
	"slices"
	"sort"
)

func listBuiltins() []builtin {
	list := prm("list", ListType)
	elem := prm("element", AnyType)
	return []builtin{
		{name: "list contains", forms: []form{fixed(BooleanType, func(r *Run, a []Value) Value {
			if a[0].kind == KindNull {
				return Value{}
			}
			return Bool(r.indexIn(a[0].Items(), a[1]) >= 0)
		}, list, elem).seesNulls()}},
		{name: "count", forms: []form{fixed(NumberType, func(_ *Run, a []Value) Value { return Number(int64(len(a[0].Items()))) }, list)}},
		{name: "sublist", forms: []form{optional(ListType, sublist, list, prm("start position", NumberType), prm("length", NumberType)).typedBy(listOfFirst)}},
		{name: "append", forms: []form{{params: params(list, prm("item", AnyType)), required: 2, variadic: true, nulls: true, result: ListType,
			fn: func(r *Run, a []Value) Value {
				if a[0].kind == KindNull {
					return Value{}
				}
				return r.joined(a[0].Items(), a[1:])
			}}}},
		{name: "concatenate", forms: []form{{params: params(list), required: 1, variadic: true, result: ListType,
			fn: func(r *Run, a []Value) Value { return r.joined(lists(a)...) }}}},
		{name: "union", forms: []form{{params: params(list), required: 1, variadic: true, result: ListType,
			fn: func(r *Run, a []Value) Value { return r.distinct(r.joined(lists(a)...).Items()) }}}},
		{name: "insert before", forms: []form{fixed(ListType, insertBefore, list, prm("position", NumberType), prm("newItem", AnyType)).seesNulls()}},
		{name: "remove", forms: []form{fixed(ListType, remove, list, prm("position", NumberType)).typedBy(listOfFirst)}},
		{name: "list replace", forms: []form{
			fixed(ListType, replaceAt, list, prm("position", NumberType), prm("newItem", AnyType)).seesNulls(),
			fixed(ListType, replaceWhere, list, prm("match", FunctionAnyType), prm("newItem", AnyType)).seesNulls(),
		}},
		{name: "reverse", forms: []form{fixed(ListType, func(r *Run, a []Value) Value {
			out := r.copied(a[0].Items())
			slices.Reverse(out)
			return listOf(out)
		}, list).typedBy(listOfFirst)}},
		{name: "index of", forms: []form{fixed(ListTypeOf(NumberType), indexOf, list, prm("match", AnyType)).seesNulls()}},
		{name: "distinct values", forms: []form{fixed(ListType, func(r *Run, a []Value) Value { return r.distinct(a[0].Items()) }, list).typedBy(listOfFirst)}},
		{name: "flatten", forms: []form{fixed(ListType, flatten, list)}},
		{name: "sort", forms: []form{optional(ListType, sortList, list, prm("precedes", FunctionAnyType)).typedBy(listOfFirst)}},
	}
}

func lists(a []Value) [][]Value {
	out := make([][]Value, len(a))
	for i, v := range a {
		out[i] = v.Items()
	}
	return out
}

// copied is a slice that may be changed; nil when the budget is used up.
func (r *Run) copied(items []Value) []Value {
	if !r.Spend(len(items)) || !r.alloc(len(items)*valueSize) {
		return nil
	}
	return append(make([]Value, 0, len(items)+1), items...)
}

func (r *Run) joined(parts ...[]Value) Value {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	if !r.Spend(n) || !r.alloc(n*valueSize) {
		return Value{}
	}
	return listOf(slices.Concat(parts...))
}

func (r *Run) indexIn(items []Value, v Value) int {
	if !r.Spend(len(items)) {
		return -1
	}
	return slices.IndexFunc(items, func(e Value) bool { return r.equal(e, v) == isTrue })
}

func (r *Run) distinct(items []Value) Value {
	var out []Value
	for _, v := range items {
		if r.indexIn(out, v) < 0 {
			if !r.alloc(valueSize) || !r.Spend(1) {
				return Value{}
			}
			out = append(out, v)
		}
	}
	return listOf(out)
}

// position turns FEEL's place, from 1 or from the end by -1, into an index.
func position(v Value, n int) (int, bool) {
	i, ok := v.truncInt()
	switch {
	case !ok || i == 0 || i > int64(n) || -i > int64(n):
		return 0, false
	case i > 0:
		return int(i) - 1, true
	}
	return n + int(i), true
}

func sublist(r *Run, a []Value) Value {
	items := a[0].Items()
	at, ok := position(a[1], len(items))
	if !ok {
		return Value{}
	}
	end := len(items)
	if len(a) > 2 {
		n, ok := a[2].truncInt()
		if !ok || n < 0 || n > int64(end-at) {
			return Value{}
		}
		end = at + int(n)
	}
	return listOf(r.copied(items[at:end]))
}

func insertBefore(r *Run, a []Value) Value {
	if a[0].kind == KindNull || a[1].kind == KindNull {
		return Value{}
	}
	at, ok := position(a[1], len(a[0].Items()))
	if !ok {
		return Value{}
	}
	return listOf(slices.Insert(r.copied(a[0].Items()), at, a[2]))
}

func remove(r *Run, a []Value) Value {
	at, ok := position(a[1], len(a[0].Items()))
	out := r.copied(a[0].Items())
	if !ok || out == nil {
		return Value{}
	}
	return listOf(slices.Delete(out, at, at+1))
}

func replaceAt(r *Run, a []Value) Value {
	if a[0].kind == KindNull || a[1].kind == KindNull {
		return Value{}
	}
	at, ok := position(a[1], len(a[0].Items()))
	out := r.copied(a[0].Items())
	if !ok || out == nil {
		return Value{}
	}
	out[at] = a[2]
	return listOf(out)
}

func replaceWhere(r *Run, a []Value) Value {
	f := a[1].function()
	if a[0].kind == KindNull || f == nil || f.builtin == nil && len(f.params) != 2 {
		return Value{}
	}
	item := a[2]
	out := r.copied(a[0].Items())
	for i, v := range out {
		t := r.apply(f, []Value{v, item}, 0)
		if t.kind != KindBoolean {
			return Value{}
		}
		if t.n == 1 {
			out[i] = item
		}
	}
	return listOf(out)
}

func indexOf(r *Run, a []Value) Value {
	if a[0].kind == KindNull {
		return Value{}
	}
	items := a[0].Items()
	if !r.Spend(len(items)) {
		return Value{}
	}
	out := []Value{}
	for i, v := range items {
		if r.equal(v, a[1]) == isTrue {
			out = append(out, Number(int64(i+1)))
		}
	}
	return listOf(out)
}

func flatten(r *Run, a []Value) Value {
	var out []Value
	var walk func(items []Value, depth int) bool
	walk = func(items []Value, depth int) bool {
		if depth > maxValueDepth || !r.Spend(len(items)) || !r.alloc(len(items)*valueSize) {
			return false
		}
		for _, v := range items {
			if v.kind != KindList {
				out = append(out, v)
			} else if !walk(v.Items(), depth+1) {
				return false
			}
		}
		return true
	}
	if !walk(a[0].Items(), 0) {
		return Value{}
	}
	return listOf(out)
}

func sortList(r *Run, a []Value) Value {
	out := r.copied(a[0].Items())
	failed := false
	less := func(x, y Value) bool {
		c, ok := order(x, y)
		failed = failed || !ok
		return c < 0
	}
	if len(a) > 1 {
		f := a[1].function()
		less = func(x, y Value) bool {
			v := r.apply(f, []Value{x, y}, 0)
			failed = failed || v.kind != KindBoolean
			return v.n == 1 && v.kind == KindBoolean
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return !failed && r.Spend(1) && less(out[i], out[j]) })
	if failed {
		return Value{}
	}
	return listOf(out)
}

func contextBuiltins() []builtin {
	m := prm("m", OpenContextType)
	return []builtin{
		{name: "get value", forms: []form{
			fixed(AnyType, func(_ *Run, a []Value) Value { v, _ := a[0].Get(a[1].str()); return v }, m, prm("key", StringType)),
		}},
		{name: "get entries", forms: []form{fixed(ListTypeOf(ContextType(Field{"key", StringType}, Field{"value", AnyType})), getEntries, m)}},
		{name: "context", forms: []form{fixed(OpenContextType, contextFrom, prm("entries", ListTypeOf(OpenContextType)))}},
		{name: "context put", forms: []form{
			fixed(OpenContextType, func(r *Run, a []Value) Value {
				if a[0].kind == KindNull || a[1].kind == KindNull {
					return Value{}
				}
				return r.put(a[0], []Value{a[1]}, a[2])
			}, prm("context", OpenContextType), prm("key", StringType), prm("value", AnyType)).seesNulls(),
			fixed(OpenContextType, func(r *Run, a []Value) Value {
				if a[0].kind == KindNull || len(a[1].Items()) == 0 {
					return Value{}
				}
				return r.put(a[0], a[1].Items(), a[2])
			}, prm("context", OpenContextType), prm("keys", ListTypeOf(StringType)), prm("value", AnyType)).seesNulls(),
		}},
		{name: "context merge", forms: []form{fixed(OpenContextType, contextMerge, prm("contexts", ListTypeOf(OpenContextType)))}},
	}
}

func getEntries(r *Run, a []Value) Value {
	es := a[0].Entries()
	if !r.Spend(len(es)) || !r.alloc(len(es)*5*valueSize) {
		return Value{}
	}
	out := make([]Value, len(es))
	for i, e := range es {
		out[i] = ContextOf(Entry{"key", String(e.Name)}, Entry{"value", e.Value})
	}
	return listOf(out)
}

func contextFrom(r *Run, a []Value) Value {
	c := &Context{}
	for _, e := range a[0].Items() {
		k, _ := e.Get("key")
		v, ok := e.Get("value")
		if k.kind != KindString || !ok || c.find(k.str()) >= 0 || !r.Spend(1) || !r.alloc(2*valueSize) {
			return Value{}
		}
		c.put(k.str(), v)
	}
	return c.value()
}

// put sets an entry at the end of a chain of keys.
func (r *Run) put(in Value, keys []Value, v Value) Value {
	if keys[0].kind != KindString || in.kind != KindContext {
		return Value{}
	}
	old := in.context()
	if !r.Spend(1+len(old.entries)) || !r.alloc(2*len(old.entries)*valueSize) {
		return Value{}
	}
	key := keys[0].str()
	if len(keys) > 1 {
		inner, _ := in.Get(key)
		if v = r.put(inner, keys[1:], v); v.kind == KindNull {
			return Value{}
		}
	}
	c := old.clone()
	c.put(key, v)
	return c.value()
}

func contextMerge(r *Run, a []Value) Value {
	c := &Context{}
	for _, m := range a[0].Items() {
		if m.kind != KindContext || !r.Spend(len(m.Entries())) || !r.alloc(len(m.Entries())*2*valueSize) {
			return Value{}
		}
		for _, e := range m.Entries() {
			c.put(e.Name, e.Value)
		}
	}
	return c.value()
}
