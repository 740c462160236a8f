package e2e

import (
	"testing"

	"khue/internal/citytest"
)

// TestACourseIsCorrectedInTheBrowser: a chairman moves a dossier to another step, stops it by
// an order and reopens it; each with its reason.
func TestACourseIsCorrectedInTheBrowser(t *testing.T) {
	t.Parallel()
	for _, l := range []look{{width: 360, js: false, lang: "vi"}, {width: 1280, js: true, lang: "en"}, {width: 1280, js: true, dark: true, lang: "vi"}} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			city := citytest.New(t)
			code := city.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
			en := l.lang == "en"
			clerk := visit(t, city, l)
			clerk.signIn("clerk")
			do(clerk, code, "accept", nil)

			v := visit(t, city, l)
			v.signIn("chairman")
			v.open("/desk/dossiers/" + code)
			v.press("a[href$='/correct']")
			v.find(".kh-diagram svg")
			v.check()
			v.fill(map[string]string{"kind": "move", "step": "sign"})
			v.press("main form button")
			v.find(".kh-error-summary") // no reason
			if got := v.find("select[name=step]").MustProperty("value").String(); got != "sign" {
				t.Errorf("what was chosen is gone: %q", got)
			}
			v.fill(map[string]string{"reason": "Đã xác minh tại phường."})
			v.press("main form button")
			v.sees(map[bool]string{true: "Moved to another step by authority", false: "Đã chuyển bước theo thẩm quyền"}[en])

			v.open("/desk/dossiers/" + code + "/correct")
			v.fill(map[string]string{"kind": "halt", "reason": "Tòa án yêu cầu."})
			v.press("main form button")
			v.find(".kh-error-summary") // no order
			v.fill(map[string]string{"authority": "Quyết định 7/2025/QĐ-BPKCTT"})
			v.press("main form button")
			v.sees(map[bool]string{true: "Stopped by order", false: "Đã dừng theo quyết định"}[en])
			v.open("/desk/dossiers/" + code + "/correct")
			v.fill(map[string]string{"kind": "reopen", "step": "verify", "reason": "Tòa án hủy quyết định.", "authority": "Quyết định 9/2025/QĐ-BPKCTT"})
			v.press("main form button")
			v.sees(map[bool]string{true: "Dossier reopened", false: "Đã mở lại hồ sơ"}[en])
		})
	}
}
