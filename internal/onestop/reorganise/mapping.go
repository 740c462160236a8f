package reorganise

import (
	"slices"
	"strings"

	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

// mapping collects who stands for whom in one dossier.
type mapping struct {
	*settler
	d             dossier.Dossier
	commune, ward orgunit.UnitID
	units         map[orgunit.UnitID]orgunit.UnitID
}

// to is who stands for a unit.
func (m mapping) to(u orgunit.UnitID) orgunit.UnitID {
	if next, ok := m.units[u]; ok {
		return next
	}
	return u
}

// add maps a unit that ends, and, of an agency, its offices.
func (m mapping) add(u orgunit.UnitID) {
	old, ok := m.reg.Unit(u)
	if !ok || m.units[u] != 0 {
		return
	}
	agency := old
	if old.Class == orgunit.Office {
		agency, _ = m.reg.Unit(old.Parent)
	}
	at, ok := m.heirOf(agency)
	if !ok {
		return
	}
	m.units[agency.ID] = m.rule(agency, at, "agency")
	for _, o := range m.before.Children(agency.ID) {
		if o.Class == orgunit.Office && m.ends(o.ID) {
			m.units[o.ID] = m.rule(o, at, "")
		}
	}
	if m.units[u] == 0 { // an office that ended before the agency did
		m.units[u] = m.rule(old, at, "")
	}
}

// heirOf is the new agency into whose hands an agency's work for this dossier falls.
func (m mapping) heirOf(a orgunit.Unit) (orgunit.Unit, bool) {
	ward := orgunit.UnitID(0)
	switch above, ok := m.before.Above(m.commune, orgunit.District); {
	case a.Serves == 0: // a body of the city: the register knows
		heirs, _ := m.reg.Successors(a.ID, m.plan.Day)
		v, ok := orgunit.Main(heirs)
		if !ok {
			return orgunit.Unit{}, false
		}
		return m.after.Get(v)
	case a.Serves == m.commune, ok && above.ID == a.Serves, a.Tier == orgunit.District && m.commune == 0:
		ward = m.ward
	case a.Tier == orgunit.District:
		ward = m.seat(dossier.Dossier{Receiving: a.ID})
	default: // another commune, where it was handed in or asked for
		heirs, _ := m.reg.Successors(a.Serves, m.plan.Day)
		if ward, ok = orgunit.Main(heirs); !ok {
			return orgunit.Unit{}, false
		}
		if u, err := m.after.ByCode(m.split(a.Serves).Default); err == nil && slices.ContainsFunc(heirs, func(h orgunit.Heir) bool { return h.Unit == u.ID }) {
			ward = u.ID
		}
	}
	return m.after.AgencyOf(ward)
}

// rule finds the unit that takes over from an old one: by the plan's first rule that fits, or
// else the office of the new agency with the same function, or the agency itself.
func (m mapping) rule(old, at orgunit.Unit, key string) orgunit.UnitID {
	for _, r := range m.plan.Functions {
		if r.fits(m.d, old, key) {
			if v, ok := m.reach(r.To, old, at); ok {
				return v
			}
		}
	}
	v, _ := m.reach("ward/same", old, at)
	return v
}

func (r Rule) fits(d dossier.Dossier, old orgunit.Unit, key string) bool {
	office := r.Office == "" || r.Office == key || key == "" && slices.Contains(old.Keys, r.Office)
	return office && (r.Procedure == "" || r.Procedure == d.Procedure) && (r.Service == "" || r.Service == d.Service) &&
		(r.Tier == "" || r.Tier == string(old.Tier))
}

// reach reads where a rule leads: "ward", "ward/economy", "ward/same", "city/insurance".
func (m mapping) reach(to string, old, at orgunit.Unit) (orgunit.UnitID, bool) {
	head, rest, _ := strings.Cut(to, "/")
	if head == "city" {
		at = m.after.Government()
	}
	if rest == "" || old.Class != orgunit.Office && rest == "same" {
		return at.ID, true
	}
	if rest == "same" {
		for _, key := range old.Keys {
			if o, ok := m.after.Office(at.ID, key); ok {
				return o.ID, true
			}
		}
		return at.ID, true
	}
	for key := range strings.SplitSeq(rest, "/") {
		next, ok := m.after.Office(at.ID, key)
		if !ok && at.ID == m.after.Government().ID {
			next, ok = m.after.Body(key)
		}
		if !ok {
			return 0, false
		}
		at = next
	}
	return at.ID, true
}
