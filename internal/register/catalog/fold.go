package catalog

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"khue/internal/kernel/i18n"
)

// tokens splits text into folded words: no marks, đ as d, and one spelling for the
// pairs that people mix (ký, kí; quy, qui).
func tokens(s string) []string {
	ws := strings.FieldsFunc(i18n.Fold(s), notWord)
	for i, w := range ws {
		ws[i] = respell(w)
	}
	return ws
}

func notWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// respell writes a lone final y after one consonant as i, and quy as qui.
func respell(w string) string {
	n := len(w)
	if n < 2 || w[n-1] != 'y' {
		return w
	}
	if n == 2 && strings.IndexByte("hklmst", w[0]) >= 0 || w == "quy" {
		return w[:n-1] + "i"
	}
	return w
}

// marked splits text into words that keep their marks, as "=" and a form in which
// the place of the tone mark does not matter: hòa and hoà are both "=hoa2". It gives
// one entry for each word of tokens, empty where the word has no mark.
func marked(s string) []string {
	fields := strings.FieldsFunc(norm.NFC.String(s), notWord)
	out := make([]string, len(fields))
	for i, w := range fields {
		out[i] = markedWord(w)
	}
	return out
}

func markedWord(w string) string {
	var b strings.Builder
	tone, any := byte(0), false
	b.WriteByte('=')
	for _, r := range norm.NFD.String(strings.ToLower(w)) {
		switch r {
		case '\u0301':
			tone = '1'
		case '\u0300':
			tone = '2'
		case '\u0309':
			tone = '3'
		case '\u0303':
			tone = '4'
		case '\u0323':
			tone = '5'
		default:
			any = any || r > unicode.MaxASCII
			b.WriteRune(r)
		}
	}
	if tone != 0 {
		any = true
	}
	if !any {
		return ""
	}
	base := b.String()
	if base[1:] != "" {
		base = "=" + respell(base[1:])
	}
	if tone != 0 {
		base += string(tone)
	}
	return base
}

// near reports whether two words are one slip apart: a letter missing, added,
// changed, or two neighbours swapped.
func near(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if i == len(a) {
		return true
	}
	return a[i+1:] == b[i+1:] || i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
