package e2e

import (
	"testing"

	"khue/internal/citytest"
)

// TestACitizenFindsWhoLooked: on a phone and at a desk, with scripts and without: who looked
// stands there with unit and reason, a question reaches the head, the answer comes back, a
// consent is withdrawn; an officer who has nothing to do with a dossier is asked why.
func TestACitizenFindsWhoLooked(t *testing.T) {
	t.Parallel()
	for _, l := range []look{{360, true, true, "vi"}, {1280, false, false, "en"}} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			city := citytest.New(t)
			code := city.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
			task := city.As("clerk").Get("/api/v1/tasks?role=clerk").Want(200).Text("items.0.id")
			city.As("clerk").Get("/desk/tasks/" + task).Want(200)

			v := visit(t, city, l)
			v.signIn("citizen")
			v.open("/account/looks")
			v.check()
			v.sees(code)
			v.press("a[href*='/requests/new?look=']")
			v.check()
			v.press("form[action='/account/data/requests'] button[type=submit]")
			v.check() // refused: nothing was written
			v.fill(map[string]string{"words": "Vì sao hồ sơ của tôi được mở?"})
			v.press("form[action='/account/data/requests'] button[type=submit]")
			v.check()
			v.press("form:has(input[value='suggest.previous']) button")
			v.check()
			if !v.has("form:has(input[value='suggest.previous']):has(input[value=yes])") {
				t.Error("the withdrawn consent is not offered again")
			}
			v.open("/account/data/requests/new?kind=correction")
			v.check()
			v.signOut()

			v.signIn("chairman")
			v.open("/desk/requests")
			v.check()
			v.press("a[href^='/desk/requests/']")
			v.check()
			v.fill(map[string]string{"words": "Công chức một cửa kiểm tra giấy tờ khi tiếp nhận."})
			v.press("main form button[type=submit]")
			v.check()
			v.open("/desk/looks")
			v.check()
			v.signOut()

			v.signIn("auditor")
			for _, path := range []string{"/admin/looks", "/admin/retention"} {
				v.open(path)
				v.check()
			}
			v.signOut()

			city.As("citizen").Post("/api/v1/dossiers/"+code+"/withdraw", map[string]any{}).Want(200)
			city.Pass(30 * 60 * 60 * 1e9) // the day on which it ended is over
			v.signIn("clerk")
			v.open("/desk/dossiers/" + code)
			v.check() // asks why
			v.fill(map[string]string{"choice": "complaint", "words": "Trả lời đơn của công dân"})
			v.press("main form button[type=submit]")
			v.sees(code)
			v.check()
			v.signOut()

			v.signIn("citizen")
			v.open("/account/data")
			v.press("a[href^='/account/data/requests/1']")
			v.sees("Công chức một cửa kiểm tra")
			v.check()
		})
	}
}
