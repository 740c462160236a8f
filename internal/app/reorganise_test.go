package app_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/reorganise"
)

const firstOfJuly = "hanoi-2025-07-01"

func demo(c *app.Config) { c.Opened = citytest.Opened() }

// reorganised moves the city to the morning of 1 July and carries the plan out.
func reorganised(t *testing.T, c *citytest.City) reorganise.Progress {
	t.Helper()
	c.Clock.Set(clock.MustDate("2025-07-01").At(7, 0))
	p, err := c.Reorganise.Start(t.Context(), firstOfJuly)
	if err != nil {
		t.Fatal(err)
	}
	c.Eventually("the reorganisation ends", func() bool {
		if p, err = c.Reorganise.Progress(t.Context(), p.Act.ID); err != nil {
			t.Fatal(err)
		}
		return p.Act.Status == reorganise.Done
	})
	return p
}

// TestFirstOfJulyLosesNothing: a filled city of three tiers wakes up with two. Every open
// dossier is moved once or said why not, to units that live and have a post for each task,
// with code, version and dates as before; undoing takes back all that nobody touched.
func TestFirstOfJulyLosesNothing(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		ctx := t.Context()
		if _, err := c.Fill(ctx, c.Demo, dossier.Filling{N: 400, Since: citytest.Opened().AddDate(0, 0, -20)}); err != nil {
			t.Fatal(err)
		}
		plan, err := c.Reorganise.PlanByID(firstOfJuly)
		if err != nil {
			t.Fatal(err)
		}
		c.Clock.Set(clock.MustDate("2025-06-30").At(18, 0))
		rep, err := c.Reorganise.DryRun(ctx, plan, nil)
		if err != nil {
			t.Fatal(err)
		}
		if rep.UnsolvedN > 0 || len(rep.Lost) > 0 {
			t.Errorf("the plan leaves %d dossiers and %d posts: %+v %+v", rep.UnsolvedN, len(rep.Lost), rep.Unsolved, rep.Lost)
		}
		before, err := c.Reorganise.Snapshot(ctx)
		if err != nil {
			t.Fatal(err)
		}
		p := reorganised(t, c)
		proof, err := c.Reorganise.Prove(ctx, p.Act.ID, before)
		if err != nil {
			t.Fatal(err)
		}
		if !proof.OK() || proof.Before < 50 || proof.Explained != proof.Before {
			t.Errorf("%s; %v", proof, p.Counts)
		}
		if p.Counts[reorganise.Moved]+p.Counts[reorganise.Stays] != len(before) || p.Why[reorganise.WhyAsked] == 0 || p.Why[reorganise.WhyAsked] != p.Splits {
			t.Errorf("of %d: %v %v, %d asked", len(before), p.Counts, p.Why, p.Splits)
		}
		// Looked at again, the plan finds nothing to do.
		if rep, err = c.Reorganise.DryRun(ctx, plan, nil); err != nil || rep.Why[reorganise.WhyAlive] != rep.Open {
			t.Errorf("after it: %v %v", rep.Why, err)
		}
		if err := c.Journal.Tick(ctx, nil); err != nil {
			t.Fatal(err)
		}
		if found, err := c.Journal.Verify(ctx, journal.Held{}, nil); err != nil || !found.OK() {
			t.Errorf("the journal does not hold: %+v %v", found, err)
		}
	}, citytest.With(demo))
}

// someone acts on the one open task of a dossier.
func acts(t *testing.T, c *citytest.City, login, code, step, action string, answers map[string]any) {
	t.Helper()
	ctx := as(t, c, login)
	_, _, tasks, err := c.Dossiers.Read(ctx, code)
	if err != nil {
		t.Fatalf("%s reads %s for %s: %v", login, code, step, err)
	}
	for _, x := range tasks {
		if x.Open && x.Step == step {
			cmd := dossier.Command{Task: x.ID, Version: x.Version, Action: action, Key: code + step + action}
			if answers != nil {
				cmd.Answers, _ = json.Marshal(answers)
			}
			if _, err := c.Dossiers.Act(ctx, cmd); err != nil {
				t.Fatalf("%s, %s %s: %v", login, step, action, err)
			}
			return
		}
	}
	t.Fatalf("%s does not stand at %s: %+v", code, step, tasks)
}

func as(t *testing.T, c *citytest.City, login string) context.Context {
	t.Helper()
	for _, a := range c.Demo.Accounts {
		if a.Login == login {
			sub, err := c.Auth.Resolve(t.Context(), a.Token)
			if err != nil {
				t.Fatal(err)
			}
			return auth.With(t.Context(), sub)
		}
	}
	t.Fatalf("nobody is called %s", login)
	return nil
}

// auditing reads everything.
func auditing(ctx context.Context) context.Context {
	return auth.With(ctx, auth.Subject{Kind: auth.KindOfficer, Account: 1, Grants: []auth.Grant{{Role: "auditor", Scope: auth.Everywhere}}})
}

// TestABirthGoesOnInTheNewWard: accepted at Ngọc Lâm on 30 June, verified, signed, sealed and
// returned by the same people at Bồ Đề on 1 July; an act that meets the gap is told so.
func TestABirthGoesOnInTheNewWard(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		c.Clock.Set(clock.MustDate("2025-06-30").At(9, 0))
		code := c.Login("motcua").Post("/api/v1/dossiers", citytest.Counter()).Want(201).Text("code")
		acts(t, c, "motcua", code, "receive", "accept", nil)
		reorganised(t, c)
		acts(t, c, "hotich", code, "verify", "approve", nil)
		acts(t, c, "hotich", code, "enterBook", "approve", map[string]any{"book.number": 1, "book.year": 2025})
		acts(t, c, "chutich", code, "sign", "sign", nil)
		acts(t, c, "vanthu", code, "seal", "number", nil)
		acts(t, c, "motcua", code, "return", "issue", nil)
		d, _, err := c.Dossiers.Find(as(t, c, "motcua"), code, dossier.Viewer{})
		if err != nil || d.State.String() != "returned" || d.Heritage == nil {
			t.Errorf("%+v %v", d, err)
		}
		if u, _ := c.Units.Unit(d.Receiving); u.Serves == 0 || u.Code == "" && u.Name == "" {
			t.Errorf("received by %+v", u)
		} else if ward, _ := c.Units.Unit(u.Serves); ward.Code != "00118" || ward.Bare != "Bồ Đề" {
			t.Errorf("received by %s %s", ward.Code, ward.Name)
		}
	}, citytest.With(demo))
}

// filed files an allowance at Cự Khối and takes it to the district.
func filed(t *testing.T, c *citytest.City) string {
	t.Helper()
	body := map[string]any{
		"service": "hanoi.merit.martyr-worship", "channel": "counter", "applicant": map[string]any{"name": "Nguyễn Văn Thành", "phone": "0912000011"},
		"answers": map[string]any{
			"applicant.commune": "00154", "applicant.holder": "relative", "applicant.name": "Nguyễn Văn Thành", "applicant.dob": "1958", "applicant.id": "999058000011",
			"applicant.address": "Số 12, ngõ 5, đường Bát Khối", "applicant.kinship": "nephew", "martyr.name": "Nguyễn Văn Kiên", "martyr.dob": "1947",
			"martyr.hometown": "Gia Lâm, Hà Nội", "martyr.rank": "Hạ sĩ", "martyr.died": "1968", "martyr.certificate": "AB 011 b", "pay.method": "cash", "pay.never": true,
		},
		"papers": []any{
			map[string]any{"paper": "request", "name": "mau18.pdf", "type": "pdf", "size": 90_000, "originals": 1},
			map[string]any{"paper": "authorisation", "name": "uyquyen.pdf", "type": "pdf", "size": 90_000, "originals": 1},
		},
		"delivery": map[string]any{"method": "counter"},
	}
	code := c.Login("cukhoi.motcua").Post("/api/v1/dossiers", body).Want(201).Text("code")
	acts(t, c, "cukhoi.motcua", code, "receive", "accept", nil)
	acts(t, c, "cukhoi.vanhoa", code, "confirm", "approve", map[string]any{"confirm.resides": true, "confirm.noRelative": true})
	acts(t, c, "cukhoi.chutich", code, "confirmSign", "approve", nil)
	acts(t, c, "cukhoi.motcua", code, "sendUp", "submit", nil)
	acts(t, c, "quan.motcua", code, "districtReceive", "submit", nil)
	return code
}

// TestAnAllowanceOutlivesItsDistrict: at the labour office of the district when 1 July comes,
// of a commune that is divided. The default heir has it; the applicant says that it belongs to
// Long Biên; the rest of the three tiers is gone through there, up to the city and back.
// What nobody has touched an undoing takes back; this one stays.
func TestAnAllowanceOutlivesItsDistrict(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		ctx := t.Context()
		c.Clock.Set(clock.MustDate("2025-06-19").At(9, 0))
		code, still := filed(t, c), waitingBirth(t, c)
		p := reorganised(t, c)
		if p.Splits != 1 || p.Why[reorganise.WhyWhole] == 0 {
			t.Errorf("%d asked, %v", p.Splits, p.Why)
		}
		office := func(code string) string {
			_, _, tasks, err := c.Dossiers.Read(auditing(ctx), code)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range tasks {
				if x.Open {
					u, _ := c.Units.Unit(x.Unit)
					a, _ := c.Units.Unit(u.Parent)
					return u.Name + ", " + a.Name
				}
			}
			return ""
		}
		if got := office(code); got != "Phòng Văn hóa - Xã hội, Ủy ban nhân dân xã Bát Tràng" {
			t.Errorf("it lies at %s", got)
		}
		d, _, _, err := c.Dossiers.Read(auditing(ctx), code)
		if err != nil {
			t.Fatal(err)
		}
		q, open, err := c.Reorganise.QuestionOf(ctx, d.ID)
		if err != nil || !open || len(q.Heirs) != 2 || q.Address == "" {
			t.Fatalf("%+v %v %v", q, open, err)
		}
		longBien, err := c.Units.Now().ByCode("00145")
		if err != nil {
			t.Fatal(err)
		}
		bearer := dossier.Viewer{Key: c.Dossiers.AccessKey(code)}
		for range 2 { // sent twice, answered once
			if err := c.Reorganise.Answer(ctx, code, longBien.ID, "", "place-1", bearer); err != nil {
				t.Fatal(err)
			}
		}
		if got := office(code); got != "Phòng Văn hóa - Xã hội, Ủy ban nhân dân phường Long Biên" {
			t.Errorf("after the answer it lies at %s", got)
		}
		c.Clock.Set(clock.MustDate("2025-07-01").At(9, 0))
		acts(t, c, "ldtbxh", code, "districtCheck", "approve", nil)
		acts(t, c, "ldtbxh.tp", code, "districtHead", "approve", nil)
		acts(t, c, "quan.pct", code, "districtSign", "approve", nil)
		acts(t, c, "quan.motcua", code, "districtSend", "submit", nil)
		acts(t, c, "noivu.motcua", code, "cityReceive", "submit", nil)
		acts(t, c, "nguoicocong", code, "compare", "approve", map[string]any{"decision.amount": 2789000, "decision.year": 2025})
		acts(t, c, "nguoicocong.tp", code, "divisionHead", "approve", nil)
		acts(t, c, "noivu.pgd", code, "decide", "sign", nil)
		acts(t, c, "noivu.vanthu", code, "seal", "number", map[string]any{"decision.number": "1836/QĐ-SNV", "decision.date": "2025-07-01"})
		acts(t, c, "noivu.motcua", code, "sendBack", "submit", nil)
		acts(t, c, "quan.motcua", code, "return", "issue", nil)
		undo, err := c.Reorganise.DeclareUndo(ctx, p.Act.ID, "Sai phương án, làm lại")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Reorganise.StartAct(ctx, undo.ID); err != nil {
			t.Fatal(err)
		}
		u, err := c.Reorganise.Drive(ctx, undo.ID, nil)
		if err != nil || u.Counts[reorganise.Undone] != 1 || u.Why[reorganise.WhyEnded] != 1 {
			t.Errorf("undone: %v %v %v", u.Counts, u.Why, err)
		}
		if got := office(still); !strings.HasPrefix(got, "Ủy ban nhân dân phường Ngọc Lâm") {
			t.Errorf("taken back to %s", got)
		}
		// With its unit gone and no act to move it, nothing happens to it, and it says why.
		actor := c.Login("hotich")
		_, _, tasks, err := c.Dossiers.Read(as(t, c, "hotich"), still)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range tasks {
			if x.Open {
				r := actor.Post("/api/v1/tasks/"+x.ID.String()+"/complete", map[string]any{"version": x.Version, "action": "approve"})
				if r.Status != 409 {
					t.Errorf("an act on it: %d %s", r.Status, r.Body)
				}
			}
		}
	}, citytest.With(demo))
}

// waitingBirth files a birth that waits for the civil-status officer.
func waitingBirth(t *testing.T, c *citytest.City) string {
	t.Helper()
	code := c.Login("motcua").Post("/api/v1/dossiers", citytest.Counter()).Want(201).Text("code")
	acts(t, c, "motcua", code, "receive", "accept", nil)
	return code
}

// TestTwoLeadersAnswerForAReorganisation: one proposes, another approves, nobody else may, and
// a plan that nobody approved does not begin in a city that is no demonstration.
func TestTwoLeadersAnswerForAReorganisation(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	ctx := as(t, c, "lanhdao")
	plan, err := c.Reorganise.PlanByID(firstOfJuly)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Reorganise.Start(ctx, firstOfJuly); !errs.Is(err, errs.Conflict) {
		t.Errorf("begun without approval: %v", err)
	}
	if _, err := c.Reorganise.Propose(as(t, c, "chutich"), plan, "", "p0"); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a ward's chairman proposed: %v", err)
	}
	a, err := c.Reorganise.Propose(ctx, plan, "Theo Quyết định số 1", "p1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Reorganise.Decide(ctx, a.ID, true, "d1"); !errs.Is(err, errs.Forbidden) {
		t.Errorf("its proposer approved it: %v", err)
	}
	other := auth.From(ctx)
	other.Account++
	second := auth.With(t.Context(), other)
	if _, err := c.Reorganise.Decide(second, a.ID, true, "d2"); err != nil {
		t.Fatal(err)
	}
	// Approved before its day, it waits for midnight of that day and begins by itself.
	p, err := c.Reorganise.StartAct(second, a.ID)
	if err != nil || p.Act.Status != reorganise.Approved {
		t.Fatalf("%+v %v", p, err)
	}
	c.Clock.Set(plan.Day.At(0, 1))
	c.Eventually("it begins on its day", func() bool {
		p, err = c.Reorganise.Progress(second, a.ID)
		return err == nil && p.Act.Status == reorganise.Done
	})
	for _, lang := range []string{"vi", "en"} {
		for _, path := range []string{"/admin/reorganise", "/admin/reorganise?code=X", "/admin/reorganise/" + a.ID.String(), "/admin/reorganise/plans/" + firstOfJuly, "/desk/splits"} {
			c.Login("lanhdao").In(lang).Get(path).Want(200)
		}
	}
	c.Login("kiemtra").Get("/admin/reorganise").Want(200)
	c.Login("hotich").Get("/admin/reorganise").Want(403)
}
