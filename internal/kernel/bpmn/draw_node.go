package bpmn

import "strings"

func (s *scene) event(sh *Shape, t *thing) {
	e := t.element
	x, y, r := sh.X+sh.W/2, sh.Y+sh.H/2, min(sh.W, sh.H)/2
	dash := ""
	if (e.Kind == BoundaryEvent || e.Kind == StartEvent) && !e.Interrupting {
		dash = "4 3"
	}
	switch e.Kind {
	case EndEvent:
		s.circle("bpmn-face", x, y, r-1, "stroke-width", "3")
	case StartEvent:
		s.circle("bpmn-face", x, y, r-0.5, "stroke-width", "1.5", "stroke-dasharray", dash)
	default:
		s.circle("bpmn-face", x, y, r-0.5, "stroke-width", "1.2", "stroke-dasharray", dash)
		s.circle("bpmn-ink", x, y, r-3.5, "stroke-width", "1.2", "stroke-dasharray", dash, "fill", "none")
	}
	s.eventIcon(e, x, y, r)
	s.outside(sh, t.name)
}

func (s *scene) gateway(sh *Shape, t *thing) {
	e := t.element
	x, y, w, h := sh.X+sh.W/2, sh.Y+sh.H/2, sh.W/2, sh.H/2
	s.path("bpmn-face", "M"+num(x)+" "+num(sh.Y)+"L"+num(sh.X+sh.W)+" "+num(y)+"L"+num(x)+" "+num(sh.Y+sh.H)+"L"+num(sh.X)+" "+num(y)+"z", "stroke-width", "1.5")
	cross := func(k float64, straight bool) {
		a, b := w*k, h*k
		d := "M" + num(x-a) + " " + num(y-b) + "L" + num(x+a) + " " + num(y+b) + "M" + num(x+a) + " " + num(y-b) + "L" + num(x-a) + " " + num(y+b)
		if straight {
			d = "M" + num(x-a) + " " + num(y) + "H" + num(x+a) + "M" + num(x) + " " + num(y-b) + "V" + num(y+b)
		}
		s.path("bpmn-ink", d, "stroke-width", "3", "fill", "none")
	}
	r := min(w, h)
	switch e.Kind {
	case ExclusiveGateway:
		if sh.Marker {
			cross(0.32, false)
		}
	case ParallelGateway:
		cross(0.5, true)
	case ComplexGateway:
		cross(0.5, true)
		cross(0.32, false)
	case InclusiveGateway:
		s.circle("bpmn-ink", x, y, r*0.48, "stroke-width", "2.5", "fill", "none")
	case EventBasedGateway:
		s.circle("bpmn-ink", x, y, r*0.58, "stroke-width", "1", "fill", "none")
		if !e.Instantiate {
			s.circle("bpmn-ink", x, y, r*0.48, "stroke-width", "1", "fill", "none")
		}
		icon := iconMultiple
		if contains(e.Unknown, "eventGatewayType") {
			icon = iconPlus
		}
		s.icon("bpmn-ink", icon, x-r*0.33, y-r*0.33, r*0.66, 1)
	default:
	}
	s.outside(sh, t.name)
}

func (s *scene) activity(sh *Shape, t *thing) {
	e := t.element
	width, dash, class := "1.5", "", "bpmn-face"
	open := s.shows(e, sh)
	switch {
	case e.Kind == CallActivity:
		width = "4"
	case e.Triggered:
		dash = "2 3"
	case e.Kind == Foreign:
		dash = "6 3"
	}
	if open {
		class = "bpmn-box"
	}
	const r = 8
	s.rect(class, sh.X, sh.Y, sh.W, sh.H, r, "stroke-width", width, "stroke-dasharray", dash)
	if e.Kind == Transaction {
		s.rect("bpmn-ink", sh.X+3, sh.Y+3, sh.W-6, sh.H-6, r-2, "stroke-width", "1", "fill", "none")
	}
	icon := 0.0
	switch e.Kind {
	case SendTask:
		s.envelope(sh.X+6, sh.Y+6, 17, 11, true)
		icon = 18
	case ReceiveTask:
		if e.Instantiate {
			s.circle("bpmn-ink", sh.X+14, sh.Y+12, 11, "stroke-width", "1", "fill", "none")
		}
		s.envelope(sh.X+6, sh.Y+6, 17, 11, false)
		icon = 18
	default:
		if d := taskIcons[e.Kind]; d != "" {
			s.icon("bpmn-ink", d, sh.X+4, sh.Y+4, 16, 1)
			icon = 18
		}
		if e.Kind == BusinessRuleTask {
			s.icon("bpmn-solid", iconRuleTop, sh.X+4, sh.Y+4, 16, 1)
		}
	}
	marks := s.markers(sh, e, holdsBody(e.Kind) && !open)
	if open {
		lines, size := fit(t.name, sh.W-16, 32)
		s.textBlock("bpmn-text", sh.X+sh.W/2, sh.Y+5, lines, size, "middle", "")
		return
	}
	s.inside(t.name, sh, icon, max(marks, min(s.feet[e.ID], sh.H/3)))
}

// inside writes a name into a box between an icon above and marks below.
func (s *scene) inside(name string, sh *Shape, above, below float64) {
	w := sh.W - 14
	if lines, size := fit(name, w, sh.H-6); len(lines) > 0 {
		high := float64(len(lines)) * size * lineHeight
		if edge := (sh.H - high) / 2; size == 12 && edge >= max(above, below) { // in the very middle
			s.textLines("bpmn-text", sh.X+sh.W/2, sh.Y+sh.H/2, lines, size)
			return
		}
	}
	top, bottom := sh.Y+max(above, 3), sh.Y+sh.H-max(below, 3)
	lines, size := fit(name, w, bottom-top)
	if above > 0 && sh.W > 110 { // between the icon and its like
		if l, z := fit(name, sh.W-44, sh.H-6-below); z > size {
			lines, size, top = l, z, sh.Y+3
		}
	}
	s.textLines("bpmn-text", sh.X+sh.W/2, (top+bottom)/2, lines, size)
}

// markers draws the marks at the foot of an activity and returns their height.
func (s *scene) markers(sh *Shape, e *Element, closed bool) float64 {
	var marks []string
	switch {
	case e.Loop != nil && e.Loop.Sequential:
		marks = append(marks, iconSequential)
	case e.Loop != nil:
		marks = append(marks, iconParallel)
	case contains(e.Unknown, "standardLoopCharacteristics"):
		marks = append(marks, iconLoop)
	}
	if e.Compensates {
		marks = append(marks, iconCompensate)
	}
	if closed {
		marks = append(marks, iconExpand)
	}
	if e.Kind == AdHocSubProcess {
		marks = append(marks, iconTilde)
	}
	if len(marks) == 0 {
		return 0
	}
	s.row(marks, sh)
	return 17
}

func (s *scene) row(marks []string, sh *Shape) {
	const size, gap = 13, 4
	x := sh.X + sh.W/2 - (float64(len(marks))*(size+gap)-gap)/2
	for _, m := range marks {
		s.icon("bpmn-ink", m, x, sh.Y+sh.H-size-3, size, 1.3)
		x += size + gap
	}
}

// strip is the width of the head of a pool or lane.
const strip = 30

func (s *scene) pool(sh *Shape, t *thing, multiple bool) {
	s.rect("bpmn-pool", sh.X, sh.Y, sh.W, sh.H, 0, "stroke-width", "1.5")
	if t.participant.Process == "" {
		s.inside(t.name, sh, 0, 0)
	} else {
		s.head(sh, t.name, 12)
	}
	if multiple {
		s.row([]string{iconParallel}, sh)
	}
}

func (s *scene) laneShape(sh *Shape, t *thing) {
	s.rect("bpmn-lane", sh.X, sh.Y, sh.W, sh.H, 0, "stroke-width", "1", "fill", "none")
	s.head(sh, t.name, 12)
}

// head draws the strip with the name: at the left, turned, or on top of an upright one.
func (s *scene) head(sh *Shape, name string, size float64) {
	if !s.lying(sh) {
		s.rect("bpmn-head", sh.X, sh.Y, sh.W, strip, 0, "stroke-width", "1")
		lines, size := fit(name, sh.W-8, strip-2)
		s.textLines("bpmn-text", sh.X+sh.W/2, sh.Y+strip/2, lines, size)
		return
	}
	s.rect("bpmn-head", sh.X, sh.Y, strip, sh.H, 0, "stroke-width", "1")
	lines := wrap(strings.TrimSpace(name), sh.H-8, size)
	if len(lines) > 1 {
		lines, size = fit(name, sh.H-8, strip-2)
	}
	x, y := sh.X+strip/2, sh.Y+sh.H/2
	high := float64(len(lines)) * size * lineHeight
	s.textBlock("bpmn-text", x, y-high/2, lines, size, "middle", "rotate(-90 "+num(x)+" "+num(y)+")")
}

// lying reports whether a pool or lane runs from left to right. Files that say nothing
// of it are read from the pool's shape.
func (s *scene) lying(sh *Shape) bool {
	if sh.Horizontal {
		return true
	}
	for id, other := range s.shapes {
		if t := s.things[id]; (t.participant != nil || t.lane != nil) && other.Horizontal {
			return true
		}
	}
	return sh.W > sh.H
}

func (s *scene) artifactShape(sh *Shape, t *thing) {
	a := t.artifact
	x, y, w, h := sh.X, sh.Y, sh.W, sh.H
	switch a.Kind {
	case Annotation:
		s.path("bpmn-note", "M"+num(x+10)+" "+num(y)+"H"+num(x)+"V"+num(y+h)+"H"+num(x+10), "stroke-width", "1.5", "fill", "none")
		lines, size := fit(t.name, w-10, h)
		s.textBlock("bpmn-text", x+6, y+max(0, (h-float64(len(lines))*size*lineHeight)/2), lines, size, "start", "")
	case Group:
		s.rect("bpmn-note", x, y, w, h, 10, "stroke-width", "1.5", "stroke-dasharray", "8 4 2 4", "fill", "none")
		lines, size := fit(t.name, w-10, 30)
		s.textBlock("bpmn-text", x+w/2, y+4, lines, size, "middle", "")
	case DataStore:
		ry := min(h/6, 10)
		cap3 := func(at float64) string {
			return "M" + num(x) + " " + num(y+at) + "a" + num(w/2) + " " + num(ry) + " 0 0 0 " + num(w) + " 0"
		}
		s.path("bpmn-face", "M"+num(x)+" "+num(y+ry)+"a"+num(w/2)+" "+num(ry)+" 0 0 1 "+num(w)+" 0V"+num(y+h-ry)+"a"+num(w/2)+" "+num(ry)+" 0 0 1 "+num(-w)+" 0z", "stroke-width", "1.3")
		s.path("bpmn-ink", cap3(ry)+cap3(ry+4)+cap3(ry+8), "stroke-width", "1.3", "fill", "none")
		s.outside(sh, dataName(t.name, a.State))
	default:
		fold := min(w, h) * 0.28
		s.path("bpmn-face", "M"+num(x)+" "+num(y)+"H"+num(x+w-fold)+"L"+num(x+w)+" "+num(y+fold)+"V"+num(y+h)+"H"+num(x)+"z", "stroke-width", "1.3", "stroke-linejoin", "round")
		s.path("bpmn-ink", "M"+num(x+w-fold)+" "+num(y)+"V"+num(y+fold)+"H"+num(x+w), "stroke-width", "1.3", "fill", "none")
		if a.Kind == DataInput {
			s.icon("bpmn-ink", iconLink, x+3, y+3, 14, 1)
		}
		if a.Kind == DataOutput {
			s.icon("bpmn-solid", iconLink, x+3, y+3, 14, 1)
		}
		if a.Collection {
			s.row([]string{iconParallel}, sh)
		}
		s.outside(sh, dataName(t.name, a.State))
	}
}

func dataName(name, state string) string {
	if state == "" || strings.Contains(name, state) {
		return name
	}
	return name + "\n[" + state + "]"
}
