package bpmn

import "math"

// returns gives rows to what runs back, then places sub-processes of events below.
func (g *grid) returns() {
	for _, k := range g.links {
		if !k.back || !k.from.placed || !k.to.placed {
			continue
		}
		k.lane = k.from.lane
		row := k.from.row + 1
		if k.to.lane == k.lane {
			row = max(row, k.to.row+1)
		}
		for !g.openBack(k, row) {
			row++
		}
		k.row = row
		g.rows[k.lane] = max(g.rows[k.lane], row+1)
		for i := k.to.col; i <= k.from.col && g.budget > 0; i++ {
			g.budget--
			g.used[[3]int{k.lane, row, i}] = true
		}
	}
	for lane := range g.rows {
		any := false
		for _, c := range g.cells {
			if c.lane == lane && !c.placed {
				c.row, any = g.rows[lane], true
			}
		}
		if any {
			g.rows[lane]++
		}
	}
}

func (g *grid) openBack(k *link, row int) bool {
	if k.from.col-k.to.col > 2_000 {
		return true
	}
	for i := k.to.col - 1; i <= k.from.col+1; i++ { // it may turn in the gaps at both ends
		if g.used[[3]int{k.lane, row, i}] {
			return false
		}
	}
	return true
}

// measure turns columns and rows into places.
func (g *grid) measure(cols int) {
	start := make([]int, len(g.rows)+1) // first row of each lane, over all
	for i, n := range g.rows {
		start[i+1] = start[i] + n
	}
	total := start[len(g.rows)]
	g.rowY, g.rowH = make([]float64, total), make([]float64, total)
	g.colX, g.colW = make([]float64, cols+1), make([]float64, cols)
	under := make([]float64, total) // room under a row
	for i := range under {
		under[i] = rowGap
		g.rowH[i] = 10
	}
	used := make(map[[3]int]bool, len(g.used))
	for at := range g.used {
		used[[3]int{0, start[at[0]] + at[1], at[2]}] = true
	}
	g.used = used
	for _, c := range g.cells {
		c.row += start[c.lane]
		g.rowH[c.row] = max(g.rowH[c.row], c.h)
		if c.placed {
			g.colW[c.col] = max(g.colW[c.col], c.w)
		}
		if len(g.events[c.e.ID]) > 0 {
			under[c.row] = max(under[c.row], rowGap+26)
		}
	}
	gap := make([]float64, cols+1)
	for i := range gap {
		gap[i] = colGap
	}
	for _, k := range g.links {
		if k.row >= 0 {
			k.row += start[k.lane]
		}
		if k.name != "" && k.from.col+1 < len(gap) && !k.back {
			gap[k.from.col+1] = max(gap[k.from.col+1], min(100, textWidth(k.name, 11))+28)
		}
	}
	x := float64(bodyPad)
	for i := range g.colW {
		if i > 0 {
			x += gap[i]
		}
		g.colX[i] = x
		x += g.colW[i]
	}
	g.colX[cols] = x + bodyPad
	over, free := g.noteRoom(total)
	g.laneY = make([]float64, len(g.rows))
	y := 0.0
	for lane, n := range g.rows {
		g.laneY[lane] = y
		top := y
		y += bodyPad + g.nameRoom(start[lane])
		if lane == 0 && free > 0 {
			y += free + 20
		}
		for row := start[lane]; row < start[lane]+n; row++ {
			y += over[row]
			g.rowY[row] = y
			y += g.rowH[row] + under[row]
		}
		if n > 0 {
			y += bodyPad + 12 - rowGap + 10
		}
		least := 90.0
		if len(g.lanes) > 0 {
			least = max(least, min(240, textWidth(g.laneName(lane), 12)+24))
		}
		y = max(y, top+least)
	}
	if len(g.lanes) == 0 && len(g.rows) == 1 && g.rows[0] == 1 && len(g.notes)+len(g.data) == 0 {
		y = max(y, 70)
	}
	if len(g.data) > 0 {
		y += dataH + 44
	}
	tails := make(map[int]float64)
	for _, c := range g.cells {
		c.y = g.rowY[c.row] + (g.rowH[c.row]-c.h)/2
		if c.placed {
			c.x = g.colX[c.col] + (g.colW[c.col]-c.w)/2
			continue
		}
		if tails[c.row] == 0 {
			tails[c.row] = bodyPad
		}
		c.x = tails[c.row]
		tails[c.row] += c.w + colGap
		x = max(x, c.x+c.w)
	}
	g.w, g.h = x+bodyPad, math.Ceil(y)
	if right := g.labels(); right > g.w {
		g.w = right
	}
}

// labels is how far to the right names reach.
func (g *grid) labels() float64 {
	right := 0.0
	for _, c := range g.cells {
		if (isEvent(c.e.Kind) || isGateway(c.e.Kind)) && c.e.Name != "" {
			right = max(right, c.x+c.w/2+min(55, textWidth(c.e.Name, 11)/2)+10)
		}
	}
	return right
}

// nameRoom is what the names of gateways need over a row.
func (g *grid) nameRoom(row int) float64 {
	for _, c := range g.cells {
		if c.row == row && isGateway(c.e.Kind) && c.e.Name != "" {
			return 26
		}
	}
	return 0
}

func (g *grid) laneName(i int) string {
	for _, p := range g.l.m.Processes {
		for j := range p.Lanes {
			if p.Lanes[j].ID == g.lanes[i] {
				return p.Lanes[j].Name
			}
		}
	}
	return ""
}

func noteHeight(a *Artifact) float64 {
	return float64(max(1, len(wrap(a.Name, noteW-14, 12))))*12*lineHeight + 8
}

// noteRoom is the room for notes over each row, and over all for those of no element.
func (g *grid) noteRoom(rows int) (over []float64, free float64) {
	over = make([]float64, rows)
	for i := range g.notes {
		high := min(noteHeight(&g.notes[i]), 150)
		if c := g.noted(g.notes[i].ID); c != nil {
			over[c.row] = max(over[c.row], high+12)
		} else {
			free = max(free, high)
		}
	}
	return over, free
}

// noted is the element to which a note belongs, nil where that is none of this body.
func (g *grid) noted(id string) *cell {
	for _, a := range g.body.Associations {
		other := a.To
		if a.To == id {
			other = a.From
		} else if a.From != id {
			continue
		}
		if h := g.host[other]; h != nil {
			other = h.AttachedTo
		}
		if c := g.byID[other]; c != nil {
			return c
		}
	}
	return nil
}

// emit writes shapes and edges with the body's corner at x, y.
func (g *grid) emit(x, y float64) {
	for i := range g.colX {
		g.colX[i] += x
	}
	for i := range g.rowY {
		g.rowY[i] += y
	}
	for _, c := range g.cells {
		c.x, c.y = c.x+x, c.y+y
		s := Shape{Element: c.e.ID, X: c.x, Y: c.y, W: c.w, H: c.h, Marker: c.e.Kind == ExclusiveGateway, Expanded: c.inner != nil}
		cx := c.x + c.w/2
		switch {
		case isGateway(c.e.Kind):
			s.Label = labelBox(c.e.Name, cx, c.y-4, 110, true)
		case isEvent(c.e.Kind):
			s.Label = labelBox(c.e.Name, cx, c.y+c.h+4, 110, false)
		}
		g.l.shape(s)
		if c.inner != nil {
			c.inner.emit(c.x+(c.w-c.inner.w)/2, c.y+boxHead)
		}
	}
	for _, c := range g.cells {
		g.border(c)
	}
	for _, k := range g.links {
		g.route(k)
	}
	g.beside(x, y)
}

func labelBox(name string, cx, y, width float64, above bool) *Bounds {
	lines := wrap(name, width, 11)
	if len(lines) == 0 {
		return nil
	}
	w := 0.0
	for _, line := range lines {
		w = max(w, textWidth(line, 11))
	}
	h := math.Ceil(float64(len(lines)) * 11 * lineHeight)
	if above {
		y -= h
	}
	return &Bounds{math.Round(cx - w/2), math.Round(y), math.Ceil(w), h}
}

// border sets boundary events on the lower edge of their host, from the right.
func (g *grid) border(c *cell) {
	events := g.events[c.e.ID]
	for i, e := range events {
		x := c.x + c.w - 30 - float64(len(events)-1-i)*48
		s := Shape{Element: e.ID, X: x - eventSize/2, Y: c.y + c.h - eventSize/2, W: eventSize, H: eventSize}
		if b := labelBox(e.Name, x, c.y+c.h+4, 84, false); b != nil {
			b.X = x + eventSize/2 + 3
			if len(events) > 1 && i < len(events)-1 {
				b.X, b.Y = x+4, c.y+c.h+eventSize/2+2
			}
			s.Label = b
		}
		g.l.shape(s)
	}
}

// beside places notes over and data under the flow, near what they belong to.
func (g *grid) beside(x, y float64) {
	near := func(id string) (Bounds, bool) {
		for _, a := range g.body.Associations {
			other := a.To
			if a.To == id {
				other = a.From
			} else if a.From != id {
				continue
			}
			if b, ok := g.l.at[other]; ok {
				return b, true
			}
		}
		for _, f := range g.body.DataFlows {
			other := f.To
			if f.To == id {
				other = f.From
			} else if f.From != id {
				continue
			}
			if b, ok := g.l.at[other]; ok {
				return b, true
			}
		}
		return Bounds{}, false
	}
	over := make(map[*cell]float64) // how far notes over an element reach to the right
	notes := g.notes[:0:0]
	for i := range g.notes {
		a := &g.notes[i]
		c := g.noted(a.ID)
		if c == nil {
			notes = append(notes, *a)
			continue
		}
		h := min(noteHeight(a), 150)
		at := c.x + over[c]
		over[c] += noteW + 8
		top := c.y - h - 24
		if isGateway(c.e.Kind) && c.e.Name != "" {
			top -= 26
		}
		g.l.shape(Shape{Element: a.ID, X: at, Y: top, W: noteW, H: h})
	}
	put := func(list []Artifact, top float64, size func(*Artifact) (w, h float64)) {
		free := x + bodyPad
		for i := range list {
			a := &list[i]
			w, h := size(a)
			at := free
			if b, ok := near(a.ID); ok {
				at = max(free, b.X)
			}
			s := Shape{Element: a.ID, X: at, Y: top, W: w, H: h}
			if a.Kind != Annotation {
				s.Label = labelBox(dataName(a.Name, a.State), at+w/2, top+h+3, 110, false)
				free = at + max(w, 110) + 16
			} else {
				free = at + w + 16
			}
			g.l.shape(s)
		}
	}
	put(notes, y+10, func(a *Artifact) (float64, float64) { return noteW, min(noteHeight(a), 150) })
	put(g.data, y+g.h-dataH-34, func(a *Artifact) (float64, float64) {
		if a.Kind == DataStore {
			return dataH, dataH
		}
		return dataW, dataH
	})
	line := func(id, from, to string) {
		a, okA := g.l.at[from]
		b, okB := g.l.at[to]
		if !okA || !okB || id == "" {
			return
		}
		if a.Y+a.H <= b.Y {
			g.l.edge(id, nil, Point{a.X + min(a.W/2, 30), a.Y + a.H}, Point{b.X + b.W/2, b.Y})
			return
		}
		g.l.edge(id, nil, Point{a.X + a.W/2, a.Y}, Point{b.X + b.W/2, b.Y + b.H})
	}
	for _, a := range g.body.Associations {
		if g.host[a.From] == nil {
			line(a.ID, a.From, a.To)
		}
	}
	for _, f := range g.body.DataFlows {
		line(f.ID, f.From, f.To)
	}
}
