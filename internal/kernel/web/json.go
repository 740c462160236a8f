package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/text/unicode/norm"
)

// huma checks keys without regard to case unless told so, once for the program. Then
// {"name":"A","NAME":…} passes with the second value unchecked, and decoding takes it.
var _ = strictKeys()

func strictKeys() bool { huma.ValidateStrictCasing = true; return true }

// jsonFormat reads and writes the bodies of the API.
//
//nolint:gochecknoglobals // an immutable table
var jsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	},
	Unmarshal: func(data []byte, v any) error {
		clean, refused := cleanJSON(data)
		if refused != "" {
			return errors.New(refused) // a message key: see errorSpeaker
		}
		if err := json.Unmarshal(clean, v); err != nil {
			return errors.New("web.error.json")
		}
		return nil
	},
}

// cleanJSON does to a JSON text what cleanText does to a value: one form for every
// character, no control characters, no legacy text. Escapes become the characters they
// stand for, or a key could hide from the checks behind \u.
func cleanJSON(data []byte) (clean []byte, refused string) {
	if bytes.IndexByte(data, '\\') >= 0 {
		if data, refused = unescape(data); refused != "" {
			return nil, refused
		}
	}
	ascii := true
	for _, c := range data {
		if c >= utf8.RuneSelf {
			ascii = false
			break
		}
		if c == 0x7f {
			return nil, keyControl
		}
	}
	if ascii {
		return data, ""
	}
	if !utf8.Valid(data) {
		return nil, keyNotUnicode
	}
	if !norm.NFC.IsNormal(data) {
		data = norm.NFC.Bytes(data)
	}
	return data, suspect(string(data))
}

// unescape rewrites the escapes of a JSON text in the shortest form. What is no JSON is
// left for the decoder to refuse.
func unescape(data []byte) (out []byte, refused string) {
	out = make([]byte, 0, len(data))
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' || i+1 == len(data) {
			out = append(out, data[i])
			continue
		}
		i++
		switch c := data[i]; c {
		case 'b', 'f':
			return nil, keyControl
		case 'r': // \r\n and \r end a line like \n
			if bytes.HasPrefix(data[i+1:], []byte(`\n`)) {
				i += 2
			}
			out = append(out, '\\', 'n')
		case '/':
			out = append(out, '/')
		case 'u':
			r, n := escaped(data[i+1:])
			if n == 0 {
				return append(append(out, '\\'), data[i:]...), "" // malformed: for the decoder
			}
			i += n
			switch {
			case r == '\n' || r == '\r':
				out = append(out, '\\', 'n')
			case r == '\t':
				out = append(out, '\\', 't')
			case r < ' ' || r == 0x7f:
				return nil, keyControl
			case r == '"' || r == '\\':
				out = append(out, '\\', byte(r))
			case utf16.IsSurrogate(r):
				return nil, keyNotUnicode
			default:
				out = utf8.AppendRune(out, r)
			}
		default:
			out = append(out, '\\', c)
		}
	}
	return out, ""
}

// escaped reads the hex digits after \u, two escapes for a pair. n is 0 when malformed.
func escaped(b []byte) (r rune, n int) {
	hex := func(b []byte) (rune, bool) {
		if len(b) < 4 {
			return 0, false
		}
		v, err := strconv.ParseUint(string(b[:4]), 16, 16)
		return rune(v), err == nil //nolint:gosec // 16 bits
	}
	r, ok := hex(b)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(r) && len(b) >= 10 && b[4] == '\\' && b[5] == 'u' {
		if low, ok := hex(b[6:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 10
			}
		}
	}
	return r, 4
}
