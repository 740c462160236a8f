package orgunitweb_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/orgunit"
	"khue/internal/register/orgunit/orgunittest"
	"khue/internal/register/orgunit/orgunitweb"
)

type nobody struct{}

func (nobody) Resolve(context.Context, string) (auth.Subject, error) {
	return auth.Subject{}, errs.E(errs.Unauthenticated, "web.error.unauthenticated")
}

func server(t *testing.T, today string) *web.Server {
	t.Helper()
	b, err := i18n.NewBundle(orgunit.Messages, web.Messages, ui.Messages)
	if err != nil {
		t.Fatal(err)
	}
	s, err := web.New(web.Config{}, web.Deps{
		Bundle: b, Auth: nobody{}, Clock: clock.NewFake(clock.MustDate(today).At(8, 10)), Log: slog.New(slog.DiscardHandler),
	}, orgunitweb.Routes(orgunittest.Service(t, today)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func get(t *testing.T, s *web.Server, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(body)
}

type item struct {
	ID, Name, NameEn, Class, Kind, Tier string
	Code, ValidFrom, ValidTo            *string
	Parent, Agency, Formerly            *struct {
		Name string
		Code *string
	}
}

type list struct {
	Items []item
	Next  string
}

func units(t *testing.T, s *web.Server, query string) list {
	t.Helper()
	status, body := get(t, s, "/api/v1/units?"+query)
	var l list
	if err := json.Unmarshal([]byte(body), &l); err != nil || status != http.StatusOK {
		t.Fatalf("%s: %d %s", query, status, body)
	}
	return l
}

func TestListOfADayIsPaged(t *testing.T) {
	t.Parallel()
	s := server(t, "2025-06-23")
	for _, c := range []struct {
		query string
		n     int
	}{
		{"tier=commune", 526}, {"tier=commune&at=2020-02-10", 584}, {"tier=commune&at=2026-11-23", 126},
		{"tier=district", 30}, {"tier=district&at=2025-07-01", 0}, {"tier=commune&parent=004", 13}, {"parent=01", 30},
		{"class=agency&parent=H26", 47}, // 17 bodies and 30 district committees
	} {
		seen := map[string]bool{}
		next := ""
		for {
			l := units(t, s, c.query+"&limit=100&cursor="+url.QueryEscape(next))
			for _, i := range l.Items {
				if seen[i.ID] {
					t.Fatalf("%s: %s twice", c.query, i.Name)
				}
				seen[i.ID] = true
			}
			if next = l.Next; next == "" {
				break
			}
		}
		if len(seen) != c.n {
			t.Errorf("%s: %d units, want %d", c.query, len(seen), c.n)
		}
	}
}

func TestOneCodeTwoPlaces(t *testing.T) {
	t.Parallel()
	s := server(t, "2026-11-23")
	now := units(t, s, "q=ng%E1%BB%8Dc+l%C3%A2m&tier=commune").Items
	if len(now) == 0 || now[0].Name != "Phường Bồ Đề" || *now[0].Code != "00118" || now[0].Formerly.Name != "Phường Ngọc Lâm" || now[0].Agency.Code != nil {
		t.Errorf("%+v", now)
	}
	then := units(t, s, "q=ngoc+lam&tier=commune&at=2025-06-23").Items
	if len(then) != 1 || *then[0].Code != "00133" || then[0].Parent.Name != "Quận Long Biên" || *then[0].ValidTo != "2025-06-30" || then[0].ValidFrom != nil {
		t.Errorf("%+v", then)
	}
	status, body := get(t, s, "/api/v1/units/00118?at=2019-01-01")
	if status != http.StatusOK || !strings.Contains(body, `"name":"Phường Ngọc Thụy"`) {
		t.Errorf("%d %s", status, body)
	}
	status, body = get(t, s, "/api/v1/units/"+then[0].ID) // gone today, found by its id
	if status != http.StatusOK || !strings.Contains(body, `"role":"justiceOfficer"`) || !strings.Contains(body, `"share":"whole","self":true`) {
		t.Errorf("%d %s", status, body)
	}
}

func TestBadInputIsRefused(t *testing.T) {
	t.Parallel()
	s := server(t, "2025-06-23")
	for path, want := range map[string]int{
		"/api/v1/units?at=2025-02-30":          http.StatusUnprocessableEntity,
		"/api/v1/units?at=yesterday":           http.StatusUnprocessableEntity,
		"/api/v1/units?tier=village":           http.StatusUnprocessableEntity,
		"/api/v1/units?parent=99999":           http.StatusNotFound,
		"/api/v1/units?cursor=!!":              http.StatusUnprocessableEntity,
		"/api/v1/units?cursor=WyIxIl0":         http.StatusUnprocessableEntity,
		"/api/v1/units?limit=0":                http.StatusUnprocessableEntity,
		"/api/v1/units/77777":                  http.StatusNotFound,
		"/api/v1/units/00118'--":               http.StatusNotFound,
		"/api/v1/units/2053000?at=2026-01":     http.StatusUnprocessableEntity,
		"/units?at=x":                          http.StatusUnprocessableEntity,
		"/units/nothing":                       http.StatusNotFound,
		"/units?q=" + strings.Repeat("a", 201): http.StatusUnprocessableEntity,
	} {
		status, body := get(t, s, path)
		if status != want && !(want == http.StatusUnprocessableEntity && status == http.StatusBadRequest) {
			t.Errorf("%s: %d, want %d: %.200s", path, status, want, body)
		}
		if strings.Contains(body, "orgunit.") {
			t.Errorf("%s: a sentence is missing: %.300s", path, body)
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	s := server(t, "2025-06-23")
	bodhi := units(t, s, "at=2026-11-23&q=bo+de").Items[0].ID
	old := units(t, s, "q=cu+khoi").Items[0].ID
	for path, want := range map[string][]string{
		"/units":                             {"Quận Long Biên", "00133", "526", "Sở Tư pháp", "Từ 01/07/2025"},
		"/units?at=2026-11-23":               {"Phường Bồ Đề", "126"},
		"/units?at=2026-11-23&q=CU KHOI":     {"Phường Long Biên", "Trước đây: Phường Cự Khối", "Xã Bát Tràng"},
		"/units?q=%3Cscript%3E":              {"&lt;script&gt;", "Không có đơn vị nào khớp"},
		"/units?lang=en":                     {"Long Bien District", "Department of Justice"},
		"/units/" + bodhi + "?at=2026-11-23": {"Phường Ngọc Lâm", "Một phần", "Trung tâm Phục vụ hành chính công", "Từ 01/07/2025 đến nay"},
		"/units/" + old:                      {"Xã Bát Tràng", "Phần còn lại", "Công chức tư pháp - hộ tịch", "Ủy ban nhân dân phường Cự Khối"},
		"/units/H26.16":                      {"Sở Tư pháp", "H26.16", "Phòng Hành chính tư pháp"},
	} {
		status, body := get(t, s, strings.ReplaceAll(path, " ", "+"))
		if status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("%s: %q is missing", path, w)
			}
		}
		if strings.Contains(body, "orgunit.") {
			t.Errorf("%s: a sentence is missing", path)
		}
	}
}
