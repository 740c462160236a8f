package mandateweb_test

import (
	"net/url"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/web"
)

const (
	service = "hanoi.civil-status.birth-registration"
	hanhs   = "999196000001"
	binhs   = "999090000002"
)

func send(a citytest.Actor, path string, kv ...string) citytest.Answer {
	form := url.Values{"_key": {web.NewKey()}}
	for i := 0; i+1 < len(kv); i += 2 {
		form.Add(kv[i], kv[i+1])
	}
	return a.Do("POST", path, []byte(form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"})
}

func says(t *testing.T, a citytest.Actor, path string, wants ...string) string {
	t.Helper()
	body := string(a.In("en").Get(path).Want(200).Body)
	for _, w := range wants {
		if !strings.Contains(body, w) {
			t.Errorf("%s does not say %q", path, w)
		}
	}
	return body
}

// after is what stands between a text and the next quote.
func after(t *testing.T, page, from string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, from)
	out, _, ok2 := strings.Cut(rest, `"`)
	if !ok || !ok2 {
		t.Fatalf("no %q on the page:\n%.3000s", from, page)
	}
	return out
}

// birth is a registration in the city of two tiers.
func birth() map[string]any {
	b := citytest.Birth()
	b["answers"].(map[string]any)["child.registrationUnit"] = "00118"
	return b
}

func grant(t *testing.T, c *citytest.City, services ...string) (mandate string) {
	t.Helper()
	kv := []string{"name", "Trần Văn Bình", "number", binhs, "until.day", "31", "until.month", "12", "until.year", "2025"}
	for _, s := range services {
		kv = append(kv, "services", s)
	}
	send(c.AsLogin("0912000001"), "/account/mandates", kv...).Want(303)
	mandate = after(t, says(t, c.AsLogin("0912000002"), "/account/mandates", "Waiting for you", "Nguyễn Thị Hạnh"), `action="/account/mandates/`)
	return mandate
}

// Granted by one, accepted by the other, bound to its services, and refused from the moment it
// is revoked, with a sentence that says what to do.
func TestOneActsForAnotherUntilItIsRevoked(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		hanh, binh := c.AsLogin("0912000001"), c.AsLogin("0912000002")
		send(hanh, "/account/mandates", "name", "Ai Đó", "number", hanhs, "until.day", "31", "until.month", "12", "until.year", "2025").Want(422) // oneself
		send(hanh, "/account/mandates", "name", "Trần Văn Bình", "number", binhs).Want(422)                                                       // without a term
		id := grant(t, c, service)
		b := birth()
		b["mandate"] = id
		binh.Post("/api/v1/dossiers", b).Want(404) // not accepted: nobody's yet
		send(hanh, "/account/mandates/"+id, "do", "accept").Want(409)
		send(binh, "/account/mandates/"+id, "do", "accept").Want(303)
		hanh.Post("/api/v1/dossiers", b).Want(404) // the giver does not hold it

		b["applicant"] = map[string]any{"name": "Kẻ Mạo Danh", "phone": "0912000002"}
		code := binh.Post("/api/v1/dossiers", b).Want(201).Text("code")
		if d := binh.Get("/api/v1/dossiers/" + code).Want(200); d.Text("applicant") != "Nguyễn Thị Hạnh" {
			t.Errorf("filed for %s", d.Text("applicant"))
		}
		task := c.As("clerk").Get("/desk/dossiers/" + code).Want(303).Header.Get("Location")
		says(t, c.As("clerk"), task, "Filed by", "Trần Văn Bình", "Power of attorney")
		says(t, binh, "/dossiers/"+code, "Power of attorney")
		if list := hanh.Get("/api/v1/my/dossiers").Want(200); list.Text("items.0.code") != code {
			t.Errorf("the giver's shelf has %s", list.Body)
		}
		// What Hạnh files herself is Bình's to act on too, in this service alone.
		own := hanh.Post("/api/v1/dossiers", birth()).Want(201).Text("code")
		binh.Get("/api/v1/dossiers/" + own).Want(200)
		says(t, binh, "/dossiers", own, code)

		send(hanh, "/account/mandates/"+id, "do", "end").Want(303)
		refused := binh.In("en").Post("/api/v1/dossiers/"+code+"/withdraw", map[string]any{"reason": "Nộp nhầm."}).Want(403)
		if !strings.Contains(refused.Text("detail"), "Ask them to grant it anew") {
			t.Errorf("revoked, it says %q", refused.Text("detail"))
		}
		binh.Post("/api/v1/dossiers", b).Want(403)
		binh.Get("/api/v1/dossiers/" + own).Want(404)
		hanh.Post("/api/v1/dossiers/"+code+"/withdraw", map[string]any{"reason": "Nộp nhầm."}).Want(200)
	}, citytest.At(clock.MustDate("2025-07-02").At(8, 10)))
}

func TestAMandateReachesItsServicesAndItsLastDay(t *testing.T) {
	c := citytest.New(t, citytest.At(clock.MustDate("2025-07-02").At(8, 10)))
	binh := c.AsLogin("0912000002")
	id := grant(t, c, "hanoi.construction.house-permit")
	send(binh, "/account/mandates/"+id, "do", "accept").Want(303)
	b := birth()
	b["mandate"] = id
	if r := binh.In("en").Post("/api/v1/dossiers", b).Want(403); !strings.Contains(r.Text("detail"), "does not reach this service") {
		t.Errorf("in another service it says %q", r.Text("detail"))
	}
	all := grant(t, c)
	send(binh, "/account/mandates/"+all, "do", "accept").Want(303)
	c.Pass(clock.MustDate("2026-01-01").At(8, 10).Sub(c.Clock.Now()))
	b["mandate"] = all
	if r := binh.In("en").Post("/api/v1/dossiers", b).Want(403); !strings.Contains(r.Text("detail"), "ended on 31") {
		t.Errorf("expired, it says %q", r.Text("detail"))
	}
}

// A counter records what a paper shows: a representative by the certificate, who lets an
// employee act; a parent until the child is of age.
func TestACounterRecordsFromPapers(t *testing.T) {
	c := citytest.New(t, citytest.At(clock.MustDate("2025-07-02").At(8, 10)))
	clerk, hanh, binh := c.As("clerk"), c.AsLogin("0912000001"), c.AsLogin("0912000002")
	send(clerk, "/desk/mandates", "kind", "legal", "holder", hanhs, "holderName", "Nguyễn Thị Hạnh", "giver", "0100112438", "giverName", "Công ty Mây Tre", "paper", "GCN 123").Want(422)
	send(clerk, "/desk/mandates", "kind", "legal", "holder", hanhs, "holderName", "Nguyễn Thị Hạnh", "giver", "0100112437", "giverName", "Công ty Mây Tre", "paper", "GCN 123").Want(303)
	page := says(t, hanh, "/account/mandates", "Công ty Mây Tre", "Legal representative", "a one-stop counter ends it")
	var business string
	for _, part := range strings.Split(page, "<input")[1:] {
		if strings.Contains(part, `name="whose"`) && !strings.Contains(part, `value=""`) {
			business = after(t, part, `value="`)
		}
	}
	send(binh, "/account/mandates", "whose", business, "name", "Nguyễn Thị Hạnh", "number", hanhs).Want(403)
	send(hanh, "/account/mandates", "whose", business, "name", "Trần Văn Bình", "number", binhs).Want(303)
	says(t, binh, "/account/mandates", "Công ty Mây Tre", "Employee")
	send(clerk, "/desk/mandates", "kind", "parent", "holder", hanhs, "holderName", "Nguyễn Thị Hạnh", "giver", "999215000003", "giverName", "Nguyễn Minh An",
		"giverBorn.day", "1", "giverBorn.month", "6", "giverBorn.year", "2015", "paper", "Giấy khai sinh 12/2015").Want(303)
	says(t, hanh, "/account/mandates", "Nguyễn Minh An", "31 May 2033")
	send(binh, "/desk/mandates", "kind", "parent").Want(403)
	found := string(send(clerk.In("en"), "/desk/mandates/find", "who", hanhs).Want(200).Body)
	if strings.Contains(found, hanhs) || !strings.Contains(found, "Công ty Mây Tre") {
		t.Error("the desk shows a whole number, or nothing")
	}
	// The mother files for the child at the counter; the dossier says so.
	_, child, _ := strings.Cut(found, "for Nguyễn Minh An")
	id := after(t, child, `action="/desk/mandates/`)
	take := map[string]any{
		"service": service, "who": hanhs, "mandate": id, "applicant": map[string]any{"phone": "0912000001"}, "answers": birth()["answers"],
		"papers": []any{map[string]any{"paper": "birthSlip", "originals": 1}, map[string]any{"paper": "identity", "shownOnly": true}}, "delivery": "counter",
	}
	other := map[string]any{}
	for k, v := range take {
		other[k] = v
	}
	other["who"] = binhs
	clerk.Post("/api/v1/counter/dossiers", other).Want(422) // he acts for nobody
	code := clerk.Post("/api/v1/counter/dossiers", take).Want(201).Text("code")
	if d := clerk.Get("/api/v1/dossiers/" + code).Want(200); d.Text("applicant") != "Nguyễn Minh An" {
		t.Errorf("filed for %s", d.Text("applicant"))
	}
	says(t, hanh, "/dossiers/"+code, "Nguyễn Minh An", "Parent of a minor", "Giấy khai sinh 12/2015")
	// Somebody who has died is acted for by nobody.
	people, err := c.People.Find(t.Context(), "999215000003")
	if err != nil || len(people) != 1 {
		t.Fatal(len(people), err)
	}
	if err := c.People.UnlinkOf(t.Context(), people[0].ID, "death", "Giấy báo tử 1/2025"); err != nil {
		t.Fatal(err)
	}
	hanh.Get("/api/v1/dossiers/" + code).Want(404)
	again := clerk.In("en").Post("/api/v1/counter/dossiers", take)
	if again.Status == 201 {
		t.Error("a dossier was filed for somebody who has died")
	}
	// A new paper ends what the old one said.
	send(clerk, "/desk/mandates/"+id, "reason", "").Want(422)
	send(clerk, "/desk/mandates/"+id, "reason", "Đã có giấy mới").Want(303)
	send(clerk, "/desk/mandates/"+id, "reason", "Đã có giấy mới").Want(409)
}
