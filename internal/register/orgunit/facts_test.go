package orgunit_test

import (
	"testing"

	"khue/internal/kernel/clock"
	"khue/internal/register/orgunit"
)

func hanoi(t *testing.T) *orgunit.Register {
	t.Helper()
	r, err := orgunit.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func on(t *testing.T, date string) *orgunit.Tree {
	t.Helper()
	return hanoi(t).At(clock.MustDate(date))
}

func TestTheCityOfADay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		date                                          string
		communes, wards, rural, townships, districts int
	}{
		{"2016-01-01", 584, 177, 386, 21, 30},
		{"2020-02-10", 584, 177, 386, 21, 30},
		{"2020-02-29", 584, 177, 386, 21, 30},
		{"2020-03-01", 579, 175, 383, 21, 30},
		{"2024-12-31", 579, 175, 383, 21, 30},
		{"2025-01-01", 526, 160, 345, 21, 30},
		{"2025-06-30", 526, 160, 345, 21, 30},
		{"2025-07-01", 126, 51, 75, 0, 0},
		{"2026-11-23", 126, 51, 75, 0, 0},
	} {
		tree := on(t, c.date)
		got := map[orgunit.Kind]int{}
		for _, u := range tree.Tier(orgunit.Commune) {
			got[u.Kind]++
		}
		if n := len(tree.Tier(orgunit.Commune)); n != c.communes {
			t.Errorf("%s: %d communes, want %d", c.date, n, c.communes)
		}
		if got[orgunit.KindWard] != c.wards || got[orgunit.KindCommune] != c.rural || got[orgunit.KindTownship] != c.townships {
			t.Errorf("%s: kinds %v", c.date, got)
		}
		if n := len(tree.Tier(orgunit.District)); n != c.districts {
			t.Errorf("%s: %d districts, want %d", c.date, n, c.districts)
		}
	}
}
