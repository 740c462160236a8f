package dossierweb

import (
	"embed"
	"slices"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/web"
	"khue/internal/onestop/desk"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/service"
	"khue/internal/onestop/upload"
	"khue/internal/register/orgunit"
)

// Messages are this package's sentences (keys under "dossierweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Deps is what the pages and the API read from.
type Deps struct {
	Dossiers *dossier.Service
	Services *service.Registry
	Units    *orgunit.Service
	Clock    clock.Clock
	Uploads  *upload.Service
	// Desk has the phrases for reasons.
	Desk *desk.Service
	// Catalogue names procedures and their fields.
	Catalogue Catalogue
	// Address is the site as readers see it, for QR codes on papers.
	Address string
}

type handlers struct {
	svc      *dossier.Service
	services *service.Registry
	units    *orgunit.Service
	clock    clock.Clock
	uploads  *upload.Service
	address  string
	tries    *tries
	desk     *desk.Service

	catalogue Catalogue
}

func (h *handlers) today() clock.Date { return clock.DateOf(h.clock.Now()) }

// Routes is the web half of the main job.
func Routes(d Deps) web.Module {
	h := &handlers{svc: d.Dossiers, services: d.Services, units: d.Units, clock: d.Clock, uploads: d.Uploads, address: d.Address, tries: newTries(), desk: d.Desk, catalogue: d.Catalogue}
	return web.Module{Name: "dossier", Routes: slices.Concat(h.routes(), h.dateRoutes(), h.reportRoutes(), h.workRoutes()), API: h.api}
}
