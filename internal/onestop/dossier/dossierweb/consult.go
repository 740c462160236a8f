package dossierweb

import (
	"context"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/onestop/dossier"
)

// consultable is the question whom to ask, with the units that may be asked on a task.
func (h *handlers) consultable(ctx context.Context, t dossier.Task, chosen []string, problem string) *ui.Field {
	f := &ui.Field{
		Name: "unit", Scope: "consult-", Label: i18n.T(ctx, "dossierweb.consult.units"), Hint: i18n.T(ctx, "dossierweb.consult.hint"),
		Values: chosen, Error: problem, Small: true,
	}
	for _, u := range h.svc.Consultable(t) {
		f.Options = append(f.Options, ui.Option{Value: u.ID.String(), Label: u.Name})
	}
	return f
}
