package orgunit_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

// TestEveryDaysTreeIsATree walks every time between two changes.
func TestEveryDaysTreeIsATree(t *testing.T) {
	t.Parallel()
	reg := hanoi(t)
	days := append([]clock.Date{orgunit.RecordStart()}, reg.ChangeDays()...)
	for _, d := range days {
		tree := reg.At(d)
		all := tree.Select(func(orgunit.Unit) bool { return true })
		codes, roots, reached := map[string]string{}, 0, 0
		var walk func(u orgunit.Unit, depth int)
		walk = func(u orgunit.Unit, depth int) {
			reached++
			if depth > 6 {
				t.Fatalf("%s: %s lies too deep", d, u.Name)
			}
			for _, c := range tree.Children(u.ID) {
				if c.Parent != u.ID {
					t.Errorf("%s: %s under %s", d, c.Name, u.Name)
				}
				walk(c, depth+1)
			}
		}
		for _, u := range all {
			if u.Parent == 0 {
				roots++
				walk(u, 0)
			}
			for _, c := range append([]string{u.Code}, u.Aliases...) {
				if c == "" {
					continue
				}
				if other, twice := codes[c]; twice {
					t.Errorf("%s: %s is %s and %s", d, c, other, u.Name)
				}
				codes[c] = u.Name
			}
			if u.Name == "" || u.NameEN == "" {
				t.Errorf("%s: %d lacks a name", d, u.ID)
			}
			if u.Class == orgunit.Territory {
				if a, ok := tree.AgencyOf(u.ID); !ok || a.Serves != u.ID {
					t.Errorf("%s: nobody governs %s", d, u.Name)
				}
			}
		}
		if roots != 2 || reached != len(all) || len(all) != tree.Len() {
			t.Errorf("%s: %d roots, %d of %d reached", d, roots, reached, len(all))
		}
	}
}

func TestNamesThatRepeatAreToldApartByTheDistrict(t *testing.T) {
	t.Parallel()
	tree := on(t, "2025-06-23")
	for _, c := range []struct {
		name string
		want []string // path of each
	}{
		{"Xã Tân Minh", []string{"Xã Tân Minh, Huyện Sóc Sơn", "Xã Tân Minh, Huyện Thường Tín"}},
		{"tan minh, thuong tin", []string{"Xã Tân Minh, Huyện Thường Tín"}},
		{"X. Tân Minh, H. Sóc Sơn, TP Hà Nội", []string{"Xã Tân Minh, Huyện Sóc Sơn"}},
		{"Xã Tân Minh, quận Sóc Sơn", nil},
		{"P.Ngọc Lâm, Q.Long Biên", []string{"Phường Ngọc Lâm, Quận Long Biên"}},
		{"Phường Quán Thánh", []string{"Phường Quán Thánh, Quận Ba Đình"}},
		{"Quan Hoa", []string{"Phường Quan Hoa, Quận Cầu Giấy"}},
		{"hoa phu", []string{"Xã Hòa Phú, Huyện Chương Mỹ", "Xã Hòa Phú, Huyện Ứng Hòa"}},
		{"Hoà Phú, Ứng Hoà", []string{"Xã Hòa Phú, Huyện Ứng Hòa"}},
		{"Sở Tư pháp", []string{"Sở Tư pháp"}},
		{"Xã Ngọc Lâm", nil},
		{"", nil},
		{"p.", nil},
	} {
		var got []string
		for _, u := range tree.Find(c.name) {
			got = append(got, tree.Path(u.ID))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q:\n%s", c.name, diff)
		}
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	first := func(date, q string) (name, former string) {
		hits := on(t, date).Search(q, orgunit.Filter{})
		if len(hits) == 0 {
			return "", ""
		}
		return hits[0].Unit.Name, hits[0].Former.Name
	}
	for _, c := range []struct{ date, q, name, former string }{
		{"2025-06-23", "ngoc lam", "Phường Ngọc Lâm", ""},
		{"2025-06-23", "Phường Ngọc", "Phường Ngọc Hà", ""},
		{"2025-06-23", "lam ngoc", "Phường Ngọc Lâm", ""},
		{"2025-06-23", "minh thuong tin", "Xã Tân Minh", ""},
		{"2025-06-23", "long bien", "Quận Long Biên", ""},
		{"2026-11-23", "ngoc lam", "Phường Bồ Đề", "Phường Ngọc Lâm"},
		{"2026-11-23", "bùi thị xuân", "Phường Cửa Nam", "Phường Bùi Thị Xuân"},
		{"2026-11-23", "so tu phap", "Sở Tư pháp", ""},
		{"2026-11-23", "zzz", "", ""},
		{"2026-11-23", " , ", "", ""},
	} {
		if name, former := first(c.date, c.q); name != c.name || former != c.former {
			t.Errorf("%s %q: %q, once %q", c.date, c.q, name, former)
		}
	}
	hits := on(t, "2026-11-23").Search("a", orgunit.Filter{Tier: orgunit.Commune, Class: orgunit.Territory, Limit: 3})
	if len(hits) != 3 {
		t.Errorf("%d hits", len(hits))
	}
}

func TestEveryStepOfTheProcessesFindsAPost(t *testing.T) {
	t.Parallel()
	need := map[string]map[orgunit.Tier][]orgunit.Role{
		"2025-06-23": {
			orgunit.Commune:  {"clerk", "justiceOfficer", "cultureSocialOfficer", "chairman", "viceChairman", "registryClerk", "leader"},
			orgunit.District: {"clerk", "specialist", "head", "chairman", "viceChairman", "registryClerk", "leader", "auditor"},
		},
		"2026-11-23": {
			orgunit.Commune: {"clerk", "justiceOfficer", "cultureSocialOfficer", "specialist", "head", "chairman", "viceChairman", "registryClerk", "leader"},
		},
	}
	for date, tiers := range need {
		tree := on(t, date)
		for tier, roles := range tiers {
			for _, place := range tree.Tier(tier) {
				a, _ := tree.AgencyOf(place.ID)
				for _, r := range roles {
					if p, ok := tree.Post(a.ID, r); !ok {
						t.Errorf("%s: %s has no %s", date, a.Name, r)
					} else if u, ok := tree.Get(p.Unit); !ok || (u.ID != a.ID && u.Parent != a.ID) {
						t.Errorf("%s: the %s of %s stands in %v", date, r, a.Name, u)
					}
				}
			}
		}
		for _, d := range tree.Departments() {
			for _, r := range []orgunit.Role{"director", "leader", "specialist", "registryClerk"} {
				if _, ok := tree.Post(d.ID, r); !ok {
					t.Errorf("%s: %s has no %s", date, d.Name, r)
				}
			}
		}
	}
	tree := on(t, "2025-06-23")
	longBien, _ := tree.AgencyOf(byCode(t, "2025-06-23", "004").ID)
	for key, want := range map[string]string{
		"labour": "Phòng Lao động - Thương binh và Xã hội", "finance": "Phòng Tài chính - Kế hoạch",
		"urban": "Phòng Quản lý đô thị", "onestop": "Bộ phận Tiếp nhận và Trả kết quả",
	} {
		o, ok := tree.Office(longBien.ID, key)
		if !ok || o.Name != want || len(tree.Posts(o.ID)) == 0 {
			t.Errorf("%s: %v", key, o)
		}
	}
	if p, _ := tree.Post(longBien.ID, "leader"); p.Role != "chairman" {
		t.Errorf("leader is %s", p.Role)
	}
}

func TestWardsOfTheTwoTierCityHaveTheirOffices(t *testing.T) {
	t.Parallel()
	tree := on(t, "2025-07-01")
	police := map[string]string{"00118": "Công an phường", "00577": "Công an xã"}
	for code, economy := range map[string]string{"00118": "Phòng Kinh tế, Hạ tầng và Đô thị", "00577": "Phòng Kinh tế"} {
		a, _ := tree.AgencyOf(byCode(t, "2025-07-01", code).ID)
		var got []string
		for _, o := range tree.Children(a.ID) {
			got = append(got, o.Name)
		}
		want := []string{"Trung tâm Phục vụ hành chính công", "Văn phòng Hội đồng nhân dân và Ủy ban nhân dân", economy, "Phòng Văn hóa - Xã hội", police[code]}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", a.Name, diff)
		}
	}
}

// TestExternalUnits: police and insurance stand beside a committee in its days, marked, and
// lend it no post.
func TestExternalUnits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ day, code, key, want string }{
		{"2020-02-10", "004", "police", "Công an quận"},
		{"2025-06-23", "004", "police", ""},
		{"2025-06-23", "004", "insurance", "Bảo hiểm xã hội quận"},
		{"2025-06-23", "00133", "police", "Công an phường"},
		{"2026-11-23", "00577", "police", "Công an xã"},
		{"2026-11-23", "01", "insurance", "Bảo hiểm xã hội thành phố Hà Nội"},
	} {
		tree := on(t, c.day)
		a, _ := tree.AgencyOf(byCode(t, c.day, c.code).ID)
		u, ok := tree.Office(a.ID, c.key)
		if ok != (c.want != "") || u.Name != c.want || ok && !u.External() {
			t.Errorf("%s %s/%s: %+v", c.day, c.code, c.key, u)
		}
		if p, ok := tree.Post(a.ID, "clerk"); ok && p.Unit == u.ID {
			t.Errorf("%s: the clerk of %s stands in %s", c.day, a.Name, u.Name)
		}
	}
	city := on(t, "2025-06-23")
	if p, ok := city.Post(city.Government().ID, "specialist"); ok {
		t.Errorf("the city's committee borrows %v", p)
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	tree := on(t, "2025-06-23")
	u := byCode(t, "2025-06-23", "00133")
	for _, ref := range []string{"00133", u.ID.String(), " 00133 "} {
		if got, err := tree.Resolve(ref); err != nil || got.ID != u.ID {
			t.Errorf("%q: %v %v", ref, got, err)
		}
	}
	for _, ref := range []string{"", "133", "99999", "-1", "00133'--", "3001000"} {
		if got, err := tree.Resolve(ref); !errs.Is(err, errs.NotFound) {
			t.Errorf("%q: %v %v", ref, got, err)
		}
	}
	if on(t, "1999-01-01").Len() != on(t, "2016-01-01").Len() {
		t.Error("before the record")
	}
}

func BenchmarkGrow(b *testing.B) {
	for b.Loop() {
		r, err := orgunit.Build()
		if err != nil {
			b.Fatal(err)
		}
		r.At(clock.MustDate("2025-06-23")).Search("ngoc lam", orgunit.Filter{})
	}
}

func BenchmarkSearch(b *testing.B) {
	tree := on(b, "2025-06-23")
	for b.Loop() {
		tree.Search("minh thuong tin", orgunit.Filter{})
	}
}

// A unit is found by its code, and by how that begins.
func TestAUnitIsFoundByItsCode(t *testing.T) {
	t.Parallel()
	tree := on(t, "2025-06-23")
	for q, want := range map[string]string{"00133": "00133", " 00133 ": "00133", "h26.16": "H26.16", "0013": "0013"} {
		hits := tree.Search(q, orgunit.Filter{})
		if len(hits) == 0 || !strings.HasPrefix(hits[0].Unit.Code, want) {
			t.Errorf("%q finds %+v", q, hits)
		}
	}
	if hits := tree.Search("99999", orgunit.Filter{}); len(hits) != 0 {
		t.Errorf("no unit has the code: %+v", hits)
	}
}
