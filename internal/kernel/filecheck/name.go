package filecheck

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	maxName  = 120 // runes
	maxMarks = 3   // combining marks on one letter; Vietnamese in NFD has two
)

// CleanName makes a name that is safe to show, store and send: composed (NFC), no
// folders, no control, direction or invisible characters, no name that a system reserves
// for a device, no leading dot, at most 120 characters with its ending kept. An empty
// rest becomes "file".
func CleanName(name string) string {
	name = strings.ToValidUTF8(name, "_")
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	marks := 0
	name = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			if marks++; marks > maxMarks {
				return -1
			}
			return r
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == 0x2028 || r == 0x2029 || unicode.Is(unicode.Co, r) {
			return -1 // what is taken away divides no marks
		}
		marks = 0
		switch {
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, norm.NFC.String(name))
	name = strings.TrimRight(strings.TrimLeft(norm.NFC.String(name), ". "), ". ")
	if name == "" {
		return "file"
	}
	if reserved(name) {
		name = "_" + name
	}
	if n := utf8.RuneCountInString(name); n > maxName {
		ext := path.Ext(name)
		if utf8.RuneCountInString(ext) > 10 {
			ext = ""
		}
		stem := []rune(strings.TrimSuffix(name, ext))
		name = strings.TrimRight(string(stem[:maxName-utf8.RuneCountInString(ext)]), ". ") + ext
	}
	return name
}

// reserved reports whether Windows would take the name for a device: CON, nul.pdf, COM1.txt.
func reserved(name string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	switch stem = strings.TrimSpace(stem); stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	if rest, ok := strings.CutPrefix(stem, "COM"); ok {
		return oneDigit(rest)
	}
	rest, ok := strings.CutPrefix(stem, "LPT")
	return ok && oneDigit(rest)
}

func oneDigit(s string) bool {
	return utf8.RuneCountInString(s) == 1 && strings.ContainsAny(s, "0123456789¹²³")
}
