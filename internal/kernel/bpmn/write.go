package bpmn

import (
	"slices"
)

// Write is the file of a model: BPMN 2.0 with its drawing, UTF-8, the same bytes for
// the same model. A model that was read keeps all that the package does not know, in
// its place; what the model has new or changed is written over it. An element whose
// id is changed is a new element and loses what is foreign in the old one.
func Write(m *Model) []byte {
	w := &writer{m: m, src: m.source, flows: make(map[string][]*Flow)}
	if w.src == nil {
		w.src = emptySource()
	}
	w.root = w.src.root.copy()
	doc := &node{kids: slices.Clone(w.src.doc.kids)}
	doc.kids[slices.Index(doc.kids, w.src.root)] = w.root
	w.definitions()
	return serialize(doc)
}

type writer struct {
	m     *Model
	src   *source
	root  *node
	flows map[string][]*Flow // of the element, by id
}

func emptySource() *source {
	root := newNode("bpmn", NS, "definitions")
	for _, a := range [][2]string{{"bpmn", NS}, {"bpmndi", nsDI}, {"dc", nsBounds}, {"di", nsPoint}, {"khue", NSKhue}} {
		root.attrs = append(root.attrs, attr{prefix: "xmlns", name: a[0], value: a[1]})
	}
	root.attrs = append(root.attrs, attr{name: "targetNamespace", value: NSKhue})
	return &source{doc: &node{kids: []*node{root}}, root: root, byID: map[string]*node{}, ids: map[*node]string{}}
}

// prefix is the prefix of a namespace on the root, declared there where it is not.
func (w *writer) prefix(ns, want string) string {
	taken := make(map[string]bool)
	for _, a := range w.root.attrs {
		if a.prefix == "xmlns" {
			if a.value == ns {
				return a.name
			}
			taken[a.name] = true
		}
	}
	for taken[want] {
		want += "x"
	}
	w.root.attrs = append(w.root.attrs, attr{prefix: "xmlns", name: want, value: ns})
	return want
}

// item is something of the model that has its own element in the file.
type item struct {
	id     string
	name   string // of the element, where it is new
	rank   int    // place among its siblings, where it is new
	render func(n *node, depth int)
}

// Ranks of children, in the order of the schema.
const (
	rankDoc = iota
	rankExt
	rankIncoming
	rankOutgoing
	rankLanes
	rankLoop
	rankFlow
	rankArtifact
	rankRoot
	rankDiagram
)

// merge puts the items into n: each replaces what it was read from, what is gone from
// the model goes, new ones come after their like. own tells the children that items
// stand for.
func (w *writer) merge(n *node, depth int, own func(*node) bool, items []item) {
	byID := make(map[string]*item, len(items))
	for i := range items {
		if _, ok := byID[items[i].id]; !ok {
			byID[items[i].id] = &items[i]
		}
	}
	done := make(map[string]bool, len(items))
	kids := make([]*node, 0, len(n.kids))
	for _, k := range n.kids {
		id, known := w.src.ids[k]
		if !known || !own(k) {
			kids = append(kids, k)
			continue
		}
		it := byID[id]
		if it == nil {
			kids = trimSpaceTail(kids)
			continue
		}
		done[id] = true
		c := k.copy()
		it.render(c, depth+1)
		kids = append(kids, c)
	}
	n.kids = kids
	for i := range items {
		it := &items[i]
		if done[it.id] {
			continue
		}
		done[it.id] = true
		c := newNode(w.bpmnPrefix(n), NS, it.name)
		if old := w.src.byID[it.id]; old != nil && own(old) { // moved
			c = old.copy()
			c.prefix, c.space = w.bpmnPrefix(n), NS
		}
		it.render(c, depth+1)
		n.insert(c, it.rank, depth+1)
	}
}

// bpmnPrefix is the prefix for BPMN elements inside of n.
func (w *writer) bpmnPrefix(n *node) string {
	if n.space == NS {
		return n.prefix
	}
	return w.root.prefix
}

func (w *writer) definitions() {
	m, root := w.m, w.root
	root.set("id", m.ID)
	root.set("name", m.Name)
	var items []item
	add := func(name string, list []Named, attr string) {
		for i := range list {
			x := &list[i]
			items = append(items, item{id: x.ID, name: name, rank: rankRoot, render: func(n *node, _ int) {
				w.id(n, x.ID)
				n.set(attr, x.Name)
				w.attrs(n, x.Attrs)
			}})
		}
	}
	add("message", m.Messages, "name")
	add("signal", m.Signals, "name")
	add("error", m.Errors, "errorCode")
	add("escalation", m.Escalations, "escalationCode")
	for i := range m.Collaborations {
		c := &m.Collaborations[i]
		items = append(items, item{id: c.ID, name: "collaboration", rank: rankRoot, render: func(n *node, depth int) { w.collaboration(n, c, depth) }})
	}
	for _, p := range m.Processes {
		items = append(items, item{id: p.ID, name: "process", rank: rankRoot, render: func(n *node, depth int) { w.process(n, p, depth) }})
	}
	w.merge(root, 0, func(n *node) bool {
		if !n.bpmn() {
			return false
		}
		switch n.name {
		case "message", "signal", "error", "escalation", "collaboration", "process":
			return true
		}
		return false
	}, items)
	w.diagrams()
}

func (w *writer) process(n *node, p *Process, depth int) {
	w.id(n, p.ID)
	n.set("name", p.Name)
	n.setBool("isExecutable", p.Executable, false)
	w.doc(n, p.Doc, depth)
	w.attrs(n, p.Attrs)
	w.ext(n, p.Ext, depth)
	w.lanes(n, p, depth)
	w.body(n, &p.Body, p, depth)
}

// lanes writes the lane sets of a process. A lane keeps its place; new ones go to the
// first set, or to the set of the lane that holds them.
func (w *writer) lanes(n *node, p *Process, depth int) {
	var first bool
	for i, k := range n.kids {
		if k.is("laneSet") {
			n.kids[i] = w.laneSet(k.copy(), p, "", !first, depth+1)
			first = true
		}
	}
	if !first && slices.ContainsFunc(p.Lanes, func(l Lane) bool { return l.Parent == "" }) && !w.nestedSet(n) {
		set := newNode(n.prefix, NS, "laneSet")
		n.insert(w.laneSet(set, p, "", true, depth+1), rankLanes, depth+1)
	}
}

// nestedSet reports whether a sub-process has the lanes.
func (w *writer) nestedSet(n *node) bool {
	return slices.ContainsFunc(n.kids, func(k *node) bool {
		return k.bpmn() && holdsBody(Kind(k.name)) && (k.kid("laneSet") != nil || w.nestedSet(k))
	})
}

func (w *writer) laneSet(set *node, p *Process, parent string, takesNew bool, depth int) *node {
	var items []item
	for i := range p.Lanes {
		l := &p.Lanes[i]
		old := w.src.byID[l.ID]
		if known := old != nil && old.is("lane"); !slices.Contains(set.kids, old) && (known || l.Parent != parent || !takesNew) {
			continue
		}
		items = append(items, item{id: l.ID, name: "lane", rank: rankFlow, render: func(n *node, depth int) { w.lane(n, l, p, depth) }})
	}
	w.merge(set, depth, func(n *node) bool { return n.is("lane") }, items)
	return set
}

func (w *writer) lane(n *node, l *Lane, p *Process, depth int) {
	w.id(n, l.ID)
	n.set("name", l.Name)
	w.attrs(n, l.Attrs)
	var had []string
	for _, k := range n.kids {
		if k.is("flowNodeRef") {
			had = append(had, w.src.ref(k.content()))
		}
	}
	if !slices.Equal(had, l.Elements) {
		n.drop(func(k *node) bool { return k.is("flowNodeRef") })
		for _, id := range l.Elements {
			n.insert(leaf(n.prefix, NS, "flowNodeRef", id), rankFlow, depth+1)
		}
	}
	for i, k := range n.kids {
		if k.is("childLaneSet") {
			n.kids[i] = w.laneSet(k.copy(), p, l.ID, true, depth+1)
			return
		}
	}
	if slices.ContainsFunc(p.Lanes, func(c Lane) bool { return c.Parent == l.ID }) {
		n.insert(w.laneSet(newNode(n.prefix, NS, "childLaneSet"), p, l.ID, true, depth+1), rankArtifact, depth+1)
	}
}

func (w *writer) collaboration(n *node, c *Collaboration, depth int) {
	w.id(n, c.ID)
	n.set("name", c.Name)
	var items []item
	for i := range c.Participants {
		p := &c.Participants[i]
		items = append(items, item{id: p.ID, name: "participant", rank: rankLanes, render: func(n *node, depth int) {
			w.id(n, p.ID)
			n.set("name", p.Name)
			w.ref(n, "processRef", p.Process)
			if p.Multiple && n.kid("participantMultiplicity") == nil {
				n.insert(newNode(n.prefix, NS, "participantMultiplicity"), rankFlow, depth+1)
			}
			if !p.Multiple {
				n.drop(func(k *node) bool { return k.is("participantMultiplicity") })
			}
		}})
	}
	for i := range c.MessageFlows {
		f := &c.MessageFlows[i]
		items = append(items, item{id: f.ID, name: "messageFlow", rank: rankFlow, render: func(n *node, _ int) {
			w.id(n, f.ID)
			n.set("name", f.Name)
			w.ref(n, "sourceRef", f.From)
			w.ref(n, "targetRef", f.To)
		}})
	}
	items = append(items, w.beside(c.Artifacts, c.Associations)...)
	w.merge(n, depth, func(k *node) bool {
		return k.is("participant") || k.is("messageFlow") || besideFlow(k)
	}, items)
}
