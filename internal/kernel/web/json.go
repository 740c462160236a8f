package web

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"
	"golang.org/x/text/unicode/norm"
)

// huma checks keys without regard to case unless told so, once for the program. Then
// {"name":"A","NAME":…} would pass with the second value unchecked.
var _ = strictKeys()

func strictKeys() bool { huma.ValidateStrictCasing = true; return true }

// jsonFormat reads and writes the bodies of the API. Reading is strict: keys match by
// case and stand once. An empty list is written as [], never null.
//
//nolint:gochecknoglobals // an immutable table
var jsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		return json.MarshalWrite(w, v, json.Deterministic(true), jsonv1.OmitEmptyWithLegacySemantics(true))
	},
	Unmarshal: func(data []byte, v any) error {
		if err := json.Unmarshal(data, v); err != nil {
			return errors.New(keyJSON) // a message key: see errorSpeaker
		}
		return nil
	},
}

const keyJSON = "web.error.json"

// cleanBody replaces a JSON body by its clean form. It returns the key of the reason where the
// body is refused.
func (a *API) cleanBody(r *http.Request) (done func(), refused string, err error) {
	buf := a.bodies.get()
	done = func() { a.bodies.put(buf) }
	if _, err := buf.ReadFrom(r.Body); err != nil {
		return done, "", bodyError(err)
	}
	data, refused := cleanJSON(buf.Bytes())
	r.Body = io.NopCloser(bytes.NewReader(data))
	return done, refused, nil
}

// isJSON reports whether a body is JSON by its type; one without a type is taken for JSON.
func isJSON(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	mediaType = strings.TrimSpace(mediaType)
	return mediaType == "" || mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}

// cleanJSON does to a JSON text what cleanText does to a value: one form for every
// character, no control characters, no legacy text. Escapes become the characters they
// stand for, or a key could hide from the checks behind \u.
func cleanJSON(data []byte) (clean []byte, refused string) {
	if tooDeep(data) {
		return nil, keyNested
	}
	if bytes.IndexByte(data, '\\') >= 0 {
		if data, refused = unescape(data); refused != "" {
			return nil, refused
		}
	}
	ascii := true
	for _, c := range data {
		if c == 0x7f {
			return nil, keyControl
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	if ascii {
		return data, ""
	}
	if !utf8.Valid(data) {
		return nil, keyNotUnicode
	}
	data = composed(data)
	return data, suspect(string(data))
}

// composed brings a JSON text to NFC. The letter of an escape takes no mark: a line end before
// a tilde is no ñ.
func composed(data []byte) []byte {
	if norm.NFC.IsNormal(data) {
		return data
	}
	out := make([]byte, 0, len(data))
	for {
		i := bytes.IndexByte(data, '\\')
		if i < 0 || i+1 == len(data) {
			return append(out, norm.NFC.Bytes(data)...)
		}
		out = append(append(out, norm.NFC.Bytes(data[:i])...), data[i], data[i+1])
		data = data[i+2:]
	}
}

// unescape rewrites the escapes of a JSON text in the shortest form. What is no JSON is
// left for the decoder to refuse: an escape outside a string too, or the decoder would read
// what nobody sent.
func unescape(data []byte) (out []byte, refused string) {
	out = make([]byte, 0, len(data))
	text := false
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			text = text != (data[i] == '"')
			out = append(out, data[i])
			continue
		}
		if !text || i+1 == len(data) {
			return append(out, data[i:]...), ""
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

// maxNesting is deeper than anything that the API takes.
const maxNesting = 64

const keyNested = "web.error.nested"

// tooDeep reports brackets within brackets beyond maxNesting, before any decoder recurses
// into them.
func tooDeep(data []byte) bool {
	depth, text := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '\\' && text:
			i++
		case c == '"':
			text = !text
		case text:
		case c == '[' || c == '{':
			if depth++; depth > maxNesting {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}
