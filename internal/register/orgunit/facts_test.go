package orgunit_test

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
	"khue/internal/register/orgunit"
)

func hanoi(t testing.TB) *orgunit.Register {
	t.Helper()
	r, err := orgunit.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func on(t testing.TB, date string) *orgunit.Tree {
	t.Helper()
	return hanoi(t).At(clock.MustDate(date))
}

func byCode(t testing.TB, date, code string) orgunit.Unit {
	t.Helper()
	u, err := on(t, date).ByCode(code)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestTheCityOfADay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		date                                         string
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

// rows reads one of the public lists that the facts were written from.
func rows(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join("../../../../shared/data/units", name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the public lists of units are not beside this project")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, rec := range all[1:] {
		m := map[string]string{}
		for i, h := range all[0] {
			m[h] = i18n.NFC(rec[i])
		}
		out = append(out, m)
	}
	return out
}

func TestFactsAgreeWithTheOfficialLists(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ date, file string }{
		{"2020-02-10", "hanoi_wards_2020-02_584.csv"},
		{"2023-04-08", "hanoi_wards_2023-04_579.csv"},
		{"2025-03-12", "hanoi_wards_2025-03_526.csv"},
	} {
		list, tree := rows(t, c.file), on(t, c.date)
		if len(list) != len(tree.Tier(orgunit.Commune)) {
			t.Errorf("%s: %d rows", c.file, len(list))
		}
		for _, r := range list {
			u, err := tree.ByCode(r["ward_code"])
			if err != nil || u.Name != r["ward_name"] {
				t.Errorf("%s %s: %s, list says %s", c.date, r["ward_code"], u.Name, r["ward_name"])
				continue
			}
			if d, _ := tree.Get(u.Parent); d.Code != r["district_code"] || d.Name != r["district_name"] {
				t.Errorf("%s %s: under %s, list says %s", c.date, u.Name, d.Name, r["district_name"])
			}
		}
	}
	tree := on(t, "2026-11-23")
	for _, r := range rows(t, "hanoi_wards_2026-07_126.csv") {
		u, err := tree.ByCode(r["ward_code"])
		if err != nil || u.Name != r["full_name"] || u.NameEN != r["name_en"] {
			t.Errorf("%s: %s (%s), list says %s (%s)", r["ward_code"], u.Name, u.NameEN, r["full_name"], r["name_en"])
		}
	}
}

func TestSuccessionsAgreeWithTheList(t *testing.T) {
	t.Parallel()
	list := rows(t, "hanoi_ward_successors_2025_derived.csv")
	shares := map[string]orgunit.Share{"whole": orgunit.Whole, "part": orgunit.Part, "remaining_part": orgunit.Rest}
	type pair struct{ from, to string }
	want := map[pair]orgunit.Share{}
	for _, r := range list {
		want[pair{r["old_ward_code"], r["new_ward_code"]}] = shares[r["share"]]
	}
	reg := hanoi(t)
	for _, s := range reg.Steps(clock.MustDate("2025-07-01")) {
		from, _ := reg.Unit(s.From)
		to, _ := reg.Unit(s.To)
		p := pair{from.Code, to.Code}
		if want[p] != s.Share {
			t.Errorf("%s > %s: %s, list says %s", from.Name, to.Name, s.Share, want[p])
		}
		delete(want, p)
	}
	if len(want) > 0 {
		t.Errorf("not among the facts: %v", want)
	}
}
