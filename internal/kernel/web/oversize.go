package web

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"khue/internal/kernel/errs"
)

// maxSkipped is how much of a body that is too large is read and thrown away, so that its sender
// hears why: a browser that is answered while it still sends shows a broken connection instead.
const maxSkipped = 256 << 20

// oversized are the files of a form that was larger than its route takes. What was typed beside
// them was read.
type oversized struct {
	limit int64
	files map[string][]File // by field; they cannot be opened
}

// skip reads a page's form that is larger than limit, without keeping its files. It reports whether
// what was typed is known and the route's handler, which takes files, is to say that they were too
// large where it shows the form again; otherwise the request is to be refused.
func (s *Server) skip(w http.ResponseWriter, r *http.Request, route Route, limit int64) bool {
	if !wantsPage(r) || r.ContentLength > maxSkipped || r.Header.Get("Expect") != "" {
		return false
	}
	body := s.pace(w, r.Body)
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || route.MaxBody <= 0 || kind != "multipart/form-data" {
		_, _ = io.Copy(io.Discard, body)
		return false
	}
	sent, files, err := typed(multipart.NewReader(body, params["boundary"]), limit)
	_, _ = io.Copy(io.Discard, body)
	if err == nil {
		sent, err = cleanValues(sent)
	}
	if err != nil {
		return false
	}
	st := stateOf(r.Context())
	st.form, st.over = sent, &oversized{limit, files}
	r.Body, r.PostForm = http.NoBody, sent
	return true
}

// typed reads the values of a form and measures its files.
func typed(m *multipart.Reader, limit int64) (url.Values, map[string][]File, error) {
	sent, files := url.Values{}, map[string][]File{}
	var kept int64
	for n := 0; ; n++ {
		p, err := m.NextPart()
		if errors.Is(err, io.EOF) {
			return sent, files, nil
		}
		if err != nil || n > maxFields {
			return nil, nil, errors.Join(err, errs.E(errs.TooLarge, "web.error.too_many_fields", errs.P("max", maxFields)))
		}
		if p.FileName() == "" && p.Header.Get("Content-Type") == "" {
			var text strings.Builder
			size, err := io.Copy(&text, io.LimitReader(p, maxFieldBytes+1))
			if kept += size; err != nil || kept > limit {
				return nil, nil, errors.Join(err, tooLarge(limit, nil))
			}
			sent.Add(p.FormName(), text.String())
			continue
		}
		size, err := io.Copy(io.Discard, p)
		if err != nil {
			return nil, nil, err
		}
		if size > 0 || p.FileName() != "" {
			files[p.FormName()] = append(files[p.FormName()], File{Name: CleanFileName(p.FileName()), Size: size})
		}
	}
}

// Skipped are the files of a field of a form that was larger than limit, by name and size: their
// bytes were not kept. None where the form was not.
func Skipped(r *http.Request, field string) (files []File, limit int64) {
	st := stateOf(r.Context())
	if st == nil || st.over == nil {
		return nil, 0
	}
	return st.over.files[field], st.over.limit
}
