package feel

import (
	"regexp"
	"strings"
)

// pattern compiles an XPath regular expression with its flags. Go's engine
// is linear in the text, so that no pattern explodes; back references, which
// it cannot have, are refused.
func (r *Run) pattern(pat, flags Value) (*regexp.Regexp, bool) {
	if pat.kind != KindString || flags.kind != KindString && flags.kind != KindNull {
		return nil, false
	}
	text, ok := translatePattern(pat.str(), flags.str())
	if !ok || !r.Spend(10+len(text)) || !r.alloc(40*len(text)) {
		return nil, false
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, false
	}
	return re, true
}

func matches(r *Run, a []Value) Value {
	if a[0].kind != KindString {
		return Value{}
	}
	var flags Value
	if len(a) > 2 {
		flags = a[2]
	}
	re, ok := r.pattern(a[1], flags)
	if !ok || !r.Spend(1+len(a[0].str())/16) {
		return Value{}
	}
	return Bool(re.MatchString(a[0].str()))
}

func replace(r *Run, a []Value) Value {
	if a[0].kind != KindString || a[2].kind != KindString {
		return Value{}
	}
	var flags Value
	if len(a) > 3 {
		flags = a[3]
	}
	re, ok := r.pattern(a[1], flags)
	if !ok || re.MatchString("") {
		return Value{}
	}
	repl := a[2].str()
	if strings.Contains(flags.str(), "q") {
		repl = strings.ReplaceAll(repl, "$", "$$")
	} else if repl, ok = translateReplacement(repl, re.NumSubexp()); !ok {
		return Value{}
	}
	s := a[0].str()
	hits := re.FindAllStringSubmatchIndex(s, -1)
	if !r.Spend(len(hits) + len(s)/16) {
		return Value{}
	}
	var out []byte
	at := 0
	for _, h := range hits {
		if !r.alloc(len(repl) + h[1] - h[0]) {
			return Value{}
		}
		out = append(out, s[at:h[0]]...)
		before := len(out)
		out = re.ExpandString(out, repl, s, h)
		if !r.alloc(len(out) - before) {
			return Value{}
		}
		at = h[1]
	}
	if !r.alloc(len(s)) {
		return Value{}
	}
	return String(string(append(out, s[at:]...)))
}

func split(r *Run, a []Value) Value {
	re, ok := r.pattern(a[1], Value{})
	if !ok {
		return Value{}
	}
	s := a[0].str()
	if !r.Spend(1+len(s)) || !r.alloc(len(s)) {
		return Value{}
	}
	parts := re.Split(s, -1)
	if !r.alloc(len(parts) * valueSize) {
		return Value{}
	}
	out := make([]Value, len(parts))
	for i, p := range parts {
		out[i] = String(p)
	}
	return listOf(out)
}

// translateReplacement turns $1 into Go's ${1}; \$ and \\ are the signs
// themselves, and any other use of either is an error.
func translateReplacement(s string, groups int) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\':
			i++
			if i >= len(s) || s[i] != '\\' && s[i] != '$' {
				return "", false
			}
			if s[i] == '$' {
				b.WriteByte('$')
			}
			b.WriteByte(s[i])
		case '$':
			j := i + 1
			if j >= len(s) || !isDigit(s[j]) {
				return "", false
			}
			n := int(s[j] - '0')
			for j++; j < len(s) && isDigit(s[j]) && n*10+int(s[j]-'0') <= groups; j++ {
				n = n*10 + int(s[j]-'0')
			}
			if n <= groups {
				b.WriteString("${" + s[i+1:j] + "}")
			}
			i = j - 1
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), true
}
