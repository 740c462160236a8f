package i18n_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
)

func files(vi, en string) fstest.MapFS {
	return fstest.MapFS{"i18n/vi.yaml": {Data: []byte(vi)}, "i18n/en.yaml": {Data: []byte(en)}}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	b, err := i18n.NewBundle(files(
		"a:\n  days: \"trong {n} ngày\"\n  due: \"Hẹn trả {at}\"\n  brace: \"{{x}\"\n",
		"a:\n  days: {one: \"within {n} day\", other: \"within {n} days\"}\n  due: \"Due {at}\"\n  brace: \"{{x}\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	due := clock.MustDate("2025-06-23")
	for _, c := range []struct{ got, want string }{
		{b.T(i18n.VI, "a.days", "n", 1), "trong 1 ngày"},
		{b.T(i18n.EN, "a.days", "n", 1), "within 1 day"},
		{b.T(i18n.EN, "a.days", "n", "1"), "within 1 day"},
		{b.T(i18n.EN, "a.days", "n", 1200), "within 1,200 days"},
		{b.T(i18n.VI, "a.due", "at", due), "Hẹn trả 23/06/2025"},
		{b.T(i18n.EN, "a.due", "at", due.At(8, 10)), "Due 08:10 on 23 June 2025"},
		{b.T(i18n.EN, "a.brace"), "{x}"},
		{b.T(i18n.EN, "a.none"), "⟨a.none⟩"},
		{i18n.T(i18n.WithLang(context.Background(), b, i18n.EN), "a.days", "n", 2), "within 2 days"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestBundleRefusesWhatOneLanguageLacks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ vi, en, want string }{
		"no English":        {"a: {x: \"một\"}\n", "a: {}\n", "a.x has no English"},
		"no Vietnamese":     {"a: {}\n", "a: {x: \"one\"}\n", "a.x has no Vietnamese"},
		"other placeholder": {"a: {x: \"{ten}\"}\n", "a: {x: \"{name}\"}\n", "a.x takes"},
		"not a text":        {"a: {x: 3}\n", "a: {x: \"3\"}\n", "a message is a text"},
	} {
		_, err := i18n.NewBundle(files(c.vi, c.en))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	same := files("a: {x: \"một\"}\n", "a: {x: \"one\"}\n")
	if _, err := i18n.NewBundle(same, same); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("a key defined twice passed: %v", err)
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]i18n.Lang{
		"": i18n.VI, "en-GB,en;q=0.9": i18n.EN, "vi-VN,vi;q=0.9,en;q=0.8": i18n.VI, "fr,en;q=0.5": i18n.EN, "de": i18n.VI, ";;;,,": i18n.VI,
	} {
		if got := i18n.Match(header); got != want {
			t.Errorf("Match(%q) = %s", header, got)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Đăng ký khai sinh":     "dang ky khai sinh",
		"dang ky khai sinh":     "dang ky khai sinh",
		"  ĐĂNG\tKÝ  khai sinh": "dang ky khai sinh",
		"hòa":                   "hoa",
		"hoà":                   "hoa",
		"Ơn Ước":                "on uoc",
		"ho\u0300a":             "hoa",
		"":                      "",
		"a ":                    "a",
		"H26.16":                "h26.16",
	} {
		if got := i18n.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzFoldIsStable(f *testing.F) {
	f.Add("Đường Phan Bội Châu")
	f.Fuzz(func(t *testing.T, s string) {
		once := i18n.Fold(s)
		if len(once) > 4*len(s)+4 {
			t.Errorf("grew from %d to %d bytes", len(s), len(once))
		}
		if strings.HasPrefix(once, " ") || strings.HasSuffix(once, " ") {
			t.Errorf("%q keeps outer space", once)
		}
	})
}

func TestCollatorOrdersAsDictionariesDo(t *testing.T) {
	t.Parallel()
	got := []string{"Đống Đa", "Ba Đình", "Đan Phượng", "Ứng Hòa", "Dương Xá", "Ất", "Ân"}
	c := i18n.Collator(i18n.VI)
	slices.SortFunc(got, c.CompareString)
	want := []string{"Ân", "Ất", "Ba Đình", "Dương Xá", "Đan Phượng", "Đống Đa", "Ứng Hòa"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestNumbersAndMoney(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want string }{
		{i18n.Money(i18n.VI, 1_000_000), "1.000.000 đồng"},
		{i18n.Money(i18n.EN, 27000), "VND 27,000"},
		{i18n.Number(i18n.VI, -1234), "-1.234"},
		{i18n.Number(i18n.VI, 999), "999"},
		{i18n.DateTime(i18n.VI, time.Date(2025, 6, 23, 1, 10, 0, 0, time.UTC)), "08:10 ngày 23/06/2025"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func BenchmarkFold(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		i18n.Fold("Đăng ký khai sinh có yếu tố nước ngoài")
	}
}
