package dossierweb_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
)

// page asks for a page as a browser does, in Vietnamese.
func page(a citytest.Actor, path string) citytest.Answer {
	return a.Do(http.MethodGet, path, nil, map[string]string{"Accept": "text/html", "Accept-Language": "vi"})
}

func post(a citytest.Actor, path string, form url.Values) citytest.Answer {
	form.Set("_key", web.NewKey())
	return a.Do(http.MethodPost, path, []byte(form.Encode()), map[string]string{
		"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded", "Accept-Language": "vi",
	})
}

func wants(t *testing.T, what string, a citytest.Answer, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if !strings.Contains(string(a.Body), s) {
			t.Errorf("%s does not say %q", what, s)
		}
	}
}

// toSign files a birth and brings it to the chairman.
func toSign(t *testing.T, c *citytest.City) (code string) {
	t.Helper()
	code = c.As("clerk").Post("/api/v1/dossiers", citytest.Counter()).Want(201).Text("code")
	act(t, c, "clerk", code, "accept", nil).Want(200)
	act(t, c, "justiceOfficer", code, "approve", nil).Want(200)
	act(t, c, "justiceOfficer", code, "approve", map[string]any{"book.number": 12, "book.year": 2025}).Want(200)
	return code
}

// A chairman signs by one tap, returns with a reason, and deals with many after a look; who
// does not lead sees none of it. The page asks the database as often for many as for few.
func TestLeaderSignsAndReturns(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		page(c.As("clerk"), "/desk/leader").Want(403)
		count := func() int64 {
			page(c.As("chairman"), "/desk/leader").Want(200)
			least := int64(1 << 30)
			for range 12 {
				before := c.DB.Stats().Queries
				page(c.As("chairman"), "/desk/leader").Want(200)
				least = min(least, c.DB.Stats().Queries-before)
			}
			return least
		}
		toSign(t, c)
		few := count()
		for range 8 {
			toSign(t, c)
		}
		if many := count(); few > 8 || many != few {
			t.Errorf("the page asks %d times for one card and %d for nine; at most 8", few, many)
		}
		codes := []string{toSign(t, c), toSign(t, c), toSign(t, c), toSign(t, c)}
		boss := c.As("chairman")
		wants(t, "the page", page(boss, "/desk/leader?list=sign").Want(200), append(codes, "Đỗ Minh Châu", "papers/draft.pdf")...)
		if pdf := boss.Get("/dossiers/" + codes[0] + "/papers/draft.pdf").Want(200); !strings.HasPrefix(string(pdf.Body), "%PDF") {
			t.Error("the draft is no PDF")
		}
		c.As("citizen").Get("/dossiers/" + codes[0] + "/papers/draft.pdf").Want(404)

		tap := func(code, action, comment string) citytest.Answer {
			id, version := task(t, c, "chairman", code)
			return post(boss, "/desk/leader/act", url.Values{"task": {id}, "version": {strconv.FormatInt(version, 10)}, "action": {action}, "comment": {comment}})
		}
		tap(codes[0], "sign", "").Want(303)
		wants(t, "a return without a reason", tap(codes[1], "returnStep", "").Want(422), "Hãy ghi lý do")
		tap(codes[1], "returnStep", "Sai ngày sinh của mẹ").Want(303)

		picks := url.Values{"do": {"approve"}}
		for _, code := range codes[2:] {
			id, version := task(t, c, "chairman", code)
			picks.Add("pick", id+":"+strconv.FormatInt(version, 10))
		}
		wants(t, "the look before", post(boss, "/desk/leader/many", picks).Want(200), "Ký, duyệt 2 hồ sơ?", codes[2], codes[3], "Văn thư")
		task(t, c, "chairman", codes[2]) // nothing was done yet
		tap(codes[2], "sign", "").Want(303)
		picks.Set("go", "1")
		wants(t, "the account after", post(boss, "/desk/leader/many", picks).Want(200), "Đã xử lý 1 trong 2 hồ sơ", "Không làm được", "Vũ Đức Thắng")
		if left := page(boss, "/desk/leader?list=sign").Want(200); strings.Contains(string(left.Body), codes[3]+"</a>") {
			t.Error("a signed dossier still waits to be signed")
		}
		wants(t, "an empty choice", post(boss, "/desk/leader/many", url.Values{"do": {"approve"}}).Want(422), "Hãy chọn từ 1 đến 100 hồ sơ")
	})
}

// An order on a late dossier goes to a named officer, is answered, insisted on and closed;
// the applicant reads none of it.
func TestOrderOnALateDossier(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		code := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
		act(t, c, "clerk", code, "accept", nil).Want(200)
		officer := c.Account("justiceOfficer")
		order := map[string]any{"officer": officer.ID, "hours": 4, "note": "Báo cáo lý do chậm"}
		path := "/api/v1/dossiers/" + code + "/orders"
		c.As("chairman").Post(path, order).Want(409) // it is not late
		c.Clock.Set(c.Clock.Now().Add(3 * 24 * time.Hour))
		c.As("justiceOfficer").Post(path, order).Want(403)
		c.AsLogin("cukhoi.chutich").Post(path, order).Want(404) // of another commune
		c.As("chairman").Post(path, map[string]any{"officer": c.Account("citizen").ID, "hours": 4, "note": "Báo cáo"}).Want(422)
		form := page(c.As("chairman"), "/desk/dossiers/"+code+"/order").Want(200)
		wants(t, "the form", form, "Đỗ Minh Châu", "4 giờ làm việc")
		post(c.As("chairman"), "/desk/dossiers/"+code+"/order", url.Values{"officer": {officer.ID}, "hours": {"4"}, "note": {"Báo cáo lý do chậm"}}).Want(303)
		c.As("chairman").Post(path, order).Want(409) // one is open already

		var mine struct {
			Items []struct {
				ID      string
				Version int
				State   string
			}
		}
		c.As("justiceOfficer").Get("/api/v1/orders").Want(200).Into(&mine)
		if len(mine.Items) != 1 {
			t.Fatalf("the officer has %d orders", len(mine.Items))
		}
		id := mine.Items[0].ID
		wants(t, "the officer's desk", page(c.As("justiceOfficer"), "/desk/orders").Want(200), code, "Báo cáo lý do chậm", "Vũ Đức Thắng")
		c.As("clerk").Post("/api/v1/orders/"+id+"/answer", map[string]any{"version": 1, "text": "Không phải tôi", "forecast": "2025-06-30"}).Want(404)
		kept := post(c.As("justiceOfficer"), "/desk/orders/"+id, url.Values{"version": {"1"}, "do": {"answer"}, "text": {"Chờ xác minh"}, "forecast.day": {"1"}, "forecast.month": {"1"}, "forecast.year": {"2020"}}).Want(422)
		wants(t, "the refused answer", kept, "Chờ xác minh", "từ hôm nay đến một năm tới")
		c.As("justiceOfficer").Post("/api/v1/orders/"+id+"/answer", map[string]any{"version": 1, "text": "Chờ xác minh nơi khác", "forecast": "2025-06-30"}).Want(200)
		wants(t, "the leader's page", page(c.As("chairman"), "/desk/leader").Want(200), "Chờ xác minh nơi khác", "30/06/2025")
		c.As("chairman").Post("/api/v1/orders/"+id+"/insist", map[string]any{"version": 1, "text": "Sớm hơn", "hours": 4}).Want(409)
		c.As("chairman").Post("/api/v1/orders/"+id+"/insist", map[string]any{"version": 2, "text": "Sớm hơn một ngày", "hours": 4}).Want(200)
		c.Clock.Set(c.Clock.Now().Add(5 * 24 * time.Hour))
		wants(t, "an answer that is overdue", page(c.As("justiceOfficer"), "/desk/orders").Want(200), "Quá hạn trả lời", "nhắc lần 2")
		if pdf := c.As("chairman").Get("/desk/orders/" + id + "/note.pdf").Want(200); !strings.HasPrefix(string(pdf.Body), "%PDF") {
			t.Error("the note is no PDF")
		}
		c.As("clerk").Get("/desk/orders/" + id + "/note.pdf").Want(404)
		c.As("chairman").Post("/api/v1/orders/"+id+"/close", map[string]any{"version": 3}).Want(200)
		c.As("justiceOfficer").Get("/api/v1/orders").Want(200).Into(&mine)
		if len(mine.Items) != 0 {
			t.Errorf("a closed order still waits: %+v", mine.Items)
		}

		kinds := func(who string) string {
			return string(c.As(who).Get("/api/v1/dossiers/" + code + "/timeline?limit=200").Want(200).Body)
		}
		for _, kind := range []string{dossier.KindOrdered, dossier.KindOrderAnswered, dossier.KindOrderClosed} {
			if !strings.Contains(kinds("clerk"), kind) {
				t.Errorf("an officer does not read %s", kind)
			}
			if strings.Contains(kinds("citizen"), kind) {
				t.Errorf("the applicant reads %s", kind)
			}
		}
	})
}

// What stands elsewhere and what others let stand here are both lists of a leader.
func TestLeaderOwesAndIsOwed(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		code := c.As("clerk").Post("/api/v1/dossiers", citytest.Counter()).Want(201).Text("code")
		act(t, c, "clerk", code, "accept", nil).Want(200)
		agency, err := c.Dossiers.Place("00154", clock.DateOf(c.Clock.Now()))
		if err != nil {
			t.Fatal(err)
		}
		id, version := task(t, c, "justiceOfficer", code)
		c.As("justiceOfficer").Post("/api/v1/tasks/"+id+"/complete", map[string]any{
			"version": version, "action": "consult", "comment": "Cháu bé có cư trú tại phường?", "units": []string{agency.ID.String()},
		}).Want(200)
		wants(t, "what others owe us", page(c.As("chairman"), "/desk/leader?list=owed").Want(200), code, "Cự Khối", "Tự chuyển bước")
		wants(t, "what we owe others", page(c.AsLogin("cukhoi.chutich"), "/desk/leader?list=owe").Want(200), code, "Ngọc Lâm")

		home, err := c.Dossiers.Place("00133", clock.DateOf(c.Clock.Now()))
		if err != nil {
			t.Fatal(err)
		}
		v, err := c.Dossiers.Leader(as(t, c, "chairman"), home.ID, dossier.LeaderAsk{})
		if err != nil || v.Counts[dossier.ListOwed] != 1 || v.Counts[dossier.ListOwe] != 0 || len(v.Days) != 7 || v.Days[6].Received != 1 {
			t.Errorf("the overview is %+v, %v", v, err)
		}
	}, citytest.With(func(cfg *app.Config) {
		cfg.Services, cfg.Connectors = versions(t), []dossier.Connector{&register{number: "999225000001"}}
	}))
}
