package app_test

import (
	"slices"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/register/orgunit"
)

// The pages of procedures that the law keeps from being done online from end to end say so, with
// the law; a service of the counter has no door online, neither there nor at its own address.
func TestProceduresSayWhatTheLawKeepsOffline(t *testing.T) {
	t.Parallel()
	c := citytest.New(t, citytest.At(clock.MustDate("2026-11-23").At(8, 10)))
	for code, want := range map[string]struct {
		law  map[string]string
		door bool
	}{
		"2.000815": {map[string]string{"vi": "Pháp luật yêu cầu có mặt (Nghị định 23/2015/NĐ-CP, điều 20", "en": "The law requires presence (Nghị định 23/2015/NĐ-CP, điều 20"}, false},
		"1.000894": {map[string]string{"vi": "Pháp luật yêu cầu có mặt (Luật Hộ tịch 60/2014/QH13, điều 18", "en": "The law requires presence (Luật Hộ tịch 60/2014/QH13, điều 18"}, true},
	} {
		for lang, law := range want.law {
			page := string(c.Visitor().In(lang).Get("/procedures/" + code).Want(200).Body)
			if !strings.Contains(page, law) {
				t.Errorf("%s in %s does not name the law", code, lang)
			}
			if door := strings.Contains(page, `href="/apply/`); door != want.door {
				t.Errorf("%s in %s: leads to an application: %v", code, lang, door)
			}
		}
	}
	for _, code := range []string{"1.009664", "2.000635"} { // declared, and to be found
		if page := string(c.Visitor().Get("/procedures/" + code).Want(200).Body); !strings.Contains(page, `href="/apply/`) {
			t.Errorf("%s has no door", code)
		}
	}
	page := string(c.Visitor().In("en").Get("/apply/hanoi.certification.certified-copy").Want(200).Body)
	if strings.Contains(page, "<form method=\"post\" action=\"/apply/hanoi") || !strings.Contains(page, "Come to the one-stop counter") || !strings.Contains(page, "điều 20") {
		t.Error("the address of a service of the counter offers to begin it")
	}
}

// A service of the city is taken in by the department that decides it: its one-stop has the task,
// not the committee, which has nobody for it. Copies are made at the counter and paid by the page.
func TestNewServicesAreTakenInWhereTheyBelong(t *testing.T) {
	t.Parallel()
	c := citytest.New(t, citytest.At(clock.MustDate("2026-11-23").At(8, 10)))
	papers := func(ids ...string) (out []any) {
		for _, p := range ids {
			out = append(out, map[string]any{"paper": p, "name": p + ".pdf", "type": "pdf", "size": 90_000, "originals": 1})
		}
		return out
	}
	investment := map[string]any{
		"service": "hanoi.investment.investment-licence", "case": "general", "channel": "online", "delivery": map[string]any{"method": "online"},
		"applicant": map[string]any{"name": "Công ty cổ phần Hoa Sữa", "phone": "0912000031"},
		"papers":    papers("proposal", "means", "projectPlan", "sitePaper"),
		"answers": map[string]any{
			"investor.name": "Công ty cổ phần Hoa Sữa", "investor.taxCode": "0100109106", "investor.representative": "Đặng Quốc Việt", "investor.phone": "0912000031",
			"invest.origin": "domestic", "filer.kind": "representative", "filer.name": "Đặng Quốc Việt", "filer.id": "999085000031", "filer.declaration": true,
			"project.name": "Nhà máy lắp ráp thiết bị đo", "project.address.unit": "00118", "project.address.line": "Lô 4", "project.sector": "manufacture",
			"project.aim": "Lắp ráp thiết bị đo.", "project.form": "project", "project.land": "leased", "project.planned": false, "project.environment": true,
			"project.technology": false, "project.sensitive": false, "capital.total": 45_000_000_000, "capital.own": 15_000_000_000,
			"project.years": 30, "project.start": "2027-03-01",
		},
	}
	code := c.As("citizen").Post("/api/v1/dossiers", investment).Want(201).Text("code")
	ctx := auditing(t.Context())
	d, _, tasks, err := c.Dossiers.Read(ctx, code)
	if err != nil {
		t.Fatal(err)
	}
	department, _ := c.Units.Unit(d.Receiving)
	if department.Name != "Sở Tài chính" || d.Competent != d.Receiving || len(tasks) != 1 || tasks[0].Role != "clerk" {
		t.Errorf("%s received by %q, tasks %+v", code, department.Name, tasks)
	}
	if at := tasks[0].Unit; at != department.ID && !slices.ContainsFunc(c.Units.Now().Ancestors(at), func(u orgunit.Unit) bool { return u.ID == department.ID }) {
		t.Errorf("the first task lies outside of the department: %v", at)
	}
	copies := map[string]any{
		"service": "hanoi.certification.certified-copy", "channel": "counter", "unit": "00118", "delivery": map[string]any{"method": "counter"},
		"applicant": map[string]any{"name": "Đặng Thị Lan", "phone": "0912000031"}, "papers": papers("original"),
		"answers": map[string]any{
			"request.commune": "00118", "original.held": "paper", "original.kind": "degree", "original.title": "Bằng tốt nghiệp", "original.issuer": "Trường Đại học Sen Hồ",
			"original.pages": 7, "request.copies": 3, "requester.name": "Đặng Thị Lan", "request.exempt": false,
		},
	}
	c.As("citizen").Post("/api/v1/dossiers", map[string]any{"service": copies["service"], "channel": "online", "applicant": copies["applicant"], "answers": copies["answers"], "delivery": copies["delivery"]}).Want(422)
	code = c.As("clerk").Post("/api/v1/dossiers", copies).Want(201).Text("code")
	if _, _, tasks, err = c.Dossiers.Read(ctx, code); err != nil || len(tasks) != 1 {
		t.Fatal(tasks, err)
	}
	if page := string(c.As("clerk").In("vi").Get("/desk/tasks/" + tasks[0].ID.String()).Want(200).Body); !strings.Contains(page, "27.000") {
		t.Error("the clerk does not see that seven pages in three copies cost 27,000 đồng")
	}
}
