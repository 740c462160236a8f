package catalog

import (
	"strconv"
	"strings"
)

// Unit is what a deadline is counted in.
type Unit string

// The units. Printed means that the record names no unit: only its words count.
const (
	WorkingDays  Unit = "workingDays"
	CalendarDays Unit = "calendarDays"
	Hours        Unit = "hours"
	Months       Unit = "months"
	Years        Unit = "years"
	Printed      Unit = "printed"
)

// Deadline is a term as the record states it: N units, or with Unit Printed the
// words of the record in Text ("1", "Theo mô tả"). Nothing is computed from a printed one.
type Deadline struct {
	Unit Unit    `json:"unit"`
	N    float64 `json:"n,omitempty"` // 0.5 occurs
	Text string  `json:"text,omitempty"`
}

// IsZero reports a deadline that was never stated.
func (d Deadline) IsZero() bool { return d == Deadline{} }

// String is the compact form of the embedded records: "3 workingDays", "printed 1".
func (d Deadline) String() string {
	if d.Unit == Printed {
		return "printed " + d.Text
	}
	return strconv.FormatFloat(d.N, 'f', -1, 64) + " " + string(d.Unit)
}

// ParseDeadline reads the compact form.
func ParseDeadline(s string) (Deadline, bool) {
	if text, ok := strings.CutPrefix(s, "printed "); ok {
		return Deadline{Unit: Printed, Text: text}, true
	}
	q, u, _ := strings.Cut(s, " ")
	n, err := strconv.ParseFloat(q, 64)
	switch Unit(u) {
	case WorkingDays, CalendarDays, Hours, Months, Years:
		return Deadline{Unit: Unit(u), N: n}, err == nil
	case Printed:
	}
	return Deadline{}, false
}

// recordedDeadline maps a term of the national record. Its unit OTHER says nothing,
// even where the number looks like one, so it stays as printed.
func recordedDeadline(qty, unit string) (Deadline, bool) {
	qty = clean(qty)
	var u Unit
	switch unit {
	case "WORKING_DAY":
		u = WorkingDays
	case "DAY":
		u = CalendarDays
	case "HOUR":
		u = Hours
	case "MONTH":
		u = Months
	case "YEAR":
		u = Years
	case "OTHER", "":
		return Deadline{Unit: Printed, Text: qty}, qty != ""
	default:
		return Deadline{}, false
	}
	n, err := strconv.ParseFloat(strings.Replace(qty, ",", ".", 1), 64)
	if err != nil || n < 0 || n > 100000 {
		return Deadline{Unit: Printed, Text: strings.TrimSpace(qty + " " + unit)}, qty != ""
	}
	return Deadline{Unit: u, N: n}, true
}
