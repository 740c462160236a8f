package bpmn

import "strconv"

// Sizes of what Layout places, in the drawing's units.
const (
	taskW, taskH   = 108, 76
	eventSize      = 36
	gatewaySize    = 48
	colGap, rowGap = 44, 54
	bodyPad        = 24
	dataW, dataH   = 36, 48
	noteW          = 130
	poolGap        = 64
	closedPool     = 60
	boxHead        = 30 // room for the name of a sub-process
)

// Layout places what a model holds where it has no diagram: steps from left to right,
// lanes and pools around them, right-angled flows, boundary events on the border. A
// model that has a diagram is left as it is.
func Layout(m *Model) {
	if m.diagram("") != nil {
		return
	}
	l := &layout{m: m, taken: make(map[string]bool), at: make(map[string]Bounds)}
	l.note()
	d := Diagram{ID: l.unique("diagram")}
	l.d = &d
	y := 0.0
	drawn := make(map[string]bool)
	for i := range m.Collaborations {
		c := &m.Collaborations[i]
		if d.Plane == "" {
			d.Plane = c.ID
		}
		y = l.pools(c, drawn, y)
	}
	for _, p := range m.Processes {
		if drawn[p.ID] {
			continue
		}
		if d.Plane == "" {
			d.Plane = p.ID
		}
		if len(p.Elements) == 0 && len(p.Lanes) == 0 {
			continue
		}
		b := l.process(p)
		l.lanesOf(p, b, 0, y)
		b.emit(float64(strip*b.depth), y)
		y += b.h + poolGap
	}
	for i := range m.Collaborations {
		l.messages(&m.Collaborations[i])
	}
	if len(d.Shapes) > 0 {
		m.Diagrams = []Diagram{d}
	}
}

type layout struct {
	m     *Model
	d     *Diagram
	taken map[string]bool
	at    map[string]Bounds // of what is placed, by id
}

// note remembers the ids that stand in the file.
func (l *layout) note() {
	if l.m.source != nil {
		for id := range l.m.source.byID {
			l.taken[id] = true
		}
	}
	for _, p := range l.m.Processes {
		l.taken[p.ID] = true
		l.noteBody(&p.Body)
	}
}

func (l *layout) noteBody(b *Body) {
	for _, e := range b.Elements {
		l.taken[e.ID] = true
		if e.Body != nil {
			l.noteBody(e.Body)
		}
	}
	for _, f := range b.Flows {
		l.taken[f.ID] = true
	}
}

func (l *layout) unique(want string) string {
	id := want
	for i := 2; l.taken[id]; i++ {
		id = want + "-" + strconv.Itoa(i)
	}
	l.taken[id] = true
	return id
}

func (l *layout) shape(s Shape) {
	s.ID = l.unique(s.Element + "_di")
	l.d.Shapes = append(l.d.Shapes, s)
	l.at[s.Element] = Bounds{s.X, s.Y, s.W, s.H}
}

func (l *layout) edge(element string, label *Bounds, points ...Point) {
	clean := points[:1:1]
	for _, p := range points[1:] { // drop what does not bend
		last := clean[len(clean)-1]
		if p == last {
			continue
		}
		if n := len(clean); n > 1 && (clean[n-2].X == last.X && last.X == p.X || clean[n-2].Y == last.Y && last.Y == p.Y) {
			clean[n-1] = p
			continue
		}
		clean = append(clean, p)
	}
	if len(clean) < 2 {
		return
	}
	l.d.Edges = append(l.d.Edges, Edge{ID: l.unique(element + "_di"), Element: element, Points: clean, Label: label})
}

// pools stacks the participants of a collaboration, all of one width.
func (l *layout) pools(c *Collaboration, drawn map[string]bool, y float64) float64 {
	type pool struct {
		*Participant
		p *Process
		b *grid
	}
	var pools []pool
	wide := 400.0
	for i := range c.Participants {
		part := &c.Participants[i]
		at := pool{Participant: part}
		for _, p := range l.m.Processes {
			if p.ID == part.Process && !drawn[p.ID] {
				drawn[p.ID] = true
				at.p, at.b = p, l.process(p)
				wide = max(wide, at.b.w+float64(strip*(at.b.depth+1)))
			}
		}
		pools = append(pools, at)
	}
	for _, at := range pools {
		if at.b == nil {
			l.shape(Shape{Element: at.ID, X: 0, Y: y, W: wide, H: closedPool, Horizontal: true})
			y += closedPool + poolGap
			continue
		}
		l.shape(Shape{Element: at.ID, X: 0, Y: y, W: wide, H: at.b.h, Horizontal: true})
		at.b.w = wide - float64(strip*(at.b.depth+1))
		l.lanesOf(at.p, at.b, strip, y)
		at.b.emit(float64(strip*(at.b.depth+1)), y)
		y += at.b.h + poolGap
	}
	return y
}

// messages draws message flows: straight up or down, with one step between the pools.
func (l *layout) messages(c *Collaboration) {
	for _, f := range c.MessageFlows {
		a, okA := l.at[f.From]
		b, okB := l.at[f.To]
		if !okA || !okB {
			continue
		}
		ax, bx := a.X+a.W/2, b.X+b.W/2
		if a.H == closedPool && a.W > 2*taskW {
			ax = bx
		}
		if b.H == closedPool && b.W > 2*taskW {
			bx = ax
		}
		down := a.Y < b.Y
		from, to := Point{ax, a.Y}, Point{bx, b.Y + b.H}
		if down {
			from, to = Point{ax, a.Y + a.H}, Point{bx, b.Y}
		}
		turn := to.Y + poolGap/2
		if down {
			turn = to.Y - poolGap/2
		}
		l.edge(f.ID, nil, from, Point{ax, turn}, Point{bx, turn}, to)
	}
}

// process lays out a process with its lanes.
func (l *layout) process(p *Process) *grid {
	g := newGrid(l, &p.Body)
	g.useLanes(p)
	g.place()
	return g
}

// lanesOf draws the lanes around a placed body; x and y are the corner of the set.
func (l *layout) lanesOf(p *Process, g *grid, x, y float64) {
	if len(g.lanes) == 0 {
		return
	}
	tops, ends := make(map[string]float64), make(map[string]float64)
	for i, id := range g.lanes {
		top, end := y, y+g.h
		if i > 0 {
			top = y + g.laneY[i]
		}
		if i+1 < len(g.lanes) {
			end = y + g.laneY[i+1]
		}
		for up := id; up != ""; up = g.parent[up] {
			if _, ok := tops[up]; !ok {
				tops[up] = top
			}
			ends[up] = end
		}
	}
	for i := range p.Lanes {
		lane := &p.Lanes[i]
		top, ok := tops[lane.ID]
		if !ok {
			continue
		}
		in := 0.0
		for up := g.parent[lane.ID]; up != ""; up = g.parent[up] {
			in += strip
		}
		l.shape(Shape{Element: lane.ID, X: x + in, Y: top, W: g.w + float64(strip*g.depth) - in, H: ends[lane.ID] - top, Horizontal: true})
	}
}
