package holidayweb_test

import (
	"net/url"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/web"
)

func send(a citytest.Actor, path string, form url.Values) citytest.Answer {
	form.Set("_key", web.NewKey())
	return a.Do("POST", path, []byte(form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
}

// What came of a page that is sent with nonsense, by whom, and what it shows of it.
func TestCalendarPages(t *testing.T) {
	t.Parallel()
	c := citytest.New(t, citytest.At(clock.MustDate("2026-11-20").At(9, 30)))
	good := func() url.Values {
		return url.Values{
			"kind": {"holiday"}, "from.day": {"25"}, "from.month": {"11"}, "from.year": {"2026"}, "vi": {"Nghỉ <b>bão</b>"}, "en": {"Storm day off"}, "source": {"Công điện 01/CĐ-UBND"},
		}
	}
	c.As("citizen").Get("/admin/calendar").Want(403)
	if page := string(c.As("auditor").In("en").Get("/admin/calendar?year=2026").Want(200).Body); !strings.Contains(page, "Vietnam Culture Day") || strings.Contains(page, "Send the proposal") {
		t.Error("an auditor reads the calendar and cannot propose")
	}
	for _, year := range []string{"1", "99999", "x", "2030"} {
		c.As("clerk").Get("/admin/calendar?year=" + year).Want(200)
	}
	c.As("clerk").Get("/admin/calendar?unit=99999").Want(404)
	send(c.As("clerk"), "/admin/calendar", good()).Want(403)
	for name, change := range map[string]func(url.Values){
		"no such day":      func(f url.Values) { f.Set("from.day", "31"); f.Set("from.month", "2") },
		"an unknown kind":  func(f url.Values) { f.Set("kind", "party") },
		"a very long name": func(f url.Values) { f.Set("vi", strings.Repeat("x", 500)) },
		"an end that is no day": func(f url.Values) {
			f.Set("to.day", "99")
		},
		"hours that are none": func(f url.Values) { f.Set("kind", "cityHours"); f.Set("week-am-from", "8h") },
	} {
		f := good()
		change(f)
		if page := string(send(c.As("designer"), "/admin/calendar", f).Want(422).Body); !strings.Contains(page, "kh-error-summary") || !strings.Contains(page, "Công điện 01/CĐ-UBND") {
			t.Errorf("%s: what was typed is lost, or nothing is said", name)
		}
	}
	send(c.As("designer"), "/admin/calendar", good()).Want(303)
	page := string(c.As("leader").Get("/admin/calendar").Want(200).Body)
	if strings.Contains(page, "<b>bão") || !strings.Contains(page, "&lt;b&gt;bão") {
		t.Error("a name is drawn as markup")
	}
	_, rest, _ := strings.Cut(page, `action="/admin/calendar/`)
	change, _, _ := strings.Cut(rest, `"`)
	decide := func(a citytest.Actor, form url.Values) citytest.Answer {
		return send(a, "/admin/calendar/"+change, form)
	}
	decide(c.As("designer"), url.Values{"do": {"approve"}}).Want(403) // its proposer
	decide(c.As("chairman"), url.Values{"do": {"approve"}}).Want(403) // of a ward
	decide(c.As("leader"), url.Values{"do": {"reject"}}).Want(422)    // why?
	decide(c.As("leader"), url.Values{"do": {"approve"}}).Want(303)
	decide(c.As("leader"), url.Values{"do": {"approve"}}).Want(409)
	if page := string(c.As("clerk").In("en").Get("/admin/calendar").Want(200).Body); !strings.Contains(page, "vn-public-2026.1+1") || !strings.Contains(page, "Storm day off") {
		t.Error("the approved day is not in the calendar")
	}
	send(c.As("leader"), "/admin/calendar/12", url.Values{"do": {"approve"}}).Want(404)
}
