package dossierweb

import (
	"bytes"
	"context"
	"net/http"
	"net/url"

	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
)

// receipt downloads what whoever filed a dossier keeps.
func (h *handlers) receipt(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	raw, d, err := h.svc.Receipt(r.Context(), r.PathValue("code"), dossier.Viewer{Key: q.Get("k")})
	if err != nil {
		return err
	}
	return web.Send(w, r, web.Download{Name: receiptName(d), Type: "application/json", Size: int64(len(raw)), Body: bytes.NewReader(raw)})
}

func receiptName(d dossier.Dossier) string { return d.Code + "-receipt.json" }

// receiptPath is where the receipt of a dossier is downloaded with the reader's key.
func receiptPath(d dossier.Dossier, key string) string {
	at := "/dossiers/" + url.PathEscape(d.Code) + "/receipt"
	if key != "" {
		at += "?k=" + url.QueryEscape(key)
	}
	return at
}

type receiptOutput struct {
	Cache       string `header:"Cache-Control"`
	Type        string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func (h *handlers) apiReceipt(ctx context.Context, in *struct{ CodeInput }) (*receiptOutput, error) {
	raw, d, err := h.svc.Receipt(ctx, in.Code, in.viewer())
	if err != nil {
		return nil, err
	}
	return &receiptOutput{Cache: "no-store", Type: "application/json", Disposition: `attachment; filename="` + receiptName(d) + `"`, Body: raw}, nil
}
