package i18n

import (
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/clock"
)

// Date writes a day: "23/06/2025" in Vietnamese, "23 June 2025" in English.
func Date(l Lang, d clock.Date) string {
	if d.IsZero() {
		return ""
	}
	if l == EN {
		return d.Time().Format("2 January 2006")
	}
	return d.Time().Format("02/01/2006")
}

// Time writes a time of day: "08:10".
func Time(t time.Time) string { return t.In(clock.Zone).Format("15:04") }

// DateTime writes an instant as the reader's clock shows it: "08:10 ngày
// 23/06/2025", "08:10 on 23 June 2025".
func DateTime(l Lang, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if l == EN {
		return t.In(clock.Zone).Format("15:04 on 2 January 2006")
	}
	return t.In(clock.Zone).Format("15:04 ngày 02/01/2006")
}

// Number writes digits in groups of three: dots in Vietnamese, commas in
// English. Years and codes are texts, not numbers.
func Number(l Lang, n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	if len(s) <= 3 {
		return sign + s
	}
	sep := byte('.')
	if l == EN {
		sep = ','
	}
	var b strings.Builder
	b.WriteString(sign)
	for i := range len(s) {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(sep)
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Money writes whole đồng: "1.000.000 đồng", "VND 1,000,000".
func Money(l Lang, dong int64) string {
	if l == EN {
		return "VND " + Number(l, dong)
	}
	return Number(l, dong) + " đồng"
}
