package person

import (
	"strconv"
	"strings"

	"khue/internal/kernel/clock"
)

// Number is a personal number of 12 digits (Circular 07/2016): three of the place where the
// birth was registered, one of century and sex, two of the year, six at random. It has no
// check digit.
type Number string

// ParseNumber reads a personal number with or without spaces. False where it is not 12
// digits of a possible structure on a day: place 000, or a birth after the day.
func ParseNumber(s string, today clock.Date) (Number, bool) {
	d := digits(s)
	if len(d) != 12 || d[:3] == "000" {
		return "", false
	}
	n := Number(d)
	if n.BirthYear() > today.Year {
		return "", false
	}
	return n, true
}

// BirthYear is the year that is written in the number.
func (n Number) BirthYear() int {
	year, _ := strconv.Atoi(string(n[4:6]))
	return 1900 + int(n[3]-'0')/2*100 + year
}

// Female reports the sex that is written in the number.
func (n Number) Female() bool { return (n[3]-'0')%2 == 1 }

// Place is the code of the province or country where the birth was registered.
func (n Number) Place() string { return string(n[:3]) }

// Masked is the number as it may stand on a screen: 001xxxxxx123.
func (n Number) Masked() string {
	if len(n) != 12 {
		return ""
	}
	return string(n[:3]) + "xxxxxx" + string(n[9:])
}

// ParseOld reads a number of the old identity card, nine digits.
func ParseOld(s string) (string, bool) {
	d := digits(s)
	return d, len(d) == 9
}

// digits are the digits of s; "" where anything but digits and separators stands in it.
func digits(s string) string {
	var b strings.Builder
	for _, r := range strings.TrimSpace(s) {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == ' ' || r == '.' || r == '-' || r == '\u00a0':
		default:
			return ""
		}
	}
	return b.String()
}
