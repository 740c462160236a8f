package e2e

import (
	"testing"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/clock"
)

// TestACitizenOnAPhone: at night, with scripts and without: what is asked stands on top and is
// done from there; a dossier of somebody else is kept; one is withdrawn after its consequences
// were read; a finished one is rated once.
func TestACitizenOnAPhone(t *testing.T) {
	t.Parallel()
	for _, l := range []look{{360, true, true, "vi"}, {360, true, false, "en"}} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			city := citytest.New(t)
			filed := func(role string) string {
				return city.As(role).Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
			}
			asked, ended, given, taken := filed("citizen"), filed("citizen"), filed("citizen2"), filed("citizen")
			acts(t, city, "motcua", asked, "supplement", map[string]any{"reason": "Giấy chứng sinh mờ, chụp lại."})
			acts(t, city, "motcua", ended, "refuse", map[string]any{"reason": "Sai nơi nộp."})

			v := visit(t, city, l)
			v.signIn("citizen")
			v.open("/dossiers")
			v.check()
			v.press(".kh-ask--supplement .kh-button")
			v.check()
			v.fill(map[string]string{"note": "Tôi gửi lại."})
			v.press("form:has(input[name=act][value=supplement]) button[type=submit]:not([name])")
			v.open("/dossiers")
			v.press(".kh-ask--rate .kh-button")
			v.fillIn("form:has(input[name=act][value=rate])", map[string]string{"score": "4", "reasons": "time"})
			v.press("form:has(input[name=act][value=rate]) button")
			v.check()
			if v.has("input[name=score]") {
				t.Error("a rated dossier asks again")
			}

			v.open("/dossiers")
			v.fill(map[string]string{"code": given, "phone": "0912 000 001"})
			v.press("form[action='/dossiers'] button")
			v.sees(given)
			v.check()

			v.open("/dossiers/" + taken)
			v.click(v.find("details:has(#withdraw) > summary"))
			v.press("#withdraw button[type=submit]")
			v.check() // refused: the box is not ticked
			v.fillIn("#withdraw", map[string]string{"sure": "yes"})
			v.press("#withdraw button[type=submit]")
			v.check()
			if v.has("#withdraw") {
				t.Error("a withdrawn dossier can be withdrawn")
			}
		})
	}
}

// TestTheDemoInFiveMinutes: one click is a person with something to do, the clock runs, and
// the page says so.
func TestTheDemoInFiveMinutes(t *testing.T) {
	t.Parallel()
	at := clock.MustDate("2025-06-23").At(8, 10)
	city := citytest.New(t, citytest.With(func(c *app.Config) { c.Opened = at }))
	if err := city.Populate(t.Context(), city.Demo); err != nil {
		t.Fatal(err)
	}
	v := visit(t, city, look{360, true, true, "vi"})
	v.open("/demo")
	v.check()
	v.press("form:has(input[name=login][value=motcua]) button")
	v.check() // the very task
	v.open("/demo")
	v.press("form:has(input[name=login][value=lanhdao]) button")
	v.sees("Tình hình giải quyết")
	v.open("/demo")
	v.press("button[name=to][value=next]")
	v.sees("24/06/2025")
	v.press("button[name=to][value=merger]")
	v.sees("01/07/2025")
	v.check()
}

// TestTypedWhileThePageIsDrawnAgain: on a page that tells faults, an answer that changes what is
// asked draws the page again without them; what was typed since it was asked for stays.
func TestTypedWhileThePageIsDrawnAgain(t *testing.T) {
	t.Parallel()
	v := visit(t, citytest.New(t), look{width: 360, js: true, lang: "vi"})
	v.open("/procedures/1.001193")
	v.press("main a[href^='/apply/']")
	v.fill(map[string]string{"case": "normal"})
	v.press(submit)
	v.press(submit)
	v.find(".kh-error-summary")
	_, err := v.within().Eval(`() => {
		const now = window.fetch
		window.held = []
		window.fetch = (...a) => new Promise((done) => window.held.push(() => done(now(...a))))
		document.addEventListener('kh-drawn', () => (window.drawn = true))
	}`)
	v.must(err)
	put := func(name, value string) {
		t.Helper()
		_, err := v.within().Eval("(name, value) => { const box = document.querySelector(`[name=\"${name}\"]`); box.value = value; box.dispatchEvent(new Event('change', {bubbles: true})) }", name, value)
		v.must(err)
	}
	put("child.dob.year", "2025")
	v.until("the page is asked for again", "() => window.held.length === 1")
	put("child.ethnicity", "01")
	put("child.name", "Nguyễn Minh An")
	_, err = v.within().Eval("() => { window.held[0]() }")
	v.must(err)
	v.until("it is drawn", "() => window.drawn")
	for name, want := range map[string]string{"child.ethnicity": "01", "child.name": "Nguyễn Minh An"} {
		res, err := v.within().Eval("name => document.querySelector(`[name=\"${name}\"]`).value", name)
		v.must(err)
		if got := res.Value.Str(); got != want {
			t.Errorf("%s holds %q after the page was drawn, want %q", name, got, want)
		}
	}
	v.check()
}
