package form

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
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

// wire is the long form of an answer; a typed answer is written as its bare value.
type wire struct {
	Value   any    `json:"v"`
	From    Origin `json:"from,omitempty"`
	At      int64  `json:"at,omitempty"` // epoch milliseconds
	Consent string `json:"consent,omitempty"`
}

// MarshalJSON writes a typed answer as its bare value, others as {"v", "from", "at", "consent"}.
// The same answers give the same bytes.
func (a Answers) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, path := range a.Paths() {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := enc.Encode(path); err != nil {
			return nil, err
		}
		b.Truncate(b.Len() - 1) // the encoder ends each value with a line feed
		b.WriteByte(':')
		v := a[path]
		var err error
		if v.From == Typed && v.At.IsZero() && v.Consent == "" {
			err = enc.Encode(v.Value)
		} else {
			w := wire{Value: v.Value, From: v.From, Consent: v.Consent}
			if !v.At.IsZero() {
				w.At = v.At.UnixMilli()
			}
			err = enc.Encode(w)
		}
		if err != nil {
			return nil, err
		}
		b.Truncate(b.Len() - 1)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON wrote. It trusts the origins in it: what
// comes from outside goes through ParseJSON.
func (a *Answers) UnmarshalJSON(b []byte) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var raw map[string]any
	if err := dec.Decode(&raw); err != nil {
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
