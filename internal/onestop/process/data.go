package process

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"khue/internal/kernel/feel"
)

// Data is a FEEL value that keeps its type in JSON: dates, times and durations stand
// as {"@": text}, contexts as a list of pairs, so that their order stays.
type Data struct{ feel.Value }

// Equal reports whether two values are the same, for comparisons of instances.
func (d Data) Equal(o Data) bool { return feel.Equal(d.Value, o.Value) || d.IsNull() && o.IsNull() }

type dataJSON struct {
	At  *string   `json:"@,omitempty"`
	Map *[][2]any `json:"%,omitempty"`
}

// MarshalJSON writes the value.
func (d Data) MarshalJSON() ([]byte, error) {
	switch d.Kind() {
	case feel.KindNull:
		return []byte("null"), nil
	case feel.KindBoolean:
		return json.Marshal(d.IsTrue())
	case feel.KindString:
		s, _ := d.Text()
		return json.Marshal(s)
	case feel.KindNumber:
		return []byte(d.Value.String()), nil
	case feel.KindList:
		items := make([]Data, 0, len(d.Items()))
		for _, v := range d.Items() {
			items = append(items, Data{v})
		}
		return json.Marshal(items)
	case feel.KindContext:
		pairs := make([][2]any, 0, len(d.Entries()))
		for _, e := range d.Entries() {
			pairs = append(pairs, [2]any{e.Name, Data{e.Value}})
		}
		return json.Marshal(dataJSON{Map: &pairs})
	default:
		s := d.Value.String()
		return json.Marshal(dataJSON{At: &s})
	}
}

// UnmarshalJSON reads what MarshalJSON wrote, and plain JSON from elsewhere.
func (d *Data) UnmarshalJSON(b []byte) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var raw any
	if err := dec.Decode(&raw); err != nil {
		return err
	}
	v, err := dataOf(raw, 0)
	d.Value = v
	return err
}

const maxDataDepth = 32

func dataOf(raw any, depth int) (feel.Value, error) {
	if depth > maxDataDepth {
		return feel.Null(), fmt.Errorf("process: data is nested deeper than %d", maxDataDepth)
	}
	switch raw := raw.(type) {
	case nil:
		return feel.Null(), nil
	case bool:
		return feel.Bool(raw), nil
	case string:
		return feel.String(raw), nil
	case json.Number:
		v, ok := feel.ParseNumber(raw.String())
		if !ok {
			return feel.Null(), fmt.Errorf("process: %s is no number", raw)
		}
		return v, nil
	case []any:
		items := make([]feel.Value, len(raw))
		for i := range raw {
			var err error
			if items[i], err = dataOf(raw[i], depth+1); err != nil {
				return feel.Null(), err
			}
		}
		return feel.ListOf(items...), nil
	case map[string]any:
		return contextOf(raw, depth)
	}
	return feel.Null(), fmt.Errorf("process: %T is no data", raw)
}

func contextOf(raw map[string]any, depth int) (feel.Value, error) {
	if at, ok := raw["@"].(string); ok && len(raw) == 1 {
		return feel.ParseTemporal(at), nil
	}
	pairs, ok := raw["%"].([]any)
	if !ok || len(raw) != 1 {
		return plainContext(raw, depth)
	}
	entries := make([]feel.Entry, 0, len(pairs))
	for _, p := range pairs {
		pair, _ := p.([]any)
		if len(pair) != 2 {
			return feel.Null(), fmt.Errorf("process: a context is written as a list of pairs")
		}
		name, _ := pair[0].(string)
		v, err := dataOf(pair[1], depth+1)
		if err != nil {
			return feel.Null(), err
		}
		entries = append(entries, feel.Entry{Name: name, Value: v})
	}
	return feel.ContextOf(entries...), nil
}

// plainContext reads an object of plain JSON, its names in order.
func plainContext(raw map[string]any, depth int) (feel.Value, error) {
	entries := make([]feel.Entry, 0, len(raw))
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		v, err := dataOf(raw[name], depth+1)
		if err != nil {
			return feel.Null(), err
		}
		entries = append(entries, feel.Entry{Name: name, Value: v})
	}
	return feel.ContextOf(entries...), nil
}
