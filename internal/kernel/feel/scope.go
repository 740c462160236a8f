package feel

import (
	"sort"
	"strings"
)

// Scope declares the variables that an expression may read. It is immutable
// and may be shared.
type Scope struct {
	vars    []Field
	index   map[string]int
	types   map[string]Type
	lenient bool
}

// NewScope declares variables by name; a dot in a name is part of the name.
// The slot of a variable, which Vars is asked for, is its place here.
func NewScope(vars ...Field) Scope {
	s := Scope{vars: append([]Field(nil), vars...), index: make(map[string]int, len(vars))}
	for i, v := range s.vars {
		s.vars[i].Name = joinName(splitName(v.Name))
		s.index[s.vars[i].Name] = i
	}
	return s
}

// PathScope declares variables by dotted paths, as a form's field ids are:
// child.homeBirth and child.dob make one variable child, a context of two.
// A path that is also a prefix of another keeps its own type only.
func PathScope(paths ...Field) Scope {
	return NewScope(nest(paths)...)
}

func nest(paths []Field) []Field {
	var out []Field
	below := map[string][]Field{}
	at := map[string]int{}
	for _, p := range paths {
		head, rest, dotted := strings.Cut(p.Name, ".")
		if _, seen := at[head]; !seen {
			at[head] = len(out)
			out = append(out, Field{Name: head})
		}
		if dotted {
			below[head] = append(below[head], Field{rest, p.Type})
		} else {
			out[at[head]].Type = p.Type
		}
	}
	for head, fields := range below {
		if i := at[head]; out[i].Type.t == nil {
			out[i].Type = ContextType(nest(fields)...)
		}
	}
	return out
}

// Lenient is the scope in which unknown names are null and type errors are
// only noted, as DMN's interchange tests and foreign models want it.
func (s Scope) Lenient() Scope { s.lenient = true; return s }

// WithTypes adds named types that instance of and function literals may use.
func (s Scope) WithTypes(types map[string]Type) Scope { s.types = types; return s }

// With is the scope with further variables in the slots that follow; one of
// a name already declared takes its place in new expressions.
func (s Scope) With(vars ...Field) Scope {
	n := NewScope(append(append([]Field(nil), s.vars...), vars...)...)
	n.types, n.lenient = s.types, s.lenient
	return n
}

// Slot is the place of a variable.
func (s Scope) Slot(name string) (int, bool) { i, ok := s.index[name]; return i, ok }

// Fields are the declared variables by slot. Do not change them.
func (s Scope) Fields() []Field { return s.vars }

// TypeAt is the declared type of a dotted path.
func (s Scope) TypeAt(path string) (Type, bool) {
	head, rest, dotted := strings.Cut(path, ".")
	i, ok := s.index[head]
	if !ok {
		return Type{}, false
	}
	t := s.vars[i].Type
	for dotted && ok {
		head, rest, dotted = strings.Cut(rest, ".")
		t, ok = t.Field(head)
	}
	return t, ok
}

// Paths lists the dotted paths of all declared variables, contexts opened up.
func (s Scope) Paths() []string {
	var out []string
	var walk func(prefix string, fields []Field)
	walk = func(prefix string, fields []Field) {
		for _, f := range fields {
			if f.Type.closed() {
				walk(prefix+f.Name+".", f.Type.Fields())
				continue
			}
			out = append(out, prefix+f.Name)
		}
	}
	walk("", s.vars)
	sort.Strings(out)
	return out
}

// Vars gives an evaluation its variables by slot. An implementation must be
// fast; Eval asks it each time a variable is read.
type Vars interface{ At(slot int) Value }

// Values is the simplest Vars: a value a slot; a missing one is null.
type Values []Value

// At is the value in the slot.
func (v Values) At(slot int) Value {
	if slot < len(v) {
		return v[slot]
	}
	return Value{}
}

// Record holds the variables of one scope and is filled by dotted path. It
// is not safe for writing by several goroutines.
type Record struct {
	scope  Scope
	values []Value
}

// Record makes an empty record: every declared path is null.
func (s Scope) Record() *Record {
	r := &Record{scope: s, values: make([]Value, len(s.vars))}
	for i, f := range s.vars {
		r.values[i] = blank(f.Type)
	}
	return r
}

// blank is null, or for a declared context one whose entries are all null.
func blank(t Type) Value {
	if !t.closed() {
		return Value{}
	}
	c := &Context{}
	for _, f := range t.Fields() {
		c.put(f.Name, blank(f.Type))
	}
	return c.value()
}

// At is the value in the slot.
func (r *Record) At(slot int) Value { return r.values[slot] }

// Get is the value at a dotted path.
func (r *Record) Get(path string) Value {
	head, rest, _ := strings.Cut(path, ".")
	i, ok := r.scope.index[head]
	if !ok {
		return Value{}
	}
	return r.values[i].Path(rest)
}

// Set puts a value at a declared dotted path; false where none is declared
// or the value is not of its type. Contexts handed out before are not changed.
func (r *Record) Set(path string, v Value) bool {
	t, ok := r.scope.TypeAt(path)
	if !ok {
		return false
	}
	if v, ok = t.Coerce(v); !ok {
		return false
	}
	head, rest, _ := strings.Cut(path, ".")
	i := r.scope.index[head]
	r.values[i] = setPath(r.values[i], rest, v)
	return true
}

func setPath(in Value, path string, v Value) Value {
	if path == "" {
		return v
	}
	head, rest, _ := strings.Cut(path, ".")
	c := &Context{}
	if old := in.context(); old != nil {
		c = old.clone()
	}
	e, _ := in.Get(head)
	c.put(head, setPath(e, rest, v))
	return c.value()
}

// splitName cuts a name into the tokens that the lexer would make of it.
func splitName(name string) []string {
	var parts []string
	for _, t := range lexName(name) {
		parts = append(parts, t)
	}
	return parts
}

// joinName is the canonical spelling of a name: one space between words,
// none around other characters.
func joinName(parts []string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	var b strings.Builder
	for i, p := range parts {
		if i > 0 && wordToken(p) && wordToken(parts[i-1]) {
			b.WriteByte(' ')
		}
		b.WriteString(p)
	}
	return b.String()
}

// Name is the canonical spelling of a name of several words, as Scope and
// contexts have it.
func Name(name string) string { return joinName(splitName(name)) }
