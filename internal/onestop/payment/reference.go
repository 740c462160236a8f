package payment

import "strings"

// A reference is KHP, thirteen letters and digits of the order's id and two of a check: what
// a person mistypes names no other order. No I, L, O or U (Crockford's alphabet).
const (
	refPrefix   = "KHP"
	refAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	refLen      = len(refPrefix) + 13 + 2
)

func referenceOf(v OrderID) string {
	var b [13]byte
	n := uint64(v) //nolint:gosec // ids are positive
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = refAlphabet[n&31]
		n >>= 5
	}
	return refPrefix + string(b[:]) + check(string(b[:]))
}

// check is the number that the letters write, modulo 97 shifted by two places as in ISO 7064,
// in two letters.
func check(s string) string {
	m := uint64(0) // of the number so far, since it has sixty digits
	for i := range len(s) {
		m = (m*100 + uint64(s[i])) % 997
	}
	m = m * 100 % 997
	return string([]byte{refAlphabet[m>>5&31], refAlphabet[m&31]})
}

// FindReference finds the reference in what a bank passes on of a purpose: any case, with
// spaces and signs that banks put in. "" where there is none, or none that is whole.
func FindReference(text string) string {
	var b strings.Builder
	for _, r := range strings.ToUpper(text) {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' {
			b.WriteRune(r)
		}
	}
	s := b.String()
	for at := 0; ; {
		i := strings.Index(s[at:], refPrefix)
		if i < 0 || len(s)-at-i < refLen {
			return ""
		}
		at += i
		if body := s[at+len(refPrefix) : at+refLen-2]; check(body) == s[at+refLen-2:at+refLen] {
			return s[at : at+refLen]
		}
		at++
	}
}
