package app_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/web"
)

// asked are addresses that take an id of others in their query, with a word that only its
// owner may find there.
func (s *seed) asked() []struct{ path, owner, word string } {
	u := s.id["agency"]
	return []struct{ path, owner, word string }{
		{"/desk/queue?unit=" + u, "motcua", s.id["dossier"]},
		{"/desk/originals?unit=" + u, "motcua", s.id["ready"]},
		{"/desk/payments?unit=" + u, "motcua", "TEST"},
		{"/desk/suspense?unit=" + u, "motcua", "TEST-2"},
		{"/desk/leader?unit=" + u, "chutich", s.id["moved"]},
		{"/desk/book?unit=" + u, "motcua", s.id["moved"]},
		{"/desk/results?unit=" + u, "motcua", "01/QĐ-SNV"},
		{"/desk/numbers?kind=martyr-worship&year=2025&unit=" + u, "motcua", s.id["moved"]},
		{"/desk/registers/martyr-worship?unit=" + u, "motcua", "Lê Văn Ái"},
		{"/desk/report?unit=" + u, "motcua", "Ngọc Lâm"},
		{"/desk/balance?unit=" + u, "lanhdao", "Ngọc Lâm"},
		{"/desk/phrases?edit=" + s.id["phrase"], "motcua", "Đề nghị chụp lại."},
		{"/desk/search?q=" + s.id["moved"], "motcua", "Nguyễn Thị Hạnh"},
		{"/admin/officers?unit=" + u, "chutich", "Đỗ Minh Châu"},
		{"/admin/reorganise?code=" + s.id["moved"], "lanhdao", s.id["moved"]},
		{"/api/v1/tasks?unit=" + u, "motcua", s.id["dossier"]},
		{"/api/v1/counter/originals?code=" + s.id["ready"], "motcua", s.id["original"]},
		{"/api/v1/counter/ready", "motcua", s.id["ready"]},
		{"/api/v1/my/dossiers", "0912000001", s.id["dossier"]},
		{"/api/v1/inbox", "0912000001", s.id["notice"]},
		{"/api/v1/orders", "hotich", s.id["order"]},
		{"/api/v1/service-submissions", "0912000001", s.id["package"]},
	}
}

// TestAnothersIdInAQueryTellsNothing asks lists and forms for what belongs to others.
func TestAnothersIdInAQueryTellsNothing(t *testing.T) {
	t.Parallel()
	s := sow(t)
	for _, x := range s.asked() {
		if a := s.AsLogin(x.owner).Get(x.path); a.Status != 200 || !strings.Contains(string(a.Body), x.word) {
			t.Errorf("%s as %s: %d without %q", x.path, x.owner, a.Status, x.word)
		}
		for _, login := range strangers {
			who := s.Visitor()
			if login != "" {
				who = s.AsLogin(login)
			}
			a := who.Get(x.path)
			body := string(a.Body)
			if _, after, ok := strings.Cut(x.path, "="); ok { // what was asked for may be said back
				body = strings.ReplaceAll(body, after, "")
			}
			if !refused(a) && strings.Contains(body, x.word) && !(x.word == "Ngọc Lâm" && !strings.Contains(body, "UBND phường Ngọc Lâm")) {
				t.Errorf("%s tells %q: %d …%s…", x.path, login, a.Status, around(body, x.word))
			}
		}
	}
}

// TestAnothersIdInABodyChangesNothing sends forms and commands that name what belongs to
// others, and looks whether it is as it was.
func TestAnothersIdInABodyChangesNothing(t *testing.T) {
	t.Parallel()
	s := sow(t)
	form := func(login, path string, f url.Values) citytest.Answer {
		f.Set("_key", web.NewKey())
		who := s.Visitor()
		if login != "" {
			who = s.AsLogin(login)
		}
		return who.Do("POST", path, []byte(f.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
	}
	as := func(login string) citytest.Actor {
		if login == "" {
			return s.Visitor()
		}
		return s.AsLogin(login)
	}
	hotich := s.id["officer"]
	for _, x := range []struct {
		what, owner string
		send        func(login string)
	}{
		{"words of a phrase", "motcua", func(l string) {
			form(l, "/desk/phrases", url.Values{"id": {s.id["phrase"]}, "version": {"1"}, "vi": {"Đổi rồi."}, "en": {"Changed."}, "owner": {"me"}})
		}},
		{"a phrase", "motcua", func(l string) {
			form(l, "/desk/phrases", url.Values{"id": {s.id["phrase"]}, "version": {"2"}, "vi": {"Đổi rồi."}, "en": {"Changed."}, "remove": {"1"}})
			form(l, "/desk/phrases", url.Values{"id": {s.id["phrase"]}, "version": {"1"}, "vi": {"Đổi rồi."}, "en": {"Changed."}, "remove": {"1"}})
		}},
		{"a filter", "motcua", func(l string) {
			form(l, "/desk/queue/filters", url.Values{"id": {s.id["filter"]}, "version": {"1"}, "do": {"delete"}, "unit": {s.id["agency"]}})
		}},
		{"an original", "motcua", func(l string) {
			form(l, "/desk/originals", url.Values{"original": {s.id["original2"]}, "to": {s.id["agency"] + "/" + hotich}})
			as(l).Post("/api/v1/counter/batches", map[string]any{"originals": []string{s.id["original2"]}, "unit": s.id["agency"], "account": hotich})
		}},
		{"a task in a list", "motcua", func(l string) {
			v := s.version(s.id["dossier"])
			form(l, "/desk/bulk", url.Values{"task": {s.id["task"] + ":" + itoa(v)}, "do": {"claim"}})
			form(l, "/desk/leader/act", url.Values{"task": {s.id["task"]}, "version": {itoa(v)}, "action": {"accept"}})
			as(l).Post("/api/v1/tasks/bulk", map[string]any{"do": "claim", "tasks": []any{map[string]any{"id": s.id["task"], "version": v}}})
		}},
		{"a dossier among those that are followed", "0912000001", func(l string) {
			form(l, "/dossiers", url.Values{"code": {s.id["dossier"]}, "phone": {"0999999999"}})
			as(l).Post("/api/v1/my/dossiers/"+s.id["dossier"], map[string]any{})
			if l == "0912000001" {
				as(l).Post("/api/v1/dossiers/"+s.id["dossier"]+"/withdraw", map[string]any{})
			}
		}},
	} {
		before := s.standing()
		for _, login := range strangers {
			if x.send(login); s.standing() != before {
				t.Fatalf("%s: %q changed\n%s\nto\n%s", x.what, login, before, s.standing())
			}
		}
		if x.send(x.owner); s.standing() == before {
			t.Errorf("%s: its owner cannot change it so either; the requests prove nothing", x.what)
		}
	}
}

// standing is what the owners see of what they have.
func (s *seed) standing() string {
	var out []string
	for _, x := range []struct{ login, path string }{
		{"motcua", "/api/v1/tasks?limit=200"}, {"motcua", "/api/v1/counter/originals?code=" + s.id["ready2"]}, {"0912000001", "/api/v1/dossiers/" + s.id["dossier"]},
	} {
		out = append(out, string(s.AsLogin(x.login).Get(x.path).Want(200).Body))
	}
	for word, path := range map[string]string{"Đề nghị chụp lại.": "/desk/phrases", "Đổi rồi.": "/desk/phrases", "Của tôi": "/desk/queue?unit=" + s.id["agency"]} {
		if !strings.Contains(string(s.AsLogin("motcua").Get(path).Want(200).Body), word) {
			word += " is not there"
		}
		out = append(out, word)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// TestQueriesOfTheAPIAreKnown: a query parameter that is new is either harmless or stands in
// asked.
func TestQueriesOfTheAPIAreKnown(t *testing.T) {
	t.Parallel()
	harmless := strings.Fields("cursor limit q lang parent class kind on at agency field level audience service sort order after late state from until role mine unread due_before tier event reach accessKey what before entry size old new")
	ids := strings.Fields("unit code")
	c := citytest.New(t)
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ In, Name string }
		}
	}
	c.Visitor().Get("/api/openapi.json").Want(200).Into(&doc)
	for path, ops := range doc.Paths {
		for method, op := range ops {
			for _, p := range op.Parameters {
				if p.In == "query" && !slices.Contains(harmless, p.Name) && !slices.Contains(ids, p.Name) {
					t.Errorf("%s %s asks for %s: say here whether it names what belongs to somebody", method, path, p.Name)
				}
			}
		}
	}
	if len(doc.Paths) < 20 {
		t.Error("the document names few operations", len(doc.Paths))
	}
}

func around(text, word string) string {
	i := strings.Index(text, word)
	return text[max(0, i-80):min(len(text), i+len(word)+80)]
}
