package applyweb_test

import (
	"strings"
	"testing"

	"khue/internal/citytest"
)

const permit = "/apply/hanoi.construction.house-permit"

// A page without scripts: wards are found by name, warnings are seen before the page is
// left, what does not apply is dropped and said, and the account fills what it knows.
func TestQuestionsWithoutScripts(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		b := visit(t, c, "vi")
		b.signIn("citizen")
		p := b.post(permit, "case", "house").want(200)
		at := strings.TrimSuffix(p.path, "/"+p.path[strings.LastIndexByte(p.path, '/')+1:])

		found := b.post(at+"/site", "_edit", "find site.address.unit", "site.address.unit.find", "ngoc lam", "site.plot", "12").want(200)
		found.says(`type="radio" value="00133"`, "Phường Ngọc Lâm", `value="12"`).lacks("kh-error-summary")
		site := []string{
			"site.address.unit", "00133", "site.address.line", "Số 5 phố Ái Mộ", "site.plot", "12", "site.area", "80", "land.certificate", "CS 123",
			"site.detailedPlan", "no", "site.heritage", "no", "site.adjacent", "no",
		}
		b.post(at+"/site", site...).want(200).says("Lấy từ: hồ sơ cá nhân") // the owner's page, with the account's name
		b.post(at+"/owner", "owner.kind", "person", "owner.organisation", "Công ty Mái Ấm").want(422)
		b.get(at + "/review").want(200).says("không còn cần trả lời nên đã bỏ").lacks("Công ty Mái Ấm")

		at = b.begin()
		late := append([]string{"_seen", ""}, child...)
		for i, v := range late {
			if v == "child.dob.month" {
				late[i+1] = "1"
			}
		}
		if p := b.post(at+"/child", late...).want(200).says("Có lời nhắc", `id="f-child.dob-warning"`, `value="!child.dob"`); !strings.HasSuffix(p.path, "/child") {
			t.Error("the page was left before its warning was seen")
		}
		late[1] = "!child.dob"
		if p := b.post(at+"/child", late...).want(200); !strings.HasSuffix(p.path, "/parents") {
			t.Errorf("the warning holds the page back: %s", p.path)
		}
		region := b.post(at+"/child", append([]string{"_refresh", "questions"}, child...)...).want(200)
		if region.says(`id="questions"`, "Nguyễn Minh An"); strings.Contains(region.body, "<html") {
			t.Error("a region was asked for and a page came")
		}
	})
}
