package dossier

import (
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
)

// withinOf is the term after which silence decides at a step, as declared; "" for none.
func withinOf(*service.Package, string) string { return "" }

// whose is whose time a step is.
func whose(_ *service.Package, _, role string) Whose {
	if role == process.RoleApplicant {
		return ApplicantTime
	}
	return UnitTime
}
