package feel

import "strings"

// Type is a FEEL type. The zero Type is Any. Types are immutable.
type Type struct{ t *typ }

type typ struct {
	kind   Kind
	elem   Type    // list, range
	fields []Field // context
	params []Type  // function
	result Type
	name   string // item definition, for messages
	size   int    // parts when written out: shared parts count each time
}

// maxTypeSize bounds what a type may be when written out; a context beyond
// it is an open one, so that nested names cannot multiply without end.
const maxTypeSize = 5_000

func (t Type) size() int {
	if t.t == nil {
		return 1
	}
	return 1 + t.t.size
}

// Field is a named and typed thing: an entry of a context, or a variable of a scope.
type Field struct {
	Name string
	Type Type
}

// The simple types. AnyType is the zero Type.
//
//nolint:gochecknoglobals // immutable
var (
	AnyType         = Type{}
	NullType        = Type{&typ{kind: KindNull}}
	BooleanType     = Type{&typ{kind: KindBoolean}}
	NumberType      = Type{&typ{kind: KindNumber}}
	StringType      = Type{&typ{kind: KindString}}
	DateType        = Type{&typ{kind: KindDate}}
	TimeType        = Type{&typ{kind: KindTime}}
	DateTimeType    = Type{&typ{kind: KindDateTime}}
	YearsMonthsType = Type{&typ{kind: KindYearsMonths}}
	DaysTimeType    = Type{&typ{kind: KindDaysTime}}
	ListType        = Type{&typ{kind: KindList}}
	// OpenContextType is a context of unknown entries.
	OpenContextType = Type{&typ{kind: KindContext}}
	FunctionAnyType = Type{&typ{kind: KindFunction}}
	rangeAnyType    = Type{&typ{kind: KindRange}}
)

// ListTypeOf is list<elem>.
func ListTypeOf(elem Type) Type { return Type{&typ{kind: KindList, elem: elem, size: elem.size()}} }

// RangeTypeOf is range<elem>.
func RangeTypeOf(elem Type) Type { return Type{&typ{kind: KindRange, elem: elem}} }

// ContextType is a context with exactly these entries declared; a path to
// another is a compile error. With no field at all it is open.
func ContextType(fields ...Field) Type {
	size := 0
	for _, f := range fields {
		if size += f.Type.size(); size > maxTypeSize {
			return OpenContextType
		}
	}
	return Type{&typ{kind: KindContext, fields: append([]Field(nil), fields...), size: size}}
}

// FunctionType is function<params> -> result.
func FunctionType(params []Type, result Type) Type {
	size := result.size()
	for _, p := range params {
		size += p.size()
	}
	if size > maxTypeSize {
		return FunctionAnyType
	}
	return Type{&typ{kind: KindFunction, params: append([]Type{}, params...), result: result, size: size}}
}

// Named is the type under an item definition's name, which messages use.
func (t Type) Named(name string) Type {
	if t.t == nil {
		return t
	}
	c := *t.t
	c.name = name
	return Type{&c}
}

// Kind is the kind of the type's values, KindAny for Any.
func (t Type) Kind() Kind {
	if t.t == nil {
		return KindAny
	}
	return t.t.kind
}

// Elem is the element type of a list or range.
func (t Type) Elem() Type {
	if t.t == nil {
		return Type{}
	}
	return t.t.elem
}

// Fields are the declared entries of a context. Do not change them.
func (t Type) Fields() []Field {
	if t.t == nil {
		return nil
	}
	return t.t.fields
}

// Result is the result type of a function.
func (t Type) Result() Type {
	if t.t == nil {
		return Type{}
	}
	return t.t.result
}

// Field is the type of a declared entry.
func (t Type) Field(name string) (Type, bool) {
	for _, f := range t.Fields() {
		if f.Name == name {
			return f.Type, true
		}
	}
	return Type{}, false
}

// closed tells whether the type is a context whose entries are all known.
func (t Type) closed() bool { return t.Kind() == KindContext && len(t.t.fields) > 0 }

var kindNames = [...]string{"Null", "boolean", "number", "string", "date", "time", "date and time",
	"years and months duration", "days and time duration", "list", "context", "range", "function", "Any"}

// String is FEEL's name of the kind.
func (k Kind) String() string { return kindNames[k] }

// String is the type as FEEL writes it.
func (t Type) String() string {
	if t.t == nil {
		return "Any"
	}
	if t.t.name != "" {
		return t.t.name
	}
	switch t.t.kind {
	case KindList:
		return "list<" + t.t.elem.String() + ">"
	case KindRange:
		return "range<" + t.t.elem.String() + ">"
	case KindContext:
		if len(t.t.fields) == 0 {
			return "context"
		}
		parts := make([]string, len(t.t.fields))
		for i, f := range t.t.fields {
			parts[i] = f.Name + ": " + f.Type.String()
		}
		return "context<" + strings.Join(parts, ", ") + ">"
	case KindFunction:
		if t.t.params == nil {
			return "function"
		}
		parts := make([]string, len(t.t.params))
		for i, p := range t.t.params {
			parts[i] = p.String()
		}
		return "function<" + strings.Join(parts, ", ") + "> -> " + t.t.result.String()
	}
	return t.t.kind.String()
}

// mayBe tells whether a value of static type a could be used where b is
// wanted; it errs on the side of yes, because errors are certain mistakes only.
func mayBe(a, b Type) bool {
	ka, kb := a.Kind(), b.Kind()
	if ka == KindAny || kb == KindAny || ka == KindNull || kb == KindNull {
		return true
	}
	if ka != kb {
		switch {
		case kb == KindList: // a value becomes a list of one
			return mayBe(a, b.Elem())
		case ka == KindList: // and a list of one its element
			return mayBe(a.Elem(), b)
		case ka == KindDate && kb == KindDateTime:
			return true
		}
		return false
	}
	switch ka {
	case KindList, KindRange:
		return mayBe(a.Elem(), b.Elem())
	case KindContext:
		if !a.closed() {
			return true
		}
		for _, f := range b.Fields() {
			t, ok := a.Field(f.Name)
			if !ok || !mayBe(t, f.Type) {
				return false
			}
		}
	}
	return true
}

// typeConforms is conformance of types as DMN 1.5 defines it (10.3.2.9.4),
// used by instance of for functions.
func typeConforms(a, b Type) bool {
	ka, kb := a.Kind(), b.Kind()
	switch {
	case kb == KindAny || ka == KindNull:
		return true
	case ka != kb:
		return false
	}
	switch ka {
	case KindList, KindRange:
		return typeConforms(a.Elem(), b.Elem())
	case KindContext:
		for _, f := range b.Fields() {
			if t, ok := a.Field(f.Name); !ok || !typeConforms(t, f.Type) {
				return false
			}
		}
	case KindFunction:
		if b.t.params == nil {
			return true
		}
		if len(a.t.params) != len(b.t.params) || !typeConforms(a.t.result, b.t.result) {
			return false
		}
		for i := range a.t.params {
			if !typeConforms(b.t.params[i], a.t.params[i]) {
				return false
			}
		}
	}
	return true
}

// Conforms tells whether the value is of the type; null is of every type.
func (t Type) Conforms(v Value) bool {
	left := freeWork
	return t.conforms(v, &left)
}

func (t Type) conforms(v Value, left *int) bool {
	return v.kind == KindNull || t.instance(v, left)
}

// instance is FEEL's instance of, for values other than null.
// Each part looked at takes one from left; with none left nothing conforms.
func (t Type) instance(v Value, left *int) bool {
	k := t.Kind()
	if k == KindAny {
		return true
	}
	if v.kind != k {
		return false
	}
	switch k {
	case KindList:
		if t.t.elem.Kind() == KindAny {
			return true
		}
		for _, it := range v.Items() {
			if *left--; *left < 0 || !t.t.elem.conforms(it, left) {
				return false
			}
		}
	case KindRange:
		r := v.rng()
		return t.t.elem.conforms(r.lo, left) && t.t.elem.conforms(r.hi, left)
	case KindContext:
		for _, f := range t.t.fields {
			e, ok := v.Get(f.Name)
			if *left--; *left < 0 || !ok || !f.Type.conforms(e, left) {
				return false
			}
		}
	case KindFunction:
		if t.t.params == nil {
			return true
		}
		f := v.function()
		ps := make([]Type, len(f.params))
		for i, p := range f.params {
			ps[i] = p.Type
		}
		return typeConforms(FunctionType(ps, f.result), t)
	}
	return true
}

// Coerce makes the value fit the type as FEEL converts implicitly: a list of
// one to its element and back, a date to midnight UTC. What does not fit
// becomes null, with false.
func (t Type) Coerce(v Value) (Value, bool) {
	left := freeWork
	return t.coerce(v, &left)
}

func (t Type) coerce(v Value, left *int) (Value, bool) {
	if t.t == nil || v.kind == KindNull || t.instance(v, left) {
		return v, true
	}
	if t.t.kind == KindList && v.kind != KindList {
		if e, ok := t.t.elem.coerce(v, left); ok {
			return ListOf(e), true
		}
		return Value{}, false
	}
	if items := v.Items(); v.kind == KindList && t.t.kind != KindList && len(items) == 1 && items[0].kind != KindList {
		return t.coerce(items[0], left)
	}
	if v.kind == KindDate && t.t.kind == KindDateTime {
		return dateTimeOf(v.n, 0, &zone{}), true
	}
	return Value{}, false
}

// MayBe tells whether a value of this static type could be used where other
// is wanted. It is false only where that is certainly a mistake.
func (t Type) MayBe(other Type) bool { return mayBe(t, other) }
