package feel

import (
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tEOF tokenKind = iota
	tName
	tNumber
	tString
	tOp // text says which
)

type token struct {
	kind tokenKind
	text string // of a string its content
	pos  int    // byte offset
	end  int
}

// maxSource bounds what one expression may be.
const maxSource = 64 << 10

// lex cuts the source into tokens. Names stay single words: which words make
// one name depends on the scope, and the parser knows it.
func lex(src string) ([]token, *Error) {
	if len(src) > maxSource {
		return nil, errAt(src, 0, "feel.too-long", "max", maxSource)
	}
	toks := make([]token, 0, len(src)/4+2)
	i := 0
	for {
		i = skipSpace(src, i)
		if i < 0 {
			return nil, errAt(src, len(src), "feel.comment-open")
		}
		if i >= len(src) {
			return append(toks, token{tEOF, "", len(src), len(src)}), nil
		}
		c := src[i]
		switch {
		case c == '"':
			s, end, ok := lexString(src, i)
			if !ok {
				return nil, errAt(src, i, "feel.string-open")
			}
			toks = append(toks, token{tString, s, i, end})
			i = end
		case isDigit(c) || (c == '.' && i+1 < len(src) && isDigit(src[i+1]) && !afterOperand(toks)):
			end := numberEnd(src, i)
			toks = append(toks, token{tNumber, src[i:end], i, end})
			i = end
		default:
			if end := nameEnd(src, i); end > i {
				toks = append(toks, token{tName, src[i:end], i, end})
				i = end
				continue
			}
			n := opLen(src[i:])
			if n == 0 {
				r, _ := utf8.DecodeRuneInString(src[i:])
				return nil, errAt(src, i, "feel.bad-character", "char", string(r))
			}
			toks = append(toks, token{tOp, src[i : i+n], i, i + n})
			i += n
		}
	}
}

// afterOperand tells whether a dot continues a path rather than starts .5.
func afterOperand(toks []token) bool {
	if len(toks) == 0 {
		return false
	}
	t := toks[len(toks)-1]
	return t.kind != tOp || t.text == ")" || t.text == "]" || t.text == "}"
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// skipSpace also passes comments; -1 where one never ends.
func skipSpace(src string, i int) int {
	for i < len(src) {
		switch c := src[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f':
			i++
		case c == '/' && strings.HasPrefix(src[i:], "//"):
			n := strings.IndexAny(src[i:], "\n\r")
			if n < 0 {
				return len(src)
			}
			i += n
		case c == '/' && strings.HasPrefix(src[i:], "/*"):
			n := strings.Index(src[i+2:], "*/")
			if n < 0 {
				return -1
			}
			i += n + 4
		case c >= 0x80:
			r, n := utf8.DecodeRuneInString(src[i:])
			if !isSpace(r) {
				return i
			}
			i += n
		default:
			return i
		}
	}
	return i
}

func isSpace(r rune) bool {
	switch r {
	case 0x85, 0xA0, 0x1680, 0x180E, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF:
		return true
	}
	return r >= 0x2000 && r <= 0x200B
}

func numberEnd(src string, i int) int {
	for i < len(src) && isDigit(src[i]) {
		i++
	}
	if i+1 < len(src) && src[i] == '.' && isDigit(src[i+1]) {
		for i++; i < len(src) && isDigit(src[i]); i++ {
		}
	}
	if i < len(src) && (src[i] == 'e' || src[i] == 'E') {
		j := i + 1
		if j < len(src) && (src[j] == '+' || src[j] == '-') {
			j++
		}
		if j < len(src) && isDigit(src[j]) {
			for i = j; i < len(src) && isDigit(src[i]); i++ {
			}
		}
	}
	return i
}

// nameEnd is where the name that starts at i ends; i where none starts.
func nameEnd(src string, i int) int {
	first := true
	for i < len(src) {
		c := src[i]
		if c < 0x80 {
			if c == '?' || c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || !first && isDigit(c) {
				i++
				first = false
				continue
			}
			return i
		}
		r, n := utf8.DecodeRuneInString(src[i:])
		if r == utf8.RuneError && n == 1 || isSpace(r) || !nameStart(r) && (first || !namePart(r)) {
			return i
		}
		i += n
		first = false
	}
	return i
}

func nameStart(r rune) bool {
	return r >= 0xC0 && r <= 0x1FFF && r != 0xD7 && r != 0xF7 && (r < 0x300 || r > 0x36F) && r != 0x37E ||
		r == 0x200C || r == 0x200D || r >= 0x2070 && r <= 0x218F || r >= 0x2C00 && r <= 0x2FEF ||
		r >= 0x3001 && r <= 0xD7FF || r >= 0xF900 && r <= 0xFDCF || r >= 0xFDF0 && r <= 0xFFFD || r >= 0x10000 && r <= 0xEFFFF
}

func namePart(r rune) bool {
	return r == 0xB7 || r >= 0x300 && r <= 0x36F || r == 0x203F || r == 0x2040
}

func opLen(s string) int {
	if len(s) > 1 {
		switch s[:2] {
		case "**", "..", "!=", "<=", ">=", "->", "==":
			return 2
		}
	}
	switch s[0] {
	case '+', '-', '*', '/', '(', ')', '[', ']', '{', '}', ',', ':', '.', '=', '<', '>', '@', '\'', ';', '&', '%', '$', '#', '!', '|', '^', '~', '\\', '`':
		return 1
	}
	return 0
}

// lexString reads the string at i; an escape that FEEL does not know keeps
// its backslash, so that patterns read well.
func lexString(src string, i int) (string, int, bool) {
	i++
	start := i
	for i < len(src) && src[i] != '"' && src[i] != '\\' {
		i++
	}
	if i < len(src) && src[i] == '"' {
		return src[start:i], i + 1, true
	}
	b := []byte(src[start:min(i, len(src))])
	for i < len(src) {
		c := src[i]
		if c == '"' {
			return string(b), i + 1, true
		}
		if c != '\\' || i+1 >= len(src) {
			b = append(b, c)
			i++
			continue
		}
		i++
		switch c := src[i]; c {
		case 'n':
			b = append(b, '\n')
		case 't':
			b = append(b, '\t')
		case 'r':
			b = append(b, '\r')
		case '"', '\'', '\\':
			b = append(b, c)
		case 'u', 'U':
			r, n := escapedRune(src[i:])
			if n > 0 {
				b = utf8.AppendRune(b, r)
				i += n
				continue
			}
			b = append(b, '\\', c)
		default:
			b = append(b, '\\', c)
		}
		i++
	}
	return "", i, false
}

// escapedRune reads uXXXX or UXXXXXX, and joins a pair of surrogates; n is
// the length read, 0 where it is neither.
func escapedRune(s string) (rune, int) {
	width := 4
	if s[0] == 'U' {
		width = 6
	}
	r, ok := hex(s, 1, width)
	if !ok {
		return 0, 0
	}
	n := 1 + width
	if r >= 0xD800 && r < 0xDC00 && len(s) > n+1 && s[n] == '\\' && s[n+1] == 'u' {
		if lo, ok := hex(s, n+2, 4); ok && lo >= 0xDC00 && lo < 0xE000 {
			return (r-0xD800)<<10 + lo - 0xDC00 + 0x10000, n + 6
		}
	}
	return r, n
}

func hex(s string, at, width int) (rune, bool) {
	if len(s) < at+width {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[at : at+width]) {
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// lexName cuts a declared name into words and signs, leaving out blanks.
func lexName(name string) []string {
	var out []string
	for i := 0; i < len(name); {
		r, n := utf8.DecodeRuneInString(name[i:])
		if r <= ' ' || isSpace(r) {
			i += n
			continue
		}
		end := nameEnd(name, i)
		if end == i && isDigit(name[i]) {
			end = numberEnd(name, i)
		}
		if end == i {
			end = i + max(opLen(name[i:]), n)
		}
		out = append(out, name[i:end])
		i = end
	}
	return out
}

// wordToken tells a word or number from a sign.
func wordToken(s string) bool { return nameEnd(s, 0) > 0 || isDigit(s[0]) }

// errAt makes an error at a byte offset.
func errAt(src string, offset int, key string, kv ...any) *Error {
	e := &Error{Key: key, Offset: offset, Line: 1 + strings.Count(src[:offset], "\n"), Params: map[string]any{}}
	line := src[strings.LastIndexByte(src[:offset], '\n')+1 : offset]
	e.Column = 1 + utf8.RuneCountInString(line)
	for i := 0; i+1 < len(kv); i += 2 {
		e.Params[kv[i].(string)] = kv[i+1]
	}
	return e
}
