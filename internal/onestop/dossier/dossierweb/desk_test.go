package dossierweb_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/web"
)

func asBrowser() map[string]string {
	return map[string]string{"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}
}

func deskPage(a citytest.Actor, path string) string {
	return string(a.Do(http.MethodGet, path, nil, asBrowser()).Want(200).Body)
}

// TestDeskLists: the day's list says why, the unit's list is narrowed by filters that tell
// what they would leave, and ticked rows are looked at before anything is done.
func TestDeskLists(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		clerk := c.As("clerk").In("en")
		var codes []string
		for range 3 {
			codes = append(codes, c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code"))
		}
		today := deskPage(clerk, "/desk")
		for _, want := range []string{codes[0], codes[2], "today, ", "nothing is promised"} {
			if !strings.Contains(today, want) {
				t.Errorf("today does not say %q", want)
			}
		}
		id, version := task(t, c, "clerk", codes[1])
		clerk.Post("/api/v1/tasks/"+id+"/claim", map[string]any{"version": version}).Want(200)
		free := deskPage(clerk, "/desk/queue?holder=free")
		if strings.Contains(free, codes[1]) || !strings.Contains(free, codes[0]) || !strings.Contains(free, "You (1)") || !strings.Contains(free, "Nobody yet (2)") && !strings.Contains(free, "(2)") {
			t.Error("the filter by holder shows another's task, or does not count")
		}
		number := func(id string) string {
			m := regexp.MustCompile(`id="` + id + `"[^>]*>\s*(\d*)`).FindStringSubmatch(deskPage(clerk, "/desk/menu"))
			return m[1]
		}
		if mine, unit := number("menu-mine"), number("menu-unit"); mine != "1" || unit != "3" {
			t.Errorf("the menu counts %q of mine and %q of the unit, want 1 and 3", mine, unit)
		}
		if mine := deskPage(clerk, "/desk/mine"); !strings.Contains(mine, codes[1]) || strings.Contains(mine, codes[0]) {
			t.Error("what I hold is not what I took")
		}
		if got := clerk.Do(http.MethodGet, "/desk?role=clerk", nil, asBrowser()); got.Status != 303 || !strings.HasPrefix(got.Header.Get("Location"), "/desk/queue?") {
			t.Errorf("the old address: %d %s", got.Status, got.Header.Get("Location"))
		}

		// Ticked rows: refuse asks for a reason, and nothing is done before it is given.
		box := regexp.MustCompile(`name="task"\s+value="([^"]+)"`)
		rows := box.FindAllStringSubmatch(deskPage(clerk, "/desk/queue"), -1)
		if len(rows) != 3 {
			t.Fatalf("%d boxes, want 3", len(rows))
		}
		form := url.Values{"do": {"act:refuse"}, "back": {"/desk/queue"}, "_key": {web.NewKey()}}
		for _, r := range rows {
			form.Add("task", r[1])
		}
		post := func(path string, want int) string {
			t.Helper()
			return string(clerk.Do(http.MethodPost, path, []byte(form.Encode()), asBrowser()).Want(want).Body)
		}
		if seen := post("/desk/bulk/preview", 200); !strings.Contains(seen, "3 dossiers") || !strings.Contains(seen, `name="comment"`) {
			t.Error("the look before does not ask for the reason")
		}
		post("/desk/bulk", 422)
		// A colleague is faster with one: it fails in its row, the others are done.
		act(t, c, "clerk", codes[0], "accept", nil).Want(200)
		form.Set("comment", "Outside our territory")
		done := post("/desk/bulk", 200)
		if !strings.Contains(done, "2 dossiers are done; 1 could not be") {
			t.Errorf("the result says %.3000s", done)
		}
		if s := c.As("citizen").Get("/api/v1/dossiers/" + codes[1]).Want(200).Text("state"); s != "notAccepted" {
			t.Errorf("refused dossier is %s", s)
		}
		if s := c.As("citizen").Get("/api/v1/dossiers/" + codes[0]).Want(200).Text("state"); s == "notAccepted" {
			t.Error("the accepted one was refused")
		}
		// All that match, by the list's own filter.
		form = url.Values{"do": {"claim"}, "all": {"1"}, "back": {"/desk/queue?due=today"}}
		post("/desk/bulk/preview", 422) // nothing is left
	})
}
