package identityweb

import (
	"embed"
	"net/http"
	"slices"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/web"
	"khue/internal/register/identity"
	"khue/internal/register/orgunit"
)

// Messages are this package's sentences (keys under "identityweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

type handlers struct{ svc *identity.Service }

const maxUpload = 33 << 20

// Managers is the policy of the pages about officers: those who may look into the register
// of some unit. Which units, is decided with the unit in hand.
func Managers() auth.Policy {
	var roles []string
	for _, r := range orgunit.Roles() {
		if r.Role == "auditor" || slices.ContainsFunc(identity.Proposers(), r.Role.Acts) {
			roles = append(roles, string(r.Role))
		}
	}
	return auth.AnyRole(roles...)
}

// Routes is the web half of the register of officers.
func Routes(s *identity.Service) web.Module {
	h := handlers{s}
	managers := Managers()
	return web.Module{Name: "identity", Routes: append([]web.Route{
		{Method: http.MethodGet, Path: "/admin/units", Policy: auth.Officer, Do: h.units},
		{Method: http.MethodGet, Path: "/admin/units/{id}", Policy: auth.Officer, Do: h.unit},
		{Method: http.MethodPost, Path: "/admin/units/{id}", Policy: managers, Do: h.add},
		{Method: http.MethodPost, Path: "/admin/units/{id}/duties", Policy: managers, Do: h.setDuties},
		{Method: http.MethodGet, Path: "/admin/officers", Policy: managers, Do: h.officers},
		{Method: http.MethodPost, Path: "/admin/officers", Policy: managers, Do: h.appoint},
		{Method: http.MethodGet, Path: "/admin/officers/new", Policy: managers, Do: h.newPost},
		{Method: http.MethodGet, Path: "/admin/officers/{account}", Policy: managers, Do: h.officer},
		{Method: http.MethodPost, Path: "/admin/officers/{account}", Policy: managers, Do: h.actOnOfficer},
		{Method: http.MethodGet, Path: "/admin/proposals", Policy: managers, Do: h.proposals},
		{Method: http.MethodPost, Path: "/admin/proposals/{id}", Policy: managers, Do: h.decide},
		{Method: http.MethodGet, Path: "/admin/imports/officers", Policy: managers, Do: h.importPage},
		{Method: http.MethodPost, Path: "/admin/imports/officers", Policy: managers, Do: h.upload, MaxBody: maxUpload},
		{Method: http.MethodGet, Path: "/admin/imports/officers/template.xlsx", Policy: managers, Do: h.template},
		{Method: http.MethodGet, Path: "/admin/imports/officers/{id}", Policy: managers, Do: h.draft},
		{Method: http.MethodPost, Path: "/admin/imports/officers/{id}", Policy: managers, Do: h.send},
		{Method: http.MethodGet, Path: "/desk/leave", Policy: auth.Officer, Do: h.leave},
		{Method: http.MethodPost, Path: "/desk/leave", Policy: auth.Officer, Do: h.enterLeave},
		{Method: http.MethodPost, Path: "/desk/leave/{id}", Policy: auth.Officer, Do: h.cancelLeave},
		{Method: http.MethodGet, Path: "/welcome", Policy: auth.Public, Enrols: true, Do: h.welcome},
		{Method: http.MethodPost, Path: "/welcome", Policy: auth.Public, Enrols: true, Do: h.choosePassword},
	}, h.scimRoutes()...)}
}
