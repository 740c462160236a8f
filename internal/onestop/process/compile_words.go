package process

import (
	"slices"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/decl"
)

// words are the khue: attributes by the kind of element that they belong to.
//
//nolint:gochecknoglobals // immutable table
var words = map[bpmn.Kind][]string{
	bpmn.UserTask: {
		"role", "unit", "form", "hours", "clock", "counts", "actions", "within", "silence", "publicLabel", "notify", "collection", "item",
	},
	bpmn.ServiceTask:      {"connector", "notify", "collection", "item", "counts"},
	bpmn.BusinessRuleTask: {"decision", "result", "notify", "collection", "item"},
	bpmn.ScriptTask:       {"result", "notify", "collection", "item"},
	bpmn.CallActivity:     {"unit", "case", "notify", "collection", "item", "counts"},
	bpmn.SubProcess:       {"notify", "collection", "item"},
	bpmn.SendTask:         {"correlate", "notify", "collection", "item"},
	bpmn.ReceiveTask:      {"correlate", "notify", "collection", "item", "counts"},
	bpmn.Task:             {"notify", "collection", "item"},
	bpmn.ManualTask:       {"notify", "collection", "item"},
	bpmn.EndEvent:         {"state", "notify", "correlate"},
	bpmn.StartEvent:       {"notify", "correlate"},
	bpmn.CatchEvent:       {"notify", "correlate", "counts"},
	bpmn.ThrowEvent:       {"notify", "correlate"},
	bpmn.BoundaryEvent:    {"notify", "correlate"},
}

// Words of a multi-instance and of a message may stand at the element, or inside it at
// what they are about: modellers draw both.
//
//nolint:gochecknoglobals // immutable tables
var (
	loopWords    = []string{"collection", "item"}
	messageWords = []string{"correlate"}
)

// inner is an attribute of an element, or of its loop or its message.
func inner(e *bpmn.Element, name string) decl.Text {
	if t, ok := e.Attrs[name]; ok {
		return t
	}
	if e.Loop != nil && slices.Contains(loopWords, name) {
		return e.Loop.Attrs[name]
	}
	for _, d := range e.Events {
		if d.Kind == bpmn.Message && slices.Contains(messageWords, name) {
			return d.Attrs[name]
		}
	}
	return decl.Text{}
}

// attributes refuses khue: words that mean nothing where they stand.
func (c *compiler) attributes(e *bpmn.Element) {
	refuse := func(kind string, attrs bpmn.Attrs, known []string) {
		for name, t := range attrs {
			if !slices.Contains(known, name) {
				c.fail(t.Pos, e.ID+"."+name, "process.lint.attribute", "name", name, "kind", kind, "nearest", decl.Nearest(name, known))
			}
		}
	}
	refuse(string(e.Kind), e.Attrs, words[e.Kind])
	if e.Loop != nil {
		refuse("multiInstanceLoopCharacteristics", e.Loop.Attrs, loopWords)
	}
	for _, d := range e.Events {
		var known []string
		if d.Kind == bpmn.Message {
			known = messageWords
		}
		refuse(string(d.Kind)+"EventDefinition", d.Attrs, known)
	}
	for _, x := range e.Ext {
		ok := false
		switch x.Name {
		case "action":
			ok = e.Kind == bpmn.UserTask
		case "in":
			ok = e.Kind == bpmn.ServiceTask || e.Kind == bpmn.CallActivity || e.Kind == bpmn.SendTask
		case "out":
			ok = e.Kind == bpmn.ServiceTask || e.Kind == bpmn.CallActivity
		}
		if !ok {
			c.fail(x.Pos, e.ID, "process.lint.attribute", "name", x.Name, "kind", string(e.Kind), "nearest", "action, in, out")
		}
	}
}

// attr is an attribute of an element, or what its lane says.
func (c *compiler) attr(e *bpmn.Element, name string) decl.Text {
	if t, ok := e.Attrs[name]; ok {
		return t
	}
	if name == "role" || name == "unit" {
		return c.lane[e.ID][name]
	}
	return decl.Text{}
}
