package web

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"khue/internal/kernel/filecheck"
)

// Keys of the sentences for text that is refused.
const (
	keyNotUnicode = "web.error.text.not_unicode"
	keyControl    = "web.error.text.control"
	keyLegacy     = "web.error.text.legacy"
)

// cleanText normalises a text to NFC with \n as the end of a line. It returns the key of
// the reason where the text is refused: bytes that are no UTF-8, control characters
// (tab and line ends excepted), marks that turn the direction of writing, and text typed
// with a font of the time before Unicode.
func cleanText(s string) (text, refused string) {
	ascii := true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			ascii = false
		} else if c < ' ' && c != '\n' && c != '\t' && c != '\r' || c == 0x7f {
			return "", keyControl
		}
	}
	if strings.IndexByte(s, '\r') >= 0 {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	if ascii {
		return s, ""
	}
	if !utf8.ValidString(s) {
		return "", keyNotUnicode
	}
	s = norm.NFC.String(s)
	if refused = suspect(s); refused != "" {
		return "", refused
	}
	return s, ""
}

// suspect looks for characters that have no place in a form: C1 controls, directional
// marks, U+FFFD (something was already lost), and the traces of TCVN3 and VNI.
func suspect(s string) string {
	var prev, cur rune
	var tcvn, vni int
	for _, next := range s + " " {
		switch {
		case cur >= 0x80 && cur < 0xa0, cur >= 0x202a && cur <= 0x202e, cur >= 0x2066 && cur <= 0x2069:
			return keyControl
		case cur == utf8.RuneError:
			return keyNotUnicode
		case cur >= 0xa0 && cur <= 0xff:
			tcvn += tcvn3(prev, cur, next)
			vni += vniPair(prev, cur)
		}
		if tcvn >= proof || vni >= proof {
			return keyLegacy
		}
		prev, cur = cur, next
	}
	return ""
}

// Traces of a legacy encoding in one text add up to proof.
const (
	proof = 4
	some  = 2
	hint  = 1 // also in French and Dutch names: Noël, Zaïre
)

// tcvn3 weighs one character. In TCVN3 the letters ă â ê ô ơ đ
// stand where Latin-1 has signs, so signs turn up inside words: "V¨n", "c«ng", "®¬n".
func tcvn3(prev, cur, next rune) int {
	if !strings.ContainsRune("¨©ª«¬®µ¶¸¹§¦", cur) {
		return 0
	}
	before, after := unicode.IsLetter(prev), unicode.IsLetter(next)
	switch {
	case before && after, cur == '®' && (after || next == '¬'):
		return proof
	case cur == '«' || cur == '®' || cur == '§' || cur == '©': // quotation, brand, section, copyright
		return 0
	case before || after:
		return some
	}
	return 0
}

// vniPair weighs two characters: VNI writes the mark as a letter of its own after the
// vowel ("Nguyeãn", "caáp"). No language known here has a plain a or e before à á ã â.
func vniPair(prev, cur rune) int {
	afterAE := strings.ContainsRune("aAeE", prev)
	switch {
	case afterAE && strings.ContainsRune("àáãâÀÁÃÂ", cur):
		return proof
	case !afterAE && !strings.ContainsRune("oOuUöÖôÔ", prev):
		return 0
	case strings.ContainsRune("ëïüËÏÜ", cur):
		return hint
	case strings.ContainsRune("øåäûØÅÄÛ", cur), afterAE && strings.ContainsRune("èéêùõÈÉÊÙÕ", cur):
		return some
	}
	return 0
}

// CleanFileName makes a name that is safe to show, store and send.
func CleanFileName(name string) string { return filecheck.CleanName(name) }

// LocalPath returns p when it is a path on this site, with its query, and "/" otherwise.
// It guards every redirect that a reader's input names.
func LocalPath(p string) string {
	if len(p) == 0 || len(p) > 2000 || p[0] != '/' || strings.HasPrefix(p, "//") || strings.ContainsAny(p, "\\") {
		return "/"
	}
	for i := 0; i < len(p); i++ {
		if p[i] <= ' ' || p[i] == 0x7f {
			return "/"
		}
	}
	return p
}
