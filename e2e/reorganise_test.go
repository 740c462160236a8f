package e2e

import (
	"maps"
	"strings"
	"testing"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/onestop/reorganise"
)

// TestAReorganisationInTheBrowser: the demo's button carries 1 July out; a leader reads what it
// did; of two dossiers of a divided ward an officer settles one and the applicant the other.
func TestAReorganisationInTheBrowser(t *testing.T) {
	t.Parallel()
	l := look{width: 360, dark: true, js: true, lang: "en"}
	city := citytest.New(t, citytest.With(func(c *app.Config) { c.Opened, c.Clock = citytest.Opened(), nil }))
	file := func() (code, key string) {
		body := citytest.Birth()
		answers := maps.Clone(body["answers"].(map[string]any))
		answers["child.registrationUnit"] = "00154"
		body["answers"] = answers
		filed := city.As("citizen").Post("/api/v1/dossiers", body).Want(201)
		return filed.Text("code"), filed.Text("accessKey")
	}
	byOfficer, _ := file()
	byOwner, key := file()

	v := visit(t, city, l)
	v.open("/demo")
	v.press("#reform button")
	var act reorganise.Act
	city.Eventually("the reorganisation ends", func() bool {
		p, _, err := city.Reorganise.ProgressOf(t.Context(), "hanoi-2025-07-01")
		act = p.Act
		return err == nil && act.Status == reorganise.Done
	})
	v.open("/demo")
	v.sees("2 dossiers")

	v.signIn("leader")
	v.open("/admin/reorganise")
	v.press("main table a[href='/admin/reorganise/" + act.ID.String() + "']")
	v.sees("Complete", "People's Committee of Bat Trang Commune")
	v.open("/admin/reorganise?code=" + byOwner)
	v.sees("Bat Trang Commune")
	v.signOut()

	place, err := city.Units.Now().ByCode("00145")
	if err != nil {
		t.Fatal(err)
	}
	v.signIn("clerk4") // of the divided ward, with its default heir now
	v.open("/desk/splits")
	v.sees(byOfficer, byOwner)
	form := "form:has(input[name=code][value='" + byOfficer + "'])"
	v.press(form + " button") // nothing chosen
	v.find(".kh-error-message")
	v.fillIn(form, map[string]string{"ward": place.ID.String()})
	v.press(form + " button")
	if strings.Contains(v.text(), byOfficer) {
		t.Error("it is asked again")
	}
	v.sees(byOwner)
	v.signOut()

	v.open("/dossiers/" + byOwner + "?k=" + key)
	v.press("main a[href*='/place']")
	v.fill(map[string]string{"ward": place.ID.String()})
	v.press("main form[action$='/place'] button")
	v.sees("Long Bien")
	asked, _, err := city.Reorganise.ProgressOf(t.Context(), "hanoi-2025-07-01")
	if err != nil || asked.Splits != 0 {
		t.Errorf("%d are still asked about: %v", asked.Splits, err)
	}
}
