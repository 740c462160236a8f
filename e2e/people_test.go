package e2e

import (
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
)

// TestVerifiedAndActingForAnother: a new citizen is verified by the code on their screen and a
// card at the counter; one lets another act, who accepts and applies for her.
func TestVerifiedAndActingForAnother(t *testing.T) {
	t.Parallel()
	for _, l := range []look{{width: 360, js: false, lang: "vi"}, {width: 1280, js: true, dark: true, lang: "en"}} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			city := citytest.New(t, citytest.At(clock.MustDate("2025-07-02").At(9, 30)))
			fresh := visit(t, city, l)
			fresh.open("/sign-up")
			fresh.fill(map[string]string{"name": "Lê Thị Mới", "login": "0912000088", "password": "mot mat khau rat dai"})
			fresh.press("main form button")
			fresh.open("/account/identity")
			fresh.press("main form button[type=submit]")
			fresh.check()
			code := fresh.find("#code").MustText()
			clerk := visit(t, city, look{width: 1280, js: l.js, lang: l.lang})
			clerk.signIn("clerk")
			clerk.open("/desk/identity")
			clerk.check()
			clerk.fill(map[string]string{"card": "999195000044||Lê Thị Mới|01021995|Nữ|Tổ 7|15062021", "login": "0912000088", "code": code})
			clerk.press(submit)
			clerk.check()
			clerk.fill(map[string]string{"compared": "yes"})
			clerk.press("main button[value=confirm]")
			fresh.open("/account/identity")
			fresh.sees("999xxxxxx044")

			hanh := visit(t, city, l)
			hanh.signIn("citizen")
			hanh.open("/account/mandates")
			hanh.click(hanh.find("main details > summary"))
			hanh.fill(map[string]string{"name": "Trần Văn Bình", "number": "999090000002", "until.day": "31", "until.month": "12", "until.year": "2025"})
			hanh.press("main details form button[type=submit]")
			hanh.check()
			binh := visit(t, city, l)
			binh.signInAs("0912000002")
			binh.open("/account/mandates")
			binh.press("main button[value=accept]")
			binh.check()
			binh.sees("Nguyễn Thị Hạnh")
			binh.open("/apply/hanoi.civil-status.birth-registration")
			binh.check()
			binh.fill(map[string]string{"case": "normal"})
			binh.press(submit)
			at := binh.path()
			binh.open(at[:strings.LastIndexByte(at, '/')] + "/delivery")
			binh.sees("Nguyễn Thị Hạnh")
			binh.check()

			steward := visit(t, city, l)
			steward.signInAs("dulieu")
			steward.open("/admin/people/duplicates")
			steward.check()
			clerk.open("/desk/mandates")
			clerk.check()
		})
	}
}
