package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
)

// scan is a PDF of a few megabytes.
func scan(t *testing.T, name string, size int) string {
	t.Helper()
	body := make([]byte, size)
	rng := rand.New(rand.NewPCG(1, uint64(size))) //nolint:gosec // noise for a sample
	for i := range body {
		body[i] = byte('0' + rng.IntN(70))
	}
	file := filepath.Join(t.TempDir(), name)
	text := fmt.Sprintf("%%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n2 0 obj<</Length %d>>stream\n%s\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%%%EOF\n", size, strings.ReplaceAll(string(body), "/", "."))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// draft begins an application and stands at its papers.
func draft(v *visitor) {
	v.t.Helper()
	v.open("/apply/hanoi.civil-status.birth-registration")
	v.fill(map[string]string{"case": "normal"})
	v.press(submit)
	v.fill(map[string]string{
		"child.registrationUnit": "00133", "child.name": "Nguyễn Minh An", "child.dob.day": "1", "child.dob.month": "6", "child.dob.year": "2025",
		"child.sex": "female", "child.ethnicity": "01", "child.hometown": "Gia Lâm, Hà Nội", "child.homeBirth": "no", "child.birthPlace": "Bệnh viện Phụ sản Hà Nội",
	})
	v.press(submit)
	v.fill(map[string]string{"mother.name": "Nguyễn Thị Hạnh", "mother.dob.year": "1996"})
	v.press(submit)
	v.fill(map[string]string{"requester.name": "Nguyễn Thị Hạnh", "requester.id": "999196000001", "requester.relation": "mother"})
	v.press(submit)
}

// line sets the speed of the window's connection; 0 bytes a second cuts it.
func (v *visitor) line(bytesPerSecond float64) {
	v.t.Helper()
	v.must(proto.NetworkEnable{}.Call(v.page))
	v.must(proto.NetworkEmulateNetworkConditions{
		Offline: bytesPerSecond == 0, Latency: 5, DownloadThroughput: -1, UploadThroughput: bytesPerSecond,
	}.Call(v.page))
}

// until waits for something on the page, for as long as one look may take.
func (v *visitor) until(what, js string, args ...any) {
	v.t.Helper()
	limit, tick := time.NewTimer(bound), time.NewTicker(50*time.Millisecond)
	defer limit.Stop()
	defer tick.Stop()
	for {
		res, err := v.within().Eval(js, args...)
		if err == nil && res.Value.Bool() {
			return
		}
		select {
		case <-limit.C:
			v.picture()
			v.t.Fatalf("it did not come: %s (%s); the page says:\n%.2500s", what, v.look, v.text())
		case <-tick.C:
		}
	}
}

const (
	bar      = `() => (document.querySelector("progress") || {}).value`
	farther  = `n => (document.querySelector("progress") || {value: 0}).value > n`
	listed   = `name => [...document.querySelectorAll("[data-kh-upload-files] .kh-files__name")].some(e => e.textContent.includes(name))`
	saying   = `text => document.body.innerText.includes(text)`
	slow     = 400_000.0
	fast     = -1.0
	papersOf = "#f-papers\\.birthSlip"
)

// TestUploadSurvivesTheLine: cut off in the middle, it waits and goes on; the page left
// and opened again, the same file goes on where it stopped; whoever presses on waits.
func TestUploadSurvivesTheLine(t *testing.T) {
	for _, l := range []look{{width: 360, js: true, lang: "vi"}, {width: 1280, js: true, dark: true, lang: "en"}} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			city := citytest.New(t)
			v := visit(t, city, l)
			draft(v)
			file := scan(t, "quét giấy chứng sinh.pdf", 3<<20)
			lost, goOn, again := "Mất kết nối", "Tải tiếp từ", "chọn lại đúng tệp này để tải tiếp"
			if l.lang == "en" {
				lost, goOn, again = "No connection", "Going on from", "choose this same file again to go on"
			}
			v.line(slow)
			v.must(v.find(papersOf).SetFiles([]string{file}))
			v.until("a first part is sent", farther, 5)
			v.check()
			v.line(0)
			v.until("the script says that the line is cut", saying, lost)
			v.check()
			v.line(slow)
			at, err := v.within().Eval(bar)
			v.must(err)
			v.until("it goes on after the cut", farther, at.Value.Int()+3)

			// The page is left; what came is kept, and said.
			v.again()
			v.sees("quét giấy chứng sinh.pdf", again)
			v.must(v.find(papersOf).SetFiles([]string{file}))
			v.until("it goes on after the reload", saying, goOn)
			v.line(fast)
			// Going on at once waits for the rest.
			v.press(submit)
			if !strings.HasSuffix(v.path(), "/delivery") {
				t.Fatalf("led to %s", v.path())
			}
			v.open(strings.TrimSuffix(v.path(), "/delivery") + "/papers")
			v.sees("quét giấy chứng sinh.pdf")
			if strings.Contains(v.text(), again) {
				t.Error("an unfinished upload is left")
			}
		})
	}
}

// TestRefusedFilesSayWhatToDo, with a script and without; the good ones stay.
func TestRefusedFilesSayWhatToDo(t *testing.T) {
	for _, l := range []look{{width: 360, js: true, lang: "vi"}, {width: 1280, js: false, lang: "en"}} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			v := visit(t, citytest.New(t), l)
			draft(v)
			bad := filepath.Join(t.TempDir(), "khóa.pdf")
			if err := os.WriteFile(bad, []byte("%PDF-1.4\ntrailer<</Encrypt 1 0 R>>\n%%EOF"), 0o600); err != nil {
				t.Fatal(err)
			}
			v.must(v.find(papersOf).SetFiles([]string{sample(t), bad}))
			if l.js {
				v.until("the refusal", saying, "In → Lưu thành PDF")
				v.until("the good one", listed, "giay-chung-sinh.pdf")
			} else {
				v.press("main form button[name=add]")
				v.sees("Print → Save as PDF", "giay-chung-sinh.pdf")
			}
			v.check()
			v.press("main button[name=remove]")
			if strings.Contains(v.text(), "giay-chung-sinh.pdf") {
				t.Error("a file that was taken away stays")
			}
		})
	}
}

// TestAFileThatIsTooLarge is refused when it is chosen where scripts run, and when all of it was sent
// where they do not: with a sentence at its field, and what was typed beside it stays.
func TestAFileThatIsTooLarge(t *testing.T) {
	for _, l := range []look{{width: 360, js: true, lang: "vi"}, {width: 360, js: false, dark: true, lang: "vi"}, {width: 1280, js: false, lang: "en"}} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			v := visit(t, citytest.New(t), l)
			v.signIn("citizen")
			large := filepath.Join(t.TempDir(), "ảnh chụp.pdf")
			v.must(os.WriteFile(large, []byte("%PDF-1.4\n"), 0o600))
			v.must(os.Truncate(large, 40<<20))
			const words = "Tên của tôi bị ghi sai dấu."
			v.open("/account/data/requests/new?kind=correction")
			v.fill(map[string]string{"fact": "name", "value": "Nguyễn Thị Hạnh", "words": words})
			v.must(v.find("main input[type=file]").SetFiles([]string{large}))
			says := "lớn hơn 10 MB"
			if l.lang == "en" {
				says = "larger than 10 MB"
			}
			if l.js {
				v.until("the refusal", saying, says)
				v.until("nothing is left to be sent", `() => !document.querySelector("main input[type=file]").files.length`)
			} else {
				v.press(submit)
				v.sees(says)
			}
			v.check()
			v.until("what was typed stays", `words => document.querySelector("textarea[name=words]").value === words`, words)
		})
	}
}

// TestDraftsInTheBrowser: listed, looked through after the reorganisation, deleted.
func TestDraftsInTheBrowser(t *testing.T) {
	for _, l := range []look{{width: 360, js: false, lang: "vi"}, {width: 1280, js: true, dark: true, lang: "en"}, {width: 1280, js: true, lang: "vi"}, {width: 360, js: true, dark: true, lang: "vi"}} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			city := citytest.New(t)
			v := visit(t, city, l)
			draft(v)
			v.must(v.find(papersOf).SetFiles([]string{sample(t)}))
			v.press(submit)
			v.fill(map[string]string{"applicant.name": "Nguyễn Thị Hạnh", "applicant.phone": "0912 000 001", "delivery.method": "counter"})
			v.press(submit)
			v.press("main a[href$='/child?back=review']")
			v.press(submit)
			if !strings.HasSuffix(v.path(), "/review") {
				t.Errorf("a change leads to %s", v.path())
			}
			v.open("/apply")
			city.Clock.Set(clock.MustDate("2025-07-01").At(9, 0))
			v.press("main .kh-draft h2 a")
			if !strings.HasSuffix(v.path(), "/moved") {
				t.Fatalf("led to %s", v.path())
			}
			v.press(submit)
			v.open("/apply")
			v.press("main a[href$='/forget']")
			v.press(submit)
			if v.has(".kh-draft") {
				t.Error("it is still listed")
			}
		})
	}
}
