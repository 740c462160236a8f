package reorganise

import (
	"slices"
	"strings"
	"testing"

	"khue/internal/kernel/clock"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

// TestThePlanKnowsEveryDistrictsWork: each office of each of the 30 districts is followed by an
// office with a function of its own, not by a committee; each district by a commune that got
// part of it; a seat that the plan names lies where the district's township went.
func TestThePlanKnowsEveryDistrictsWork(t *testing.T) {
	t.Parallel()
	units, err := orgunit.New(nil, clock.System(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	reg := units.Register()
	plans, ps := Embedded(reg)
	if ps.Failed() {
		t.Fatal(ps)
	}
	s := newSettler(plans[0], reg)
	districts := s.before.Select(func(u orgunit.Unit) bool { return u.Class == orgunit.Territory && u.Tier == orgunit.District })
	if len(districts) != 30 {
		t.Fatalf("%d districts", len(districts))
	}
	offices := 0
	for _, d := range districts {
		a, _ := s.before.AgencyOf(d.ID)
		ward := s.seat(dossier.Dossier{Receiving: a.ID})
		if !slices.Contains(s.wards(d.ID, orgunit.District), ward) {
			t.Errorf("the seat of %s went to a commune that got nothing of it", d.Name)
		}
		if i := slices.IndexFunc(plans[0].Seats, func(x Seat) bool { return x.District == d.Code }); i >= 0 && d.Code != "004" {
			if !slices.ContainsFunc(s.before.Children(d.ID), func(c orgunit.Unit) bool {
				heirs, _ := reg.Successors(c.ID, plans[0].Day)
				return strings.HasPrefix(c.Name, "Thị trấn") && len(heirs) == 1 && heirs[0].Unit == ward
			}) {
				t.Errorf("no township of %s went whole to its seat", d.Name)
			}
		}
		at, ok := s.after.AgencyOf(ward)
		if !ok {
			t.Errorf("%s has no heir", d.Name)
			continue
		}
		m := mapping{settler: s, ward: ward, units: map[orgunit.UnitID]orgunit.UnitID{}}
		for _, o := range s.before.Children(a.ID) {
			if o.Class != orgunit.Office {
				continue
			}
			offices++
			to := m.rule(o, at, "")
			if v, ok := s.after.Get(to); !ok || to == at.ID || v.Serves != 0 && v.Class != orgunit.Office {
				t.Errorf("%s of %s goes to %s", o.Name, d.Name, v.Name)
			}
		}
	}
	if offices < 30*10 {
		t.Errorf("%d offices looked at", offices)
	}
}
