package dossier

import (
	"slices"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
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
	for i, v := range list { // without the way up to the root, which a list does not show
		out[i] = form.Unit{Code: v.Code, Name: v.Name, Full: v.Name, Tier: string(v.Tier)}
	}
	return out
}

// maxFound are the units that a search by name offers.
const maxFound = 12

// Find returns the territories of a tier whose name, of now or of before, begins as what
// was typed: "ngoc lam" finds Phường Bồ Đề in 2026.
func (u units) Find(name, tier string, on clock.Date) []form.Match {
	t := u.reg.At(on)
	folded := i18n.Fold(name)
	var out []form.Match
	for _, h := range t.Search(name, orgunit.Filter{Class: orgunit.Territory, Tier: orgunit.Tier(tier), Limit: maxFound}) {
		m := form.Match{Unit: formUnit(t, h.Unit), Was: h.Former.Name}
		called := h.Unit
		if h.Former.ID != 0 {
			called = h.Former
		}
		m.Exact = folded == i18n.Fold(called.Name) || folded == i18n.Fold(called.Bare)
		out = append(out, m)
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
// committee, the department that does ("H26/architecture"), and its office after one more
// stroke ("H26/labour/merit").
func (u units) place(ref string, on clock.Date) (orgunit.Unit, error) {
	if v, ok := unitByID(u.reg.At(on), ref); ok {
		return v, nil
	}
	code, rest, _ := strings.Cut(ref, "/")
	at, err := u.agency(code, on)
	if err != nil || rest == "" {
		return at, err
	}
	t := u.reg.At(on)
	for key := range strings.SplitSeq(rest, "/") {
		v, ok := t.Office(at.ID, key)
		if !ok && at.ID == t.Government().ID {
			v, ok = t.Body(key)
		}
		if !ok {
			return orgunit.Unit{}, errs.E(errs.NotFound, "dossier.unit.noOffice", errs.P("unit", at.Name, "key", key))
		}
		at = v
	}
	return at, nil
}

// Place is the unit that a route names on a day: "00118/urban", "H26/labour/merit". NotFound
// where nothing answers to it.
func (s *Service) Place(ref string, on clock.Date) (orgunit.Unit, error) {
	return s.units.place(ref, on)
}

// Place is what a route names on a day; false where nothing answers to it.
func (u units) Place(ref string, on clock.Date) (form.Unit, bool) {
	v, err := u.place(ref, on)
	return formUnit(u.reg.At(on), v), err == nil
}

// Staffed reports whether where a route leads there is a post that may act in a role.
func (u units) Staffed(ref, role string, on clock.Date) bool {
	v, err := u.place(ref, on)
	if err != nil {
		return false
	}
	t := u.reg.At(on)
	if v.Class != orgunit.Office {
		_, ok := t.Post(v.ID, orgunit.Role(role))
		return ok
	}
	return slices.ContainsFunc(t.Posts(v.ID), func(p orgunit.Post) bool { return p.Role.Acts(orgunit.Role(role)) })
}

// agency is the agency that governs what a code or id names on a day.
func (u units) agency(ref string, on clock.Date) (orgunit.Unit, error) {
	t := u.reg.At(on)
	v, ok := unitByID(t, ref)
	if !ok {
		var err error
		if v, err = t.Resolve(ref); err != nil {
			return orgunit.Unit{}, err
		}
	}
	a, ok := t.AgencyOf(v.ID)
	if !ok {
		return orgunit.Unit{}, errs.E(errs.NotFound, "dossier.unit.noAgency", errs.P("unit", v.Name))
	}
	return a, nil
}

// ref is how conditions and routes name a unit: an agency by the code of the territory that
// it governs, or its own, or by its function under the city; an office after its agency.
func (u units) ref(v orgunit.UnitID, on clock.Date) string {
	t := u.reg.At(on)
	a, ok := t.Get(v)
	switch {
	case !ok:
		return ""
	case a.Class == orgunit.Office && len(a.Keys) > 0:
		return u.ref(a.Parent, on) + "/" + a.Keys[0]
	case a.Serves != 0:
		if place, ok := t.Get(a.Serves); ok {
			return place.Code
		}
	case a.Code == "" && len(a.Keys) > 0:
		return t.Government().Code + "/" + a.Keys[0]
	}
	return a.Code
}

// district is the code of the district above a unit; empty where the day knows none.
func (u units) district(v orgunit.UnitID, on clock.Date) string {
	t := u.reg.At(on)
	if a, ok := t.Get(v); ok && a.Serves != 0 {
		v = a.Serves
	}
	d, ok := t.Above(v, orgunit.District)
	if !ok || d.Class != orgunit.Territory {
		return ""
	}
	return d.Code
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
	if a.External() { // by the word in capitals: CA of the police
		i := slices.IndexFunc(a.Keys, func(k string) bool { return k == strings.ToUpper(k) })
		place := strings.TrimPrefix(u.ref(a.Parent, on), u.reg.At(on).Root().Code)
		return strings.TrimSuffix(sign+"."+place, ".") + "." + a.Keys[max(i, 0)]
	}
	return sign + "." + strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(u.ref(a.ID, on), sign+"/"), "/", "."))
}
