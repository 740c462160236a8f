package orgunit_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

// heirs renders heirs as "Phường Bồ Đề whole".
func heirs(reg *orgunit.Register, list []orgunit.Heir) []string {
	var out []string
	for _, h := range list {
		u, _ := reg.Unit(h.Unit)
		out = append(out, u.Name+" "+string(h.Share))
	}
	return out
}

func TestSuccessors(t *testing.T) {
	t.Parallel()
	reg := hanoi(t)
	for _, c := range []struct {
		name, date, code, on string
		want                 []string
		incomplete           bool
	}{
		{"whole", "2025-06-23", "00133", "2025-07-01", []string{"Phường Bồ Đề whole"}, false},
		{"itself while it lives", "2025-06-23", "00133", "2025-06-30", []string{"Phường Ngọc Lâm whole"}, false},
		{"split", "2025-06-23", "00154", "2026-11-23", []string{"Phường Long Biên part", "Xã Bát Tràng rest"}, false},
		{"two steps, both whole", "2020-02-10", "00250", "2025-01-01", []string{"Phường Nguyễn Du whole"}, false},
		{"pieces go on as pieces", "2020-02-10", "00253", "2020-03-01", []string{"Phường Nguyễn Du part", "Phường Phạm Đình Hổ rest"}, false},
		{"the code moved to the other body", "2024-12-31", "00235", "2025-01-01", []string{"Phường Thịnh Quang part", "Phường Khương Thượng part"}, false},
		{"nobody told us", "2024-12-31", "00538", "2025-01-01", nil, true},
	} {
		u := byCode(t, c.date, c.code)
		list, complete := reg.Successors(u.ID, clock.MustDate(c.on))
		if diff := cmp.Diff(c.want, heirs(reg, list)); diff != "" || complete == c.incomplete {
			t.Errorf("%s: complete %v\n%s", c.name, complete, diff)
		}
	}
}

func TestEveryCommuneOf2025HasSuccessors(t *testing.T) {
	t.Parallel()
	reg := hanoi(t)
	day := clock.MustDate("2025-07-01")
	whole := 0
	for _, u := range on(t, "2025-06-30").Tier(orgunit.Commune) {
		list, complete := reg.Successors(u.ID, day)
		if !complete || len(list) == 0 {
			t.Errorf("%s has none", u.Name)
		}
		if len(list) == 1 && list[0].Share == orgunit.Whole {
			whole++
		}
		// Who governs a place follows the place.
		agency, _ := on(t, "2025-06-30").AgencyOf(u.ID)
		desk, _ := reg.Successors(agency.ID, day)
		if len(desk) != len(list) {
			t.Errorf("%s: %d successors, its agency %d", u.Name, len(list), len(desk))
		}
	}
	steps := reg.Steps(day)
	if len(steps) != 794 || whole != 327 {
		t.Errorf("%d links, %d whole", len(steps), whole)
	}
	reached := map[orgunit.UnitID]bool{}
	for _, s := range steps {
		reached[s.To] = true
	}
	if len(reached) != 126 {
		t.Errorf("%d of 126 have predecessors", len(reached))
	}
}

func TestCodesAreUsedAgain(t *testing.T) {
	t.Parallel()
	before := on(t, "2025-06-30")
	again, another := 0, 0
	for _, u := range on(t, "2025-07-01").Tier(orgunit.Commune) {
		old, err := before.ByCode(u.Code)
		if err != nil {
			continue
		}
		again++
		if old.ID == u.ID {
			t.Errorf("%s kept its identity", u.Name)
		}
		if old.Name != u.Name {
			another++
		}
	}
	if again != 126 || another != 103 {
		t.Errorf("%d used again, %d for another place", again, another)
	}
	if u := byCode(t, "2019-06-01", "00118"); u.Name != "Phường Ngọc Thụy" {
		t.Errorf("00118 in 2019 was %s", u.Name)
	}
	if u := byCode(t, "2025-07-01", "00118"); u.Name != "Phường Bồ Đề" || u.NameEN != "Bo De Ward" {
		t.Errorf("00118 now is %s (%s)", u.Name, u.NameEN)
	}
}

func TestABodyKeepsItsIdentityWhenItsCodeChanges(t *testing.T) {
	t.Parallel()
	old, now := byCode(t, "2024-12-31", "00286"), byCode(t, "2025-01-01", "00292")
	if old.Name != "Phường Bạch Mai" || old.ID != now.ID || now.Code != "00292" {
		t.Errorf("%+v\n%+v", old, now)
	}
	if before := byCode(t, "2024-12-31", "00292"); before.Name != "Phường Quỳnh Lôi" {
		t.Errorf("00292 was %s", before.Name)
	}
	u, _ := hanoi(t).Unit(now.ID)
	if u.Code != "00292" {
		t.Errorf("last code %s", u.Code)
	}
}

func TestPredecessorsAndLineage(t *testing.T) {
	t.Parallel()
	reg := hanoi(t)
	boDe := byCode(t, "2026-11-23", "00118")
	got := heirs(reg, reg.Predecessors(boDe.ID, clock.MustDate("2025-06-30")))
	if len(got) < 4 || !contains(got, "Phường Ngọc Lâm whole") || !contains(got, "Phường Ngọc Thụy rest") {
		t.Errorf("%v", got)
	}
	nguyenDu := byCode(t, "2021-01-01", "00241")
	got = heirs(reg, reg.Predecessors(nguyenDu.ID, clock.MustDate("2020-02-29")))
	want := []string{"Phường Nguyễn Du whole", "Phường Bùi Thị Xuân whole", "Phường Ngô Thì Nhậm part"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var names []string
	for _, e := range reg.Lineage(byCode(t, "2020-02-10", "09736").ID) {
		names = append(names, e.Unit.Name+" "+string(e.Share))
	}
	if diff := cmp.Diff([]string{"Xã Cẩm Đình whole", "Xã Xuân Đình whole", "Xã Phúc Lộc whole"}, names); diff != "" {
		t.Error(diff)
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func TestCompetentAgency(t *testing.T) {
	t.Parallel()
	reg := hanoi(t)
	for _, c := range []struct {
		date, code string
		tier       orgunit.Tier
		on, want   string
		key        string
	}{
		{"2025-06-23", "00133", orgunit.Commune, "2025-06-23", "Ủy ban nhân dân phường Ngọc Lâm", ""},
		{"2025-06-23", "00133", orgunit.District, "2025-06-23", "Ủy ban nhân dân quận Long Biên", ""},
		{"2025-06-23", "00133", orgunit.City, "2025-06-23", "Ủy ban nhân dân Thành phố Hà Nội", ""},
		{"2025-06-23", "00133", orgunit.Commune, "2025-07-01", "Ủy ban nhân dân phường Bồ Đề", ""},
		{"2025-06-23", "00133", orgunit.District, "2025-07-01", "", "orgunit.tier.none"},
		{"2025-06-23", "00154", orgunit.Commune, "2025-07-01", "", "orgunit.territory.split"},
		{"2025-06-23", "00154", orgunit.City, "2025-07-01", "Ủy ban nhân dân Thành phố Hà Nội", ""},
		{"2024-12-31", "00538", orgunit.Commune, "2025-01-01", "", "orgunit.territory.lost"},
		{"2020-02-10", "00253", orgunit.District, "2021-01-01", "Ủy ban nhân dân quận Hai Bà Trưng", ""},
	} {
		a, err := reg.CompetentAgency(byCode(t, c.date, c.code).ID, c.tier, clock.MustDate(c.on))
		key := ""
		if e, ok := errs.As(err); ok {
			key = e.Key
		}
		if a.Name != c.want || key != c.key {
			t.Errorf("%s %s at %s: %q %q", c.code, c.tier, c.on, a.Name, key)
		}
	}
	if _, err := reg.CompetentAgency(1, orgunit.Commune, clock.MustDate("2025-07-01")); !errs.Is(err, errs.NotFound) {
		t.Errorf("unknown territory: %v", err)
	}
}

func TestDepartmentsFollowEachOther(t *testing.T) {
	t.Parallel()
	before, after := on(t, "2025-02-28"), on(t, "2025-03-01")
	labour, _ := before.Body("labour")
	home, _ := after.Body("labour")
	if labour.Name != "Sở Lao động - Thương binh và Xã hội" || home.Name != "Sở Nội vụ" {
		t.Errorf("%s, %s", labour.Name, home.Name)
	}
	list, complete := hanoi(t).Successors(labour.ID, clock.MustDate("2025-03-01"))
	if !complete || len(list) != 1 || list[0].Unit != home.ID {
		t.Errorf("%v", list)
	}
	for code, want := range map[string]string{
		"H26": "Ủy ban nhân dân Thành phố Hà Nội", "H26.16": "Sở Tư pháp",
		"H26.103": "Sở Nông nghiệp và Môi trường", "H26.14": "Sở Nông nghiệp và Môi trường",
		"H26.102": "Sở Dân tộc và Tôn giáo", "H26.21": "Sở Dân tộc và Tôn giáo",
	} {
		if u := byCode(t, "2026-11-23", code); u.Name != want {
			t.Errorf("%s is %s", code, u.Name)
		}
	}
	ranger := byCode(t, "2026-11-23", "H26.103.17")
	if p, _ := after.Get(ranger.Parent); p.Code != "H26.103" {
		t.Errorf("under %s", p.Name)
	}
	was, ok := before.Get(ranger.ID)
	if p, _ := before.Get(was.Parent); !ok || p.Name != "Sở Nông nghiệp và Phát triển nông thôn" {
		t.Errorf("was under %s", p.Name)
	}
}
