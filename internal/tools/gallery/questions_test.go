package main

import (
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/launcher/flags"

	"khue/internal/onestop/form"
)

// A page that changes while it is answered: questions that come up, rows, wards by their
// old names, computed values; the reader stays where they were.
func TestQuestionsFollowAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a browser")
	}
	bin, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	h, err := handler("../../../web")
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	l := launcher.New().Bin(bin).Leakless(false).Headless(true).NoSandbox(true)
	for _, f := range []string{"disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"} {
		l = l.Set(flags.Flag(f))
	}
	at, err := l.Launch()
	if err != nil {
		t.Fatal(err)
	}
	b := rod.New().ControlURL(at)
	if err := b.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	p := b.MustPage(srv.URL + "/fields?lang=en").Timeout(60 * time.Second)
	p.MustWaitLoad()
	type1 := func(id, text string) {
		p.MustElement("#" + esc(id)).MustSelectAllText().MustInput(text)
	}
	focus := func() string { return p.MustEval(`() => document.activeElement.id`).Str() }

	type1("f-people", "4")
	type1("f-amount", "150.000")
	p.MustElement("#" + esc("f-rented")).MustClick() // yes: with more than two people the landlord is asked for
	p.MustElement("#" + esc("f-landlord"))
	if got := focus(); got != "f-rented" {
		t.Errorf("the focus went from the answer to %q", got)
	}
	p.MustWait(`() => document.getElementById('f-each').textContent.includes('37500') || document.getElementById('f-each').textContent.includes('37,500')`)

	type1("f-siblings.0.name", "Nguyễn Minh Bình")
	p.MustElement(`button[value="add siblings"]`).MustClick()
	p.MustElement("#" + esc("f-siblings.1.name"))
	p.MustWait(`() => document.activeElement.id === 'f-siblings.1.name'`)
	type1("f-siblings.1.name", "Nguyễn Minh Cường")
	p.MustElement(`button[value="remove siblings 0"]`).MustClick()
	p.MustWait(`() => !document.getElementById('f-siblings.1.name') && document.getElementById('f-siblings.0.name').value === 'Nguyễn Minh Cường'`)

	find := p.MustElement("#" + esc("f-ward.find"))
	find.MustEval(`() => this.closest('details').open = true`)
	find.MustInput("ngoc lam")
	p.MustElement(`button[value="find ward"]`).MustClick()
	p.MustElement(`input[type=radio][name=ward][value="00118"]`)
	if html := p.MustElement(".kh-questions").MustText(); !strings.Contains(html, "Trước là Phường Ngọc Lâm") {
		t.Error("the ward of old leads nowhere")
	}
	// Enter goes on; it does not press the first button of a row.
	p.MustElement("#" + esc("f-siblings.0.name")).MustFocus()
	wait := p.MustWaitNavigation()
	p.Keyboard.MustType('\r')
	wait()
	if p.MustElement(".kh-error-summary") == nil {
		t.Error("Enter did not send the page")
	}
}

func esc(id string) string { return strings.ReplaceAll(id, ".", `\.`) }

// The same without scripts: what came up is asked once the page is sent, and says so.
func TestQuestionsWithoutScripts(t *testing.T) {
	t.Parallel()
	h, err := handler("../../../web")
	if err != nil {
		t.Fatal(err)
	}
	post := func(v url.Values) string {
		req := httptest.NewRequestWithContext(t.Context(), "POST", "/fields?lang=en", strings.NewReader(v.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		return rec.Body.String()
	}
	seen := url.Values{form.SeenName: {""}, "rented": {"yes"}, "people": {"4"}, "siblings.rows": {"1"}}
	out := post(seen)
	if !strings.Contains(out, "further questions: Landlord") || !strings.Contains(out, `name="landlord"`) || strings.Contains(out, `id="f-landlord-error"`) {
		t.Error("the question that came up is not asked, or is held against its reader")
	}
	add := url.Values{form.EditName: {"add siblings"}, "siblings.rows": {"1"}, "siblings.0.name": {"Nguyễn Minh Bình"}}
	if out = post(add); !strings.Contains(out, `name="siblings.1.name"`) || !strings.Contains(out, "Nguyễn Minh Bình") || strings.Contains(out, "kh-error-summary") {
		t.Error("no row was added, or the page complains while it is being filled")
	}
	late := url.Values{form.SeenName: {"landlord"}, "born.day": {"1"}, "born.month": {"1"}, "born.year": {"2025"}}
	if out = post(late); !strings.Contains(out, `id="f-born-warning"`) {
		t.Error("the warning does not stand at its field")
	}
}
