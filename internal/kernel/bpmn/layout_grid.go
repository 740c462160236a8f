package bpmn

import (
	"math"
	"slices"
)

// cell is an element on the grid of one body.
type cell struct {
	e        *Element
	inner    *grid
	w, h     float64
	lane     int
	col, row int // row counts over all lanes once placed
	x, y     float64
	edges    []*link // that leave it
	incoming int     // forward ones not yet seen
	placed   bool
}

// link is a flow, or the association of a compensation handler.
type link struct {
	id, name string
	from, to *cell
	boundary *Element // the event from which it starts
	back     bool
	row      int // in which it runs; -1 none
	lane     int
	step     int // rows under its start
}

// grid lays out one body: columns from left to right, rows in each lane.
type grid struct {
	l      *layout
	body   *Body
	cells  []*cell
	byID   map[string]*cell
	events map[string][]*Element // boundary events by host
	host   map[string]*Element   // boundary event by id
	links  []*link

	lanes  []string // leaf lanes, from the top
	laneOf map[string]int
	parent map[string]string
	depth  int // of lanes in each other
	laneY  []float64

	used       map[[3]int]bool // lane, row, column
	solids     map[[2]int]bool
	outOf      map[int][]*link
	endAt      map[*cell][]*link
	rows       []int // how many each lane has
	budget     int   // of cells that long flows may reserve
	colX, colW []float64
	rowY, rowH []float64
	w, h       float64
	notes      []Artifact
	data       []Artifact
	tracks     map[int]int // flows that turn in the gap before a column
}

func newGrid(l *layout, b *Body) *grid {
	g := &grid{
		l: l, body: b, byID: make(map[string]*cell), events: make(map[string][]*Element), host: make(map[string]*Element),
		laneOf: make(map[string]int), parent: make(map[string]string), used: make(map[[3]int]bool), rows: []int{0},
		budget: 200_000, tracks: make(map[int]int),
	}
	for _, e := range b.Elements {
		if e.Kind == BoundaryEvent {
			g.host[e.ID] = e
		}
	}
	for _, e := range b.Elements {
		if e.Kind == BoundaryEvent {
			g.events[e.AttachedTo] = append(g.events[e.AttachedTo], e)
			continue
		}
		c := &cell{e: e, w: taskW, h: taskH}
		switch {
		case isEvent(e.Kind):
			c.w, c.h = eventSize, eventSize
		case isGateway(e.Kind):
			c.w, c.h = gatewaySize, gatewaySize
		case e.Body != nil && len(e.Body.Elements) > 0:
			c.inner = newGrid(l, e.Body)
			c.inner.place()
			c.w, c.h = max(c.inner.w, taskW), max(c.inner.h+boxHead, taskH)
		case len(e.Name) > 60:
			c.w = taskW + 24
		}
		c.w = max(c.w, float64(len(g.events[e.ID]))*48)
		g.cells = append(g.cells, c)
		if _, ok := g.byID[e.ID]; !ok {
			g.byID[e.ID] = c
		}
	}
	for _, c := range g.cells {
		c.w = max(c.w, float64(len(g.events[c.e.ID]))*48+12)
		if len(g.events[c.e.ID]) == 0 && !holdsBody(c.e.Kind) && (isEvent(c.e.Kind) || isGateway(c.e.Kind)) {
			c.w = c.h
		}
	}
	for _, f := range b.Flows {
		g.link(f.ID, f.Name, f.From, f.To)
	}
	for _, a := range b.Associations {
		if g.host[a.From] != nil && g.byID[a.To] != nil && a.ID != "" {
			g.link(a.ID, "", a.From, a.To)
		}
	}
	for _, a := range b.Artifacts {
		switch a.Kind {
		case Annotation:
			g.notes = append(g.notes, a)
		case DataObject, DataStore:
			g.data = append(g.data, a)
		case Group, DataInput, DataOutput:
		}
	}
	return g
}

func (g *grid) link(id, name, from, to string) {
	k := &link{id: id, name: name, from: g.byID[from], to: g.byID[to], row: -1}
	if h := g.host[from]; h != nil {
		k.boundary, k.from = h, g.byID[h.AttachedTo]
	}
	if k.from == nil || k.to == nil {
		return
	}
	k.from.edges = append(k.from.edges, k)
	g.links = append(g.links, k)
}

// useLanes takes the leaf lanes of a process, in order.
func (g *grid) useLanes(p *Process) {
	holds := make(map[string]bool)
	for i := range p.Lanes {
		holds[p.Lanes[i].Parent] = true
		g.parent[p.Lanes[i].ID] = p.Lanes[i].Parent
	}
	for i := range p.Lanes {
		lane := &p.Lanes[i]
		if holds[lane.ID] {
			continue
		}
		depth := 1
		for up := lane.Parent; up != "" && depth <= maxNesting; up = g.parent[up] {
			depth++
		}
		g.depth = max(g.depth, depth)
		for _, id := range lane.Elements {
			g.laneOf[id] = len(g.lanes)
		}
		g.lanes = append(g.lanes, lane.ID)
	}
	if len(g.lanes) > 0 {
		g.rows = make([]int, len(g.lanes))
	}
}

// place finds columns, rows and sizes.
func (g *grid) place() {
	g.cycles()
	cols := g.columns()
	for _, c := range g.cells {
		c.steps()
	}
	for _, c := range g.cells {
		c.lane = -1
		if lane, ok := g.laneOf[c.e.ID]; ok {
			c.lane = lane
		} else if len(g.lanes) == 0 {
			c.lane = 0
		}
	}
	for col, cells := range cols {
		g.column(col, cells)
	}
	g.returns()
	g.measure(len(cols))
}

// cycles marks the links that run back, by a walk in the order of the file.
func (g *grid) cycles() {
	const open, done = 1, 2
	state := make(map[*cell]int, len(g.cells))
	type frame struct {
		c *cell
		i int
	}
	walk := func(root *cell) {
		if state[root] != 0 {
			return
		}
		state[root] = open
		stack := []frame{{c: root}}
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if f.i == len(f.c.edges) {
				state[f.c] = done
				stack = stack[:len(stack)-1]
				continue
			}
			k := f.c.edges[f.i]
			f.i++
			switch state[k.to] {
			case open:
				k.back = true
			case 0:
				state[k.to] = open
				stack = append(stack, frame{c: k.to})
			}
		}
	}
	for _, c := range g.cells {
		if c.e.Kind == StartEvent {
			walk(c)
		}
	}
	hasIn := make(map[*cell]bool)
	for _, k := range g.links {
		hasIn[k.to] = true
	}
	for _, c := range g.cells {
		if !hasIn[c] {
			walk(c)
		}
	}
	for _, c := range g.cells {
		walk(c)
	}
	for _, k := range g.links {
		if !k.back {
			k.to.incoming++
		}
	}
}

// columns are the cells by their longest way from a start.
func (g *grid) columns() [][]*cell {
	var queue []*cell
	for _, c := range g.cells {
		if c.incoming == 0 {
			queue = append(queue, c)
		}
	}
	last := 0
	for i := 0; i < len(queue); i++ {
		c := queue[i]
		last = max(last, c.col)
		for _, k := range c.edges {
			if k.back {
				continue
			}
			k.to.col = max(k.to.col, c.col+1)
			if k.to.incoming--; k.to.incoming == 0 {
				queue = append(queue, k.to)
			}
		}
	}
	cols := make([][]*cell, last+1)
	for _, c := range g.cells {
		cols[c.col] = append(cols[c.col], c)
	}
	return cols
}

// want is where a cell or a long link would like to run.
type want struct {
	c    *cell
	k    *link
	lane int
	row  int
	rank int // starts before what stands alone before sub-processes of events
}

// column gives rows to the cells of one column and to the links that pass it.
func (g *grid) column(col int, cells []*cell) {
	var wants []want
	into := make(map[*cell][]*link)
	for _, k := range g.starting(col) {
		if k.to.col == col {
			into[k.to] = append(into[k.to], k)
		} else {
			wants = append(wants, want{k: k, lane: k.from.lane, row: k.from.row + k.step, rank: 1})
		}
	}
	for _, c := range cells {
		w := want{c: c, lane: c.lane, row: math.MaxInt}
		for _, k := range append(into[c], g.endAt[c]...) {
			from, row := k.from.lane, k.from.row+k.step
			if k.row >= 0 {
				from, row = k.lane, k.row
			}
			if w.lane < 0 {
				w.lane = from
			}
			if from != w.lane {
				row = 0
			}
			w.row = min(w.row, row)
		}
		w.lane = max(w.lane, 0)
		if w.row == math.MaxInt {
			if w.row = 0; col == 0 && c.e.Kind != StartEvent {
				w.row, w.rank = g.rows[w.lane], 2
			}
			if c.e.Triggered {
				w.row, w.rank = math.MaxInt, 3
			}
		}
		wants = append(wants, w)
	}
	slices.SortStableFunc(wants, func(a, b want) int {
		if a.lane != b.lane {
			return a.lane - b.lane
		}
		if a.row != b.row {
			if a.row < b.row {
				return -1
			}
			return 1
		}
		return a.rank - b.rank
	})
	next := make(map[int]int)
	for _, w := range wants {
		row := max(next[w.lane], w.row)
		if w.row == math.MaxInt { // under all others
			w.c.lane = w.lane
			continue
		}
		for ; ; row++ {
			if w.c != nil && !g.used[[3]int{w.lane, row, col}] || w.c == nil && g.open(w.k, w.lane, row, col) {
				break
			}
		}
		next[w.lane] = row + 1
		g.rows[w.lane] = max(g.rows[w.lane], row+1)
		if w.c != nil {
			w.c.lane, w.c.row, w.c.placed = w.lane, row, true
			g.used[[3]int{w.lane, row, col}] = true
			continue
		}
		w.k.lane, w.k.row = w.lane, row
		if span := w.k.to.col - col; span <= g.budget {
			g.budget -= span
			for i := col; i < w.k.to.col; i++ {
				g.used[[3]int{w.lane, row, i}] = true
			}
		}
	}
}

// starting are the forward links out of the column before.
func (g *grid) starting(col int) []*link {
	if g.outOf == nil {
		g.outOf = make(map[int][]*link)
		g.endAt = make(map[*cell][]*link)
		for _, k := range g.links {
			if !k.back {
				g.outOf[k.from.col] = append(g.outOf[k.from.col], k)
				if k.to.col > k.from.col+1 {
					g.endAt[k.to] = append(g.endAt[k.to], k)
				}
			}
		}
	}
	return g.outOf[col-1]
}

// steps say how many rows under its start each link would like to run: the first
// goes straight on, those of boundary events follow the others.
func (c *cell) steps() {
	own := 0
	for _, k := range c.edges {
		if k.boundary == nil && !k.back {
			k.step = own
			own++
		}
	}
	own = max(1, own)
	for _, k := range c.edges {
		if k.boundary != nil && !k.back {
			k.step = own
			own++
		}
	}
}

// open reports whether a link can run in a row from a column to its end.
func (g *grid) open(k *link, lane, row, col int) bool {
	if k.to.col-col > 2_000 {
		return !g.used[[3]int{lane, row, col}]
	}
	for i := col; i < k.to.col; i++ {
		if g.used[[3]int{lane, row, i}] {
			return false
		}
	}
	return true
}
