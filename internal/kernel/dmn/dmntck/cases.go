package dmntck

import (
	"encoding/xml"
	"fmt"
	"strings"

	"khue/internal/kernel/feel"
)

type suite struct {
	Model string     `xml:"modelName"`
	Cases []testCase `xml:"testCase"`
}

type testCase struct {
	ID        string       `xml:"id,attr"`
	Invocable string       `xml:"invocableName,attr"`
	Inputs    []inputNode  `xml:"inputNode"`
	Results   []resultNode `xml:"resultNode"`
}

type inputNode struct {
	Name      string `xml:"name,attr"`
	Namespace string `xml:"namespace,attr"`
	node
}

type resultNode struct {
	Name     string `xml:"name,attr"`
	Expected node   `xml:"expected"`
}

// node is a value, a list or a context, as the suite writes them.
type node struct {
	Value      *plain      `xml:"value"`
	List       *list       `xml:"list"`
	Components []component `xml:"component"`
}

type plain struct {
	Nil  string `xml:"http://www.w3.org/2001/XMLSchema-instance nil,attr"`
	Type string `xml:"http://www.w3.org/2001/XMLSchema-instance type,attr"`
	Text string `xml:",chardata"`
}

type list struct {
	Nil   string `xml:"http://www.w3.org/2001/XMLSchema-instance nil,attr"`
	Items []node `xml:"item"`
}

type component struct {
	Name string `xml:"name,attr"`
	Nil  string `xml:"http://www.w3.org/2001/XMLSchema-instance nil,attr"`
	node
}

func parseSuite(data []byte) (suite, error) {
	var s suite
	err := xml.Unmarshal(data, &s)
	return s, err
}

// value is the FEEL value that a node stands for.
func (n node) value() (feel.Value, error) {
	switch {
	case n.Value != nil:
		return n.Value.value()
	case n.List != nil:
		if n.List.Nil == "true" {
			return feel.Null(), nil
		}
		items := make([]feel.Value, len(n.List.Items))
		for i, it := range n.List.Items {
			v, err := it.value()
			if err != nil {
				return v, err
			}
			items[i] = v
		}
		return feel.ListOf(items...), nil
	case len(n.Components) > 0:
		var entries []feel.Entry
		for _, c := range n.Components {
			v, err := c.value()
			if err != nil {
				return v, err
			}
			entries = append(entries, feel.Entry{Name: feel.Name(c.Name), Value: v})
		}
		return feel.ContextOf(entries...), nil
	}
	return feel.Null(), nil
}

func (p plain) value() (feel.Value, error) {
	if p.Nil == "true" {
		return feel.Null(), nil
	}
	_, kind, _ := strings.Cut(p.Type, ":")
	text := strings.TrimSpace(p.Text)
	var v feel.Value
	switch kind {
	case "string", "":
		return feel.String(p.Text), nil
	case "boolean":
		return feel.Bool(text == "true"), nil
	case "decimal", "double", "integer", "int", "long", "float":
		v, _ = feel.ParseNumber(text)
	default:
		v = feel.ParseTemporal(text)
	}
	if v.IsNull() {
		return v, fmt.Errorf("cannot read the %s %q", p.Type, text)
	}
	return v, nil
}

// same compares as the suite does: numbers to eight digits, all else exactly.
func same(got, want feel.Value) bool {
	if want.Kind() != got.Kind() {
		return false
	}
	switch want.Kind() {
	case feel.KindNull:
		return true
	case feel.KindNumber:
		a, b := got.Float(), want.Float()
		d := a - b
		if d < 0 {
			d = -d
		}
		return feel.Equal(got, want) || d < 1e-8 || d < 1e-8*max(a, -a)
	case feel.KindList:
		x, y := got.Items(), want.Items()
		if len(x) != len(y) {
			return false
		}
		for i := range x {
			if !same(x[i], y[i]) {
				return false
			}
		}
		return true
	case feel.KindContext:
		x, y := got.Entries(), want.Entries()
		if len(x) != len(y) {
			return false
		}
		for _, e := range y {
			v, ok := got.Get(e.Name)
			if !ok || !same(v, e.Value) {
				return false
			}
		}
		return true
	}
	return feel.Equal(got, want)
}
