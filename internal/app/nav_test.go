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
	for _, login := range []string{"motcua", "chutich", "thietke", "kiemtra", "ldtbxh.tp"} {
		who := c.Login(login)
		page := who.Do(http.MethodGet, "/desk", nil, map[string]string{"Accept": "text/html"}).Want(http.StatusOK)
		var hrefs []string
		for _, m := range link.FindAllStringSubmatch(string(page.Body), -1) {
			hrefs = append(hrefs, m[1])
		}
		if !slices.Contains(hrefs, "/desk") || !slices.Contains(hrefs, "/desk/book") {
			t.Errorf("%s: the menu lacks the desk or the book: %v", login, hrefs)
		}
		for _, h := range hrefs {
			if a := who.Do(http.MethodGet, h, nil, map[string]string{"Accept": "text/html"}); a.Status >= 400 && strings.HasPrefix(h, "/") {
				t.Errorf("%s: the menu leads to %s, which answers %d", login, h, a.Status)
			}
		}
		if bar, _, _ := strings.Cut(string(page.Body), "kh-nav__more"); login == "motcua" && strings.Count(bar, `aria-current="page"`) != 1 {
			t.Errorf("%s: the menu does not say where the reader is", login)
		}
	}
}
