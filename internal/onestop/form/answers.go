package form

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Origin says where an answer came from.
type Origin uint8

// The origins. Typed is the zero value.
const (
	Typed    Origin = iota // by the person, or by an officer at the counter
	Profile                // the account's own data
	Register               // a register of the state
	Earlier                // an earlier dossier
	Scanned                // a card or a paper read by a machine
	Computed               // by the form itself
	Officer                // by the officer who handles the dossier, in the form of an act
)

//nolint:gochecknoglobals // immutable table
var originNames = [...]string{"typed", "profile", "register", "earlier", "scanned", "computed", "officer"}

// String is the name as it stands in JSON.
func (o Origin) String() string { return originNames[min(int(o), len(originNames)-1)] }

// MarshalText writes the name.
func (o Origin) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads the name.
func (o *Origin) UnmarshalText(b []byte) error {
	i := slices.Index(originNames[:], string(b))
	if i < 0 {
		return fmt.Errorf("form: unknown origin %q", b)
	}
	*o = Origin(i)
	return nil
}

// Answer is one value and where it came from. Value is a string, a bool, a
// json.Number, a []any of strings, or a []any of map[string]any whose values are
// again strings, bools and numbers.
type Answer struct {
	Value   any
	From    Origin
	At      time.Time // zero: with the form
	Consent string    // reference of the consent it was fetched under
}

// Answers are the values of a form by path, "mother.name". The map is copied
// before it is changed: functions of this package never write to an argument.
type Answers map[string]Answer

// Text is the string at path; numbers in their decimal form.
func (a Answers) Text(path string) string { return textOf(a[path].Value) }

func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return ""
}

// Bool is the yes or no at path; ok is false where nothing was answered.
func (a Answers) Bool(path string) (yes, ok bool) {
	yes, ok = a[path].Value.(bool)
	return yes, ok
}

// Strings are the chosen values at path.
func (a Answers) Strings(path string) []string { return stringsOf(a[path].Value) }

func stringsOf(v any) []string {
	l, _ := v.([]any)
	out := make([]string, 0, len(l))
	for _, v := range l {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// Paths are all paths in order.
func (a Answers) Paths() []string { return slices.Sorted(maps.Keys(a)) }

// With returns a copy with other answers laid over it.
func (a Answers) With(over Answers) Answers {
	out := make(Answers, len(a)+len(over))
	maps.Copy(out, a)
	maps.Copy(out, over)
	return out
}

// MarshalJSON writes a typed answer as its bare value, others as {"v", "from", "at", "consent"}.
// The same answers give the same bytes.
func (a Answers) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	err := a.MarshalJSONTo(jsontext.NewEncoder(&b, jsontext.EscapeForJS(true), jsontext.AllowInvalidUTF8(true)))
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), err
}

// MarshalJSONTo is MarshalJSON for a text that is being written.
func (a Answers) MarshalJSONTo(enc *jsontext.Encoder) error {
	out := tokens{enc: enc}
	out.put(jsontext.BeginObject)
	for _, path := range a.Paths() {
		out.text(path)
		v := a[path]
		if v.From == Typed && v.At.IsZero() && v.Consent == "" {
			out.value(v.Value)
			continue
		}
		out.put(jsontext.BeginObject)
		out.text("v")
		out.value(v.Value)
		if v.From != Typed {
			out.text("from")
			out.text(v.From.String())
		}
		if !v.At.IsZero() {
			out.text("at")
			out.put(jsontext.Int(v.At.UnixMilli()))
		}
		if v.Consent != "" {
			out.text("consent")
			out.text(v.Consent)
		}
		out.put(jsontext.EndObject)
	}
	out.put(jsontext.EndObject)
	return out.err
}

// tokens writes until an error, which stays.
type tokens struct {
	enc *jsontext.Encoder
	err error
}

func (t *tokens) put(tok jsontext.Token) {
	if t.err == nil {
		t.err = t.enc.WriteToken(tok)
	}
}

func (t *tokens) text(s string) { t.put(jsontext.String(s)) }

// value writes what an Answer may hold; maps in the order of their keys.
func (t *tokens) value(v any) {
	switch v := v.(type) {
	case nil:
		t.put(jsontext.Null)
	case string:
		t.text(v)
	case bool:
		t.put(jsontext.Bool(v))
	case json.Number:
		t.raw([]byte(v))
	case []any:
		t.put(jsontext.BeginArray)
		for _, e := range v {
			t.value(e)
		}
		t.put(jsontext.EndArray)
	case map[string]any:
		t.put(jsontext.BeginObject)
		for _, k := range slices.Sorted(maps.Keys(v)) {
			t.text(k)
			t.value(v[k])
		}
		t.put(jsontext.EndObject)
	default: // of a program, not of a form
		b, err := json.Marshal(v)
		if t.err == nil {
			t.err = err
		}
		t.raw(b)
	}
}

func (t *tokens) raw(b []byte) {
	if t.err == nil {
		t.err = t.enc.WriteValue(b)
	}
}

// UnmarshalJSON reads both forms.
func (a *Answers) UnmarshalJSON(b []byte) error {
	return a.UnmarshalJSONFrom(decoder(b))
}

func decoder(b []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(b), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// UnmarshalJSONFrom is UnmarshalJSON from a text that is being read.
func (a *Answers) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := readObject(dec)
	if err != nil {
		return err
	}
	out := make(Answers, len(raw))
	for path, v := range raw {
		m, ok := v.(map[string]any)
		if !ok {
			out[path] = Answer{Value: v}
			continue
		}
		ans := Answer{Value: m["v"]}
		if s, ok := m["from"].(string); ok {
			if err := ans.From.UnmarshalText([]byte(s)); err != nil {
				return err
			}
		}
		if n, ok := m["at"].(json.Number); ok {
			ms, err := n.Int64()
			if err != nil {
				return err
			}
			ans.At = time.UnixMilli(ms)
		}
		ans.Consent, _ = m["consent"].(string)
		out[path] = ans
	}
	*a = out
	return nil
}

// readObject reads an object, or null for none.
func readObject(dec *jsontext.Decoder) (map[string]any, error) {
	v, err := readValue(dec)
	m, ok := v.(map[string]any)
	if err == nil && !ok && v != nil {
		err = fmt.Errorf("form: answers are an object, not a %T", v)
	}
	return m, err
}

// readValue reads one value as an Answer holds it: a number as its text, so that no digit of it
// is lost.
func readValue(dec *jsontext.Decoder) (any, error) {
	tok, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch tok.Kind() {
	case jsontext.KindString:
		return tok.String(), nil
	case jsontext.KindNumber:
		return json.Number(tok.String()), nil
	case jsontext.KindTrue, jsontext.KindFalse:
		return tok.Bool(), nil
	case jsontext.KindBeginArray:
		list := []any{}
		for dec.PeekKind() != jsontext.KindEndArray {
			v, err := readValue(dec)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = dec.ReadToken()
		return list, err
	case jsontext.KindBeginObject:
		m := map[string]any{}
		for dec.PeekKind() != jsontext.KindEndObject {
			name, err := dec.ReadToken()
			if err != nil {
				return nil, err
			}
			key := name.String()
			if m[key], err = readValue(dec); err != nil {
				return nil, err
			}
		}
		_, err = dec.ReadToken()
		return m, err
	}
	return nil, nil
}
