package bpmn

// Layout is below.
func Layout(m *Model) {}
