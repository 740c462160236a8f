package accessweb_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/db"
	"khue/internal/kernel/web"
	"khue/internal/register/access"
	"khue/internal/register/person"
)

// post sends a form as a browser without JavaScript does.
func post(a citytest.Actor, path string, f url.Values) citytest.Answer {
	f.Set("_key", web.NewKey())
	return a.Do("POST", path, []byte(f.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
}

// TestLooksAtAPersonReachThePerson: what was filed at a counter under somebody's number, and
// each look at what the register keeps under it, stands on the page of whoever has proved that
// the number is theirs.
func TestLooksAtAPersonReachThePerson(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		// The invented citizen is verified; the clerk files for them, they stand at the counter.
		const number = "999196000001"
		answers := citytest.Birth()["answers"].(map[string]any)
		code := c.As("clerk").Post("/api/v1/counter/dossiers", map[string]any{
			"service": "hanoi.civil-status.birth-registration", "who": number, "applicant": map[string]any{"name": "Nguyễn Thị Hạnh", "phone": "0912000001"}, "answers": answers,
			"papers": []any{map[string]any{"paper": "birthSlip", "originals": 1}, map[string]any{"paper": "identity", "shownOnly": true}}, "delivery": "counter",
		}).Want(201).Text("code")
		mine := func() string { return string(c.As("citizen").In("en").Get("/account/looks").Want(200).Body) }
		page := mine()
		for _, want := range []string{"What the city knows of you", "stood at the counter", "One-stop clerk"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page of the person does not say %q", want)
			}
		}

		// Each way of the register leaves its look with its basis: here mandates, duplicates and
		// the numbers in a dossier.
		c.Pass(access.Stretch)
		since := c.Clock.Now()
		var rows []person.Person
		for _, n := range []person.Number{number, "999196000099"} {
			var p person.Person
			if err := c.DB.InTx(t.Context(), func(_ context.Context, tx *db.Tx) (err error) {
				p, err = c.People.Remember(tx, n, person.Facts{Name: "Nguyễn Thị Hạnh", Born: "1996-09-02"})
				return err
			}); err != nil {
				t.Fatal(err)
			}
			rows = append(rows, p)
		}
		post(c.As("clerk"), "/desk/mandates/find", url.Values{"who": {number}}).Want(200)
		steward := c.AsLogin("dulieu")
		steward.Get("/admin/people/duplicates").Want(200)
		steward.Get("/admin/people/duplicates/" + rows[0].ID.String() + "/" + rows[1].ID.String()).Want(200)
		post(c.As("clerk"), "/desk/dossiers/"+code+"/numbers", url.Values{"reason": {"Đối chiếu với sổ hộ tịch"}}).Want(200)
		page = mine()
		for _, want := range []string{code, "Keeps the register of persons", "The personal numbers in the dossier, not masked"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page of the person does not say %q", want)
			}
		}
		for _, never := range []string{number, "Đối chiếu"} {
			if strings.Contains(page, never) {
				t.Errorf("the page says %q", never)
			}
		}
		if n := entries(t, c, rows[0].ID, since); n != 2 { // at the counter, and side by side
			t.Errorf("%d looks at the person are in the journal", n)
		}
		c.Eventually("the list of duplicates is told", func() bool {
			return strings.Contains(string(c.As("citizen").In("en").Get("/account/looks?what=list").Want(200).Body), "Keeps the register")
		})
		if other := string(c.As("citizen2").In("en").Get("/account/looks").Want(200).Body); strings.Contains(other, "register of persons") || strings.Contains(other, code) {
			t.Error("somebody else reads the looks at the person")
		}

		// They may ask about a look at themselves: the question knows what it is about.
		look := page[strings.Index(page, "/account/data/requests/new?look="):]
		look = look[:strings.IndexByte(look, '"')]
		c.As("citizen").Get(strings.ReplaceAll(look, "&amp;", "&")).Want(200)
	})
}

// entries counts the journal's looks at a person since an instant.
func entries(t *testing.T, c *citytest.City, v person.ID, since time.Time) (n int) {
	t.Helper()
	err := c.DB.View(t.Context(), func(_ context.Context, q *db.View) error {
		rows := q.Query(`SELECT payload FROM journal_entry WHERE kind = $1 AND subject_type = $2 AND subject_id = $3 AND at >= $4`, access.KindLooked, "access.person", v, db.Millis(since))
		defer rows.Close()
		for rows.Next() {
			var raw []byte
			var p access.Seen
			if err := rows.Scan(&raw); err != nil {
				return err
			}
			if err := json.Unmarshal(raw, &p); err != nil || p.What != access.Person || p.Basis != access.ByDuty {
				t.Errorf("a look says %+v", p)
			}
			n++
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
