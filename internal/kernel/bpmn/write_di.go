package bpmn

import "strconv"

func (w *writer) diagrams() {
	if len(w.m.Diagrams) == 0 && w.m.source == nil {
		return
	}
	var items []item
	for i := range w.m.Diagrams {
		d := &w.m.Diagrams[i]
		items = append(items, item{id: d.ID, name: "BPMNDiagram", rank: rankDiagram, render: func(n *node, depth int) { w.diagram(n, d, depth) }})
	}
	w.merge(w.root, 0, func(n *node) bool { return n.space == nsDI && n.name == "BPMNDiagram" }, items)
}

// di makes a new node one of the drawing.
func (w *writer) di(n *node) {
	if n.space != nsDI {
		n.space, n.prefix = nsDI, w.prefix(nsDI, "bpmndi")
	}
}

func (w *writer) diagram(n *node, d *Diagram, depth int) {
	w.di(n)
	w.id(n, d.ID)
	n.set("name", d.Name)
	var plane *node
	for i, k := range n.kids {
		if k.space == nsDI && k.name == "BPMNPlane" {
			plane = k.copy()
			n.kids[i] = plane
			break
		}
	}
	if plane == nil {
		plane = newNode(n.prefix, nsDI, "BPMNPlane")
		plane.set("id", d.ID+"-plane")
		n.insert(plane, rankFlow, depth+1)
	}
	w.ref(plane, "bpmnElement", d.Plane)
	items := make([]item, 0, len(d.Shapes)+len(d.Edges))
	for i := range d.Shapes {
		s := &d.Shapes[i]
		items = append(items, item{id: s.ID, name: "BPMNShape", rank: rankFlow, render: func(n *node, depth int) { w.shape(n, s, depth) }})
	}
	for i := range d.Edges {
		e := &d.Edges[i]
		items = append(items, item{id: e.ID, name: "BPMNEdge", rank: rankFlow, render: func(n *node, depth int) { w.edge(n, e, depth) }})
	}
	w.merge(plane, depth+1, func(k *node) bool {
		return k.space == nsDI && (k.name == "BPMNEdge" || k.name == "BPMNShape" && hasBounds(k))
	}, items)
}

// hasBounds tells the shapes that Parse takes.
func hasBounds(n *node) bool {
	for _, k := range n.kids {
		if k.name == "Bounds" && k.space == nsBounds {
			return true
		}
	}
	return false
}

func (w *writer) shape(n *node, s *Shape, depth int) {
	w.di(n)
	w.id(n, s.ID)
	w.ref(n, "bpmnElement", s.Element)
	n.setBool("isHorizontal", s.Horizontal, false)
	n.setBool("isExpanded", s.Expanded, false)
	n.setBool("isMarkerVisible", s.Marker, false)
	w.bounds(n, Bounds{s.X, s.Y, s.W, s.H}, depth)
	w.label(n, s.Label, depth)
}

func (w *writer) edge(n *node, e *Edge, depth int) {
	w.di(n)
	w.id(n, e.ID)
	w.ref(n, "bpmnElement", e.Element)
	point := func(k *node) bool { return k.name == "waypoint" && k.space == nsPoint }
	i, same := 0, true
	for _, k := range n.kids {
		if !point(k) {
			continue
		}
		x, okX := number(k.attr("x"))
		y, okY := number(k.attr("y"))
		if !okX || !okY {
			continue
		}
		same = same && i < len(e.Points) && e.Points[i] == Point{x, y}
		i++
	}
	if !same || i != len(e.Points) {
		n.drop(point)
		for _, p := range e.Points {
			c := newNode(w.prefix(nsPoint, "di"), nsPoint, "waypoint")
			c.set("x", decimal(p.X))
			c.set("y", decimal(p.Y))
			n.insert(c, rankDoc, depth+1)
		}
	}
	w.label(n, e.Label, depth)
}

func (w *writer) label(n *node, b *Bounds, depth int) {
	for i, k := range n.kids {
		if k.space != nsDI || k.name != "BPMNLabel" {
			continue
		}
		if b != nil {
			n.kids[i] = k.copy()
			w.bounds(n.kids[i], *b, depth+1)
		} else if hasBounds(k) {
			n.drop(func(c *node) bool { return c == k })
		}
		return
	}
	if b == nil {
		return
	}
	c := newNode(n.prefix, nsDI, "BPMNLabel")
	n.insert(c, rankFlow, depth+1)
	w.bounds(c, *b, depth+1)
}

func (w *writer) bounds(n *node, b Bounds, depth int) {
	var c *node
	for i, k := range n.kids {
		if k.name == "Bounds" && k.space == nsBounds {
			c = k.copy()
			n.kids[i] = c
		}
	}
	fresh := c == nil
	if fresh {
		c = newNode(w.prefix(nsBounds, "dc"), nsBounds, "Bounds")
		n.insert(c, rankExt, depth+1)
	}
	for _, f := range []struct {
		name string
		v    float64
	}{{"x", b.X}, {"y", b.Y}, {"width", b.W}, {"height", b.H}} {
		if old, ok := number(c.attr(f.name)); !ok || old != f.v || fresh {
			c.set(f.name, decimal(f.v))
		}
	}
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
