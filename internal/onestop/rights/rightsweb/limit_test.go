package rightsweb_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/db"
	"khue/internal/onestop/rights"
)

// ask sends a request about all of the citizen's data; answerers reads and answers it.
func ask(t *testing.T, c *citytest.City, kind, answer string) {
	t.Helper()
	who := c.As("citizen")
	post(who, "/account/data/requests", "kind", kind, "words", "Tôi không muốn hồ sơ cũ bị mở xem.").Want(303)
	page := string(c.AsLogin("lanhdao").Get("/desk/requests").Want(200).Body)
	link := caseLink.FindString(page)
	if link == "" {
		t.Fatal("the leaders of the city see no request")
	}
	if text := string(c.AsLogin("lanhdao").In("en").Get(link).Want(200).Body); !strings.Contains(text, "takes effect at once") && kind != "correction" {
		t.Errorf("who answers a %s is not told what it does", kind)
	}
	post(c.AsLogin("lanhdao"), link, "state", answer, "words", "Đã xem xét yêu cầu của bạn.").Want(303)
}

// TestARestrictionHolds: once granted, an ended dossier opens to nobody by a reason but to who has
// a duty by law, what is open goes on, nothing is filled in any more, and a later request lifts it.
func TestARestrictionHolds(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		who, clerk := c.As("citizen"), c.As("clerk")
		code := who.Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
		who.Post("/api/v1/dossiers/"+code+"/withdraw", map[string]any{}).Want(200)
		c.Pass(24 * time.Hour)
		open := who.Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
		begin := func() int {
			d, err := c.Apply.Begin(as(t, c, "citizen"), "hanoi.civil-status.birth-registration", "normal", "vi", "")
			if err != nil {
				t.Fatal(err)
			}
			return len(d.Answers)
		}
		counter := func() int { // only the number is told: the rest is what the city knows
			return clerk.Post("/api/v1/counter/dossiers", map[string]any{
				"service": "hanoi.civil-status.birth-registration", "who": "999196000001", "delivery": "counter", "applicant": map[string]any{"phone": "0912000001"},
				"answers": citytest.Birth()["answers"], "papers": []any{map[string]any{"paper": "birthSlip", "originals": 1}, map[string]any{"paper": "identity", "shownOnly": true}},
			}).Status
		}
		before := begin()
		if before == 0 || counter() != 201 {
			t.Fatal("nothing is filled in before: the test shows nothing")
		}
		clerk.Get("/desk/dossiers/" + code).Want(303)

		ask(t, c, "restriction", rights.Refused)
		clerk.Get("/desk/dossiers/" + code).Want(303)
		ask(t, c, "restriction", rights.Granted)
		refused := clerk.In("en").Do("GET", "/desk/dossiers/"+code, nil, map[string]string{"Accept": "text/html"}).Want(403)
		if !strings.Contains(string(refused.Body), "A reason is not enough") {
			t.Errorf("the page does not say why: %.400s", refused.Body)
		}
		clerk.Get("/desk/looks/reason?code=" + code).Want(403)
		at := clerk.Get("/desk/dossiers/" + open).Want(303).Header.Get("Location")
		if page := string(clerk.In("en").Get(at).Want(200).Body); !strings.Contains(page, "had the use of their data restricted") {
			t.Error("who has an open dossier in hand is not told that its person had it restricted")
		}
		reason := map[string]any{"choice": "complaint", "words": "Trả lời đơn số 12 của công dân"}
		clerk.Post("/api/v1/dossiers/"+code+"/reason", reason).Want(403)
		c.As("chairman").Get("/desk/dossiers/" + code).Want(303)
		c.As("chairman").Post("/api/v1/dossiers/"+code+"/reason", reason).Want(204)
		c.As("chairman").Get("/desk/dossiers/" + code).Want(200)
		c.As("auditor").Get("/desk/dossiers/" + code).Want(200)
		clerk.Get("/api/v1/dossiers/" + open).Want(200)
		if n := begin(); n != 0 {
			t.Errorf("%d answers are suggested", n)
		}
		if s := counter(); s != 422 {
			t.Errorf("at the counter what the city knows is filled in still: %d", s)
		}
		page := string(who.In("en").Get("/account/data").Want(200).Body)
		if !strings.Contains(page, "Restrictions in force") || !strings.Contains(page, "kind=lifting") {
			t.Error("the person does not see what holds, and how it is lifted")
		}
		if page := string(c.As("citizen2").In("en").Get("/account/data").Want(200).Body); strings.Contains(page, "Restrictions in force") || strings.Contains(page, "kind=lifting") {
			t.Error("somebody else's page shows it")
		}

		ask(t, c, "lifting", rights.Granted)
		clerk.Get("/desk/dossiers/" + code).Want(303)
		clerk.Post("/api/v1/dossiers/"+code+"/reason", reason).Want(204)
		clerk.Get("/desk/dossiers/" + code).Want(200)
		if n := begin(); n != before || counter() != 201 {
			t.Errorf("lifted, %d answers are suggested instead of %d", n, before)
		}
		if n := kinds(t, c); n[rights.KindLimited] != 1 || n[rights.KindFreed] != 1 {
			t.Errorf("the journal has %v", n)
		}

		// An objection stops new uses, and no look.
		ask(t, c, "objection", rights.Granted)
		if n := begin(); n != 0 {
			t.Errorf("after an objection %d answers are suggested", n)
		}
		clerk.Get("/desk/dossiers/" + code).Want(200)
	})
}

func kinds(t *testing.T, c *citytest.City) map[string]int {
	t.Helper()
	out := map[string]int{}
	err := c.DB.View(t.Context(), func(_ context.Context, v *db.View) error {
		rows := v.Query(`SELECT kind, count(*) FROM journal_entry WHERE kind IN ($1, $2) GROUP BY kind`, rights.KindLimited, rights.KindFreed)
		defer rows.Close()
		for rows.Next() {
			var kind string
			var n int
			if err := rows.Scan(&kind, &n); err != nil {
				return err
			}
			out[kind] = n
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTermsSayWhoSetThem: no term passes for the law's without an article.
func TestTermsSayWhoSetThem(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	page := string(c.As("auditor").In("en").Get("/admin/retention").Want(200).Body)
	for _, want := range []string{"The city&#39;s own choice", "A law asks for it; the city chose the term", "Who set the term"} {
		if !strings.Contains(page, want) {
			t.Errorf("the table does not say %q", want)
		}
	}
	for _, r := range c.Rights.Rules() {
		if r.Source == rights.FromCity && strings.Contains(r.Law, "Luật") || r.Source == rights.FromLaw && r.Cite == "" {
			t.Errorf("%s says %s by %q %q", r.ID, r.Source, r.Law, r.Cite)
		}
	}
}
