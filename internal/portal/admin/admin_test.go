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
