package app_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"khue/internal/citytest"
)

// The menu shows nobody a page that refuses them, and everybody their daily work.
func TestTheMenuShowsWhatMayBeOpened(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	link := regexp.MustCompile(`(?s)<a\s+class="kh-nav__link"\s+href="([^"]+)"`)
	card := regexp.MustCompile(`class="kh-card__link" href="([^"]+)"`)
	html := map[string]string{"Accept": "text/html"}
	for _, login := range []string{"motcua", "chutich", "thietke", "kiemtra", "lanhdao", "dulieu", "ldtbxh.tp", "noivu.pgd"} {
		who := c.Login(login)
		page := who.Do(http.MethodGet, "/desk", nil, html).Want(http.StatusOK)
		admin := who.Do(http.MethodGet, "/admin", nil, html).Want(http.StatusOK)
		var hrefs []string
		for _, m := range append(link.FindAllStringSubmatch(string(page.Body)+string(admin.Body), -1), card.FindAllStringSubmatch(string(admin.Body), -1)...) {
			hrefs = append(hrefs, m[1])
		}
		if !slices.Contains(hrefs, "/desk") || !slices.Contains(hrefs, "/desk/book") {
			t.Errorf("%s: the menu lacks the desk or the book: %v", login, hrefs)
		}
		slices.Sort(hrefs)
		for _, h := range slices.Compact(hrefs) {
			if a := who.Do(http.MethodGet, h, nil, html); a.Status >= 400 && strings.HasPrefix(h, "/") {
				t.Errorf("%s: the menu leads to %s, which answers %d", login, h, a.Status)
			}
		}
		if bar, _, _ := strings.Cut(string(page.Body), "kh-nav__more"); login == "motcua" && strings.Count(bar, `aria-current="page"`) != 1 {
			t.Errorf("%s: the menu does not say where the reader is", login)
		}
	}
	front := c.Visitor().Do(http.MethodGet, "/", nil, html).Want(http.StatusOK)
	for _, m := range card.FindAllStringSubmatch(string(front.Body), -1) {
		if a := c.Visitor().Do(http.MethodGet, m[1], nil, html); a.Status >= 400 {
			t.Errorf("the front door leads to %s, which answers %d", m[1], a.Status)
		}
	}
}
