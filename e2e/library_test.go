package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/onestop/service"
)

// handed is a package of a company, signed and packed: the sample of the guide for another
// procedure. change may spoil it.
func handed(t *testing.T, city *citytest.City, change func(files map[string][]byte)) string {
	t.Helper()
	files, problems := service.ReadFolder(os.DirFS("../internal/onestop/service/testdata/sample"), ".")
	if problems.Failed() {
		t.Fatal(problems)
	}
	files["service.yaml"] = bytes.Replace(files["service.yaml"], []byte(`"1.001193"`), []byte(`"1.004873"`), 1)
	if change != nil {
		change(files)
	}
	private, public, err := service.NewKey("cong-ty-mau")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := city.Library.AddAuthor(t.Context(), public, 0); err != nil {
		t.Fatal(err)
	}
	if err := service.Sign(files, private); err != nil {
		t.Fatal(err)
	}
	archive, err := service.Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "mau.khue.zip")
	if err := os.WriteFile(name, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestAPackageIsReviewedAndPublished: one hands in, another reviews and publishes, citizens
// find it.
func TestAPackageIsReviewedAndPublished(t *testing.T) {
	for _, l := range []look{{width: 1280, js: true, lang: "vi"}, {width: 360, js: true, lang: "en"}, {width: 360, js: false, lang: "vi"}} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			city := citytest.New(t, citytest.At(clock.MustDate("2026-11-23").At(9, 0)))
			v := visit(t, city, l)
			v.signIn("designer")
			v.open("/admin/services")
			v.check()
			v.fill(map[string]string{"package": handed(t, city, nil)})
			v.press("main form[action='/admin/services'] button")
			v.sees("hanoi.civil-status.birth-sample", "cong-ty-mau")
			v.check()
			if v.has("main form[action$='/review']") {
				t.Fatal("who submitted may review")
			}
			page := v.path()
			v.signOut()

			v.signIn("leader")
			v.open(page)
			v.press("main form[action$='/review'] button[value=reject]")
			v.sees(map[string]string{"vi": "Nêu lý do", "en": "Give a reason"}[l.lang])
			v.check()
			v.press("main form[action$='/review'] button[value=approve]")
			v.check()
			v.fill(map[string]string{"from.day": "23", "from.month": "11", "from.year": "2026"})
			v.press("main form[action$='/publish'] button")
			v.sees(map[string]string{"vi": "Đã công bố", "en": "Published"}[l.lang])
			v.check()
			v.open("/admin/services")
			v.check()
			v.open("/apply/hanoi.civil-status.birth-sample")
			v.sees(map[string]string{"vi": "Đăng ký khai sinh", "en": "Birth registration"}[l.lang])

			v.open(page)
			v.fillIn("main form[action$='/retire']", map[string]string{"until.day": "24", "until.month": "11", "until.year": "2026", "reason": "Bỏ thủ tục"})
			v.press("main form[action$='/retire'] button")
			v.sees(map[string]string{"vi": "Thôi hiệu lực", "en": "Retired"}[l.lang])
			v.check()
		})
	}
}

// TestASpoiltPackageIsRefusedOnThePage: each problem with its file and line.
func TestASpoiltPackageIsRefusedOnThePage(t *testing.T) {
	for _, l := range []look{{width: 1280, js: true, lang: "en"}, {width: 360, js: false, lang: "vi"}} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			city := citytest.New(t, citytest.At(clock.MustDate("2026-11-23").At(9, 0)))
			v := visit(t, city, l)
			v.signIn("designer")
			v.open("/admin/services")
			v.fill(map[string]string{"package": handed(t, city, func(files map[string][]byte) {
				files["form.yaml"] = bytes.Replace(files["form.yaml"], []byte("not(child.homeBirth)"), []byte("child.homeBirth and not(child.homeBirth)"), 1)
			})})
			v.press("main form[action='/admin/services'] button")
			v.sees("form.yaml:", map[string]string{"vi": "không bao giờ đúng", "en": "never holds"}[l.lang])
			v.check()
		})
	}
}
