package holiday_test

import (
	"encoding/csv"
	"os"
	"strings"
	"testing"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/register/holiday"
)

func load(t *testing.T) *calendar.Calendar {
	t.Helper()
	c, err := holiday.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The law fixes how many days a year are holidays, and that one on a weekend is given back.
func TestSumsOfEachYear(t *testing.T) {
	t.Parallel()
	c := load(t)
	for year := 2016; year <= 2026; year++ {
		holidays, weekend, lieu, swapOff, swapWork := 0, 0, 0, 0, 0
		for d := (clock.Date{Year: year, Month: 1, Day: 1}); d.Year == year; d = d.AddDays(1) {
			switch k := c.Day(d).Kind; k {
			case calendar.Holiday:
				holidays++
				if w := d.Weekday(); w == 0 || w == 6 {
					weekend++
				}
			case calendar.Compensatory:
				lieu++
			case calendar.SwappedOff:
				swapOff++
			case calendar.SwappedWork:
				swapWork++
			}
		}
		want := 10
		if year >= 2021 {
			want = 11
		}
		if year >= 2026 {
			want = 12
		}
		if holidays != want || weekend != lieu {
			t.Errorf("%d: %d holidays (want %d), %d on weekends, %d in lieu", year, holidays, want, weekend, lieu)
		}
		// The day off of 31 December 2018 was worked on 5 January 2019.
		if year != 2018 && year != 2019 && swapOff != swapWork {
			t.Errorf("%d: %d days swapped off, %d worked", year, swapOff, swapWork)
		}
	}
}

func TestFactsAgreeWithTheTable(t *testing.T) {
	t.Parallel()
	f, err := os.Open("../../../../shared/data/calendar/vn_public_sector_off_days_2016_2026.csv")
	if err != nil {
		t.Skip("the table of days off is not on this machine; nothing to compare with")
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]calendar.DayKind{
		"holiday": calendar.Holiday, "compensatory": calendar.Compensatory,
		"swap_off": calendar.SwappedOff, "swap_work": calendar.SwappedWork,
	}
	c := load(t)
	for _, r := range rows[1:] {
		if got := c.Day(clock.MustDate(r[0])).Kind; got != kinds[r[2]] {
			t.Errorf("%s is %s, the table says %s", r[0], got, r[2])
		}
	}
}

func TestParseNamesTheLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026\n02-30 holiday tet":        "line 2",
		"2026\n01-01 holyday newYear":    "holyday",
		"2026\n01-01 holiday easter":     "easter",
		"2026\n01-05..01-01 holiday tet": "before it begins",
		"2026\n01-01 holiday":            "line 2",
	} {
		if _, err := holiday.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
