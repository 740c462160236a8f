package process

import (
	"fmt"
	"slices"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/feel"
)

// Plan says how running instances move to another version of their process.
type Plan struct {
	Nodes map[string]string     // old element to new; one that is not named keeps its id
	Vars  map[string]*feel.Expr // new variable, computed over the old ones and the form's
}

// Compile reads the expressions of a plan against the definition that is left.
func (d *Def) Compile(vars map[string]string) (map[string]*feel.Expr, error) {
	out := make(map[string]*feel.Expr, len(vars))
	for name, src := range vars {
		e, err := feel.Compile(src, d.scope)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = e
	}
	return out, nil
}

// Migrate moves a running instance from one definition to another. What it cannot place
// is told as errors of kind Invalid, all of them, and then nothing is moved:
//
//	process.migrate.gone   an element that the new version does not have
//	process.migrate.kind   it is another kind of element there
//	process.migrate.scope  it stands in another sub-process there
//	process.migrate.flow   a branch waits at a join that no flow leads to from there
//	process.migrate.var    the new version does not know the variable
//
// was and is give the facts of either version's form. A task keeps its clock; one whose role, unit or id changes is opened anew. What the new
// version listens for begins now, and what it does not know any more is dropped.
func Migrate(from, to *Def, in Instance, plan Plan, was, is Env) (Instance, []Effect, []error) {
	g := &migration{from: from, to: to, plan: plan, was: was, m: machine{d: to, i: in, env: &is}}
	g.m.i.Tokens, g.m.i.Watches = slices.Clone(in.Tokens), nil
	g.m.i.Done, g.m.i.Vars = nil, nil
	g.tokens(in)
	g.done(in)
	g.vars(in)
	if len(g.problems) == 0 {
		g.watches(in)
		g.tasks(in)
	}
	if len(g.problems) > 0 {
		return in, nil, g.problems
	}
	return g.m.i, g.m.out, nil
}

type migration struct {
	from, to *Def
	plan     Plan
	was      Env // facts of the form that is left
	m        machine
	problems []error
}

func (g *migration) fail(key string, kv ...any) {
	g.problems = append(g.problems, errs.E(errs.Invalid, "process.migrate."+key, errs.P(kv...)))
}

func (g *migration) id(old string) string {
	if s, ok := g.plan.Nodes[old]; ok {
		return s
	}
	return old
}

// place finds the new element for an old one.
func (g *migration) place(old string) *node {
	id := g.id(old)
	i, ok := g.to.index[id]
	if !ok {
		g.fail("gone", "step", old, "to", id)
		return nil
	}
	n := &g.to.nodes[i]
	if was, ok := g.from.index[old]; ok {
		if o := &g.from.nodes[was]; o.kind != n.kind || (o.many == nil) != (n.many == nil) {
			g.fail("kind", "step", old, "to", id)
			return nil
		}
	}
	return n
}

func (g *migration) tokens(in Instance) {
	for k := range g.m.i.Tokens {
		t := &g.m.i.Tokens[k]
		n := g.place(t.Step)
		if n == nil {
			continue
		}
		was := t.Step
		t.Step = n.info.ID
		if t.From != "" {
			t.From = g.id(t.From)
		}
		for q, h := range t.Queue {
			t.Queue = slices.Clone(t.Queue)
			if x := g.place(h); x != nil {
				t.Queue[q] = x.info.ID
			}
		}
		if t.Flow > 0 {
			g.flow(t, n, was)
		}
	}
	for _, t := range g.m.i.Tokens {
		if i, ok := g.to.index[t.Step]; ok && !g.fits(t, &g.to.nodes[i]) {
			g.fail("scope", "step", t.Step)
		}
	}
}

// fits reports whether a token's element stands in the body of the scope around it.
func (g *migration) fits(t Token, n *node) bool {
	host, ok := g.m.i.Token(t.In)
	if !ok {
		return n.body == 0
	}
	h := g.m.node(host.Step)
	return h != nil && (h.sub == n.body || host.Many != nil && host.Step == t.Step)
}

// flow finds the new flow that a branch came to its join by: from the same element.
func (g *migration) flow(t *Token, n *node, was string) {
	source := g.id(g.from.nodes[g.from.flows[t.Flow-1].from].info.ID)
	for _, f := range n.in {
		if g.to.nodes[g.to.flows[f].from].info.ID == source {
			t.Flow = f + 1
			return
		}
	}
	g.fail("flow", "step", was, "from", source)
}

func (g *migration) done(in Instance) {
	for _, d := range in.Done {
		if n := g.place(d.Step); n != nil {
			d.Step = n.info.ID
			g.m.i.Done = append(g.m.i.Done, d)
		}
	}
}

// vars keeps the variables that the new version knows, and computes those of the plan.
func (g *migration) vars(in Instance) {
	old := machine{d: g.from, i: in, env: &g.was}
	for _, v := range in.Vars {
		if k := slices.Index(g.to.vars, v.Name); k >= 0 {
			g.m.set(k, v.Value.Value)
		}
	}
	for name, e := range g.plan.Vars {
		k := slices.Index(g.to.vars, name)
		if k < 0 {
			g.fail("var", "name", name)
			continue
		}
		g.m.set(k, old.eval(e, Token{}))
	}
}

// watches keeps what the new version still listens for, and arms what is new.
func (g *migration) watches(in Instance) {
	m := &g.m
	for _, w := range in.Watches {
		i, ok := g.to.index[g.id(w.Event)]
		if ok && g.to.nodes[i].kind == kBoundary || ok && g.to.nodes[i].kind == kCatch {
			w.Event = g.to.nodes[i].info.ID
			m.i.Watches = append(m.i.Watches, w)
			continue
		}
		if w.Timer != 0 {
			m.emit(TimerCleared{Token: w.N})
		}
	}
	arm := func(event, host int, t Token) {
		id := g.to.nodes[event].info.ID
		if !slices.ContainsFunc(m.i.Watches, func(w Watch) bool { return w.Event == id && w.Host == host }) {
			if err := m.watch(event, host, t); err != nil {
				g.problems = append(g.problems, err)
			}
		}
	}
	starts := func(body, host int) {
		for _, e := range g.to.bodies[body].events {
			arm(g.to.nodes[e].starter, host, Token{In: host})
		}
	}
	starts(0, 0)
	for _, t := range m.i.Tokens {
		n := m.node(t.Step)
		if t.Wait == ForInner && n.sub >= 0 {
			starts(n.sub, t.N)
		}
		if t.Index == 0 && t.Wait != ForSupplement && t.Wait != ForRepair {
			for _, b := range n.boundary {
				arm(b, t.N, t)
			}
		}
	}
}

// tasks opens those tasks anew that are not the same any more.
func (g *migration) tasks(in Instance) {
	for k, t := range g.m.i.Tokens {
		if t.Wait != ForTask && t.Wait != ForApplicant {
			continue
		}
		was := g.from.nodes[g.from.index[in.Tokens[k].Step]]
		is := g.m.node(t.Step)
		if was.info.ID == is.info.ID && was.info.Role == is.info.Role && was.info.Unit == is.info.Unit {
			continue
		}
		if g.m.i.Tokens[k].Wait = ForTask; is.info.Role == RoleApplicant {
			g.m.i.Tokens[k].Wait = ForApplicant
		}
		g.m.again(Token{N: t.N, Step: in.Tokens[k].Step, Timer: t.Timer}, "")
	}
}
