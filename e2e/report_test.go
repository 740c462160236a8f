package e2e

import (
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
)

// TestReportAndBookInTheBrowser: a clerk reads the report of the ward and its tracking book,
// chooses another period, and is told at the field what is wrong with one.
func TestReportAndBookInTheBrowser(t *testing.T) {
	t.Parallel()
	for _, l := range []look{{width: 360, js: true, dark: true, lang: "vi"}, {width: 1280, js: true, lang: "en"}, {width: 1280, js: false, lang: "vi"}} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			city := citytest.New(t, citytest.At(clock.MustDate("2026-11-20").At(9, 30)))
			clerk := visit(t, city, l)
			clerk.signIn("clerk")
			for range 3 {
				do(clerk, city.As("citizen").Post("/api/v1/dossiers", business()).Want(201).Text("code"), "accept", nil)
			}
			en := l.lang == "en"
			say := func(vi, english string) string {
				if en {
					return english
				}
				return vi
			}
			clerk.open("/desk/report")
			clerk.sees(say("Tình hình giải quyết thủ tục hành chính", "State of settling procedures"), say("Tổng cộng", "Total"))
			clerk.open("/desk/report?by=procedure&from=2026-01-01&to=2026-11-20")
			clerk.open("/desk/book")
			clerk.sees("Trần Thị Lụa", say("Mẫu số 07", "Form 07"))
			clerk.click(clerk.find("main details > summary"))
			clerk.fill(map[string]string{"from.day": "31", "from.month": "2", "from.year": "2026"})
			clerk.press("form[action='/desk/book'] button")
			clerk.find(".kh-error-summary")
			clerk.check()
		})
	}
}
