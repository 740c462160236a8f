package bpmn

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

// Bounds of one file.
const (
	maxBytes    = 1 << 20
	maxNodes    = 100_000 // XML elements, text and comments
	maxDepth    = 64      // XML elements in each other
	maxNesting  = 30      // sub-processes in each other
	maxElements = 10_000  // nodes, flows, artifacts
	maxShapes   = 20_000  // drawn shapes and edges
	maxProblems = 200
)

type nodeKind uint8

const (
	elementNode nodeKind = iota
	textNode
	commentNode
	instNode
)

// node is one piece of a document as it was written: names keep their prefixes, white
// space and comments stand, so that what the model does not know survives Write.
type node struct {
	pos          decl.Pos
	kind         nodeKind
	prefix, name string
	space        string // namespace
	attrs        []attr
	kids         []*node
	text         string // of text, comments and instructions (name is the target)
}

type attr struct {
	prefix, name string
	space        string
	value        string
	pos          decl.Pos // of the value
}

// source is the document that a model was read from.
type source struct {
	doc  *node // its kids are the prolog and definitions
	root *node
	byID map[string]*node // also those whose id was made up
	ids  map[*node]string // the same, turned
}

// scope is the prefixes that one element declares.
type scope struct {
	up    *scope
	names map[string]string
}

func (s *scope) find(prefix string) (string, bool) {
	if prefix == "xml" {
		return "http://www.w3.org/XML/1998/namespace", true
	}
	for ; s != nil; s = s.up {
		if ns, ok := s.names[prefix]; ok {
			return ns, true
		}
	}
	return "", prefix == ""
}

// faults collects problems of a file.
type faults struct {
	file     string
	problems decl.Problems
}

func (f *faults) add(level decl.Level, pos decl.Pos, element, key string, kv ...any) {
	if len(f.problems) >= maxProblems {
		return
	}
	params := make(errs.Params, len(kv)/2+1)
	for i := 0; i+1 < len(kv); i += 2 {
		params[kv[i].(string)] = kv[i+1]
	}
	params["element"] = element
	f.problems = append(f.problems, decl.Problem{
		File: f.file, Pos: pos, Element: element, Level: level, Key: "bpmn.lint." + key, Params: params,
	})
}

func (f *faults) refuse(pos decl.Pos, element, key string, kv ...any) {
	f.add(decl.Error, pos, element, key, kv...)
}

func (f *faults) warn(pos decl.Pos, element, key string, kv ...any) {
	f.add(decl.Warning, pos, element, key, kv...)
}

// readXML reads a document. It returns nil where the file cannot be read.
func (f *faults) readXML(data []byte) *source {
	if len(data) > maxBytes {
		f.refuse(decl.Pos{Line: 1, Col: 1}, "", "tooLarge", "max", maxBytes)
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(data) {
		f.refuse(badByte(data), "", "encoding")
		return nil
	}
	data = []byte(i18n.NFC(string(data)))
	x := &xmlReader{faults: f, data: data, dec: xml.NewDecoder(bytes.NewReader(data))}
	x.dec.CharsetReader = x.charset
	return x.read()
}

func badByte(data []byte) decl.Pos {
	pos := decl.Pos{Line: 1, Col: 1}
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && n == 1:
			return pos
		case r == '\n':
			pos = decl.Pos{Line: pos.Line + 1, Col: 1}
		default:
			pos.Col++
		}
		data = data[n:]
	}
	return pos
}

type xmlReader struct {
	*faults
	data  []byte
	dec   *xml.Decoder
	nodes int
}

var errCharset = errors.New("charset")

// charset takes files that name another encoding as long as they keep to ASCII, which
// reads the same in all of them.
func (x *xmlReader) charset(label string, in io.Reader) (io.Reader, error) {
	for _, b := range x.data {
		if b >= utf8.RuneSelf {
			return nil, errCharset
		}
	}
	if l := strings.ToLower(label); strings.HasPrefix(l, "utf-16") || strings.HasPrefix(l, "utf-32") || strings.HasPrefix(l, "ucs") {
		return nil, errCharset
	}
	return in, nil
}

func (x *xmlReader) read() *source {
	doc := &node{}
	stack := []*node{doc}
	var names *scope
	scopes := []*scope{nil}
	for {
		start := x.dec.InputOffset()
		line, col := x.dec.InputPos()
		pos := decl.Pos{Line: line, Col: col}
		tok, err := x.dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			x.syntax(err)
			return nil
		}
		top := stack[len(stack)-1]
		n := &node{pos: pos}
		switch t := tok.(type) {
		case xml.Directive:
			x.refuse(pos, "", "doctype")
			return nil
		case xml.ProcInst:
			n.kind, n.name, n.text = instNode, t.Target, string(t.Inst)
		case xml.Comment:
			n.kind, n.text = commentNode, string(t)
		case xml.CharData:
			if top == doc {
				if len(bytes.TrimSpace(t)) > 0 {
					x.refuse(pos, "", "syntax", "reason", "text outside of the root element")
					return nil
				}
				continue
			}
			n.kind, n.text = textNode, string(t)
		case xml.StartElement:
			names = &scope{up: names}
			if !x.element(n, t, names, x.data[start:x.dec.InputOffset()]) {
				return nil
			}
			if len(stack) > maxDepth {
				x.refuse(pos, n.attr("id"), "tooDeep", "max", maxDepth)
				return nil
			}
			if top == doc && slices.ContainsFunc(doc.kids, func(k *node) bool { return k.kind == elementNode }) {
				x.refuse(pos, "", "syntax", "reason", "a second root element")
				return nil
			}
			stack = append(stack, n)
			scopes = append(scopes, names)
		case xml.EndElement:
			if top == doc || top.name != t.Name.Local || top.prefix != t.Name.Space {
				x.refuse(pos, "", "syntax", "reason", "</"+t.Name.Local+"> closes nothing that is open")
				return nil
			}
			stack, scopes = stack[:len(stack)-1], scopes[:len(scopes)-1]
			names = scopes[len(scopes)-1]
			continue
		}
		if x.nodes++; x.nodes > maxNodes {
			x.refuse(pos, "", "tooMany", "max", maxNodes)
			return nil
		}
		top.kids = append(top.kids, n)
	}
	if len(stack) > 1 {
		open := stack[len(stack)-1]
		x.refuse(open.pos, open.attr("id"), "syntax", "reason", "<"+open.name+"> is not closed")
		return nil
	}
	for _, k := range doc.kids {
		if k.kind == elementNode && k.name == "definitions" && k.space == NS {
			return &source{doc: doc, root: k, byID: make(map[string]*node), ids: make(map[*node]string)}
		}
	}
	x.refuse(decl.Pos{Line: 1, Col: 1}, "", "notBPMN")
	return nil
}

func (x *xmlReader) syntax(err error) {
	line, col := x.dec.InputPos()
	pos, reason := decl.Pos{Line: line, Col: col}, err.Error()
	var se *xml.SyntaxError
	switch {
	case strings.Contains(reason, errCharset.Error()): // encoding/xml wraps it as text
		x.refuse(decl.Pos{Line: 1, Col: 1}, "", "encoding")
		return
	case errors.As(err, &se):
		reason = se.Msg
		if strings.Contains(reason, "invalid character entity") {
			x.refuse(pos, "", "entity")
			return
		}
	}
	x.refuse(pos, "", "syntax", "reason", reason)
}

// element fills the names and attributes of a start tag.
func (x *xmlReader) element(n *node, t xml.StartElement, names *scope, tag []byte) bool {
	n.prefix, n.name = t.Name.Space, t.Name.Local
	places := attrPlaces(tag, n.pos)
	for i, a := range t.Attr {
		at := attr{prefix: a.Name.Space, name: a.Name.Local, value: a.Value, pos: n.pos}
		if i < len(places) {
			at.pos = places[i]
		}
		n.attrs = append(n.attrs, at)
		switch {
		case at.prefix == "xmlns":
			names.put(at.name, at.value)
		case at.prefix == "" && at.name == "xmlns":
			names.put("", at.value)
		}
	}
	var ok bool
	if n.space, ok = names.find(n.prefix); !ok {
		x.refuse(n.pos, n.name, "prefix", "prefix", n.prefix)
		return false
	}
	seen := make(map[[2]string]bool, len(n.attrs))
	for i := range n.attrs {
		a := &n.attrs[i]
		if a.prefix != "" && a.prefix != "xmlns" {
			if a.space, ok = names.find(a.prefix); !ok {
				x.refuse(a.pos, n.name, "prefix", "prefix", a.prefix)
				return false
			}
		}
		key := [2]string{a.space, a.name}
		if a.prefix == "xmlns" {
			key[0] = "xmlns"
		}
		if seen[key] {
			x.refuse(a.pos, n.name, "syntax", "reason", "the attribute "+a.name+" is written twice")
			return false
		}
		seen[key] = true
	}
	return true
}

func (s *scope) put(prefix, ns string) {
	if s.names == nil {
		s.names = make(map[string]string)
	}
	s.names[prefix] = ns
}

// attrPlaces are the places of the values of a start tag, in order.
func attrPlaces(tag []byte, pos decl.Pos) []decl.Pos {
	var out []decl.Pos
	var quote byte
	for _, b := range tag {
		switch {
		case quote != 0 && b == quote:
			quote = 0
		case quote == 0 && (b == '"' || b == '\''):
			quote = b
			out = append(out, decl.Pos{Line: pos.Line, Col: pos.Col + 1})
		}
		if b == '\n' {
			pos = decl.Pos{Line: pos.Line + 1, Col: 1}
		} else {
			pos.Col++
		}
	}
	return out
}

// attr is the value of an attribute without a namespace.
func (n *node) attr(name string) string {
	for i := range n.attrs {
		if a := &n.attrs[i]; a.name == name && a.prefix == "" {
			return a.value
		}
	}
	return ""
}

// is reports whether the node is an element of BPMN with that name.
func (n *node) is(name string) bool {
	return n.kind == elementNode && n.name == name && n.space == NS
}

func (n *node) bpmn() bool { return n.kind == elementNode && n.space == NS }

// kid is the first BPMN child of that name, or nil.
func (n *node) kid(name string) *node {
	for _, k := range n.kids {
		if k.is(name) {
			return k
		}
	}
	return nil
}

// content is the text of an element and all in it.
func (n *node) content() string {
	if len(n.kids) == 1 && n.kids[0].kind == textNode {
		return n.kids[0].text
	}
	var b strings.Builder
	n.gather(&b)
	return b.String()
}

func (n *node) gather(b *strings.Builder) {
	for _, k := range n.kids {
		switch k.kind {
		case textNode:
			b.WriteString(k.text)
		case elementNode:
			k.gather(b)
		case commentNode, instNode:
		}
	}
}

// written is the trimmed text of an element with the place where it begins.
func (n *node) written() decl.Text {
	if n == nil {
		return decl.Text{}
	}
	t := decl.Text{S: strings.TrimSpace(n.content()), Pos: n.pos}
	for _, k := range n.kids {
		if k.kind == textNode && strings.TrimSpace(k.text) != "" {
			t.Pos = skipSpace(k.text, k.pos)
			break
		}
	}
	return t
}

// skipSpace moves a place over leading white space.
func skipSpace(s string, pos decl.Pos) decl.Pos {
	for i := range len(s) {
		switch s[i] {
		case '\n':
			pos = decl.Pos{Line: pos.Line + 1, Col: 1}
		case ' ', '\t', '\r':
			pos.Col++
		default:
			return pos
		}
	}
	return pos
}
