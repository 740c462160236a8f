package dmn

import (
	"strings"

	"khue/internal/kernel/feel"
)

// boxed is the logic of a decision or of a part of one, as it was written.
type boxed interface{ at() boxBase }

type boxBase struct {
	typeRef string
	line    int
	label   string
}

func (b boxBase) at() boxBase { return b }

type (
	literalBox struct {
		boxBase
		text string
	}
	contextBox struct {
		boxBase
		entries []contextEntry
	}
	contextEntry struct {
		name, typeRef string
		value         boxed
	}
	invocationBox struct {
		boxBase
		fn       boxed
		bindings []contextEntry
	}
	listBox struct {
		boxBase
		items []boxed
	}
	relationBox struct {
		boxBase
		columns []feelField
		rows    [][]boxed
	}
	functionBox struct {
		boxBase
		params []feelField
		kind   string
		body   boxed
	}
	conditionalBox struct {
		boxBase
		cond, then, els boxed
	}
	loopBox struct {
		boxBase
		kind     string // for, every, some, filter
		variable string
		varType  string
		in, body boxed
	}
	tableBox struct {
		boxBase
		*Table
	}
)

// feelField is a named thing with the type as written.
type feelField struct{ name, typeRef string }

// Table is a decision table as it was written.
type Table struct {
	Name        string
	HitPolicy   string // UNIQUE ANY FIRST PRIORITY RULE ORDER OUTPUT ORDER COLLECT
	Aggregation string // SUM COUNT MIN MAX
	Inputs      []Input
	Outputs     []Output
	Annotations []string
	Rules       []Rule
}

// Input is a column of conditions.
type Input struct {
	Label, Expression, TypeRef, Values string
	line                               int
}

// Output is a column of results.
type Output struct {
	Label, Name, TypeRef, Values, Default string
	line                                  int
}

// Rule is a row: the texts of its cells.
type Rule struct {
	Inputs, Outputs, Annotations []string
	Description                  string
	line                         int
}

// readLogic is the boxed expression among an element's children, nil where
// there is none.
func readLogic(e *element) boxed {
	for _, k := range e.kids {
		if b := readBox(k); b != nil {
			return b
		}
	}
	return nil
}

func readBox(e *element) boxed {
	base := boxBase{e.attrs["typeRef"], e.line, e.attrs["label"]}
	switch e.name {
	case "literalExpression":
		return &literalBox{base, e.textOf("text")}
	case "context":
		b := &contextBox{boxBase: base}
		for _, k := range e.all("contextEntry") {
			en := contextEntry{value: readLogic(k)}
			if v := k.kid("variable"); v != nil {
				en.name, en.typeRef = feel.Name(v.attrs["name"]), v.attrs["typeRef"]
			}
			b.entries = append(b.entries, en)
		}
		return b
	case "invocation":
		b := &invocationBox{boxBase: base, fn: readLogic(e)}
		for _, k := range e.all("binding") {
			en := contextEntry{value: readLogic(k)}
			if p := k.kid("parameter"); p != nil {
				en.name, en.typeRef = feel.Name(p.attrs["name"]), p.attrs["typeRef"]
			}
			b.bindings = append(b.bindings, en)
		}
		return b
	case "list":
		b := &listBox{boxBase: base}
		for _, k := range e.kids {
			if x := readBox(k); x != nil {
				b.items = append(b.items, x)
			}
		}
		return b
	case "relation":
		b := &relationBox{boxBase: base}
		for _, k := range e.all("column") {
			b.columns = append(b.columns, feelField{feel.Name(k.attrs["name"]), k.attrs["typeRef"]})
		}
		for _, k := range e.all("row") {
			var row []boxed
			for _, c := range k.kids {
				if x := readBox(c); x != nil {
					row = append(row, x)
				}
			}
			b.rows = append(b.rows, row)
		}
		return b
	case "functionDefinition":
		return readFunction(e)
	case "conditional":
		return &conditionalBox{base, readIn(e, "if"), readIn(e, "then"), readIn(e, "else")}
	case "for", "every", "some", "filter":
		b := &loopBox{boxBase: base, kind: e.name, variable: feel.Name(e.attrs["iteratorVariable"]), in: readIn(e, "in")}
		switch e.name {
		case "for":
			b.body = readIn(e, "return")
		case "filter":
			b.body = readIn(e, "match")
		default:
			b.body = readIn(e, "satisfies")
		}
		if in := e.kid("in"); in != nil {
			b.varType = in.attrs["typeRef"]
		}
		return b
	case "decisionTable":
		return &tableBox{base, readTable(e)}
	}
	return nil
}

func readIn(e *element, name string) boxed {
	if k := e.kid(name); k != nil {
		return readLogic(k)
	}
	return nil
}

func readFunction(e *element) *functionBox {
	b := &functionBox{boxBase: boxBase{e.attrs["typeRef"], e.line, e.attrs["label"]}, kind: e.attrs["kind"], body: readLogic(e)}
	for _, p := range e.all("formalParameter") {
		b.params = append(b.params, feelField{feel.Name(p.attrs["name"]), p.attrs["typeRef"]})
	}
	return b
}

func readTable(e *element) *Table {
	t := &Table{Name: e.attrs["outputLabel"], HitPolicy: strings.ToUpper(e.attrs["hitPolicy"]), Aggregation: strings.ToUpper(e.attrs["aggregation"])}
	if t.HitPolicy == "" {
		t.HitPolicy = "UNIQUE"
	}
	for _, k := range e.all("input") {
		in := Input{Label: k.attrs["label"], line: k.line, Values: k.freeText("inputValues")}
		if x := k.kid("inputExpression"); x != nil {
			in.Expression, in.TypeRef = x.textOf("text"), x.attrs["typeRef"]
		}
		t.Inputs = append(t.Inputs, in)
	}
	for _, k := range e.all("output") {
		t.Outputs = append(t.Outputs, Output{Label: k.attrs["label"], Name: feel.Name(k.attrs["name"]), TypeRef: k.attrs["typeRef"],
			Values: k.freeText("outputValues"), Default: k.freeText("defaultOutputEntry"), line: k.line})
	}
	for _, k := range e.all("annotation") {
		t.Annotations = append(t.Annotations, k.attrs["name"])
	}
	for _, k := range e.all("rule") {
		r := Rule{line: k.line, Description: k.textOf("description")}
		for _, c := range k.all("inputEntry") {
			r.Inputs = append(r.Inputs, c.textOf("text"))
		}
		for _, c := range k.all("outputEntry") {
			r.Outputs = append(r.Outputs, c.textOf("text"))
		}
		for _, c := range k.all("annotationEntry") {
			r.Annotations = append(r.Annotations, c.textOf("text"))
		}
		t.Rules = append(t.Rules, r)
	}
	return t
}
