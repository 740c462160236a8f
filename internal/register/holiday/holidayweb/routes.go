package holidayweb

import (
	"embed"
	"net/http"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/web"
	"khue/internal/register/holiday"
)

// Messages are this package's sentences (keys under "holidayweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

type handlers struct{ svc *holiday.Service }

// Routes is the web half of the calendars. Every officer may read them; who may change one
// is decided with the unit in hand.
func Routes(s *holiday.Service) web.Module {
	h := handlers{s}
	return web.Module{Name: "holiday", Routes: []web.Route{
		{Method: http.MethodGet, Path: "/admin/calendar", Policy: auth.Officer, Do: h.page},
		{Method: http.MethodPost, Path: "/admin/calendar", Policy: auth.Officer, Do: h.propose},
		{Method: http.MethodPost, Path: "/admin/calendar/{id}", Policy: auth.Officer, Do: h.decide},
	}}
}
