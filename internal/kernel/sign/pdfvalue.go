package sign

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// The values of a PDF. A stream is a dictionary with its bytes; numbers keep their text.
type (
	pdfName   string
	pdfText   []byte
	pdfNumber string
	pdfWord   string // true, false, null
	pdfArray  []any
	pdfDict   map[pdfName]any
	pdfRef    struct{ num, gen int }
	pdfStream struct {
		dict pdfDict
		raw  []byte
	}
)

// ErrPDF says that a file is no PDF that can be read here.
var ErrPDF = errors.New("sign: not a PDF that can be read")

func broken(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrPDF, fmt.Sprintf(format, args...))
}

const maxDepth = 60

// lexer reads values from bytes.
type lexer struct {
	b   []byte
	at  int
	fed *int // values that may yet be read
}

func space(c byte) bool {
	return c == 0 || c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' '
}

func delimiter(c byte) bool { return bytes.IndexByte([]byte("()<>[]{}/%"), c) >= 0 }

func (l *lexer) skip() {
	for l.at < len(l.b) {
		c := l.b[l.at]
		switch {
		case space(c):
			l.at++
		case c == '%':
			for l.at < len(l.b) && l.b[l.at] != '\n' && l.b[l.at] != '\r' {
				l.at++
			}
		default:
			return
		}
	}
}

func (l *lexer) word() string {
	l.skip()
	from := l.at
	for l.at < len(l.b) && !space(l.b[l.at]) && !delimiter(l.b[l.at]) {
		l.at++
	}
	return string(l.b[from:l.at])
}

func (l *lexer) has(s string) bool { return bytes.HasPrefix(l.b[min(l.at, len(l.b)):], []byte(s)) }

func (l *lexer) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, broken("nested too deeply")
	}
	if *l.fed--; *l.fed < 0 {
		return nil, broken("too many values")
	}
	l.skip()
	switch {
	case l.at >= len(l.b):
		return nil, broken("ends inside a value")
	case l.has("<<"):
		return l.dict(depth)
	case l.b[l.at] == '<':
		return l.hex()
	case l.b[l.at] == '(':
		return l.literal()
	case l.b[l.at] == '/':
		return l.name()
	case l.b[l.at] == '[':
		l.at++
		out := pdfArray{}
		for {
			if l.skip(); l.has("]") {
				l.at++
				return out, nil
			}
			v, err := l.value(depth + 1)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
	}
	w := l.word()
	switch {
	case w == "true" || w == "false" || w == "null":
		return pdfWord(w), nil
	case w == "":
		return nil, broken("unexpected %q at %d", l.b[l.at], l.at)
	}
	num, err := strconv.Atoi(w)
	if err == nil && num >= 0 { // perhaps a reference
		at := l.at
		if gen, err := strconv.Atoi(l.word()); err == nil && gen >= 0 && gen < 1<<16 && l.word() == "R" {
			return pdfRef{num, gen}, nil
		}
		l.at = at
	}
	if _, err := strconv.ParseFloat(w, 64); err != nil {
		return nil, broken("unknown word at %d", l.at)
	}
	return pdfNumber(w), nil
}

func (l *lexer) name() (pdfName, error) {
	l.at++
	var out []byte
	for l.at < len(l.b) && !space(l.b[l.at]) && !delimiter(l.b[l.at]) {
		c := l.b[l.at]
		if c == '#' && l.at+2 < len(l.b) {
			if v, err := strconv.ParseUint(string(l.b[l.at+1:l.at+3]), 16, 8); err == nil {
				c = byte(v)
				l.at += 2
			}
		}
		out = append(out, c)
		l.at++
	}
	return pdfName(out), nil
}

func (l *lexer) hex() (pdfText, error) {
	end := bytes.IndexByte(l.b[l.at:], '>')
	if end < 0 {
		return nil, broken("hexadecimal text without end")
	}
	out, err := unhex(l.b[l.at+1 : l.at+end])
	l.at += end + 1
	return out, err
}

func unhex(b []byte) (pdfText, error) {
	out := make(pdfText, 0, len(b)/2)
	half, n := byte(0), 0
	for _, c := range b {
		if space(c) {
			continue
		}
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return nil, broken("no hexadecimal text")
		}
		if n++; n%2 == 1 {
			half = c << 4
		} else {
			out = append(out, half|c)
		}
	}
	if n%2 == 1 {
		out = append(out, half)
	}
	return out, nil
}

func (l *lexer) literal() (pdfText, error) {
	l.at++
	out, open := pdfText{}, 1
	for ; l.at < len(l.b); l.at++ {
		c := l.b[l.at]
		switch c {
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				l.at++
				return out, nil
			}
		case '\\':
			l.at++
			if l.at >= len(l.b) {
				return nil, broken("text without end")
			}
			out = l.escaped(out)
			continue
		}
		out = append(out, c)
	}
	return nil, broken("text without end")
}

func (l *lexer) escaped(out pdfText) pdfText {
	switch c := l.b[l.at]; c {
	case 'n':
		return append(out, '\n')
	case 'r':
		return append(out, '\r')
	case 't':
		return append(out, '\t')
	case 'b':
		return append(out, '\b')
	case 'f':
		return append(out, '\f')
	case '\r':
		if l.at+1 < len(l.b) && l.b[l.at+1] == '\n' {
			l.at++
		}
		return out
	case '\n':
		return out
	default:
		if c < '0' || c > '7' {
			return append(out, c)
		}
		v := 0
		for i := 0; i < 3 && l.at < len(l.b) && l.b[l.at] >= '0' && l.b[l.at] <= '7'; i++ {
			v = v*8 + int(l.b[l.at]-'0')
			l.at++
		}
		l.at--
		return append(out, byte(v)) //nolint:gosec // octal of a byte
	}
}

func (l *lexer) dict(depth int) (pdfDict, error) {
	l.at += 2
	out := pdfDict{}
	for {
		l.skip()
		switch {
		case l.has(">>"):
			l.at += 2
			return out, nil
		case !l.has("/"):
			return nil, broken("dictionary without name at %d", l.at)
		}
		k, err := l.name()
		if err != nil {
			return nil, err
		}
		if out[k], err = l.value(depth + 1); err != nil {
			return nil, err
		}
	}
}

func integer(v any) (int, bool) {
	n, ok := v.(pdfNumber)
	if !ok {
		return 0, false
	}
	i, err := strconv.Atoi(string(n))
	return i, err == nil
}

// write puts a value into its one text: dictionaries in the order of their names.
func write(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case pdfName:
		b.WriteByte('/')
		for _, c := range []byte(v) {
			if c <= ' ' || c >= 0x7f || c == '#' || delimiter(c) {
				fmt.Fprintf(b, "#%02x", c)
			} else {
				b.WriteByte(c)
			}
		}
	case pdfText:
		fmt.Fprintf(b, "<%x>", []byte(v))
	case pdfNumber:
		b.WriteString(string(v))
	case pdfWord:
		b.WriteString(string(v))
	case int:
		b.WriteString(strconv.Itoa(v))
	case float64:
		b.WriteString(strconv.FormatFloat(v, 'f', 3, 64))
	case pdfRef:
		fmt.Fprintf(b, "%d %d R", v.num, v.gen)
	case pdfArray:
		b.WriteByte('[')
		for i, x := range v {
			if i > 0 {
				b.WriteByte(' ')
			}
			write(b, x)
		}
		b.WriteByte(']')
	case pdfDict:
		b.WriteString("<<")
		for _, k := range slices.Sorted(maps.Keys(v)) {
			write(b, k)
			b.WriteByte(' ')
			write(b, v[k])
		}
		b.WriteString(">>")
	case pdfStream:
		d := maps.Clone(v.dict)
		d["Length"] = len(v.raw)
		write(b, d)
		b.WriteString("\nstream\n")
		b.Write(v.raw)
		b.WriteString("\nendstream")
	case nil:
		b.WriteString("null")
	}
}

func same(a, b any) bool {
	var x, y bytes.Buffer
	write(&x, a)
	write(&y, b)
	return bytes.Equal(x.Bytes(), y.Bytes())
}
