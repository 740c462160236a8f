package bpmn

import "strings"

// spoken is what a screen reader says of a thing.
func (s *scene) spoken(t *thing) string {
	switch t.kind {
	case "sequenceFlow", "messageFlow", "association", "dataFlow":
		said := s.t("between."+t.kind, "from", s.called(t.from), "to", s.called(t.to))
		if t.name != "" {
			said += ": " + t.name
		}
		return said
	}
	said := s.t("kind." + t.kind)
	if e := t.element; e != nil {
		switch {
		case len(e.Events) > 1:
			said += " (" + s.t("event.multiple") + ")"
		case len(e.Events) == 1:
			said += " (" + s.t("event."+string(e.Events[0].Kind)) + ")"
		}
		if e.Loop != nil {
			said += ", " + s.t("several")
		}
	}
	if t.name != "" {
		said += ": " + oneLine(t.name)
	}
	if t.artifact != nil && t.artifact.State != "" {
		said += " [" + t.artifact.State + "]"
	}
	return said
}

// called is the name of an element as another's label says it.
func (s *scene) called(id string) string {
	t := s.things[id]
	switch {
	case t == nil:
		return "–"
	case t.name != "":
		return oneLine(t.name)
	}
	return strings.ToLower(s.t("kind." + t.kind))
}

func oneLine(s string) string {
	if len(s) > maxLabel {
		s = strings.ToValidUTF8(s[:maxLabel], "") + "…"
	}
	return strings.Join(strings.Fields(s), " ")
}

// about is the title and description of the drawing.
func (s *scene) about() (title, desc string) {
	name := s.opt.Title
	if name == "" {
		name = s.planeName()
	}
	if title = s.t("title", "name", name); name == "" {
		title = s.t("untitled")
	}
	steps, events, gateways := 0, 0, 0
	var lanes, now []string
	for i := range s.d.Shapes {
		t := s.things[s.d.Shapes[i].Element]
		switch {
		case t == nil || s.hidden(t):
		case t.lane != nil || t.participant != nil:
			if t.name != "" && len(lanes) < 20 {
				lanes = append(lanes, oneLine(t.name))
			}
		case t.element == nil:
		case isEvent(t.element.Kind):
			events++
		case isGateway(t.element.Kind):
			gateways++
		default:
			steps++
		}
	}
	desc = s.t("desc", "steps", steps, "events", events, "gateways", gateways)
	if len(lanes) > 0 {
		desc += " " + s.t("lanes", "names", strings.Join(lanes, ", "))
	}
	for _, id := range s.opt.Current {
		if s.things[id] != nil {
			now = append(now, s.called(id))
		}
	}
	if len(now) > 0 {
		desc += " " + s.t("now", "names", strings.Join(now, ", "))
	}
	return title, desc
}

func (s *scene) planeName() string {
	if t := s.things[s.d.Plane]; t != nil && t.name != "" {
		return t.name
	}
	for _, p := range s.m.Processes {
		if p.ID == s.d.Plane && p.Name != "" {
			return s.name(p.ID, p.Name)
		}
	}
	for i := range s.m.Collaborations {
		if c := &s.m.Collaborations[i]; c.ID == s.d.Plane && c.Name != "" {
			return c.Name
		}
	}
	if s.d.Name != "" {
		return s.d.Name
	}
	for _, p := range s.m.Processes {
		if p.Name != "" {
			return s.name(p.ID, p.Name)
		}
	}
	return s.m.Name
}
