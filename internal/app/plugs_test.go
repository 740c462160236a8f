package app

import (
	"context"
	"testing"

	"khue/internal/register/orgunit"
	"khue/internal/register/orgunit/orgunittest"
)

// TestReachOfAPost: a committee reaches its offices and the communes below; an office only
// itself; police and insurance are nobody's but their own.
func TestReachOfAPost(t *testing.T) {
	t.Parallel()
	units := orgunittest.Service(t, "2025-06-23")
	district := orgunittest.Agency(t, units, "004", "2025-06-23")
	ward := orgunittest.Agency(t, units, "00133", "2025-06-23")
	office := func(a orgunit.Unit, key string) orgunit.Unit {
		u, ok := units.Now().Office(a.ID, key)
		if !ok {
			t.Fatalf("%s has no %s", a.Name, key)
		}
		return u
	}
	labour, justice, police := office(district, "labour"), office(district, "justice"), office(ward, "police")
	for _, c := range []struct {
		above, below orgunit.Unit
		want         bool
	}{
		{district, labour, true}, {district, ward, true}, {district, office(ward, "onestop"), true},
		{labour, labour, true}, {labour, justice, false}, {labour, district, false}, {labour, ward, false},
		{ward, district, false}, {ward, police, false}, {district, police, false}, {police, police, true}, {police, ward, false},
		{district, office(district, "insurance"), false},
	} {
		got := scopes{units}.Covers(context.Background(), "unit:"+c.above.ID.String(), "unit:"+c.below.ID.String())
		if got != c.want {
			t.Errorf("%s over %s: %v", c.above.Name, c.below.Name, got)
		}
	}
}

// TestOverHoldsWhoReaches: nobody outside of what a unit lies under reaches it. The search
// looks nowhere else for those whose posts see a dossier.
func TestOverHoldsWhoReaches(t *testing.T) {
	t.Parallel()
	units := orgunittest.Service(t, "2025-06-23")
	all := units.Now().Select(func(orgunit.Unit) bool { return true })
	for i := 0; i < len(all); i += 61 {
		below := all[i]
		over := map[orgunit.UnitID]bool{below.ID: true}
		for _, u := range units.Now().Over(below.ID) {
			over[u.ID] = true
		}
		for _, above := range all {
			if (scopes{units}).Covers(t.Context(), "unit:"+above.ID.String(), "unit:"+below.ID.String()) && !over[above.ID] {
				t.Errorf("%s reaches %s and does not stand over it", above.Name, below.Name)
			}
		}
	}
}
