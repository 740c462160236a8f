package feel

import (
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// Kind says which of FEEL's types a value has.
type Kind uint8

// The kinds of FEEL values. The zero Value is null.
const (
	KindNull Kind = iota
	KindBoolean
	KindNumber
	KindString
	KindDate
	KindTime
	KindDateTime
	KindYearsMonths // years and months duration
	KindDaysTime    // days and time duration
	KindList
	KindContext
	KindRange
	KindFunction
	KindAny // only of a type, never of a value
)

// Value is one immutable FEEL value. Ordinary numbers, dates, booleans and
// durations live in the struct itself, so that conditions do not allocate.
type Value struct {
	kind Kind
	exp  int8   // number: power of ten, -maxScale..0, when ref is nil
	sub  uint32 // days and time duration: nanoseconds 0..999999999
	n    int64  // number: coefficient; boolean: 0/1; date: packed; time: ns of day; durations: months or seconds
	ref  any    // string, *apd.Decimal, *zone, *dateTime, *List, *Context, *Range, *Function
}

// Null is FEEL's null: unknown, not applicable, or the result of an error.
func Null() Value { return Value{} }

// Bool is a FEEL boolean.
func Bool(b bool) Value {
	if b {
		return Value{kind: KindBoolean, n: 1}
	}
	return Value{kind: KindBoolean}
}

// String is a FEEL string. The caller normalises text to NFC at the edge.
func String(s string) Value { return Value{kind: KindString, ref: s} }

// Kind is the value's kind.
func (v Value) Kind() Kind { return v.kind }

// IsNull tells whether the value is null.
func (v Value) IsNull() bool { return v.kind == KindNull }

// IsTrue tells whether the value is the boolean true; null and every other
// value is not. It is how a condition's result is read.
func (v Value) IsTrue() bool { return v.kind == KindBoolean && v.n == 1 }

// IsFalse tells whether the value is the boolean false.
func (v Value) IsFalse() bool { return v.kind == KindBoolean && v.n == 0 }

// Text is the text of a string value.
func (v Value) Text() (string, bool) {
	if v.kind != KindString {
		return "", false
	}
	return v.str(), true
}

func (v Value) str() string { s, _ := v.ref.(string); return s }

// List is an immutable FEEL list.
type List struct{ items []Value }

// ListOf makes a list of the items; the slice must not change afterwards.
func ListOf(items ...Value) Value { return Value{kind: KindList, ref: &List{items}} }

func listOf(items []Value) Value { return Value{kind: KindList, ref: &List{items}} }

// Items is the content of a list value, nil of any other. Do not change it.
func (v Value) Items() []Value {
	if l, ok := v.ref.(*List); ok {
		return l.items
	}
	return nil
}

// Entry is one named value of a context.
type Entry struct {
	Name  string
	Value Value
}

// Context is an immutable FEEL context: named values in order.
type Context struct {
	entries []Entry
	index   map[string]int // only beyond a few entries
}

// indexFrom is the size from which a context is searched by map: below it a
// scan is faster.
const indexFrom = 9

// ContextOf makes a context of the entries; a later entry of the same name
// replaces the earlier one.
func ContextOf(entries ...Entry) Value {
	c := &Context{entries: make([]Entry, 0, len(entries))}
	for _, e := range entries {
		c.put(e.Name, e.Value)
	}
	return c.value()
}

func (c *Context) value() Value { return Value{kind: KindContext, ref: c} }

// put is for a context that is still being built.
func (c *Context) put(name string, v Value) {
	if i := c.find(name); i >= 0 {
		c.entries[i].Value = v
		return
	}
	c.entries = append(c.entries, Entry{name, v})
	switch {
	case c.index != nil:
		c.index[name] = len(c.entries) - 1
	case len(c.entries) >= indexFrom:
		c.index = make(map[string]int, len(c.entries)*2)
		for i, e := range c.entries {
			c.index[e.Name] = i
		}
	}
}

func (c *Context) find(name string) int {
	if c.index != nil {
		if i, ok := c.index[name]; ok {
			return i
		}
		return -1
	}
	for i := range c.entries {
		if c.entries[i].Name == name {
			return i
		}
	}
	return -1
}

func (c *Context) clone() *Context {
	n := &Context{entries: append(make([]Entry, 0, len(c.entries)+1), c.entries...)}
	if c.index != nil {
		n.index = make(map[string]int, len(c.index)+1)
		for k, i := range c.index {
			n.index[k] = i
		}
	}
	return n
}

// Entries is the content of a context value, nil of any other. Do not change it.
func (v Value) Entries() []Entry {
	if c, ok := v.ref.(*Context); ok {
		return c.entries
	}
	return nil
}

// Get is the entry of a context value; null and false where there is none.
func (v Value) Get(name string) (Value, bool) {
	if c, ok := v.ref.(*Context); ok {
		if i := c.find(name); i >= 0 {
			return c.entries[i].Value, true
		}
	}
	return Value{}, false
}

// Path follows dotted names through contexts; null where one is missing.
func (v Value) Path(path string) Value {
	for path != "" {
		name, rest, _ := strings.Cut(path, ".")
		var ok bool
		if v, ok = v.Get(name); !ok {
			return Value{}
		}
		path = rest
	}
	return v
}

// rangeOp says how a range was written; the unary forms keep theirs because
// (=10) and (!=10) are values too.
type rangeOp uint8

const (
	rangeBounds rangeOp = iota
	rangeEqual
	rangeNotEqual
	rangeBelow // (< 10) has no lower end, unlike (null..10)
	rangeAbove
)

// Range is a FEEL range.
type Range struct {
	lo, hi         Value
	loIncl, hiIncl bool
	op             rangeOp
}

// RangeOf makes a range; null as lo or hi leaves that side endless.
func RangeOf(lo Value, loIncluded bool, hi Value, hiIncluded bool) Value {
	r := &Range{lo: lo, hi: hi, loIncl: loIncluded, hiIncl: hiIncluded}
	switch {
	case lo.IsNull():
		r.op = rangeBelow
	case hi.IsNull():
		r.op = rangeAbove
	}
	return Value{kind: KindRange, ref: r}
}

// Bounds are the ends of a range value and whether each is included.
func (v Value) Bounds() (lo Value, loIncluded bool, hi Value, hiIncluded bool, ok bool) {
	r, ok := v.ref.(*Range)
	if !ok {
		return
	}
	return r.lo, r.loIncl, r.hi, r.hiIncl, true
}

// Function is a FEEL function: a built-in, a lambda, a business knowledge
// model or a decision service.
type Function struct {
	name    string
	params  []Param
	result  Type
	builtin *builtin // has its own ways to be called
	// call gets exactly len(params) arguments, conformed to their types.
	call func(r *Run, args []Value) Value
}

// Param is a parameter of a function; a null type stands for Any.
type Param struct {
	Name string
	Type Type
}

func (v Value) function() *Function { f, _ := v.ref.(*Function); return f }

func (v Value) decimal() *apd.Decimal { d, _ := v.ref.(*apd.Decimal); return d }

func (v Value) context() *Context { c, _ := v.ref.(*Context); return c }

func (v Value) rng() *Range { r, _ := v.ref.(*Range); return r }
