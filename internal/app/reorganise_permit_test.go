package app_test

import (
	"slices"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/process"
	"khue/internal/onestop/reorganise"
	"khue/internal/register/orgunit"
)

// permit files a house at the district's counter and has it sent round: the office examines,
// the commune confirms, a department of the city and an office of the district are asked.
func permit(t *testing.T, c *citytest.City) string {
	t.Helper()
	papers := []any{}
	for _, p := range []string{"application", "drawings", "landUse"} {
		papers = append(papers, map[string]any{"paper": p, "name": p + ".pdf", "type": "pdf", "size": 90_000, "originals": 1})
	}
	body := map[string]any{
		"service": "hanoi.construction.house-permit", "case": "house", "channel": "counter", "papers": papers, "delivery": map[string]any{"method": "counter"},
		"applicant": map[string]any{"name": "Đặng Quốc Việt", "phone": "0912000031"},
		"answers": map[string]any{
			"site.address.unit": "00133", "site.address.line": "Ngõ 5 phố Ngọc Lâm", "site.plot": "112", "site.sheet": "7", "site.area": 82.5,
			"land.certificate": "CQ 123456", "site.detailedPlan": false, "site.heritage": true, "site.adjacent": false,
			"owner.kind": "person", "owner.name": "Đặng Quốc Việt", "owner.id": "999085000031", "owner.phone": "0912000031", "owner.residence.line": "Tổ 9, phố Ngọc Lâm, Hà Nội",
			"house.class": "three", "house.floors": 4, "house.ground": 60, "house.total": 235, "house.height": 14.6, "house.setback": 1.5,
			"design.kind": "organisation", "design.name": "Công ty Kiến trúc Sen", "design.certificate": "HAN-00031234",
			"work.start": "2025-09-01", "work.months": 8, "owner.declaration": true,
		},
	}
	code := c.Login("quan.motcua").Post("/api/v1/dossiers", body).Want(201).Text("code")
	acts(t, c, "quan.motcua", code, "receive", "accept", nil)
	acts(t, c, "xaydung.tp", code, "assign", "assign", nil)
	return code
}

// TestAPermitIsAskedAboutAcrossTheNight: on 30 June four units are at work on a house of the
// district at once. On 1 July it is the new ward's, with all four branches open; the answers of
// the department, of the commune's and of the district's people arrive there, and the ward
// signs, numbers and returns it.
func TestAPermitIsAskedAboutAcrossTheNight(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		ctx := auditing(t.Context())
		c.Clock.Set(clock.MustDate("2025-06-30").At(9, 0))
		code := permit(t, c)
		open := func() (steps []string, units map[string]string) {
			t.Helper()
			_, _, tasks, err := c.Dossiers.Read(ctx, code)
			if err != nil {
				t.Fatal(err)
			}
			units = map[string]string{}
			for _, x := range tasks {
				if x.Open {
					u, _ := c.Units.Unit(x.Unit)
					steps, units[x.Step] = append(steps, x.Step), u.Name
				}
			}
			slices.Sort(steps)
			return steps, units
		}
		all := []string{"confirm", "culture", "examine", "planning"}
		steps, before := open()
		if !slices.Equal(steps, all) {
			t.Fatalf("on the eve it stands at %v", steps)
		}
		was, _, err := c.Dossiers.Find(ctx, code, dossier.Viewer{})
		if err != nil {
			t.Fatal(err)
		}
		p := reorganised(t, c)
		if p.Counts[reorganise.Moved] != 1 || p.Counts[reorganise.Failed] != 0 {
			t.Errorf("%v", p.Counts)
		}
		steps, after := open()
		if !slices.Equal(steps, all) {
			t.Fatalf("on the day it stands at %v", steps)
		}
		const ward = "Ủy ban nhân dân phường Bồ Đề"
		want := map[string]string{
			"confirm": ward, "planning": before["planning"], "culture": "Phòng Văn hóa - Xã hội", "examine": "Phòng Kinh tế, Hạ tầng và Đô thị",
		}
		for step, unit := range want {
			if after[step] != unit {
				t.Errorf("%s went from %s to %s, want %s", step, before[step], after[step], unit)
			}
		}
		d, _, err := c.Dossiers.Find(ctx, code, dossier.Viewer{})
		if err != nil || d.Code != was.Code || !d.DueAt.Equal(was.DueAt) || d.Package != was.Package {
			t.Errorf("%+v %v", d, err)
		}
		c.Clock.Set(clock.MustDate("2025-07-02").At(9, 0))
		acts(t, c, "quyhoach", code, "planning", "approve", map[string]any{"planning.opinion": "agree"})
		acts(t, c, "disan", code, "culture", "approve", map[string]any{"culture.opinion": "agree"})
		acts(t, c, "diachinh", code, "confirm", "approve", map[string]any{"commune.opinion": "agree"})
		acts(t, c, "xaydung", code, "examine", "approve", map[string]any{
			"check.examined": []string{"land", "planning", "setback", "safety", "drawings"}, "visit.date": "2025-07-02", "visit.note": "Đất trống, đúng ranh giới.",
		})
		acts(t, c, "xaydung", code, "draft", "submit", map[string]any{"permit.conditions": "Xây dựng đúng chỉ giới và khoảng lùi 1,5 m."})
		acts(t, c, "xaydung.tp", code, "review", "submit", nil)
		acts(t, c, "quan.pct", code, "sign", "sign", nil)
		acts(t, c, "quan.vanthu", code, "seal", "number", map[string]any{"permit.number": "12/GPXD", "permit.copies": []string{"owner", "archive", "supervision"}})
		acts(t, c, "quan.motcua", code, "return", "issue", nil)
		if d, _, err = c.Dossiers.Find(ctx, code, dossier.Viewer{}); err != nil || d.State != process.Returned {
			t.Fatalf("%+v %v", d.State, err)
		}
		for name, u := range map[string]orgunit.UnitID{"received": d.Receiving, "decided": d.Competent} {
			if a, _ := c.Units.Unit(u); a.Name != ward {
				t.Errorf("it was %s by %s", name, a.Name)
			}
		}
	}, citytest.With(demo))
}
