package accessweb_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/id"
	"khue/internal/register/access"
)

// tale is what a city has for the routes: a dossier on the clerk's desk, and one that is ready.
type tale struct {
	c          *citytest.City
	code, task string
	id         int64
}

func begin(t *testing.T, c *citytest.City) *tale {
	t.Helper()
	x := &tale{c: c}
	x.code = c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
	x.task = c.As("clerk").Get("/api/v1/tasks?role=clerk").Want(200).Text("items.0.id")
	d, _, err := c.Dossiers.Seeable(auth.With(t.Context(), auth.Subject{Account: account(t, c, "citizen"), Kind: auth.KindCitizen}), x.code)
	if err != nil {
		t.Fatal(err)
	}
	x.id = int64(d)
	return x
}

func account(t *testing.T, c *citytest.City, role string) int64 {
	t.Helper()
	v, err := id.Parse[auth.Account](c.Account(role).ID)
	if err != nil {
		t.Fatal(err)
	}
	return int64(v)
}

// looks counts the journal's looks of an account since an instant, and those at the dossier.
func (x *tale) looks(t *testing.T, account int64, since time.Time) (all, at int) {
	t.Helper()
	err := x.c.DB.View(t.Context(), func(_ context.Context, v *db.View) error {
		rows := v.Query(`SELECT payload, subject_id FROM journal_entry WHERE kind = $1 AND actor = $2 AND at >= $3`, access.KindLooked, account, db.Millis(since))
		defer rows.Close()
		for rows.Next() {
			var raw []byte
			var subject int64
			if err := rows.Scan(&raw, &subject); err != nil {
				return err
			}
			var p access.Seen
			if err := json.Unmarshal(raw, &p); err != nil {
				return err
			}
			all++
			if subject == x.id {
				at++
			}
			for _, a := range p.About {
				if int64(a) == x.id {
					at++
				}
			}
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, at
}

// shows are the routes on which an officer reads personal data, with who reads them and at
// which address. quiet are those that show none, and why.
func shows(x *tale) map[string][2]string {
	return map[string][2]string{
		"GET /desk":                          {"clerk", "/desk"},
		"GET /desk/queue":                    {"clerk", "/desk/queue"},
		"GET /desk/mine":                     {"clerk", "/desk/mine"},
		"GET /desk/search":                   {"clerk", "/desk/search?q=" + x.code},
		"GET /desk/tasks/{id}":               {"clerk", "/desk/tasks/" + x.task},
		"GET /desk/dossiers/{code}":          {"clerk", "/desk/dossiers/" + x.code},
		"GET /desk/dossiers/{code}/correct":  {"clerk", "/desk/dossiers/" + x.code + "/correct"},
		"GET /desk/dossiers/{code}/order":    {"chairman", "/desk/dossiers/" + x.code + "/order"},
		"GET /api/v1/tasks":                  {"clerk", "/api/v1/tasks?role=clerk"},
		"GET /api/v1/dossiers/{code}/orders": {"chairman", "/api/v1/dossiers/" + x.code + "/orders"},
		"GET /desk/book":                     {"clerk", "/desk/book?unit=00133"},
		"GET /desk/book/book.xlsx":           {"clerk", "/desk/book/book.xlsx"},
	}
}

// quiet are the routes that show no personal data of citizens, or leave their look with an act
// that other tests hold.
var quiet = map[string]string{
	"GET /desk/keys": "shortcuts", "GET /desk/phrases": "phrases", "GET /desk/leave": "officers' own leave", "GET /desk/balance": "figures",
	"GET /desk/report": "figures", "GET /desk/report/report.csv": "figures", "GET /desk/report/report.xlsx": "figures",
	"GET /desk/dates": "a list of dossiers with a new date: empty without one; dossier.Redates lists", "GET /desk/orders": "empty without an order; dossier.orders lists",
	"GET /desk/orders/{id}/note.pdf": "needs an order; reads the dossier", "GET /desk/splits": "asks of dossiers in divided communes; none here",
	"GET /desk/counter": "services, and unfinished intakes of known people: counter.Waiting lists", "GET /desk/counter/new/{service}": "an empty form",
	"GET /desk/counter/in/{id}": "TestCounter", "GET /desk/counter/in/{id}/check": "TestCounter", "GET /desk/counter/in/{id}/files/{digest}": "a scan of the reader's own intake",
	"GET /desk/originals": "empty without originals; counter.Originals lists", "GET /desk/originals/batches/{id}": "counter.FindBatch lists",
	"GET /desk/originals/batches/{id}/slip.pdf": "counter.FindBatch lists", "GET /desk/return": "TestReturn", "GET /desk/return/{code}": "TestReturn",
	"GET /desk/return/{code}/notice.pdf": "counter.Pickup reads the dossier", "GET /desk/return/{code}/slip.pdf": "counter.ReturnOf reads the dossier",
	"GET /desk/looks": "who looked, by code", "GET /desk/looks/reason": "a code", "GET /admin/looks": "who looked, by code",
	"GET /admin/certificates": "officers' cards", "GET /admin/certificates/{id}/look.png": "an officer's signature", "GET /admin/health": "queues and figures", "GET /admin/health/jobs/{id}": "a job's kind and error",
	"GET /desk/payments": "a look-up by reference", "GET /desk/payments/{order}": "who owes what: an order names its payer as the receipt does; dossiers are opened by their own pages",
	"GET /desk/suspense": "transfers of which nobody knows whose they are", "GET /desk/suspense/{money}": "one of them, for whoever looks for its payer",
	"GET /desk/cash": "shifts of a cash desk", "GET /desk/reconcile": "sums and differences",
	"GET /admin": "links", "GET /admin/calendar": "days", "GET /admin/fees": "fees", "GET /admin/roles": "roles", "GET /admin/units": "units", "GET /admin/units/{id}": "units",
	"GET /admin/templates": "papers without anybody", "GET /admin/imports": "officers", "GET /admin/imports/officers": "officers",
	"GET /admin/imports/officers/template.xlsx": "an empty sheet", "GET /admin/imports/officers/{id}": "officers", "GET /admin/officers": "officers",
	"GET /admin/officers/new": "officers", "GET /admin/officers/{account}": "officers", "GET /admin/proposals": "officers",
	"GET /admin/reorganise": "plans", "GET /admin/reorganise/plans/{plan}": "plans and figures", "GET /admin/reorganise/{id}": "figures",
	"GET /desk/leader": "empty until something is to be signed; dossier.Leader lists", "GET /desk/counter/in/{id}/uploads": "names of the reader's own scans",
	"GET /desk/counter/in/{id}/uploads/{upload}": "how much of a scan arrived", "GET /api/v1/counter/ready": "TestReturn",
	"GET /api/v1/counter/originals": "counter.Originals lists", "GET /api/v1/counter/batches/{id}": "counter.FindBatch lists",
	"GET /admin/kiosks": "machines", "GET /admin/clients": "programs", "GET /admin/clients/new": "an empty form", "GET /desk/recovery": "an empty form", "GET /desk/sessions": "an empty form", "GET /desk/menu": "figures",
	"GET /admin/imports/dossiers": "files that were brought in", "GET /admin/imports/dossiers/template.xlsx": "an empty sheet",
	"GET /admin/imports/dossiers/{id}": "rows of the reader's own file, before there is a dossier", "GET /admin/imports/dossiers/{id}/report.xlsx": "the same",
	"GET /admin/templates/{service}/{version}/{paper}": "papers without anybody",
	"GET /scim/v2/ServiceProviderConfig":               "officers", "GET /scim/v2/ResourceTypes": "officers", "GET /scim/v2/Users": "officers", "GET /scim/v2/Users/{id}": "officers",
	"GET /scim/v2/Groups": "officers", "GET /scim/v2/Groups/{id}": "officers", "GET /admin/policies": "policies",
	// The looks of these are at persons: TestLooksAtAPersonReachThePerson.
	"GET /desk/identity": "cards that wait: person.WaitingChecks lists", "GET /desk/identity/{id}": "person.Compare", "GET /desk/people/{id}/facts": "person.Reveal",
	"GET /admin/people/duplicates": "person.Duplicates", "GET /admin/people/duplicates/{a}/{b}": "person.PairOf", "GET /desk/mandates": "an empty form; person.Reveal",
	"GET /desk/dossiers/{code}/numbers": "reads the dossier first",
	"GET /desk/requests":                "rightsweb.TestQuestion", "GET /desk/requests/{id}": "rightsweb.TestQuestion", "GET /desk/requests/{id}/paper": "rightsweb opens the case first",
	"GET /admin/notices": "addresses half hidden, without names and texts", "GET /admin/retention": "terms and figures", "GET /admin/retention/{id}": "codes",
	"GET /admin/retention/holds": "codes and masked numbers", "GET /admin/retention/holds/{id}": "codes and masked numbers",
	"GET /api/v1/orders": "empty without an order; dossier.orders lists",
	"GET /desk/to-sign":  "result.ToSign lists names and looks: resultweb", "GET /desk/to-sign/{batch}": "numbers and codes", "GET /desk/parcels": "numbers and codes",
	"GET /desk/results/{id}/paper.pdf": "result.Drawn looks: resultweb", "GET /dossiers/{code}/sign": "dossier.Find looks", "GET /dossiers/{code}/signed/{paper}": "dossier.Find looks",
	"GET /sign/{errand}": "the reader's own papers", "GET /sign/{errand}/request.json": "digests", "GET /sign/{errand}/papers/{paper}": "the reader's own papers",
	"GET /desk/results": "numbers, codes and initials", "GET /desk/results/{id}": "initials; a correction reads the register", "GET /desk/numbers": "numbers and codes", "GET /desk/numbers/book.csv": "numbers and codes",
	"GET /desk/registers": "figures", "GET /desk/registers/{register}": "record.Search looks: resultweb reads one", "GET /desk/registers/{register}/entries.csv": "record.Search looks",
	"GET /desk/registers/{register}/entries.json": "record.Search looks", "GET /desk/records/{id}": "record.Open looks: resultweb reads one",
}

// TestEveryPageOfOfficersLeavesALook is made from the list of routes: a page for officers is
// either named as one that shows nobody's data, or leaves a look before it shows it.
func TestEveryPageOfOfficersLeavesALook(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	x := begin(t, c)
	c.As("clerk").Post("/api/v1/tasks/"+x.task+"/claim", map[string]any{"version": 1}).Want(200)
	known := shows(x)
	for _, r := range c.Server.Routes() {
		if r.Method != http.MethodGet || r.Policy == auth.Public || r.Policy == auth.SignedIn {
			continue
		}
		name := r.Method + " " + r.Path
		who, ok := known[name]
		if _, listed := quiet[name]; !ok && !listed && !strings.HasPrefix(r.Path, "/admin/services") {
			t.Errorf("%s is a page for officers: say in shows how it leaves a look, or in quiet why it shows nobody's data", name)
		}
		if !ok || strings.HasPrefix(r.Path, "/desk/book") {
			continue
		}
		c.Pass(access.Stretch)
		since := c.Clock.Now()
		if got := c.As(who[0]).Get(who[1]); got.Status >= 400 { // a dossier with an open task leads to it
			t.Errorf("%s answers %d", name, got.Status)
		}
		if _, at := x.looks(t, account(t, c, who[0]), since); at == 0 {
			t.Errorf("%s showed the dossier and left no look", name)
		}
	}
}

// TestLooks: one look in ten minutes, read by the person with unit, post and basis.
func TestLooks(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		x := begin(t, c)
		since := c.Clock.Now()
		c.Pass(access.Stretch)
		for range 3 {
			c.As("clerk").Get("/desk/tasks/" + x.task).Want(200)
		}
		if all, at := x.looks(t, account(t, c, "clerk"), since.Add(time.Second)); all != 1 || at != 1 {
			t.Fatalf("three openings within ten minutes left %d looks, %d at the dossier", all, at)
		}
		c.Pass(access.Stretch)
		c.As("clerk").Get("/desk/tasks/" + x.task).Want(200)
		if _, at := x.looks(t, account(t, c, "clerk"), since.Add(time.Second)); at != 2 {
			t.Fatalf("after ten minutes there are %d looks", at)
		}
		page := string(c.As("citizen").In("en").Get("/account/looks").Want(200).Body)
		for _, want := range []string{x.code, "One-stop clerk", "The post handles this dossier"} {
			if !strings.Contains(page, want) {
				t.Errorf("the person's page does not say %q", want)
			}
		}
		if strings.Contains(page, c.Account("clerk").Name) {
			t.Error("the officer's name is shown though the city did not decide so")
		}
		// The list on which the clerk saw it first arrives by the follower, once a day.
		c.Eventually("the list is told", func() bool {
			return strings.Contains(string(c.As("citizen").Get("/api/v1/my/looks?what=list").Want(200).Body), x.code)
		})
		// Somebody else reads nothing of it.
		if other := string(c.As("citizen2").Get("/api/v1/my/looks").Want(200).Body); strings.Contains(other, x.code) {
			t.Error("another citizen reads the looks")
		}
	})
}

// TestClosedDossiersNeedAReason: after the day on which it ended nobody opens a dossier without
// saying why; the reason stands on the boards of the head and of the auditor.
func TestClosedDossiersNeedAReason(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		x := begin(t, c)
		c.As("citizen").Post("/api/v1/dossiers/"+x.code+"/withdraw", map[string]any{}).Want(200)
		c.Pass(24 * time.Hour)
		clerk := c.As("clerk")
		r := clerk.Get("/desk/dossiers/" + x.code).Want(303)
		ask := r.Header.Get("Location")
		if !strings.HasPrefix(ask, "/desk/looks/reason?") {
			t.Fatalf("it leads to %s", ask)
		}
		clerk.Get(ask).Want(200)
		if code := clerk.Get("/api/v1/dossiers/" + x.code).Want(403).Text("type"); code == "" {
			t.Error("a program is told nothing")
		}
		since := c.Clock.Now()
		clerk.Post("/api/v1/dossiers/"+x.code+"/reason", map[string]any{"choice": "complaint", "words": "short"}).Want(422)
		clerk.Get("/desk/dossiers/" + x.code).Want(303)
		if all, _ := x.looks(t, account(t, c, "clerk"), since); all != 0 {
			t.Error("a look was written for what was not shown")
		}
		clerk.Post("/api/v1/dossiers/"+x.code+"/reason", map[string]any{"choice": "complaint", "words": "Trả lời đơn số 12 của công dân"}).Want(204)
		clerk.Get("/desk/dossiers/" + x.code).Want(200)
		for who, path := range map[string]string{"chairman": "/desk/looks", "auditor": "/admin/looks"} {
			if page := string(c.As(who).Get(path).Want(200).Body); !strings.Contains(page, "đơn số 12") {
				t.Errorf("%s does not read the reason", who)
			}
		}
		clerk.Get("/desk/looks").Want(403)
		clerk.Get("/admin/looks").Want(403)
		page := string(c.As("citizen").In("en").Get("/account/looks").Want(200).Body)
		if !strings.Contains(page, "Handles a complaint") || strings.Contains(page, "đơn số 12") {
			t.Error("the person reads the choice, and not what may speak of others")
		}
		c.Pass(9 * time.Hour)
		clerk.Get("/desk/dossiers/" + x.code).Want(303)
		c.As("citizen2").Post("/api/v1/dossiers/"+x.code+"/reason", map[string]any{"choice": "complaint", "words": "Tôi muốn xem hồ sơ này"}).Want(403)
	})
}
