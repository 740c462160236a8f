package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
)

// sample is a small file that is a PDF by its first bytes.
func sample(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "giay-chung-sinh.pdf")
	if err := os.WriteFile(name, []byte("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const submit = "main form button[type=submit]:not([name]):not(.kh-visually-hidden)"

// apply takes a citizen from the front door to a filed dossier and returns its code.
func apply(t *testing.T, v *visitor) string {
	t.Helper()
	v.open("/")
	v.fill(map[string]string{"q": "dang ky khai sinh"})
	v.press("form[action='/procedures'] button")
	v.press("main a[href='/procedures/1.001193']")
	v.press("main a[href^='/apply/']")
	v.fill(map[string]string{"case": "normal"})
	v.press(submit)

	// A page sent empty keeps the reader there and says what to do.
	v.press(submit)
	v.find(".kh-error-summary")
	v.fill(map[string]string{
		"child.registrationUnit": "00133", "child.name": "Nguyễn Minh An", "child.dob.day": "1", "child.dob.month": "6", "child.dob.year": "2025",
		"child.sex": "female", "child.ethnicity": "01", "child.hometown": "Gia Lâm, Hà Nội", "child.homeBirth": "no", "child.birthPlace": "Bệnh viện Phụ sản Hà Nội",
	})
	v.press(submit)
	v.fill(map[string]string{"mother.name": "Nguyễn Thị Hạnh", "mother.dob.year": "1996"})
	v.press(submit)
	v.fill(map[string]string{"requester.name": "Nguyễn Thị Hạnh", "requester.id": "999196000001", "requester.relation": "mother"})
	v.press(submit)
	v.fill(map[string]string{"papers.birthSlip": sample(t)})
	v.press(submit)
	v.fill(map[string]string{"applicant.name": "Nguyễn Thị Hạnh", "applicant.phone": "0912 000 001", "delivery.method": "counter"})
	v.press(submit)
	v.sees("Nguyễn Minh An", "giay-chung-sinh.pdf")
	v.fill(map[string]string{"declare": "yes"})
	v.press(submit)
	v.find(".kh-panel")
	text := v.text()
	for w := range strings.FieldsSeq(text) {
		if strings.HasPrefix(w, "H26") {
			return w
		}
	}
	t.Fatalf("no code in %q", text)
	return ""
}

// do opens the task of a dossier from the queue and takes one action.
func do(v *visitor, code, action string, values map[string]string) {
	v.t.Helper()
	v.open("/desk/queue")
	v.take(code, action, values)
}

// take opens the dossier's task from the queue on the screen and does one action.
func (v *visitor) take(code, action string, values map[string]string) {
	v.t.Helper()
	for _, a := range v.all("main a") {
		text, err := a.Text()
		v.must(err)
		if strings.Contains(text, code) {
			href, err := a.Attribute("href")
			v.must(err)
			v.press(fmt.Sprintf("main a[href=%q]", *href))
			v.act(action, values)
			return
		}
	}
	v.t.Fatalf("%s is not in the queue:\n%.2500s", code, v.text())
}

// act fills and sends the form of an action on the task on the screen.
func (v *visitor) act(action string, values map[string]string) {
	v.t.Helper()
	form := fmt.Sprintf("form:has(input[name=action][value=%q])", action)
	v.find(form)
	if fold := fmt.Sprintf("details:not([open]):has(input[name=action][value=%q])", action); v.has(fold) {
		v.click(v.find(fold + " > summary"))
	}
	v.fillIn(form, values)
	v.press(form + " button:not([name=_phrase])") // the phrases' own button stands before
}

func TestJourneyInTheBrowser(t *testing.T) {
	for _, l := range []look{
		{width: 1280, js: true, lang: "vi"},
		{width: 360, js: false, lang: "vi"},
		{width: 360, js: true, dark: true, lang: "en"},
	} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			city := citytest.New(t)
			citizen := visit(t, city, l)
			code := apply(t, citizen)
			citizen.open("/track")
			citizen.fill(map[string]string{"code": strings.ToLower(code), "phone": "0912000001"})
			citizen.press(submit)
			citizen.sees(code)

			for _, step := range []struct {
				role, action string
				values       map[string]string
			}{
				{"clerk", "accept", nil},
				{"justiceOfficer", "approve", nil},
				{"justiceOfficer", "approve", map[string]string{"book.number": "12", "book.year": "2025"}},
				{"chairman", "sign", nil},
				{"registryClerk", "number", nil},
				{"clerk", "issue", nil},
			} {
				o := visit(t, city, l)
				o.signIn(step.role)
				do(o, code, step.action, step.values)
			}
			citizen.again()
			if l.lang == "vi" {
				citizen.sees("Đã trả kết quả")
			}
			city.Pass(time.Hour)
		})
	}
}

// file files a birth over the API, as the demo's citizen, and returns the dossier's code.
func file(city *citytest.City, name string) string {
	b := citytest.Birth()
	b["answers"].(map[string]any)["child.name"] = name
	return city.As("citizen").Post("/api/v1/dossiers", b).Want(201).Text("code")
}

var desk = look{width: 1280, js: true, lang: "vi"}
var phone = look{width: 360, js: false, lang: "vi"}

func TestRefusalIsReasonedAndWhatWasTypedStays(t *testing.T) {
	t.Parallel()
	city := citytest.New(t)
	code := file(city, "Lê Gia Bảo")
	clerk := visit(t, city, desk)
	clerk.signIn("clerk")
	do(clerk, code, "refuse", nil)
	clerk.find(".kh-error-summary")
	clerk.find("details[open] textarea[name=reason]")
	const reason = "Giấy chứng sinh là của một trẻ khác. Hãy nộp giấy chứng sinh của cháu."
	clerk.act("refuse", map[string]string{"reason": reason})
	clerk.sees("Không được tiếp nhận", reason)

	citizen := visit(t, city, phone)
	citizen.signIn("citizen")
	citizen.open("/dossiers")
	citizen.press(`main a[href="/dossiers/` + code + `"]`)
	citizen.sees("Không được tiếp nhận", reason)
	citizen.signOut()
	citizen.open("/dossiers/" + code)
	if citizen.has(".kh-timeline") {
		t.Error("a dossier shows to whoever knows its code")
	}
}

func TestSupplementIsAskedAndAnsweredByUpload(t *testing.T) {
	t.Parallel()
	city := citytest.New(t)
	code := file(city, "Phạm Khánh Linh")
	clerk := visit(t, city, desk)
	clerk.signIn("clerk")
	const asked = "Ảnh giấy chứng sinh mờ ở dòng ngày sinh. Hãy chụp lại rõ cả trang."
	do(clerk, code, "supplement", map[string]string{"reason": asked})
	clerk.sees("Yêu cầu bổ sung")

	citizen := visit(t, city, phone)
	citizen.open("/track")
	citizen.fill(map[string]string{"code": code, "phone": "0912 000 001"})
	citizen.press(submit)
	citizen.sees(asked)
	citizen.fill(map[string]string{"papers.birthSlip": sample(t), "note": "Tôi đã chụp lại."})
	citizen.press("form:has(input[name=act][value=supplement]) button")
	do(clerk, code, "accept", nil)
	clerk.sees("Tôi đã chụp lại.")
}

// Who comes second without scripts is told who was first, and when; with them the page says
// how the dossier stands now before anything is pressed.
func TestTwoOfficersAtOneTask(t *testing.T) {
	t.Parallel()
	city := citytest.New(t)
	code := file(city, "Trần Hải Đăng")
	plain := desk
	plain.js = false
	first, second, watcher := visit(t, city, desk), visit(t, city, plain), visit(t, city, desk)
	for _, v := range []*visitor{first, second, watcher} {
		v.signIn("clerk")
		v.find("main a[href^='/desk/tasks/']")
	}
	second.press("main a[href^='/desk/tasks/']")
	watcher.press("main a[href^='/desk/tasks/']")
	watcher.sees("Mới đăng ký")
	do(first, code, "accept", nil)
	second.act("accept", nil)
	second.sees(city.Account("clerk").Name, "08:10")
	city.Eventually("who only watches hears of it", func() bool { return strings.Contains(watcher.text(), "Được tiếp nhận") })
}

func TestApplicantConfirmsTheDraft(t *testing.T) {
	t.Parallel()
	city := citytest.New(t, citytest.At(clock.MustDate("2026-11-23").At(8, 10)))
	b := citytest.Birth()
	b["answers"].(map[string]any)["child.dob"] = "2026-11-02"
	b["answers"].(map[string]any)["child.registrationUnit"] = "00118"
	code := city.As("citizen").Post("/api/v1/dossiers", b).Want(201).Text("code")
	for _, step := range []struct{ role, action string }{{"clerk", "accept"}, {"justiceOfficer", "approve"}} {
		o := visit(t, city, desk)
		o.signIn(step.role)
		do(o, code, step.action, nil)
	}
	citizen := visit(t, city, phone)
	citizen.signIn("citizen")
	citizen.open("/dossiers/" + code)
	citizen.sees("Nguyễn Minh An")
	citizen.press("main button[name=act][value=confirm]")
	o := visit(t, city, desk)
	o.signIn("justiceOfficer")
	do(o, code, "approve", nil) // the book gives the number
}
