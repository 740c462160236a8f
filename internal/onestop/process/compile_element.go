package process

import (
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/feel"
)

// element compiles one element at its place. inside is set in sub-processes.
func (c *compiler) element(i int, e *bpmn.Element, inside bool) {
	n := &c.def.nodes[i]
	n.info.Label = decl.Label{VI: e.Name, EN: e.Name}
	n.notify = e.Attrs["notify"].S
	for _, what := range e.Unknown {
		switch {
		case !slices.Contains(performers, what):
			c.refuse(e, "process.lint.unknown", "what", what)
		case !c.opt.Plain:
			c.warn(e, "process.lint.performer", "what", what)
		}
	}
	if e.Default != "" {
		if k, ok := c.flowAt[e.Default]; ok && c.def.flows[k].from == i {
			n.deflt = k
		} else {
			c.refuse(e, "process.lint.default", "flow", e.Default)
		}
	}
	c.attributes(e)
	switch e.Kind {
	case bpmn.StartEvent:
		c.start(i, e, inside)
	case bpmn.EndEvent, bpmn.ThrowEvent, bpmn.CatchEvent, bpmn.BoundaryEvent:
		c.event(i, e)
	case bpmn.Task, bpmn.ManualTask:
		n.kind = kPass
	case bpmn.UserTask:
		n.kind = kUser
		c.user(i, e)
	case bpmn.ServiceTask:
		c.connector(n, e)
	case bpmn.BusinessRuleTask:
		c.rule(n, e)
	case bpmn.ScriptTask:
		c.script(n, e)
	case bpmn.SendTask:
		n.kind, n.event = kThrow, bpmn.Message
		c.message(n, e, e.Message, false)
	case bpmn.ReceiveTask:
		n.kind, n.event = kCatch, bpmn.Message
		if e.Instantiate {
			c.refuse(e, "process.lint.instantiate")
		}
		c.message(n, e, e.Message, true)
	case bpmn.CallActivity:
		c.call(i, e)
	case bpmn.SubProcess:
		c.scopeOf(i, e)
	case bpmn.ExclusiveGateway:
		n.kind = kExclusive
	case bpmn.ParallelGateway:
		n.kind = kParallel
	case bpmn.InclusiveGateway:
		n.kind = kInclusive
	case bpmn.EventBasedGateway:
		n.kind = kEvent
		if e.Instantiate {
			c.refuse(e, "process.lint.instantiate")
		}
	default:
		c.refuse(e, "process.lint.unsupported", "kind", string(e.Kind))
	}
	if e.Loop != nil {
		c.many(&c.def.nodes[i], e)
	}
	if e.Compensates && !c.isActivity(&c.def.nodes[i]) {
		c.refuse(e, "process.lint.handler")
	}
}

// performers say who does a task in the standard's own words; here khue:role does.
//
//nolint:gochecknoglobals // immutable table
var performers = []string{"humanPerformer", "performer", "potentialOwner", "resourceRole"}

// isActivity reports whether a node is a task, a sub-process or a call.
func (c *compiler) isActivity(n *node) bool {
	switch n.kind {
	case kUser, kScript, kRule, kConnector, kScope, kChild:
		return true
	case kPass, kThrow, kCatch:
		e := c.elem[n.info.ID]
		return e.Kind != bpmn.StartEvent && e.Kind != bpmn.ThrowEvent && e.Kind != bpmn.CatchEvent
	}
	return false
}

func (c *compiler) flag(e *bpmn.Element, name string, deflt bool) bool {
	t, ok := e.Attrs[name]
	if !ok {
		return deflt
	}
	if t.S != "true" && t.S != "false" {
		c.fail(t.Pos, e.ID+"."+name, "process.lint.flag", "value", t.S)
	}
	return t.S == "true"
}

// pairs compiles khue:in or khue:out.
func (c *compiler) pairs(e *bpmn.Element, which string) []pair {
	var out []pair
	for _, x := range e.Ext {
		if x.Name != which {
			continue
		}
		name, value := x.Attrs["name"].S, x.Attrs["value"]
		if name == "" {
			c.fail(x.Pos, e.ID+"."+which, "process.lint.pair")
			continue
		}
		p := pair{name: name, slot: c.variable(name)}
		if which == "in" {
			if p.expr = c.expr(value, e.ID+".in."+name, feel.KindAny); p.expr == nil && !value.Set() {
				c.fail(x.Pos, e.ID+".in."+name, "process.lint.pair")
			}
		} else if p.name = value.S; p.name == "" {
			p.name = name // the answer's field of the same name
		}
		out = append(out, p)
	}
	return out
}

func (c *compiler) connector(n *node, e *bpmn.Element) {
	name := e.Attrs["connector"]
	if !name.Set() {
		if n.kind = kPass; !c.opt.Plain {
			c.refuse(e, "process.lint.connector")
		}
		return
	}
	n.kind = kConnector
	n.call = &call{name: name.S, counts: c.flag(e, "counts", true), in: c.pairs(e, "in"), out: c.pairs(e, "out")}
}

func (c *compiler) rule(n *node, e *bpmn.Element) {
	ref := e.Attrs["decision"]
	if n.kind = kRule; !ref.Set() {
		if n.kind = kPass; !c.opt.Plain {
			c.refuse(e, "process.lint.decision", "ref", "")
		}
		return
	}
	n.result = c.variable(e.Attrs["result"].S)
	if c.opt.Decisions != nil {
		n.rule, _ = c.opt.Decisions(ref.S)
	}
	if n.rule == nil || n.result < 0 {
		c.fail(ref.Pos, e.ID+".decision", "process.lint.decision", "name", e.Name, "ref", ref.S)
	}
}

func (c *compiler) script(n *node, e *bpmn.Element) {
	n.kind = kScript
	if f := strings.ToLower(e.ScriptFormat); f != "" && !strings.Contains(f, "feel") {
		c.refuse(e, "process.lint.language", "language", e.ScriptFormat)
		return
	}
	n.result = c.variable(e.Attrs["result"].S)
	if n.expr = c.expr(e.Script, e.ID+".script", feel.KindAny); n.expr == nil {
		if n.kind = kPass; !c.opt.Plain {
			c.refuse(e, "process.lint.script")
		}
	}
}

// call compiles a call: of another process in the file, or of another service.
func (c *compiler) call(i int, e *bpmn.Element) {
	n := &c.def.nodes[i]
	name, service := strings.CutPrefix(e.Called, "service:")
	if p := c.byID(name); p != nil && !service {
		n.kind = kScope
		b := c.process(p)
		c.def.nodes[i].sub = b
		return
	}
	n.kind = kChild
	if !c.opt.Plain && (!service || name == "") {
		c.refuse(e, "process.lint.called", "called", e.Called)
	}
	n.call = &call{
		name: name, unit: c.expr(e.Attrs["unit"], e.ID+".unit", feel.KindString), kase: c.expr(e.Attrs["case"], e.ID+".case", feel.KindString),
		counts: c.flag(e, "counts", true), in: c.pairs(e, "in"), out: c.pairs(e, "out"),
	}
}

// scopeOf compiles an embedded sub-process or an event sub-process.
func (c *compiler) scopeOf(i int, e *bpmn.Element) {
	if e.Body == nil {
		e.Body = &bpmn.Body{}
	}
	b := c.newBody(i)
	c.def.nodes[i].sub = b
	if c.def.nodes[i].kind = kScope; e.Triggered {
		c.def.nodes[i].kind = kEventSub
		at := c.def.nodes[i].body
		c.def.bodies[at].events = append(c.def.bodies[at].events, i)
	}
	c.fill(b, e.Body, e.ID, true)
	n := &c.def.nodes[i]
	switch starts := c.def.bodies[b].starts; {
	case !e.Triggered && len(starts) != 1:
		c.refuse(e, "process.lint.subStart", "n", len(starts))
	case e.Triggered && n.starter < 0:
		c.refuse(e, "process.lint.eventStart")
	}
	if e.Triggered && (len(n.in) > 0 || len(n.out) > 0) {
		c.refuse(e, "process.lint.eventFlows")
	}
}

// start compiles a start event: of a process, of a sub-process, of an event sub-process.
func (c *compiler) start(i int, e *bpmn.Element, inside bool) {
	n := &c.def.nodes[i]
	n.kind = kPass
	if len(e.Events) > 1 {
		c.refuse(e, "process.lint.multiple")
		return
	}
	host := c.def.bodies[n.body].host
	eventSub := host >= 0 && c.def.nodes[host].kind == kEventSub
	if len(e.Events) == 1 {
		c.definition(n, e, e.Events[0])
	}
	switch {
	case eventSub:
		switch n.event {
		case bpmn.Message, bpmn.Timer, bpmn.Signal, bpmn.Error, bpmn.Escalation, bpmn.Compensate:
		default:
			c.refuse(e, "process.lint.eventStart")
			return
		}
		if c.def.nodes[host].starter >= 0 {
			c.refuse(e, "process.lint.eventStart")
			return
		}
		n.host, n.kind = host, kBoundary
		c.def.nodes[host].starter = i
		if n.event == bpmn.Error || n.event == bpmn.Compensate {
			n.breaks = n.event == bpmn.Error
		}
		return
	case inside && n.event != "":
		c.refuse(e, "process.lint.subStartEvent")
		return
	case n.event == "" || n.event == bpmn.Message || n.event == bpmn.Timer || n.event == bpmn.Signal:
	default:
		c.refuse(e, "process.lint.startEvent", "event", string(n.event))
		return
	}
	c.def.bodies[n.body].starts = append(c.def.bodies[n.body].starts, i)
}

// allowed are the definitions that an event may carry.
//
//nolint:gochecknoglobals // immutable table
var allowed = map[bpmn.Kind][]bpmn.EventDefKind{
	bpmn.EndEvent:      {bpmn.Message, bpmn.Error, bpmn.Escalation, bpmn.Terminate, bpmn.Signal, bpmn.Compensate},
	bpmn.ThrowEvent:    {bpmn.Message, bpmn.Signal, bpmn.Escalation, bpmn.Compensate},
	bpmn.CatchEvent:    {bpmn.Message, bpmn.Timer, bpmn.Signal},
	bpmn.BoundaryEvent: {bpmn.Message, bpmn.Timer, bpmn.Signal, bpmn.Error, bpmn.Escalation, bpmn.Compensate},
}

func (c *compiler) event(i int, e *bpmn.Element) {
	n := &c.def.nodes[i]
	n.kind = map[bpmn.Kind]kind{bpmn.EndEvent: kEnd, bpmn.ThrowEvent: kPass, bpmn.CatchEvent: kCatch, bpmn.BoundaryEvent: kBoundary}[e.Kind]
	if len(e.Events) > 1 {
		c.refuse(e, "process.lint.multiple")
		return
	}
	if len(e.Events) == 0 && (e.Kind == bpmn.CatchEvent || e.Kind == bpmn.BoundaryEvent) {
		c.refuse(e, "process.lint.noEvent")
		return
	}
	if len(e.Events) == 1 {
		if k := e.Events[0].Kind; !slices.Contains(allowed[e.Kind], k) {
			c.refuse(e, "process.lint.event", "event", string(k))
			return
		}
		c.definition(n, e, e.Events[0])
		if e.Kind == bpmn.ThrowEvent {
			n.kind = kThrow
		}
	}
	if e.Kind == bpmn.EndEvent {
		if len(n.out) > 0 {
			c.refuse(e, "process.lint.endFlows")
		}
		if t := e.Attrs["state"]; t.Set() {
			s, ok := ParseState(t.S)
			if n.end = s; !ok || !s.Ended() {
				c.fail(t.Pos, e.ID+".state", "process.lint.endState", "value", t.S)
			}
		}
	}
	if e.Kind == bpmn.BoundaryEvent {
		c.attach(i, e)
	}
}

func (c *compiler) attach(i int, e *bpmn.Element) {
	n := &c.def.nodes[i]
	h, ok := c.def.index[e.AttachedTo]
	if !ok || c.def.nodes[h].body != n.body {
		c.refuse(e, "process.lint.attached", "to", e.AttachedTo)
		return
	}
	if len(n.in) > 0 {
		c.refuse(e, "process.lint.boundaryIn")
	}
	if n.event == bpmn.Error && !e.Interrupting {
		c.refuse(e, "process.lint.errorBreaks")
	}
	n.host = h
	if n.event == bpmn.Compensate {
		if len(n.out) > 0 {
			c.refuse(e, "process.lint.compensationFlow")
		}
		return
	}
	host := &c.def.nodes[h]
	host.boundary = append(host.boundary, i)
}

// definition compiles what an event waits for or throws.
func (c *compiler) definition(n *node, e *bpmn.Element, d bpmn.EventDef) {
	n.event = d.Kind
	named := func(list []bpmn.Named, need bool) {
		for _, x := range list {
			if x.ID == d.Ref {
				if n.name = x.Name; n.name == "" {
					n.name = x.ID
				}
				return
			}
		}
		switch {
		case d.Kind == bpmn.Error && d.Ref != "" && c.opt.Plain:
			n.name = d.Ref // a code where an error's id should stand
		case need:
			c.refuse(e, "process.lint.ref", "ref", d.Ref, "event", string(d.Kind))
		}
	}
	catches := e.Kind == bpmn.BoundaryEvent || e.Kind == bpmn.StartEvent
	switch d.Kind {
	case bpmn.Message:
		c.message(n, e, d.Ref, e.Kind != bpmn.EndEvent && e.Kind != bpmn.ThrowEvent)
	case bpmn.Signal:
		named(c.m.Signals, true)
	case bpmn.Error:
		named(c.m.Errors, d.Ref != "" || !catches)
	case bpmn.Escalation:
		named(c.m.Escalations, d.Ref != "" || !catches)
	case bpmn.Compensate:
		n.name = d.Ref
		if d.Ref != "" && !c.known(d.Ref) {
			c.refuse(e, "process.lint.ref", "ref", d.Ref, "event", string(d.Kind))
		}
	case bpmn.Timer:
		c.timer(n, e, d)
	case bpmn.Terminate:
	default:
		c.refuse(e, "process.lint.event", "event", string(d.Kind))
	}
}

// known reports whether an activity of that id stands anywhere in the file.
func (c *compiler) known(id string) bool {
	var in func(b *bpmn.Body) bool
	in = func(b *bpmn.Body) bool {
		return slices.ContainsFunc(b.Elements, func(e *bpmn.Element) bool { return e.ID == id || e.Body != nil && in(e.Body) })
	}
	return slices.ContainsFunc(c.m.Processes, func(p *bpmn.Process) bool { return in(&p.Body) })
}

func (c *compiler) message(n *node, e *bpmn.Element, ref string, catches bool) {
	for _, m := range c.m.Messages {
		if m.ID == ref {
			if n.name = m.Name; n.name == "" {
				n.name = m.ID
			}
		}
	}
	if n.name == "" {
		switch {
		case ref != "":
			c.refuse(e, "process.lint.ref", "ref", ref, "event", "message")
		case catches && !c.opt.Plain:
			c.refuse(e, "process.lint.noMessage")
		default: // nothing but its own id names it
			n.name = e.ID
		}
	}
	if n.name != "" && strings.ContainsAny(n.name, "${}") {
		c.refuse(e, "process.lint.messageName", "message", n.name)
	}
	n.key = c.expr(inner(e, "correlate"), e.ID+".correlate", feel.KindAny)
}

// timer compiles when a timer event fires: an instant, a term, or a cycle of terms.
func (c *compiler) timer(n *node, e *bpmn.Element, d bpmn.EventDef) {
	t := &timer{waits: !c.flag(e, "counts", true)}
	n.timer = t
	text := func(x decl.Text) string { return strings.TrimSpace(x.S) }
	switch {
	case text(d.Duration) != "":
		c.span(t, d.Duration, e)
	case text(d.Date) != "":
		if v := feel.ParseTemporal(text(d.Date)); !v.IsNull() {
			d.Date.S = `date and time("` + text(d.Date) + `")`
			if v.Kind() == feel.KindDate {
				d.Date.S = `date("` + text(d.Date) + `")`
			}
		}
		t.date = c.expr(d.Date, e.ID+".timeDate", feel.KindAny)
	case text(d.Cycle) != "":
		head, rest, ok := strings.Cut(text(d.Cycle), "/")
		rounds, err := strconv.Atoi(strings.TrimPrefix(head, "R"))
		if head == "R" {
			rounds, err = -1, nil
		}
		if !ok || !strings.HasPrefix(head, "R") || err != nil || rounds == 0 || rounds < -1 || strings.Contains(rest, "/") {
			c.refuse(e, "process.lint.cycle", "value", d.Cycle.S)
			return
		}
		t.count = rounds
		c.span(t, decl.Text{S: rest, Pos: d.Cycle.Pos}, e)
	default:
		c.refuse(e, "process.lint.noTimer")
	}
}

// span compiles a term: as it stands, or by an expression that gives one.
func (c *compiler) span(t *timer, x decl.Text, e *bpmn.Element) {
	s := strings.TrimSpace(x.S)
	term, err := calendar.ParseTerm(s)
	if err == nil {
		t.term = term
		return
	}
	if v := feel.ParseTemporal(s); !v.IsNull() {
		if d, ok := v.Duration(); ok && d > 0 {
			t.term = calendar.Term{Elapsed: d}
			return
		}
		c.refuse(e, "process.lint.timer", "value", s)
		return
	}
	t.expr = c.expr(x, e.ID+".timeDuration", feel.KindAny)
}

// maxMany bounds the instances of one activity.
const maxMany = 1000

func (c *compiler) many(n *node, e *bpmn.Element) {
	if n.kind == kEventSub || !c.isActivity(n) {
		c.refuse(e, "process.lint.loop")
		return
	}
	m := &many{sequential: e.Loop.Sequential, item: c.variable(inner(e, "item").S)}
	m.count = c.expr(e.Loop.Cardinality, e.ID+".loopCardinality", feel.KindNumber)
	list := inner(e, "collection")
	m.list = c.expr(list, e.ID+".collection", feel.KindList)
	m.complete = c.expr(e.Loop.Completion, e.ID+".completionCondition", feel.KindBoolean)
	if !e.Loop.Cardinality.Set() && !list.Set() {
		c.refuse(e, "process.lint.loop")
	}
	n.many = m
}
