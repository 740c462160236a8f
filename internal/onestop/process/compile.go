package process

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/feel"
)

// The variables that every process has beside the form's.
const (
	varAction = "action" // the action just taken, for the gateway behind a task
	varLoop   = "loop"   // index, count, done, active of a multi-instance activity
)

type compiler struct {
	m        *bpmn.Model
	opt      Options
	def      *Def
	scope    feel.Scope
	problems decl.Problems

	flowAt map[string]int           // by id
	called map[string]int           // bodies of processes by id
	lane   map[string]bpmn.Attrs    // defaults of an element
	elem   map[string]*bpmn.Element // by id
	exprs  []*feel.Expr             // all, for what they read
}

// CompileModel checks a model and compiles one of its processes, with those that it
// calls. The definition is nil where a problem is an error: what the engine does not run
// is refused with the element's name and the reason.
func CompileModel(m *bpmn.Model, opt Options) (*Def, decl.Problems) {
	c := &compiler{
		m: m, opt: opt, def: &Def{index: map[string]int{}, terms: opt.Terms, model: m, plain: opt.Plain},
		flowAt: map[string]int{}, called: map[string]int{}, lane: map[string]bpmn.Attrs{}, elem: map[string]*bpmn.Element{},
	}
	p := c.choose()
	if p == nil {
		c.fail(decl.Pos{Line: 1, Col: 1}, opt.Process, "process.lint.noProcess")
		return nil, c.problems
	}
	c.variables(p)
	c.process(p)
	if !c.problems.Failed() {
		c.check()
	}
	c.problems.Sort()
	if c.problems.Failed() {
		return nil, c.problems
	}
	c.def.digest = c.digest(p)
	// A decision may read any answer.
	c.def.readsAnswers = slices.ContainsFunc(c.exprs, c.readsAnswers) ||
		slices.ContainsFunc(c.def.nodes, func(n node) bool { return n.rule != nil })
	return c.def, c.problems
}

// choose finds the process to run.
func (c *compiler) choose() *bpmn.Process {
	for _, p := range c.m.Processes {
		if c.opt.Process == p.ID || c.opt.Process == "" && p.Executable {
			return p
		}
	}
	if c.opt.Process == "" && len(c.m.Processes) > 0 {
		return c.m.Processes[0]
	}
	return nil
}

func (c *compiler) byID(id string) *bpmn.Process {
	for _, p := range c.m.Processes {
		if p.ID == id {
			return p
		}
	}
	return nil
}

func (c *compiler) readsAnswers(e *feel.Expr) bool {
	return slices.ContainsFunc(e.Paths(), func(p string) bool {
		head, _, _ := strings.Cut(p, ".")
		return !slices.Contains(own, head) && !slices.Contains(c.def.vars, head)
	})
}

func (c *compiler) digest(p *bpmn.Process) string {
	var all []*bpmn.Process
	all = append(all, p)
	for id := range c.called {
		if id != p.ID {
			all = append(all, c.byID(id))
		}
	}
	slices.SortFunc(all[1:], func(a, b *bpmn.Process) int { return strings.Compare(a.ID, b.ID) })
	b, err := json.Marshal(struct {
		Processes []*bpmn.Process
		Messages  [4][]bpmn.Named
		Terms     Terms
	}{all, [4][]bpmn.Named{c.m.Messages, c.m.Signals, c.m.Errors, c.m.Escalations}, c.opt.Terms})
	if err != nil {
		panic("process: digest: " + err.Error()) // plain structs only
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// variables collects what the process itself sets, so that expressions may read it.
func (c *compiler) variables(p *bpmn.Process) {
	add := func(name string) {
		if name != "" && !slices.Contains(c.def.vars, name) {
			c.def.vars = append(c.def.vars, name)
		}
	}
	add(varAction)
	add(varLoop)
	var walk func(b *bpmn.Body)
	seen := map[string]bool{p.ID: true}
	walk = func(b *bpmn.Body) {
		for _, e := range b.Elements {
			add(e.Attrs["result"].S)
			add(inner(e, "item").S)
			for _, x := range e.Ext {
				if x.Name == "out" {
					add(x.Attrs["name"].S)
				}
			}
			if e.Body != nil {
				walk(e.Body)
			}
			if q := c.byID(e.Called); q != nil && !seen[q.ID] {
				seen[q.ID] = true
				walk(&q.Body)
			}
		}
	}
	walk(&p.Body)
	c.def.base = len(c.opt.Scope.Fields())
	fields := make([]feel.Field, len(c.def.vars))
	for i, name := range c.def.vars {
		fields[i] = feel.Field{Name: name, Type: feel.AnyType}
	}
	fields[0].Type = feel.StringType
	fields[1].Type = feel.ContextType(feel.Field{Name: "index", Type: feel.NumberType}, feel.Field{Name: "count", Type: feel.NumberType},
		feel.Field{Name: "done", Type: feel.NumberType}, feel.Field{Name: "active", Type: feel.NumberType})
	if c.scope = c.opt.Scope.With(fields...); c.opt.Plain {
		c.scope = c.scope.Lenient()
	}
	c.def.scope = c.scope
}

func (c *compiler) variable(name string) int { return slices.Index(c.def.vars, name) }

func params(kv []any) errs.Params {
	out := make(errs.Params, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		out[fmt.Sprint(kv[i])] = kv[i+1]
	}
	return out
}

func (c *compiler) report(level decl.Level, pos decl.Pos, element, key string, kv ...any) {
	c.problems = append(c.problems, decl.Problem{
		File: c.opt.File, Pos: pos, Element: element, Level: level, Key: key, Params: params(kv),
	})
}

func (c *compiler) fail(pos decl.Pos, element, key string, kv ...any) {
	c.report(decl.Error, pos, element, key, kv...)
}

// refuse says that the engine does not run an element, and why.
func (c *compiler) refuse(e *bpmn.Element, key string, kv ...any) {
	name := e.Name
	if name == "" {
		name = e.ID
	}
	c.fail(e.Pos, e.ID, key, append([]any{"name", name}, kv...)...)
}

// expr compiles an expression; nil where none is written or it is wrong. want is
// feel.KindAny where any value will do.
func (c *compiler) expr(t decl.Text, element string, want feel.Kind) *feel.Expr {
	if strings.TrimSpace(t.S) == "" {
		return nil
	}
	e, err := feel.Compile(t.S, c.scope)
	if err != nil {
		reason := decl.Label{VI: err.Error(), EN: err.Error()}
		var fe *feel.Error
		if errors.As(err, &fe) {
			reason = decl.Label{VI: fe.In("vi"), EN: fe.In("en")}
		}
		c.fail(t.Pos, element, "process.lint.feel", "reason", reason)
		return nil
	}
	if k := e.Type().Kind(); want != feel.KindAny && k != want && k != feel.KindAny {
		c.fail(t.Pos, element, "process.lint.kind", "want", want.String(), "got", k.String())
	}
	c.exprs = append(c.exprs, e)
	return e
}

func (c *compiler) label(kind string, e *bpmn.Element, optional bool) decl.Label {
	if c.opt.Texts == nil {
		if e.Name != "" {
			return decl.Label{VI: e.Name, EN: e.Name}
		}
		return decl.Label{VI: e.ID, EN: e.ID}
	}
	l, ok := c.opt.Texts.Label(kind + "." + e.ID)
	if !ok && !optional {
		c.fail(e.Pos, e.ID, "process.lint.label", "key", kind+"."+e.ID)
	}
	return l
}

// process compiles a process into a body and returns it.
func (c *compiler) process(p *bpmn.Process) int {
	if b, ok := c.called[p.ID]; ok {
		return b
	}
	for _, l := range p.Lanes {
		for _, id := range l.Elements {
			if len(l.Attrs) > 0 {
				c.lane[id] = l.Attrs
			}
		}
	}
	b := c.newBody(-1)
	c.called[p.ID] = b
	c.fill(b, &p.Body, p.ID, false)
	if len(c.def.bodies[b].starts) == 0 {
		c.fail(p.Pos, p.ID, "process.lint.noStart")
	}
	return b
}

func (c *compiler) newBody(host int) int {
	c.def.bodies = append(c.def.bodies, body{host: host})
	return len(c.def.bodies) - 1
}

// fill compiles the elements of a body.
func (c *compiler) fill(b int, src *bpmn.Body, owner string, inside bool) {
	for _, e := range src.Elements {
		if e.ID == "" {
			c.fail(e.Pos, owner, "process.lint.noID", "kind", string(e.Kind))
			continue
		}
		if _, twice := c.def.index[e.ID]; twice {
			c.fail(e.Pos, e.ID, "process.lint.idTwice", "id", e.ID)
			continue
		}
		c.def.index[e.ID] = len(c.def.nodes)
		c.elem[e.ID] = e
		c.def.nodes = append(c.def.nodes, node{
			info: StepInfo{ID: e.ID}, body: b, sub: -1, deflt: -1, host: -1, starter: -1, handler: -1, result: -1, breaks: e.Interrupting,
		})
	}
	for _, f := range src.Flows {
		c.flow(b, f)
	}
	for _, e := range src.Elements {
		if i, ok := c.def.index[e.ID]; ok && c.elem[e.ID] == e {
			c.element(i, e, inside)
		}
	}
	for _, a := range src.Associations {
		c.associate(a)
	}
}

func (c *compiler) flow(b int, f *bpmn.Flow) {
	from, okFrom := c.def.index[f.From]
	to, okTo := c.def.index[f.To]
	name := f.ID
	if name == "" {
		name = f.From + " → " + f.To
	}
	if !okFrom || !okTo || c.def.nodes[from].body != b || c.def.nodes[to].body != b {
		c.fail(f.Pos, name, "process.lint.flowEnds", "from", f.From, "to", f.To)
		return
	}
	x := flow{from: from, to: to}
	if strings.TrimSpace(f.Condition.S) != "" {
		if l := strings.ToLower(f.Language); l != "" && !strings.Contains(l, "feel") {
			c.fail(f.Pos, name, "process.lint.language", "language", f.Language)
		} else {
			x.cond = c.expr(f.Condition, name, feel.KindBoolean)
		}
	}
	k := len(c.def.flows)
	c.def.flows = append(c.def.flows, x)
	c.flowAt[f.ID] = k
	c.def.nodes[from].out = append(c.def.nodes[from].out, k)
	c.def.nodes[to].in = append(c.def.nodes[to].in, k)
}

// associate hangs a compensation handler on the activity that it undoes.
func (c *compiler) associate(a bpmn.Association) {
	from, to := c.elem[a.From], c.elem[a.To]
	if from == nil || to == nil || from.Kind != bpmn.BoundaryEvent {
		return
	}
	b := &c.def.nodes[c.def.index[a.From]]
	if b.event != bpmn.Compensate || b.host < 0 {
		return
	}
	h := c.def.index[a.To]
	if !to.Compensates {
		c.refuse(to, "process.lint.handler")
		return
	}
	c.def.nodes[b.host].handler = h
	c.def.nodes[h].undoes = true
}
