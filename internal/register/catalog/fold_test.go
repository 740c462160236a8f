package catalog

import (
	"slices"
	"testing"

	"golang.org/x/text/unicode/norm"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"Đăng ký khai sinh":        {"dang", "ki", "khai", "sinh"},
		"ĐĂNG KÍ  KHAI-SINH!":      {"dang", "ki", "khai", "sinh"},
		"quý, quí; y tế, tỷ lệ":    {"qui", "qui", "y", "te", "ti", "le"},
		"hoà / hòa":                {"hoa", "hoa"},
		"sổ đỏ (1.013978)":         {"so", "do", "1", "013978"},
		norm.NFD.String("tạm trú"): {"tam", "tru"},
	} {
		if got := tokens(in); !slices.Equal(got, want) {
			t.Errorf("tokens(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMarked(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{{"hoà", "hòa"}, {"thuý", "thúy"}, {"ký", "kí"}, {"Đất", "đất"}, {"QUỸ", "quỹ"}} {
		if a, b := markedWord(pair[0]), markedWord(pair[1]); a != b || a == "" {
			t.Errorf("%q is %q, %q is %q: want the same", pair[0], a, pair[1], b)
		}
	}
	for _, pair := range [][2]string{{"thuê", "thuế"}, {"ma", "má"}, {"dat", "đat"}} {
		if a, b := markedWord(pair[0]), markedWord(pair[1]); a == b {
			t.Errorf("%q and %q are both %q", pair[0], pair[1], a)
		}
	}
}

func TestNear(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"sinh", "sinh", true}, {"sihn", "sinh", true}, {"sing", "sinh", true}, {"sin", "sinh", true}, {"sinhh", "sinh", true},
		{"xsinh", "sinh", true}, {"siinh", "sinh", true}, {"snih", "sinh", true}, {"sang", "sinh", false}, {"si", "sinh", false}, {"hnis", "sinh", false},
	} {
		if near(c.a, c.b) != c.want || near(c.b, c.a) != c.want {
			t.Errorf("near(%q, %q) is not %v both ways", c.a, c.b, c.want)
		}
	}
}

// Marks that were typed count: "thuê nhà" is to rent a house, "thuế nhà" a tax on it.
func TestMarksThatWereTypedDecide(t *testing.T) {
	t.Parallel()
	named := func(code Code, name string) *entry {
		return &entry{code: code, summary: &Summary{Code: code, Name: name, Kind: National, Tiers: []Tier{Commune}}}
	}
	x, w := indexOf(t, []*entry{named("1.000001", "Thuê nhà"), named("1.000002", "Thuế nhà"), named("1.000003", "Thuê xe"), named("1.000004", "Thuế xe")})
	for q, want := range map[string]Code{"thuê nhà": "1.000001", "thuế nhà": "1.000002", "thuê xe": "1.000003", "thuế xe": "1.000004"} {
		hits := x.search(q, w, everything)
		if len(hits) < 2 || x.docs[hits[0].doc].Code != want {
			t.Errorf("%q: %v, want %s first and the other after it", q, hits, want)
		}
	}
	if hits := x.search("thue nha", w, everything); len(hits) < 2 || hits[0].score > 1.3*hits[1].score {
		t.Errorf("without marks both mean the same: %v", hits)
	}
}
