package certificateweb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/certificate"
)

// Messages are this package's sentences (keys under "certificateweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Deps is what the pages stand on.
type Deps struct {
	Authority *certificate.Service
	// Manages reports whether the reader looks after officers, and so after the authority; every
	// other officer sees their own card.
	Manages func(ctx context.Context) bool
	// Units are those for which the reader may ask for a seal, by scope.
	Units func(ctx context.Context) []ui.Option
}

type handlers struct{ Deps }

// maxRequest bounds a request to OCSP or for a time stamp.
const maxRequest = 16 << 10

// maxAsk bounds a request for a card: an image and a CSR.
const maxAsk = 512 << 10

// What one client may ask of the authority: each answer about a certificate and each time stamp
// is a signature. A signer's program asks a few for each paper.
func questions() web.Rate { return web.Rate{Most: 200, Each: 100 * time.Millisecond} }
func stamps() web.Rate    { return web.Rate{Most: 60, Each: time.Second} }

// Routes is the web half of the authority.
func Routes(d Deps) web.Module {
	h := handlers{d}
	return web.Module{Name: "certificate", Routes: []web.Route{
		{Method: http.MethodGet, Path: path, Policy: auth.Officer, Do: h.list},
		{Method: http.MethodPost, Path: path, Policy: auth.Officer, Do: h.ask, MaxBody: maxAsk},
		{Method: http.MethodPost, Path: path + "/{id}", Policy: auth.Officer, Do: h.act},
		{Method: http.MethodGet, Path: path + "/{id}/look.png", Policy: auth.Officer, Do: h.look},
		{Method: http.MethodGet, Path: "/ca", Policy: auth.Public, Do: h.about},
		{Method: http.MethodGet, Path: "/ca/root.pem", Policy: auth.Public, Do: h.root},
		{Method: http.MethodGet, Path: "/ca/issuing.cer", Policy: auth.Public, Do: h.issuing},
		{Method: http.MethodGet, Path: "/ca/crl", Policy: auth.Public, Do: h.crl, Rate: stamps()},
		{Method: http.MethodPost, Path: "/ca/ocsp", Policy: auth.Public, Do: h.ocsp, MaxBody: maxRequest, Foreign: true, AtOnce: 16, Rate: questions()},
		{Method: http.MethodGet, Path: "/ca/ocsp/{request...}", Policy: auth.Public, Do: h.ocspGet, AtOnce: 16, Rate: questions()},
		{Method: http.MethodPost, Path: "/ca/time", Policy: auth.Public, Do: h.time, MaxBody: maxRequest, Foreign: true, AtOnce: 4, Rate: stamps()},
	}}
}

func say(ctx context.Context, key string, kv ...any) string {
	return i18n.T(ctx, "certificateweb."+key, kv...)
}

// give answers with bytes of a type of the authority's protocols.
func give(w http.ResponseWriter, kind, name string, b []byte) error {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	if name != "" {
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	}
	_, err := w.Write(b)
	return err
}

func (h handlers) root(w http.ResponseWriter, _ *http.Request) error {
	c := h.Authority.Root()
	return give(w, "application/x-pem-file", "khue-root.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

func (h handlers) issuing(w http.ResponseWriter, _ *http.Request) error {
	return give(w, "application/pkix-cert", "khue-issuing.cer", h.Authority.Issuing().Raw)
}

// look is the image of a signature or seal, for who may look at the card.
func (h handlers) look(w http.ResponseWriter, r *http.Request) error {
	v, err := web.PathID[certificate.Card](r, "id")
	if err != nil {
		return err
	}
	b, err := h.Authority.LookShown(r.Context(), v)
	if err != nil {
		return err
	}
	return web.Send(w, r, web.Download{Name: v.String() + ".png", Type: "image/png", Size: int64(len(b)), Inline: true, Body: bytes.NewReader(b)})
}

func (h handlers) crl(w http.ResponseWriter, r *http.Request) error {
	der, err := h.Authority.CRL(r.Context())
	if err != nil {
		return err
	}
	return give(w, "application/pkix-crl", "khue.crl", der)
}

func body(r *http.Request) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	if err != nil {
		return nil, errs.E(errs.Invalid, "web.error.form", errs.Cause(err))
	}
	return b, nil
}

func (h handlers) ocsp(w http.ResponseWriter, r *http.Request) error {
	b, err := body(r)
	if err != nil {
		return err
	}
	return h.status(w, r, b)
}

// ocspGet takes the request from the address (RFC 6960, A.1).
func (h handlers) ocspGet(w http.ResponseWriter, r *http.Request) error {
	b, err := base64.StdEncoding.DecodeString(r.PathValue("request"))
	if err != nil {
		b = nil // answered as malformed
	}
	return h.status(w, r, b)
}

func (h handlers) status(w http.ResponseWriter, r *http.Request, request []byte) error {
	der, err := h.Authority.Status(r.Context(), request)
	if err != nil {
		return err
	}
	return give(w, "application/ocsp-response", "", der)
}

func (h handlers) time(w http.ResponseWriter, r *http.Request) error {
	b, err := body(r)
	if err != nil {
		return err
	}
	der, err := h.Authority.Time(r.Context(), b)
	if err != nil {
		return err
	}
	return give(w, "application/timestamp-reply", "", der)
}

// inEights parts a long number, so that people can compare it by eye and by voice.
func inEights(s string) string {
	var parts []string
	for part := range slices.Chunk([]byte(s), 8) {
		parts = append(parts, string(part))
	}
	return strings.Join(parts, " ")
}

// aboutView tells whom one believes who believes this authority.
type aboutView struct{ Rows ui.SummaryArgs }

func (h handlers) about(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	c, l := h.Authority.Root(), i18n.LangOf(ctx)
	sum := sha256.Sum256(c.Raw)
	v := aboutView{}
	add := func(key string, value ui.Cell) {
		v.Rows.Rows = append(v.Rows.Rows, ui.SummaryRow{Key: say(ctx, "about."+key), Value: value})
	}
	add("name", ui.T(c.Subject.CommonName))
	add("until", ui.T(i18n.Date(l, clock.DateOf(c.NotAfter))))
	add("print", ui.T(inEights(strings.ToUpper(hex.EncodeToString(sum[:])))))
	add("root", ui.L("root.pem", "/ca/root.pem"))
	add("issuing", ui.L("issuing.cer", "/ca/issuing.cer"))
	add("crl", ui.L("khue.crl", "/ca/crl"))
	add("ocsp", ui.T("/ca/ocsp (RFC 6960)"))
	add("time", ui.T("/ca/time (RFC 3161)"))
	return web.Render(w, r, http.StatusOK, aboutPage(v))
}
