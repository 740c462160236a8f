package dossierweb_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
)

// act completes the task of a dossier by an action and returns the answer.
func act(t *testing.T, c *citytest.City, role, code, action string, answers map[string]any) citytest.Answer {
	t.Helper()
	id, version := task(t, c, role, code)
	return c.As(role).Post("/api/v1/tasks/"+id+"/complete", map[string]any{"version": version, "action": action, "answers": orEmpty(answers)})
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

// task finds the open task of a dossier in the queue of a role.
func task(t *testing.T, c *citytest.City, role, code string) (id string, version int64) {
	t.Helper()
	var list struct {
		Items []struct {
			ID, Dossier string
			Version     int64
		}
	}
	c.As(role).Get("/api/v1/tasks?limit=200").Want(200).Into(&list)
	for _, i := range list.Items {
		if i.Dossier == code {
			return i.ID, i.Version
		}
	}
	t.Fatalf("%s has no task of %s: %+v", role, code, list)
	return "", 0
}

func TestJourney(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		filed := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201)
		if filed.Text("due") != "" || filed.Text("state") != "submitted" || filed.Text("promise") == "" || filed.Text("task") != "" {
			t.Errorf("filed: %s", filed.Body)
		}
		if got := filed.Text("receiveBy"); !strings.HasPrefix(got, "2025-06-23T17:00") && !strings.HasPrefix(got, "2025-06-24T") {
			t.Errorf("receiveBy = %s", got)
		}
		code := filed.Text("code")
		if !strings.Contains(code, "-250623-") {
			t.Errorf("code = %s", code)
		}
		accepted := act(t, c, "clerk", code, "accept", nil).Want(200)
		if due := accepted.Text("due"); !strings.HasPrefix(due, "2025-06-23T17:00") {
			t.Errorf("the due date exists from acceptance and is today at closing; got %q", due)
		}
		act(t, c, "justiceOfficer", code, "approve", nil).Want(200)
		act(t, c, "justiceOfficer", code, "approve", nil).Want(422) // the book's number is asked
		act(t, c, "justiceOfficer", code, "approve", map[string]any{"book.number": 12, "book.year": 2025}).Want(200)
		if step := c.As("chairman").Get("/api/v1/tasks?role=chairman").Want(200).Text("items.0.step"); step != "sign" {
			t.Errorf("the chairman's queue holds %q", step)
		}
		act(t, c, "chairman", code, "sign", nil).Want(200)
		if s := act(t, c, "registryClerk", code, "number", nil).Want(200).Text("state"); s != "done" {
			t.Errorf("state after sealing = %s", s)
		}
		act(t, c, "clerk", code, "issue", nil).Want(200)

		read := c.As("citizen").Get("/api/v1/dossiers/" + code).Want(200)
		if read.Text("state") != "returned" || read.Text("late") != "false" || read.Text("applicant") != "Nguyễn Thị Hạnh" {
			t.Errorf("read: %s", read.Body)
		}
		var line struct {
			Items []struct{ Kind, By, State string }
		}
		c.As("clerk").Get("/api/v1/dossiers/" + code + "/timeline").Want(200).Into(&line)
		if len(line.Items) != 7 || line.Items[1].Kind != "dossier.act.accept" || line.Items[1].By != "Lê Thu Trang" {
			t.Errorf("timeline: %+v", line)
		}
		// Who has the key sees the state and no officer's name; a stranger sees nothing.
		c.Visitor().Get("/api/v1/dossiers/" + code).Want(404)
		key := "?accessKey=" + filed.Text("accessKey")
		if v := c.Visitor().Get("/api/v1/dossiers/" + code + key).Want(200); v.Text("applicant") != "" {
			t.Errorf("the key shows the applicant: %s", v.Body)
		}
		if shown := c.Visitor().Get("/api/v1/dossiers/" + code + "/timeline" + key).Want(200); shown.Text("items.1.by") != "" || shown.Text("items.1.kind") == "" {
			t.Errorf("the key shows an officer's name: %s", shown.Body)
		}
	})
}

func TestTheSameSubmissionTwiceIsOneDossier(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		citizen := c.As("citizen")
		first := citizen.PostAs("key-of-mine", "/api/v1/dossiers", citytest.Birth()).Want(201)
		again := citizen.PostAs("key-of-mine", "/api/v1/dossiers", citytest.Birth()).Want(201)
		if first.Text("promise") == "" || string(first.Body) != string(again.Body) {
			t.Errorf("first\n%s\nagain\n%s", first.Body, again.Body)
		}
		other := citytest.Birth()
		other["copies"] = 2
		if p := citizen.PostAs("key-of-mine", "/api/v1/dossiers", other).Want(422); p.Text("reference") == "" {
			t.Errorf("no reference: %s", p.Body)
		}
		// Sixteen at once under one key, of which one files it.
		answers := make(chan string, 16)
		for range cap(answers) {
			go func() {
				answers <- string(citizen.PostAs("key-of-many", "/api/v1/dossiers", citytest.Birth()).Body)
			}()
		}
		want := <-answers
		for range cap(answers) - 1 {
			if got := <-answers; got != want || !strings.Contains(got, `"promise":"1.`) {
				t.Errorf("one key was answered\n%s\nand\n%s", want, got)
			}
		}
	})
}

// TestARepeatedFilingIsAnsweredAsTheFirst: whoever missed the answer gets task, version and promise
// as they were given, however far the dossier has gone meanwhile; and only who may act is told of a task.
func TestARepeatedFilingIsAnsweredAsTheFirst(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		clerk := c.As("clerk")
		file := func() citytest.Answer {
			return clerk.PostAs("key-of-the-counter", "/api/v1/dossiers", citytest.Counter()).Want(201)
		}
		first := file()
		code, task := first.Text("code"), first.Text("task")
		if task == "" || first.Text("taskVersion") != "1" || first.Text("promise") == "" {
			t.Fatalf("filed at the counter: %s", first.Body)
		}
		same := func(when string) {
			t.Helper()
			again := file()
			if string(again.Body) != string(first.Body) {
				t.Errorf("%s the answer is\n%s\nand was\n%s", when, again.Body, first.Body)
			}
			if again.Header.Get("Location") != first.Header.Get("Location") {
				t.Errorf("%s the place is %s", when, again.Header.Get("Location"))
			}
		}
		same("at once")
		// The repeated answer is enough to go on with.
		clerk.Post("/api/v1/tasks/"+task+"/complete", map[string]any{"version": 1, "action": "accept"}).Want(200)
		same("after acceptance")
		act(t, c, "justiceOfficer", code, "approve", map[string]any{"book.number": 12, "book.year": 2025}).Want(200)
		same("two steps later")
		// The promise names the entry of the filing, which the log holds.
		parts := strings.Split(first.Text("promise"), ".")
		var line struct{ Items []struct{ ID, Kind string } }
		clerk.Get("/api/v1/dossiers/" + code + "/timeline").Want(200).Into(&line)
		if len(line.Items) == 0 || line.Items[0].ID != parts[1] || line.Items[0].Kind != "dossier.submitted" {
			t.Errorf("promised is %s, the timeline holds %+v", parts[1], line.Items)
		}
	})
}

func TestTwoOfficersOnOneTask(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		code := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
		id, version := task(t, c, "clerk", code)
		body := map[string]any{"version": version, "action": "accept"}
		answers := make(chan citytest.Answer, 8)
		for i := range cap(answers) {
			go func() {
				answers <- c.As("clerk").PostAs("officer-key-"+strconv.Itoa(i), "/api/v1/tasks/"+id+"/complete", body)
			}()
		}
		won := 0
		for range cap(answers) {
			a := <-answers
			switch a.Status {
			case 200:
				won++
			case 409:
				// The loser reads who acted, and when.
				if d := a.Text("detail"); !strings.Contains(d, "Lê Thu Trang") || !strings.Contains(d, "23/06/2025") {
					t.Errorf("conflict says %q", d)
				}
			default:
				t.Errorf("status %d: %s", a.Status, a.Body)
			}
		}
		if won != 1 {
			t.Errorf("%d won", won)
		}
		// The winner's request repeated is answered again; the loser's never counts.
		var line struct{ Items []any }
		c.As("clerk").Get("/api/v1/dossiers/" + code + "/timeline").Into(&line)
		if len(line.Items) != 2 {
			t.Errorf("%d lines in the timeline, want 2", len(line.Items))
		}
	})
}

func TestRepeatedActIsAnsweredAgain(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	code := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
	id, version := task(t, c, "clerk", code)
	body := map[string]any{"version": version, "action": "accept"}
	c.As("clerk").PostAs("twice-the-same", "/api/v1/tasks/"+id+"/complete", body).Want(200)
	again := c.As("clerk").PostAs("twice-the-same", "/api/v1/tasks/"+id+"/complete", body).Want(200)
	if again.Text("step") != "verify" || again.Text("state") != "accepted" {
		t.Errorf("again: %s", again.Body)
	}
	body["action"] = "refuse"
	c.As("clerk").PostAs("twice-the-same", "/api/v1/tasks/"+id+"/complete", body).Want(422)
}

func TestSupplementRestartsTheCount(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		code := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
		act(t, c, "clerk", code, "supplement", nil).Want(422) // why?
		act(t, c, "clerk", code, "supplement", map[string]any{"reason": "Giấy chứng sinh mờ."}).Want(200)
		if s := c.As("citizen").Get("/api/v1/dossiers/" + code).Text("state"); s != "supplement" {
			t.Errorf("state = %s", s)
		}
		paper := map[string]any{"papers": []any{map[string]any{"paper": "birthSlip", "name": "ro.pdf", "type": "pdf", "size": 90_000}}}
		c.As("auditor").Post("/api/v1/dossiers/"+code+"/supplement", paper).Want(404)
		c.Pass(24 * time.Hour)
		c.As("citizen").Post("/api/v1/dossiers/"+code+"/supplement", paper).Want(200)
		c.As("citizen").Post("/api/v1/dossiers/"+code+"/supplement", paper).Want(409) // nothing is asked now
		due := act(t, c, "clerk", code, "accept", nil).Want(200).Text("due")
		if !strings.HasPrefix(due, "2025-06-24T17:00") {
			t.Errorf("due = %s", due)
		}
	})
}

func TestWithdrawEndsTheDossier(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	code := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
	c.As("citizen").Post("/api/v1/dossiers/"+code+"/withdraw", map[string]any{"reason": "Nộp nhầm"}).Want(200)
	c.As("citizen").Post("/api/v1/dossiers/"+code+"/withdraw", map[string]any{}).Want(409)
	var list struct{ Items []any }
	c.As("clerk").Get("/api/v1/tasks").Into(&list)
	if len(list.Items) != 0 {
		t.Errorf("the queue still holds %v", list.Items)
	}
}

func TestSilenceAgrees(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		b := citytest.Birth()
		b["answers"].(map[string]any)["child.registrationUnit"] = "00118"
		b["answers"].(map[string]any)["child.dob"] = "2026-11-01"
		code := c.As("citizen").Post("/api/v1/dossiers", b).Want(201).Text("code")
		act(t, c, "clerk", code, "accept", nil).Want(200)
		act(t, c, "justiceOfficer", code, "approve", nil).Want(200)
		c.Pass(3 * 24 * time.Hour)
		c.Eventually("the applicant's silence agrees", func() bool {
			var list struct {
				Items []struct{ Dossier, Step string }
			}
			c.As("justiceOfficer").Get("/api/v1/tasks").Into(&list)
			return len(list.Items) == 1 && list.Items[0].Step == "enterBook"
		})
	}, citytest.At(time.Date(2026, 11, 23, 8, 10, 0, 0, time.FixedZone("+07", 7*3600))))
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	citizen := c.As("citizen")
	with := func(change func(b map[string]any)) map[string]any {
		b := citytest.Birth()
		change(b)
		return b
	}
	for name, x := range map[string]struct {
		body  any
		field string
	}{
		"missing answer": {with(func(b map[string]any) { delete(b["answers"].(map[string]any), "child.name") }), "child.name"},
		"day in future":  {with(func(b map[string]any) { b["answers"].(map[string]any)["child.dob"] = "2025-06-24" }), "child.dob"},
		"no such unit":   {with(func(b map[string]any) { b["answers"].(map[string]any)["child.registrationUnit"] = "99999" }), "child.registrationUnit"},
		"missing paper":  {with(func(b map[string]any) { b["papers"] = []any{} }), "papers.birthSlip"},
		"bad phone":      {with(func(b map[string]any) { b["applicant"] = map[string]any{"name": "Nguyễn An", "phone": "12345"} }), "applicant.phone"},
		"unknown answer": {with(func(b map[string]any) { b["answers"].(map[string]any)["child.nmae"] = "x" }), "child.nmae"},
		"unknown case":   {with(func(b map[string]any) { b["case"] = "twins" }), "case"},
	} {
		for lang, word := range map[string]string{"vi": "", "en": ""} {
			a := citizen.In(lang).Post("/api/v1/dossiers", x.body)
			if a.Status != 422 || !strings.Contains(string(a.Body), `"`+x.field+`"`) || a.Text("reference") == "" || strings.Contains(string(a.Body), "⟨") {
				t.Errorf("%s (%s%s): %d %s", name, lang, word, a.Status, a.Body)
			}
		}
	}
	citizen.Post("/api/v1/dossiers", with(func(b map[string]any) { b["servce"] = "x" })).Want(422)
	citizen.Post("/api/v1/dossiers", []byte(`{"service": "`)).Want(400)
	citizen.Post("/api/v1/dossiers", []byte(`{"service":"`+strings.Repeat("x", 2<<20)+`"}`)).Want(413)
	citizen.Post("/api/v1/dossiers", with(func(b map[string]any) { b["channel"] = "counter" })).Want(403)
	c.Visitor().Post("/api/v1/dossiers", citytest.Birth()).Want(401)
	citizen.Get("/api/v1/tasks").Want(403)
	// Decomposed text is one form once it is in.
	code := citizen.Post("/api/v1/dossiers", with(func(b map[string]any) {
		b["applicant"] = map[string]any{"name": "Nguye\u0302\u0303n Thi\u0323 Ha\u0323nh", "phone": "+84 912 000 001"}
	})).Want(201).Text("code")
	if name := citizen.Get("/api/v1/dossiers/" + code).Text("applicant"); name != "Nguyễn Thị Hạnh" {
		t.Errorf("applicant = %q", name)
	}
}

func TestQueueStaysInItsUnit(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	code := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
	id, version := task(t, c, "clerk", code)
	// Long Biên's Bồ Đề is another commune: a clerk of Ngọc Lâm has no post there.
	c.As("clerk").Get("/api/v1/tasks?unit=00145").Want(403)
	// The registry clerk of the same commune reads the dossier and may not accept it.
	c.As("registryClerk").Post("/api/v1/tasks/"+id+"/complete", map[string]any{"version": version, "action": "accept"}).Want(403)
	// The applicant may not act for the office; a stranger does not even learn that the task exists.
	c.As("citizen2").Post("/api/v1/tasks/"+id+"/complete", map[string]any{"version": version, "action": "accept"}).Want(404)
	c.As("citizen").Post("/api/v1/tasks/"+id+"/complete", map[string]any{"version": version, "action": "accept"}).Want(403)
	c.As("clerk").Post("/api/v1/tasks/"+id+"/complete", map[string]any{"version": version, "action": "sign"}).Want(422)
}
