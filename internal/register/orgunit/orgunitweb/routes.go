package orgunitweb

import (
	"net/http"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/id"
	"khue/internal/kernel/web"
	"khue/internal/register/orgunit"
)

// handler answers for the units.
type handler struct{ units *orgunit.Service }

// Routes are the pages and operations of the units.
func Routes(s *orgunit.Service) web.Module {
	h := handler{s}
	return web.Module{
		Name: "orgunit",
		Routes: []web.Route{
			{Method: http.MethodGet, Path: "/units", Policy: auth.Public, Do: h.browse},
			{Method: http.MethodGet, Path: "/units/{id}", Policy: auth.Public, Do: h.unitPage},
		},
		API: h.api,
	}
}

func parseUnitID(s string) (orgunit.UnitID, error) { return id.Parse[orgunit.Unit](s) }
