package citizen

import (
	"context"
	"embed"
	"net/http"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/service"
	"khue/internal/register/catalog"
)

// Messages are this package's sentences (keys under "citizen").
//
//go:embed i18n/*.yaml
var Messages embed.FS

type handlers struct {
	catalog  *catalog.Service
	services *service.Registry
	clock    clock.Clock
}

// Routes is the front door.
func Routes(c *catalog.Service, s *service.Registry, clk clock.Clock) web.Module {
	h := &handlers{c, s, clk}
	return web.Module{Name: "citizen", Routes: []web.Route{
		{Method: http.MethodGet, Path: "/{$}", Policy: auth.Public, Do: h.home},
	}}
}

type homeView struct {
	Online []ui.CardArgs
	Here   []ui.CardArgs // taken at a counter only
	Events []ui.CardArgs
	Counts ui.CardArgs
}

func (h *handlers) home(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	var v homeView
	for _, pkg := range h.services.On(clock.DateOf(h.clock.Now())) {
		if pkg.Offers(service.Online) {
			v.Online = append(v.Online, h.card(ctx, pkg))
		} else {
			v.Here = append(v.Here, h.card(ctx, pkg))
		}
	}
	en := i18n.LangOf(ctx) == i18n.EN
	for _, e := range h.catalog.LifeEvents() {
		title, text := e.VI, e.Hint.VI
		if en {
			title, text = e.EN, e.Hint.EN
		}
		v.Events = append(v.Events, ui.CardArgs{Title: title, Text: text, Href: "/procedures/life-events/" + e.ID, Level: 3})
	}
	return web.Render(w, r, http.StatusOK, homePage(v))
}

func (h *handlers) card(ctx context.Context, pkg *service.Package) ui.CardArgs {
	l := i18n.LangOf(ctx)
	href := "/procedures/" + pkg.Procedure
	if _, err := h.catalog.Item(ctx, catalog.Code(pkg.Procedure)); err != nil { // the catalogue at hand lacks it
		href = "/apply/" + pkg.ID
	}
	return ui.CardArgs{Title: pkg.Name().In(l), Text: pkg.Summary().In(l), Href: href, Level: 3}
}
