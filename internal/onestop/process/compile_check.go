package process

import (
	"slices"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/decl"
)

// check looks at the whole: what nothing leads to, what leads nowhere, loops that
// never wait, and a service in which nothing is accepted or handed over.
func (c *compiler) check() {
	d := c.def
	for i := range d.nodes {
		c.shape(i)
		if n := &d.nodes[i]; n.kind == kUser {
			d.order = append(d.order, i)
			d.accepts = d.accepts || slices.Contains(n.user.names, DoAccept)
			c.targets(i)
		}
	}
	c.reach()
	c.spin()
	if !d.plain {
		c.service()
	}
}

// shape checks one node against the flows around it.
func (c *compiler) shape(i int) {
	n := &c.def.nodes[i]
	e := c.elem[n.info.ID]
	switch {
	case n.kind == kEvent:
		for _, f := range n.out {
			to := &c.def.nodes[c.def.flows[f].to]
			if to.kind != kCatch || len(to.in) > 1 {
				c.refuse(e, "process.lint.eventBranch", "to", to.info.ID)
			}
		}
		if len(n.out) == 0 || len(n.out) == 1 && !c.opt.Plain {
			c.refuse(e, "process.lint.eventBranch", "to", "")
		}
	case !c.opt.Plain && n.kind == kBoundary && n.event == bpmn.Compensate && n.host >= 0 && c.def.nodes[n.host].handler < 0 && c.def.nodes[n.host].kind != kEventSub:
		c.refuse(e, "process.lint.noHandler")
	case n.undoes && (len(n.in) > 0 || len(n.out) > 0):
		c.refuse(e, "process.lint.handlerFlows")
	case e.Compensates && !n.undoes:
		c.refuse(e, "process.lint.handler")
	}
	if n.deflt >= 0 && c.def.flows[n.deflt].cond != nil {
		c.refuse(e, "process.lint.defaultCondition")
	}
	if n.kind == kExclusive && len(n.out) > 1 && !c.def.plain {
		for _, f := range n.out {
			if c.def.flows[f].cond == nil && f != n.deflt {
				c.refuse(e, "process.lint.noCondition", "to", c.def.nodes[c.def.flows[f].to].info.ID)
			}
		}
		if n.deflt < 0 {
			c.warn(e, "process.lint.noDefault")
		}
	}
}

func (c *compiler) warn(e *bpmn.Element, key string, kv ...any) {
	c.refuse(e, key, kv...)
	c.problems[len(c.problems)-1].Level = decl.Warning
}

// targets fills in where the actions of a task lead, for step tables.
func (c *compiler) targets(i int) {
	n := &c.def.nodes[i]
	for k := range n.info.Actions {
		a := n.user.actions[k]
		switch {
		case a.to >= 0:
			n.info.Actions[k].To = []string{c.def.nodes[a.to].info.ID}
		case a.do == DoSupplement || a.do == DoExtend || a.do == DoHandOver || a.do == DoConsult:
			n.info.Actions[k].To = []string{n.info.ID}
		case leadsOn(a.do):
			n.info.Actions[k].To = c.ahead(i, a.do)
		}
	}
}

// ahead are the waits that a task's action may lead to. Conditions that read nothing
// but the action are decided; the others may go either way.
func (c *compiler) ahead(i int, do string) []string {
	var out []string
	seen := map[int]bool{}
	var walk func(i int)
	walk = func(i int) {
		n := &c.def.nodes[i]
		if seen[i] {
			return
		}
		seen[i] = true
		if waits(n.kind) {
			out = append(out, n.info.ID)
			return
		}
		if n.kind == kScope {
			for _, s := range c.def.bodies[n.sub].starts {
				walk(s)
			}
			return
		}
		for _, f := range c.choices(n, do) {
			walk(c.def.flows[f].to)
		}
		if host := c.def.bodies[n.body].host; len(n.out) == 0 && host >= 0 {
			for _, f := range c.def.nodes[host].out {
				walk(c.def.flows[f].to)
			}
		}
	}
	for _, f := range c.def.nodes[i].out {
		walk(c.def.flows[f].to)
	}
	return out
}

// choices are the flows that may be taken after an action.
func (c *compiler) choices(n *node, do string) []int {
	if n.kind != kExclusive {
		return n.out
	}
	var out []int
	for _, f := range n.out {
		e := c.def.flows[f].cond
		if e == nil {
			continue
		}
		if p := e.Paths(); len(p) == 1 && p[0] == varAction {
			if c.def.decide(e, do) {
				return append(out, f)
			}
			continue
		}
		out = append(out, f)
	}
	if n.deflt >= 0 {
		out = append(out, n.deflt)
	}
	if len(out) == 0 {
		return n.out
	}
	return out
}

// waits reports whether a token rests at such a node until something happens.
func waits(k kind) bool {
	switch k {
	case kUser, kConnector, kCatch, kChild, kEvent:
		return true
	}
	return false
}

// reach marks what can be reached from the start, and what can reach an end.
func (c *compiler) reach() {
	d := c.def
	reached := make([]bool, len(d.nodes))
	var walk func(i int)
	walk = func(i int) {
		if reached[i] {
			return
		}
		reached[i] = true
		for _, k := range d.next(i) {
			walk(k)
		}
	}
	for _, b := range c.called {
		for _, s := range append(slices.Clone(d.bodies[b].starts), d.bodies[b].events...) {
			walk(s)
		}
	}
	ends := c.ending()
	for i := range d.nodes {
		n := &d.nodes[i]
		e := c.elem[n.info.ID]
		switch {
		case n.kind == kBoundary && n.event == bpmn.Compensate:
		case !reached[i] && !c.opt.Plain:
			c.fail(e.Pos, e.ID, "process.lint.dead", "id", e.ID)
		case reached[i] && !ends[i]:
			c.fail(e.Pos, e.ID, "process.lint.noEnd", "id", e.ID)
		}
	}
}

// ending marks the elements from which a way leads to an end of their body.
func (c *compiler) ending() []bool {
	d := c.def
	ends := make([]bool, len(d.nodes))
	var work []int
	mark := func(i int) {
		if n := &d.nodes[i]; !ends[i] && (n.kind != kUser || slices.ContainsFunc(n.user.names, leadsOn) || len(n.boundary) > 0) {
			ends[i] = true
			work = append(work, i)
		}
	}
	for i := range d.nodes {
		if n := &d.nodes[i]; len(n.out) == 0 && (n.kind != kExclusive && n.kind != kEvent || c.opt.Plain) {
			mark(i) // the branch ends here
		}
	}
	for len(work) > 0 {
		i := work[len(work)-1]
		work = work[:len(work)-1]
		for _, f := range d.nodes[i].in {
			mark(d.flows[f].from)
		}
		if n := &d.nodes[i]; n.kind == kBoundary && n.host >= 0 && d.nodes[n.host].kind != kEventSub {
			mark(n.host)
		}
	}
	return ends
}

// spin refuses a way round on which nothing ever waits.
func (c *compiler) spin() {
	d := c.def
	state := make([]uint8, len(d.nodes))
	var walk func(i int) bool
	walk = func(i int) bool {
		n := &d.nodes[i]
		if waits(n.kind) || n.kind == kScope && c.bodyWaits(n.sub, map[int]bool{}) || state[i] == 2 {
			return false
		}
		if state[i] == 1 {
			return true
		}
		state[i] = 1
		for _, f := range n.out {
			if walk(d.flows[f].to) {
				c.refuse(c.elem[n.info.ID], "process.lint.spin")
				state[i] = 2
				return false
			}
		}
		state[i] = 2
		return false
	}
	for i := range d.nodes {
		walk(i)
	}
	for b, on := range c.calls() {
		if slices.Contains(on, b) {
			e := c.elem[d.nodes[c.caller(b)].info.ID]
			c.refuse(e, "process.lint.recursion", "called", e.Called)
		}
	}
}

// bodyWaits reports whether every way through a body waits somewhere: whether some task
// for people, system or time stands in it is taken for that.
func (c *compiler) bodyWaits(b int, seen map[int]bool) bool {
	if seen[b] {
		return false
	}
	seen[b] = true
	for i := range c.def.nodes {
		if n := &c.def.nodes[i]; n.body == b && (waits(n.kind) || n.kind == kScope && c.bodyWaits(n.sub, seen)) {
			return true
		}
	}
	return false
}

// calls are the bodies that each body leads into without a wait before it.
func (c *compiler) calls() map[int][]int {
	d := c.def
	direct := map[int][]int{}
	for b := range d.bodies {
		seen := map[int]bool{}
		var walk func(i int)
		walk = func(i int) {
			n := &d.nodes[i]
			if seen[i] || waits(n.kind) {
				return
			}
			seen[i] = true
			if n.kind == kScope {
				direct[b] = append(direct[b], n.sub)
				if c.bodyWaits(n.sub, map[int]bool{}) {
					return
				}
			}
			for _, f := range n.out {
				walk(d.flows[f].to)
			}
		}
		for _, s := range d.bodies[b].starts {
			walk(s)
		}
	}
	for changed := true; changed; {
		changed = false
		for b, on := range direct {
			for _, k := range on {
				for _, more := range direct[k] {
					if !slices.Contains(direct[b], more) {
						direct[b], changed = append(direct[b], more), true
					}
				}
			}
		}
	}
	return direct
}

func (c *compiler) caller(b int) int {
	return slices.IndexFunc(c.def.nodes, func(n node) bool { return n.sub == b })
}

// service checks what every service needs: acceptance first, and an end with the result.
func (c *compiler) service() {
	d := c.def
	first := c.def.order
	if len(first) == 0 || !d.accepts {
		c.fail(c.elem[d.nodes[0].info.ID].Pos, d.nodes[0].info.ID, "process.lint.noAccept")
		return
	}
	for _, s := range d.bodies[0].starts {
		for _, id := range c.ahead(s, "") {
			if n := d.nodes[d.index[id]]; n.kind == kUser && !slices.Contains(n.user.names, DoAccept) {
				c.fail(c.elem[id].Pos, id, "process.lint.acceptFirst")
			}
		}
	}
	if !slices.ContainsFunc(d.nodes, func(n node) bool { return n.user != nil && slices.Contains(n.user.names, DoIssue) }) {
		c.fail(c.elem[d.nodes[first[0]].info.ID].Pos, d.nodes[first[0]].info.ID, "process.lint.noIssue")
	}
}
