package uploadweb

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/form"
	"khue/internal/onestop/upload"
)

// Messages are this package's sentences (keys under "uploadweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Place is what an address leads to, for a sender who may write there.
type Place struct {
	Scope  upload.Scope
	Owner  string // whose quota counts
	Held   int64  // bytes that the scope keeps outside of uploads
	Papers []form.PaperNeed
	Base   string // address of the scope's uploads, without query
	Query  string // goes with every address: "k=…"; may be empty
	// Keep takes a finished file over; nil leaves it with the scope's uploads.
	Keep func(ctx context.Context, f form.File) error
	// Files are the files of a paper as its page lists them now.
	Files func(ctx context.Context, paper string) ([]ui.File, error)
}

// Gate finds the place of a request. NotFound where the sender may not write there.
type Gate func(r *http.Request) (Place, error)

type handlers struct {
	s    *upload.Service
	gate Gate
}

// piecesAtOnce is how many pieces of one client, which may be an office behind one address, are
// written at once.
const piecesAtOnce = 32

// Routes are the requests below a prefix: "/apply/d/{key}". The gate reads the prefix's
// wildcards.
func Routes(prefix string, s *upload.Service, gate Gate) []web.Route {
	h := &handlers{s, gate}
	all, one := prefix+"/uploads", prefix+"/uploads/{upload}"
	return []web.Route{
		{Method: http.MethodGet, Path: all, Policy: auth.Public, Do: h.list},
		{Method: http.MethodPost, Path: all, Policy: auth.Public, Do: h.begin},
		{Method: http.MethodGet, Path: one, Policy: auth.Public, Do: h.offset},
		{Method: http.MethodPatch, Path: one, Policy: auth.Public, Do: h.piece, MaxBody: upload.MaxChunk, AtOnce: piecesAtOnce},
		{Method: http.MethodDelete, Path: one, Policy: auth.Public, Do: h.drop},
	}
}

// Owner is whose quota a sender's files count against: the account, else the browser,
// else the network that they come from. No name and no address stands in it.
func Owner(r *http.Request) string {
	if sub := auth.From(r.Context()); sub.SignedIn() {
		return "account:" + strconv.FormatInt(sub.Account, 10)
	}
	kind, token := "browser:", web.Browser(r)
	if token == "" {
		kind, token = "network:", web.Network(r)
	}
	h := sha256.Sum256([]byte("upload.owner\x00" + token))
	return kind + hex.EncodeToString(h[:12])
}

func (p Place) paper(id string) (form.PaperNeed, error) {
	i := slices.IndexFunc(p.Papers, func(d form.PaperNeed) bool { return d.ID == id && !d.ShownOnly })
	if i < 0 {
		return form.PaperNeed{}, errs.E(errs.NotFound, "upload.notFound")
	}
	return p.Papers[i], nil
}

func (p Place) address(part string) string {
	a := p.Base + part
	if p.Query != "" {
		a += "?" + p.Query
	}
	return a
}

// list answers with the files of one paper, as a part of a page.
func (h *handlers) list(w http.ResponseWriter, r *http.Request) error {
	place, err := h.gate(r)
	if err != nil {
		return err
	}
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	files, err := place.Files(r.Context(), q.Get("paper"))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, Files(files))
}

func tusHeaders(w http.ResponseWriter, u upload.Upload) {
	h := w.Header()
	h.Set("Tus-Resumable", "1.0.0")
	h.Set("Cache-Control", "no-store")
	h.Set("Upload-Offset", strconv.FormatInt(u.Received, 10))
	h.Set("Upload-Length", strconv.FormatInt(u.Size, 10))
}

// begin announces a file: 201 for a new one, 200 for one that goes on.
func (h *handlers) begin(w http.ResponseWriter, r *http.Request) error {
	place, err := h.gate(r)
	if err != nil {
		return err
	}
	size, err := strconv.ParseInt(r.Header.Get("Upload-Length"), 10, 64)
	if err != nil || size < 0 {
		return errs.E(errs.Invalid, "uploadweb.header", errs.P("name", "Upload-Length"))
	}
	meta, err := metadata(r.Header.Get("Upload-Metadata"))
	if err != nil {
		return err
	}
	paper, err := place.paper(meta["paper"])
	if err != nil {
		return err
	}
	u, err := h.s.Begin(r.Context(), paper, upload.Announced{
		Scope: place.Scope, Owner: place.Owner, Name: meta["filename"], Declared: meta["filetype"], Mark: meta["mark"], Size: size, Held: place.Held,
	})
	if err != nil {
		return err
	}
	tusHeaders(w, u)
	w.Header().Set("Location", place.address("/"+u.ID.String()))
	status := http.StatusCreated
	if u.Received > 0 {
		status = http.StatusOK
	}
	w.WriteHeader(status)
	return nil
}

const maxMeta = 4 << 10

// metadata reads "name base64,name base64".
func metadata(header string) (map[string]string, error) {
	out := map[string]string{}
	bad := errs.E(errs.Invalid, "uploadweb.header", errs.P("name", "Upload-Metadata"))
	if len(header) > maxMeta {
		return nil, bad
	}
	for pair := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), " ")
		b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
		if err != nil {
			return nil, bad
		}
		out[name] = strings.Map(func(c rune) rune {
			if c == 0 {
				return -1
			}
			return c
		}, strings.ToValidUTF8(string(b), "_"))
	}
	return out, nil
}

func (h *handlers) find(r *http.Request) (Place, upload.Upload, error) {
	place, err := h.gate(r)
	if err != nil {
		return place, upload.Upload{}, err
	}
	v, err := web.PathID[upload.Upload](r, "upload")
	if err != nil {
		return place, upload.Upload{}, err
	}
	u, err := h.s.Find(r.Context(), place.Scope, v)
	return place, u, err
}

// offset says how much has arrived.
func (h *handlers) offset(w http.ResponseWriter, r *http.Request) error {
	_, u, err := h.find(r)
	if err != nil {
		return err
	}
	tusHeaders(w, u)
	w.WriteHeader(http.StatusOK)
	return nil
}

// piece takes bytes at an offset. With the last one the file is checked: what is refused
// answers with the reason.
func (h *handlers) piece(w http.ResponseWriter, r *http.Request) error {
	if r.Header.Get("Content-Type") != "application/offset+octet-stream" {
		return errs.E(errs.Invalid, "uploadweb.header", errs.P("name", "Content-Type"))
	}
	at, err := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64)
	if err != nil {
		return errs.E(errs.Invalid, "uploadweb.header", errs.P("name", "Upload-Offset"))
	}
	place, u, err := h.find(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	if u, err = h.s.Receive(ctx, u, at, r.Body); err != nil {
		return err
	}
	if u.Received == u.Size {
		if err := h.finish(context.WithoutCancel(ctx), place, u); err != nil {
			return err
		}
	}
	tusHeaders(w, u)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (h *handlers) finish(ctx context.Context, place Place, u upload.Upload) error {
	paper, err := place.paper(u.Paper)
	if err != nil {
		return err
	}
	f, err := h.s.Finish(ctx, u, paper)
	if err != nil || place.Keep == nil {
		return err
	}
	if err := place.Keep(ctx, f); err != nil {
		return err
	}
	return h.s.Drop(ctx, u)
}

func (h *handlers) drop(w http.ResponseWriter, r *http.Request) error {
	_, u, err := h.find(r)
	if err != nil {
		return err
	}
	if err := h.s.Drop(r.Context(), u); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// Whole reads the files that a form brought for a paper and hands each to take. Refused
// ones are collected: the rest is kept.
func Whole(r *http.Request, s *upload.Service, p form.PaperNeed, take func(form.File) error) (bad []errs.Field, err error) {
	if over, limit := web.Skipped(r, p.Name); len(over) > 0 {
		for _, f := range over {
			bad = append(bad, upload.Skipped(p, f.Name, f.Size, limit))
		}
		return bad, nil
	}
	files, err := web.Files(r, p.Name)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		body, err := f.Open()
		if err != nil {
			return bad, err
		}
		kept, err := s.Keep(r.Context(), p, upload.Source{Name: f.Name, Declared: f.Declared, Size: f.Size, R: body})
		_ = body.Close()
		if e, ok := errs.As(err); ok && (e.Kind == errs.Invalid || e.Kind == errs.TooLarge) {
			bad = append(bad, e.Fields...)
			continue
		}
		if err == nil {
			err = take(kept)
		}
		if err != nil {
			return bad, err
		}
	}
	return bad, nil
}

// listAddress is where the box of a paper asks for its files.
func (p Place) listAddress(paper string) string {
	q := url.Values{"paper": {paper}}
	a := p.Base + "?" + q.Encode()
	if p.Query != "" {
		a += "&" + p.Query
	}
	return a
}
