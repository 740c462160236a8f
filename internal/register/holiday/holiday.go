package holiday

import (
	"bufio"
	"embed"
	"fmt"
	"strings"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
)

// Messages are the names of the occasions (keys under "holiday").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed days.txt
var facts string

// Version names the facts in days.txt; it changes with them.
const Version = "vn-public-2026.1"

// Load returns the working calendar of the public sector, 2016 to 2026.
func Load() (*calendar.Calendar, error) {
	days, err := Parse(facts)
	if err != nil {
		return nil, err
	}
	return calendar.New(days, Version)
}

//nolint:gochecknoglobals // immutable tables
var (
	kinds = map[string]calendar.DayKind{
		"holiday": calendar.Holiday, "in-lieu": calendar.Compensatory,
		"swap-off": calendar.SwappedOff, "swap-work": calendar.SwappedWork,
	}
	occasions = map[string]bool{
		"newYear": true, "tet": true, "hungKings": true, "reunification": true,
		"labour": true, "national": true, "culture": true,
	}
)

// Parse reads facts in the format of days.txt. An error names the line.
func Parse(text string) ([]calendar.Day, error) {
	var out []calendar.Day
	year := ""
	sc := bufio.NewScanner(strings.NewReader(text))
	for n := 1; sc.Scan(); n++ {
		line, _, _ := strings.Cut(sc.Text(), "#")
		f := strings.Fields(line)
		switch {
		case len(f) == 0:
		case len(f) == 1:
			year = f[0]
		case len(f) == 3:
			days, err := parseLine(year, f)
			if err != nil {
				return nil, fmt.Errorf("holiday: line %d: %w", n, err)
			}
			out = append(out, days...)
		default:
			return nil, fmt.Errorf("holiday: line %d: want a year, or DAY KIND OCCASION", n)
		}
	}
	return out, sc.Err()
}

func parseLine(year string, f []string) ([]calendar.Day, error) {
	kind, ok := kinds[f[1]]
	if !ok {
		return nil, fmt.Errorf("%q is not holiday, in-lieu, swap-off or swap-work", f[1])
	}
	if !occasions[f[2]] {
		return nil, fmt.Errorf("no occasion is called %q", f[2])
	}
	a, b, span := strings.Cut(f[0], "..")
	if !span {
		b = a
	}
	from, err := clock.ParseDate(year + "-" + a)
	if err != nil {
		return nil, err
	}
	to, err := clock.ParseDate(year + "-" + b)
	if err != nil {
		return nil, err
	}
	if to.Before(from) {
		return nil, fmt.Errorf("%s ends before it begins", f[0])
	}
	var out []calendar.Day
	for d := from; !d.After(to); d = d.AddDays(1) {
		out = append(out, calendar.Day{Date: d, Kind: kind, Name: "holiday." + f[2]})
	}
	return out, nil
}
