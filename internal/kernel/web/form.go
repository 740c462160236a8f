package web

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"khue/internal/kernel/errs"
)

const (
	maxFields     = 1000     // values in one form
	maxFieldBytes = 64 << 10 // bytes of one value
	formMemory    = 1 << 20  // bytes of uploaded files held in memory; the rest goes to disk
)

// keyField is the hidden field that carries the client's request id.
const keyField = "_key"

// Form returns the values of a posted form: bounded in number and size, normalised to
// NFC. The error is TooLarge, or Invalid with the fields that were refused.
func Form(r *http.Request) (url.Values, error) {
	st := stateOf(r.Context())
	if st != nil && st.form != nil {
		return st.form, nil
	}
	// In this order: ParseMultipartForm on a plain form would hide that it was cut off.
	err := r.ParseForm()
	if err == nil {
		if err = r.ParseMultipartForm(formMemory); errors.Is(err, http.ErrNotMultipart) {
			err = nil
		}
	}
	if err != nil {
		return nil, bodyError(err)
	}
	v, err := cleanValues(r.PostForm)
	if err == nil && st != nil {
		st.form = v
	}
	return v, err
}

// Query returns the values after the question mark under the same rules as Form.
func Query(r *http.Request) (url.Values, error) {
	v, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, errs.E(errs.Invalid, "web.error.query", errs.Cause(err))
	}
	return cleanValues(v)
}

// cleanQuery brings the query of an address to the form that handlers and operations
// rely on, before either reads it. Plain ASCII without escapes has it already.
func cleanQuery(r *http.Request) error {
	raw := r.URL.RawQuery
	plain := true
	for i := 0; i < len(raw) && plain; i++ {
		plain = raw[i] != '%' && raw[i] != ';' && raw[i] < utf8.RuneSelf
	}
	if plain {
		return nil
	}
	v, err := Query(r)
	if err != nil {
		return err
	}
	u := *r.URL
	u.RawQuery = v.Encode()
	r.URL = &u
	return nil
}

func cleanValues(in url.Values) (url.Values, error) {
	out := make(url.Values, len(in))
	var bad []errs.Field
	n := 0
	for k, vs := range in {
		name, refused := cleanText(k)
		if refused != "" {
			return nil, errs.E(errs.Invalid, refused)
		}
		if n += len(vs); n > maxFields {
			return nil, errs.E(errs.TooLarge, "web.error.too_many_fields", errs.P("max", maxFields))
		}
		for _, v := range vs {
			if len(v) > maxFieldBytes {
				bad = append(bad, errs.Field{Path: name, Key: "web.error.text.too_long", Params: errs.Params{"max": maxFieldBytes}})
				continue
			}
			text, refused := cleanText(v)
			if refused != "" {
				bad = append(bad, errs.Field{Path: name, Key: refused})
				continue
			}
			out.Add(name, text)
		}
	}
	if len(bad) > 0 {
		return nil, errs.E(errs.Invalid, "web.error.fields", errs.WithFields(bad...))
	}
	return out, nil
}

// bodyError explains why a body could not be read.
func bodyError(err error) error {
	var limit *http.MaxBytesError
	switch e, ok := errs.As(err); {
	case ok: // of paced
		return e
	case errors.As(err, &limit):
		return tooLarge(limit.Limit, err)
	case errors.Is(err, multipart.ErrMessageTooLarge):
		return errs.E(errs.TooLarge, "web.error.too_many_fields", errs.P("max", maxFields), errs.Cause(err))
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errs.E(errs.Invalid, "web.error.cut_off", errs.Cause(err))
	}
	return errs.E(errs.Invalid, "web.error.form", errs.Cause(err))
}

// File is one uploaded file.
type File struct {
	Name string // cleaned
	Size int64
	// Type is what the first bytes say, never what the sender declared.
	Type string
	// Declared is the media type that the sender declared, to be held against the bytes.
	Declared string
	open     func() (multipart.File, error)
}

// Contents are the bytes of an uploaded file, in any order.
type Contents interface {
	io.Reader
	io.ReaderAt
	io.Closer
}

// Open reads the file from its start. It lives until the request ends.
func (f File) Open() (Contents, error) { return f.open() }

// Files returns the uploads of a field; empty ones, which browsers send for a field left
// alone, are skipped. Call Form first.
func Files(r *http.Request, field string) ([]File, error) {
	if r.MultipartForm == nil {
		return nil, nil
	}
	var out []File
	for _, h := range r.MultipartForm.File[field] {
		if h.Size == 0 && h.Filename == "" {
			continue
		}
		f, err := h.Open()
		if err != nil {
			return nil, err
		}
		head := make([]byte, 512)
		n, err := io.ReadFull(f, head)
		_ = f.Close()
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			return nil, err
		}
		out = append(out, File{Name: CleanFileName(h.Filename), Size: h.Size, Type: http.DetectContentType(head[:n]), Declared: h.Header.Get("Content-Type"), open: h.Open})
	}
	return out, nil
}

// NewKey makes a client request id for the hidden field of a form: a UUID that tells its time, so
// that keys of one moment are kept together (see kernel/once).
func NewKey() string { return uuid.Must(uuid.NewV7()).String() }

// ClientKey returns the client's request id of a command: the header Idempotency-Key or
// the hidden field _key. Missing or malformed it is Invalid: no command goes without.
func ClientKey(r *http.Request) (string, error) {
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		f, err := Form(r)
		if err != nil {
			return "", err
		}
		key = f.Get(keyField)
	}
	if !goodKey(key) {
		return "", errs.E(errs.Invalid, "web.error.key")
	}
	return key, nil
}

// Command returns what a posted form holds and the key under which it is done once. Errors are
// those of Form and ClientKey.
func Command(r *http.Request) (sent url.Values, key string, err error) {
	if sent, err = Form(r); err != nil {
		return nil, "", err
	}
	key, err = ClientKey(r)
	return sent, key, err
}

func goodKey(key string) bool {
	return len(key) >= 8 && len(key) <= 64 && strings.IndexFunc(key, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}) < 0
}
