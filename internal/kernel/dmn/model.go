package dmn

import (
	"strings"

	"khue/internal/kernel/feel"
)

// Definitions is one parsed document.
type Definitions struct {
	Name      string
	Namespace string
	Imports   []Import
	root      *element
	parts     []*part
	byID      map[string]*part
}

// Import names another document whose elements this one uses.
type Import struct {
	Name      string // prefix of its names here; empty: none
	Namespace string
	Location  string
}

type partKind uint8

const (
	inputPart partKind = iota
	decisionPart
	bkmPart
	servicePart
)

// part is an element of the requirement graph.
type part struct {
	kind     partKind
	id       string
	name     string
	label    string
	question string
	typeRef  string
	line     int
	defs     *Definitions
	logic    boxed
	fn       *functionBox // of a business knowledge model
	requires []string     // hrefs
	service  *serviceRefs

	// set by Compile
	index int
	typ   typeInfo  // as declared
	seen  feel.Type // of the result, as far as the logic tells
	code  code
	needs []need
	slots int
	self  int // slot of a business knowledge model's own name
}

type serviceRefs struct {
	inputs, inputDecisions, outputs []string
}

// need is what a part reads: another part in a slot, or a context of parts
// under an import's name.
type need struct {
	slot  int
	part  *part
	group []*part
}

// Parse reads a DMN document of version 1.1 to 1.5. The error is a *Problem.
func Parse(data []byte) (*Definitions, error) {
	root, err := readXML(data)
	if err != nil {
		return nil, err
	}
	d := &Definitions{Name: root.attrs["name"], Namespace: root.attrs["namespace"], root: root, byID: map[string]*part{}}
	for _, k := range root.all("import") {
		d.Imports = append(d.Imports, Import{k.attrs["name"], k.attrs["namespace"], k.attrs["locationURI"]})
	}
	for _, k := range root.kids {
		p := &part{id: k.attrs["id"], name: feel.Name(k.attrs["name"]), label: k.attrs["label"], line: k.line, defs: d, self: -1}
		if v := k.kid("variable"); v != nil {
			p.typeRef = v.attrs["typeRef"]
			if n := feel.Name(v.attrs["name"]); n != "" {
				p.name = n
			}
		}
		switch k.name {
		case "inputData":
			p.kind = inputPart
		case "decision":
			p.kind = decisionPart
			p.question = k.textOf("question")
			p.logic = readLogic(k)
			if t, ok := p.logic.(*tableBox); ok && t.Name == "" {
				t.Name = p.name
			}
			p.requires = hrefs(k)
		case "businessKnowledgeModel":
			p.kind = bkmPart
			if f := k.kid("encapsulatedLogic"); f != nil {
				p.fn = readFunction(f)
			}
			p.requires = hrefs(k)
		case "decisionService":
			p.kind = servicePart
			p.service = &serviceRefs{inputs: refs(k, "inputData"), inputDecisions: refs(k, "inputDecision"), outputs: refs(k, "outputDecision")}
		default:
			continue
		}
		d.parts = append(d.parts, p)
		if p.id != "" {
			d.byID[p.id] = p
		}
	}
	return d, nil
}

func hrefs(e *element) []string {
	var out []string
	for _, k := range e.kids {
		if k.name == "informationRequirement" || k.name == "knowledgeRequirement" {
			for _, r := range k.kids {
				out = append(out, r.attrs["href"])
			}
		}
	}
	return out
}

func refs(e *element, name string) []string {
	var out []string
	for _, k := range e.all(name) {
		out = append(out, k.attrs["href"])
	}
	return out
}

// Model is a compiled document with all that it imports. It is immutable and
// safe for use by many goroutines.
type Model struct {
	defs     *Definitions
	all      map[string]*Definitions // by namespace
	parts    []*part
	types    map[*Definitions]*typeTable
	problems []*Problem
}

// Name is the document's name.
func (m *Model) Name() string { return m.defs.Name }

// Problems are the mistakes found, in the order of the document.
func (m *Model) Problems() []*Problem { return m.problems }

// Decisions are the names of the document's own decisions.
func (m *Model) Decisions() []string { return m.names(decisionPart) }

// InputData are the names and types of the document's own inputs.
func (m *Model) InputData() []feel.Field {
	var out []feel.Field
	for _, p := range m.defs.parts {
		if p.kind == inputPart {
			out = append(out, feel.Field{Name: p.name, Type: p.seen})
		}
	}
	return out
}

func (m *Model) names(kind partKind) []string {
	var out []string
	for _, p := range m.defs.parts {
		if p.kind == kind {
			out = append(out, p.name)
		}
	}
	return out
}

// Result is the type of a decision's result, and whether there is one of that name.
func (m *Model) Result(decision string) (feel.Type, bool) {
	p := m.find(decision)
	if p == nil {
		return feel.Type{}, false
	}
	return p.seen, true
}

func (m *Model) find(name string) *part {
	name = feel.Name(name)
	for _, p := range m.defs.parts {
		if p.kind != inputPart && p.name == name {
			return p
		}
	}
	return nil
}

// resolve finds the part that an href of a document means.
func (m *Model) resolve(from *Definitions, href string) *part {
	ns, id, ok := strings.Cut(href, "#")
	if !ok {
		return nil
	}
	d := from
	if ns != "" && ns != from.Namespace {
		if d = m.all[ns]; d == nil {
			return nil
		}
	}
	return d.byID[id]
}
