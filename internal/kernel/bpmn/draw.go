package bpmn

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

// DrawOptions say how a model is drawn. Its zero value draws the first diagram in
// Vietnamese with classes of the house's style sheet.
type DrawOptions struct {
	Plane      string                 // id of the process, collaboration or sub-process drawn; empty: the first diagram
	Title      string                 // of the drawing; empty: the name of what is drawn
	Heat       map[string]float64     // by id of an element: 0 to 1
	Current    []string               // ids of the steps where the case stands
	Labels     func(id string) string // a name in place of the file's; "" keeps that
	Lang       i18n.Lang              // of what the drawing says of itself
	Standalone bool                   // colours stand in the file, for use outside of our pages
	ID         string                 // prefix of ids, for several drawings on one page
}

// ownTexts are the words that drawings use of themselves.
//
//nolint:gochecknoglobals // compiled immutable table
var ownTexts = sync.OnceValues(func() (*i18n.Bundle, error) { return i18n.NewBundle(Messages) })

// Draw is an accessible SVG of one diagram of the model. It has no script, style or
// reference to anything outside; every element is a group with a spoken name. A model
// without a diagram is laid out first. NotFound where the plane is not in the file.
func Draw(m *Model, opt DrawOptions) ([]byte, error) {
	texts, err := ownTexts()
	if err != nil {
		return nil, err
	}
	d := m.diagram(opt.Plane)
	if d == nil && opt.Plane == "" {
		laid := *m
		laid.Diagrams = nil
		Layout(&laid)
		d = laid.diagram("")
	}
	if d == nil {
		return nil, errs.E(errs.NotFound, "bpmn.draw.noDiagram")
	}
	if opt.Lang == "" {
		opt.Lang = i18n.VI
	}
	s := &scene{canvas: canvas{colours: opt.Standalone}, m: m, d: d, opt: opt, texts: texts, things: make(map[string]*thing), shapes: make(map[string]*Shape), feet: make(map[string]float64)}
	s.index()
	s.draw()
	return s.bytes(), nil
}

func (m *Model) diagram(plane string) *Diagram {
	for i := range m.Diagrams {
		d := &m.Diagrams[i]
		if (plane == "" || d.Plane == plane) && len(d.Shapes) > 0 {
			return d
		}
	}
	return nil
}

// thing is what a shape or an edge stands for.
type thing struct {
	kind, name  string
	depth       int    // sub-processes around it
	parent      string // id of the sub-process around it
	element     *Element
	artifact    *Artifact
	participant *Participant
	lane        *Lane
	flow        *Flow
	from, to    string
	directed    string
}

type scene struct {
	canvas
	m      *Model
	d      *Diagram
	opt    DrawOptions
	feet   map[string]float64 // how far boundary events reach into their host from below
	texts  *i18n.Bundle
	things map[string]*thing
	shapes map[string]*Shape // drawn ones by element
	box    box
}

func (s *scene) t(key string, kv ...any) string {
	return s.texts.T(s.opt.Lang, "bpmn.draw."+key, kv...)
}

// name is what is written at an element.
func (s *scene) name(id, name string) string {
	if s.opt.Labels != nil {
		if l := s.opt.Labels(id); l != "" {
			return l
		}
	}
	return name
}

func (s *scene) add(id string, t *thing) {
	if _, ok := s.things[id]; !ok && id != "" {
		t.name = strings.TrimSpace(s.name(id, t.name))
		s.things[id] = t
	}
}

func (s *scene) index() {
	for _, p := range s.m.Processes {
		for i := range p.Lanes {
			s.add(p.Lanes[i].ID, &thing{kind: "lane", name: p.Lanes[i].Name, lane: &p.Lanes[i]})
		}
		s.body(&p.Body, "", 1)
	}
	for i := range s.m.Collaborations {
		c := &s.m.Collaborations[i]
		for j := range c.Participants {
			p := &c.Participants[j]
			s.add(p.ID, &thing{kind: "pool", name: p.Name, participant: p})
		}
		for _, f := range c.MessageFlows {
			s.add(f.ID, &thing{kind: "messageFlow", name: f.Name, from: f.From, to: f.To})
		}
		s.beside(c.Artifacts, c.Associations, 0, "")
	}
	for _, n := range s.m.Messages {
		s.add(n.ID, &thing{kind: "message", name: n.Name})
	}
}

func (s *scene) body(b *Body, parent string, depth int) {
	for _, e := range b.Elements {
		s.add(e.ID, &thing{kind: string(e.Kind), name: e.Name, element: e, depth: depth, parent: parent})
		if e.Body != nil {
			s.body(e.Body, e.ID, depth+1)
		}
	}
	for _, f := range b.Flows {
		s.add(f.ID, &thing{kind: "sequenceFlow", name: f.Name, flow: f, from: f.From, to: f.To, depth: depth, parent: parent})
	}
	for _, f := range b.DataFlows {
		s.add(f.ID, &thing{kind: "dataFlow", from: f.From, to: f.To, depth: depth, parent: parent})
	}
	s.beside(b.Artifacts, b.Associations, depth, parent)
}

func (s *scene) beside(artifacts []Artifact, associations []Association, depth int, parent string) {
	for i := range artifacts {
		a := &artifacts[i]
		s.add(a.ID, &thing{kind: string(a.Kind), name: a.Name, artifact: a, depth: depth, parent: parent})
	}
	for _, a := range associations {
		s.add(a.ID, &thing{kind: "association", from: a.From, to: a.To, directed: a.Directed, depth: depth, parent: parent})
	}
}

// hidden reports whether a thing stands in a sub-process that is drawn closed.
func (s *scene) hidden(t *thing) bool {
	for n := 0; t != nil && t.parent != "" && n <= maxNesting; n++ {
		if p := s.shapes[t.parent]; p != nil && !s.open(p) {
			return true
		}
		t = s.things[t.parent]
	}
	return false
}

// open reports whether a sub-process shows what it holds: said so, or drawn so.
func (s *scene) open(p *Shape) bool { return p.Expanded || p.W > 160 && p.H > 120 }

// shows reports whether an activity is drawn as a box around others.
func (s *scene) shows(e *Element, sh *Shape) bool {
	return holdsBody(e.Kind) && s.open(sh) || e.Kind == CallActivity && sh.Expanded && sh.W > 160
}

// Layers, from the ground up.
const (
	layerPool = iota
	layerLane
	layerGroup
	layerBox
	layerFlow
	layerNode
	layerNamed // those with the name outside, which may lie over a neighbour
	layerBoundary
)

func (s *scene) layer(t *thing, sh *Shape) int {
	switch {
	case t.participant != nil:
		return layerPool
	case t.lane != nil:
		return layerLane
	case t.artifact != nil && t.artifact.Kind == Group:
		return layerGroup
	case t.element != nil && t.element.Kind == BoundaryEvent:
		return layerBoundary
	case t.element != nil && s.shows(t.element, sh):
		return layerBox
	case t.element != nil && (isEvent(t.element.Kind) || isGateway(t.element.Kind)):
		return layerNamed
	}
	return layerNode
}

func (s *scene) draw() {
	type placedShape struct {
		*Shape
		*thing
		layer int
	}
	var shapes []placedShape
	for i := range s.d.Shapes {
		sh := &s.d.Shapes[i]
		if s.things[sh.Element] != nil && s.shapes[sh.Element] == nil {
			s.shapes[sh.Element] = sh
		}
	}
	for i := range s.d.Shapes {
		sh := &s.d.Shapes[i]
		if t := s.things[sh.Element]; t != nil && !s.hidden(t) {
			shapes = append(shapes, placedShape{sh, t, s.layer(t, sh)})
			s.box.add(sh.X, sh.Y)
			s.box.add(sh.X+sh.W, sh.Y+sh.H)
		}
	}
	slices.SortStableFunc(shapes, func(a, b placedShape) int {
		if a.layer != b.layer {
			return a.layer - b.layer
		}
		if a.layer == layerBox {
			return a.depth - b.depth
		}
		if a.layer <= layerLane { // what holds others lies below
			return cmp.Compare(b.W*b.H, a.W*a.H)
		}
		return 0
	})
	for _, sh := range shapes {
		if sh.element == nil || sh.element.Kind != BoundaryEvent {
			continue
		}
		host := s.shapes[sh.element.AttachedTo]
		if host != nil && sh.Y > host.Y+host.H/2 {
			s.feet[sh.element.AttachedTo] = max(s.feet[sh.element.AttachedTo], host.Y+host.H-sh.Y)
		}
	}
	i := 0
	for ; i < len(shapes) && shapes[i].layer < layerFlow; i++ {
		s.shape(shapes[i].Shape, shapes[i].thing)
	}
	for j := range s.d.Edges {
		e := &s.d.Edges[j]
		if t := s.things[e.Element]; t != nil && len(e.Points) > 1 && !s.hidden(t) {
			s.edge(e, t)
		}
	}
	for ; i < len(shapes); i++ {
		s.shape(shapes[i].Shape, shapes[i].thing)
	}
}

// shape draws one node in its group.
func (s *scene) shape(sh *Shape, t *thing) {
	classes, said := "bpmn-is-"+t.kind, s.spoken(t)
	heat := 0
	if v, ok := s.opt.Heat[sh.Element]; ok && !math.IsNaN(v) {
		heat = min(5, 1+int(max(0, min(v, 1))*5))
		classes += fmt.Sprintf(" bpmn-heat-%d", heat)
		said += ", " + s.t("heat", "n", heat)
	}
	current := slices.Contains(s.opt.Current, sh.Element)
	if current {
		classes += " bpmn-current"
		said += ", " + s.t("current")
	}
	s.heat = heat
	s.group(classes, sh.Element, said)
	switch {
	case t.participant != nil:
		s.pool(sh, t, t.participant.Multiple)
	case t.lane != nil:
		s.laneShape(sh, t)
	case t.artifact != nil:
		s.artifactShape(sh, t)
	case t.element == nil:
		s.envelope(sh.X, sh.Y, sh.W, sh.H, false)
		s.outside(sh, t.name)
	case isEvent(t.element.Kind):
		s.event(sh, t)
	case isGateway(t.element.Kind):
		s.gateway(sh, t)
	default:
		s.activity(sh, t)
	}
	s.heat = 0
	if heat > 0 {
		s.pips(sh, heat)
	}
	if current {
		s.ring(sh)
	}
	s.end("g")
}

func isEvent(k Kind) bool {
	return k == StartEvent || k == EndEvent || k == CatchEvent || k == ThrowEvent || k == BoundaryEvent
}

func isGateway(k Kind) bool {
	return k == ExclusiveGateway || k == ParallelGateway || k == InclusiveGateway || k == EventBasedGateway || k == ComplexGateway
}

// pips show heat by number, for those who see no colours.
func (s *scene) pips(sh *Shape, heat int) {
	x, y := sh.X+sh.W+2, sh.Y+1
	if sh.W > 60 { // of tasks inside, where a frame around them does not hide it
		x, y = sh.X+sh.W-31, sh.Y+6
	}
	for i := range 5 {
		class := "bpmn-face"
		if i < heat {
			class = "bpmn-solid"
		}
		s.rect(class, x+float64(i)*5, y, 4, 4, 0, "stroke-width", "0.5")
	}
}

// ring marks a current step: a thick frame and a word.
func (s *scene) ring(sh *Shape) {
	const off = 5
	s.rect("bpmn-ring", sh.X-off, sh.Y-off, sh.W+2*off, sh.H+2*off, 12, "stroke-width", "3", "fill", "none")
	word := s.t("here")
	w := textWidth(word, 10) + 12
	x, y := sh.X+sh.W/2-w/2, sh.Y-off-14
	s.rect("bpmn-pin", x, y, w, 15, 7)
	s.textLines("bpmn-pin-text", sh.X+sh.W/2, y+7.5, []string{word}, 10)
	s.box.add(x, y)
	s.box.add(x+w, y)
}

// bytes is the whole document.
func (s *scene) bytes() []byte {
	const pad = 12
	b := s.box
	if !b.set {
		b.add(0, 0)
		b.add(100, 40)
	}
	x, y, w, h := math.Floor(b.x0-pad), math.Floor(b.y0-pad), math.Ceil(b.x1-b.x0+2*pad), math.Ceil(b.y1-b.y0+2*pad)
	title, desc := s.about()
	id := s.opt.ID
	if id == "" {
		id = "bpmn"
	}
	out := canvas{colours: s.colours}
	out.open("svg", "xmlns", "http://www.w3.org/2000/svg", "class", "bpmn", "viewBox", num(x)+" "+num(y)+" "+num(w)+" "+num(h),
		"width", num(w), "height", num(h), "role", "graphics-document document", "lang", string(s.opt.Lang),
		"aria-labelledby", id+"-title", "aria-describedby", id+"-desc", "font-family", fontOf(s.colours))
	out.open("title", "id", id+"-title")
	out.write(title)
	out.end("title")
	out.open("desc", "id", id+"-desc")
	out.write(desc)
	out.end("desc")
	if s.colours {
		out.rect("bpmn-ground", x, y, w, h, 0)
	}
	out.b.Write(s.b.Bytes())
	out.end("svg")
	out.b.WriteByte('\n')
	return out.b.Bytes()
}

func fontOf(standalone bool) string {
	if standalone {
		return "'Be Vietnam Pro', 'Noto Sans', 'DejaVu Sans', Arial, sans-serif"
	}
	return ""
}
