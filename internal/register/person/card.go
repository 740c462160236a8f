package person

import (
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/clock"
)

// Card is what the QR code of a citizen card says.
type Card struct {
	Number  Number
	Old     string // nine digits; empty where there was none
	Name    string
	Born    clock.Date
	Female  bool
	Address string
	Issued  clock.Date
}

// Columns of the code: number|old number|name|ddMMyyyy|Nam or Nữ|address|ddMMyyyy of issue.
// Cards since July 2024 add more after the seventh.
const cardFields = 7

// IsCard reports whether a text looks as if it came from a card, so that whoever typed a
// number by hand is not told about a broken card.
func IsCard(s string) bool { return strings.Count(s, "|") >= 2 }

// ParseCard reads the QR code of a citizen card. False where it is none, or where number,
// birth and sex do not agree: then the card was misread or is not what it says.
func ParseCard(s string, today clock.Date) (c Card, ok bool) {
	f := strings.Split(strings.TrimSpace(s), "|")
	if len(f) < cardFields {
		return c, false
	}
	for i := range f {
		f[i] = strings.TrimSpace(f[i])
	}
	if c.Number, ok = ParseNumber(f[0], today); !ok {
		return c, false
	}
	if f[1] != "" {
		if c.Old, ok = ParseOld(f[1]); !ok {
			return c, false
		}
	}
	c.Name, c.Address = f[2], f[5]
	if n := utf8.RuneCountInString(c.Name); n < 2 || n > 120 || len(c.Address) > 400 {
		return c, false
	}
	if c.Born, ok = cardDate(f[3]); !ok || c.Born.Year != c.Number.BirthYear() {
		return c, false
	}
	switch f[4] {
	case "Nam":
	case "Nữ":
		c.Female = true
	default:
		return c, false
	}
	if c.Female != c.Number.Female() {
		return c, false
	}
	c.Issued, ok = cardDate(f[6])
	return c, ok && !today.Before(c.Issued)
}

func cardDate(s string) (clock.Date, bool) {
	if len(s) != 8 || digits(s) != s {
		return clock.Date{}, false
	}
	d, err := clock.ParseDate(s[4:] + "-" + s[2:4] + "-" + s[:2])
	return d, err == nil
}
