package dossierweb_test

import (
	"bufio"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/web"
)

// post sends a form as a browser does.
func postForm(a citytest.Actor, path string, f url.Values) citytest.Answer {
	f.Set("_key", web.NewKey())
	return a.Do(http.MethodPost, path, []byte(f.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
}

// TestTaskPage: notes that no applicant reads, phrases without a script, giving a task to a
// colleague who holds the post and to nobody else, dealing tasks out, taking one back, and
// an open page that hears of it.
func TestTaskPage(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		clerk, second, citizen, chair := c.As("clerk"), c.As("clerk2"), c.As("citizen"), c.As("chairman")
		filed := citizen.Post("/api/v1/dossiers", citytest.Birth()).Want(201)
		code := filed.Text("code")
		page := "/desk/tasks/" + clerk.Get("/api/v1/tasks?role=clerk").Want(200).Text("items.0.id")
		body := func(a citytest.Actor, path string) string { return string(a.Get(path).Want(200).Body) }
		version := func() string {
			return regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(body(clerk, page))[1]
		}

		// An open page hears of it: the name of the dossier, nothing else.
		topic := regexp.MustCompile(`data-kh-live="(dossier:\d+)"`).FindStringSubmatch(body(clerk, page))[1]
		stream := listen(t, c, c.Account("clerk").Token, topic)
		if nothing := citizenStatus(t, c, c.Account("citizen2").Token, topic); nothing != http.StatusNoContent {
			t.Errorf("a stranger joins the dossier's topic: %d", nothing)
		}

		secret := "Đã gọi cho bệnh viện xác minh"
		both := []string{c.Account("clerk2").ID, c.Account("justiceOfficer").ID, c.Account("clerk2").ID}
		postForm(clerk, page+"/note", url.Values{"note": {secret}, "mention": both}).Want(303)
		for _, who := range []string{"clerk2", "justiceOfficer"} {
			said := func() (n int) {
				titles, _ := inboxOf(c.As(who))
				for _, x := range titles {
					if strings.Contains(x, "nhắc đến ở hồ sơ") {
						n++
					}
				}
				return n
			}
			c.Eventually(who+" is told", func() bool { return said() > 0 })
			if n := said(); n != 1 {
				t.Errorf("%s is told %d times of one note", who, n)
			}
		}
		c.Eventually("the open page hears of the note", func() bool {
			select {
			case said := <-stream:
				if said != topic {
					t.Errorf("the open page hears %q, want %q", said, topic)
				}
				return true
			default:
				return false
			}
		})
		if !strings.Contains(body(second, page), secret) {
			t.Error("a colleague does not read the note")
		}
		for _, path := range []string{"/dossiers/" + code, "/api/v1/dossiers/" + code + "/timeline", "/api/v1/dossiers/" + code} {
			if strings.Contains(body(citizen, path), secret) {
				t.Errorf("the applicant reads the note at %s", path)
			}
		}
		if got := postForm(clerk, page+"/note", url.Values{"note": {"Nhắc người lạ"}, "mention": {c.Account("citizen2").ID}}); got.Status != 422 && got.Status != 400 || !strings.Contains(string(got.Body), "Nhắc người lạ") {
			t.Errorf("mentioning a stranger: %d; what was typed must stay", got.Status)
		}
		postForm(citizen, page+"/note", url.Values{"note": {"Tôi"}}).Want(403)

		// Without a script the phrase comes back in the box, after what was typed.
		got := postForm(clerk, page, url.Values{"action": {"supplement"}, "version": {version()}, "reason": {"Thiếu một trang."}, "phrase": {"7"}, "_phrase": {"1"}}).Want(200)
		if !strings.Contains(string(got.Body), "Thiếu một trang. Giấy chứng sinh chụp bị mờ") {
			t.Error("the phrase is not in the box of the reason")
		}

		// A task goes to who holds the post.
		v := version()
		postForm(clerk, page+"/claim", url.Values{"version": {v}}).Want(303)
		v = version()
		if got := postForm(clerk, page+"/assign", url.Values{"version": {v}, "to": {c.Account("justiceOfficer").ID}}); got.Status == 303 {
			t.Error("the task went to an officer who could not act on it")
		}
		postForm(clerk, page+"/assign", url.Values{"version": {v}, "to": {c.Account("clerk2").ID}}).Want(303)
		if !strings.Contains(body(clerk, page), c.Account("clerk2").Name) {
			t.Error("the page does not say who holds the task now")
		}

		// A chairman spreads what nobody holds, after a look.
		citizen.Post("/api/v1/dossiers", citytest.Birth()).Want(201)
		clerk.Get("/desk/balance").Want(403)
		look := string(chair.Get("/desk/balance?role=clerk&n=5&to=" + c.Account("clerk").ID + "&to=" + c.Account("clerk2").ID).Want(200).Body)
		rows := regexp.MustCompile(`name="row" value="([^"]+)"`).FindAllStringSubmatch(look, -1)
		if len(rows) != 1 || !strings.HasSuffix(rows[0][1], ":"+c.Account("clerk").ID) {
			t.Fatalf("planned %q; want the one free task for the clerk who holds none", rows)
		}
		unit := regexp.MustCompile(`name="unit" value="(\d+)"`).FindStringSubmatch(look)[1]
		deal := url.Values{"row": {rows[0][1]}, "unit": {unit}, "role": {"clerk"}}
		postForm(chair, "/desk/balance", deal).Want(200)
		again := string(postForm(chair, "/desk/balance", deal).Want(200).Body)
		if !strings.Contains(again, "kh-table__row--marked") && !strings.Contains(again, "đã") {
			t.Error("the second deal of the same version does not tell that it failed")
		}

		// Handed over by mistake: who did it takes it back.
		mine := "/desk/tasks/" + strings.Split(rows[0][1], ":")[0]
		v = regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(body(clerk, mine))[1]
		postForm(clerk, mine, url.Values{"action": {"accept"}, "version": {v}}).Want(303)
		if strings.Contains(body(second, mine), mine+"/recall") {
			t.Error("a colleague who did not hand it over is offered to take it back")
		}
		v = regexp.MustCompile(`recall"[\s\S]*?name="version" value="(\d+)"`).FindStringSubmatch(body(clerk, mine))[1]
		postForm(clerk, mine+"/recall", url.Values{"version": {v}, "reason": {"Chuyển nhầm"}}).Want(303)
	})
}

// listen opens a stream and returns what it says, line by line.
func listen(t *testing.T, c *citytest.City, token, topic string) <-chan string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.URL+"/live?t="+url.QueryEscape(topic), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if got := res.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/event-stream") {
		t.Fatalf("the stream is %q", got)
	}
	out := make(chan string, 100)
	go func() {
		defer func() { _ = res.Body.Close() }()
		lines := bufio.NewScanner(res.Body)
		for lines.Scan() {
			if said, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				out <- said
			}
		}
	}()
	return out
}

func citizenStatus(t *testing.T, c *citytest.City, token, topic string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.URL+"/live?t="+url.QueryEscape(topic), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}
