package e2e

import (
	"testing"

	"khue/internal/citytest"
)

// The pages of officers, leaders and administrators are clean for axe on a telephone at
// night and on a desk by day.
func TestPagesOfOfficersAreClean(t *testing.T) {
	t.Parallel()
	city := citytest.New(t)
	for range 3 {
		city.As("clerk").Post("/api/v1/dossiers", citytest.Counter()).Want(201)
	}
	for _, l := range []look{{width: 360, dark: true, js: true, lang: "en"}, {width: 1280, js: true, lang: "vi"}} {
		for _, who := range []struct {
			role  string
			pages []string
		}{
			{"clerk", []string{"/desk", "/desk/queue", "/desk/search?q=nguyen", "/desk/phrases", "/desk/keys", "/desk/leave", "/desk/originals"}},
			{"chairman", []string{"/desk/balance", "/desk/orders"}},
			{"leader", []string{"/admin", "/admin/units", "/admin/officers", "/admin/proposals", "/admin/roles", "/admin/fees", "/admin/imports", "/admin/reorganise"}},
		} {
			v := visit(t, city, l)
			v.signIn(who.role)
			for _, page := range who.pages {
				v.open(page)
				v.check()
			}
		}
	}
}
