package dossierweb_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/register/holiday"
)

// business is the registration of a household business at Bồ Đề: three working days.
func business() map[string]any {
	return map[string]any{
		"service": "hanoi.business.household-business", "case": "individual", "channel": "online",
		"applicant": map[string]any{"name": "Trần Thị Lụa", "phone": "0912 000 021"},
		"answers": map[string]any{
			"business.address.unit": "00118", "business.address.line": "Số 12 phố Ngọc Lâm", "business.name": "Bún chả Ngọc Lâm", "business.trade": "food",
			"business.conditional": false, "business.capital": 50_000_000, "business.labour": 3, "business.accounting": "declaration",
			"owner.name": "Trần Thị Lụa", "owner.dob": "1990-05-12", "owner.sex": "female", "owner.id": "999190000021", "owner.ethnicity": "01",
			"owner.residence.line": "Tổ 5, phường Bồ Đề, Hà Nội", "owner.phone": "0912000021", "owner.otherBusiness": false,
			"filer.kind": "owner", "filer.declaration": true,
		},
		"delivery": map[string]any{"method": "counter"},
	}
}

// send posts a page's form.
func send(a citytest.Actor, path string, form url.Values) citytest.Answer {
	form.Set("_key", web.NewKey())
	return a.Do("POST", path, []byte(form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
}

func storm(t *testing.T, c *citytest.City) {
	t.Helper()
	as := func(account int64, role string) context.Context {
		return auth.With(context.Background(), auth.Subject{Account: account, Name: role, Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: role, Scope: auth.Everywhere}}})
	}
	p, err := c.Holidays.Propose(as(901, "head"), holiday.Draft{
		Kind: holiday.NewHoliday, From: clock.MustDate("2026-11-25"), VI: "Nghỉ tránh bão", EN: "Storm day off", Source: "Công điện 01/CĐ-UBND", Key: "storm",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.Holidays.Decide(as(902, "leader"), p.ID, true, "", "storm"); err != nil {
		t.Fatal(err)
	}
}

func TestDatesOverTheAPI(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		filed := c.As("citizen").Post("/api/v1/dossiers", business()).Want(201)
		code := filed.Text("code")
		path := "/api/v1/dossiers/" + code + "/dates"
		if before := c.As("citizen").In("en").Get(path).Want(200); before.Text("due") != "" || !strings.Contains(before.Text("explanation"), "once the dossier is accepted") {
			t.Errorf("before acceptance: %s", before.Body)
		}
		act(t, c, "clerk", code, "accept", nil).Want(200)
		c.Pass(27 * time.Hour) // to Saturday: the office time of Friday counts
		a := c.As("citizen").In("en").Get(path).Want(200)
		if a.Text("due.at") != "2026-11-26T17:00:00.000+07:00" || a.Text("due.why") != "accepted" || a.Text("due.kind") != "workingDays" || a.Text("due.n") != "3" {
			t.Errorf("due: %s", a.Body)
		}
		if a.Text("due.days.0") != "2026-11-23" || a.Text("due.days.1") != "2026-11-25" || a.Text("due.days.2") != "2026-11-26" || a.Text("due.calendar") != holiday.Version {
			t.Errorf("counted: %s", a.Body)
		}
		if a.Text("tiers.0.tier") != "commune" || a.Text("tiers.0.minutes") != "330" || a.Text("units.0.minutes") == "" {
			t.Errorf("time used: %s", a.Body)
		}
		// Who has the key alone reads no unit's figures; a stranger reads nothing.
		if k := c.Visitor().Get(path + "?accessKey=" + filed.Text("accessKey")).Want(200); k.Text("units.0.minutes") != "" || k.Text("tiers.0.minutes") == "" {
			t.Errorf("by the key: %s", k.Body)
		}
		c.Visitor().Get(path).Want(404)
	}, citytest.At(clock.MustDate("2026-11-20").At(10, 0)))
}

// The applicant's silence, a supplement and the count that starts again say when and why.
func TestWaitsExplainThemselves(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		b := citytest.Birth()
		b["answers"].(map[string]any)["child.registrationUnit"] = "00118"
		b["answers"].(map[string]any)["child.dob"] = "2026-11-01"
		code := c.As("citizen").Post("/api/v1/dossiers", b).Want(201).Text("code")
		act(t, c, "clerk", code, "accept", nil).Want(200)
		act(t, c, "justiceOfficer", code, "approve", nil).Want(200)
		dates := func(code string) citytest.Answer {
			t.Helper()
			return c.As("citizen").In("en").Get("/api/v1/dossiers/" + code + "/dates").Want(200)
		}
		if a := dates(code); a.Text("waits.0.why") != "silence" || !strings.Contains(a.Text("waits.0.text"), "counts as agreement") || !strings.HasPrefix(a.Text("waits.0.at"), "2026-11-21") {
			t.Errorf("the draft waits: %s", a.Body)
		}
		if page := string(c.As("citizen").In("en").Get("/dossiers/" + code).Want(200).Body); !strings.Contains(page, "counts as agreement") {
			t.Error("the citizen's page does not say until when silence agrees")
		}

		code = c.As("citizen").Post("/api/v1/dossiers", business()).Want(201).Text("code")
		act(t, c, "clerk", code, "supplement", map[string]any{"reason": "Chưa ghi rõ ngành, nghề chính."}).Want(200)
		if a := dates(code); a.Text("waits.0.why") != "lapse" || !strings.Contains(a.Text("waits.0.text"), "after that the dossier is stopped") {
			t.Errorf("a supplement waits: %s", a.Body)
		}
	}, citytest.At(clock.MustDate("2026-11-20").At(10, 0)))
}

func TestPagesOfDates(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		var codes []string
		for range 3 {
			filed := c.As("citizen").Post("/api/v1/dossiers", business()).Want(201)
			codes = append(codes, filed.Text("code"))
			act(t, c, "clerk", filed.Text("code"), "accept", nil).Want(200)
		}
		clerk := c.As("clerk").In("en")
		if page := string(clerk.Get("/desk/dates").Want(200).Body); !strings.Contains(page, "No date needs to change") {
			t.Error("the page of no proposals is empty")
		}
		storm(t, c)
		var page string
		c.Eventually("three dates are proposed", func() bool {
			page = string(clerk.Get("/desk/dates").Want(200).Body)
			return strings.Count(page, `name="date"`) == 3
		})
		if !strings.Contains(page, "25 November 2026 (Storm day off)") || !strings.Contains(page, codes[2]) {
			t.Errorf("the proposals do not explain themselves: %.3000s", page)
		}
		var ids []string
		for _, part := range strings.Split(page, `name="date"`)[1:] {
			_, rest, _ := strings.Cut(part, `value="`)
			v, _, _ := strings.Cut(rest, `"`)
			ids = append(ids, v)
		}
		c.As("citizen").Get("/desk/dates").Want(403)
		send(clerk, "/desk/dates", url.Values{"do": {"accept"}}).Want(422)
		send(clerk, "/desk/dates", url.Values{"do": {"keep"}, "date": ids[:1]}).Want(422) // why?
		send(clerk, "/desk/dates", url.Values{"do": {"accept"}, "date": {"12", "x"}}).Want(404)
		send(clerk, "/desk/dates", url.Values{"do": {"accept"}, "date": ids[:2]}).Want(303)
		send(clerk, "/desk/dates", url.Values{"do": {"keep"}, "date": ids[2:], "reason": {"Kịp trả đúng hẹn"}}).Want(303)
		send(clerk, "/desk/dates", url.Values{"do": {"keep"}, "date": ids[2:], "reason": {"Kịp trả đúng hẹn"}}).Want(409)
		moved := 0
		for _, code := range codes {
			if strings.HasPrefix(c.As("citizen").Get("/api/v1/dossiers/"+code).Want(200).Text("due"), "2026-11-27") {
				moved++
				if why := string(c.As("citizen").In("en").Get("/dossiers/" + code).Want(200).Body); !strings.Contains(why, "The days off have changed") {
					t.Errorf("the citizen's page does not say why")
				}
			}
		}
		if moved != 2 {
			t.Errorf("%d dates moved, two were accepted", moved)
		}
	}, citytest.At(clock.MustDate("2026-11-20").At(10, 0)))
}

// A late apology stays possible; the form, the journal and the paper say that it is late.
func TestALateApologySaysSo(t *testing.T) {
	t.Parallel()
	c := citytest.New(t, citytest.At(clock.MustDate("2026-11-20").At(10, 0)))
	code := c.As("citizen").Post("/api/v1/dossiers", business()).Want(201).Text("code")
	act(t, c, "clerk", code, "accept", nil).Want(200)
	// by acts on the dossier's task as one of several people of a role.
	by := func(login, action string, answers map[string]any) citytest.Answer {
		t.Helper()
		who := c.AsLogin(login)
		d, _, tasks, err := c.Dossiers.Read(auth.With(context.Background(), auth.Subject{Account: 9, Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: "leader", Scope: auth.Everywhere}}}), code)
		if err != nil || len(tasks) != 1 {
			t.Fatalf("%s %v %v", d.Code, tasks, err)
		}
		if action == "" {
			return who.In("en").Get("/desk/tasks/" + tasks[0].ID.String()).Want(200)
		}
		return who.Post("/api/v1/tasks/"+tasks[0].ID.String()+"/complete", map[string]any{"version": tasks[0].Version, "action": action, "answers": orEmpty(answers)})
	}
	by("kinhdoanh.tp", "assign", nil).Want(200)
	read := func() string { t.Helper(); return string(by("kinhdoanh", "", nil).Body) }
	if page := read(); !strings.Contains(page, "Given now, it is in time.") {
		t.Errorf("the form of an apology in time does not say so")
	}
	c.Clock.Set(clock.MustDate("2026-11-26").At(9, 0))
	if page := read(); !strings.Contains(page, "will say that it came late") {
		t.Error("the form of a late apology does not say so")
	}
	by("kinhdoanh", "extend", map[string]any{"reason": "Chờ xác minh tên hộ kinh doanh."}).Want(200)
	all := auth.With(context.Background(), auth.Subject{Account: 9, Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: "leader", Scope: auth.Everywhere}}})
	d, _, err := c.Dossiers.Find(all, code, dossier.Viewer{})
	if err != nil {
		t.Fatal(err)
	}
	lines, err := c.Dossiers.Timeline(all, d, dossier.SeeAll)
	if err != nil {
		t.Fatal(err)
	}
	last := lines[len(lines)-1]
	if last.DueWhy != "extended" || last.Count == nil || !clock.MustDate("2026-11-25").At(17, 0).Equal(time.UnixMilli(last.Sorry)) {
		t.Errorf("journal: %+v", last)
	}
	if b, err := c.Dossiers.Print(i18n.WithLang(all, c.Bundle, i18n.VI), code, dossier.PaperExtension, i18n.VI, dossier.Viewer{}, c.URL); err != nil || len(b) < 1000 {
		t.Errorf("form 04: %d bytes, %v", len(b), err)
	}
	if page := string(c.As("citizen").In("en").Get("/dossiers/" + code).Want(200).Body); !strings.Contains(page, "The office apologised and extended the time limit at 09:00 on 26 November 2026") {
		t.Error("the citizen is not told why")
	}
	by("kinhdoanh", "extend", map[string]any{"reason": "Lần nữa."}).Want(422) // at most once
}

// The new pages ask the database as often for forty rows as for two.
func TestQueriesOfDates(t *testing.T) {
	t.Parallel()
	c := citytest.New(t, citytest.At(clock.MustDate("2026-11-20").At(10, 0)))
	var code string
	file := func(n int) {
		for range n {
			code = c.As("citizen").Post("/api/v1/dossiers", business()).Want(201).Text("code")
			act(t, c, "clerk", code, "accept", nil).Want(200)
		}
	}
	count := func(role, path string) int64 {
		c.As(role).Get(path).Want(200)
		least := int64(1 << 30)
		for range 12 {
			before := c.DB.Stats().Queries
			c.As(role).Get(path).Want(200)
			least = min(least, c.DB.Stats().Queries-before)
		}
		return least
	}
	file(2)
	storm(t, c)
	rows := func(n int) {
		c.Eventually("the dates are proposed", func() bool {
			return strings.Count(string(c.As("clerk").Get("/desk/dates").Want(200).Body), `name="date"`) == n
		})
	}
	rows(2)
	for _, p := range []struct {
		role, path string
		most       int64
	}{{"clerk", "/desk/dates", 3}, {"leader", "/admin/calendar", 1}, {"citizen", "/api/v1/dossiers/" + code + "/dates", 2}} {
		if n := count(p.role, p.path); n > p.most {
			t.Errorf("%s asks %d times, at most %d are allowed", p.path, n, p.most)
		}
	}
	few := count("clerk", "/desk/dates")
	file(20)
	if many := count("clerk", "/desk/dates"); many != few {
		t.Errorf("/desk/dates asks %d times for two rows and %d for more", few, many)
	}
}
