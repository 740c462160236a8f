package dossierweb_test

import (
	"net/url"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/web"
)

// A personal number is masked on the desk until an officer says why.
func TestNumbersAreMaskedUntilAReasonIsGiven(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		const number = "999196000001"
		code := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
		clerk := c.As("clerk").In("en")
		page := clerk.Get(clerk.Get("/desk/dossiers/" + code).Want(303).Header.Get("Location")).Want(200)
		at := "/desk/dossiers/" + code + "/numbers"
		if body := string(page.Body); strings.Contains(body, number) || !strings.Contains(body, "999xxxxxx001") || !strings.Contains(body, at) {
			t.Error("the desk shows the whole number, or no way to it")
		}
		if body := string(c.As("citizen").Get("/dossiers/" + code).Want(200).Body); strings.Contains(body, number) {
			t.Error("the applicant's page shows the whole number")
		}
		send := func(a citytest.Actor, reason string) citytest.Answer {
			f := url.Values{"_key": {web.NewKey()}, "reason": {reason}}
			return a.Do("POST", at, []byte(f.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
		}
		send(clerk, "").Want(422)
		send(c.As("citizen"), "Tò mò một chút").Want(403)
		send(c.AsLogin("cukhoi.motcua"), "Của phường khác").Want(404)
		c.AsLogin("cukhoi.motcua").Get(at).Want(404)
		if body := string(send(clerk, "Đối chiếu với sổ hộ tịch").Want(200).Body); !strings.Contains(body, number) {
			t.Error("with a reason the number is not shown")
		}
	})
}
