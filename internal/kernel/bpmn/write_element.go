package bpmn

import (
	"slices"
)

func (w *writer) body(n *node, b *Body, p *Process, depth int) {
	var items []item
	for _, f := range b.Flows {
		w.flows[f.From] = append(w.flows[f.From], f)
		if f.To != f.From {
			w.flows[f.To] = append(w.flows[f.To], f)
		}
	}
	for _, e := range b.Elements {
		name := string(e.Kind)
		if e.Kind == Foreign {
			if name = string(Task); len(e.Unknown) > 0 {
				name = e.Unknown[0]
			}
		}
		items = append(items, item{id: e.ID, name: name, rank: rankFlow, render: func(n *node, depth int) { w.element(n, e, p, depth) }})
	}
	for _, f := range b.Flows {
		items = append(items, item{id: f.ID, name: "sequenceFlow", rank: rankFlow, render: func(n *node, depth int) { w.flow(n, f, depth) }})
	}
	items = append(items, w.beside(b.Artifacts, b.Associations)...)
	w.merge(n, depth, inFlow, items)
}

// inFlow tells the children that a body owns.
func inFlow(n *node) bool {
	return n.bpmn() && n.name != "laneSet" && !outsideFlow[n.name]
}

// besideFlow tells artifacts and associations.
func besideFlow(n *node) bool {
	if !n.bpmn() {
		return false
	}
	switch n.name {
	case "textAnnotation", "group", "dataObject", "dataObjectReference", "dataStoreReference", "association":
		return true
	}
	return false
}

func (w *writer) beside(artifacts []Artifact, associations []Association) []item {
	var items []item
	for i := range artifacts {
		a := &artifacts[i]
		if a.Kind == DataInput || a.Kind == DataOutput {
			continue // in the ioSpecification, which is kept as it stands
		}
		name := string(a.Kind)
		switch a.Kind {
		case DataObject:
			name = "dataObjectReference"
		case DataStore:
			name = "dataStoreReference"
		case Annotation, Group, DataInput, DataOutput:
		}
		items = append(items, item{id: a.ID, name: name, rank: rankArtifact, render: func(n *node, depth int) { w.artifact(n, a, depth) }})
	}
	for i := range associations {
		a, id := &associations[i], associations[i].ID
		if id == "" {
			id = a.From + "-" + a.To
		}
		items = append(items, item{id: id, name: "association", rank: rankArtifact, render: func(n *node, _ int) {
			w.id(n, id)
			w.ref(n, "sourceRef", a.From)
			w.ref(n, "targetRef", a.To)
			n.set("associationDirection", a.Directed)
		}})
	}
	return items
}

func (w *writer) artifact(n *node, a *Artifact, depth int) {
	w.id(n, a.ID)
	switch a.Kind {
	case Annotation:
		w.text(n, "text", a.Name, depth)
	case Group, DataInput, DataOutput: // the text of a group stands in a category
	case DataObject, DataStore:
		n.set("name", a.Name)
		if s := n.kid("dataState"); s != nil || a.State != "" {
			if s == nil {
				s = newNode(n.prefix, NS, "dataState")
				n.insert(s, rankFlow, depth+1)
			}
			if s.attr("name") != a.State {
				c := s.copy()
				c.set("name", a.State)
				n.kids[slices.Index(n.kids, s)] = c
			}
		}
	}
}

func (w *writer) flow(n *node, f *Flow, depth int) {
	w.id(n, f.ID)
	n.set("name", f.Name)
	w.ref(n, "sourceRef", f.From)
	w.ref(n, "targetRef", f.To)
	w.attrs(n, f.Attrs)
	const name = "conditionExpression"
	old := n.kid(name)
	if old.written().S == f.Condition.S && (old == nil || old.attr("language") == f.Language) {
		return
	}
	w.text(n, name, f.Condition.S, depth)
	if f.Condition.S == "" {
		return
	}
	c := w.child(n, name, rankFlow, depth)
	c.set("language", f.Language)
	if old == nil {
		c.attrs = append(c.attrs, attr{prefix: w.prefix(nsXSI, "xsi"), space: nsXSI, name: "type", value: c.qualified("tFormalExpression")})
	}
}

func (w *writer) element(n *node, e *Element, p *Process, depth int) {
	w.id(n, e.ID)
	if e.Kind != Foreign {
		n.name = string(e.Kind)
	}
	n.set("name", e.Name)
	w.doc(n, e.Doc, depth)
	w.attrs(n, e.Attrs)
	w.ext(n, e.Ext, depth)
	w.listed(n, e, depth)
	w.ref(n, "default", e.Default)
	n.setBool("isForCompensation", e.Compensates, false)
	switch e.Kind {
	case BoundaryEvent:
		w.ref(n, "attachedToRef", e.AttachedTo)
		n.setBool("cancelActivity", e.Interrupting, true)
	case StartEvent:
		n.setBool("isInterrupting", e.Interrupting, true)
	case CallActivity:
		w.ref(n, "calledElement", e.Called)
	case SendTask, ReceiveTask:
		w.ref(n, "messageRef", e.Message)
		n.setBool("instantiate", e.Instantiate, false)
	case EventBasedGateway:
		n.setBool("instantiate", e.Instantiate, false)
	case ScriptTask:
		n.set("scriptFormat", e.ScriptFormat)
		w.text(n, "script", e.Script.S, depth)
	case SubProcess, Transaction, AdHocSubProcess:
		n.setBool("triggeredByEvent", e.Triggered, false)
	default:
	}
	if e.Kind == Foreign {
		return
	}
	w.loop(n, e.Loop, depth)
	w.events(n, e.Events, depth)
	if e.Body != nil {
		w.body(n, e.Body, p, depth)
	}
}

// listed keeps <incoming> and <outgoing> true.
func (w *writer) listed(n *node, e *Element, depth int) {
	fresh := w.src.byID[e.ID] == nil
	has := make(map[string]bool)
	key := func(k *node) string { return k.name + " " + w.src.ref(k.content()) }
	mine := make(map[string]bool)
	for _, f := range w.flows[e.ID] {
		if f.From == e.ID {
			mine["outgoing "+f.ID] = true
		}
		if f.To == e.ID {
			mine["incoming "+f.ID] = true
		}
	}
	n.drop(func(k *node) bool {
		if !k.is("incoming") && !k.is("outgoing") {
			return false
		}
		has[key(k)] = true
		old := w.src.byID[w.src.ref(k.content())]
		if old == nil || !old.is("sequenceFlow") || mine[key(k)] {
			return false
		}
		// a list that was wrong when read stays as it was
		end := "targetRef"
		if k.name == "outgoing" {
			end = "sourceRef"
		}
		return w.src.ref(old.attr(end)) == e.ID || fresh
	})
	for _, f := range w.flows[e.ID] {
		if !fresh && w.src.byID[f.ID] != nil {
			continue
		}
		if f.To == e.ID && !has["incoming "+f.ID] {
			n.insert(leaf(n.prefix, NS, "incoming", f.ID), rankIncoming, depth+1)
		}
		if f.From == e.ID && !has["outgoing "+f.ID] {
			n.insert(leaf(n.prefix, NS, "outgoing", f.ID), rankOutgoing, depth+1)
		}
	}
}

func (w *writer) loop(n *node, l *Loop, depth int) {
	const name = "multiInstanceLoopCharacteristics"
	if l == nil {
		n.drop(func(k *node) bool { return k.is(name) })
		return
	}
	c := w.child(n, name, rankLoop, depth)
	c.setBool("isSequential", l.Sequential, false)
	w.attrs(c, l.Attrs)
	w.text(c, "loopCardinality", l.Cardinality.S, depth+1)
	w.text(c, "completionCondition", l.Completion.S, depth+1)
}

func eventKind(n *node) EventDefKind {
	if n.bpmn() {
		for kind := range eventDefs {
			if n.name == string(kind)+"EventDefinition" {
				return kind
			}
		}
	}
	return ""
}

func (w *writer) events(n *node, defs []EventDef, depth int) {
	var had []EventDefKind
	for _, k := range n.kids {
		if kind := eventKind(k); kind != "" {
			had = append(had, kind)
		}
	}
	want := make([]EventDefKind, len(defs))
	for i := range defs {
		want[i] = defs[i].Kind
	}
	if !slices.Equal(had, want) {
		n.drop(func(k *node) bool { return eventKind(k) != "" })
		for _, kind := range want {
			n.insert(newNode(n.prefix, NS, string(kind)+"EventDefinition"), rankFlow, depth+1)
		}
	}
	i := 0
	for j, k := range n.kids {
		if eventKind(k) == "" {
			continue
		}
		c, d := k.copy(), &defs[i]
		n.kids[j] = c
		i++
		w.attrs(c, d.Attrs)
		switch d.Kind {
		case Link:
			c.set("name", d.Ref)
		case Timer:
			w.text(c, "timeDate", d.Date.S, depth+1)
			w.text(c, "timeDuration", d.Duration.S, depth+1)
			w.text(c, "timeCycle", d.Cycle.S, depth+1)
		case Conditional:
			w.text(c, "condition", d.Condition.S, depth+1)
		case Terminate, Cancel:
		case Message, Signal, Error, Escalation, Compensate:
			w.ref(c, eventDefs[d.Kind], d.Ref)
		}
	}
}

// id writes the id, but not one that Parse made up.
func (w *writer) id(n *node, id string) {
	if old := w.src.byID[id]; old != nil && old.attr("id") == "" {
		return
	}
	n.set("id", id)
}

// ref writes a reference unless the one that stands means the same.
func (w *writer) ref(n *node, name, id string) {
	if w.src.ref(n.attr(name)) != id {
		n.set(name, id)
	}
}

func (w *writer) doc(n *node, doc string, depth int) {
	r := &reader{faults: &faults{}, src: w.src}
	if r.doc(n) == doc {
		return
	}
	n.drop(func(k *node) bool { return k.is("documentation") })
	if doc != "" {
		n.insert(leaf(n.prefix, NS, "documentation", doc), rankDoc, depth+1)
	}
}

// attrs writes the khue: attributes.
func (w *writer) attrs(n *node, attrs Attrs) {
	n.attrs = slices.DeleteFunc(n.attrs, func(a attr) bool {
		_, keep := attrs[a.name]
		return a.space == NSKhue && !keep
	})
	for _, name := range sortedKeys(attrs) {
		i := slices.IndexFunc(n.attrs, func(a attr) bool { return a.space == NSKhue && a.name == name })
		if i < 0 {
			n.attrs = append(n.attrs, attr{prefix: w.prefix(NSKhue, "khue"), space: NSKhue, name: name})
			i = len(n.attrs) - 1
		}
		n.attrs[i].value = attrs[name].S
	}
}

func (w *writer) ext(n *node, exts []Ext, depth int) {
	had := khueExt(n)
	if slices.EqualFunc(had, exts, func(a, b Ext) bool {
		return a.Name == b.Name && len(a.Attrs) == len(b.Attrs) && !slices.ContainsFunc(sortedKeys(b.Attrs), func(k string) bool {
			v, ok := a.Attrs[k]
			return !ok || v.S != b.Attrs[k].S
		})
	}) {
		return
	}
	x := w.child(n, "extensionElements", rankExt, depth)
	x.drop(func(k *node) bool { return k.kind == elementNode && k.space == NSKhue })
	for _, e := range exts {
		c := newNode(w.prefix(NSKhue, "khue"), NSKhue, e.Name)
		for _, name := range sortedKeys(e.Attrs) {
			c.attrs = append(c.attrs, attr{name: name, value: e.Attrs[name].S})
		}
		x.insert(c, rankFlow, depth+2)
	}
	if !slices.ContainsFunc(x.kids, func(k *node) bool { return k.kind == elementNode }) {
		n.drop(func(k *node) bool { return k == x })
	}
}

// child is a copy of the named child in its place, or a new one.
func (w *writer) child(n *node, name string, rank, depth int) *node {
	for i, k := range n.kids {
		if k.is(name) {
			n.kids[i] = k.copy()
			return n.kids[i]
		}
	}
	c := newNode(n.prefix, NS, name)
	n.insert(c, rank, depth+1)
	return c
}

// text writes the text of a child element; empty takes the child away.
func (w *writer) text(n *node, name, text string, depth int) {
	old := n.kid(name)
	if old.written().S == text {
		return
	}
	if text == "" {
		n.drop(func(k *node) bool { return k.is(name) })
		return
	}
	c := w.child(n, name, rankFlow, depth)
	c.kids = []*node{{kind: textNode, text: text}}
}
