package dossierweb_test

import (
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
)

// worship is a request for the allowance for the worship of a martyr, at a commune.
func worship(commune string) map[string]any {
	return map[string]any{
		"service": "hanoi.merit.martyr-worship", "channel": "counter",
		"applicant": map[string]any{"name": "Nguyễn Văn Thành", "phone": "0912 000 011"},
		"answers": map[string]any{
			"applicant.commune": commune, "applicant.holder": "relative", "applicant.name": "Nguyễn Văn Thành", "applicant.dob": "1958",
			"applicant.id": "999058000011", "applicant.address": "Số 12, đường Bát Khối", "applicant.kinship": "nephew",
			"martyr.name": "Nguyễn Văn Kiên", "martyr.hometown": "Gia Lâm, Hà Nội", "martyr.died": "1968", "martyr.certificate": "AB 417 b",
			"pay.method": "cash", "pay.never": true,
		},
		"papers": []any{
			map[string]any{"paper": "request", "name": "don.pdf", "type": "pdf", "size": 90_000, "originals": 1},
			map[string]any{"paper": "authorisation", "name": "uy-quyen.pdf", "type": "pdf", "size": 90_000, "originals": 1},
		},
		"delivery": map[string]any{"method": "counter"},
	}
}

var confirms = map[string]any{"confirm.resides": true, "confirm.noRelative": true}

// TestThreeTiers: an allowance goes from the commune over the district's labour office to the
// city's division and back; each post sees it when it is there, and the citizen one timeline
// that names each tier with its days.
func TestThreeTiers(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		filed := c.As("clerk").Post("/api/v1/dossiers", worship("00133")).Want(201)
		code, key := filed.Text("code"), filed.Text("accessKey")
		due := by(t, c, "motcua", code, "accept", nil).Want(200).Text("due")
		if !strings.HasPrefix(due, "2025-07-25T17:00") {
			t.Errorf("24 working days after 2025-06-23 are %s", due)
		}
		by(t, c, "vanhoa", code, "approve", confirms).Want(200)
		by(t, c, "chutich", code, "approve", nil).Want(200)
		by(t, c, "motcua", code, "submit", nil).Want(200)
		c.Pass(26 * time.Hour)
		by(t, c, "quan.motcua", code, "submit", nil).Want(200)

		page := string(c.Visitor().Get("/dossiers/" + code + "?k=" + key).Want(200).Body)
		for _, want := range []string{
			"Ủy ban nhân dân phường Ngọc Lâm", "Ủy ban nhân dân quận Long Biên", "Sở Nội vụ", "Đang ở đây", "Chưa đến",
			"5 ngày làm việc", "7 ngày làm việc", "12 ngày làm việc",
		} {
			if !strings.Contains(page, want) {
				t.Errorf("the citizen's page does not show %q", want)
			}
		}
		// The office has it; another office of the same district and the city's division have not.
		if got := string(c.Login("xaydung").Get("/api/v1/tasks?limit=200").Want(200).Body); strings.Contains(got, code) {
			t.Error("the urban office sees a task of the labour office")
		}
		if got := c.Login("nguoicocong").Get("/api/v1/dossiers/" + code).Status; got == 403 {
			t.Error("the deciding department does not see its dossier")
		}
		finds := func(who string) bool {
			return strings.Contains(deskPage(c.Login(who), "/desk/search?q=thanh+nguyen"), ">"+code+"<")
		}
		c.Eventually("the office that it came to finds it by name", func() bool { return finds("ldtbxh") })
		if finds("xaydung") {
			t.Error("the urban office finds what lies at the labour office")
		}
		by(t, c, "ldtbxh", code, "approve", nil).Want(200)
		by(t, c, "ldtbxh.tp", code, "approve", nil).Want(200)
		by(t, c, "quan.pct", code, "approve", nil).Want(200)
		by(t, c, "quan.motcua", code, "submit", nil).Want(200)
		by(t, c, "noivu.motcua", code, "submit", nil).Want(200)
		returned := by(t, c, "nguoicocong", code, "returnStep", nil)
		returned.Want(422) // a reason is asked
		letter := map[string]any{"letter.province": "Quảng Trị", "letter.number": "12/SNV", "letter.date": "2025-06-24"}
		by(t, c, "nguoicocong", code, "submit", letter).Want(200)
		c.Pass(3 * 24 * time.Hour)
		came := by(t, c, "nguoicocong", code, "approve", map[string]any{"file.arrived": "2025-06-27", "file.unpaid": true}).Want(200)
		if due := came.Text("due"); !strings.HasPrefix(due, "2025-07-30T17:00") {
			t.Errorf("the wait for another province's file is nobody's delay; due %s", due)
		}
		by(t, c, "nguoicocong", code, "approve", map[string]any{"decision.amount": 2789000, "decision.year": 2025}).Want(200)
		by(t, c, "nguoicocong.tp", code, "approve", nil).Want(200)
		by(t, c, "noivu.pgd", code, "sign", nil).Want(200)
		by(t, c, "noivu.vanthu", code, "number", map[string]any{"decision.number": "512/QĐ-SNV", "decision.date": "2025-06-27"}).Want(200)
		by(t, c, "noivu.motcua", code, "submit", nil).Want(200)
		if s := by(t, c, "motcua", code, "issue", nil).Want(200).Text("state"); s != "returned" {
			t.Errorf("state %s", s)
		}
	})
}

// TestTwoTiers: since 2025-07-01 the ward and Home Affairs deal with it alone, and the result
// comes back to the ward.
func TestTwoTiers(t *testing.T) {
	t.Parallel()
	c := citytest.New(t, citytest.At(clock.MustDate("2026-11-09").At(8, 30)))
	code := c.As("clerk").Post("/api/v1/dossiers", worship("00118")).Want(201).Text("code")
	for _, a := range []struct {
		who, action string
		with        map[string]any
	}{
		{"motcua", "accept", nil}, {"vanhoa", "approve", confirms}, {"chutich", "approve", nil}, {"motcua", "submit", nil},
		{"noivu.motcua", "submit", nil}, {"nguoicocong", "approve", map[string]any{"decision.amount": 2789000, "decision.year": 2026}},
		{"nguoicocong.tp", "approve", nil}, {"noivu.pgd", "sign", nil},
		{"noivu.vanthu", "number", nil}, {"noivu.motcua", "submit", nil},
	} {
		by(t, c, a.who, code, a.action, a.with).Want(200)
	}
	c.Eventually("the decision is made and handed over", func() bool { return by(t, c, "motcua", code, "issue", nil).Status == 200 })
	if s := c.As("clerk").Get("/api/v1/dossiers/" + code).Want(200); s.Text("state") != "returned" || !strings.HasPrefix(s.Text("due"), "2026-11-23") {
		t.Errorf("%s", s.Body)
	}
}
