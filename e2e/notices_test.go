package e2e

import (
	"testing"

	"khue/internal/citytest"
)

// TestNoticesInTheBrowser: a citizen finds news, reads it, and chooses how to be told; a
// leader looks at what was sent. With and without JavaScript, by day and by night.
func TestNoticesInTheBrowser(t *testing.T) {
	t.Parallel()
	city := citytest.New(t)
	b := citytest.Birth()
	b["applicant"] = map[string]any{"name": "Nguyễn Thị Hạnh", "phone": "0912000001", "email": "hanh@vidu.example"}
	for range 3 {
		city.As("citizen").In("vi").Post("/api/v1/dossiers", b).Want(201)
	}
	city.Eventually("the citizen is told", func() bool {
		return city.As("citizen").Get("/api/v1/inbox").Want(200).Header.Get("X-Unread") == "3"
	})
	for i, l := range []look{{width: 360, js: false, lang: "vi"}, {width: 1280, js: true, dark: true, lang: "vi"}} {
		v := visit(t, city, l)
		v.signIn("citizen")
		v.open("/inbox")
		v.sees("Hộp thư thông báo", "Đã nhận hồ sơ", "Đánh dấu đã đọc")
		v.check()
		v.press("form[action^='/inbox/']:has([name=back]) button")
		v.check()
		v.open("/account/notices")
		v.fill(map[string]string{"email": "khong-phai"})
		v.press("main form[action='/account/notices'] button")
		v.sees("Nhập địa chỉ thư điện tử theo mẫu")
		v.check()
		v.fill(map[string]string{"email": "hanh@vidu.example"})
		v.press("main form[action='/account/notices'] button")
		v.sees("Đã lưu cách nhận thông báo")
		v.check()
		if i == 1 {
			v.open("/inbox")
			v.press("form[action='/inbox'] button")
			v.open("/inbox?show=unread")
			v.sees("Bạn đã đọc hết thông báo")
		}
		v.signOut()
		v.signIn("leader")
		v.open("/admin/notices")
		v.sees("Thông báo đã gửi", "h***@vidu.example")
		v.check()
	}
}
