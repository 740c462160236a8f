package admin_test

import (
	"bytes"
	"regexp"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
)

// Each paper of a service in force can be seen before anybody gets one.
func TestTemplatesShowPapers(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	chair := c.AsLogin("chutich")
	page := chair.Get("/admin/templates").Want(200).Body
	links := regexp.MustCompile(`/admin/templates/[^"]+\.pdf`).FindAll(page, -1)
	if len(links) < len(c.Services.On(clock.DateOf(c.Clock.Now()))) {
		t.Errorf("%d papers of %d services", len(links), len(c.Services.On(clock.DateOf(c.Clock.Now()))))
	}
	for _, l := range links {
		if b := chair.Get(string(l)).Want(200).Body; !bytes.HasPrefix(b, []byte("%PDF")) {
			t.Errorf("%s is no PDF", l)
		}
	}
	c.AsLogin("motcua").Get(string(links[0])).Want(403)
	for _, none := range []string{"hanoi.none/1.0.0/x.pdf", "hanoi.civil-status.birth-registration/9.9.9/birth-certificate.pdf", "hanoi.civil-status.birth-registration/1.4.0/none.pdf"} {
		chair.Get("/admin/templates/" + none).Want(404)
	}
}

// The first page of the administration leads to every page of it that its reader may open,
// and no page lacks a text: areas of policies and roles come from other modules.
func TestHomeLeadsEverywhere(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	for login, want := range map[string][]string{
		"kiemtra": {"/admin/policies", "/admin/looks", "/admin/retention", "/admin/clients", "/admin/kiosks", "/admin/roles"},
		"chutich": {"/admin/clients", "/admin/kiosks", "/admin/officers"},
		"dulieu":  {"/admin/people/duplicates", "/admin/units"},
	} {
		for _, lang := range []string{"vi", "en"} {
			who := c.AsLogin(login).In(lang)
			home := who.Get("/admin").Want(200).Body
			for _, href := range want {
				if !bytes.Contains(home, []byte(`class="kh-card__link" href="`+href+`"`)) {
					t.Errorf("%s: no card leads to %s (%s)", login, href, lang)
				}
				if page := who.Get(href).Want(200).Body; bytes.Contains(page, []byte("⟨")) {
					t.Errorf("%s: %s lacks a text (%s): %.60s", login, href, lang, page[bytes.Index(page, []byte("⟨")):])
				}
			}
		}
	}
}
