package e2e

import (
	"testing"

	"khue/internal/citytest"
)

// The pages of officers, leaders and administrators are clean for axe on a telephone at
// night and on a desk by day, and what can be used on them has a name.
func TestPagesOfOfficersAreClean(t *testing.T) {
	t.Parallel()
	city := citytest.New(t)
	for range 3 {
		city.As("clerk").Post("/api/v1/dossiers", citytest.Counter()).Want(201)
	}
	task := "/desk/dossiers/" + withPaper(t, city)
	signed := withPaper(t, city)
	acts(t, city, "motcua", signed, "accept", nil)
	acts(t, city, "hotich", signed, "approve", nil)
	acts(t, city, "hotich", signed, "approve", map[string]any{"book.number": 12, "book.year": 2025})
	ward := "/admin/units/" + unitOf(t, city, "chutich")
	officer := "/admin/officers/" + city.Account("justiceOfficer").ID
	for _, l := range []look{{width: 360, dark: true, js: true, lang: "en"}, {width: 1280, js: true, lang: "vi"}} {
		for _, who := range []struct {
			role  string
			pages []string
			named []string // read by their names too
		}{
			{"clerk", []string{"/desk/search?q=nguyen", "/desk/phrases", "/desk/keys", "/desk/leave", "/desk/originals", "/desk/splits"},
				[]string{"/desk", "/desk/queue", "/desk/queue?due=today&saved=", task, task + "?paper=1"}},
			{"chairman", []string{"/desk/balance", "/desk/orders", ward, officer, "/admin/officers/new"}, []string{"/desk/leader"}},
			{"leader", []string{"/admin", "/admin/units", "/admin/officers", "/admin/proposals", "/admin/roles", "/admin/fees", "/admin/templates", "/admin/imports", "/admin/imports/officers", "/admin/reorganise"}, nil},
		} {
			v := visit(t, city, l)
			v.signIn(who.role)
			for _, page := range who.pages {
				v.open(page)
			}
			for _, page := range who.named {
				v.open(page)
				v.unfold()
				v.named()
			}
			if who.role == "clerk" {
				v.open("/desk/queue")
				v.fill(map[string]string{"do": "act:refuse"})
				v.click(v.find("[data-kh-tick]"))
				v.press("form#list button:not([name])")
				v.named()
				v.press("main form button[type=submit]:not([name])") // the reason is missing
				v.named()
			}
		}
	}
}

// unfold opens what is folded, and looks again.
func (v *visitor) unfold() {
	v.t.Helper()
	_, err := v.within().Eval(`() => { for (const d of document.querySelectorAll("main details:not([open])")) d.open = true }`)
	v.must(err)
	v.axe(v.kind() + "unfolded")
}
