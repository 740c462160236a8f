package catalogweb_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/catalog"
	"khue/internal/register/catalog/catalogtest"
	"khue/internal/register/catalog/catalogweb"
)

type nobody struct{}

func (nobody) Resolve(context.Context, string) (auth.Subject, error) {
	return auth.Subject{}, errs.E(errs.Unauthenticated, "auth.error.session")
}

// births offers one procedure, as the services of the house would.
type births struct{}

func (births) Offer(_ context.Context, c catalog.Code) (catalogweb.Offer, bool, error) {
	if c != "1.001193" {
		return catalogweb.Offer{}, false, nil
	}
	return catalogweb.Offer{
		Href: "/apply/birth-registration", Deadline: "Trong ngày", Fee: "Miễn phí", FeeFrom: "Nghị quyết thử",
		Steps: []string{"Tiếp nhận", "Kiểm tra", "Ký"},
	}, true, nil
}

// site is the catalogue on the web with the embedded procedures.
func site(t testing.TB, d *db.DB, clk clock.Clock) (*catalog.Service, *web.Server) {
	t.Helper()
	ctx := context.Background()
	s := catalogtest.New(t, d, clk)
	catalogtest.Offer(t, d, s, "1.001193", 4)
	if err := s.Warm(ctx); err != nil {
		t.Fatal(err)
	}
	bundle, err := i18n.NewBundle(web.Messages, auth.Messages, ui.Messages, catalog.Messages)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := web.New(web.Config{}, web.Deps{
		Bundle: bundle, Auth: nobody{}, Clock: clk, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		About: web.About{Title: "Khue", Version: "1"},
	}, catalogweb.Routes(s, births{}))
	if err != nil {
		t.Fatal(err)
	}
	return s, srv
}

func get(srv http.Handler, path, lang string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept-Language", lang)
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, r)
	return w
}

var monday = clock.MustDate("2026-11-23").At(8, 10)

func TestPages(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, monday, func(t *testing.T, d *db.DB, clk *clock.Fake) {
		_, srv := site(t, d, clk)
		for _, c := range []struct {
			path    string
			status  int
			queries int
			want    []string
			not     []string
		}{
			{"/procedures", 200, 0, []string{"Sinh con", "/procedures/life-events/child", "/procedures/fields", `role="search"`}, nil},
			{"/procedures?q=lam+giay+khai+sinh", 200, 0, []string{"/procedures/1.001193", "Đăng ký khai sinh"}, nil},
			{"/procedures?q=zzzz", 200, 0, []string{"Không tìm thấy"}, nil},
			{"/procedures?q=%3Cscript%3E", 200, 0, []string{"&lt;script&gt;"}, []string{"<script>"}},
			{"/procedures?tier=province&level=1", 200, 0, []string{"1.012783"}, []string{"/procedures/1.001193\""}},
			{"/procedures?online=1", 200, 0, []string{"/procedures/1.001193", "1 thủ tục"}, []string{"1.000894"}},
			{"/procedures?tier=moon", 422, 0, []string{"không phải là một cấp"}, nil},
			{"/procedures?level=9", 422, 0, nil, nil},
			{"/procedures?q=&cursor=x", 422, 0, nil, nil},
			{"/procedures/fields", 200, 0, []string{"Hộ tịch", "field=H"}, nil},
			{"/procedures/agencies", 200, 0, []string{"Sở Xây dựng"}, nil},
			{"/procedures/life-events/child", 200, 0, []string{"/procedures/1.001193"}, nil},
			{"/procedures/life-events/none", 404, 0, nil, nil},
			{"/procedures/1.001193", 200, 2, []string{"/apply/birth-registration", "Trong ngày", "Nguồn: Nghị quyết thử", "Mức 4", "Giấy chứng sinh", "không cho biết giấy nào bắt buộc"}, []string{"Thành phố chưa nhận"}},
			{"/procedures/1.000894", 200, 2, []string{"Thành phố chưa nhận hồ sơ trực tuyến", "Miễn phí", "https://dichvucong.gov.vn/thu-tuc-hanh-chinh/"}, nil},
			{"/procedures/1.012783", 200, 2, []string{"bản ghi ghi 0 đồng nhưng không nói là miễn phí"}, nil},
			{"/procedures/1.004222", 200, 2, []string{"7 ngày làm việc", "20.000 đồng"}, nil},
			{"/procedures/1.001193?on=2020-02-10", 200, 2, []string{"10/02/2020"}, []string{"/apply/"}},
			{"/procedures/1.001193?on=then", 422, 0, nil, nil},
			{"/procedures/9.999999", 404, 2, nil, nil},
			{"/procedures/x'y", 404, 0, nil, nil},
		} {
			for _, lang := range []string{"vi", "en"} {
				count := dbtest.Queries(d)
				w := get(srv, c.path, lang)
				if w.Code != c.status {
					t.Errorf("%s %s: status %d, want %d", lang, c.path, w.Code, c.status)
					continue
				}
				if n := count(); n != c.queries {
					t.Errorf("%s: %d queries, want %d", c.path, n, c.queries)
				}
				body := w.Body.String()
				if i := strings.Index(body, "⟨"); i >= 0 {
					t.Errorf("%s %s lacks a message: %.60s", lang, c.path, body[i:])
				}
				for _, not := range c.not {
					if strings.Contains(body, not) {
						t.Errorf("%s %s holds %q", lang, c.path, not)
					}
				}
				for _, want := range c.want {
					if lang == "vi" && !strings.Contains(body, want) {
						t.Errorf("%s lacks %q", c.path, want)
					}
				}
			}
		}
	})
}

func TestEnglishPagesMarkVietnamese(t *testing.T) {
	t.Parallel()
	_, srv := site(t, dbtest.New(t, []db.Migrations{catalog.Migrations()}, dbtest.WithClock(clock.NewFake(monday))), clock.NewFake(monday))
	body := get(srv, "/procedures/1.001193", "en").Body.String()
	for _, want := range []string{
		`lang="vi">Thủ tục đăng ký khai sinh`, "Birth registration", "unofficial translation", "Vietnamese citizens", "Civil status",
		"The record says", `<span lang="vi">Giấy chứng sinh`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the English page lacks %q", want)
		}
	}
}

func TestAPI(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, monday, func(t *testing.T, d *db.DB, clk *clock.Fake) {
		_, srv := site(t, d, clk)
		var seen []string
		path := "/api/v1/procedures?limit=30"
		for path != "" {
			w := get(srv, path, "vi")
			var list struct {
				Items []struct{ Code string }
				Next  string
			}
			if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || w.Code != 200 {
				t.Fatalf("%s: %d %s", path, w.Code, w.Body)
			}
			for _, it := range list.Items {
				seen = append(seen, it.Code)
			}
			path = ""
			if list.Next != "" {
				path = "/api/v1/procedures?limit=30&cursor=" + list.Next
			}
		}
		if len(seen) != 88 {
			t.Errorf("paging gave %d procedures, want 88", len(seen))
		}
		var first struct {
			Items []struct {
				Code, NameEn string
				Level        int
				Online       bool
			}
		}
		body := get(srv, "/api/v1/procedures?q=dang+ky+khai+sinh&tier=commune&level=4", "vi").Body.Bytes()
		if err := json.Unmarshal(body, &first); err != nil || len(first.Items) != 1 || first.Items[0].Code != "1.001193" || !first.Items[0].Online {
			t.Errorf("search: %s %v", body, err)
		}
		var one map[string]any
		w := get(srv, "/api/v1/procedures/1.001193", "en")
		if err := json.Unmarshal(w.Body.Bytes(), &one); err != nil || w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if one["applyAt"] != "/apply/birth-registration" || one["level"] != 4.0 || one["source"] != "embedded" {
			t.Errorf("one procedure: %v", one)
		}
		paper := one["papers"].([]any)[0].(map[string]any)["papers"].([]any)[0].(map[string]any)
		if _, said := paper["required"]; said {
			t.Error("the record does not say whether a paper is required, and neither may we")
		}
		for path, status := range map[string]int{
			"/api/v1/procedures/9.999999": 404, "/api/v1/procedures?tier=moon": 422, "/api/v1/procedures?cursor=zz": 422, "/api/v1/procedures/1.001193?on=then": 422,
		} {
			w := get(srv, path, "en")
			if w.Code != status || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/problem+json") {
				t.Errorf("%s: %d %s %s", path, w.Code, w.Header().Get("Content-Type"), w.Body)
			}
		}
	})
}
