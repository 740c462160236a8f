package counterweb_test

import (
	"maps"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/sms/smstest"
	"khue/internal/onestop/dossier"
)

const card = "999196000001||Nguyễn Thị Hạnh|02091996|Nữ|Tổ 4, Phường Ngọc Lâm, Long Biên, Hà Nội|15062021"

func birth(unit string) map[string]any {
	a := map[string]any{}
	maps.Copy(a, citytest.Birth()["answers"].(map[string]any))
	a["child.registrationUnit"] = unit
	return map[string]any{
		"service": "hanoi.civil-status.birth-registration", "who": card, "applicant": map[string]any{"phone": "0912000001"}, "answers": a,
		"papers": []any{map[string]any{"paper": "birthSlip", "originals": 1}, map[string]any{"paper": "identity", "shownOnly": true}}, "delivery": "counter",
	}
}

// A dossier taken in at a counter is accepted at once; its originals are somebody's at every
// moment until they go home with the result.
func TestADossierIsTakenInHandedOverAndReturned(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		clerk, justice := c.As("clerk"), c.As("justiceOfficer")
		body := birth("00133")
		first := clerk.PostAs("key-take-0001", "/api/v1/counter/dossiers", body).Want(201)
		code := first.Text("code")
		if again := clerk.PostAs("key-take-0001", "/api/v1/counter/dossiers", body).Want(201).Text("code"); again != code {
			t.Errorf("sent twice it became %s and %s", code, again)
		}
		d := clerk.Get("/api/v1/dossiers/" + code).Want(200)
		if d.Text("state") != "processing" && d.Text("state") != "accepted" || d.Text("due") == "" || d.Text("channel") != "counter" {
			t.Fatalf("taken in it is %s due %q by %s", d.Text("state"), d.Text("due"), d.Text("channel"))
		}
		held := clerk.Get("/api/v1/counter/originals?code=" + code).Want(200)
		paper := held.Text("items.0.id")
		if held.Text("items.0.paper") != "birthSlip" || held.Text("items.0.holder") != c.Account("clerk").Name || held.Text("items.1.id") != "" {
			t.Fatalf("what was only shown is not kept, and the slip is: %s", held.Body)
		}

		// The officer of civil status takes it over: the giver cannot sign for them.
		give := func(key string) citytest.Answer {
			return clerk.PostAs(key, "/api/v1/counter/batches", map[string]any{"originals": []string{paper}, "unit": unitID(t, c), "account": c.Account("justiceOfficer").ID})
		}
		batch := give("key-give-0001").Want(201).Text("id")
		give("key-give-0002").Want(409)
		received := "/api/v1/counter/batches/" + batch + "/received"
		clerk.Post(received, map[string]any{}).Want(403)
		c.As("registryClerk").Post(received, map[string]any{}).Want(403)
		justice.Post(received, map[string]any{"refused": []any{map[string]any{"original": paper, "reason": "Thiếu trang 2"}}}).Want(204)
		if b := clerk.Get("/api/v1/counter/batches/" + batch).Want(200); b.Text("lines.0.refused") != "Thiếu trang 2" || b.Text("lines.0.holder") != c.Account("clerk").Name {
			t.Errorf("a refused paper stays with its giver: %s", b.Body)
		}
		batch = give("key-give-0003").Want(201).Text("id")
		justice.Post("/api/v1/counter/batches/"+batch+"/received", map[string]any{}).Want(204)
		if h := clerk.Get("/api/v1/counter/originals?code=" + code).Want(200); h.Text("items.0.holder") != c.Account("justiceOfficer").Name {
			t.Errorf("after both signed it is still held by %s", h.Text("items.0.holder"))
		}
		justice.Post("/api/v1/counter/batches/"+batch+"/received", map[string]any{}).Want(409)

		// The result is made; the paper goes back to the counter; the owner comes.
		work(t, c, code)
		back := justice.Post("/api/v1/counter/batches", map[string]any{"originals": []string{paper}, "unit": unitID(t, c), "account": c.Account("clerk").ID}).Want(201).Text("id")
		clerk.Post("/api/v1/counter/batches/"+back+"/received", map[string]any{}).Want(204)
		ready := clerk.Get("/api/v1/counter/ready").Want(200)
		version := versionOf(t, ready, code)
		clerk.Post("/api/v1/counter/dossiers/"+code+"/calls", map[string]any{"how": "phone"}).Want(204)
		path := "/api/v1/counter/dossiers/" + code + "/return"
		other := strings.Replace(card, "999196000001", "999196000002", 1)
		clerk.Post(path, map[string]any{"version": version, "identity": "card", "card": other, "originals": []string{paper}}).Want(422)
		clerk.Post(path, map[string]any{"version": version, "identity": "card", "card": card}).Want(422) // the slip lies here and is not ticked
		done := map[string]any{"version": version, "identity": "card", "card": card, "originals": []string{paper}}
		clerk.PostAs("key-back-0001", path, done).Want(204)
		clerk.PostAs("key-back-0001", path, done).Want(204)
		if s := clerk.Get("/api/v1/dossiers/" + code).Want(200).Text("state"); s != "returned" {
			t.Errorf("given to its owner it is %s", s)
		}
		if h := clerk.Get("/api/v1/counter/originals?code=" + code).Want(200); h.Text("items.0.state") != "givenBack" {
			t.Errorf("the slip is %s", h.Body)
		}
	})
}

// Whoever filed before types little: the number alone brings name, parents and unit.
func TestAReturningCitizenNeedNotTellAgain(t *testing.T) {
	c := citytest.New(t)
	clerk := c.As("clerk")
	clerk.Post("/api/v1/counter/dossiers", birth("00133")).Want(201)
	second := map[string]any{
		"service": "hanoi.civil-status.birth-registration", "who": "999196000001", "delivery": "counter",
		"answers": map[string]any{
			"child.name": "Nguyễn Minh Bình", "child.dob": "2025-06-10", "child.sex": "male", "child.homeBirth": false, "child.birthPlace": "Bệnh viện Đức Giang",
		},
		"papers": []any{map[string]any{"paper": "birthSlip", "originals": 1}},
	}
	code := clerk.Post("/api/v1/counter/dossiers", second).Want(201).Text("code")
	if d := clerk.Get("/api/v1/dossiers/" + code).Want(200); d.Text("applicant") != "Nguyễn Thị Hạnh" {
		t.Errorf("filed for %s", d.Text("applicant"))
	}
	// Without a paper it is not accepted; form 02 says what is missing, with a code.
	second["papers"] = []any{}
	clerk.Post("/api/v1/counter/dossiers", second).Want(422)
	second["act"], second["reason"] = "supplement", "Thiếu giấy chứng sinh"
	code = clerk.Post("/api/v1/counter/dossiers", second).Want(201).Text("code")
	if s := clerk.Get("/api/v1/dossiers/" + code).Want(200).Text("state"); s != "supplement" {
		t.Errorf("it is %s", s)
	}
	// Nobody else reads a person: the pages are the clerks'.
	c.As("citizen").Post("/api/v1/counter/dossiers", second).Want(403)
	c.As("chairman").Post("/api/v1/counter/dossiers", second).Want(403)
}

// Any ward's counter receives for another, and hands form 01 out at once.
func TestACounterReceivesForAnotherWard(t *testing.T) {
	c := citytest.New(t)
	clerk := c.As("clerk")
	out := clerk.Post("/api/v1/counter/dossiers", birth("00154")).Want(201)
	if out.Text("forwarded") != "true" || !strings.Contains(out.Text("receiving"), "Cự Khối") {
		t.Fatalf("it goes to %s", out.Body)
	}
	d := clerk.Get("/api/v1/dossiers/" + out.Text("code")).Want(200)
	if d.Text("due") == "" {
		t.Error("accepted here it has no promised date")
	}
	clerk.Get("/dossiers/" + out.Text("code") + "/papers/receipt.pdf").Want(200)
}

// unitID is the agency of the demo's commune.
func unitID(t *testing.T, c *citytest.City) string {
	t.Helper()
	now := c.Units.At(clock.DateOf(c.Clock.Now()))
	place, err := now.ByCode("00133")
	if err != nil {
		t.Fatal(err)
	}
	agency, _ := now.AgencyOf(place.ID)
	return agency.ID.String()
}

func versionOf(t *testing.T, a citytest.Answer, code string) int64 {
	t.Helper()
	var list struct {
		Items []struct {
			Code    string `json:"code"`
			Version int64  `json:"version"`
		} `json:"items"`
	}
	a.Into(&list)
	for _, x := range list.Items {
		if x.Code == code {
			return x.Version
		}
	}
	t.Fatalf("%s does not wait: %s", code, a.Body)
	return 0
}

// work brings a birth registration from its officer to the return desk.
func work(t *testing.T, c *citytest.City, code string) {
	t.Helper()
	for _, x := range []struct {
		role, action string
		answers      map[string]any
	}{
		{"justiceOfficer", "approve", nil},
		{"justiceOfficer", "approve", map[string]any{"book.number": 7, "book.year": 2025}},
		{"chairman", "sign", nil},
		{"registryClerk", "number", nil},
	} {
		var list struct {
			Items []struct {
				ID, Dossier string
				Version     int64
			}
		}
		c.As(x.role).Get("/api/v1/tasks?limit=200").Want(200).Into(&list)
		body := map[string]any{"action": x.action, "answers": map[string]any{}}
		if x.answers != nil {
			body["answers"] = x.answers
		}
		id := ""
		for _, i := range list.Items {
			if i.Dossier == code {
				id, body["version"] = i.ID, i.Version
			}
		}
		c.As(x.role).Post("/api/v1/tasks/"+id+"/complete", body).Want(200)
	}
}

// Who gave a telephone alone is told by text message that the result is ready, and again when
// the clerk calls them by one; a call by telephone sends nothing.
func TestTheOwnerOfAResultIsToldBySMS(t *testing.T) {
	t.Parallel()
	carrier, err := smstest.Start("127.0.0.1:0", smstest.Faults{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(carrier.Close)
	c := citytest.New(t, citytest.With(func(cfg *app.Config) { cfg.SMS = "smpp://khue:matkhau@" + carrier.Addr() + "?from=HANOI" }))
	clerk := c.As("clerk")
	code := clerk.Post("/api/v1/counter/dossiers", birth("00133")).Want(201).Text("code")
	work(t, c, code)
	got := func(words string) (n int) {
		for _, g := range carrier.Got() {
			if g.To == "84912000001" && strings.Contains(g.Text, code+words) {
				n++
			}
		}
		return n
	}
	c.Eventually("the result is told", func() bool { return got(" da co ket qua") == 1 })
	calls := "/api/v1/counter/dossiers/" + code + "/calls"
	if page := string(clerk.In("en").Get("/desk/return/" + code).Want(200).Body); !strings.Contains(page, "the message goes out by itself") {
		t.Error("the page does not say that the message goes out")
	}
	clerk.PostAs("key-call-0001", calls, map[string]any{"how": "phone"}).Want(204)
	clerk.PostAs("key-call-0002", calls, map[string]any{"how": "sms"}).Want(204)
	clerk.PostAs("key-call-0002", calls, map[string]any{"how": "sms"}).Want(204)
	c.Eventually("the call is sent", func() bool { return got(" dang cho") == 1 })
	clerk.PostAs("key-call-0003", calls, map[string]any{"how": "sms"}).Want(204)
	c.Eventually("a further call is sent", func() bool { return got(" dang cho") == 2 })
}

// A filled demo has papers in its officers' hands, hand-overs on their way and owners who were
// called; the list of papers is paged, and each is on one page.
func TestCountersOfAFilledDemo(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		if _, err := c.Fill(t.Context(), c.Demo, dossier.Filling{N: 800, At: "00133", Since: c.Clock.Now().AddDate(0, 0, -10)}); err != nil {
			t.Fatal(err)
		}
		clerk := c.As("clerk").In("en")
		seen, pages := map[string]bool{}, 0
		for path := "/desk/originals"; path != ""; pages++ {
			body := string(clerk.Get(path).Want(200).Body)
			for _, m := range regexp.MustCompile(`name="original" value="(\d+)"|value="(\d+)"[^>]*name="original"`).FindAllStringSubmatch(body, -1) {
				v := m[1] + m[2]
				if seen[v] {
					t.Fatalf("%s shows %s again", path, v)
				}
				seen[v] = true
			}
			path = ""
			if m := regexp.MustCompile(`href="(/desk/originals\?after=\d+)" rel="next"`).FindStringSubmatch(body); m != nil {
				path = m[1]
			}
		}
		if pages < 2 || len(seen) < 60 {
			t.Errorf("%d papers on %d pages", len(seen), pages)
		}
		if body := string(clerk.Get("/desk/originals").Body); !strings.Contains(body, "/desk/originals/batches/") {
			t.Error("nothing is on its way")
		}
		called := ""
		for age := range 4 {
			called += string(clerk.Get("/desk/return?age=" + strconv.Itoa(age)).Want(200).Body)
		}
		if !strings.Contains(called, "Phone call") || !strings.Contains(called, "SMS") {
			t.Error("nobody was called")
		}
		clerk.Get("/desk/originals?after=x").Want(404)
	}, citytest.With(func(cfg *app.Config) { cfg.Opened = citytest.Opened() }))
}
