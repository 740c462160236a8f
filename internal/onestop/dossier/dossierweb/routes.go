package dossierweb

import (
	"context"
	"embed"
	"slices"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/desk"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/service"
	"khue/internal/onestop/upload"
	"khue/internal/register/access/accessweb"
	"khue/internal/register/orgunit"
)

// Messages are this package's sentences (keys under "dossierweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Deps is what the pages and the API read from.
type Deps struct {
	Dossiers *dossier.Service
	// Desk keeps filters under names, and phrases for reasons.
	Desk     *desk.Service
	Services *service.Registry
	Units    *orgunit.Service
	Clock    clock.Clock
	Uploads  *upload.Service
	// Catalogue names procedures and their fields.
	Catalogue Catalogue
	// Accounts names people.
	Accounts Accounts
	// People names the colleagues of a unit.
	People People
	// Address is the site as readers see it, for QR codes on papers.
	Address string
	// Originals says where the kept originals of a dossier are; nil: nothing is kept.
	Originals Originals
	// Asked reports whether it is asked in which part of a divided commune a dossier belongs;
	// /dossiers/{code}/place takes the answer. Nil: nobody asks.
	Asked func(context.Context, dossier.ID) (bool, error)
	// Nodes is how many serve the city: tries of one network are shared among them; nil: one.
	Nodes func() int
	// Signed reports whether the owner signed what they filed with a key of their own; such papers
	// and the way to make one stand at /dossiers/{code}/sign. Nil: nobody can.
	Signed func(context.Context, dossier.ID) (bool, error)
	// Parcels says where the results of a dossier that go by post are. Nil: none does.
	Parcels func(context.Context, dossier.ID) ([]ui.SummaryRow, error)
	// Stands is the result of a dossier that is in force or being made. Nil: the city numbers none.
	Stands func(context.Context, dossier.ID) (Standing, error)
}

// Standing is a result that is in force, or is being made. "" where there is none.
type Standing struct {
	Number string
	Href   string // where it is corrected or revoked
}

type handlers struct {
	svc      *dossier.Service
	desk     *desk.Service
	services *service.Registry
	units    *orgunit.Service
	clock    clock.Clock
	splits   func(context.Context, dossier.ID) (bool, error)
	signed   func(context.Context, dossier.ID) (bool, error)
	parcels  func(context.Context, dossier.ID) ([]ui.SummaryRow, error)
	stands   func(context.Context, dossier.ID) (Standing, error)
	uploads  *upload.Service
	address  string
	tries    *tries

	catalogue Catalogue
	accounts  Accounts
	people    People
	originals Originals
}

func (h *handlers) today() clock.Date { return clock.DateOf(h.clock.Now()) }

// Routes is the web half of the main job.
func Routes(d Deps) web.Module {
	h := &handlers{
		svc: d.Dossiers, desk: d.Desk, services: d.Services, units: d.Units, clock: d.Clock, uploads: d.Uploads, address: d.Address, tries: newTries(d.Nodes),
		catalogue: d.Catalogue, accounts: d.Accounts, people: d.People, originals: d.Originals, splits: d.Asked, signed: d.Signed, parcels: d.Parcels, stands: d.Stands,
	}
	return web.Module{
		Name:   "dossier",
		Routes: accessweb.Ask(slices.Concat(h.routes(), h.deskRoutes(), h.dateRoutes(), h.reportRoutes(), h.leaderRoutes(), h.workRoutes())),
		API:    h.api,
	}
}
