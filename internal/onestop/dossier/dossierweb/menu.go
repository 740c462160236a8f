package dossierweb

import (
	"context"
	"net/http"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

// menuPath holds the numbers of the menu and nothing else, for pages that are open.
const menuPath = "/desk/menu"

// MenuCounts are the numbers beside entries of the desk's menu, by their paths: what the
// reader holds, and what is open in the unit of their first post.
func MenuCounts(ctx context.Context, s *dossier.Service) (map[string]ui.NavCount, error) {
	sub := auth.From(ctx)
	if sub.Kind != auth.KindOfficer {
		return nil, nil
	}
	open, err := s.Open(ctx)
	if err != nil {
		return nil, err
	}
	mine := ui.NavCount{ID: "menu-mine", N: open.Mine, Of: i18n.T(ctx, "dossierweb.menu.mine"), From: menuPath, Topics: strings.Join(dossier.TopicsOf(0, nil, sub.Account), " ")}
	out := map[string]ui.NavCount{"/desk": mine}
	if open.Unit != 0 {
		out[queuePath] = ui.NavCount{ID: "menu-unit", N: open.Here, Of: i18n.T(ctx, "dossierweb.menu.unit"), From: menuPath, Topics: strings.Join(dossier.TopicsOf(0, []orgunit.UnitID{open.Unit}, 0), " ")}
	}
	return out, nil
}

func (h *handlers) menu(w http.ResponseWriter, r *http.Request) error {
	counts, err := MenuCounts(r.Context(), h.svc)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, menuNumbers(counts))
}
