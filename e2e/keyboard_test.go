package e2e

import (
	"strings"
	"testing"

	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"

	"khue/internal/citytest"
)

// signInByKeys signs a demo person in without a mouse.
func (h *hands) signInByKeys(login string) {
	h.t.Helper()
	h.open("/sign-in")
	h.to("[name=login]")
	h.write(login)
	h.to("[name=password]")
	h.write(h.city.Demo.Password)
	h.enter(true)
}

// strike presses letters that are keys of the desk.
func (h *hands) strike(letters string) {
	h.t.Helper()
	for _, r := range letters {
		h.key(input.Key(r), 1)
	}
}

// leads strikes letters that open another page.
func (h *hands) leads(letters string) {
	h.t.Helper()
	before := h.loaded()
	wait := h.within().WaitNavigation(proto.PageLifecycleEventNameLoad)
	h.strike(letters)
	wait()
	if h.loaded() == before {
		h.t.Fatalf("%s led nowhere from %s (%s)", letters, h.path(), h.look)
	}
	h.check()
}

// focused is the text of what has the focus.
func (h *hands) focused() string {
	h.t.Helper()
	res, err := h.within().Eval("() => document.activeElement?.textContent || ''")
	h.must(err)
	return res.Value.Str()
}

// work opens the task of a dossier from the queue with the keys of the desk.
func (h *hands) work(code string) {
	h.t.Helper()
	h.leads("gq")
	for range 30 {
		h.strike("j")
		if strings.Contains(h.focused(), code) {
			h.enter(true)
			return
		}
	}
	h.t.Fatalf("j does not reach %s; the page says:\n%.2500s", code, h.text())
}

// does presses the act that stands open; answers are typed into its boxes, in their order.
func (h *hands) does(answers ...string) {
	h.t.Helper()
	h.strike("a")
	for i, a := range answers {
		if i > 0 {
			h.key(input.Tab, 1)
		}
		h.write(a)
	}
	h.enter(true)
	h.find(".kh-banner--done")
}

// A birth registration from the counter to its return, at every desk by keys alone: the
// shortcuts of the desk, Tab, Space and Enter.
func TestACourseByKeyboard(t *testing.T) {
	t.Parallel()
	city := citytest.New(t)
	l := look{1280, false, true, "vi"}
	clerk := &hands{visitor: visit(t, city, l)}
	clerk.signInByKeys("motcua")
	code := clerk.takeIn("Nguyễn Minh An", false)
	clerk.open("/desk/keys") // stays open: its menu counts on
	officer := &hands{visitor: visit(t, city, l)}

	officer.signInByKeys("hotich")
	officer.work(code)
	// A note with @: part of a name, without its marks.
	officer.strike("n")
	officer.write("Nhờ xem giấy chứng sinh ")
	officer.strike("@")
	officer.write("trang")
	officer.sees("Lê Thu Trang")
	officer.find("[role=listbox]:not([hidden]) [aria-selected=true]")
	officer.key(input.Enter, 1)
	officer.to("[data-kh-note] button")
	officer.enter(true)
	officer.sees("@Lê Thu Trang")
	officer.does()
	officer.work(code)
	officer.does("12", "2025")
	officer.signOut()

	officer.signInByKeys("chutich")
	officer.work(code)
	officer.does()
	officer.signOut()

	officer.signInByKeys("vanthu")
	officer.work(code)
	officer.does()

	// The clerk's page has heard of it all: the result waits at the one-stop.
	clerk.eventually("the menu counts the result", func() bool { return strings.Contains(clerk.inner("#menu-unit"), "1") })
	clerk.open("/inbox")
	clerk.sees("Bạn được nhắc đến ở hồ sơ " + code)
	clerk.open("/desk")
	clerk.to("nav a[href='/desk/return']")
	clerk.enter(true)
	clerk.to("[name=who]")
	clerk.must(clerk.page.InsertText(hanhsCard))
	clerk.enter(false)
	clerk.sees(code)
	clerk.to("[name=identity]")
	clerk.key(input.Space, 1)
	if clerk.has("[name=card]") {
		clerk.to("[name=card]")
		clerk.must(clerk.page.InsertText(hanhsCard))
	}
	for clerk.has("[name=original]:not(:checked)") {
		clerk.to("[name=original]:not(:checked)")
		clerk.key(input.Space, 1)
	}
	clerk.to("main form:has([name=version]) button[type=submit]")
	clerk.enter(true)
	clerk.sees("Đã trả kết quả")
	if s := city.As("clerk").Get("/api/v1/dossiers/" + code).Want(200).Text("state"); s != "returned" {
		t.Errorf("the dossier is %s", s)
	}
	t.Logf("the course took %d keys", clerk.keys+officer.keys)
}
