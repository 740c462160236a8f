package i18n

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// NFC puts text into the one form in which the house stores it.
func NFC(s string) string {
	if norm.NFC.IsNormalString(s) {
		return s
	}
	return norm.NFC.String(s)
}

// Fold reduces text to what a person types without marks: lower case, tone and
// vowel marks dropped, đ as d, runs of white space as one space. "Đăng ký khai
// sinh", "dang ky  khai sinh" and text in decomposed form fold to the same. Old
// and new tone placement (hòa, hoà) fold to the same too.
func Fold(s string) string {
	if isFolded(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	space := true // drops leading space
	var it norm.Iter
	it.InitString(norm.NFD, s)
	for !it.Done() {
		seg := it.Next()
		for len(seg) > 0 {
			r, n := utf8.DecodeRune(seg)
			seg = seg[n:]
			switch {
			case r >= 0x0300 && r <= 0x036F:
				continue
			case r == 'đ' || r == 'Đ':
				r = 'd'
			case unicode.IsSpace(r):
				if space {
					continue
				}
				space = true
				b.WriteByte(' ')
				continue
			default:
				r = unicode.ToLower(r)
			}
			space = false
			b.WriteRune(r)
		}
	}
	return strings.TrimSuffix(b.String(), " ")
}

func isFolded(s string) bool {
	space := true
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf || (c >= 'A' && c <= 'Z') || (c < ' ') || (c == ' ' && space) {
			return false
		}
		space = c == ' '
	}
	return s == "" || !space
}

// Collator orders text as the language's dictionaries do. It is not safe for
// concurrent use: take one per sort.
func Collator(l Lang) *collate.Collator {
	if l == EN {
		return collate.New(language.English)
	}
	return collate.New(language.Vietnamese)
}
