package feel

import "strings"

// library is the table of built-in functions.
type library struct {
	byName map[string]*builtin
	long   map[string][][]string // names of several words by their first
	names  []string
}

//nolint:gochecknoglobals // immutable
var builtins = newLibrary(
	conversionBuiltins(), booleanBuiltins(), stringBuiltins(), listBuiltins(), statisticBuiltins(),
	numberBuiltins(), temporalBuiltins(), rangeBuiltins(), contextBuiltins(),
)

func newLibrary(families ...[]builtin) *library {
	l := &library{byName: map[string]*builtin{}, long: map[string][][]string{}}
	for _, fam := range families {
		for i := range fam {
			b := &fam[i]
			b.parts = strings.Fields(b.name)
			f := &Function{name: b.name, builtin: b, params: b.forms[0].params, result: b.forms[0].result}
			b.value = Value{kind: KindFunction, ref: f}
			l.byName[b.name] = b
			l.names = append(l.names, b.name)
			if len(b.parts) > 1 {
				l.long[b.parts[0]] = append(l.long[b.parts[0]], b.parts)
			}
		}
	}
	return l
}

func prm(name string, t Type) Param { return Param{name, t} }

func params(ps ...Param) []Param { return ps }

// fixed is a form whose parameters are all required.
func fixed(result Type, fn func(r *Run, a []Value) Value, ps ...Param) form {
	return form{params: ps, required: len(ps), result: result, fn: fn}
}

// optional is a form whose last parameter may be left out.
func optional(result Type, fn func(r *Run, a []Value) Value, ps ...Param) form {
	return form{params: ps, required: len(ps) - 1, result: result, fn: fn}
}

func (f form) seesNulls() form { f.nulls = true; return f }

// namedPartly lets a call by names leave arguments out; they are null.
func (f form) namedPartly() form { f.partly = true; return f }

func (f form) typedBy(t func([]Type) Type) form { f.typed = t; return f }

// elemOf gives the result the element type of the first argument.
func elemOf(ts []Type) Type {
	if len(ts) == 0 {
		return AnyType
	}
	if ts[0].Kind() == KindList {
		return ts[0].Elem()
	}
	return ts[0]
}

// listOfFirst gives the result the list type of the first argument.
func listOfFirst(ts []Type) Type {
	if len(ts) == 0 || ts[0].Kind() != KindList {
		return ListType
	}
	return ts[0]
}
