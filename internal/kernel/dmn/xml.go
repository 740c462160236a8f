package dmn

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
)

// Bounds of one document.
const (
	maxBytes    = 8 << 20
	maxDepth    = 120
	maxElements = 100_000
	maxKids     = 1_000  // of one element: entries, requirements, parameters
	maxRules    = 5_000  // of one table
	maxParts    = 10_000 // of the document
)

// kidLimit keeps what is compiled with a look at each other few enough.
func kidLimit(name string) int {
	switch name {
	case "definitions":
		return maxParts
	case "decisionTable", "relation", "list":
		return maxRules
	}
	return maxKids
}

// element is one XML element of the DMN namespace; others are left out.
type element struct {
	name  string
	attrs map[string]string
	kids  []*element
	text  string
	line  int
}

// readXML reads a document whose root is definitions of any DMN version.
func readXML(data []byte) (*element, error) {
	if len(data) > maxBytes {
		return nil, problemError("dmn.too-large", 0, "max", maxBytes>>20)
	}
	dec := xml.NewDecoder(bytes.NewReader(data))
	var root *element
	var stack []*element
	space, foreign, count := "", 0, 0
	for {
		tok, err := dec.Token()
		line, _ := dec.InputPos()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, problemError("dmn.bad-xml", line, "detail", err.Error())
		}
		switch tok := tok.(type) {
		case xml.Directive:
			return nil, problemError("dmn.directive", line)
		case xml.StartElement:
			if count++; count > maxElements || len(stack)+foreign > maxDepth {
				return nil, problemError("dmn.too-complex", line)
			}
			if root == nil {
				if tok.Name.Local != "definitions" || !strings.Contains(tok.Name.Space, "/DMN/") {
					return nil, problemError("dmn.not-dmn", line)
				}
				space = tok.Name.Space
			}
			if foreign > 0 || tok.Name.Space != space || tok.Name.Local == "extensionElements" {
				foreign++
				continue
			}
			e := &element{name: tok.Name.Local, attrs: make(map[string]string, len(tok.Attr)), line: line}
			for _, a := range tok.Attr {
				if a.Name.Space == "" {
					e.attrs[a.Name.Local] = a.Value
				} else if a.Name.Space == "xmlns" {
					e.attrs["xmlns:"+a.Name.Local] = a.Value
				}
			}
			if root == nil {
				root = e
			} else {
				top := stack[len(stack)-1]
				if len(top.kids) >= kidLimit(top.name) {
					return nil, problemError("dmn.too-complex", line)
				}
				top.kids = append(top.kids, e)
			}
			stack = append(stack, e)
		case xml.EndElement:
			if foreign > 0 {
				foreign--
				continue
			}
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if foreign == 0 && len(stack) > 0 {
				if top := stack[len(stack)-1]; top.name == "text" || top.name == "typeRef" || top.name == "description" || top.name == "question" {
					top.text += string(tok)
				}
			}
		}
	}
	if root == nil {
		return nil, problemError("dmn.not-dmn", 1)
	}
	return root, nil
}

// kid is the first child of that name, nil where there is none.
func (e *element) kid(name string) *element {
	for _, k := range e.kids {
		if k.name == name {
			return k
		}
	}
	return nil
}

func (e *element) all(name string) []*element {
	var out []*element
	for _, k := range e.kids {
		if k.name == name {
			out = append(out, k)
		}
	}
	return out
}

// textOf is the trimmed text of a child element.
func (e *element) textOf(name string) string {
	if k := e.kid(name); k != nil {
		return strings.TrimSpace(k.text)
	}
	return ""
}

// freeText is the text inside the child's own text element.
func (e *element) freeText(name string) string {
	if k := e.kid(name); k != nil {
		return k.textOf("text")
	}
	return ""
}
