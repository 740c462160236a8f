package bpmn

import "khue/internal/kernel/decl"

// check holds references against what the file has.
func (r *reader) check() {
	for _, p := range r.model.Processes {
		r.checkBody(&p.Body)
		for i := range p.Lanes {
			l := &p.Lanes[i]
			for _, id := range l.Elements {
				r.exists(l.Pos, l.ID, "flowNodeRef", id)
			}
		}
	}
	for i := range r.model.Collaborations {
		c := &r.model.Collaborations[i]
		for _, p := range c.Participants {
			if p.Process != "" {
				r.exists(p.Pos, p.ID, "processRef", p.Process)
			}
		}
		for _, f := range c.MessageFlows {
			r.exists(f.Pos, f.ID, "sourceRef", f.From)
			r.exists(f.Pos, f.ID, "targetRef", f.To)
		}
	}
	for _, l := range r.listed {
		if _, ok := r.flows[l.flow]; !ok {
			r.warn(l.pos, l.element, "listedFlow", "flow", l.flow)
		}
	}
	for i := range r.model.Diagrams {
		d := &r.model.Diagrams[i]
		for j := range d.Shapes {
			r.draws(d.Shapes[j].ID, d.Shapes[j].Element)
		}
		for j := range d.Edges {
			r.draws(d.Edges[j].ID, d.Edges[j].Element)
		}
	}
}

// draws warns of a shape of nothing: it is left out of the drawing.
func (r *reader) draws(shape, id string) {
	if _, ok := r.src.byID[id]; ok {
		return
	}
	pos := decl.Pos{}
	if n := r.src.byID[shape]; n != nil {
		pos = n.pos
	}
	r.warn(pos, id, "drawnNothing", "ref", id)
}

// exists refuses a reference to what the file does not hold.
func (r *reader) exists(pos decl.Pos, element, attr, id string) bool {
	if id == "" {
		r.refuse(pos, element, "noRef", "attr", attr)
		return false
	}
	if _, ok := r.src.byID[id]; !ok {
		if attr == "errorRef" { // several engines read a code there
			r.warn(pos, element, "unknownRef", "attr", attr, "ref", id)
			return false
		}
		r.refuse(pos, element, "unknownRef", "attr", attr, "ref", id)
		return false
	}
	return true
}

// node refuses a reference to what is no flow element.
func (r *reader) node(pos decl.Pos, element, attr, id string) *placed {
	if !r.exists(pos, element, attr, id) {
		return nil
	}
	p := r.elements[id]
	if p == nil {
		r.refuse(pos, element, "notAnElement", "attr", attr, "ref", id)
	}
	return p
}

func (r *reader) checkBody(b *Body) {
	for _, f := range b.Flows {
		from, to := r.node(f.Pos, f.ID, "sourceRef", f.From), r.node(f.Pos, f.ID, "targetRef", f.To)
		switch {
		case from == nil || to == nil:
		case from.in != to.in:
			r.refuse(f.Pos, f.ID, "flowCrosses", "from", f.From, "to", f.To)
		case from.in != b:
			r.refuse(f.Pos, f.ID, "flowElsewhere", "from", f.From, "to", f.To)
		}
	}
	for _, e := range b.Elements {
		r.checkElement(e, b)
		if e.Body != nil {
			r.checkBody(e.Body)
		}
	}
}

func (r *reader) checkElement(e *Element, b *Body) {
	if e.Kind == BoundaryEvent {
		switch host := r.elements[e.AttachedTo]; {
		case e.AttachedTo == "" || host == nil || !activity(host.Kind):
			r.refuse(e.Pos, e.ID, "attachedToNothing", "ref", e.AttachedTo)
		case host.in != b:
			r.refuse(e.Pos, e.ID, "attachedElsewhere", "ref", e.AttachedTo)
		}
	}
	if e.Default != "" && r.exists(e.Pos, e.ID, "default", e.Default) {
		if f := r.flows[e.Default]; f == nil || f.From != e.ID {
			r.refuse(e.Pos, e.ID, "defaultElsewhere", "ref", e.Default)
		}
	}
	if e.Message != "" {
		r.root(e.Pos, e.ID, "messageRef", e.Message, "message")
	}
	for i := range e.Events {
		d := &e.Events[i]
		if d.Ref == "" {
			continue
		}
		switch d.Kind {
		case Message, Signal, Error, Escalation:
			r.root(d.Pos, e.ID, eventDefs[d.Kind], d.Ref, string(d.Kind))
		case Compensate:
			r.node(d.Pos, e.ID, "activityRef", d.Ref)
		case Timer, Terminate, Conditional, Link, Cancel:
		}
	}
}

// root refuses a reference that is not to a root element of that name.
func (r *reader) root(pos decl.Pos, element, attr, id, name string) {
	if r.exists(pos, element, attr, id) && !r.src.byID[id].is(name) {
		r.refuse(pos, element, "wrongRef", "attr", attr, "ref", id, "want", name)
	}
}

// activity reports whether the kind is work that boundary events can stand on.
func activity(k Kind) bool {
	switch k {
	case StartEvent, EndEvent, CatchEvent, ThrowEvent, BoundaryEvent, ExclusiveGateway, ParallelGateway, InclusiveGateway,
		EventBasedGateway, ComplexGateway:
		return false
	case Task, UserTask, ManualTask, ServiceTask, BusinessRuleTask, SendTask, ReceiveTask, ScriptTask, CallActivity, SubProcess,
		Transaction, AdHocSubProcess, Foreign:
		return true
	}
	return false
}
