package e2e

import (
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
)

// signInAs signs in one of several demo people of the same role.
func (v *visitor) signInAs(login string) {
	v.t.Helper()
	v.open("/sign-in")
	v.fill(map[string]string{"login": login, "password": v.city.Demo.Password})
	v.press("main form button")
}

// codeOf finds the code of the dossier that was just filed.
func (v *visitor) codeOf() string {
	v.t.Helper()
	v.find(".kh-panel")
	for w := range strings.FieldsSeq(v.text()) {
		if strings.HasPrefix(w, "H26") {
			return w
		}
	}
	v.t.Fatalf("no code in %q", v.text())
	return ""
}

// pages fills a form page by page.
func (v *visitor) pages(pages ...map[string]string) {
	v.t.Helper()
	for _, p := range pages {
		v.fill(p)
		v.press(submit)
	}
}

func filer(name string) map[string]string {
	return map[string]string{"applicant.name": name, "applicant.phone": "0912 000 001", "delivery.method": "counter"}
}

func TestABusinessFiledOnAPhone(t *testing.T) {
	t.Parallel()
	for _, l := range []look{{width: 360, js: false, lang: "vi"}, {width: 1280, js: true, lang: "en"}} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			city := citytest.New(t, citytest.At(clock.MustDate("2026-11-20").At(9, 30)))
			v := visit(t, city, l)
			v.signIn("citizen")
			v.open("/apply/hanoi.business.household-business")
			v.pages(
				map[string]string{"case": "individual"},
				map[string]string{
					"business.address.unit": "00118", "business.address.line": "Số 12 phố Ngọc Lâm", "business.name": "Bún chả Ngọc Lâm", "business.trade": "food",
					"business.conditional": "no", "business.capital": "50.000.000", "business.labour": "2", "business.accounting": "declaration",
				},
				map[string]string{
					"owner.name": "Trần Thị Lụa", "owner.dob.day": "12", "owner.dob.month": "5", "owner.dob.year": "1990", "owner.sex": "female", "owner.id": "999190000021",
					"owner.ethnicity": "01", "owner.residence.line": "Tổ 5, phường Bồ Đề, Hà Nội", "owner.phone": "0912000021", "owner.otherBusiness": "no",
				},
				map[string]string{"filer.kind": "owner", "filer.declaration": "yes"},
			)
			v.press(submit) // the form itself is the request: no paper is asked for
			v.pages(filer("Trần Thị Lụa"))
			v.sees("Bún chả Ngọc Lâm", map[string]string{"vi": "Không thu phí", "en": "Free of charge"}[l.lang]) // since 2026-07-25, online
			v.pages(map[string]string{"declare": "yes"})
			code := v.codeOf()

			clerk := visit(t, city, desk)
			clerk.signIn("clerk")
			do(clerk, code, "accept", nil)
			clerk.sees("26/11/2026") // 24 November is a holiday
			head := visit(t, city, desk)
			head.signInAs("kinhdoanh.tp")
			do(head, code, "assign", nil)
			specialist := visit(t, city, desk)
			specialist.signInAs("kinhdoanh")
			do(specialist, code, "supplement", map[string]string{"reason": "Tên trùng với hộ kinh doanh đã đăng ký."})
		})
	}
}

func TestDepartmentsAreAskedOfAHouse(t *testing.T) {
	t.Parallel()
	city := citytest.New(t, citytest.At(clock.MustDate("2026-11-20").At(9, 0)))
	v := visit(t, city, phone)
	v.signIn("citizen")
	v.open("/apply/hanoi.construction.house-permit")
	v.pages(
		map[string]string{"case": "house"},
		map[string]string{
			"site.address.unit": "00118", "site.address.line": "Ngõ 5 phố Ngọc Lâm", "site.plot": "112", "site.area": "82,5",
			"land.registered": "yes", "land.certificate": "CQ 123456", "site.detailedPlan": "no", "site.heritage": "yes", "site.adjacent": "no",
		},
		map[string]string{
			"owner.kind": "person", "owner.name": "Đặng Quốc Việt", "owner.id": "999085000031", "owner.residence.line": "Tổ 9, phường Bồ Đề, Hà Nội", "owner.phone": "0912000031",
		},
		map[string]string{
			"house.class": "three", "house.floors": "4", "house.ground": "60", "house.total": "235", "house.height": "14,6",
		},
		map[string]string{"design.kind": "self", "work.start.day": "15", "work.start.month": "1", "work.start.year": "2027", "work.months": "8", "owner.declaration": "yes"},
	)
	v.find(".kh-error-summary") // a house of four floors is not designed by its builder
	v.pages(
		map[string]string{"design.kind": "organisation"}, // who designed it is asked then
		map[string]string{"design.name": "Công ty Kiến trúc Sen", "design.certificate": "HAN-00031234"},
		map[string]string{"papers.drawings": sample(t)},
		filer("Đặng Quốc Việt"),
		map[string]string{"declare": "yes"},
	)
	code := v.codeOf()

	as := func(login string) *visitor {
		o := visit(t, city, desk)
		o.signInAs(login)
		return o
	}
	do(as("motcua"), code, "accept", map[string]string{"check.land": "found"})
	do(as("xaydung.tp"), code, "assign", nil)
	// Each department sees the dossier from its own queue, and the specialist the site.
	planning := as("quyhoach")
	do(planning, code, "approve", map[string]string{"planning.opinion": "conditions", "planning.text": "Không quá 15 m."})
	do(as("disan"), code, "approve", map[string]string{"culture.opinion": "agree"})
	do(as("xaydung"), code, "approve", map[string]string{
		"check.examined": "land", "visit.date.day": "20", "visit.date.month": "11", "visit.date.year": "2026", "visit.note": "Đất trống.",
	})
	drafter := as("xaydung")
	do(drafter, code, "submit", map[string]string{"permit.conditions": "Mái ngói."})
	drafter.open("/desk/dossiers/" + code)
	drafter.sees("02/12/2026")
	v.again()
}
