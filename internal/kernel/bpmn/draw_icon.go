package bpmn

// Icons on a grid of 24 by 24.
const (
	iconEnvelope    = "M3 6.5h18v12H3z M3 6.5l9 6.5 9-6.5"
	iconFlap        = "M3 6.5l9 6.5 9-6.5"
	iconClock       = "M12 3a9 9 0 1 0 .01 0z M12 3v2.5 M12 18.5v2.5 M3 12h2.5 M18.5 12h2.5 M12 6.5v5.5l3.5 3"
	iconSignal      = "M12 3.5l9 15H3z"
	iconError       = "M4 20l4.5-14 6 8L20 4l-4.5 15-6.5-8z"
	iconEscalation  = "M12 3l7 17-7-7-7 7z"
	iconCompensate  = "M12 6v12l-9-6z M21 6v12l-9-6z"
	iconConditional = "M5 3h14v18H5z M7.5 7h9 M7.5 10.5h9 M7.5 14h9 M7.5 17.5h9"
	iconLink        = "M3 9h10V4.5l8.500 7.5-8.500 7.5V15H3z"
	iconCancel      = "M5 3l7 7 7-7 2 2-7 7 7 7-2 2-7-7-7 7-2-2 7-7-7-7z"
	iconMultiple    = "M12 3l9 6.800-3.500 10.700H6.500L3 9.800z"
	iconPlus        = "M9.500 3h5v6.500H21v5h-6.500V21h-5v-6.500H3v-5h6.500z"

	iconUser    = "M12 3.500a4.500 4.500 0 1 0 .01 0z M3.500 21.500c0-6 3.500-8.500 8.500-8.500s8.500 2.500 8.500 8.500z"
	iconHand    = "M2.500 10l5-5c1.200-1.100 2.600-.2 1.900 1L7.800 8.500H20c1.900 0 1.900 2.800 0 2.800h-6 7c1.900 0 1.900 2.800 0 2.800h-7 6c1.900 0 1.900 2.700 0 2.700h-6 4.500c1.800 0 1.800 2.600 0 2.600H8.500c-3.500 0-6-2-6-5.400z"
	iconGear    = "M12 8.500a3.500 3.500 0 1 0 .01 0z M10.300 2h3.400l.5 2.700 1.900.8 2.300-1.600 2.400 2.400-1.600 2.300.8 1.900 2.700.5v3.400l-2.700.5-.8 1.900 1.600 2.300-2.400 2.400-2.300-1.600-1.900.8-.5 2.700h-3.400l-.5-2.700-1.900-.8-2.300 1.600-2.400-2.400 1.600-2.300-.8-1.900-2.700-.5v-3.400l2.700-.5.8-1.900-1.600-2.300 2.400-2.400 2.300 1.600 1.900-.8z"
	iconScript  = "M8 3h13c-5 4.500 4 13.500-2 18H5.500c6-4.500-4-13.500 2.500-18z M8.500 8h7 M9.500 12h7 M11 16h7"
	iconRule    = "M2.500 4.500h19v15h-19z M2.500 9h19 M2.500 14.200h19 M8.500 9v10.500"
	iconRuleTop = "M2.500 4.500h19V9h-19z"

	iconLoop       = "M8.500 20.200a8.500 8.500 0 1 1 6.500.3 M3.600 20.800l5-.4-.7-5"
	iconParallel   = "M6 4v16 M12 4v16 M18 4v16"
	iconSequential = "M4 6h16 M4 12h16 M4 18h16"
	iconTilde      = "M3 15c2.500-7 6-7 9-3s6.500 4 9-3"
	iconExpand     = "M2.500 2.500h19v19h-19z M12 6.500v11 M6.500 12h11"
)

// eventIcons are the marks of event definitions.
//
//nolint:gochecknoglobals // immutable table
var eventIcons = map[EventDefKind]string{
	Timer: iconClock, Signal: iconSignal, Error: iconError, Escalation: iconEscalation, Compensate: iconCompensate,
	Conditional: iconConditional, Link: iconLink, Cancel: iconCancel,
}

// taskIcons are the marks of tasks.
//
//nolint:gochecknoglobals // immutable table
var taskIcons = map[Kind]string{
	UserTask: iconUser, ManualTask: iconHand, ServiceTask: iconGear, ScriptTask: iconScript, BusinessRuleTask: iconRule,
}

// envelope draws a letter, dark where it is sent.
func (c *canvas) envelope(x, y, w, h float64, sent bool) {
	if !sent {
		c.path("bpmn-face", "M"+num(x)+" "+num(y)+"h"+num(w)+"v"+num(h)+"h"+num(-w)+"z", "stroke-width", "1")
		c.path("bpmn-ink", "M"+num(x)+" "+num(y)+"l"+num(w/2)+" "+num(h*0.55)+" "+num(w/2)+" "+num(-h*0.55), "stroke-width", "1", "fill", "none")
		return
	}
	c.rect("bpmn-solid", x, y, w, h, 0)
	c.path("bpmn-cut", "M"+num(x)+" "+num(y)+"l"+num(w/2)+" "+num(h*0.55)+" "+num(w/2)+" "+num(-h*0.55), "stroke-width", "1.3", "fill", "none")
}

// eventIcon draws what an event waits for or throws, centred.
func (c *canvas) eventIcon(e *Element, x, y, r float64) {
	throws := e.Kind == ThrowEvent || e.Kind == EndEvent
	class := "bpmn-ink"
	if throws {
		class = "bpmn-solid"
	}
	size := r * 1.25
	at := func(d string) { c.icon(class, d, x-size/2, y-size/2, size, 1) }
	switch {
	case len(e.Events) == 0:
	case len(e.Events) > 1 && contains(e.Unknown, "parallelMultiple"):
		at(iconPlus)
	case len(e.Events) > 1:
		at(iconMultiple)
	case e.Events[0].Kind == Message:
		c.envelope(x-size*0.45, y-size*0.32, size*0.9, size*0.64, throws)
	case e.Events[0].Kind == Terminate:
		c.circle("bpmn-solid", x, y, r*0.6)
	case e.Events[0].Kind == Timer, e.Events[0].Kind == Conditional:
		class = "bpmn-ink"
		at(eventIcons[e.Events[0].Kind])
	default:
		at(eventIcons[e.Events[0].Kind])
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
