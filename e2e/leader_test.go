package e2e

import (
	"testing"
	"time"

	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"

	"khue/internal/citytest"
)

// TestLeaderInTheBrowser: a chairman returns and signs on a phone in the dark, with a thumb or
// by keys alone, deals with several at once, and orders on what became late; the officer answers.
func TestLeaderInTheBrowser(t *testing.T) {
	t.Parallel()
	for _, l := range []look{{width: 360, js: true, dark: true, lang: "vi"}, {width: 360, js: false, dark: true, lang: "vi"}, {width: 1280, js: true, lang: "en"}} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			city := citytest.New(t)
			waiting := func() string {
				code := city.As("clerk").Post("/api/v1/dossiers", citytest.Counter()).Want(201).Text("code")
				acts(t, city, "motcua", code, "accept", nil)
				acts(t, city, "hotich", code, "approve", nil)
				acts(t, city, "hotich", code, "approve", map[string]any{"book.number": 12, "book.year": 2025})
				return code
			}
			first, second, third := waiting(), waiting(), waiting()
			say := func(vi, english string) string {
				if l.lang == "en" {
					return english
				}
				return vi
			}
			v := visit(t, city, l)
			v.signIn("chairman")
			v.open("/desk/leader")
			v.sees(first, second, third, "Đỗ Minh Châu", say("Chờ ký, duyệt", "To sign or approve"))
			v.thumbs()

			v.click(v.find(".kh-sign__return summary"))
			v.press(".kh-sign__return button")
			v.find(".kh-error-message")
			v.fillIn(".kh-sign__return form ", map[string]string{"comment": "Sai ngày sinh của mẹ"})
			v.press(".kh-sign__return button")
			v.sees(say("Hồ sơ "+first, "Dossier "+first))

			v.byKeys(".kh-sign__acts form button")
			v.sees(say("Hồ sơ "+second, "Dossier "+second))

			v.click(v.find("input[name=pick]"))
			v.press("#many button[value=approve]")
			v.sees(third, say("Ký, duyệt 1 hồ sơ?", "Sign or approve 1 dossier?"))
			v.press("button[name=go]")
			v.sees(say("Đã xử lý 1 trong 1 hồ sơ", "1 of 1 dossiers"))

			city.Clock.Set(city.Clock.Now().Add(3 * 24 * time.Hour))
			v.signIn("chairman") // the session ended over the days
			v.open("/desk/leader?list=late")
			v.press(".kh-rowlist__item .kh-button")
			v.fill(map[string]string{"officer": city.Account("justiceOfficer").ID, "hours": "4", "note": "Báo cáo lý do chậm và ngày trả"})
			v.press("main form[action$='/order'] button[type=submit]")
			v.sees(say("Đã ghi", "Recorded"), "Đỗ Minh Châu")
			v.signOut()
			v.signIn("justiceOfficer")
			v.open("/desk/orders")
			v.fill(map[string]string{"text": "Chờ xác minh ở xã khác", "forecast.day": "30", "forecast.month": "6", "forecast.year": "2025"})
			v.press("main form[action^='/desk/orders/'] button[type=submit]")
			v.sees("Chờ xác minh ở xã khác", say("Đã trả lời", "Answered"))
		})
	}
}

// thumbs checks that what a leader taps is large enough for a thumb.
func (v *visitor) thumbs() {
	v.t.Helper()
	res, err := v.within().Eval(`() => [...document.querySelectorAll(".kh-leader button, .kh-tile, .kh-sign a.kh-button, .kh-sign summary, .kh-rowlist__link")]
		.filter(e => e.getClientRects().length && e.getBoundingClientRect().height < 38).map(e => e.outerHTML.slice(0, 100)).join()`)
	v.must(err)
	if small := res.Value.Str(); small != "" {
		v.t.Errorf("too small for a thumb at %s: %s", v.path(), small)
	}
}

// byKeys goes to an element with Tab alone and presses Enter.
func (v *visitor) byKeys(selector string) {
	v.t.Helper()
	for range 80 {
		v.must(v.within().Keyboard.Press(input.Tab))
		res, err := v.within().Eval(`s => document.activeElement.matches(s)`, selector)
		v.must(err)
		if res.Value.Bool() {
			wait := v.within().WaitNavigation(proto.PageLifecycleEventNameLoad)
			v.must(v.within().Keyboard.Press(input.Enter))
			wait()
			v.check()
			return
		}
	}
	v.t.Fatalf("Tab does not reach %s at %s (%s)", selector, v.path(), v.look)
}
