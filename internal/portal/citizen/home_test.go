package citizen_test

import (
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
)

// TestTheDoorOffersOnlineOnlyWhatIsFiledOnline: a copy is certified with the original on the
// counter, so it stands under what one comes for.
func TestTheDoorOffersOnlineOnlyWhatIsFiledOnline(t *testing.T) {
	t.Parallel()
	c := citytest.New(t, citytest.At(clock.MustDate("2026-11-23").At(9, 0)))
	page := string(c.Visitor().In("en").Get("/").Want(200).Body)
	online, after, ok := strings.Cut(page, "At a counter")
	after, _, found := strings.Cut(after, "By life event")
	if !ok || !found || !strings.Contains(online, "Apply online now") {
		t.Fatalf("the page lacks a part:\n%.2000s", page)
	}
	for _, name := range []string{"Certified copy", "Birth registration"} {
		atCounter := name == "Certified copy"
		if strings.Contains(online, name) == atCounter || strings.Contains(after, name) != atCounter {
			t.Errorf("%q stands under online: %v, at a counter: %v", name, strings.Contains(online, name), strings.Contains(after, name))
		}
	}
}
