package app

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"khue/internal/kernel/clock"
	"khue/internal/onestop/dossier"
)

// theDoorOpens looks at the demo's page of an opening: everybody has something to do, one
// click signs in, the story's dates are as the law counts them, the clock jumps forward only.
func theDoorOpens(t *testing.T, p *Program, day string) {
	t.Helper()
	ask := func(method, path string, form url.Values) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
		r.Header.Set("Accept", "text/html")
		if form != nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		w := httptest.NewRecorder()
		p.Server.ServeHTTP(w, r)
		return w
	}
	codes := p.stage.tales()
	page := ask(http.MethodGet, "/demo", nil)
	if body := page.Body.String(); page.Code != http.StatusOK || !strings.Contains(body, codes["sunday"]) || strings.Contains(body, "⟨") {
		t.Fatalf("the page answers %d, and says:\n%.600s", page.Code, body)
	}
	for _, key := range []string{"sunday", "papers", "why", "late"} {
		d, _, err := p.Dossiers.Find(t.Context(), codes[key], dossier.Viewer{Key: p.Dossiers.AccessKey(codes[key])})
		if err != nil {
			t.Fatalf("the story's dossier %q: %v", key, err)
		}
		switch key {
		case "sunday":
			if d.SubmittedAt.Weekday().String() != "Sunday" || d.AcceptedAt.Weekday().String() != "Monday" {
				t.Errorf("filed %v, accepted %v", d.SubmittedAt, d.AcceptedAt)
			}
		case "why": // accepted on the Friday before, three working days
			want := map[string]string{"2020-02-10": "2020-02-12", "2025-06-23": "2025-06-25", "2026-11-23": "2026-11-26"}[day]
			if got := clock.DateOf(d.DueAt).String(); got != want {
				t.Errorf("promised for %s, want %s", got, want)
			}
		case "late":
			if !d.Late(p.Clock.Now()) {
				t.Errorf("due %v is not late", d.DueAt)
			}
		}
	}
	in := ask(http.MethodPost, "/demo/enter", url.Values{"login": {"motcua"}, "to": {"/desk"}})
	if in.Code != http.StatusSeeOther || in.Header().Get("Location") != "/desk" || in.Header().Get("Set-Cookie") == "" {
		t.Errorf("entering answers %d to %q", in.Code, in.Header().Get("Location"))
	}
	if w := ask(http.MethodPost, "/demo/enter", url.Values{"login": {"nobody"}}); w.Code != http.StatusNotFound {
		t.Errorf("a stranger enters: %d", w.Code)
	}
	offered := p.jumps()[0]
	jump := url.Values{"to": {offered.Key}, "at": {offered.To.Format("2006-01-02T15:04:05Z07:00")}}
	for range 2 { // the second press of a stale page moves nothing
		if w := ask(http.MethodPost, "/demo/clock", jump); w.Code != http.StatusSeeOther {
			t.Errorf("the clock answers %d", w.Code)
		}
	}
	if now := p.Clock.Now(); now.Before(offered.To) || clock.DateOf(now) != clock.DateOf(offered.To) {
		t.Errorf("the clock stands at %v, want %v", now, offered.To)
	}
}
