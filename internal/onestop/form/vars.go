package form

import (
	"encoding/json"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/feel"
)

// limits of one condition: packages come from many hands.
const (
	condSteps  = 20_000
	condMemory = 1 << 20
)

// branch is one variable of the scope: a leaf, or a context of branches.
type branch struct {
	name string
	in   *input
	over bool // the leaf belongs to the applicant's form
	kids []branch
}

// buildScope makes the scope of a form's conditions. An officer's form reads the
// applicant's answers too; its own fields go first.
func (f *Form) buildScope() {
	var paths []feel.Field
	taken := map[string]bool{}
	add := func(from *Form, over bool) {
		for _, fl := range from.fields {
			for _, in := range fl.inputs() {
				head, _, _ := strings.Cut(in.path, ".")
				if over && taken[head] {
					continue
				}
				paths = append(paths, feel.Field{Name: in.path, Type: in.t.feel})
				plant(&f.tree, in, over)
			}
		}
		for _, p := range paths {
			head, _, _ := strings.Cut(p.Name, ".")
			taken[head] = true
		}
	}
	add(f, false)
	if f.over != nil {
		add(f.over, true)
	}
	f.scope = feel.PathScope(append(append([]feel.Field(nil), base...), paths...)...)
}

// plant puts a leaf into the tree in the order that PathScope gives its variables.
func plant(level *[]branch, in *input, over bool) {
	names := strings.Split(in.path, ".")
	for i, name := range names {
		k := 0
		for k < len(*level) && (*level)[k].name != name {
			k++
		}
		if k == len(*level) {
			*level = append(*level, branch{name: name})
		}
		if i == len(names)-1 {
			(*level)[k].in, (*level)[k].over = in, over
			return
		}
		level = &(*level)[k].kids
	}
}

// inputs are the leaves of a field in order.
func (fl *field) inputs() []*input { return fl.leaves }

func (g *group) inputs(out []*input) []*input {
	for _, it := range g.items {
		if it.sub != nil {
			out = it.sub.inputs(out)
			continue
		}
		out = append(out, it.leaf)
	}
	return out
}

// Scope are the variables that conditions over this form may read: case, channel,
// receiving, competent, district and every field by path.
func (f *Form) Scope() feel.Scope { return f.scope }

// Vars gives conditions their values. Answers that are not well formed read as null.
// The result is for one goroutine.
func (f *Form) Vars(a Answers, env Env) feel.Vars { return newVars(f, a, &env) }

// vars builds a variable when it is first read: most conditions read one or two.
type vars struct {
	f     *Form
	a     Answers
	env   *Env
	cache []feel.Value
	have  []bool
}

func newVars(f *Form, a Answers, env *Env) *vars {
	n := len(base) + len(f.tree)
	return &vars{f: f, a: a, env: env, cache: make([]feel.Value, n), have: make([]bool, n)}
}

// At is the variable in a slot of the scope.
func (v *vars) At(slot int) feel.Value {
	if slot >= len(v.cache) {
		return feel.Null()
	}
	if !v.have[slot] {
		v.cache[slot], v.have[slot] = v.build(slot), true
	}
	return v.cache[slot]
}

// forget drops what was built over a path whose answer has changed.
func (v *vars) forget(path string) {
	head, _, _ := strings.Cut(path, ".")
	for i := range v.f.tree {
		if v.f.tree[i].name == head {
			v.have[len(base)+i] = false
			return
		}
	}
}

func (v *vars) build(slot int) feel.Value {
	switch slot {
	case 0:
		return text(v.env.Case)
	case 1:
		return text(v.env.Channel)
	case 2:
		return text(v.env.Receiving)
	case 3:
		return text(v.env.Competent)
	case 4:
		return text(v.env.District)
	}
	return v.branch(&v.f.tree[slot-len(base)])
}

func text(s string) feel.Value {
	if s == "" {
		return feel.Null()
	}
	return feel.String(s)
}

func (v *vars) branch(b *branch) feel.Value {
	if b.in != nil {
		if b.in.typ == "file" {
			return feel.Bool(v.env.given(b.in.path) > 0)
		}
		a := v.a
		if b.over {
			a = v.env.Dossier
		}
		return b.in.asFEEL(a[b.in.path].Value)
	}
	entries := make([]feel.Entry, len(b.kids))
	for i := range b.kids {
		entries[i] = feel.Entry{Name: b.kids[i].name, Value: v.branch(&b.kids[i])}
	}
	return feel.ContextOf(entries...)
}

// asFEEL is an answer as conditions see it: null where nothing, or nothing well
// formed, was answered, and false for a yes or no.
func (in *input) asFEEL(v any) feel.Value {
	switch x := v.(type) {
	case bool:
		return feel.Bool(x)
	case json.Number:
		n, _ := feel.ParseNumber(x.String())
		return n
	case nil:
		if in.typ == "yesno" {
			return feel.Bool(false) // a box left empty is no yes, so that not(…) holds
		}
	case string:
		switch in.typ {
		case "date":
			d, err := clock.ParseDate(x)
			if err != nil {
				return feel.Null()
			}
			return feel.Date(d.Year, int(d.Month), d.Day)
		case "number", "money": // as typed
			if c, f := in.t.check(in, x, &Env{}); f.key == "" {
				n, _ := feel.ParseNumber(string(c.(json.Number)))
				return n
			}
			return feel.Null()
		case "yesno":
			return feel.Null()
		}
		return text(x)
	case []any:
		items := make([]feel.Value, 0, len(x))
		for _, e := range x {
			switch e := e.(type) {
			case string:
				items = append(items, feel.String(e))
			case map[string]any:
				items = append(items, in.row(e))
			}
		}
		return feel.ListOf(items...)
	}
	return feel.Null()
}

// holds evaluates a condition: only true holds.
func (c cond) holds(v *vars) bool {
	if c.expr == nil {
		return c.yes
	}
	return c.eval(v).IsTrue()
}

func (c cond) eval(v *vars) feel.Value {
	out, err := c.expr.Eval(v, feel.Env{Now: v.env.Now.In(clock.Zone), Steps: condSteps, Memory: condMemory})
	if err != nil {
		return feel.Null()
	}
	return out
}
