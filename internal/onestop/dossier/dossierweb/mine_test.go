package dossierweb_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/web"
)

func refused(t *testing.T, c *citytest.City, body map[string]any) (code, key string) {
	t.Helper()
	filed := c.As("citizen").Post("/api/v1/dossiers", body).Want(201)
	id, version := task(t, c, "clerk", filed.Text("code"))
	c.As("clerk").Post("/api/v1/tasks/"+id+"/complete", map[string]any{"version": version, "action": "refuse", "comment": "Sai nơi nộp."}).Want(200)
	return filed.Text("code"), filed.Text("accessKey")
}

// TestAFinishedDossierIsRatedOnce: by the bearer of the key, without an account; no officer
// sees it at the dossier, and a unit's figures only stand where enough people spoke.
func TestAFinishedDossierIsRatedOnce(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		open := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201)
		c.As("citizen").Post("/api/v1/dossiers/"+open.Text("code")+"/rating", map[string]any{"score": 5}).Want(409) // not finished
		rate := func(code, key, act string, score string) citytest.Answer {
			form := url.Values{"act": {act}, "k": {key}, "_key": {web.NewKey()}, "score": {score}, "reasons": {"time", "attitude"}, "comment": {"Xong sớm"}}
			return c.Visitor().Do(http.MethodPost, "/dossiers/"+code, []byte(form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"})
		}
		code, key := refused(t, c, citytest.Birth())
		if r := rate(code, key, "rate", ""); r.Status != 422 || !strings.Contains(string(r.Body), "Xong sớm") {
			t.Errorf("a rating without a score: %d; what was typed stays", r.Status)
		}
		rate(code, key, "rate", "2").Want(303)
		c.Visitor().Post("/api/v1/dossiers/"+code+"/rating?accessKey="+key, map[string]any{"score": 5}).Want(409)
		c.As("clerk").Post("/api/v1/dossiers/"+code+"/rating", map[string]any{"score": 5}).Want(403)
		page := c.As("clerk").Do(http.MethodGet, "/desk/dossiers/"+code, nil, map[string]string{"Accept": "text/html"}).Want(200)
		if strings.Contains(string(page.Body), "Xong sớm") {
			t.Error("the officer reads the applicant's comment at the dossier")
		}
		figures := func() string {
			return string(c.As("clerk").Do(http.MethodGet, "/desk/report", nil, map[string]string{"Accept": "text/html"}).Want(200).Body)
		}
		if !strings.Contains(figures(), "dưới 5 lượt") {
			t.Error("the figures of one rating are shown")
		}
		for range 4 {
			code, key := refused(t, c, citytest.Birth())
			rate(code, key, "rate", "4").Want(303)
		}
		if s := figures(); !strings.Contains(s, "3,6") || !strings.Contains(s, "80 %") {
			t.Error("the mean of five ratings is not on the report")
		}
	})
}

// TestADossierIsKept: who knows code and phone number keeps a dossier, does what it waits for,
// and lets it go again; the account's own number opens nothing.
func TestADossierIsKept(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		body := citytest.Birth()
		body["applicant"] = map[string]any{"name": "Nguyễn Thị Hạnh", "phone": "0912 000 002"} // the second citizen's login
		code := c.As("citizen").Post("/api/v1/dossiers", body).Want(201).Text("code")
		other := c.As("citizen2")
		other.Get("/api/v1/dossiers/" + code).Want(404)
		other.Get("/demo").Want(404) // only a demo has the door through which anybody is anybody
		add := func(phone string) citytest.Answer {
			form := url.Values{"code": {strings.ToLower(code)}, "phone": {phone}, "_key": {web.NewKey()}}
			return other.Do(http.MethodPost, "/dossiers", []byte(form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"})
		}
		add("0912 000 009").Want(404)
		add("+84 912 000 002").Want(303)
		add("0912000002").Want(303) // again is no harm
		id, version := task(t, c, "clerk", code)
		c.As("clerk").Post("/api/v1/tasks/"+id+"/complete", map[string]any{"version": version, "action": "supplement", "comment": "Thiếu trang 2."}).Want(200)
		list := other.Get("/api/v1/my/dossiers").Want(200)
		if list.Text("items.0.code") != code || list.Text("items.0.ask.kind") != "supplement" {
			t.Errorf("the shelf says %s", list.Body)
		}
		other.Post("/api/v1/dossiers/"+code+"/supplement", map[string]any{"note": "Trang 2 đây ạ."}).Want(200)
		other.Do(http.MethodDelete, "/api/v1/my/dossiers/"+code, nil, map[string]string{"Idempotency-Key": web.NewKey()}).Want(204)
		other.Get("/api/v1/dossiers/" + code).Want(404)
	})
}
