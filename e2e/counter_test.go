package e2e

import (
	"strings"
	"testing"

	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"

	"khue/internal/citytest"
)

const hanhsCard = "999196000001||Nguyễn Thị Hạnh|02091996|Nữ|Tổ 4, Phường Ngọc Lâm, Long Biên, Hà Nội|15062021"

// hands are somebody at a keyboard without a mouse; every key is counted, a scanner's are not.
type hands struct {
	*visitor
	keys int
}

func (h *hands) key(k input.Key, times int) {
	h.t.Helper()
	for range times {
		h.must(h.page.Keyboard.Type(k))
		h.keys++
	}
}

func (h *hands) write(text string) {
	h.t.Helper()
	h.must(h.page.InsertText(text))
	h.keys += len([]rune(text))
}

// to moves on by Tab until the focus is on a selector.
func (h *hands) to(selector string) {
	h.t.Helper()
	for range 60 {
		res, err := h.within().Eval("s => !!document.activeElement?.matches(s)", selector)
		h.must(err)
		if res.Value.Bool() {
			return
		}
		h.key(input.Tab, 1)
	}
	h.t.Fatalf("no Tab leads to %s at %s (%s)", selector, h.path(), h.look)
}

// enter presses Enter and waits for the page that follows.
func (h *hands) enter(counted bool) {
	h.t.Helper()
	before := h.loaded()
	wait := h.within().WaitNavigation(proto.PageLifecycleEventNameLoad)
	h.must(h.page.Keyboard.Type(input.Enter))
	wait()
	if counted {
		h.keys++
	}
	if h.loaded() == before {
		h.t.Fatalf("Enter led nowhere from %s (%s)", h.path(), h.look)
	}
	h.check()
}

// takeIn registers a birth for the person of a card, by keys alone, and returns its code.
func (h *hands) takeIn(child string, known bool) string {
	h.t.Helper()
	h.open("/desk/counter")
	h.to("a[href$='civil-status.birth-registration']")
	h.enter(true)
	h.must(h.page.InsertText(hanhsCard)) // the scanner
	h.enter(false)
	h.sees("Nguyễn Thị Hạnh", "999xxxxxx001")
	if !known {
		h.to("[name='applicant.phone']")
		h.write("0912000001")
		h.to("[name='child.registrationUnit']")
		h.fill(map[string]string{"child.registrationUnit": "00133"})
	}
	h.to("[name='child.name']")
	h.write(child)
	h.to("[name='child.dob.day']")
	h.write("10")
	h.key(input.Tab, 1)
	h.write("6")
	h.key(input.Tab, 1)
	h.write("2025")
	h.to("[name='child.sex']")
	h.key(input.Space, 1)
	if !known {
		h.fill(map[string]string{"child.ethnicity": "01"})
		h.to("[name='child.hometown']")
		h.write("Gia Lâm, Hà Nội")
	}
	h.to("[name='child.homeBirth']")
	h.key(input.ArrowDown, 1)
	h.to("[name='child.birthPlace']")
	h.write("Bệnh viện Đức Giang")
	if !known {
		h.to("[name='mother.name']")
		h.write("Nguyễn Thị Hạnh")
		h.to("[name='mother.dob.year']")
		h.write("1996")
		h.fill(map[string]string{"requester.relation": "mother"})
		h.to("[name='requester.name']")
	}
	h.enter(true)
	h.sees(child)
	h.to("main form button:not([name])")
	h.enter(true)
	h.find(".kh-panel")
	for w := range strings.FieldsSeq(h.text()) {
		if strings.HasPrefix(w, "H26") {
			return w
		}
	}
	h.t.Fatalf("no code in %q", h.text())
	return ""
}

func TestTakeInByKeyboard(t *testing.T) {
	t.Parallel()
	city := citytest.New(t)
	h := &hands{visitor: visit(t, city, look{1280, false, true, "vi"})}
	h.signIn("clerk")
	h.takeIn("Nguyễn Minh An", false)
	// From here on she is known, and tells only what is new.
	h.keys = 0
	h.takeIn("Nguyễn Minh Bình", true)
	t.Logf("a returning citizen's birth registration took %d keys", h.keys)
	if h.keys > 90 {
		t.Errorf("a returning citizen's birth registration took %d keys", h.keys)
	}
	h.open("/desk/originals")
	h.sees("Nguyễn Thị Hạnh")
	// Without scripts too; a card that was misread says so.
	h = &hands{visitor: visit(t, city, look{1280, true, false, "vi"})}
	h.signIn("clerk")
	h.takeIn("Nguyễn Minh Chi", true)
	h.open("/desk/counter?q=khai+sinh")
	h.press("a[href$='civil-status.birth-registration']")
	h.fill(map[string]string{"who": strings.Replace(hanhsCard, "|Nữ|", "|Nam|", 1)})
	h.press(submit)
	h.sees("Lau thẻ")
}

func TestReturnDeskOnAPhone(t *testing.T) {
	t.Parallel()
	city := citytest.New(t)
	h := &hands{visitor: visit(t, city, look{360, true, true, "vi"})}
	h.signIn("clerk")
	code := city.As("clerk").Post("/api/v1/counter/dossiers", map[string]any{
		"service": "hanoi.civil-status.birth-registration", "who": hanhsCard, "applicant": map[string]any{"phone": "0912000001"}, "delivery": "counter",
		"answers": citytest.Birth()["answers"], "papers": []any{map[string]any{"paper": "birthSlip", "originals": 1}},
	}).Want(201).Text("code")
	acts(t, city, "hotich", code, "approve", nil)
	acts(t, city, "hotich", code, "approve", map[string]any{"book.number": 7, "book.year": 2025})
	acts(t, city, "chutich", code, "sign", nil)
	acts(t, city, "vanthu", code, "number", nil)
	h.open("/desk/return")
	h.sees(code)
	h.fill(map[string]string{"who": hanhsCard})
	h.press("main form button")
	h.sees(code)
	h.press(submit) // nothing checked yet
	h.find(".kh-error-summary")
	h.fill(map[string]string{"identity": "card"})
	h.fill(map[string]string{"card": hanhsCard})
	h.click(h.find("[name='original']"))
	h.press("main form:has([name=version]) button[type=submit]")
	h.sees("Đã trả kết quả")
}
