package e2e

import (
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
)

// acts completes the task of a dossier as who signs in under a login.
func acts(t *testing.T, c *citytest.City, login, code, action string, answers map[string]any) {
	t.Helper()
	var list struct {
		Items []struct {
			ID, Dossier string
			Version     int64
		}
	}
	c.Login(login).Get("/api/v1/tasks?limit=200").Want(200).Into(&list)
	if answers == nil {
		answers = map[string]any{}
	}
	for _, i := range list.Items {
		if i.Dossier == code {
			c.Login(login).Post("/api/v1/tasks/"+i.ID+"/complete", map[string]any{"version": i.Version, "action": action, "answers": answers}).Want(200)
			return
		}
	}
	t.Fatalf("%s has no task of %s", login, code)
}

// TestAnAllowanceIsFollowedOverItsTiers: filed on a phone without scripts, the citizen's page
// names each tier with its days; so does the officer's.
func TestAnAllowanceIsFollowedOverItsTiers(t *testing.T) {
	t.Parallel()
	for _, l := range []look{{width: 360, js: false, lang: "vi"}, {width: 1280, js: true, lang: "en"}, {width: 1280, js: true, dark: true, lang: "vi"}} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			city := citytest.New(t)
			v := visit(t, city, l)
			v.open("/apply/hanoi.merit.martyr-worship")
			v.pages(
				map[string]string{}, // the procedure has no cases to choose from
				map[string]string{
					"applicant.commune": "00133", "applicant.holder": "relative", "applicant.name": "Nguyễn Văn Thành", "applicant.dob.year": "1958",
					"applicant.id": "999058000011", "applicant.address": "Số 12, đường Bát Khối", "applicant.kinship": "nephew",
				},
				map[string]string{
					"martyr.name": "Nguyễn Văn Kiên", "martyr.hometown": "Gia Lâm, Hà Nội", "martyr.died.year": "1968", "martyr.certificate": "AB 417 b", "martyr.fileElsewhere": "no",
				},
				map[string]string{"pay.method": "cash", "pay.never": "yes"},
				map[string]string{"papers.request": sample(t), "papers.authorisation": sample(t)},
				filer("Nguyễn Văn Thành"), map[string]string{"declare": "yes"},
			)
			code := v.codeOf()
			acts(t, city, "motcua", code, "accept", nil)
			acts(t, city, "vanhoa", code, "approve", map[string]any{"confirm.resides": true, "confirm.noRelative": true})
			acts(t, city, "chutich", code, "approve", nil)
			acts(t, city, "motcua", code, "submit", nil)
			v.track(code)
			if l.lang == "en" {
				v.sees("Where the dossier goes", "People's Committee of Long Bien District", "It is here", "Department of Home Affairs", "Still to come", "12 working days")
			} else {
				v.sees("Hồ sơ đi qua đâu", "Ủy ban nhân dân quận Long Biên", "Đang ở đây", "Sở Nội vụ", "Chưa đến", "12 ngày làm việc")
			}
			officer := visit(t, city, l)
			officer.signInAs("quan.motcua")
			officer.open("/desk/dossiers/" + code)
			officer.sees(code)
		})
	}
}

// TestThreeDossiersInOne: the page of the application shows each child with its unit and date,
// and leads to it.
func TestThreeDossiersInOne(t *testing.T) {
	t.Parallel()
	for _, l := range []look{{width: 360, js: false, lang: "vi"}, {width: 1280, js: true, lang: "en"}} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			city := citytest.New(t, citytest.At(clock.MustDate("2026-11-09").At(9, 30)))
			b := citytest.Counter()
			b["service"], b["unit"] = "hanoi.civil-status.linked-birth", "00118"
			answers := b["answers"].(map[string]any) //nolint:forcetypeassert // our own
			for k, a := range map[string]any{
				"child.registrationUnit": "00118", "residence.commune": "00118", "residence.address": "Tổ 5", "residence.with": "mother",
				"residence.head": "Nguyễn Thị Hạnh", "card.hospital": "Trạm y tế phường",
			} {
				answers[k] = a
			}
			code := city.As("clerk").Post("/api/v1/dossiers", b).Want(201).Text("code")
			acts(t, city, "motcua", code, "accept", nil)
			v := visit(t, city, l)
			v.track(code)
			if l.lang == "en" {
				v.sees("The dossiers in this one", "Birth registration", "Set on acceptance")
			} else {
				v.sees("Các hồ sơ trong hồ sơ này", "Đăng ký khai sinh", "Có khi được tiếp nhận")
			}
			v.press("table a[href*='/dossiers/']")
			if l.lang == "en" {
				v.sees("Part of", code)
			} else {
				v.sees("Thuộc hồ sơ", code)
			}
		})
	}
}

// track follows a dossier by its code and the demo's phone number.
func (v *visitor) track(code string) {
	v.t.Helper()
	v.open("/track")
	v.fill(map[string]string{"code": code, "phone": "0912 000 001"})
	v.press("main form button")
}
