package dossierweb

import (
	"context"
	"time"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/onestop/dossier"
)

// Originals knows where the originals of a dossier are. The counter contributes the value.
type Originals interface {
	Whereabouts(ctx context.Context, d dossier.ID) ([]Original, error)
}

// Original is a paper whose originals were kept, as a page of its dossier shows it.
type Original struct {
	Paper  string // its name, in the reader's language
	Count  int
	Holder string // officer and unit; empty where it was given back
	Since  time.Time
	Moving bool // stands in a hand-over that is not received yet
}

// whereabouts are rows that say who holds each original. Where that cannot be read, the page
// stands without them.
func (h *handlers) whereabouts(ctx context.Context, d dossier.Dossier) (rows []ui.SummaryRow) {
	if h.originals == nil {
		return nil
	}
	list, err := h.originals.Whereabouts(ctx, d.ID)
	if err != nil {
		return nil
	}
	for _, o := range list {
		v := ui.Cell{Text: o.Holder, Note: i18n.T(ctx, "dossierweb.original.since", "n", o.Count, "at", o.Since)}
		switch {
		case o.Holder == "":
			v.Text = i18n.T(ctx, "dossierweb.original.givenBack")
		case o.Moving:
			v.Note = i18n.T(ctx, "dossierweb.original.moving")
		}
		rows = append(rows, ui.SummaryRow{Key: i18n.T(ctx, "dossierweb.original.of", "paper", o.Paper), Value: v})
	}
	return rows
}
