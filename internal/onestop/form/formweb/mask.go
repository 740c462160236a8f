package formweb

import (
	"regexp"

	"khue/internal/onestop/form"
)

var (
	number    = regexp.MustCompile(`\b(\d{3})\d{6}(\d{3})\b`)
	oldNumber = regexp.MustCompile(`\b(\d{2})\d{4}(\d{3})\b`) // of the old card of nine digits
)

// Masked hides the middle of the personal numbers in an answer, 001xxxxxx123, and reports whether
// there was any.
func Masked(f *form.Form, l form.Line, text string) (string, bool) {
	switch typ, _ := f.Leaf(l.Path); typ {
	case "person-id", "list":
		out := oldNumber.ReplaceAllString(number.ReplaceAllString(text, "${1}xxxxxx${2}"), "${1}xxxx${2}")
		return out, out != text
	}
	return text, false
}
