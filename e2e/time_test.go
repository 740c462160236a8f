package e2e

import (
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
)

// TestANewHolidayInTheBrowser: one person proposes it, another approves it, the ward's clerk
// decides on the dates, the citizen reads why.
func TestANewHolidayInTheBrowser(t *testing.T) {
	t.Parallel()
	for _, l := range []look{{width: 360, js: false, lang: "vi"}, {width: 1280, js: true, lang: "en"}} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			city := citytest.New(t, citytest.At(clock.MustDate("2026-11-20").At(9, 30)))
			filed := city.As("citizen").Post("/api/v1/dossiers", business()).Want(201)
			code := filed.Text("code")
			clerk := visit(t, city, l)
			clerk.signIn("clerk")
			do(clerk, code, "accept", nil)
			en := l.lang == "en"

			designer := visit(t, city, l)
			designer.signIn("designer")
			designer.open("/admin/calendar")
			form := "form[action='/admin/calendar']"
			designer.press(form + " button") // nothing filled in
			designer.find(".kh-error-summary")
			designer.fillIn(form, map[string]string{
				"kind": "holiday", "from.day": "25", "from.month": "11", "from.year": "2026", "vi": "Nghỉ tránh bão", "en": "Storm day off", "source": "Công điện 01/CĐ-UBND ngày 20/11/2026",
			})
			designer.press(form + " button")
			designer.sees(map[bool]string{true: "Waits for a second authorised person", false: "Đang chờ người thứ hai"}[en])

			leader := visit(t, city, l)
			leader.signIn("leader")
			leader.open("/admin/calendar")
			leader.press("button[name=do][value=approve]")
			leader.sees(map[bool]string{true: "The decision was recorded", false: "Đã ghi quyết định"}[en], "vn-public-2026.1+1")

			city.Eventually("a date is proposed", func() bool {
				clerk.open("/desk/dates")
				return clerk.has("input[name=date]")
			})
			clerk.sees(map[bool]string{true: "25 November 2026 (Storm day off)", false: "25/11/2026 (Nghỉ tránh bão)"}[en])
			clerk.press("button[name=do][value=keep]") // nothing chosen
			clerk.find(".kh-error-summary")
			clerk.click(clerk.find("input[name=date]"))
			clerk.press("button[name=do][value=accept]")
			clerk.sees(map[bool]string{true: "1 date decided", false: "Đã quyết định 1 ngày hẹn"}[en])

			city.Pass(26 * time.Hour)
			public := visit(t, city, l)
			public.open("/dossiers/" + code + "?k=" + filed.Text("accessKey"))
			public.click(public.find(".kh-summary-list details > summary"))
			public.sees(map[bool]string{true: "The days off have changed", false: "Lịch nghỉ đã thay đổi"}[en])
			public.check()
			officer := visit(t, city, l)
			officer.signIn("clerk")
			officer.open("/desk/dossiers/" + code)
			officer.find("figure.kh-bar svg[role=img]")
			if l.js { // the same pages on a telephone at night, read by axe
				small := visit(t, city, look{width: 360, js: true, dark: true, lang: "vi"})
				small.signIn("clerk")
				small.open("/desk/dates")
				small.open("/desk/dossiers/" + code)
				small.open("/admin/calendar")
			}
		})
	}
}

// TestHoursOfAUnitInTheBrowser: a ward's chairman asks for Saturday mornings.
func TestHoursOfAUnitInTheBrowser(t *testing.T) {
	t.Parallel()
	city := citytest.New(t, citytest.At(clock.MustDate("2026-11-20").At(9, 30)))
	v := visit(t, city, phone)
	v.signIn("chairman")
	v.open("/admin/calendar")
	v.press(".kh-filters__link:not(.kh-filters__link--current)")
	form := "form[action='/admin/calendar']"
	v.click(v.find(form + " details > summary"))
	v.fillIn(form, map[string]string{
		"kind": "unitHours", "from.day": "1", "from.month": "12", "from.year": "2026", "source": "Quyết định 12/QĐ-UBND",
		"week-am-from": "08:00", "week-am-to": "12:00", "week-pm-from": "13:30", "week-pm-to": "17:00", "sat-am-from": "08:00", "sat-am-to": "12:00",
	})
	v.press(form + " button")
	v.sees("Thứ Bảy 08:00–12:00 (không tính là ngày làm việc)")
	if v.has("button[name=do][value=approve]") {
		t.Error("its proposer may approve it")
	}
	second := visit(t, city, phone)
	second.signIn("viceChairman")
	second.open("/admin/calendar")
	second.press(".kh-filters__link:not(.kh-filters__link--current)")
	second.press("button[name=do][value=approve]")
	second.sees("@")
}

func business() map[string]any {
	return map[string]any{
		"service": "hanoi.business.household-business", "case": "individual", "channel": "online",
		"applicant": map[string]any{"name": "Trần Thị Lụa", "phone": "0912 000 021"},
		"answers": map[string]any{
			"business.address.unit": "00118", "business.address.line": "Số 12 phố Ngọc Lâm", "business.name": "Bún chả Ngọc Lâm", "business.trade": "food",
			"business.conditional": false, "business.capital": 50_000_000, "business.labour": 3, "business.accounting": "declaration",
			"owner.name": "Trần Thị Lụa", "owner.dob": "1990-05-12", "owner.sex": "female", "owner.id": "999190000021", "owner.ethnicity": "01",
			"owner.residence.line": "Tổ 5, phường Bồ Đề, Hà Nội", "owner.phone": "0912000021", "owner.otherBusiness": false,
			"filer.kind": "owner", "filer.declaration": true,
		},
		"delivery": map[string]any{"method": "counter"},
	}
}
