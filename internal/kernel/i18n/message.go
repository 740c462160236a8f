package i18n

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/clock"
)

// message is one text, cut into literals and parameters. English may have a
// form of its own for one; Vietnamese has no plural.
type message struct {
	one, other []piece
}

type piece struct {
	text  string
	param bool
}

// parse cuts "within {n} days" at its parameters. "{{" is a brace.
func parse(s string) []piece {
	var out []piece
	var lit strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '{' {
			lit.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '{' {
			lit.WriteByte('{')
			i++
			continue
		}
		end := strings.IndexByte(s[i:], '}')
		if end < 0 {
			lit.WriteString(s[i:])
			break
		}
		if lit.Len() > 0 {
			out = append(out, piece{text: lit.String()})
			lit.Reset()
		}
		out = append(out, piece{text: s[i+1 : i+end], param: true})
		i += end
	}
	if lit.Len() > 0 || len(out) == 0 {
		out = append(out, piece{text: lit.String()})
	}
	return out
}

// plural reads {one: …, other: …}; any other map is a level of keys.
func plural(v map[string]any) (message, bool) {
	other, ok := v["other"].(string)
	if !ok {
		return message{}, false
	}
	m := message{other: parse(other)}
	for k, x := range v {
		text, isText := x.(string)
		if !isText || (k != "one" && k != "other") {
			return message{}, false
		}
		if k == "one" {
			m.one = parse(text)
		}
	}
	return m, true
}

// params lists the parameter names, sorted, each once.
func (m message) params() []string {
	var out []string
	for _, p := range slices.Concat(m.one, m.other) {
		if p.param {
			out = append(out, p.text)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (m message) format(l Lang, kv []any) string {
	pieces := m.other
	if m.one != nil && isOne(kv) {
		pieces = m.one
	}
	if len(pieces) == 1 && !pieces[0].param {
		return pieces[0].text
	}
	var b strings.Builder
	for _, p := range pieces {
		if !p.param {
			b.WriteString(p.text)
			continue
		}
		b.WriteString(text(l, lookup(kv, p.text)))
	}
	return b.String()
}

func lookup(kv []any, name string) any {
	for i := 0; i+1 < len(kv); i += 2 {
		if kv[i] == name {
			return kv[i+1]
		}
	}
	return "{" + name + "}"
}

func isOne(kv []any) bool {
	switch n := lookup(kv, "n").(type) {
	case int:
		return n == 1
	case int64:
		return n == 1
	case string: // a number that was written out already
		return n == "1"
	}
	return false
}

func text(l Lang, v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return Number(l, int64(v))
	case int64:
		return Number(l, v)
	case clock.Date:
		return Date(l, v)
	case time.Time:
		return DateTime(l, v)
	case interface{ In(l Lang) string }:
		return v.In(l) // a text that knows its languages, such as a declared label
	default:
		return fmt.Sprint(v)
	}
}
