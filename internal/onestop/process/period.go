package process

import (
	"fmt"
	"strconv"
	"time"

	"khue/internal/kernel/calendar"
)

// Period is an ISO 8601 period of one unit: P30D, P2M, PT8H. Days and months are
// calendar ones and end with the office hours of their last day; hours run on.
type Period struct {
	N    int
	Unit byte // 'D', 'M', 'H'; 0 is none
}

// ParsePeriod reads P30D, P2M or PT8H.
func ParsePeriod(s string) (Period, error) {
	body, unit := "", byte(0)
	switch {
	case len(s) > 3 && s[:2] == "PT" && s[len(s)-1] == 'H':
		body, unit = s[2:len(s)-1], 'H'
	case len(s) > 2 && s[0] == 'P' && (s[len(s)-1] == 'D' || s[len(s)-1] == 'M'):
		body, unit = s[1:len(s)-1], s[len(s)-1]
	}
	n, err := strconv.Atoi(body)
	if err != nil || n < 1 || n > calendar.MaxN {
		return Period{}, fmt.Errorf("process: %q is not a period such as P30D or PT8H", s)
	}
	return Period{N: n, Unit: unit}, nil
}

// IsZero reports whether there is no period.
func (p Period) IsZero() bool { return p.Unit == 0 }

// String is the ISO form.
func (p Period) String() string {
	switch p.Unit {
	case 0:
		return ""
	case 'H':
		return "PT" + strconv.Itoa(p.N) + "H"
	default:
		return "P" + strconv.Itoa(p.N) + string(p.Unit)
	}
}

// End is when a period that begins at start ends.
func (p Period) End(start time.Time, cal *calendar.Calendar) (time.Time, error) {
	if p.Unit == 'H' {
		return start.Add(time.Duration(p.N) * time.Hour), nil
	}
	dl := calendar.Deadline{Kind: calendar.CalendarDays, N: p.N, CutoffMoves: calendar.MovesForwarding}
	if p.Unit == 'M' {
		dl.Kind = calendar.Months
	}
	due, err := cal.Due(start, dl)
	return due.At, err
}
