package dossierweb

import (
	"context"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/onestop/dossier"
)

// behalfRow says who files for the applicant, and by which mandate; false where they act
// themselves.
func behalfRow(ctx context.Context, c dossier.Content) (ui.SummaryRow, bool) {
	b := c.Filing.Behalf
	if b == nil {
		return ui.SummaryRow{}, false
	}
	note := i18n.T(ctx, "mandate.kind."+string(b.Kind))
	if b.Paper != "" {
		note += " · " + b.Paper
	}
	return ui.SummaryRow{Key: i18n.T(ctx, "dossierweb.field.behalf"), Value: ui.Cell{Text: b.Holder, Note: note}}, true
}
