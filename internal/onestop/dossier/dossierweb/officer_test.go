package dossierweb_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/web"
)

// What an officer fills in at an act stays when it is refused, is kept as the officer's
// own, and is shown to those who come after.
func TestOfficersFormIsKept(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		code := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
		act(t, c, "clerk", code, "accept", nil).Want(200)
		act(t, c, "justiceOfficer", code, "approve", nil).Want(200)
		id, version := task(t, c, "justiceOfficer", code)
		html := map[string]string{"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded", "Accept-Language": "vi"}
		sent := "_key=" + web.NewKey() + "&action=approve&version=" + strconv.FormatInt(version, 10) + "&book.number=12&book.year=nam+nay"
		refused := c.As("justiceOfficer").Do(http.MethodPost, "/desk/tasks/"+id, []byte(sent), html).Want(422)
		for _, want := range []string{`value="12"`, `value="nam nay"`, `id="f-approve-book.year-error"`} {
			if !strings.Contains(string(refused.Body), want) {
				t.Errorf("the refused form does not hold %s", want)
			}
		}
		act(t, c, "justiceOfficer", code, "approve", map[string]any{"book.number": 12, "book.year": 2025}).Want(200)
		id, _ = task(t, c, "chairman", code)
		page := string(c.As("chairman").Do(http.MethodGet, "/desk/tasks/"+id, nil, html).Want(200).Body)
		for _, want := range []string{"Cán bộ đã ghi", "Lấy từ: cán bộ, 23/06/2025"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page of the dossier does not say %q", want)
			}
		}
	})
}
