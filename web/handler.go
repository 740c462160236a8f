package web

import (
	"net/http"
	"strconv"
	"strings"
)

// Handler serves the assets under Prefix, in the best form that the browser takes. Names
// carry the digest of their content, so that a browser may keep them for a year.
func Handler() http.Handler {
	return handler(loaded())
}

func handler(b *bundle) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := b.files[strings.TrimPrefix(r.URL.Path, Prefix)]
		if !ok {
			w.Header().Set("Cache-Control", "no-store")
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", f.kind)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		body := f.raw
		if f.gzip != nil || f.brotli != nil {
			h.Set("Vary", "Accept-Encoding")
			switch ae := r.Header.Get("Accept-Encoding"); {
			case f.brotli != nil && accepts(ae, "br"):
				h.Set("Content-Encoding", "br")
				body = f.brotli
			case f.gzip != nil && accepts(ae, "gzip"):
				h.Set("Content-Encoding", "gzip")
				body = f.gzip
			}
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(http.StatusOK)
		if r.Method != http.MethodHead {
			_, _ = w.Write(body) // the browser may be gone
		}
	})
}
