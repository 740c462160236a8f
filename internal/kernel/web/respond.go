package web

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/a-h/templ"

	"khue/internal/kernel/errs"
)

// buffers hold an answer until it is whole, so that a template that fails half way
// becomes an error page and not half a page.
type buffers struct{ pool sync.Pool }

const keepBuffer = 256 << 10

func (b *buffers) get() *bytes.Buffer {
	if v, ok := b.pool.Get().(*bytes.Buffer); ok {
		return v
	}
	return bytes.NewBuffer(make([]byte, 0, 16<<10))
}

func (b *buffers) put(v *bytes.Buffer) {
	if v.Cap() <= keepBuffer {
		v.Reset()
		b.pool.Put(v)
	}
}

// Render answers with a page. Nothing is written when the component fails.
func Render(w http.ResponseWriter, r *http.Request, status int, c templ.Component) error {
	pool := &buffers{}
	if st := stateOf(r.Context()); st != nil {
		pool = &st.server.pages
	}
	buf := pool.get()
	defer pool.put(buf)
	if err := c.Render(r.Context(), buf); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // the reader may be gone: nothing is left to do
	return nil
}

// Redirect sends the browser to a page of this site after a form was taken (303). The
// target is a path; one that leads elsewhere is an Internal error.
func Redirect(w http.ResponseWriter, r *http.Request, path string) error {
	if LocalPath(path) != path {
		return errs.E(errs.Internal, "web.error.internal", errs.P("path", path))
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}

// JSON answers with v. API operations use Op; this is for the few others.
func JSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b)
	return nil
}

// Download is a file for the reader.
type Download struct {
	Name   string // offered to the reader, any language
	Type   string // media type
	Size   int64  // bytes; 0 when unknown
	Inline bool   // shown in the browser instead of saved
	Framed bool   // a page of ours may show it in a frame, where it is of a type that runs no script
	Body   io.Reader
}

// inlineTypes may be shown in the browser; everything else is saved. They run no script.
var inlineTypes = [...]string{"application/pdf", "image/png", "image/jpeg", "image/webp"}

// framedHeader is the policy of a file that only our own pages may frame. The types that are
// shown in place run no script on our origin: pictures, and PDF in the browser's own reader.
const framedHeader = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// Send answers with a file. What a citizen uploaded must not run on our origin: only a few
// types are shown in place, and the type that was declared is binding (nosniff).
func Send(w http.ResponseWriter, _ *http.Request, d Download) error {
	h := w.Header()
	h.Set("Content-Type", d.Type)
	h.Set("Cache-Control", "no-store")
	disposition := "attachment"
	if d.Inline && slices.Contains(inlineTypes[:], d.Type) {
		disposition = "inline" // the browser's own PDF viewer fails under a sandbox policy
		if d.Framed {
			h.Set("Content-Security-Policy", framedHeader)
		}
	} else {
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	}
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": CleanFileName(d.Name)}))
	if d.Size > 0 {
		h.Set("Content-Length", strconv.FormatInt(d.Size, 10))
	}
	w.WriteHeader(http.StatusOK)
	_, _ = io.Copy(w, d.Body)
	return nil
}
