package dossierweb_test

import (
	"net/url"
	"strings"
	"testing"

	"khue/internal/citytest"
)

// TestSearch: officers find what their posts cover, as they remember it, and nothing else.
func TestSearch(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		file := func(name, phone string) string {
			b := citytest.Birth()
			b["applicant"] = map[string]any{"name": name, "phone": phone}
			return c.As("citizen").Post("/api/v1/dossiers", b).Want(201).Text("code")
		}
		first, second := file("Đặng Thị Bích Ngọc", "0912 345 678"), file("Nguyễn Văn Đức", "0987 000 111")
		finds := func(who, text, code string) bool {
			return strings.Contains(deskPage(c.AsLogin(who).In("en"), "/desk/search?q="+url.QueryEscape(text)), ">"+code+"<")
		}
		c.Eventually("the follower has seen both", func() bool { return finds("motcua", "van duc", second) })
		tail := first[strings.LastIndex(first, "-")+1:]
		for _, text := range []string{"ngoc dang", "Đặng Thị Bích Ngọc", "bich", "dang thi bich ngo", "0912345678", "+84 912 345 678", first, strings.ToLower(first), tail, "birth registration", "1.001193"} {
			if !finds("motcua", text, first) {
				t.Errorf("%q does not find %s", text, first)
			}
		}
		for _, text := range []string{"ngoc duc", "0912345679", "marriage registration", "'; drop & |"} {
			if finds("motcua", text, first) {
				t.Errorf("%q finds %s", text, first)
			}
		}
		if finds("cukhoi.motcua", "bich ngoc", first) || finds("cukhoi.motcua", first, first) {
			t.Error("another commune finds it")
		}
		if !finds("quan.motcua", "bich ngoc", first) || !finds("lanhdao", "bich ngoc", first) {
			t.Error("a post above does not reach below")
		}
		if got := c.As("citizen").Do("GET", "/desk/search?q=ngoc", nil, asBrowser()).Status; got != 403 {
			t.Errorf("a citizen got %d", got)
		}
	})
}
