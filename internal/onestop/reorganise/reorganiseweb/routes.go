package reorganiseweb

import (
	"context"
	"embed"
	"net/http"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/reorganise"
	"khue/internal/register/orgunit"
)

// Messages are this package's sentences (keys under "reorganiseweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Deps is what the pages stand on. All are required.
type Deps struct {
	Acts     *reorganise.Service
	Dossiers *dossier.Service
	Units    *orgunit.Service
	Clock    clock.Clock
}

type handlers struct{ Deps }

// MayRead admits to the pages of acts; whether the post is one of the city is decided by the
// service.
func MayRead() auth.Policy { return auth.AnyRole("chairman", "viceChairman", "leader", "auditor") }

// Routes is the web half of reorganisations.
func Routes(d Deps) web.Module {
	h := handlers{d}
	return web.Module{Name: "reorganise", Routes: []web.Route{
		{Method: http.MethodGet, Path: "/admin/reorganise", Policy: MayRead(), Do: h.list},
		{Method: http.MethodPost, Path: "/admin/reorganise", Policy: MayRead(), Do: h.propose},
		{Method: http.MethodGet, Path: "/admin/reorganise/plans/{plan}", Policy: MayRead(), Do: h.dryRun},
		{Method: http.MethodGet, Path: "/admin/reorganise/{id}", Policy: MayRead(), Do: h.act},
		{Method: http.MethodPost, Path: "/admin/reorganise/{id}", Policy: MayRead(), Do: h.decide},
		{Method: http.MethodGet, Path: "/desk/splits", Policy: auth.Officer, Do: h.splits},
		{Method: http.MethodPost, Path: "/desk/splits", Policy: auth.Officer, Do: h.answerSplit},
		{Method: http.MethodGet, Path: "/dossiers/{code}/place", Policy: auth.Public, Do: h.place},
		{Method: http.MethodPost, Path: "/dossiers/{code}/place", Policy: auth.Public, Do: h.answerPlace},
	}}
}

// unitName is a unit as it stands or stood last.
func (h handlers) unitName(ctx context.Context, u orgunit.UnitID) string {
	v, ok := h.Units.Register().Unit(u)
	if !ok {
		return u.String()
	}
	if i18n.LangOf(ctx) == i18n.EN && v.NameEN != "" {
		return v.NameEN
	}
	return v.Name
}

// fullName is an office's name with its agency's: offices of many communes are called alike.
func (h handlers) fullName(ctx context.Context, u orgunit.UnitID) string {
	name := h.unitName(ctx, u)
	if v, ok := h.Units.Register().Unit(u); ok && v.Class == orgunit.Office {
		name += ", " + h.unitName(ctx, v.Parent)
	}
	return name
}
