package dossier

import (
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
)

// withinOf is the term after which silence decides at a step, as declared; "" for none.
func withinOf(pkg *service.Package, step string) string {
	info, _ := pkg.Process.Step(step)
	return info.Within
}

// whose is whose time a step is, as declared; a step of old timelines that the process
// does not know goes by its role.
func whose(pkg *service.Package, step, role string) Whose {
	info, ok := pkg.Process.Step(step)
	switch {
	case role == process.RoleApplicant:
		return ApplicantTime
	case !ok || info.Clock == "":
		return UnitTime
	}
	return Whose(info.Clock)
}
