package bpmn

import (
	"math"
	"strconv"
	"strings"
)

// Namespaces of the drawing.
const (
	nsDI     = "http://www.omg.org/spec/BPMN/20100524/DI"
	nsBounds = "http://www.omg.org/spec/DD/20100524/DC"
	nsPoint  = "http://www.omg.org/spec/DD/20100524/DI"
	nsXSI    = "http://www.w3.org/2001/XMLSchema-instance"
)

const maxCoordinate = 1e6

func (r *reader) diagram(n *node) {
	d := Diagram{ID: r.id(n, "diagram"), Name: r.name(n)}
	for _, plane := range n.kids {
		if plane.space != nsDI || plane.name != "BPMNPlane" {
			continue
		}
		d.Plane = r.ref(plane.attr("bpmnElement"))
		for _, k := range plane.kids {
			if k.space != nsDI {
				continue
			}
			switch k.name {
			case "BPMNShape":
				r.shape(k, &d)
			case "BPMNEdge":
				r.edge(k, &d)
			}
		}
	}
	r.model.Diagrams = append(r.model.Diagrams, d)
}

func (r *reader) shape(n *node, d *Diagram) {
	if !r.drawn(n) {
		return
	}
	s := Shape{
		ID: r.id(n, "shape"), Element: r.ref(n.attr("bpmnElement")), Horizontal: n.attr("isHorizontal") == "true",
		Expanded: n.attr("isExpanded") == "true", Marker: n.attr("isMarkerVisible") == "true",
	}
	found := false
	for _, k := range n.kids {
		switch {
		case k.name == "Bounds" && k.space == nsBounds:
			b, ok := r.bounds(k, s.Element)
			s.X, s.Y, s.W, s.H, found = b.X, b.Y, b.W, b.H, ok
		case k.name == "BPMNLabel" && k.space == nsDI:
			s.Label = r.label(k, s.Element)
		}
	}
	if !found {
		r.warn(n.pos, s.Element, "noBounds")
		return
	}
	d.Shapes = append(d.Shapes, s)
}

func (r *reader) edge(n *node, d *Diagram) {
	if !r.drawn(n) {
		return
	}
	e := Edge{ID: r.id(n, "edge"), Element: r.ref(n.attr("bpmnElement"))}
	for _, k := range n.kids {
		switch {
		case k.name == "waypoint" && k.space == nsPoint:
			x, okX := number(k.attr("x"))
			y, okY := number(k.attr("y"))
			if !okX || !okY {
				r.refuse(k.pos, e.Element, "badNumber")
				continue
			}
			e.Points = append(e.Points, Point{x, y})
		case k.name == "BPMNLabel" && k.space == nsDI:
			e.Label = r.label(k, e.Element)
		}
	}
	d.Edges = append(d.Edges, e)
}

// drawn bounds how much a file draws.
func (r *reader) drawn(n *node) bool {
	if r.shapes++; r.shapes == maxShapes+1 {
		r.refuse(n.pos, n.attr("id"), "tooMany", "max", maxShapes)
	}
	return r.shapes <= maxShapes
}

func (r *reader) label(n *node, id string) *Bounds {
	for _, k := range n.kids {
		if k.name == "Bounds" && k.space == nsBounds {
			if b, ok := r.bounds(k, id); ok {
				return &b
			}
		}
	}
	return nil
}

func (r *reader) bounds(n *node, id string) (Bounds, bool) {
	var b Bounds
	for _, f := range []struct {
		name string
		to   *float64
	}{{"x", &b.X}, {"y", &b.Y}, {"width", &b.W}, {"height", &b.H}} {
		v, ok := number(n.attr(f.name))
		if !ok {
			r.refuse(n.pos, id, "badNumber")
			return b, false
		}
		*f.to = v
	}
	if b.W < 0 || b.H < 0 {
		r.refuse(n.pos, id, "badNumber")
		return b, false
	}
	return b, true
}

// number reads a coordinate; an absent one is 0.
func number(s string) (float64, bool) {
	if s = strings.TrimSpace(s); s == "" {
		return 0, true
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil && math.Abs(v) <= maxCoordinate
}
