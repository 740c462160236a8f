package bpmn

import (
	"strconv"
	"strings"

	"khue/internal/kernel/decl"
)

// Parse reads a definitions file. The model is nil where the file cannot be read as
// BPMN at all; otherwise it holds what could be read, also beside problems. Messages
// stand under "bpmn.lint"; each has the parameter element, the id of what is meant.
// Imports and schema locations are never followed.
func Parse(file string, data []byte) (*Model, decl.Problems) {
	f := &faults{file: file}
	src := f.readXML(data)
	if src == nil {
		return nil, f.problems
	}
	r := &reader{
		faults: f, src: src, model: &Model{source: src},
		elements: make(map[string]*placed), flows: make(map[string]*Flow), categories: make(map[string]string),
		collections: make(map[string]bool),
	}
	r.index(src.root)
	r.definitions(src.root)
	r.check()
	for id, n := range src.byID {
		src.ids[n] = id
	}
	f.problems.Sort()
	return r.model, f.problems
}

// placed is an element with the body that holds it.
type placed struct {
	*Element
	in *Body
}

type reader struct {
	*faults
	src   *source
	model *Model

	elements    map[string]*placed
	flows       map[string]*Flow
	categories  map[string]string // value by id, for groups
	collections map[string]bool   // ids of data objects that are collections
	listed      []listed          // flows named by <incoming> and <outgoing>
	count, made int
	shapes      int
	full        bool
}

// listed is a flow that an element names as its own.
type listed struct {
	pos           decl.Pos
	element, flow string
}

// index finds the ids of the document and refuses doubled ones.
func (r *reader) index(n *node) {
	if n.space == NS || n.space == nsDI {
		if id := n.attr("id"); id != "" {
			if first, ok := r.src.byID[id]; ok {
				r.refuse(n.pos, id, "doubledID", "line", first.pos.Line)
			} else {
				r.src.byID[id] = n
			}
		}
		switch n.name {
		case "dataObject", "dataStore", "dataInput", "dataOutput":
			if n.attr("isCollection") == "true" {
				r.collections[n.attr("id")] = true
			}
		case "categoryValue":
			r.categories[n.attr("id")] = n.attr("value")
		}
	}
	for _, k := range n.kids {
		if k.kind == elementNode && (n.space == NS || n.space == nsDI) && n.name != "extensionElements" {
			r.index(k)
		}
	}
}

// id is the element's id; one that has none gets "prefix-1", which Write leaves out.
func (r *reader) id(n *node, prefix string) string {
	if id := n.attr("id"); id != "" {
		return id
	}
	for {
		r.made++
		id := prefix + "-" + strconv.Itoa(r.made)
		if _, taken := r.src.byID[id]; !taken {
			r.src.byID[id] = n
			return id
		}
	}
}

func (r *reader) ref(s string) string { return r.src.ref(s) }

// ref is the id that a QName means: a prefix of the file's own namespace is dropped.
func (s *source) ref(name string) string {
	name = strings.TrimSpace(name)
	if _, ok := s.byID[name]; ok {
		return name
	}
	if _, local, ok := strings.Cut(name, ":"); ok {
		if _, ok := s.byID[local]; ok {
			return local
		}
	}
	return name
}

// many counts what a model holds and reports whether it is still bounded.
func (r *reader) many(n *node) bool {
	if r.count++; r.count > maxElements {
		if !r.full {
			r.refuse(n.pos, n.attr("id"), "tooMany", "max", maxElements)
		}
		r.full = true
	}
	return !r.full
}

func (r *reader) definitions(root *node) {
	m := r.model
	m.ID, m.Name = root.attr("id"), r.name(root)
	for _, n := range root.kids {
		if n.kind != elementNode {
			continue
		}
		if n.space == nsDI && n.name == "BPMNDiagram" {
			r.diagram(n)
		}
		if n.space != NS {
			continue
		}
		switch n.name {
		case "process":
			r.process(n)
		case "collaboration":
			r.collaboration(n)
		case "message":
			m.Messages = append(m.Messages, r.named(n, "name"))
		case "signal":
			m.Signals = append(m.Signals, r.named(n, "name"))
		case "error":
			m.Errors = append(m.Errors, r.named(n, "errorCode"))
		case "escalation":
			m.Escalations = append(m.Escalations, r.named(n, "escalationCode"))
		case "import":
			r.warn(n.pos, n.attr("location"), "import", "location", n.attr("location"))
		}
	}
}

func (r *reader) named(n *node, attr string) Named {
	r.name(n)
	out := Named{Pos: n.pos, ID: n.attr("id"), Name: n.attr(attr), Attrs: khueAttrs(n)}
	if out.ID == "" {
		r.refuse(n.pos, n.name, "noID", "kind", n.name)
	}
	return out
}

func (r *reader) process(n *node) {
	p := &Process{
		Pos: n.pos, ID: n.attr("id"), Name: r.name(n), Doc: r.doc(n), Executable: n.attr("isExecutable") == "true",
		Attrs: khueAttrs(n), Ext: khueExt(n),
	}
	if p.ID == "" {
		r.refuse(n.pos, "process", "noID", "kind", "process")
	}
	r.model.Processes = append(r.model.Processes, p)
	r.body(n, &p.Body, p, 0)
}

// body reads what a process or sub-process holds. Lanes go to the process.
func (r *reader) body(n *node, b *Body, p *Process, depth int) {
	if depth > maxNesting {
		r.refuse(n.pos, n.attr("id"), "tooDeep", "max", maxNesting)
		return
	}
	for _, k := range n.kids {
		if !k.bpmn() {
			continue
		}
		if k.name == "laneSet" {
			r.lanes(k, p, "", 1)
			continue
		}
		if outsideFlow[k.name] {
			if k.name == "ioSpecification" && n.name == "process" {
				r.artifacts(k, b)
			}
			continue
		}
		if !r.many(k) {
			return
		}
		switch {
		case k.name == "sequenceFlow":
			r.flow(k, b)
		case k.name == "association":
			b.Associations = append(b.Associations, r.association(k))
		default:
			if a, ok := r.artifact(k); ok {
				b.Artifacts = append(b.Artifacts, a)
				continue
			}
			r.element(k, b, p, depth)
		}
	}
}

// outsideFlow are children of processes and activities that are no flow elements.
//
//nolint:gochecknoglobals // immutable table
var outsideFlow = map[string]bool{
	"documentation": true, "extensionElements": true, "incoming": true, "outgoing": true, "auditing": true,
	"monitoring": true, "ioSpecification": true, "property": true, "dataInputAssociation": true,
	"dataOutputAssociation": true, "resourceRole": true, "performer": true, "humanPerformer": true,
	"potentialOwner": true, "correlationSubscription": true, "supports": true, "supportedInterfaceRef": true,
	"ioBinding": true, "standardLoopCharacteristics": true, "multiInstanceLoopCharacteristics": true,
	"loopCharacteristics": true, "completionCondition": true, "categoryValueRef": true,
}

func (r *reader) flow(n *node, b *Body) {
	f := &Flow{
		Pos: n.pos, ID: r.id(n, "flow"), Name: r.name(n), From: r.ref(n.attr("sourceRef")), To: r.ref(n.attr("targetRef")),
		Attrs: khueAttrs(n),
	}
	if c := n.kid("conditionExpression"); c != nil {
		f.Condition, f.Language = c.written(), c.attr("language")
	}
	b.Flows = append(b.Flows, f)
	r.flows[f.ID] = f
}

func (r *reader) association(n *node) Association {
	return Association{
		ID: r.id(n, "association"), From: r.ref(n.attr("sourceRef")), To: r.ref(n.attr("targetRef")), Directed: n.attr("associationDirection"),
	}
}

func (r *reader) artifacts(n *node, b *Body) {
	for _, k := range n.kids {
		if a, ok := r.artifact(k); ok {
			b.Artifacts = append(b.Artifacts, a)
		}
	}
}

func (r *reader) artifact(n *node) (Artifact, bool) {
	a := Artifact{Pos: n.pos}
	if !n.bpmn() {
		return a, false
	}
	switch n.name {
	case "textAnnotation":
		a.Kind = Annotation
		if t := n.kid("text"); t != nil {
			a.Name = r.plain(t, n.attr("id"))
		}
	case "group":
		a.Kind, a.Name = Group, r.categories[r.ref(n.attr("categoryValueRef"))]
	case "dataObject", "dataObjectReference":
		a.Kind, a.Name = DataObject, r.name(n)
		a.Collection = r.collections[n.attr("id")] || r.collections[r.ref(n.attr("dataObjectRef"))]
	case "dataStoreReference":
		a.Kind, a.Name = DataStore, r.name(n)
	case "dataInput":
		a.Kind, a.Name, a.Collection = DataInput, r.name(n), n.attr("isCollection") == "true"
	case "dataOutput":
		a.Kind, a.Name, a.Collection = DataOutput, r.name(n), n.attr("isCollection") == "true"
	default:
		return a, false
	}
	if s := n.kid("dataState"); s != nil {
		a.State = r.name(s)
	}
	a.ID = r.id(n, string(a.Kind))
	return a, true
}

func (r *reader) lanes(set *node, p *Process, parent string, depth int) {
	if depth > maxNesting {
		r.refuse(set.pos, set.attr("id"), "tooDeep", "max", maxNesting)
		return
	}
	for _, n := range set.kids {
		if !n.is("lane") || !r.many(n) {
			continue
		}
		l := Lane{Pos: n.pos, ID: r.id(n, "lane"), Name: r.name(n), Parent: parent, Attrs: khueAttrs(n)}
		var nested *node
		for _, k := range n.kids {
			switch {
			case k.is("flowNodeRef"):
				l.Elements = append(l.Elements, r.ref(k.content()))
			case k.is("childLaneSet"):
				nested = k
			}
		}
		p.Lanes = append(p.Lanes, l)
		if nested != nil {
			r.lanes(nested, p, l.ID, depth+1)
		}
	}
}

func (r *reader) collaboration(n *node) {
	c := Collaboration{Pos: n.pos, ID: n.attr("id"), Name: r.name(n)}
	for _, k := range n.kids {
		if !k.bpmn() {
			continue
		}
		switch k.name {
		case "participant":
			if r.many(k) {
				c.Participants = append(c.Participants, Participant{
					Pos: k.pos, ID: r.id(k, "participant"), Name: r.name(k), Process: r.ref(k.attr("processRef")),
					Multiple: k.kid("participantMultiplicity") != nil,
				})
			}
		case "messageFlow":
			if r.many(k) {
				c.MessageFlows = append(c.MessageFlows, MessageFlow{
					Pos: k.pos, ID: r.id(k, "messageFlow"), Name: r.name(k), From: r.ref(k.attr("sourceRef")), To: r.ref(k.attr("targetRef")),
				})
			}
		case "association":
			if r.many(k) {
				c.Associations = append(c.Associations, r.association(k))
			}
		default:
			if a, ok := r.artifact(k); ok && r.many(k) {
				c.Artifacts = append(c.Artifacts, a)
			}
		}
	}
	r.model.Collaborations = append(r.model.Collaborations, c)
}

// khueAttrs are the attributes of the khue: namespace, nil where there are none.
func khueAttrs(n *node) Attrs {
	var out Attrs
	for i := range n.attrs {
		if a := &n.attrs[i]; a.space == NSKhue {
			if out == nil {
				out = make(Attrs)
			}
			out[a.name] = decl.Text{S: a.value, Pos: a.pos}
		}
	}
	return out
}

// khueExt are the extension elements of the khue: namespace.
func khueExt(n *node) []Ext {
	x := n.kid("extensionElements")
	if x == nil {
		return nil
	}
	var out []Ext
	for _, k := range x.kids {
		if k.kind != elementNode || k.space != NSKhue {
			continue
		}
		e := Ext{Pos: k.pos, Name: k.name, Attrs: make(Attrs, len(k.attrs))}
		for i := range k.attrs {
			if a := &k.attrs[i]; a.prefix == "" && a.name != "xmlns" || a.space == NSKhue {
				e.Attrs[a.name] = decl.Text{S: a.value, Pos: a.pos}
			}
		}
		out = append(out, e)
	}
	return out
}
