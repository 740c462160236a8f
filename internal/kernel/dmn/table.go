package dmn

import (
	"fmt"
	"slices"
	"strings"

	"khue/internal/kernel/feel"
)

// compiledTable is a decision table ready to run.
type compiledTable struct {
	hit      string
	agg      string
	inputs   []tableInput
	outputs  []tableOutput
	rules    []tableRule
	priority [][]feel.Value // by output: its values, best first
}

type tableInput struct {
	code    code
	info    typeInfo
	allowed *feel.Expr
	text    string
}

type tableOutput struct {
	name string
	info typeInfo
	def  code // nil: none
}

type tableRule struct {
	tests   []*feel.Expr // nil: any value
	broken  bool         // a cell is not FEEL
	outputs []code
}

// single tells whether a policy gives the result of one rule.
func single(hit string) bool {
	switch hit {
	case "UNIQUE", "ANY", "FIRST", "PRIORITY":
		return true
	}
	return false
}

//nolint:gochecknoglobals // immutable
var hitPolicies = []string{"UNIQUE", "ANY", "FIRST", "PRIORITY", "RULE ORDER", "OUTPUT ORDER", "COLLECT"}

func (c *compiler) table(t *Table, sc feel.Scope) (code, feel.Type) {
	out := c.out
	c.out = nil
	ct := &compiledTable{hit: t.HitPolicy, agg: t.Aggregation}
	if !slices.Contains(hitPolicies, t.HitPolicy) {
		p := c.at(0, "")
		p.Key, p.Params = "dmn.hit-policy", map[string]any{"name": t.HitPolicy}
		c.m.problem(c.defs, &p)
		return null, feel.AnyType
	}
	for i := range t.Inputs {
		ct.inputs = append(ct.inputs, c.tableInput(&t.Inputs[i], i, sc))
	}
	for i := range t.Outputs {
		ct.outputs = append(ct.outputs, c.tableOutput(t, i, out, sc))
		ct.priority = append(ct.priority, c.priorities(t, i, out, sc))
	}
	for i := range t.Rules {
		ct.rules = append(ct.rules, c.tableRule(t, i, ct, sc))
	}
	if c.defs == c.m.defs {
		c.checkTable(t, ct)
	}
	return ct.eval, ct.resultType()
}

func (ct *compiledTable) resultType() feel.Type {
	t := feel.AnyType
	if len(ct.outputs) == 1 {
		t = ct.outputs[0].info.t
	} else {
		var fields []feel.Field
		for _, o := range ct.outputs {
			fields = append(fields, feel.Field{Name: o.name, Type: o.info.t})
		}
		t = feel.ContextType(fields...)
	}
	switch {
	case single(ct.hit):
		return t
	case ct.hit == "COLLECT" && ct.agg == "COUNT":
		return feel.NumberType
	case ct.hit == "COLLECT" && ct.agg != "":
		return t
	}
	return feel.ListTypeOf(t)
}

func cellName(kind string, i int, label string) string {
	if label == "" {
		return fmt.Sprintf("%s %d", kind, i+1)
	}
	return label
}

func (c *compiler) tableInput(in *Input, i int, sc feel.Scope) tableInput {
	ti := tableInput{code: null, text: in.Label}
	if ti.text == "" {
		ti.text = in.Expression
	}
	at := c.at(in.line, cellName("input", i, ti.text))
	ti.info = c.typ(in.TypeRef, in.line)
	if x, ok := c.feel(in.Expression, sc, at); ok {
		ti.code = func(e *env) feel.Value { return e.run.Eval(x, e) }
		if ti.info.t.Kind() == feel.KindAny {
			ti.info.t = x.Type()
		}
	}
	if in.Values != "" {
		x, err := feel.CompileTests(in.Values, ti.info.t, sc)
		if err != nil {
			c.m.feelProblem(c.defs, at, err)
		} else {
			ti.allowed = x
			c.warn(at, x)
		}
	}
	return ti
}

func (c *compiler) warn(at Problem, x *feel.Expr) {
	if w := x.Warnings(); len(w) > 0 {
		c.m.feelProblem(c.defs, at, w)
	}
}

func (c *compiler) tableOutput(t *Table, i int, out *typeInfo, sc feel.Scope) tableOutput {
	o := &t.Outputs[i]
	to := tableOutput{name: o.Name, info: c.typ(o.TypeRef, o.line)}
	if o.TypeRef == "" && out != nil {
		to.info = componentOf(*out, o.Name, len(t.Outputs) == 1, !single(t.HitPolicy))
	}
	if o.Default != "" {
		if x, ok := c.feel(o.Default, sc, c.at(o.line, cellName("output", i, o.Name))); ok {
			to.def = func(e *env) feel.Value { return e.run.Eval(x, e) }
		}
	}
	return to
}

// componentOf is the type of one output within the type of the whole result.
func componentOf(whole typeInfo, name string, only, list bool) typeInfo {
	if list && whole.elem != nil {
		whole = *whole.elem
	} else if list {
		return typeInfo{}
	}
	if only {
		return whole
	}
	for _, p := range whole.parts {
		if p.name == name {
			return p.info
		}
	}
	return typeInfo{}
}

// priorities are an output's values in the order in which they win.
func (c *compiler) priorities(t *Table, i int, out *typeInfo, sc feel.Scope) []feel.Value {
	text := t.Outputs[i].Values
	if text == "" {
		info := c.typ(t.Outputs[i].TypeRef, t.Outputs[i].line)
		if t.Outputs[i].TypeRef == "" && out != nil {
			info = componentOf(*out, t.Outputs[i].Name, len(t.Outputs) == 1, !single(t.HitPolicy))
		}
		text = info.values
	}
	if text == "" {
		return nil
	}
	x, err := feel.Compile("["+text+"]", sc)
	if err != nil {
		return nil
	}
	v, err := x.Eval(nil, feel.Env{})
	if err != nil {
		return nil
	}
	return v.Items()
}

func (c *compiler) tableRule(t *Table, i int, ct *compiledTable, sc feel.Scope) tableRule {
	r := &t.Rules[i]
	var tr tableRule
	if len(r.Inputs) != len(t.Inputs) || len(r.Outputs) != len(t.Outputs) {
		p := c.at(r.line, "")
		p.Rule, p.Key = i+1, "dmn.cells"
		p.Params = map[string]any{"got": len(r.Inputs) + len(r.Outputs), "want": len(t.Inputs) + len(t.Outputs)}
		c.m.problem(c.defs, &p)
	}
	for k := range t.Inputs {
		text := ""
		if k < len(r.Inputs) {
			text = r.Inputs[k]
		}
		if text == "" || text == "-" {
			tr.tests = append(tr.tests, nil)
			continue
		}
		at := c.at(r.line, cellName("input", k, ct.inputs[k].text))
		at.Rule = i + 1
		x, err := feel.CompileTests(text, ct.inputs[k].info.t, sc)
		if err != nil {
			c.m.feelProblem(c.defs, at, err)
			tr.broken = true
			tr.tests = append(tr.tests, nil)
			continue
		}
		c.warn(at, x)
		tr.tests = append(tr.tests, x)
	}
	for k := range t.Outputs {
		fn := code(null)
		if k < len(r.Outputs) && r.Outputs[k] != "" && r.Outputs[k] != "-" {
			at := c.at(r.line, cellName("output", k, t.Outputs[k].Name))
			at.Rule = i + 1
			if x, ok := c.feel(r.Outputs[k], sc, at); ok {
				if want := ct.outputs[k].info.t; !x.Type().MayBe(want) {
					at.Key, at.Params = "dmn.result-type", map[string]any{"want": want.String(), "got": x.Type().String()}
					c.m.problem(c.defs, &at)
				}
				fn = func(e *env) feel.Value { return e.run.Eval(x, e) }
			}
		}
		tr.outputs = append(tr.outputs, fn)
	}
	return tr
}

// matching lists the rules whose cells all hold; at most limit of them.
func (ct *compiledTable) matching(e *env, limit int) ([]int, bool) {
	var room [8]feel.Value
	vals := room[:0]
	for i := range ct.inputs {
		in := &ct.inputs[i]
		v, ok := in.info.conform(e.run, in.code(e))
		if !ok || in.allowed != nil && !v.IsNull() && !e.run.Test(in.allowed, e, v).IsTrue() {
			e.run.Note("feel.not-of-type", "want", in.info.t.String(), "name", in.text)
			return nil, false
		}
		vals = append(vals, v)
	}
	var hits []int
	for i := range ct.rules {
		if !e.run.Spend(1) {
			return nil, false
		}
		if ct.holds(e, &ct.rules[i], vals) {
			if hits = append(hits, i); len(hits) == limit {
				break
			}
		}
	}
	return hits, true
}

func (ct *compiledTable) holds(e *env, r *tableRule, vals []feel.Value) bool {
	if r.broken {
		return false
	}
	for k, x := range r.tests {
		if x != nil && !e.run.Test(x, e, vals[k]).IsTrue() {
			return false
		}
	}
	return true
}

// result is the output of one rule: a value, or a context of several.
func (ct *compiledTable) result(e *env, rule int) feel.Value {
	return ct.row(e, func(k int) code { return ct.rules[rule].outputs[k] })
}

func (ct *compiledTable) row(e *env, cell func(k int) code) feel.Value {
	if len(ct.outputs) == 1 {
		return ct.conform(e, 0, cell(0)(e))
	}
	entries := make([]feel.Entry, len(ct.outputs))
	for k := range ct.outputs {
		v := feel.Null()
		if fn := cell(k); fn != nil {
			v = ct.conform(e, k, fn(e))
		}
		entries[k] = feel.Entry{Name: ct.outputs[k].name, Value: v}
	}
	return feel.ContextOf(entries...)
}

func (ct *compiledTable) conform(e *env, k int, v feel.Value) feel.Value {
	v, ok := ct.outputs[k].info.conform(e.run, v)
	if !ok {
		e.run.Note("feel.not-of-type", "want", ct.outputs[k].info.t.String(), "name", ct.outputs[k].name)
	}
	return v
}

// defaultResult is what a table gives when no rule matches.
func (ct *compiledTable) defaultResult(e *env) feel.Value {
	for _, o := range ct.outputs {
		if o.def != nil {
			return ct.row(e, func(k int) code { return ct.outputs[k].def })
		}
	}
	if ct.hit == "COLLECT" && ct.agg == "COUNT" {
		return feel.Number(0)
	}
	return feel.Null()
}

func (ct *compiledTable) eval(e *env) feel.Value {
	if len(ct.outputs) == 0 {
		return feel.Null()
	}
	limit := -1
	if ct.hit == "FIRST" {
		limit = 1
	}
	hits, ok := ct.matching(e, limit)
	if !ok {
		return feel.Null()
	}
	if len(hits) == 0 {
		return ct.defaultResult(e)
	}
	switch ct.hit {
	case "UNIQUE":
		if len(hits) > 1 {
			e.run.Note("feel.rules-overlap", "a", hits[0]+1, "b", hits[1]+1)
			return feel.Null()
		}
		return ct.result(e, hits[0])
	case "FIRST":
		return ct.result(e, hits[0])
	}
	results := make([]feel.Value, len(hits))
	for i, h := range hits {
		results[i] = ct.result(e, h)
	}
	switch ct.hit {
	case "ANY":
		for _, v := range results[1:] {
			if !feel.Equal(results[0], v) {
				return feel.Null()
			}
		}
		return results[0]
	case "PRIORITY":
		return slices.MinFunc(results, ct.precedes)
	case "OUTPUT ORDER":
		slices.SortStableFunc(results, ct.precedes)
	case "COLLECT":
		return aggregate(e, ct.agg, results)
	}
	return feel.ListOf(results...)
}

// precedes orders results by the declared values of their outputs.
func (ct *compiledTable) precedes(a, b feel.Value) int {
	for k, values := range ct.priority {
		if d := rank(values, ct.output(a, k)) - rank(values, ct.output(b, k)); d != 0 {
			return d
		}
	}
	return 0
}

func (ct *compiledTable) output(v feel.Value, k int) feel.Value {
	if len(ct.outputs) == 1 {
		return v
	}
	x, _ := v.Get(ct.outputs[k].name)
	return x
}

func rank(values []feel.Value, v feel.Value) int {
	if i := slices.IndexFunc(values, func(x feel.Value) bool { return feel.Equal(x, v) }); i >= 0 {
		return i
	}
	return len(values)
}

func aggregate(e *env, agg string, results []feel.Value) feel.Value {
	list := feel.ListOf(results...)
	switch agg {
	case "COUNT":
		return feel.Number(int64(len(results)))
	case "SUM", "MIN", "MAX":
		return e.run.Builtin(strings.ToLower(agg), list)
	}
	return list
}
