package bpmn

import (
	"bytes"
	"maps"
	"slices"
	"strings"
)

func newNode(prefix, space, name string) *node {
	return &node{prefix: prefix, space: space, name: name}
}

func leaf(prefix, space, name, text string) *node {
	n := newNode(prefix, space, name)
	n.kids = []*node{{kind: textNode, text: text}}
	return n
}

// copy is a node that can be changed; its kids are those of the old one.
func (n *node) copy() *node {
	c := *n
	c.attrs, c.kids = slices.Clone(n.attrs), slices.Clone(n.kids)
	return &c
}

// qualified is a name with the node's own prefix.
func (n *node) qualified(name string) string {
	if n.prefix == "" {
		return name
	}
	return n.prefix + ":" + name
}

// set writes an attribute without a namespace; an empty value takes it away, unless it
// stood there empty.
func (n *node) set(name, value string) {
	if n.attr(name) == value {
		return
	}
	if value == "" {
		n.attrs = slices.DeleteFunc(n.attrs, func(a attr) bool { return a.prefix == "" && a.name == name })
		return
	}
	for i := range n.attrs {
		if a := &n.attrs[i]; a.prefix == "" && a.name == name {
			a.value = value
			return
		}
	}
	n.attrs = append(n.attrs, attr{name: name, value: value})
}

// setBool writes a flag unless what stands means the same.
func (n *node) setBool(name string, v, usual bool) {
	now := n.attr(name) == "true"
	if usual {
		now = n.attr(name) != "false"
	}
	switch {
	case now == v:
	case v:
		n.set(name, "true")
	default:
		n.set(name, "false")
	}
}

// drop takes children away with the white space before them.
func (n *node) drop(which func(*node) bool) {
	kids := make([]*node, 0, len(n.kids))
	for _, k := range n.kids {
		if k.kind == elementNode && which(k) {
			kids = trimSpaceTail(kids)
			continue
		}
		kids = append(kids, k)
	}
	n.kids = kids
}

func trimSpaceTail(kids []*node) []*node {
	if last := len(kids) - 1; last >= 0 && kids[last].kind == textNode && strings.TrimSpace(kids[last].text) == "" {
		return kids[:last]
	}
	return kids
}

// rankOf is the place of a child in the order of the schema.
func rankOf(n *node) int {
	switch n.name {
	case "documentation", "waypoint":
		return rankDoc
	case "extensionElements", "Bounds":
		return rankExt
	case "incoming":
		return rankIncoming
	case "outgoing":
		return rankOutgoing
	case "laneSet", "participant", "property", "ioSpecification":
		return rankLanes
	case "multiInstanceLoopCharacteristics", "standardLoopCharacteristics":
		return rankLoop
	case "textAnnotation", "group", "association", "childLaneSet":
		return rankArtifact
	case "process", "collaboration", "message", "signal", "error", "escalation":
		return rankRoot
	case "BPMNDiagram":
		return rankDiagram
	}
	return rankFlow
}

// insert adds a new child after its like, on a line of its own.
func (n *node) insert(c *node, rank, depth int) {
	at := 0
	for i, k := range n.kids {
		if k.kind == elementNode && rankOf(k) <= rank {
			at = i + 1
		}
	}
	if len(n.kids) == 0 {
		n.kids = []*node{indent(depth - 1)}
	}
	n.kids = slices.Insert(n.kids, at, indent(depth), c)
}

func indent(depth int) *node {
	return &node{kind: textNode, text: "\n" + strings.Repeat("  ", max(depth, 0))}
}

// serialize writes a document as UTF-8.
func serialize(doc *node) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>`)
	for _, k := range doc.kids {
		if k.kind == instNode && k.name == "xml" {
			continue
		}
		b.WriteByte('\n')
		k.write(&b)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func (n *node) write(b *bytes.Buffer) {
	switch n.kind {
	case textNode:
		escape(b, n.text, false)
	case commentNode:
		b.WriteString("<!--" + n.text + "-->")
	case instNode:
		b.WriteString("<?" + n.name + " " + n.text + "?>")
	case elementNode:
		name := n.qualified(n.name)
		b.WriteString("<" + name)
		for i := range n.attrs {
			a := &n.attrs[i]
			b.WriteByte(' ')
			if a.prefix != "" {
				b.WriteString(a.prefix + ":")
			}
			b.WriteString(a.name + `="`)
			escape(b, a.value, true)
			b.WriteByte('"')
		}
		if len(n.kids) == 0 {
			b.WriteString("/>")
			return
		}
		b.WriteByte('>')
		for _, k := range n.kids {
			k.write(b)
		}
		b.WriteString("</" + name + ">")
	}
}

// escape writes text; characters that XML cannot hold are left out.
func escape(b *bytes.Buffer, s string, inAttr bool) {
	for _, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"' && inAttr:
			b.WriteString("&#34;")
		case r == '\r', inAttr && (r == '\n' || r == '\t'):
			b.WriteString([...]string{'\t': "&#9;", '\n': "&#10;", '\r': "&#13;"}[r])
		case r < ' ' && r != '\n' && r != '\t', r == 0xFFFE, r == 0xFFFF:
		default:
			b.WriteRune(r)
		}
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
