package dossierweb_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/id"
	"khue/internal/kernel/web"
	"khue/internal/onestop/desk"
)

// TestSavedFilters: what the list knows of an address is kept under a name and nothing else;
// the default opens it; only who leads the unit shares; one's own are nobody else's; a unit
// where one has no part shows nothing.
func TestSavedFilters(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		clerk, chair := c.As("clerk").In("en"), c.As("chairman").In("en")
		for range 3 {
			c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201)
		}
		post := func(a citytest.Actor, want int, fields ...string) citytest.Answer {
			t.Helper()
			form := url.Values{"_key": {web.NewKey()}}
			for i := 0; i < len(fields); i += 2 {
				form.Set(fields[i], fields[i+1])
			}
			return a.Do(http.MethodPost, "/desk/queue/filters", []byte(form.Encode()), asBrowser()).Want(want)
		}
		hidden := func(page, name string) string {
			t.Helper()
			m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
			if m == nil {
				t.Fatalf("the page has no field %s", name)
			}
			return html.UnescapeString(m[1])
		}

		// From the form of the page, with parameters that the list does not know.
		query := hidden(deskPage(clerk, "/desk/queue?role=clerk&holder=free&procedure=&cursor=&evil=%2F%2Fx&tick=page"), "query")
		if !strings.HasPrefix(query, "holder=free&role=clerk&unit=") || strings.Count(query, "&") != 2 {
			t.Fatalf("the form would keep %q", query)
		}
		to := post(clerk, 303, "query", query+"&evil=1&state=nonsense", "name", "Free <now>", "first", "1").Header.Get("Location")
		if strings.Contains(to, "evil") || strings.Contains(to, "nonsense") || !strings.Contains(to, "holder=free&role=clerk") {
			t.Errorf("after keeping one goes to %s", to)
		}
		first := clerk.Do(http.MethodGet, "/desk/queue", nil, asBrowser()).Want(303).Header.Get("Location")
		page := deskPage(clerk, first)
		if first != "/desk/queue?"+query || !regexp.MustCompile(`aria-current="true">\s*Free &lt;now&gt;\s*<span class="kh-filters__count">3</span>`).MatchString(page) {
			t.Errorf("the queue opens at %s; its tab does not stand out with the three that match", first)
		}
		if whole := deskPage(clerk, "/desk/queue?unit="); !strings.Contains(whole, "Free &lt;now&gt;") || regexp.MustCompile(`\?due=\w+"`).MatchString(whole) || strings.Contains(whole, `kh-filters__link" href="/desk/queue"`) {
			t.Error("the whole queue is out of reach, or a link of it leads to the default")
		}

		// What is wrong is said, and what was typed stays.
		bad := string(post(clerk, 422, "query", query, "id", hidden(page, "id"), "version", "1", "do", "keep", "name", strings.Repeat("x", 61)).Body)
		if !strings.Contains(bad, "longer than 60") || !strings.Contains(bad, strings.Repeat("x", 61)) {
			t.Error("a name that is too long is not answered with what to do and what was typed")
		}
		post(clerk, 303, "query", query, "id", hidden(page, "id"), "version", "1", "do", "keep", "name", "Free")
		post(clerk, 409, "query", query, "id", hidden(page, "id"), "version", "1", "do", "keep", "name", "Late hand")

		// Shared by who leads.
		if refused := string(post(clerk, 403, "query", query, "name", "For all", "owner", "unit").Body); !strings.Contains(refused, "Only the head or the leader") {
			t.Error("a clerk who shares is not told who may")
		}
		unit, _ := url.ParseQuery(query)
		post(chair, 303, "query", "due=late&unit="+unit.Get("unit"), "name", "Late ones", "owner", "unit")
		shared := deskPage(clerk, "/desk/queue?due=late")
		if !strings.Contains(shared, "Late ones (unit)") || strings.Contains(shared, "Delete the filter") {
			t.Error("the clerk does not see what is shared, or may delete it")
		}
		theirs := deskPage(chair, "/desk/queue?due=late&unit="+unit.Get("unit"))
		if !strings.Contains(theirs, "Delete the filter") || strings.Contains(theirs, ">Free<") {
			t.Error("the chairman may not delete what he shared, or sees the clerk's own")
		}
		post(clerk, 404, "query", query, "id", hidden(theirs, "id"), "version", "1", "do", "delete")
		post(chair, 404, "query", query, "id", hidden(page, "id"), "version", "2", "do", "first")

		// A unit where the reader has no part.
		account, err := id.Parse[auth.Account](c.Account("clerk").ID)
		if err != nil {
			t.Fatal(err)
		}
		me := auth.With(t.Context(), auth.Subject{Account: int64(account), Name: "Trang", Kind: auth.KindOfficer})
		lost, err := c.Desk.KeepFilter(me, desk.Filter{Account: int64(account), Unit: c.Units.Now().Government().ID, Name: "Old office", Query: "due=late", Default: true}, web.NewKey())
		if err != nil {
			t.Fatal(err)
		}
		gone := deskPage(clerk, "/desk/queue")
		if !strings.Contains(gone, "“Old office” shows nothing") || strings.Contains(gone, `name="task"`) {
			t.Error("the filter of a lost unit does not say that it shows nothing")
		}
		post(clerk, 303, "query", hidden(gone, "query"), "id", lost.String(), "version", hidden(gone, "version"), "do", "delete")
		if left := deskPage(clerk, "/desk/queue"); strings.Contains(left, "Old office") || !strings.Contains(left, "Free") {
			t.Error("the deleted filter is still there, or more went with it")
		}
	})
}
