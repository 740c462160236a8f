package bpmn

import "math"

func (s *scene) edge(e *Edge, t *thing) {
	for _, p := range e.Points {
		s.box.add(p.X, p.Y)
	}
	s.group("bpmn-is-"+t.kind, e.Element, s.spoken(t))
	first, last := e.Points[0], e.Points[len(e.Points)-1]
	start, end := bearing(e.Points, false), bearing(e.Points, true)
	switch t.kind {
	case "messageFlow":
		s.path("bpmn-flow", bend(e.Points), "stroke-width", "1.5", "stroke-dasharray", "7 5", "fill", "none")
		s.tip("bpmn-open-tip", last, end, 10, 5)
		s.circle("bpmn-open-tip", first.X-math.Cos(start)*3.5, first.Y-math.Sin(start)*3.5, 3.5, "stroke-width", "1.2")
	case "association", "dataFlow":
		s.path("bpmn-note", bend(e.Points), "stroke-width", "1.5", "stroke-dasharray", "1 4", "stroke-linecap", "round", "fill", "none")
		if t.kind == "dataFlow" || t.directed == "One" || t.directed == "Both" {
			s.wings(last, end)
		}
		if t.directed == "Both" {
			s.wings(first, start)
		}
	default:
		s.path("bpmn-flow", bend(e.Points), "stroke-width", "1.5", "stroke-linejoin", "round", "fill", "none")
		s.tip("bpmn-tip", last, end, 9, 4.5)
		s.origin(t, first, start)
	}
	if t.name != "" {
		s.flowName(e, t.name)
	}
	s.end("g")
}

// origin marks a default or a conditional flow where it begins.
func (s *scene) origin(t *thing, p Point, from float64) {
	src := s.things[t.from]
	if src == nil || src.element == nil || t.flow == nil {
		return
	}
	dx, dy := -math.Cos(from), -math.Sin(from) // away from the element
	switch {
	case src.element.Default == t.flow.ID:
		x, y := p.X+dx*9, p.Y+dy*9
		a, b := dx*4-dy*4, dy*4+dx*4
		s.path("bpmn-flow", "M"+num(x-a)+" "+num(y-b)+"L"+num(x+a)+" "+num(y+b), "stroke-width", "1.5", "fill", "none")
	case t.flow.Condition.Set() && !isGateway(src.element.Kind) && !isEvent(src.element.Kind):
		s.path("bpmn-open-tip", "M"+num(p.X)+" "+num(p.Y)+"L"+num(p.X+dx*8-dy*5)+" "+num(p.Y+dy*8+dx*5)+"L"+num(p.X+dx*16)+" "+num(p.Y+dy*16)+
			"L"+num(p.X+dx*8+dy*5)+" "+num(p.Y+dy*8-dx*5)+"z", "stroke-width", "1.2")
	}
}

// bearing is the direction in which an edge runs into its end, or out against its
// start, in radians.
func bearing(points []Point, end bool) float64 {
	n := len(points)
	for i := 1; i < n; i++ {
		a, b := points[i], points[0]
		if end {
			a, b = points[n-1-i], points[n-1]
		}
		if math.Hypot(b.X-a.X, b.Y-a.Y) > 0.5 {
			return math.Atan2(b.Y-a.Y, b.X-a.X)
		}
	}
	return 0
}

func (s *scene) tip(class string, p Point, angle, long, half float64) {
	dx, dy := math.Cos(angle), math.Sin(angle)
	x, y := p.X-dx*long, p.Y-dy*long
	s.path(class, "M"+num(p.X)+" "+num(p.Y)+"L"+num(x-dy*half)+" "+num(y+dx*half)+"L"+num(x+dy*half)+" "+num(y-dx*half)+"z", "stroke-width", "1.2", "stroke-linejoin", "round")
}

func (s *scene) wings(p Point, angle float64) {
	dx, dy := math.Cos(angle), math.Sin(angle)
	x, y := p.X-dx*8, p.Y-dy*8
	s.path("bpmn-note", "M"+num(x-dy*5)+" "+num(y+dx*5)+"L"+num(p.X)+" "+num(p.Y)+"L"+num(x+dy*5)+" "+num(y-dx*5), "stroke-width", "1.5", "fill", "none")
}

// bend is the path of an edge with rounded corners.
func bend(points []Point) string {
	const radius = 6
	d := "M" + num(points[0].X) + " " + num(points[0].Y)
	for i := 1; i < len(points)-1; i++ {
		p := points[i]
		a, b := toward(p, points[i-1], radius), toward(p, points[i+1], radius)
		d += "L" + num(a.X) + " " + num(a.Y) + "Q" + num(p.X) + " " + num(p.Y) + " " + num(b.X) + " " + num(b.Y)
	}
	last := points[len(points)-1]
	return d + "L" + num(last.X) + " " + num(last.Y)
}

// toward is the point on the way from p to q, at most half of the way.
func toward(p, q Point, far float64) Point {
	dist := math.Hypot(q.X-p.X, q.Y-p.Y)
	if dist == 0 {
		return p
	}
	k := min(far, dist/2) / dist
	return Point{p.X + (q.X-p.X)*k, p.Y + (q.Y-p.Y)*k}
}

// flowName writes the name of a flow where the file places it, else over the middle of
// its longest piece.
func (s *scene) flowName(e *Edge, name string) {
	const size = 11
	if len(name) > maxLabel {
		name = name[:fitting(name, 1e4, size)]
	}
	if l := e.Label; l != nil && (l.W > 0 || l.X != 0 || l.Y != 0) {
		lines := wrap(name, max(l.W*1.12+6, 50), size)
		y := l.Y
		if high := float64(len(lines)) * size * lineHeight; l.H > 0 {
			y += (l.H - high) / 2
		}
		s.label(l.X+l.W/2, y, lines, size)
		return
	}
	best, at := -1.0, 1
	for i := 1; i < len(e.Points); i++ {
		a, b := e.Points[i-1], e.Points[i]
		long := math.Hypot(b.X-a.X, b.Y-a.Y)
		if math.Abs(b.X-a.X) > math.Abs(b.Y-a.Y) {
			long *= 1.5 // words lie better on a level piece
		}
		if long > best {
			best, at = long, i
		}
	}
	a, b := e.Points[at-1], e.Points[at]
	x, y := (a.X+b.X)/2, (a.Y+b.Y)/2
	w := 90.0
	if level := math.Abs(b.X - a.X); level > 60 {
		w = max(50, level-12)
	}
	lines := wrap(name, w, size)
	high := float64(len(lines)) * size * lineHeight
	if math.Abs(b.X-a.X) >= math.Abs(b.Y-a.Y) {
		s.label(x, y-high-3, lines, size)
		return
	}
	s.label(x, y-high/2, lines, size)
}
