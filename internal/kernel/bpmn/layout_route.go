package bpmn

// route draws one link: out of its start, along its row, into its end.
func (g *grid) route(k *link) {
	from, to := k.from, k.to
	run := k.row
	if run < 0 {
		run = to.row
		if isGateway(to.e.Kind) && from.row != to.row && k.boundary == nil && g.clear(to.col, to.row, from.row) {
			run = from.row
		}
	}
	y := g.rowY[run] + g.rowH[run]/2
	points := g.leave(k, run, y)
	switch {
	case run == to.row && !k.back:
		points = append(points, Point{to.x, y})
	case (isGateway(to.e.Kind) || k.back && len(g.events[to.e.ID]) == 0) && g.clear(to.col, to.row, run):
		end := to.y + to.h
		if run < to.row {
			end = to.y
		}
		points = append(points, Point{to.x + to.w/2, y}, Point{to.x + to.w/2, end})
	default:
		x, cy := g.track(to.col), to.y+to.h/2
		points = append(points, Point{x, y}, Point{x, cy}, Point{to.x, cy})
	}
	g.l.edge(k.id, flowLabel(k.name, points), points...)
}

// leave is the way from the start of a link to its row.
func (g *grid) leave(k *link, run int, y float64) []Point {
	from := k.from
	cx, cy := from.x+from.w/2, from.y+from.h/2
	right := Point{from.x + from.w, cy}
	if k.boundary != nil {
		at := g.l.at[k.boundary.ID]
		start := Point{at.X + at.W/2, at.Y + at.H}
		if run > from.row && g.clear(from.col, from.row, run) {
			return []Point{start, {start.X, y}}
		}
		x := g.track(from.col + 1)
		return []Point{start, {start.X, start.Y + 14}, {x, start.Y + 14}, {x, y}}
	}
	vertical := isGateway(from.e.Kind) || k.back && len(g.events[from.e.ID]) == 0 && from != k.to
	if vertical && run != from.row && g.clear(from.col, from.row, run) {
		start := Point{cx, from.y + from.h}
		if run < from.row {
			start.Y = from.y
		}
		return []Point{start, {cx, y}}
	}
	if run == from.row && !k.back {
		return []Point{right}
	}
	x := g.track(from.col + 1)
	return []Point{right, {x, cy}, {x, y}}
}

// clear reports whether nothing stands in a column from the row after one to another.
func (g *grid) clear(col, from, to int) bool {
	if max(to-from, from-to) > 200 { // too far to look
		return false
	}
	step := 1
	if to < from {
		step = -1
	}
	for row := from; row != to; {
		row += step
		if g.solid(row, col) {
			return false
		}
	}
	return true
}

// solid reports whether an element stands there. What only runs through may be crossed.
func (g *grid) solid(row, col int) bool {
	if g.solids == nil {
		g.solids = make(map[[2]int]bool, len(g.cells))
		for _, c := range g.cells {
			g.solids[[2]int{c.row, c.col}] = true
			if !c.placed {
				for i := range g.colW {
					g.solids[[2]int{c.row, i}] = true
				}
			}
		}
	}
	return g.solids[[2]int{row, col}]
}

// track is a place to turn in the gap before a column, another for each link.
func (g *grid) track(col int) float64 {
	n := g.tracks[col] % 4
	g.tracks[col]++
	if col >= len(g.colW) {
		last := len(g.colW) - 1
		return g.colX[last] + g.colW[last] + 12 + float64(n)*5
	}
	return g.colX[col] - 16 - float64(n)*6
}

// flowLabel is the room for a flow's name: over its first level piece.
func flowLabel(name string, points []Point) *Bounds {
	if name == "" {
		return nil
	}
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		if a.Y != b.Y || max(a.X-b.X, b.X-a.X) < 34 {
			continue
		}
		wide := max(a.X-b.X, b.X-a.X)
		box := labelBox(name, 0, 0, min(110, max(wide-14, 50)), false)
		if a.X < b.X {
			box.X = a.X + 5
		} else {
			box.X = a.X - 5 - box.W
		}
		box.Y = a.Y - box.H - 3
		return box
	}
	box := labelBox(name, 0, 0, 100, false)
	box.X, box.Y = points[0].X+5, points[0].Y+3
	return box
}
