package dmn

import (
	"strings"

	"khue/internal/kernel/feel"
)

// typeInfo is a type with the constraint of its item definition.
type typeInfo struct {
	t       feel.Type
	allowed *feel.Expr // unary tests, of each element where items is set
	items   bool
	values  string // the text of the allowed values
	parts   []typeField
	elem    *typeInfo
	limited bool // allowed values stand here or below
}

type typeField struct {
	name string
	info typeInfo
}

// typeTable resolves the type names of one document.
type typeTable struct {
	m     *Model
	defs  *Definitions
	items map[string]*element
	done  map[string]typeInfo
	busy  map[string]bool
	named map[string]feel.Type // all, once made
}

func newTypeTable(m *Model, d *Definitions) *typeTable {
	t := &typeTable{m: m, defs: d, items: map[string]*element{}, done: map[string]typeInfo{}, busy: map[string]bool{}}
	for _, k := range d.root.all("itemDefinition") {
		t.items[k.attrs["name"]] = k
	}
	return t
}

//nolint:gochecknoglobals // immutable
var simpleTypes = map[string]feel.Type{
	"Any": feel.AnyType, "any": feel.AnyType, "": feel.AnyType, "<Undefined>": feel.AnyType,
	"string": feel.StringType, "number": feel.NumberType, "boolean": feel.BooleanType,
	"date": feel.DateType, "time": feel.TimeType, "dateTime": feel.DateTimeType, "date and time": feel.DateTimeType,
	"days and time duration": feel.DaysTimeType, "dayTimeDuration": feel.DaysTimeType, "duration": feel.AnyType,
	"years and months duration": feel.YearsMonthsType, "yearMonthDuration": feel.YearsMonthsType,
	"context": feel.OpenContextType, "list": feel.ListType, "function": feel.FunctionAnyType, "Null": feel.NullType,
}

// lookup is the type under a name, with an import's prefix where it has one.
func (t *typeTable) lookup(name string, line int) typeInfo {
	name = strings.TrimSpace(name)
	if info, ok := t.done[name]; ok {
		return info
	}
	if e, ok := t.items[name]; ok {
		if t.busy[name] {
			t.m.problem(t.defs, &Problem{Key: "dmn.type-cycle", Params: map[string]any{"name": name}, Line: e.line})
			return typeInfo{}
		}
		t.busy[name] = true
		info := t.item(e)
		delete(t.busy, name)
		info.t = info.t.Named(name)
		t.done[name] = info
		return info
	}
	if st, ok := simpleTypes[strings.TrimPrefix(name, "feel:")]; ok {
		return typeInfo{t: st}
	}
	if prefix, rest, ok := strings.Cut(name, "."); ok {
		for _, im := range t.defs.Imports {
			if im.Name == prefix && t.m.types[t.m.all[im.Namespace]] != nil {
				return t.m.types[t.m.all[im.Namespace]].lookup(rest, line)
			}
		}
	}
	if prefix, rest, ok := strings.Cut(name, ":"); ok {
		if d := t.m.all[t.defs.root.attrs["xmlns:"+prefix]]; d != nil && d != t.defs {
			return t.m.types[d].lookup(rest, line)
		}
		return t.lookup(rest, line)
	}
	for _, im := range t.defs.Imports {
		if other := t.m.types[t.m.all[im.Namespace]]; im.Name == "" && other != nil && other.items[name] != nil {
			return other.lookup(name, line)
		}
	}
	t.m.problem(t.defs, &Problem{Key: "dmn.type-unknown", Params: map[string]any{"name": name}, Line: line})
	return typeInfo{}
}

func (t *typeTable) item(e *element) typeInfo {
	var info typeInfo
	comps := e.all("itemComponent")
	switch f := e.kid("functionItem"); {
	case f != nil:
		var params []feel.Type
		for _, p := range f.all("parameters") {
			params = append(params, t.lookup(p.attrs["typeRef"], p.line).t)
		}
		info.t = feel.FunctionType(params, t.lookup(f.attrs["outputTypeRef"], f.line).t)
	case len(comps) > 0:
		var fields []feel.Field
		for _, c := range comps {
			f := t.item(c)
			name := feel.Name(c.attrs["name"])
			fields = append(fields, feel.Field{Name: name, Type: f.t})
			info.parts = append(info.parts, typeField{name, f})
		}
		info.t = feel.ContextType(fields...)
	default:
		info = t.lookup(e.textOf("typeRef"), e.line)
	}
	collection := e.attrs["isCollection"] == "true"
	if text := e.freeText("allowedValues"); text != "" {
		if info.allowed != nil {
			base := info
			info = typeInfo{t: base.t, elem: nil, parts: base.parts}
		}
		info.values = text
		info.allowed = t.tests(e, text, info.t)
	}
	if collection {
		elem := info.withLimit()
		info = typeInfo{t: feel.ListTypeOf(elem.t), elem: &elem}
	}
	if text := e.freeText("typeConstraint"); text != "" {
		info.values = text
		info.allowed = t.tests(e, text, info.t)
	}
	return info.withLimit()
}

func (t *typeTable) tests(e *element, text string, of feel.Type) *feel.Expr {
	x, err := feel.CompileTests(text, of, feel.NewScope().Lenient())
	if err != nil {
		t.m.feelProblem(t.defs, Problem{Decision: e.attrs["name"], Line: e.line}, err)
		return nil
	}
	return x
}

// all are the named types of the document, for instance of.
func (t *typeTable) all() map[string]feel.Type {
	if t.named != nil {
		return t.named
	}
	out := map[string]feel.Type{}
	for name := range t.items {
		out[feel.Name(name)] = t.lookup(name, 0).t
	}
	for _, im := range t.defs.Imports {
		other := t.m.types[t.m.all[im.Namespace]]
		if other == nil || other == t {
			continue
		}
		for name := range other.items {
			full := name
			if im.Name != "" {
				full = im.Name + "." + name
			}
			out[feel.Name(full)] = other.lookup(name, 0).t
		}
	}
	t.named = out
	return out
}

// conform makes a value fit the type: converted as FEEL does, checked
// against the allowed values; null and false where it cannot.
func (info *typeInfo) conform(r *feel.Run, v feel.Value) (feel.Value, bool) {
	v, ok := r.Coerce(info.t, v)
	if !ok || v.IsNull() {
		return v, ok
	}
	if !info.constrained() || info.allows(r, v, 0) {
		return v, true
	}
	return feel.Null(), false
}

func (info *typeInfo) constrained() bool { return info.limited }

// withLimit notes whether the type or a part of it has allowed values.
func (info typeInfo) withLimit() typeInfo {
	info.limited = info.allowed != nil || info.elem != nil && info.elem.limited
	for i := range info.parts {
		info.limited = info.limited || info.parts[i].info.limited
	}
	return info
}

func (info *typeInfo) allows(r *feel.Run, v feel.Value, depth int) bool {
	if v.IsNull() || depth > 50 || !info.limited {
		return true
	}
	if !r.Spend(1) {
		return false
	}
	if info.allowed != nil && !r.Test(info.allowed, nil, v).IsTrue() {
		return false
	}
	if info.elem != nil {
		for _, e := range v.Items() {
			if !r.Spend(1) || !info.elem.allows(r, e, depth+1) {
				return false
			}
		}
	}
	for i := range info.parts {
		if e, ok := v.Get(info.parts[i].name); ok && !info.parts[i].info.allows(r, e, depth+1) {
			return false
		}
	}
	return true
}
