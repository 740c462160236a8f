package dossier

import (
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/form"
	"khue/internal/register/orgunit"
)

// units reads the register as a dossier needs it: agencies by the code of their
// territory on a day, and the choices of forms.
type units struct{ reg *orgunit.Service }

// Unit returns the territory or agency that bore a code on a day.
func (u units) Unit(code string, on clock.Date) (form.Unit, bool) {
	t := u.reg.At(on)
	v, err := t.ByCode(code)
	if err != nil {
		return form.Unit{}, false
	}
	return formUnit(t, v), true
}

// Choices are the territories of a tier on a day.
func (u units) Choices(tier string, on clock.Date) []form.Unit {
	t := u.reg.At(on)
	list := t.Tier(orgunit.Tier(tier))
	out := make([]form.Unit, len(list))
	for i, v := range list {
		out[i] = formUnit(t, v)
	}
	return out
}

func formUnit(t *orgunit.Tree, v orgunit.Unit) form.Unit {
	return form.Unit{Code: v.Code, Name: v.Name, Full: t.Path(v.ID), Tier: string(v.Tier)}
}

// Above is the territory itself or the one above it that stands in a tier: the district
// of a commune. False where the tier does not live on the day.
func (u units) Above(code, tier string, on clock.Date) (form.Unit, bool) {
	t := u.reg.At(on)
	v, err := t.ByCode(code)
	if err != nil {
		return form.Unit{}, false
	}
	up, ok := t.Above(v.ID, orgunit.Tier(tier))
	if !ok {
		return form.Unit{}, false
	}
	return formUnit(t, up), true
}

// place is where a task falls to: what agency answers for a code, or with "code/key" the
// office of that agency which holds a function ("00118/urban"); of the city's own
// committee, the department that does ("H26/architecture").
func (u units) place(ref string, on clock.Date) (orgunit.Unit, error) {
	code, key, office := strings.Cut(ref, "/")
	a, err := u.agency(code, on)
	if err != nil || !office {
		return a, err
	}
	t := u.reg.At(on)
	if v, ok := t.Office(a.ID, key); ok {
		return v, nil
	}
	if a.ID == t.Government().ID {
		if v, ok := t.Body(key); ok {
			return v, nil
		}
	}
	return orgunit.Unit{}, errs.E(errs.NotFound, "dossier.unit.noOffice", errs.P("unit", a.Name, "key", key))
}

// agency is the agency that governs what a code or id names on a day.
func (u units) agency(ref string, on clock.Date) (orgunit.Unit, error) {
	t := u.reg.At(on)
	v, err := t.Resolve(ref)
	if err != nil {
		return orgunit.Unit{}, err
	}
	a, ok := t.AgencyOf(v.ID)
	if !ok {
		return orgunit.Unit{}, errs.E(errs.NotFound, "dossier.unit.noAgency", errs.P("unit", v.Name))
	}
	return a, nil
}

// territoryCode is the code that conditions and routes name an agency by: that of
// the territory it governs, or its own.
func (u units) territoryCode(v orgunit.UnitID, on clock.Date) string {
	t := u.reg.At(on)
	a, ok := t.Get(v)
	if !ok {
		return ""
	}
	if a.Serves != 0 {
		if place, ok := t.Get(a.Serves); ok {
			return place.Code
		}
	}
	return a.Code
}

// codeSign is what a dossier code of an agency begins with: its identifier code, or,
// where none was published, the city's code with that of its territory.
func (u units) codeSign(a orgunit.Unit, on clock.Date) string {
	if a.Code != "" {
		return a.Code
	}
	sign := u.reg.At(on).Government().Code
	if sign == "" {
		sign = "H26"
	}
	return sign + "." + u.territoryCode(a.ID, on)
}
