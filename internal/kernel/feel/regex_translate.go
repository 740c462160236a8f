package feel

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Character classes of XML Schema that Go's engine does not know, without brackets.
const (
	classInitial = `:A-Z_a-z\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{2FF}\x{370}-\x{37D}\x{37F}-\x{1FFF}\x{200C}-\x{200D}\x{2070}-\x{218F}\x{2C00}-\x{2FEF}\x{3001}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFFD}\x{10000}-\x{EFFFF}`
	className    = classInitial + `\-.0-9\x{B7}\x{300}-\x{36F}\x{203F}-\x{2040}`
	classSpace   = ` \t\n\r`
	classWord    = `\pL\pM\pN\pS`
	classNonWord = `\pP\pZ\pC`
)

// translatePattern turns XPath's syntax and flags into Go's.
func translatePattern(pat, flags string) (string, bool) {
	if len(pat) > 4096 || !utf8.ValidString(pat) {
		return "", false
	}
	prefix := ""
	quote, extended := false, false
	for _, f := range flags {
		switch f {
		case 's', 'm', 'i':
			if !strings.ContainsRune(prefix, f) {
				prefix += string(f)
			}
		case 'x':
			extended = true
		case 'q':
			quote = true
		default:
			return "", false
		}
	}
	if prefix != "" {
		prefix = "(?" + prefix + ")"
	}
	if quote {
		return prefix + regexp.QuoteMeta(pat), true
	}
	t := translator{s: pat, extended: extended, single: strings.Contains(flags, "s")}
	if !t.run() {
		return "", false
	}
	return prefix + t.out.String(), true
}

type translator struct {
	s        string
	at       int
	out      strings.Builder
	extended bool
	single   bool
}

func (t *translator) run() bool {
	for t.at < len(t.s) {
		c := t.s[t.at]
		switch {
		case t.extended && strings.IndexByte(" \t\n\r", c) >= 0:
			t.at++
		case c == '\\':
			if !t.escape() {
				return false
			}
		case c == '[':
			set, ok := t.class(0)
			if !ok {
				return false
			}
			t.out.WriteString(set)
		case c == '(' && strings.HasPrefix(t.s[t.at:], "(?") && !strings.HasPrefix(t.s[t.at:], "(?:"):
			return false
		case c == '{':
			if !t.quantity() {
				return false
			}
		case c == '}' || c == ']':
			return false
		case c == '.' && !t.single:
			t.out.WriteString(`[^\n\r]`)
			t.at++
		default:
			t.out.WriteByte(c)
			t.at++
		}
	}
	return true
}

// quantity copies {n}, {n,} or {n,m}; anything else after { is an error.
func (t *translator) quantity() bool {
	end := strings.IndexByte(t.s[t.at:], '}')
	if end < 0 {
		return false
	}
	body := t.s[t.at+1 : t.at+end]
	lo, hi, _ := strings.Cut(body, ",")
	if lo == "" || strings.Trim(lo+hi, "0123456789") != "" {
		return false
	}
	t.out.WriteString(t.s[t.at : t.at+end+1])
	t.at += end + 1
	return true
}

// escape outside a class.
func (t *translator) escape() bool {
	set, negated, ok := t.escapeClass()
	switch {
	case !ok:
		return false
	case negated:
		t.out.WriteString("[^" + set + "]")
	default:
		t.out.WriteString("[" + set + "]")
	}
	return true
}

// escapeClass reads one escape as the inside of a class.
func (t *translator) escapeClass() (set string, negated, ok bool) {
	t.at++
	if t.at >= len(t.s) {
		return "", false, false
	}
	c := t.s[t.at]
	t.at++
	switch c {
	case 'n', 'r', 't':
		return `\` + string(c), false, true
	case '\\', '|', '.', '-', '^', '?', '*', '+', '{', '}', '(', ')', '[', ']', '$':
		return `\` + string(c), false, true
	case 'd':
		return `\p{Nd}`, false, true
	case 'D':
		return `\p{Nd}`, true, true
	case 's':
		return classSpace, false, true
	case 'S':
		return classSpace, true, true
	case 'w':
		return classWord, false, true
	case 'W':
		return classNonWord, false, true
	case 'i':
		return classInitial, false, true
	case 'I':
		return classInitial, true, true
	case 'c':
		return className, false, true
	case 'C':
		return className, true, true
	case 'p', 'P':
		return t.property(c == 'P')
	}
	return "", false, false
}

func (t *translator) property(negated bool) (string, bool, bool) {
	if t.at >= len(t.s) || t.s[t.at] != '{' {
		return "", false, false
	}
	end := strings.IndexByte(t.s[t.at:], '}')
	if end < 0 {
		return "", false, false
	}
	name := t.s[t.at+1 : t.at+end]
	t.at += end + 1
	if t.extended {
		name = strings.NewReplacer(" ", "", "\t", "", "\n", "", "\r", "").Replace(name)
	}
	if block, ok := strings.CutPrefix(name, "Is"); ok {
		set, ok := unicodeBlocks[block]
		return set, negated, ok
	}
	if len(name) > 2 || name == "" {
		return "", false, false
	}
	return `\p{` + name + `}`, negated, true
}

// class reads [ … ], with subtraction of another class at its end. Go has no
// subtraction, so it is done on the ranges themselves.
func (t *translator) class(depth int) (string, bool) {
	if depth > 10 {
		return "", false
	}
	t.at++
	negated := false
	if t.at < len(t.s) && t.s[t.at] == '^' {
		negated = true
		t.at++
	}
	var body strings.Builder
	var minus string
	first := true
	for {
		if t.at >= len(t.s) {
			return "", false
		}
		c := t.s[t.at]
		if c == ']' {
			if first {
				return "", false
			}
			t.at++
			break
		}
		switch {
		case c == '-' && strings.HasPrefix(t.s[t.at:], "-["):
			t.at++
			sub, ok := t.class(depth + 1)
			if !ok || t.at >= len(t.s) || t.s[t.at] != ']' {
				return "", false
			}
			minus = sub
			continue
		case c == '\\':
			set, neg, ok := t.escapeClass()
			if !ok {
				return "", false
			}
			if neg {
				if set = complement(set); set == "" {
					return "", false
				}
			}
			body.WriteString(set)
		case c == '[':
			return "", false
		case c == '^' || c == '&' || c == '~':
			body.WriteString(`\` + string(c))
			t.at++
		default:
			body.WriteByte(c)
			t.at++
		}
		first = false
	}
	set := "[" + body.String() + "]"
	if negated {
		set = "[^" + body.String() + "]"
	}
	if minus != "" {
		return subtractClass(set, minus)
	}
	return set, true
}
